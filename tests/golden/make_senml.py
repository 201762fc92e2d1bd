#!/usr/bin/env python3
"""SenML packs for the golden tests, made from RFC 8428 and the object tables alone.

Shares no code with the product.  Writes tests/golden/senml/NAME.json and NAME.cbor.hex (one
configuration in both forms, the way the product writes it) and NAME.ef.hex (the same as a payload).
"""
import base64
import json
import os
import struct

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "senml")


class Link(str):
    pass


class Unsigned(int):
    pass


# ---- SenML ---------------------------------------------------------------------------------------

LABEL = {"bn": -2, "n": 0, "v": 2, "vs": 3, "vb": 4, "vd": 8}


def records(config):
    out = []
    for obj, (version, instances) in config.items():
        ver = {"ver": version} if version else {}
        if not instances:
            out.append({"bn": "/%d/" % obj, **ver})
        for inst, resources in instances.items():
            base = {"bn": "/%d/%d/" % (obj, inst)}
            if not resources:
                out.append({**base, **ver})
                ver = {}
            for res, value in resources.items():
                if value == {}:
                    out.append({"bn": "/%d/%d/%d/" % (obj, inst, res), **ver})
                    base, ver = {"bn": "/%d/%d/" % (obj, inst)}, {}
                    continue
                for name, v in (("%d/%d" % (res, k), x) for k, x in value.items()) if isinstance(value, dict) else ((str(res), value),):
                    key = "vb" if isinstance(v, bool) else "v" if isinstance(v, int) else "vd" if isinstance(v, bytes) else "vlo" if isinstance(v, Link) else "vs"
                    out.append({**base, **ver, "n": name, key: v})
                    base, ver = {}, {}
    return out


def as_json(recs):
    plain = [{k: base64.urlsafe_b64encode(v).rstrip(b"=").decode() if isinstance(v, bytes) else v for k, v in r.items()} for r in recs]
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * width:
            return bytes([major << 5 | info]) + n.to_bytes(width, "big")


def cbor(v):
    if isinstance(v, bool):
        return b"\xf5" if v else b"\xf4"
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        raw = v.encode()
        return head(3, len(raw)) + raw
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor, v))
    return head(5, len(v)) + b"".join(cbor(LABEL.get(k, k)) + cbor(x) for k, x in v.items())


# ---- EF ------------------------------------------------------------------------------------------


def tlv(kind, ident, value):
    n = len(value)
    size = 0 if n < 8 else 1 if n < 256 else 2
    first = bytes([kind << 6 | (ident > 255) << 5 | size << 3 | (n if size == 0 else 0)])
    return first + ident.to_bytes(2 if ident > 255 else 1, "big") + (n.to_bytes(size, "big") if size else b"") + value


def octets(v):
    if isinstance(v, bool):
        return bytes([v])
    if isinstance(v, Unsigned):
        return next(v.to_bytes(w, "big") for w in (1, 2, 4, 8) if v < 1 << 8 * w)
    if isinstance(v, int):
        return next(v.to_bytes(w, "big", signed=True) for w in (1, 2, 4, 8) if -(1 << 8 * w - 1) <= v < 1 << 8 * w - 1)
    if isinstance(v, Link):
        return struct.pack(">HH", *map(int, v.split(":")))
    return v.encode() if isinstance(v, str) else v


def payload(config):
    body = b""
    for obj, (version, instances) in config.items():
        tlvs = b""
        for inst, resources in instances.items():
            inner = b""
            for res, v in resources.items():
                if isinstance(v, dict):
                    inner += tlv(2, res, b"".join(tlv(1, k, octets(x)) for k, x in v.items()))
                else:
                    inner += tlv(3, res, octets(v))
            tlvs += tlv(0, inst, inner)
        number = bytes(map(int, version.split("."))) if version else b"\0"
        body += struct.pack(">H", obj) + number + struct.pack(">H", len(tlvs)) + tlvs
    return struct.pack(">HH", len(config), len(body)) + body


# ---- configurations ------------------------------------------------------------------------------

CONFIGS = {
    "empty": {},
    "psk": {
        0: (None, {0: {0: "coaps://bs.example.com:5684", 1: True, 2: 0, 3: b"urn:dev:ops:0001B2-METER-1", 4: b"", 5: bytes(range(0x40, 0x60)), 12: 86400},
                   1: {0: "coaps://dm.example.com", 1: False, 2: 0, 3: b"a", 4: b"", 5: b"\xff" * 16, 10: 40000, 14: "dm.example.com", 16: {0: Unsigned(0xC0A8), 1: Unsigned(0xC0AE)}}}),
        1: ("1.1", {0: {0: 40000, 1: 86400, 2: 0, 3: -1, 6: True, 7: "UQ"}}),
        2: (None, {0: {0: 1, 1: 65535, 2: {0: 1, 40000: 15}, 3: 65535}}),
    },
    "hollow": {
        0: ("1.2", {0: {0: "coap://\u00e4\u20ac\U0001f600.example.com/\"\\", 16: {}, 17: Link("65535:65535")}, 7: {}}),
        1: ("2.5", {}),
        2: (None, {}),
        21: (None, {3: {0: b"\0\1\2", 1: b"", 2: b"\xfb\xff\xfe"}}),
    },
    "numbers": {
        1: (None, {0: {0: 1, 1: 2**31 - 1, 2: 2**53 + 1, 3: -(2**53) - 1, 5: 2**63 - 1, 17: Unsigned(0), 18: Unsigned(2**64 - 1), 19: Unsigned(2**53 + 1)}}),
    },
}


def hexfile(name, data):
    text = data.hex()
    with open(os.path.join(OUT, name), "w", newline="\n") as f:
        f.write("".join(text[i:i + 64] + "\n" for i in range(0, len(text), 64)) or "\n")


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, config in CONFIGS.items():
        recs = records(config)
        hexfile(name + ".cbor.hex", cbor(recs))
        hexfile(name + ".json.hex", as_json(recs))
        hexfile(name + ".ef.hex", payload(config))
    print(len(CONFIGS), "configurations")


main()
