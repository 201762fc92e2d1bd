#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Look for the secrets of a run in everything that it left.

seek_secrets.py PLACES...     PLACES are files and folders; the secrets come on standard input:

    class TAB name TAB hex TAB glob[,glob...]

A secret may stand in a file whose path matches one of its globs, and nowhere else: not as it is,
not in hex, base64 or base64url of any alignment, with or without blanks, colons and line ends in
between.  The arguments and environments in a log of strace -xx are read as what they spell.
A file that holds a secret has mode 0600, and 0700 its folder.
One line for each breach; exit 1 when there was one; ends with the count of files.
"""
import base64
import fnmatch
import os
import re
import stat
import sys

SPELLED = re.compile(rb"(?:\\x[0-9a-f]{2})+")
ERASED = re.compile(rb"\xff{64,}")
BETWEEN = re.compile(rb"[\s:,]+")


def base64s(secret, altchars):
    """What of the base64 of a longer text depends on the secret alone, by its place in the text."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret, altchars)
        yield text[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6]


def forms(secret):
    yield "raw", secret
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    for text in base64s(secret, None):
        yield "base64", text
    for text in base64s(secret, b"-_"):
        yield "base64url", text


def views(data):
    data = ERASED.sub(b"\xff" * 64, data)  # no secret has so many, images are full of them
    yield data
    if SPELLED.search(data):
        data = SPELLED.sub(lambda m: bytes.fromhex(m.group().replace(b"\\x", b"").decode()), data)
        yield data
    yield BETWEEN.sub(b"", data)


def files_of(places):
    for place in places:
        if os.path.isfile(place):
            yield place
        for folder, _, names in os.walk(place):
            for name in names:
                path = os.path.join(folder, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    yield path


def read_secrets(lines):
    for line in lines:
        kind, name, text, globs = line.rstrip("\n").split("\t")
        secret = bytes.fromhex(text)
        if len(secret) < 8:
            sys.exit(f"{name}: {len(secret)} octets are too few to look for")
        yield kind, name, dict(reversed([f[::-1] for f in forms(secret)])), globs.split(",")


def found_in(path, secrets):
    with open(path, "rb") as f:
        data = list(views(f.read()))
    for kind, name, needles, globs in secrets:
        for needle, form in needles.items():
            if any(needle in view for view in data):
                yield kind, name, form, any(fnmatch.fnmatch(path, g) for g in globs)
                break


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def main():
    secrets = list(read_secrets(sys.stdin))
    seen = breaches = 0
    for path in files_of(sys.argv[1:]):
        seen += 1
        found = list(found_in(path, secrets))
        told = [f"holds {kind} {name} as {form}" for kind, name, form, allowed in found if not allowed]
        if found and mode(path) != 0o600:
            told.append(f"holds {found[0][0]} {found[0][1]} and has mode {mode(path):o}")
        folder = os.path.dirname(path)
        if found and mode(folder) != 0o700:
            told.append(f"holds {found[0][0]} {found[0][1]} in a folder of mode {mode(folder):o}")
        for line in told:
            print(f"{path} {line}")
        breaches += len(told)
    print(f"{seen} files, {len(secrets)} secrets, {breaches} breaches")
    return breaches != 0


if __name__ == "__main__":
    sys.exit(main())
