#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Worst stack of a call tree, from the .ci files of gcc -fcallgraph-info=su.

use:  stack.py ROOT[,CALLER=CALLEE...] FILE.ci...        prints octets and the deepest path
exit: 1 on recursion, a frame of unknown size or an unknown function
Callbacks of the device and the four mem* functions count nothing: they are not the reader's.  Where
the reader hands itself a callback, CALLER=CALLEE says which function calls which.
"""
import re
import sys

NODE = re.compile(r'node: \{ title: "([^"]*)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
FRAME = re.compile(r"(\d+) bytes \((\w+)")
FREE = {"memcpy", "memset", "memcmp", "memmove"}


def load(files):
    frames, calls = {}, {}
    for name in files:
        with open(name, encoding="utf-8") as f:
            for line in f:
                node = NODE.search(line)
                edge = EDGE.search(line)
                if node and (frame := FRAME.search(node[2])):
                    if frame[2] != "static":
                        sys.exit("stack.py: frame of %s is %s" % (node[1], frame[2]))
                    frames[node[1]] = int(frame[1])
                if edge:
                    calls.setdefault(edge[1], set()).add(edge[2])
    return frames, calls


def deepest(name, frames, calls, path, known):
    if name in FREE or name.startswith("__"):  # helpers of the compiler
        return 0, []
    if name in path:
        sys.exit("stack.py: recursion: %s" % " > ".join(path + [name]))
    if name not in frames:
        sys.exit("stack.py: nothing known of %s" % name)
    if name not in known:
        below = [deepest(c, frames, calls, path + [name], known) for c in calls.get(name, ())]
        octets, way = max(below, default=(0, []))
        known[name] = (frames[name] + octets, [name] + way)
    return known[name]


def named(name, frames):
    """Functions of this name; in the joined form static ones may have the file's in front."""
    found = [f for f in frames if re.fullmatch(r"(.*:)?(\w+_)?" + name, f)]
    return found or sys.exit("stack.py: nothing known of %s" % name)


def main():
    (root, *hand), files = sys.argv[1].split(","), sys.argv[2:]
    frames, calls = load(files)
    for caller, callee in (h.split("=") for h in hand):
        for c in named(caller, frames):
            calls.setdefault(c, set()).update(named(callee, frames))
    octets, way = deepest(root, frames, calls, [], {})
    print(octets, ">".join(name.split(":")[-1] for name in way[1:]))


main()
