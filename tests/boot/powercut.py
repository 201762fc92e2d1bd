#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power lost at each operation on flash of each update of the account store, on an emulated device.

use:  powercut.py MACHINE FOLDER        ends with "N passed, N failed"

FOLDER has what powercut.sh made: store.elf (tests/boot/store.c), wrong.elf with -DIN_PLACE, hasty.elf
with -DHASTY, and of each the flash image .bin where the device runs from it; factory.bin and
at-once.bin, the factory areas that the tools wrote.

An update runs once, stopped after each of its operations on flash: these are the clean cuts.  Torn
ones are made from two neighbours: of the bits that an operation changes only some have changed.  The
device boots from each: it must find exactly the old or exactly the new configuration.  What the boot
itself does to flash is cut in the same ways, and whatever was found first must be found again.  When
the new one is in force, no key that was given up is in flash; once the boot is over none is in RAM.
The same flash always gives the same boot, so each content is booted once.

A part of the clean cuts boots in a process of its own too: the flash image is all that is left, and
the exit code is the verdict.  Another part boots by a reset in the middle, with RAM as it is.
"""
import base64
import collections
import json
import os
import random
import subprocess
import sys
import time

from machine import DELAY, Machine, Window

STACK = 2048  # octets at the end of RAM
LOOK, TAKE_FACTORY, TAKE_CARD, APPLY, NEXT, REPLACE, OVERWRITE, FINISH, DELETE, PURGE, TICK, EXPIRE, \
    CARD_REMOVED, CARD_DISABLED, RESET, RESET_TO_ACCOUNT, IN_PLACE = range(17)
OLD, NEW = 0, 1
VERDICTS = {20: "nothing usable", 21: "accepted, but neither", 22: "two bootstrap accounts",
            23: "an update that a boot cannot finish", 99: "exception"}
WAYS = ("first octet", "half", "all but the last octet", "some bits")

# name, factory area, jobs before, job, secrets that it erases
UPDATES = [
    ("first apply", "factory", [], APPLY, []),
    ("take over the factory account", "factory", [], TAKE_FACTORY, []),
    ("apply", "factory", [TAKE_FACTORY], APPLY, ["OTHER"]),
    ("replace by another instance", "factory", [TAKE_FACTORY], REPLACE, ["FACTORY"]),
    ("replace by overwriting", "factory", [TAKE_FACTORY], OVERWRITE, ["FACTORY"]),
    ("finish", "factory", [TAKE_FACTORY], FINISH, []),
    ("finish and purge at once", "at-once", [TAKE_FACTORY], FINISH, ["FACTORY"]),
    ("delete a server", "factory", [TAKE_FACTORY], DELETE, ["OTHER"]),
    ("purge", "factory", [TAKE_FACTORY], PURGE, ["FACTORY"]),
    ("time passes", "factory", [TAKE_FACTORY, FINISH], TICK, []),
    ("time is over", "factory", [TAKE_FACTORY, FINISH], EXPIRE, ["FACTORY"]),
    ("card removed", "factory", [TAKE_CARD], CARD_REMOVED, ["CARD"]),
    ("card disabled", "factory", [TAKE_CARD], CARD_DISABLED, []),
    ("reset", "factory", [TAKE_CARD], RESET, ["CARD", "OTHER"]),
    ("reset to the account", "factory", [TAKE_CARD], RESET_TO_ACCOUNT, ["OTHER"]),
]


def spelled(which):
    """As spell() of store.c."""
    x, out = 0x9E3779B9 * (which + 1) & 0xFFFFFFFF, []
    for _ in range(16):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(x >> 24)
    return bytes(out)


NAMES = ("OTHER", "APPLIED", "SECOND", "LATER", "CARD")  # as enum secret
SECRETS = {name: [spelled(i)] for i, name in enumerate(NAMES)}


def secrets_of(path):
    """Of the set that the tools put into a factory slot."""
    with open(path, encoding="utf-8") as f:
        document = json.load(f)
    found = [bytes.fromhex(r["hex"]) for o in document["objects"] for i in o["instances"]
             for r in i["resources"] if r.get("secret")]
    if not found or min(map(len, found)) < 16:
        raise RuntimeError("%s: no secret" % path)
    return found


def forms(secret):
    """As it is, and as a program may have written it down."""
    # Base64 depends on what stands before: the middle of each of the three.
    return [secret, secret.hex().encode(), secret.hex().upper().encode()] + \
        [base64.b64encode(bytes(k) + secret)[4:20] for k in range(3)]


def holds(octets, name):
    return any(form in octets for secret in SECRETS[name] for form in forms(secret))


# ---- devices ---------------------------------------------------------------------------------------

class Microbit:
    """Cortex-M0 with its flash controller: a store is an operation."""
    flash_size, window = 0x40000, Window([(0x3C000, 0x1800)])
    ram, mail, page, area = (0x20000000, 0x3F00), 0x20003F00, 0x400, 0x800
    stores_each, watched, code = 1, [(0x3C000, 0x4000), (0x4001E508, 4)], 0

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.text = open("%s/%s.bin" % (folder, name), "rb").read()

    def image(self, flash):
        """The whole flash of the device as a file."""
        whole = bytearray(self.text.ljust(self.flash_size, b"\xff"))
        at = self.window.parts[0][0]
        whole[at:at + len(flash)] = flash
        path = "%s/%s.flash" % (self.folder, self.name)
        with open(path, "wb") as f:
            f.write(whole)
        return path

    def command(self, flash):
        """The program alone when flash is None: what else is in flash then outlives a reset."""
        kernel = "%s/%s.elf" % (self.folder, self.name) if flash is None else self.image(flash)
        return ["qemu-system-arm", "-M", "microbit", "-semihosting-config", "enable=on,target=native",
                "-kernel", kernel]

    def dump(self, machine):
        return machine.read((0, self.flash_size))


class Virt:
    """RISC-V with two NOR chips side by side: four stores are an operation."""
    base, sector, kept = 0x22000000, 0x40000, 0x400
    window = Window([(0x22000000, 0x400), (0x22040000, 0x400), (0x22080000, 0x400)])
    mail, page, area = 0x80100000, kept, kept
    stores_each, watched, code = 4, [(base, 3 * sector)], 10

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.elf = "%s/%s.elf" % (folder, name)
        begin = symbol(self.elf, "link_data")
        self.ram = (begin, symbol(self.elf, "link_stack") - begin)

    def image(self, flash):
        path = "%s/%s.flash" % (self.folder, self.name)
        with open(path, "wb") as f:
            for k in range(3):
                f.write(flash[k * self.kept:(k + 1) * self.kept].ljust(self.sector, b"\xff"))
            f.truncate(32 << 20)  # a bank of exactly this size, sparse
        return path

    def command(self, flash):
        image = self.image(b"\xff" * self.window.size if flash is None else flash)
        os.replace(image, path := image + (".many" if flash is None else ".once"))
        return ["qemu-system-riscv32", "-M", "virt", "-bios", self.elf, "-drive",
                "if=pflash,unit=1,format=raw,cache=unsafe,file=" + path]

    def dump(self, machine):
        return machine.read((self.base, 3 * self.sector))


def symbols(elf):
    """name: (address without the mark of Thumb code, octets)"""
    listing = subprocess.run(["nm", "-S", elf], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in listing.splitlines():
        words = line.split()
        found[words[-1]] = int(words[0], 16) & ~1, int(words[1], 16) if len(words) == 4 else 0
    return found


def symbol(elf, name):
    return symbols(elf)[name][0]


class Device:
    """A machine with a program, many boots in one process.  boots: contents of flash met so far."""

    def __init__(self, kind, folder, name):
        self.kind = kind(folder, name)
        elf = "%s/%s.elf" % (folder, name)
        self.machine = Machine(self.kind.command(None), self.kind.window, self.kind.watched,
                               self.kind.stores_each, symbol(elf, "board_end"), self.kind.code)
        self.view_at, self.view_n = symbols(elf)["view"]
        self.booted, self.cold, self.warm = 0, 0, 0
        self.met = {}

    def mail(self, job, old=bytes(8), new=bytes(8)):
        return self.kind.mail, job.to_bytes(4, "little") + old + new

    def power_on(self, flash, job):
        self.machine.reset()
        at, n = self.kind.ram
        if self.booted % 64 != 0:  # where nothing lives but the stack
            at, n = at + n - STACK, STACK
        self.machine.write(flash, (at, b"\xa7" * n), self.mail(job))

    def run(self, flash, job):
        """One boot: contents of flash after each operation, and the exit code."""
        self.power_on(flash, job)
        contents = []
        while (code := self.machine.go()) is None:
            contents.append(self.machine.flash())
        return contents, code

    def look(self, flash):
        """What a boot from this content finds: its view, contents after its operations, whether a
        secret is left in RAM."""
        if flash not in self.met:
            contents, code = self.run(flash, LOOK)
            begin, n = self.kind.ram
            behind = self.view_at + self.view_n
            view = self.machine.read((self.view_at, self.view_n))
            ram = self.machine.read((begin, self.view_at - begin), (behind, begin + n - behind))
            left = {name for name in SECRETS if holds(ram, name)}
            self.met[flash] = (view, contents, left, code)
            self.booted += 1
        return self.met[flash]

    def boot_cold(self, flash, old, new):
        """The same in a process of its own: the exit code."""
        command = self.kind.command(flash)
        for at, octets in ((0, LOOK.to_bytes(4, "little")), (4, old[:4]), (8, old[4:8]), (12, new[:4]), (16, new[4:8])):
            command += ["-device", "loader,addr=%#x,data=%#x,data-len=4" % (
                self.kind.mail + at, int.from_bytes(octets, "little"))]
        self.cold += 1
        return subprocess.run(command + ["-nographic", "-monitor", "none", "-serial", "null"], timeout=DELAY,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode

    def boot_warm(self, flash, job, at, old, new):
        """A reset after that many operations of the job, with RAM and flash as they are."""
        self.power_on(flash, job)
        for _ in range(at):
            if self.machine.go() is not None:
                raise RuntimeError("the end came before")
        before = self.machine.flash()
        self.machine.reset()
        if self.machine.flash() != before:
            raise RuntimeError("the reset changed flash")
        self.machine.write(before, self.mail(LOOK, old, new))
        while (code := self.machine.go()) is None:
            pass
        self.warm += 1
        return code


# ---- cuts ------------------------------------------------------------------------------------------

def changes(before, after):
    """Where they differ."""
    return [i for at in range(0, len(before), 256) if before[at:at + 256] != after[at:at + 256]
            for i in range(at, at + 256) if before[i] != after[i]]


def torn(before, after, seed):
    """Of what an operation changes only a part has changed: contents, one for each of WAYS."""
    changed = changes(before, after)
    if not changed:
        return
    draw = random.Random(seed)
    for way, share in enumerate((1, (len(changed) + 1) // 2, len(changed) - 1, None)):
        out = bytearray(before)
        for rank, i in enumerate(changed):
            mask = draw.getrandbits(8) if share is None else 255 * (rank < share)
            out[i] = before[i] ^ (before[i] ^ after[i]) & mask
        yield WAYS[way], bytes(out)


def some(contents, ways, turn):
    """As many of them, others each time."""
    contents = list(contents)
    return [contents[(turn + k) % len(contents)] for k in range(min(ways, len(contents)))]


def legal(before, after, page):
    """Has the operation kept to the rules of NOR flash: a page erased whole, or one word that was blank
    programmed?  The emulated chips let a program overwrite, so it must be seen here."""
    changed = changes(before, after)
    if not changed:
        return True  # erased while blank
    at = changed[0] // page * page
    if after[at:at + page] == b"\xff" * page:
        return changed[-1] < at + page
    at = changed[0] // 4 * 4
    return changed[-1] < at + 4 and before[at:at + 4] == b"\xff" * 4


class Sweep:
    """One update, cut everywhere."""

    def __init__(self, device, update, folder, skip=0):
        self.device, self.skip = device, skip
        self.name, factory, before, self.job, self.gone = update
        self.counts = collections.Counter()
        self.bad = collections.Counter()
        self.lost = collections.Counter()  # by kind of cut: neither the old nor the new one
        self.first = None
        area = open("%s/%s.bin" % (folder, factory), "rb").read()
        self.base = area[:device.kind.area].rjust(device.kind.window.size, b"\xff")
        for job in before:
            self.base = self.update(self.base, job)
        self.old = device.look(self.base)[0]

    def update(self, flash, job):
        contents, code = self.device.run(flash, job)
        if code != 0:
            raise RuntimeError("%s: job %d ended with %d" % (self.name, job, code))
        return contents[-1]

    def wrong(self, what, where):
        self.bad[what] += 1
        self.first = self.first or "%s: %s" % (where, what)

    def judge(self, kind, flash, where, may):
        """Boot; what was found, and the boot's own operations."""
        view, contents, left, code = self.device.look(flash)
        self.counts[kind] += 1
        if view not in may:
            self.lost[kind] += 1
            self.wrong(VERDICTS.get(code, VERDICTS[21]) if code in (20, 22, 23, 99) else VERDICTS[21], where)
            return None, []
        if left:
            self.wrong("a secret in RAM", where)
        if view == self.new:
            done = contents[-1] if contents else flash
            for name in self.gone:
                if holds(done, name):
                    self.wrong("a key that was given up is in flash", where)
        return view, contents

    def boots(self, kind, flash, where, again, ways):
        found, contents = self.judge(kind, flash, where, (self.old, self.new))
        if found is None or not again:
            return
        before = flash
        for at, after in enumerate(contents, 1):
            place = "%s, boot cut in %d" % (where, at)
            self.judge("second cut", after, place, (found,))
            for way, content in some(torn(before, after, at), ways, self.counts["second cut"]):
                self.judge("second cut", content, "%s (%s)" % (place, way), (found,))
            before = after

    def run(self, ways=len(WAYS), every=1):
        """every: second cuts behind each so manieth cut, and behind the last ones."""
        states, code = self.device.run(self.base, self.job)
        if code != 0:
            raise RuntimeError("%s ended with %d" % (self.name, code))
        self.operations = len(states)
        self.new = self.device.look(states[-1])[0]
        if self.new == self.old:
            raise RuntimeError("%s changes nothing" % self.name)
        before = self.base
        for at, after in enumerate(states, 1):
            if not legal(before, after, self.device.kind.page):
                self.wrong("not as NOR flash is programmed", "operation %d" % at)
            if at != self.skip:
                again = at % every == 0 or at > len(states) - 6
                self.boots("clean", after, "cut %d" % at, again, ways)
                for way, content in some(torn(before, after, at), ways, at):
                    self.boots("torn", content, "cut in %d (%s)" % (at, way), again, ways)
            before = after
        dump = self.device.kind.dump(self.device.machine)
        for name in self.gone:
            if holds(dump, name):
                self.wrong("a key that was given up is in flash", "at the end")
        # From wherever a cut has led, the next update works.
        left = {self.device.look(s)[1][-1] if self.device.look(s)[1] else s for s in states}
        later = [self.device.look(self.update(s, NEXT))[0] for s in (self.base, states[-1])]
        for content in left:
            self.judge("next update", self.update(content, NEXT), "the update after a cut", later)
        self.states = states

    def enough(self):
        return self.operations > 8 and self.counts["clean"] >= self.operations


# ---- all of it -------------------------------------------------------------------------------------

MACHINES = {"microbit": Microbit, "virt": Virt}
# For each machine: the number of ways in which an operation is torn, others each time; second cuts,
# boots in a process of their own, and resets at each so manieth operation and at the last ones.
DEPTH = {"microbit": (2, 16, 12, 48), "virt": (1, 32, 24, 96)}


class Verdicts:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s" % what)


def other_boots(sweep, device, every_cold, every_warm):
    """Boots from outside, and by reset: the exit codes must be those that the views promise."""
    sums = sweep.old[:8], sweep.new[:8]
    last = len(sweep.states)
    for at in range(1, last + 1):
        want = NEW if device.look(sweep.states[at - 1])[0] == sweep.new else OLD
        if at % every_cold == 0 or at > last - 3:
            code = device.boot_cold(sweep.states[at - 1], *sums)
            if code != want:
                sweep.wrong("cold boot: exit %d, wanted %d" % (code, want), "cut %d" % at)
        if at % every_warm == 0 or at == last - 2:
            code = device.boot_warm(sweep.base, sweep.job, at, *sums)
            if code != want:
                sweep.wrong("reset: exit %d, wanted %d" % (code, want), "operation %d" % at)


def sweeps(machine, folder, verdict):
    device = Device(MACHINES[machine], folder, "store")
    ways, every, cold, warm = DEPTH[machine]
    total = collections.Counter()
    for update in UPDATES:
        sweep = Sweep(device, update, folder)
        sweep.run(ways, every)
        other_boots(sweep, device, cold, warm)
        verdict(not sweep.bad, "%s: %s, first %s" % (sweep.name, dict(sweep.bad), sweep.first))
        verdict(sweep.enough(), "%s: %d cuts of %d operations" % (
            sweep.name, sweep.counts["clean"], sweep.operations))
        total += sweep.counts
        total["operations"] += sweep.operations
    print("%s: %d updates, %d operations; cuts: %d clean, %d torn, %d in the boot after; %d next updates" % (
        machine, len(UPDATES), total["operations"], total["clean"], total["torn"], total["second cut"],
        total["next update"]))
    print("%s: %d boots of different flash, %d in a process of its own, %d by reset in the middle" % (
        machine, device.booted, device.cold, device.warm))
    verdict(device.cold > len(UPDATES) and device.warm >= len(UPDATES), "too few other boots")
    return device


def controls(machine, folder, device, verdict):
    """What is wrong on purpose must be seen."""
    apply = next(u for u in UPDATES if u[0] == "apply")

    def caught(name, device, update, what, **options):
        sweep = Sweep(device, update, folder, **options)
        sweep.run(1, 1000)
        print("%s: control, %s: %d of %d boots go wrong" % (
            machine, name, sum(sweep.bad.values()), sum(sweep.counts.values())))
        verdict(what(sweep), "control not caught: %s, %s" % (name, dict(sweep.bad)))

    wrong = Device(MACHINES[machine], folder, "wrong")
    caught("update in place", wrong, ("in place",) + apply[1:3] + (IN_PLACE,) + apply[4:],
           lambda s: s.lost["clean"] > s.operations // 2 and s.lost["torn"] > s.operations // 2)
    wrong.machine.close()
    hasty = Device(MACHINES[machine], folder, "hasty")
    caught("tidies up before it has decided", hasty, apply, lambda s: s.lost["clean"] > 0 and s.lost["torn"] > 0)
    hasty.machine.close()
    finish = next(u for u in UPDATES if u[0] == "finish")
    caught("a key that is kept", device, finish[:4] + (["FACTORY"],),
           lambda s: s.bad["a key that was given up is in flash"] > 1)
    caught("a cut left out", device, apply, lambda s: not s.bad and not s.enough(), skip=7)
    verdict(not legal(b"\x0f".ljust(256, b"\xff"), b"\x0e".ljust(256, b"\xff"), device.kind.page),
            "control not caught: a word programmed twice")
    sweep = Sweep(device, apply, folder)
    verdict(holds(sweep.old, "FACTORY") and holds(sweep.old, "OTHER") and not holds(sweep.old, "APPLIED"),
            "control not caught: keys where the program keeps what it found")
    blank = b"\xff" * device.kind.window.size
    view = device.look(blank)[0]
    code = device.boot_cold(blank, view[:8], bytes(8))
    verdict(code == OLD, "blank flash in a process of its own: exit %d" % code)
    code = device.boot_cold(blank, bytes(8), bytes(8))
    verdict(code == 20, "control: an exit code without a configuration: %d" % code)


def main():
    machine, folder = sys.argv[1:3]
    verdict = Verdicts()
    began = time.time()
    SECRETS["FACTORY"] = secrets_of(os.path.join(folder, "factory.json"))
    device = sweeps(machine, folder, verdict)
    controls(machine, folder, device, verdict)
    device.machine.close()
    print("%s: %.0f s" % (machine, time.time() - began))
    print("%d passed, %d failed" % (verdict.passed, verdict.failed))
    return verdict.failed != 0


if __name__ == "__main__":
    sys.exit(main())
