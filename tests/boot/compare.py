#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a device showed (tests/device/show.h), field by field against `imprint boot --json`.

use:  compare.py CONSOLE JSON        exit 1 and the differences, or the number of fields
"""
import json
import re
import sys

FIELD = re.compile(r"(\d+)/(\d+)/(\d+)(?::(\d+))? ([0-9a-f]*)$")


def shown(path):
    facts, fields = {}, {}
    for line in open(path, encoding="utf-8", errors="replace"):
        line = line.rstrip("\r\n")
        if field := FIELD.match(line):
            key = tuple(int(k) if k else None for k in field.groups()[:4])
            if key in fields:
                sys.exit("shown twice: %s" % line)
            fields[key] = bytes.fromhex(field[5])
        elif " " in line:
            name, value = line.split(" ", 1)
            facts[name] = value
    return facts, fields


def wanted(document):
    fields = {}
    for o in document.get("objects", []):
        for i in o["instances"]:
            for r in i["resources"]:
                for v in r.get("instances", [r]):
                    sub = v["id"] if "instances" in r else None
                    fields[o["id"], i["id"], r["id"], sub] = v if "hex" in v else (r["type"], v["value"])
    return fields


def same(octets, want):
    if isinstance(want, dict):
        return octets.hex() == want["hex"]
    kind, value = want
    if kind in ("string", "corelnk"):
        return octets.decode("utf-8") == value
    if kind == "boolean":
        return octets == bytes([value])
    if kind == "objlnk":
        return ":".join(str(int.from_bytes(octets[i:i + 2], "big")) for i in (0, 2)) == value
    if kind in ("integer", "time"):
        return int.from_bytes(octets, "big", signed=True) == value
    if kind == "unsigned":
        return int.from_bytes(octets, "big") == value
    sys.exit("no rule for type %s" % kind)


def main():
    facts, got = shown(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as f:
        document = json.load(f)
    want = wanted(document) if document["source"] != "nothing" else {}
    bad = ["%s: %s" % (k, "missing" if k not in got else "not in the document" if k not in want else
                       "another value") for k in sorted(set(got) | set(want), key=str)
           if k not in got or k not in want or not same(got[k], want[k])]
    pairs = [("source", document["source"])]
    pairs += [("AB"[i], s["status"]) for i, s in enumerate(document["slots"])]
    if document["source"] != "nothing":
        pairs += [("generation", str(document["generation"])), ("keys", document["keys"]),
                  ("length", str(document["bytes"]))]
    bad += ["%s: %s, host says %s" % (k, facts.get(k), v) for k, v in pairs if facts.get(k) != v]
    if bad:
        sys.exit("\n".join(bad))
    print("%d fields, %d facts" % (len(got), len(pairs)))


main()
