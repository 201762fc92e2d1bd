#!/usr/bin/env python3
"""Records of the account store, made from the text of flash-images/STORE.md alone.

Shares no code with the product.  Writes tests/golden/store/*.hex; prints the dump of each.  With a
folder as argument it writes seeds for the fuzz target there instead.
"""
import os
import struct
import sys
import zlib

from make_slot import HERE, MARK, dump, ef_nosec, ef_psk

SECOND = bytes.fromhex("3ca5691ec35a96e1")
FACTORY, CARD, SERVER, DISABLED = 0x5A, 0xC3, 0x3C, 0xA5


def record(ef, size, origins, keys=0x5A, generation=1, remaining=0, step=0, flags=0, card=b"", digest=bytes(32)):
    trailer = struct.pack("<II", remaining, step) + bytes([flags, len(card)]) + card.ljust(10, b"\0") + digest
    trailer += bytes(origins).ljust(44, b"\0")
    payload = ef + trailer
    head = b"IMPS" + bytes([1, keys, 2, 0]) + struct.pack("<II", generation, len(payload)) + bytes(12)
    head += struct.pack("<I", zlib.crc32(payload, zlib.crc32(head)))
    body = head + MARK + b"\xff" * 24 + payload
    body += b"\xff" * (-len(body) % 32) + SECOND
    return body + b"\xff" * (size - len(body))


ICCID = bytes.fromhex("98881200000000001081")
RECORDS = {
    "factory": record(ef_nosec(), 768, [FACTORY], flags=2),
    "card": record(ef_psk(60), 768, [CARD], keys=0xA5, generation=7, remaining=56, step=4, flags=1, card=ICCID,
                   digest=bytes(range(32))),
    "empty": record(bytes(4), 768, [], generation=0xFFFFFFFF, flags=4),
}


def main():
    if len(sys.argv) > 1:
        for i, (name, data) in enumerate(RECORDS.items()):
            half = data[:512]
            for lie in (0, 3, 251):
                seed = bytes([3, lie, 0, 1, 3 + 11 * i, 4, 5, 6 + 64, 9, 2]) + half + half
                with open(os.path.join(sys.argv[1], "%s_%d" % (name, lie)), "wb") as f:
                    f.write(seed)
        return
    os.makedirs(os.path.join(HERE, "store"), exist_ok=True)
    for name, data in RECORDS.items():
        with open(os.path.join(HERE, "store", name + ".hex"), "w", encoding="ascii") as f:
            for at in range(0, len(data), 32):
                f.write(data[at:at + 32].hex() + "\n")
        print("## %s\n%s\n" % (name, dump(data)))


if __name__ == "__main__":
    main()
