#!/usr/bin/env python3
"""Slots for the golden tests and for flash-images/FORMAT.md, made from the text of FORMAT.md alone.

Shares no code with the product; tags are made by `openssl mac`.  Writes tests/golden/slot/*.hex;
prints the dump of each.
"""
import os
import struct
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = bytes.fromhex("c35a96e13ca5691e")


# The key of the examples in RFC 4493: known to everybody.
KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")


def cmac(key, data):
    cipher = "AES-%d-CBC" % (8 * len(key))
    out = subprocess.run(["openssl", "mac", "-cipher", cipher, "-macopt", "hexkey:" + key.hex(), "-binary", "CMAC"],
                         input=data, stdout=subprocess.PIPE, check=True).stdout
    return out[:16]


def slot(payload, size, keys=0x5A, generation=1, version=1, form=1, key=None):
    head = b"IMPS" + bytes([version, keys, form, 1 if key else 0])
    head += struct.pack("<II", generation, len(payload)) + bytes(12)
    head += struct.pack("<I", zlib.crc32(payload, zlib.crc32(head)))
    body = head + MARK + b"\xff" * 24 + payload
    if key:
        body += b"\xff" * (-len(body) % 32) + cmac(key, head + payload)
    return body + b"\xff" * (size - len(body))


def tlv(ident, value):
    kind = 0xC0 if isinstance(value, bytes) else 0
    n = len(value)
    return bytes([kind | (n if n < 8 else 0x08), ident]) + (b"" if n < 8 else bytes([n])) + value


def ef_nosec():
    res = tlv(0, b"coap://bs.example.com:5683") + tlv(1, b"\1") + tlv(2, b"\3") + tlv(11, b"\5")
    inst = bytes([0x08, 0, len(res)]) + res
    obj = struct.pack(">HBH", 0, 0, len(inst)) + inst
    return struct.pack(">HH", 1, len(obj)) + obj


def ef_psk(timeout=None):
    res = tlv(0, b"coaps://bs.example.com:5684") + tlv(1, b"\1") + tlv(2, b"\0") + tlv(3, b"urn:dev:ops:0001B2-METER-7")
    res += tlv(4, b"") + tlv(5, bytes(range(16)))
    if timeout is not None:
        res += tlv(12, bytes([timeout]))
    inst = bytes([0x08, 0, len(res)]) + res
    obj = struct.pack(">HBH", 0, 0, len(inst)) + inst
    return struct.pack(">HH", 1, len(obj)) + obj


def dump(data):
    out, last, skipping = [], None, False
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        if row == last:
            if not skipping:
                out.append("*")
            skipping = True
            continue
        skipping, last = False, row
        out.append("%04x  %s" % (at, row.hex(" ")))
    out.append("%04x" % len(data))
    return "\n".join(out)


SLOTS = {
    "nosec": slot(ef_nosec(), 2048),
    "psk_non_persistent": slot(ef_psk(1), 2048, keys=0xA5, generation=2),
    "psk_tagged": slot(ef_psk(), 2048, generation=3, key=KEY),
}

if __name__ == "__main__":
    os.makedirs(os.path.join(HERE, "slot"), exist_ok=True)
    for name, data in SLOTS.items():
        with open(os.path.join(HERE, "slot", name + ".hex"), "w", encoding="ascii") as f:
            for at in range(0, len(data), 32):
                f.write(data[at:at + 32].hex() + "\n")
        print("## %s\n%s\n" % (name, dump(data)))
