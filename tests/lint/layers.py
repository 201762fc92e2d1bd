#!/usr/bin/env python3
"""Who may include whom, and which outside library belongs into which folder."""
import os
import re
import sys

MAY = {
    "base": [],
    "codec": ["base"],
    "model": ["base", "codec"],
    "reader": ["base", "codec"],
    "crypto": ["base"],
    "card": ["base", "codec", "model", "crypto", "reader"],
    "flash": ["base", "codec", "model", "crypto", "reader"],
    "bootstrap": ["base", "codec", "model", "reader"],
    "host": ["base", "codec"],
    "ledger": ["base", "codec", "model", "crypto", "host"],
    "link": ["base", "codec", "card", "bootstrap", "host"],
}
ALL = ["base", "codec", "model", "reader", "crypto", "card", "flash", "bootstrap", "host", "ledger", "cmd"]
for tool in ("cmd", "applet-tools", "factory", "flash-images"):
    MAY[tool] = ALL

# A seam is declared where it is called and implemented where the outside is known.
SEAMS = {("src/crypto/keycheck.h", "model/check.h"), ("src/crypto/keycheck.c", "model/check.h")}

LIBRARIES = [
    (r"openssl/", ["crypto"]),
    (r"winscard\.h|pcsclite\.h|PCSC/", ["link"]),
    (r"libusb", ["link"]),
    (r"cyaml/|yaml\.h", ["host", "factory", "cmd"]),  # schemas map onto structs of their users
    (r"jansson\.h|csv\.h", ["host"]),
    (r"sqlite3\.h", ["ledger"]),
    (r"coap3/|gnutls/", ["link"]),
]
FREESTANDING = {"stddef.h", "stdint.h", "stdbool.h", "limits.h", "string.h", "float.h", "stdarg.h"}


def room(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def freestanding(path):
    name = os.path.basename(path)
    return room(path) == "reader" or (room(path) == "bootstrap" and name.startswith(("client", "discover"))) or (room(path) == "base" and not name.startswith("diag")) or (room(path) == "codec" and name.endswith("_dec.c"))


def main():
    problems = checked = 0
    for top in ("src", "applet-tools", "factory", "flash-images"):
        for folder, _, files in os.walk(top):
            for name in sorted(files):
                path = os.path.join(folder, name)
                if not name.endswith((".c", ".h")) or path == "src/main.c":
                    continue
                here = room(path)
                for number, line in enumerate(open(path, encoding="utf-8"), 1):
                    m = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
                    if not m:
                        continue
                    checked += 1
                    what = m.group(2)
                    complaint = None
                    if m.group(1) == '"':
                        other = what.split("/")[0]
                        if other != here and other not in MAY[here] and (path, what) not in SEAMS:
                            complaint = "layer %s must not include %s" % (here, other)
                    else:
                        for pattern, rooms in LIBRARIES:
                            if re.match(pattern, what) and here not in rooms:
                                complaint = "%s belongs into %s" % (what, " ".join(rooms))
                        if freestanding(path) and what not in FREESTANDING:
                            complaint = "freestanding code includes <%s>" % what
                    if complaint:
                        problems += 1
                        print("%s:%d: %s" % (path, number, complaint))
    print("layers: %d includes, %d problems" % (checked, problems))
    return 1 if problems or checked == 0 else 0


sys.exit(main())
