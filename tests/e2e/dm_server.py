#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A management server over plain CoAP, written from the specifications: answers Register, Update and
De-register, sends each --ask once to whoever has registered, and prints a line of JSON for each."""
import argparse
import json
import os
import socket
import sys

from bs_device import ACCEPT, ACK, CON, CONTENT_FORMAT, DELETE, GET, POST, PUT, URI_PATH, URI_QUERY, code, decode, encode

LOCATION_PATH = 8
METHODS = {"GET": GET, "POST": POST, "PUT": PUT, "DELETE": DELETE}


def tell(**event):
    print(json.dumps(event), flush=True)


def text(c):
    return "%d.%02d" % (c >> 5, c & 31)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--port", type=int, default=0)
    args.add_argument("--seconds", type=float, default=60)
    args.add_argument("--refuse", help="answer to every Register")
    args.add_argument("--ask", action="append", default=[], help="'GET /3/0', after the Register")
    args.add_argument("--ask-from", type=int, default=1, help="not before this Register")
    args = args.parse_args()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", args.port))
    s.settimeout(args.seconds)
    tell(event="listening", port=s.getsockname()[1])
    asks, answers, registers, asked = list(args.ask), {}, 0, 1

    def ask(peer):
        nonlocal asked
        if not asks or registers < args.ask_from:
            return
        method, path = asks.pop(0).split()
        asked += 1
        options = [(URI_PATH, p.encode()) for p in path.split("/") if p]
        if method == "GET":
            options.append((ACCEPT, (11542).to_bytes(2, "big")))
        s.sendto(encode(CON, METHODS[method], 0x4000 + asked, bytes([asked]), options), peer)

    while True:
        try:
            data, peer = s.recvfrom(2000)
        except socket.timeout:
            return 0
        kind, c, mid, token, options, payload = decode(data)
        if c >> 5 >= 2:
            tell(event="answer", code=text(c), hex=payload.hex())
            if kind == CON:
                s.sendto(encode(ACK, 0, mid, b"", []), peer)
            ask(peer)
            continue
        if c == 0:
            continue
        if (peer, mid) in answers:
            s.sendto(answers[peer, mid], peer)
            continue
        path = "/".join(v.decode() for n, v in options if n == URI_PATH)
        query = sorted(v.decode() for n, v in options if n == URI_QUERY)
        tell(event={POST: "post", PUT: "put", GET: "get", DELETE: "delete"}[c], path=path, query=query, payload=payload.decode())
        out, extra = code(4, 4), []
        if c == POST and path == "rd" and args.refuse:
            out = code(*(int(p) for p in args.refuse.split(".")))
        elif c == POST and path == "rd":
            out, extra = code(2, 1), [(LOCATION_PATH, b"rd"), (LOCATION_PATH, b"7")]
            registers += 1
        elif path == "rd/7":
            out = code(2, 2) if c == DELETE else code(2, 4)
        answers[peer, mid] = encode(ACK, out, mid, token, extra)
        s.sendto(answers[peer, mid], peer)
        if c == POST:
            ask(peer)


sys.exit(main())
