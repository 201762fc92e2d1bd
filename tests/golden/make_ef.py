#!/usr/bin/env python3
"""EF(LwM2M_Bootstrap) for the golden tests, made from the grammar and the TLV rules alone.

Shares no code with the product.  Writes tests/golden/ef/NAME.hex (the octets), NAME.txt (what they
hold, one value a line; only of files that can be read) and index.tsv: file, expect, what.

expect: canonical (read, and written again octet by octet), legal (read; written in another form),
lenient (read only leniently), refuse.
"""
import os
import struct

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ef")
INST, RESINST, MULT, RES = range(4)
INDEX = []


def tlv(kind, ident, value, wide_id=False, wide_len=0):
    wide_id |= ident > 255
    n = len(value)
    need = 0 if n < 8 else 1 if n < 256 else 2 if n < 65536 else 3
    size = max(need, wide_len)
    head = bytes([kind << 6 | wide_id << 5 | size << 3 | (n if size == 0 else 0)])
    return head + ident.to_bytes(2 if wide_id else 1, "big") + (n.to_bytes(size, "big") if size else b"") + value


def integer(v, width=0):
    for w in (1, 2, 4, 8):
        if w >= width and -(1 << 8 * w - 1) <= v < 1 << 8 * w - 1:
            return v.to_bytes(w, "big", signed=True)


def unsigned(v):
    return next(v.to_bytes(w, "big") for w in (1, 2, 4, 8) if v < 1 << 8 * w)


class Value:
    """One value: its octets and its line in the .txt file."""

    def __init__(self, kind, shown, raw):
        self.kind, self.shown, self.raw = kind, shown, raw


def I(v, width=0):
    return Value("integer", str(v), integer(v, width))


def T(v):
    return Value("time", str(v), integer(v))


def U(v):
    return Value("unsigned", str(v), unsigned(v))


def B(v):
    return Value("boolean", "01"[v], bytes([v]))


def S(v):
    return Value("string", v.encode().hex(), v.encode())


def O(v):
    return Value("opaque", v.hex(), v)


def L(o, i):
    return Value("objlnk", f"{o}:{i}", struct.pack(">HH", o, i))


def instance(resources):
    out = b""
    for r, v in sorted(resources.items()):
        if isinstance(v, dict):
            out += tlv(MULT, r, b"".join(tlv(RESINST, i, x.raw) for i, x in sorted(v.items())))
        else:
            out += tlv(RES, r, v.raw)
    return out


def obj(oid, body, version=None):
    ver = b"\0" if version is None else bytes(version)
    return struct.pack(">H", oid) + ver + struct.pack(">H", len(body)) + body


def ef(objects, count=None, size=None):
    body = b"".join(objects)
    return struct.pack(">HH", len(objects) if count is None else count, len(body) if size is None else size) + body


def encode(config, versions):
    return ef([obj(o, b"".join(tlv(INST, i, instance(r)) for i, r in sorted(insts.items())), versions.get(o))
               for o, insts in sorted(config.items())])


def show(config, versions):
    lines = [f"version /{o} {a}.{b}" for o, (a, b) in sorted(versions.items())]
    for o, insts in sorted(config.items()):
        if not insts:
            lines.append(f"/{o} none -")
        for i, res in sorted(insts.items()):
            if not res:
                lines.append(f"/{o}/{i} none -")
            for r, v in sorted(res.items()):
                if isinstance(v, dict):
                    if not v:
                        lines.append(f"/{o}/{i}/{r} none -")
                    lines += [f"/{o}/{i}/{r}/{k} {x.kind} {x.shown or '-'}" for k, x in sorted(v.items())]
                else:
                    lines.append(f"/{o}/{i}/{r} {v.kind} {v.shown or '-'}")
    return "\n".join(lines) + "\n"


def write(name, expect, what, octets, text=None):
    with open(os.path.join(OUT, name + ".hex"), "w") as f:
        f.writelines(octets[i:i + 32].hex() + "\n" for i in range(0, len(octets), 32))
    if text is not None:
        with open(os.path.join(OUT, name + ".txt"), "w") as f:
            f.write(text)
    INDEX.append((name, expect, what))


def good(name, what, config, versions=None):
    versions = versions or {}
    write(name, "canonical", what, encode(config, versions), show(config, versions))


def other(name, expect, what, octets, config, versions=None):
    write(name, expect, what, octets, show(config, versions or {}))


def refuse(name, what, octets):
    write(name, "refuse", what, octets)


KEY1, KEY2, KEY3 = bytes(range(16, 32)), bytes(range(32, 64)), bytes(range(64, 96))
NOSEC = {0: S("coap://bs.example.com:5683"), 1: B(True), 2: I(3)}
BOOT = {0: S("coaps://bs.example.com:5684"), 1: B(True), 2: I(0), 3: O(b"dev-1"), 4: O(b""), 5: O(KEY1), 11: I(3600)}


def psk(host, key, ssid):
    return {0: S(f"coaps://{host}.example.com:5684"), 1: B(False), 2: I(0), 3: O(b"dev-1"), 4: O(b""), 5: O(key),
            10: I(ssid)}


def server(ssid):
    return {0: I(ssid), 1: I(86400), 6: B(True), 7: S("U")}


os.makedirs(OUT, exist_ok=True)

good("psk_three_accounts", "bootstrap account, two server accounts, access control for both",
     {0: {0: BOOT, 1: psk("dm", KEY2, 101), 2: psk("fw", KEY3, 102)}, 1: {0: server(101), 1: server(102)},
      2: {0: {0: I(1), 1: I(0), 2: {0: I(1), 101: I(15)}, 3: I(101)},
          1: {0: I(9), 1: I(65535), 2: {102: I(16)}, 3: I(65535)}}})
good("oscore_only", "NoSec under OSCORE, object 21 in version 2.0, ids outside UTF-8",
     {0: {0: {0: S("coap://dm.example.com"), 1: B(False), 2: I(3), 10: I(7), 17: L(21, 3)}}, 1: {0: server(7)},
      21: {3: {0: O(KEY2), 1: O(b"\xff\x01"), 2: O(b"\xc0"), 3: I(10), 4: I(5), 5: O(b"\x80\x81"), 6: O(b"\xfe")}}},
     {0: (1, 2), 1: (1, 2), 21: (2, 0)})
good("oscore_empty_id", "an empty Sender ID is legal", {0: {0: NOSEC | {17: L(21, 0)}},
     21: {0: {0: O(KEY1), 1: O(b""), 2: O(b"\1")}}})
good("versions", "every object with a version written out",
     {0: {0: psk("dm", KEY1, 1)}, 1: {0: server(1)}, 2: {}}, {0: (1, 0), 1: (1, 1), 2: (255, 255)})
good("multiple", "every multiple resource of /0 and /1, one of them without instances",
     {0: {0: psk("dm", KEY1, 1) | {
         13: U(3), 14: S("dm.example.com"), 15: U(2), 16: {0: U(0xC0A8), 1: U(0xA8), 300: U(0xC0AE)}, 18: {0: U(23)},
         19: {}, 20: {5: U(0x0403)}, 21: {0: U(0x0503)}, 22: U(5), 23: U(4096), 24: U(0),
         25: {0: S("coaps://a.example.com"), 1: S("coaps+tcp://[2001:db8::1]:5684")}, 28: I(3), 29: I(4),
         30: S("rds")}},
      1: {0: server(1) | {
          10: L(11, 0), 11: U(255), 12: T(1767225600), 13: U(1), 14: U(60), 15: B(False), 16: B(True), 17: U(5),
          18: U(60), 19: U(86400), 20: U(1), 21: B(False), 22: S("U"), 23: B(False), 24: {0: L(11, 1), 9: L(65535, 65535)},
          25: {0: S("1.1"), 1: S("1.2")}, 26: I(0), 27: U(1)}}}, {0: (1, 2), 1: (1, 2)})
good("widths", "Integers and Unsigned at the borders of each width",
     {1: {i: {1: I(v)} for i, v in enumerate(
         (0, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**63 - 1, -1, -128, -129, -32768, -32769,
          -2**31, -2**31 - 1, -2**63))},
      0: {0: {16: {i: U(v) for i, v in enumerate((0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1))}}}})
good("lengths", "values of 0, 7, 8, 255 and 256 octets, identifiers of 255 and 256",
     {0: {255: {5: O(b""), 3: O(b"1234567"), 4: O(b"12345678")}, 256: {5: O(bytes(255)), 3: O(bytes(256))},
          65534: {255: O(b"\1"), 256: O(b"\2"), 65534: O(b"\3")}}})
good("hollow", "object without instances, instance without resources", {0: {0: NOSEC}, 2: {}, 21: {1: {}, 2: {}}})
good("foreign", "objects and resources that no table knows stay as they are",
     {0: {0: NOSEC | {31: O(b"\x80"), 200: {0: O(b"a"), 7: O(b"bc")}, 201: {}}},
      24: {0: {0: O(b"user")}}, 3441: {0: {110: O("\u00e9".encode())}}, 65534: {}})
good("cose", "object 23: strings", {0: {0: NOSEC | {27: {0: L(23, 0)}}}, 23: {0: {0: S("kid"), 1: I(10), 2: S("k")}}})
good("utf8", "strings of one to four octets a character",
     {0: {0: NOSEC | {14: S("a\u00e9\u20ac\U0001f511")}}})
good("ssid_65534", "the largest Short Server ID", {0: {0: psk("dm", KEY1, 65534)}, 1: {0: server(65534)}})

plain = {0: {0: NOSEC}}
body = instance(NOSEC)
long_body = (tlv(RES, 0, NOSEC[0].raw, True, 3) + tlv(RES, 1, b"\1", True, 2) + tlv(RES, 2, integer(3, 8), False, 1))
other("long_forms", "legal", "longer identifiers, lengths and integers than needed",
      ef([obj(0, tlv(INST, 0, long_body, True, 3))]), plain)
other("ignored_bits", "legal", "bits 2-0 of the type set where a length field follows",
      ef([obj(0, tlv(INST, 0, body).replace(b"\x08\x00", b"\x0f\x00", 1))]), plain)
other("descending", "legal", "objects, instances and resources in falling order",
      ef([obj(1, tlv(INST, 1, b"".join(tlv(RES, r, server(9)[r].raw) for r in (7, 6, 1, 0)))),
          obj(0, tlv(INST, 2, instance({2: I(3)})) + tlv(INST, 0, body))]),
      {0: {0: NOSEC, 2: {2: I(3)}}, 1: {1: server(9)}})
other("res_instances_falling", "legal", "resource instances in falling order",
      ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RESINST, 2, b"\2") + tlv(RESINST, 0, b"\1"))))]),
      {0: {0: {16: {0: U(1), 2: U(2)}}}})
other("padded", "legal", "octets behind the collection that look like more of it",
      ef([obj(0, tlv(INST, 0, body))]) + obj(0, b""), plain)

other("lenient_no_instance", "lenient", "resources of two objects without Object Instance TLV",
      ef([obj(0, body), obj(1, instance(server(9)))]), {0: {0: NOSEC}, 1: {0: server(9)}})
other("lenient_short_65535", "lenient", "65535 in two octets in 2/x/1 and 2/x/3",
      ef([obj(2, tlv(INST, 0, tlv(RES, 0, b"\1") + tlv(RES, 1, b"\xff\xff") + tlv(RES, 3, b"\xff\xff")))]),
      {2: {0: {0: I(1), 1: I(65535), 3: I(65535)}}})
other("lenient_no_header", "lenient", "Resource TLVs from offset 0, then filling", body + b"\xff" * 9, plain)
other("lenient_no_header_stray", "lenient", "the same with a misplaced and a repeated entry",
      body + tlv(RESINST, 0, b"\0") + tlv(RES, 2, b"\0") + tlv(MULT, 16, tlv(RESINST, 0, b"\1")),
      {0: {0: NOSEC | {16: {0: U(1)}}}})

one = tlv(INST, 0, body)
refuse("object_65535", "65535 is no object", ef([obj(65535, b"")]))
refuse("instance_65535", "65535 is no instance", ef([obj(0, tlv(INST, 65535, b""))]))
refuse("resource_65535", "65535 is no resource", ef([obj(0, tlv(INST, 0, tlv(RES, 65535, b"")))]))
refuse("multiple_65535", "65535 is no resource", ef([obj(0, tlv(INST, 0, tlv(MULT, 65535, b"")))]))
refuse("res_instance_65535", "65535 is no resource instance",
       ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RESINST, 65535, b"\1"))))]))
refuse("executable", "1/0/8 is executable: it has no value", ef([obj(1, tlv(INST, 0, tlv(RES, 8, b"")))]))
refuse("executable_multiple", "1/0/8 as multiple", ef([obj(1, tlv(INST, 0, tlv(MULT, 8, b"")))]))
refuse("instance_twice_apart", "/0/0 twice with different resources",
       ef([obj(0, tlv(INST, 0, tlv(RES, 1, b"\1")) + tlv(INST, 0, tlv(RES, 2, b"\3")))]))
refuse("instance_twice_empty", "/0/0 twice, once empty", ef([obj(0, one + tlv(INST, 0, b""))]))
refuse("instance_twice_empty_first", "/0/0 twice, empty first", ef([obj(0, tlv(INST, 0, b"") + one)]))
refuse("multiple_twice", "0/0/16 twice with different instances",
       ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RESINST, 0, b"\1")) + tlv(MULT, 16, tlv(RESINST, 1, b"\1"))))]))
refuse("multiple_twice_empty", "0/0/16 twice, once empty",
       ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RESINST, 0, b"\1")) + tlv(MULT, 16, b"")))]))
refuse("foreign_single_and_multiple", "an unknown resource both single and multiple",
       ef([obj(0, tlv(INST, 0, tlv(RES, 99, b"a") + tlv(MULT, 99, b"")))]))
refuse("object_twice_empty", "object 2 twice, empty", ef([obj(2, b""), obj(2, b"")]))
refuse("res_instance_twice", "0/0/16/0 twice",
       ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RESINST, 0, b"\1") + tlv(RESINST, 0, b"\2"))))]))
refuse("resource_in_multiple", "a Resource TLV inside a Multiple Resource",
       ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RES, 0, b"\1"))))]))
refuse("instance_in_instance", "an Object Instance TLV inside another", ef([obj(0, tlv(INST, 0, one))]))
refuse("mixed_levels", "a Resource TLV beside an Object Instance TLV", ef([obj(0, one + tlv(RES, 11, b"\1"))]))
refuse("unsigned_three", "Unsigned of three octets",
       ef([obj(0, tlv(INST, 0, tlv(MULT, 16, tlv(RESINST, 0, b"\1\2\3"))))]))
refuse("time_three", "Time of three octets", ef([obj(1, tlv(INST, 0, tlv(RES, 12, b"\1\2\3")))]))
refuse("string_nul", "a String with a NUL", ef([obj(0, tlv(INST, 0, tlv(RES, 0, b"coap://a\0b")))]))
refuse("string_overlong", "a String in an overlong form", ef([obj(0, tlv(INST, 0, tlv(RES, 0, b"\xc0\xaf")))]))
refuse("count_without_objects", "count 1, size 0", ef([], 1))
refuse("size_without_count", "count 0, size 5", ef([obj(0, b"")], 0))
refuse("nothing", "no octet at all", b"")
refuse("blank_00_short", "three octets 00", bytes(3))

with open(os.path.join(OUT, "index.tsv"), "w") as f:
    f.write("file\texpect\twhat\n")
    f.writelines("\t".join(row) + "\n" for row in INDEX)
