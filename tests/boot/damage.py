#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slots as they should not be, made from good ones (flash-images/FORMAT.md).

use:  damage.py IN OUT WHAT [SLOT_OFFSET]
"""
import struct
import sys
import zlib


def payload_length(b, at):
    return struct.unpack_from("<I", b, at + 12)[0]


def sum_again(b, at):
    n = payload_length(b, at)
    crc = zlib.crc32(bytes(b[at:at + 28] + b[at + 64:at + 64 + n]))
    struct.pack_into("<I", b, at + 28, crc)


def payload_bit(b, at):
    b[at + 64 + payload_length(b, at) // 2] ^= 0x10


def newer(b, at):
    b[at + 4] = 2
    sum_again(b, at)


def length_zero(b, at):
    struct.pack_into("<I", b, at + 12, 0)
    crc = zlib.crc32(bytes(b[at:at + 28]))
    struct.pack_into("<I", b, at + 28, crc)


def length_beyond(b, at):
    """One octet more than a slot may hold; what lies behind is not to be read."""
    struct.pack_into("<I", b, at + 12, 32769)


def reserved(b, at):
    """A field that this version says is zero."""
    b[at + 20] = 1
    sum_again(b, at)


def wrong_payload(b, at):
    """An object more than there is; the CRC is right."""
    b[at + 65] += 1
    sum_again(b, at)


def uncommitted(b, at):
    b[at + 32:at + 40] = b"\xff" * 8


def erased(b, at):
    n = payload_length(b, at)
    b[at:at + 64 + n] = b"\xff" * (64 + n)


def truncated(b, at):
    del b[at + 64 + payload_length(b, at) // 2:]


def wrapped(b, at):
    """The newest generation there is: one more is 0."""
    struct.pack_into("<I", b, at + 8, 0xFFFFFFFF)
    sum_again(b, at)


def generation_0(b, at):
    struct.pack_into("<I", b, at + 8, 0)
    sum_again(b, at)


def main():
    b = bytearray(open(sys.argv[1], "rb").read())
    at = int(sys.argv[4], 0) if len(sys.argv) > 4 else 0
    what = sys.argv[3]
    if what.startswith("payload-octet-"):
        b[at + 64 + int(what[14:])] ^= 0xFF
    elif what.startswith("bit-"):
        b[at + int(what[4:]) // 8] ^= 1 << int(what[4:]) % 8
    elif what in ("blank-00", "blank-ff"):
        b[:] = bytes.fromhex(what[6:]) * len(b)
    else:
        globals()[what.replace("-", "_")](b, at)
    open(sys.argv[2], "wb").write(b)


main()
