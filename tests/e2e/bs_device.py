#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device over plain CoAP (RFC 7252, RFC 7959), written from the specifications: asks for a
bootstrap, takes what the server writes, and prints what it was told as one JSON document."""
import argparse
import json
import os
import random
import socket
import struct
import sys
import time

GET, POST, PUT, DELETE = 1, 2, 3, 4
CON, NON, ACK, RST = 0, 1, 2, 3
URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT, BLOCK2, BLOCK1 = 11, 12, 15, 17, 23, 27


def code(c, d):
    return c << 5 | d


def encode(kind, c, mid, token, options, payload=b""):
    out = bytes([0x40 | kind << 4 | len(token), c]) + struct.pack("!H", mid) + token
    last = 0
    for number, value in sorted(options, key=lambda o: o[0]):
        head, tail = [], b""
        for n in (number - last, len(value)):
            if n < 13:
                head.append(n)
            elif n < 269:
                head.append(13)
                tail += bytes([n - 13])
            else:
                head.append(14)
                tail += struct.pack("!H", n - 269)
        out += bytes([head[0] << 4 | head[1]]) + tail + value
        last = number
    return out + (b"\xff" + payload if payload else b"")


def decode(data):
    kind, tkl = data[0] >> 4 & 3, data[0] & 15
    c, mid = data[1], struct.unpack("!H", data[2:4])[0]
    token, at, options, number = data[4 : 4 + tkl], 4 + tkl, [], 0
    while at < len(data) and data[at] != 0xFF:
        parts, at = [data[at] >> 4, data[at] & 15], at + 1
        for i, n in enumerate(parts):
            if n == 13:
                parts[i], at = data[at] + 13, at + 1
            elif n == 14:
                parts[i], at = struct.unpack("!H", data[at : at + 2])[0] + 269, at + 2
        number += parts[0]
        options.append((number, data[at : at + parts[1]]))
        at += parts[1]
    return kind, c, mid, token, options, data[at + 1 :]


def number(value):
    return int.from_bytes(value, "big")


def shortest(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


class Device:
    def __init__(self, a):
        self.a = a
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", a.port))
        self.server = ("127.0.0.1", a.server)
        self.mid = random.randrange(65536)
        self.seen, self.body, self.log = {}, {}, []
        self.requests, self.answers, self.finished = 0, [], False

    def send(self, data):
        self.sock.sendto(data, self.server)

    def ask(self):
        options = [(URI_PATH, (b"bspack" if self.a.pack else b"bs"))]
        options += [(URI_QUERY, q.encode()) for q in self.a.query]
        if self.a.pack:
            options.append((ACCEPT, shortest(self.a.accept)))
        self.mid = self.mid + 1 & 0xFFFF
        message = encode(CON, GET if self.a.pack else POST, self.mid, b"\x01\x02", options)
        for _ in range(2 if self.a.twice else 1):
            self.send(message)

    def discover(self):
        return ("</>;lwm2m=1.1," + self.a.links).encode()

    def serve(self, c, path, options, payload):
        self.requests += 1
        if self.a.die_at and self.requests == self.a.die_at:
            os._exit(9)
        entry = {"method": ["", "GET", "POST", "PUT", "DELETE"][c], "path": path, "bytes": len(payload)}
        for n, value in options:
            if n == CONTENT_FORMAT:
                entry["format"] = number(value)
        if self.a.payloads and payload:
            entry["hex"] = payload.hex()
        self.log.append(entry)
        if path in self.a.refuse:
            return code(4, 0), b"not this one", []
        if c == GET:
            return code(2, 5), self.discover(), [(CONTENT_FORMAT, shortest(40))]
        if c == DELETE:
            return code(2, 2), b"", []
        if c == POST and path == "bs":
            ok = self.a.finish == "2.04"
            self.finished = ok
            cls, detail = self.a.finish.split(".")
            return code(int(cls), int(detail)), b"" if ok else b"K7: not whole", []
        return code(2, 4), b"", []

    def request(self, kind, c, mid, token, options, payload):
        if mid in self.seen:
            self.send(self.seen[mid])
            return
        path = "/".join(v.decode() for n, v in options if n == URI_PATH)
        block = next((v for n, v in options if n == BLOCK1), None)
        reply_options = []
        if block is not None:
            n = number(block)
            num, more, size = n >> 4, n >> 3 & 1, 16 << (n & 7)
            if num == 0:
                self.body[path] = b""
            if len(self.body.get(path, b"")) != num * size:
                answer = encode(ACK, code(4, 8), mid, token, [(BLOCK1, block)])
                self.seen[mid] = answer
                self.send(answer)
                return
            self.body[path] += payload
            reply_options = [(BLOCK1, block)]
            if more:
                answer = encode(ACK, code(2, 31), mid, token, reply_options)
                self.seen[mid] = answer
                self.send(answer)
                return
            payload = self.body.pop(path)
        status, text, more_options = self.serve(c, path, options, payload)
        answer = encode(ACK if kind == CON else NON, status, mid, token, reply_options + more_options, text)
        self.seen[mid] = answer
        self.send(answer)

    def answer(self, kind, c, mid, options, payload):
        if kind == CON:
            self.send(encode(ACK, 0, mid, b"", []))
        block = next((number(v) for n, v in options if n == BLOCK2), None)
        self.pack = getattr(self, "pack", b"") + payload
        if block is not None and block >> 3 & 1:
            self.mid = self.mid + 1 & 0xFFFF
            again = [(URI_PATH, b"bspack"), (ACCEPT, shortest(self.a.accept)), (BLOCK2, shortest((block >> 4) + 1 << 4 | block & 7))]
            again += [(URI_QUERY, q.encode()) for q in self.a.query]
            self.send(encode(CON, GET, self.mid, b"\x01\x02", again))
            return
        self.answers.append("%d.%02d" % (c >> 5, c & 31))

    def over(self):
        if self.finished or (self.a.pack and self.answers):
            return True
        return bool(self.answers) and not self.answers[-1].startswith("2.")

    def run(self):
        end, linger = time.time() + self.a.seconds, None
        if not self.a.wait:
            self.ask()
        while time.time() < (linger or end):
            self.sock.settimeout(0.05)
            try:
                data, self.server = self.sock.recvfrom(65536)
            except socket.timeout:
                data = None
            if data:
                kind, c, mid, token, options, payload = decode(data)
                if 1 <= c <= 4:
                    self.request(kind, c, mid, token, options, payload)
                elif c:
                    self.answer(kind, c, mid, options, payload)
            if self.over() and not linger:
                linger = time.time() + 0.3  # a repeated request may still come
        result = {"answers": self.answers, "finished": self.finished, "requests": self.log}
        if self.a.pack and self.a.payloads:
            result["pack"] = self.pack.hex()
        print(json.dumps(result))
        return 0 if self.finished or (self.a.pack and self.answers == ["2.05"]) else 1


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--server", type=int, default=5683, help="port of the server")
    p.add_argument("--port", type=int, default=0, help="own port")
    p.add_argument("--query", action="append", default=[], help="ep=..., pct=...")
    p.add_argument("--links", default="</0/1>,</3/0>", help="what Discover tells")
    p.add_argument("--refuse", action="append", default=[], help="path that is answered 4.00")
    p.add_argument("--finish", default="2.04")
    p.add_argument("--die-at", type=int, default=0, help="end at the n-th request")
    p.add_argument("--twice", action="store_true", help="send the request twice with one message id")
    p.add_argument("--pack", action="store_true")
    p.add_argument("--accept", type=int, default=112)
    p.add_argument("--payloads", action="store_true", help="print what was written: SECRETS")
    p.add_argument("--wait", action="store_true", help="ask for nothing, take what comes")
    p.add_argument("--seconds", type=float, default=10)
    sys.exit(Device(p.parse_args()).run())


if __name__ == "__main__":
    main()
