# SPDX-License-Identifier: Apache-2.0
"""An emulated device under the hand of its debugger: stopped at each store into flash, its flash and
RAM read and written, reset; many boots in one emulator.

The debugger's protocol is that of GDB, over a socket pair."""
import atexit
import socket
import subprocess

DELAY = 20  # seconds that no boot takes
LIFE = 600  # seconds after which an emulator ends that nobody has ended
PACKET = 2000  # octets of memory in one request
SLICE = 256  # octets of flash written at least


class Window:
    """Flash as far as a test looks at it: parts of (address, octets), one after the other."""

    def __init__(self, parts):
        self.parts = parts
        self.size = sum(n for _, n in parts)


class Machine:
    """Started, not running yet.  command: of the emulator; window: flash that is looked at;
    watched: (address, octets) where a store is an operation on flash, or a part of one;
    stores_each: stores that make one operation; end: address of the function that ends a boot, with
    the exit code in register `code`."""

    def __init__(self, command, window, watched, stores_each, end, code):
        ours, theirs = socket.socketpair()
        self.qemu = subprocess.Popen(
            ["timeout", str(LIFE)] + command +
            ["-display", "none", "-monitor", "none", "-serial", "null", "-S",
             "-chardev", "socket,id=gdb,fd=%d" % theirs.fileno(), "-gdb", "chardev:gdb"],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        atexit.register(self.close)
        theirs.close()
        ours.settimeout(DELAY)
        self.socket, self.pending = ours, b""
        self.window, self.watched, self.stores_each, self.code = window, watched, stores_each, code
        self.send("QStartNoAckMode")
        self.answer()
        self.socket.sendall(b"+")
        self.call(["Z0,%x,2" % end])
        self.watching = False
        self.flash()

    def close(self):
        if self.qemu.poll() is None:
            self.send("k")
            self.qemu.wait(DELAY)
        self.socket.close()

    # -- protocol --

    def send(self, *requests):
        octets = b""
        for request in requests:
            text = request.encode()
            octets += b"$%s#%02x" % (text, sum(text) & 255)
        self.socket.sendall(octets)

    def answer(self):
        while True:
            start = self.pending.find(b"$")
            end = self.pending.find(b"#", start)
            if 0 <= start < end and len(self.pending) >= end + 3:
                text, self.pending = self.pending[start + 1:end], self.pending[end + 3:]
                return text.decode()
            more = self.socket.recv(1 << 16)
            if not more:
                raise RuntimeError("the emulator is gone")
            self.pending += more

    def call(self, requests):
        """All of them at once, each to be answered with OK."""
        self.send(*requests)
        for request in requests:
            if (got := self.answer()) != "OK":
                raise RuntimeError("%.40s: %r" % (request, got))

    def start(self, requests, how):
        """Then go on, or take a step: why it stopped."""
        self.send(*requests, how)
        for request in requests:
            if (got := self.answer()) != "OK":
                raise RuntimeError("%.40s: %r" % (request, got))
        if not (got := self.answer()).startswith("T05"):
            raise RuntimeError("stopped: %r" % got)
        return got

    def read(self, *parts):
        """Contents of (address, octets), joined."""
        requests = [(address + at, min(PACKET, n - at)) for address, n in parts for at in range(0, n, PACKET)]
        self.send(*("m%x,%x" % request for request in requests))
        out = b"".join(bytes.fromhex(self.answer()) for _ in requests)
        if len(out) != sum(n for _, n in parts):
            raise RuntimeError("cannot be read")
        return out

    def register(self, which):
        """Of 32 bits, counted as the debugger does."""
        self.send("g")
        return int.from_bytes(bytes.fromhex(self.answer())[4 * which:4 * which + 4], "little")

    def watch(self, on):
        """What brings it about, if anything does."""
        if on == self.watching:
            return []
        self.watching = on
        return ["%s2,%x,%x" % ("Z" if on else "z", *part) for part in self.watched]

    # -- device --

    def flash(self):
        self.content = self.read(*self.window.parts)
        return self.content

    def reset(self):
        self.send("qRcmd," + b"system_reset".hex())
        while (got := self.answer()) != "OK":
            if not got.startswith("O"):
                raise RuntimeError("reset: %r" % got)

    def write(self, flash, *more):
        """Contents of the window, as far as they are others than when it was last read or written, and
        more (address, octets)."""
        parts, at = list(more), 0
        for address, n in self.window.parts:
            parts += [(address + k, flash[at + k:at + k + SLICE]) for k in range(0, n, SLICE)
                      if flash[at + k:at + k + SLICE] != self.content[at + k:at + k + SLICE]]
            at += n
        self.content = flash
        self.call(["M%x,%x:%s" % (address + k, len(octets[k:k + PACKET]), octets[k:k + PACKET].hex())
                   for address, octets in parts for k in range(0, len(octets), PACKET)])

    def go(self):
        """To the next operation on flash, which is done when this returns None; or to the end of the
        boot: its exit code."""
        for _ in range(self.stores_each):
            if "watch:" not in self.start(self.watch(True), "c"):
                return self.register(self.code)
            # The emulator stops before a store into a device: take that step.
            self.start(self.watch(False), "s")
        self.content = b""  # not known until it is read
        return None
