#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernel itself out of a compressed x86 image: an emulator need not unpack it at every boot.

use:  vmlinux.py BZIMAGE OUT
Fields of the boot header (Documentation/x86/boot): setup_sects at 1F1, payload_offset and
payload_length at 248, counted from the end of the setup sectors.
"""
import lzma
import struct
import sys

SECTOR = 512


def main():
    source, out = sys.argv[1:]
    with open(source, "rb") as f:
        image = f.read()
    if image[0x202:0x206] != b"HdrS":
        sys.exit(source + ": no boot header")
    at, length = struct.unpack_from("<II", image, 0x248)
    at += SECTOR * (1 + image[0x1F1])
    try:
        # The unpacked size follows the stream: decompress() alone would take it for another one.
        kernel = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(image[at:at + length])
    except lzma.LZMAError as error:
        sys.exit("%s: not compressed with XZ (%s)" % (source, error))
    with open(out, "wb") as f:
        f.write(kernel)


main()
