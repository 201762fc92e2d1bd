#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cli.py PROGRAM FOLDER: every command of the program from outside, with two cards in readers.

Each run has a copy of the same good files as its folder.
"""
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

PROGRAM, WORK = sys.argv[1:]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOOD, COPY = WORK + "/good", WORK + "/copy"
passed = failed = 0


def check(what, holds, *said):
    global passed, failed
    if holds:
        passed += 1
        return
    failed += 1
    print("FAILED:", what)
    for text in said:
        print("    |", str(text)[:400].replace("\n", "\n    | "))


# "1 units": nothing may be said so.
ONE_OF_MANY = re.compile(r"(?<![\w./])1 (batches|entries|tries|(?:bit|command|credential|error|event|file|finding|image|"
                         r"message|object|octet|reader|record|row|rule|slot|step|unit|warning|write)s)\b")


class Run:
    """One run: code, out, err; and whether the folder is as it was."""

    def __init__(self, *args, cwd=GOOD, stdout=subprocess.PIPE, timeout=60):
        self.line = "imprint " + " ".join(args)
        p = subprocess.run([PROGRAM, *args], cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout,
                           stderr=subprocess.PIPE, timeout=timeout, errors="replace")
        self.code, self.out, self.err = p.returncode, p.stdout or "", p.stderr
        several = ONE_OF_MANY.search(self.out + self.err)
        check(f"{self.line}: one is one", not several, several and several[0])

    def messages(self):
        return [m for m in re.findall(r"^imprint: (.*)", self.err, re.M) if not m.startswith("warning: ")]

    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]


def in_copy(*args):
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(GOOD, COPY)
    return Run(*args, cwd=COPY)


def snapshot(folder):
    seen = {}
    for path, names, files in os.walk(folder):
        for name in names + files:
            full = os.path.join(path, name)
            data = open(full, "rb").read() if os.path.isfile(full) else b""
            seen[os.path.relpath(full, folder)] = (os.stat(full).st_mode, hashlib.sha256(data).digest())
    return seen


def parses(text):
    try:
        return [json.loads(line) for line in text.splitlines()] or True
    except ValueError:
        return False


# ---- the good files -------------------------------------------------------------------------------


def make_good():
    shutil.copytree(ROOT + "/factory/profiles", GOOD + "/profiles", ignore=shutil.ignore_patterns("pki"))
    subprocess.run(["sh", GOOD + "/profiles/make-pki.sh"], check=True, stdout=subprocess.DEVNULL)
    shutil.copy(WORK + "/adm.txt", GOOD)
    with open(GOOD + "/d.csv", "w", encoding="utf-8") as f:
        f.write("serial\nA1\nA2\n")
    with open(GOOD + "/more.csv", "w", encoding="utf-8") as f:
        f.write("serial\nB1\nB2\n")
    with open(GOOD + "/new.csv", "w", encoding="utf-8") as f:
        f.write("serial\nC1\nC2\n")
    profile = open(GOOD + "/profiles/psk-persistent.yaml", encoding="utf-8").read()
    with open(GOOD + "/profiles/card.yaml", "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?ms)^targets:.*?(?=^seal:)", "targets:\n  card: {}\n", profile))
    for line in ("batch new --ledger l.db --profile profiles/psk-persistent.yaml --devices d.csv --name b",
                 "batch run --ledger l.db --batch b --out out",
                 "batch new --ledger l.db --profile profiles/card.yaml --devices more.csv --name open",
                 "batch new --ledger x.db --profile profiles/x509-persistent.yaml --devices d.csv --name x",
                 "batch run --ledger x.db --batch x --out x",
                 "set convert out/A1.hex --to ef --out a.ef",
                 "set convert out/A1.hex --to senml-cbor --out a.cbor",
                 "set convert out/A1.hex --to senml-json --out a.senml",
                 "set convert out/A1.hex --to json --out a.json",
                 "image build --set a.ef --layout stm32-2k --out a.bin",
                 "--yes card write --reader 0 --set a.ef --adm-file adm.txt"):
        r = Run(*line.split())
        check("good files: " + line, r.code == 0, r.err)


# ---- every command --------------------------------------------------------------------------------

# Arguments that succeed; whether the command changes anything.
COMMANDS = [
    ("profile check", "profiles/psk-persistent.yaml profiles/rpk-oscore.yaml", 0),
    ("profile show", "profiles/psk-persistent.yaml --devices d.csv", 0),
    ("batch new", "--ledger l.db --profile profiles/psk-persistent.yaml --devices new.csv --name c", 1),
    ("batch run", "--ledger l.db --batch open", 1),
    ("batch status", "--ledger l.db", 0),
    ("batch retry", "--ledger l.db --batch b", 1),
    ("batch scrap", "--yes --ledger l.db --batch open --serial B1 --reason dropped", 1),
    ("batch export", "--ledger l.db --batch b --out new.jsonl", 1),
    ("server export", "--ledger l.db --batch b --to json --out new.jsonl", 1),
    ("ledger verify", "--ledger l.db", 0),
    ("ledger show", "--ledger l.db", 0),
    ("ledger show", "--ledger l.db --endpoint urn:dev:ops:0001B2-HEAT-A1", 0),
    ("ledger export", "--ledger l.db", 0),
    ("set show", "a.ef", 0),
    ("set check", "a.cbor", 0),
    ("set convert", "a.senml --to ef --out new.ef", 1),
    ("image build", "--set a.ef --layout stm32-2k --out new.bin", 1),
    ("image inspect", "out/A1.hex", 0),
    ("image verify", "--layout stm32-2k --set a.ef out/A1.hex", 0),
    ("image merge", "--out new.hex out/A1.hex a.bin@0x10000", 1),
    ("image wipe", "--yes a.bin", 1),
    ("card list", "", 0),
    ("card info", "--reader 0", 0),
    ("card read", "--reader 0", 0),
    ("card read", "--reader 0 --out new.ef", 1),
    ("card verify", "--reader 0 --set a.ef", 0),
    ("card write", "--yes --reader 1 --set a.ef --adm-file adm.txt", 1),
    ("card wipe", "--yes --reader 1 --adm-file adm.txt", 1),
    ("card emulate", "--state new.json --create-only", 1),
    ("boot", "--flash out/A1.hex", 0),
    ("boot", "--reader 0 --flash out/A1.hex", 0),
    ("device boot", "--endpoint d --flash out/A1.hex --store d.store", 1),
    ("inspect", "a.ef", 0),
    ("inspect", "a.ef out/A2.hex x.db", 0),
]


def refill():
    """The card in the second reader as it is wanted by the next command."""
    Run("--yes", "card", "write", "--reader", "1", "--set", "a.ef", "--adm-file", "adm.txt")


def one_command(name, rest, changes):
    args = name.split() + rest.split()
    r = in_copy("--json", *args)
    check(f"{r.line}: exit 0", r.code == 0, r.code, r.err)
    check(f"{r.line}: JSON Lines", r.out and parses(r.out), r.out)
    check(f"{r.line}: no error message, no result on standard error",
          not r.messages() and not re.search(r'^[{\[]', r.err, re.M), r.err)
    if name == "card wipe":
        refill()
    plain = in_copy(*args)
    check(f"{plain.line}: exit 0", plain.code == 0, plain.code, plain.err)
    check(f"{plain.line}: no JSON unasked", not re.match(r'[{\[]"', plain.out) or name in JSON_ALWAYS, plain.out)
    check(f"{plain.line}: a result", bool(plain.out) != (f"{name} {rest}" in SILENT_PLAIN), plain.out)
    check(f"{plain.line}: results only", "imprint: " not in plain.out, plain.out)
    if name == "card wipe":
        refill()
    quiet = in_copy("--quiet", *args)
    check(f"{quiet.line}: exit 0", quiet.code == 0, quiet.err)
    check(f"{quiet.line}: silent but for warnings",
          not re.sub(r"(?m)^(imprint: warning: .*| {9}.*)\n", "", quiet.err), quiet.err)
    if not changes:
        check(f"{quiet.line}: the same result", quiet.out == plain.out, quiet.out)
    if name == "card wipe":
        refill()
    shutil.rmtree(COPY)
    shutil.copytree(GOOD, COPY)
    before = snapshot(COPY)
    dry = Run("--dry-run", *args, cwd=COPY)
    check(f"{dry.line}: exit 0", dry.code == 0, dry.code, dry.err)
    after = snapshot(COPY)
    check(f"{dry.line}: nothing changes", before == after,
          sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k)))


# These go on until they are stopped, or need a peer: test_server.sh, test_server_more.sh and test_device.sh have them.
TALKING = {"server run", "server push", "server import", "device run"}
JSON_ALWAYS = ("ledger export",)
# What these make is a file, told of on standard error.  set check prints findings, and has none here.
SILENT_PLAIN = ("server export --ledger l.db --batch b --to json --out new.jsonl", "set check a.cbor", "card read --reader 0 --out new.ef", "set convert a.senml --to ef --out new.ef",
                "batch export --ledger l.db --batch b --out new.jsonl", "card emulate --state new.json --create-only")


def every_command(commands):
    known = {(c["noun"] + " " + (c["verb"] or "")).strip() for c in commands}
    rows = {c[0] for c in COMMANDS} | TALKING
    check("each command has its row", known == rows, known ^ rows)
    for row in COMMANDS:
        one_command(*row)


# What is told of a file that was made: these members and this file.
MADE_FILES = [
    ("batch export --ledger l.db --batch b --out new.jsonl", "batch file bytes units secrets written"),
    ("batch export --ledger l.db --batch b --out out.csv --format csv", "batch file bytes units secrets written"),
    ("set convert a.senml --to ef --out new.ef", "file format bytes written"),
    ("card emulate --state new.json --create-only --protocol 0", "file iccid protocol written"),
]


def made_files():
    for line, members in MADE_FILES:
        r = in_copy("--json", *line.split())
        told = r.json()
        check(f"{r.line}: one line of {members}", len(told) == 1 and list(told[0]) == members.split(), r.out)
        told = told[0] if told else {"file": "none"}
        path = COPY + "/" + told["file"]
        check(f"{r.line}: the file", os.path.isfile(path) and told.get("written") is True
              and told.get("bytes", os.path.getsize(path)) == os.path.getsize(path), told)
        dry = in_copy("--json", "--dry-run", *line.split())
        check(f"{dry.line}: says so", [d.get("written") for d in dry.json()] == [False]
              and not os.path.exists(path), dry.out)


def one_of_each():
    """A batch of one unit in a ledger of its own: whatever counts it, counts one."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(GOOD, COPY)
    with open(COPY + "/one.csv", "w", encoding="utf-8") as f:
        f.write("serial\nONE\n")
    for line, code, counts in (
            ("batch new --ledger one.db --profile profiles/psk-persistent.yaml --devices one.csv --name one", 0, "1 unit of"),
            ("batch run --dry-run --ledger one.db --batch one --out one", 0, "1 of 1 unit to do"),
            ("batch run --ledger one.db --batch one --out one", 0, "1 unit made, 1 file written"),
            ("batch status --ledger one.db", 0, ": 1 unit: 1 released"),
            ("batch export --ledger one.db --batch one --out one.jsonl", 0, "1 unit"),
            ("ledger verify --ledger one.db", 0, "1 batch, 1 unit"),
            ("batch retry --ledger one.db --batch one", 0, "0 units will"),
            ("batch new --ledger one.db --profile profiles/card.yaml --devices one.csv --name card", 3, "ONE"),
            ("inspect a.ef adm.txt", 3, "1 of 2 files is"),
            ("image wipe --yes a.bin one/ONE.hex none.bin", 4, "1 of 3 files was not wiped")):
        r = Run(*line.split(), cwd=COPY)
        check(f"{r.line}: exit {code}", r.code == code, r.code, r.err)
        check(f"{r.line}: says {counts}", counts in r.out + r.err, r.out, r.err)
    check("control: 1 units", ONE_OF_MANY.search("of 1 units") and not ONE_OF_MANY.search("11 units, 1 unit, 0.1 files"))


# ---- help -----------------------------------------------------------------------------------------


def parse_example(help_all, words):
    """As the table says: None when it is a command line of this program, else what is wrong."""
    if words[0] != "imprint":
        return "no imprint"
    words = words[1:]
    found = [c for c in help_all["commands"]
             if words[:2 if c["verb"] else 1] == [c["noun"], c["verb"]][:2 if c["verb"] else 1]]
    if not found:
        return "no such command"
    c = found[0]
    words = words[2 if c["verb"] else 1:]
    options = {o["name"]: o for o in c["options"] + help_all["options"]}
    given, rest = set(), []
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            rest.append(word)
            continue
        if word[2:] not in options:
            return "no option " + word
        given.add(word[2:])
        if options[word[2:]]["argument"] is not None:
            if not words:
                return word + " has no value"
            words.pop(0)
    missing = [o["name"] for o in c["options"] if o["required"] and o["name"] not in given]
    if missing:
        return "without --" + missing[0]
    return "without " + c["arguments"] if c["arguments"] and not rest else None


def help_texts():
    all_json = Run("help", "--json")
    check("help --json: one document", all_json.code == 0 and len(all_json.out.splitlines()) == 1, all_json.out)
    table = json.loads(all_json.out)
    text = Run("help")
    check("help: exit 0, on standard output", text.code == 0 and text.out and not text.err, text.err)
    check("--help is help", Run("--help").out == text.out)
    version = Run("--version")
    check("--version", version.code == 0 and version.out == f"imprint {table['version']}\n", version.out)
    bare = Run()
    check("no command: exit 2, the commands on standard error",
          bare.code == 2 and not bare.out and "usage:" in bare.err, bare.out)
    empty = WORK + "/empty"
    os.mkdir(empty)
    for c in table["commands"]:
        words = [w for w in (c["noun"], c["verb"]) if w]
        r = Run(*words, "--help")
        check(f"{r.line}: exit 0, standard output alone", r.code == 0 and r.out and not r.err, r.err)
        check(f"{r.line}: as help {' '.join(words)}", Run("help", *words).out == r.out)
        check(f"{r.line}: every option", all(f"--{o['name']} {o['argument'] or ''}".rstrip() in r.out
                                             for o in c["options"] + table["options"]), r.out)
        check(f"{r.line}: in the list", c["noun"] in text.out and (c["verb"] or "") in text.out)
        check(f"{r.line}: its example", c["example"] and "\n  " + c["example"] + "\n" in r.out, r.out)
        example = shlex.split(c["example"])
        wrong = parse_example(table, example)
        check(f"{r.line}: the example parses", wrong is None, c["example"], wrong)
        ran = Run("--dry-run", *example[1:], cwd=empty)
        check(f"{ran.line}: no usage error", ran.code not in (1, 2), ran.code, ran.err)
        check(f"{ran.line}: leaves nothing", os.listdir(empty) == [], os.listdir(empty))
        if c["verb"]:
            noun = Run(c["noun"], "--help")
            check(f"{noun.line}: names {c['verb']}", noun.code == 0 and c["verb"] in noun.out, noun.out)
    check("exit codes in help", {s["exit"] for s in table["statuses"]} <= {0, 1, 2, 3, 4, 5, 6, 7, 8})
    check("control: a wrong example", parse_example(table, "imprint set show --lost a".split()) == "no option --lost")
    check("control: a short example", parse_example(table, "imprint batch run".split()) == "without --ledger")
    return table


USAGE = [
    ("proflie check a", "'proflie'.*\n.*profile"),
    ("profile chekc a", "'chekc'.*\n.*check"),
    ("zzzzzzzz", "'zzzzzzzz'.*\n.*imprint help"),
    ("profile zzzzzzzz", "'zzzzzzzz'.*\n.*profile --help"),
    ("profile", "which verb.*\n.*profile --help"),
    ("help zzzzzzzz", "'zzzzzzzz'"),
    ("help profile zzzzzzzz", "'zzzzzzzz'"),
    ("--zzzzzzzz", "--zzzzzzzz"),
    ("--zzzzzzzz set show a.ef", "--zzzzzzzz"),
    ("set show a.ef --zzzzzzzz", "--zzzzzzzz.*\n.*set show --help"),
    ("set show", "FILE is missing.*\n.*example: imprint"),
    ("set show a.ef a.ef", "too many.*a.ef"),
    ("set convert a.ef", "--to.*missing.*\n.*example: imprint"),
    ("set convert a.ef --to", "--to.*needs a value"),
    ("set convert a.ef --to ef --to ef", "--to: given twice"),
    ("set convert a.ef --to zzzzzzzz", "zzzzzzzz"),
    ("batch new --ledger l.db", "missing.*\n.*example: imprint"),
    ("batch run --ledger l.db --batch b --out o --jobs 0", "--jobs 0.*1 to"),
    ("batch run --ledger l.db --batch b --out o --jobs 1x", "--jobs 1x"),
    ("batch run --ledger l.db --batch b --out o --jobs 99999999999999999999999", "--jobs"),
    ("batch run --ledger l.db --batch b --out o --encode srec", "srec"),
    ("image build --set a.ef --layout stm32-2k --out n --generation -1", "--generation -1"),
    ("image build --set a.ef --layout stm32-2k --out n --generation 4294967296", "--generation"),
    ("completion", "which shell"),
    ("completion zsh", "bash"),
]


def usage_errors():
    for line, message in USAGE:
        r = in_copy(*line.split())
        check(f"{r.line}: exit 2", r.code == 2, r.code, r.err)
        check(f"{r.line}: says {message}", re.search(message, r.err), r.err)
        check(f"{r.line}: one message, no result", len(r.messages()) == 1 and not r.out, r.err, r.out)
        check(f"{r.line}: nothing changes", snapshot(GOOD) == snapshot(COPY))


# ---- completion -----------------------------------------------------------------------------------


def complete(*words):
    script = ('source <("$0" completion bash) || exit 1\n'
              'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n'
              '"$(complete -p imprint | sed "s/.*-F \\([^ ]*\\) .*/\\1/")"\n'
              'printf "%s\\n" "${COMPREPLY[@]}"')
    p = subprocess.run(["bash", "-c", script, PROGRAM, "imprint", *words], cwd=GOOD, text=True,
                       capture_output=True, check=False)
    check("completion of " + " ".join(words) + ": bash takes it", p.returncode == 0 and not p.stderr, p.stderr)
    return set(p.stdout.split())


def completion(table):
    nouns = {c["noun"] for c in table["commands"]}
    check("completion: nouns", complete("") >= nouns)
    for noun in sorted(nouns):
        check("completion: " + noun, noun in complete(noun[:-1]))
        verbs = {c["verb"] for c in table["commands"] if c["noun"] == noun and c["verb"]}
        if verbs:
            check(f"completion: verbs of {noun}", complete(noun, "") == verbs)
    for c in table["commands"]:
        words = [w for w in (c["noun"], c["verb"]) if w]
        options = {"--" + o["name"] for o in c["options"] + table["options"]}
        check(f"completion: options of {' '.join(words)}", complete(*words, "--") == options)
    check("completion: files", "a.ef" in complete("set", "show", "a.e"))


# ---- standard output that takes nothing ------------------------------------------------------------


def no_output(*args):
    full = open("/dev/full", "w", encoding="utf-8")
    to_full = Run(*args, stdout=full)
    check(f"{to_full.line} >/dev/full: exit 4", to_full.code == 4, to_full.code, to_full.err)
    check(f"{to_full.line} >/dev/full: one message", len(to_full.messages()) == 1
          and "standard output" in to_full.err, to_full.err)
    p = subprocess.run(["bash", "-c", '"$0" "$@" >&-', PROGRAM, *args], cwd=GOOD, text=True,
                       stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    check(f"{to_full.line} >&-: exit 4", p.returncode == 4, p.returncode, p.stderr)


def closed_output():
    for name, rest, changes in COMMANDS:
        if not changes:
            no_output("--json", *name.split(), *rest.split())
        if not changes and f"{name} {rest}" not in SILENT_PLAIN:
            no_output(*name.split(), *rest.split())
    for args in ("help", "help --json", "--version", "set show --help", "completion bash"):
        no_output(*args.split())


# ---- man pages ------------------------------------------------------------------------------------


def manuals(table):
    pages = sorted(os.listdir(ROOT + "/src/man"))
    for noun in sorted({c["noun"] for c in table["commands"]}):
        check(f"imprint-{noun}.1 is there", f"imprint-{noun}.1" in pages)
    for page in pages:
        p = subprocess.run(["mandoc", "-T", "utf8", f"{ROOT}/src/man/{page}"], capture_output=True,
                           text=True, check=False)
        text = re.sub(".\b", "", p.stdout)
        check(f"{page} renders", p.returncode == 0 and not p.stderr and len(text) > 500, p.stderr)
        noun = re.match(r"imprint-(.*)\.1", page)
        for c in table["commands"]:
            if noun and c["noun"] == noun[1]:
                check(f"{page}: {c['verb']}", not c["verb"] or c["verb"] in text)
                for o in c["options"]:
                    check(f"{page}: --{o['name']}", "--" + o["name"] in text)


# Exit 5, a key that does not open the seal, is said wherever exit codes are listed for what takes one.
def exit_5():
    with open(GOOD + "/other.key", "wb") as f:
        f.write(os.urandom(32))
    os.chmod(GOOD + "/other.key", 0o600)
    r = Run("image", "build", "--ledger", "l.db", "--endpoint", "urn:dev:ops:0001B2-HEAT-A1", "--layout", "stm32-2k",
            "--key-file", "other.key", "--out", "five.bin")
    check("another station key: exit 5", r.code == 5 and "other.key" in r.err, r.code, r.err)
    for path in ("README.md", "src/man/imprint.1", "src/man/imprint-batch.1", "src/man/imprint-image.1", "src/man/imprint-card.1"):
        text = open(ROOT + "/" + path, encoding="utf-8").read()
        rows = re.findall(r"(?m)^\| 5 \| (.*) \|$|^\.It 5\n([^.]*)", text)
        check(f"{path}: exit 5 is a key too", len(rows) == 1 and "key" in "".join(rows[0]), rows)


# ---- inspect: the shape of every document ------------------------------------------------------------

INT, STR, BOOL = int, str, bool
ID = {"id": INT}
VALUE = [{"value": INT}, {"value": STR}, {"value": BOOL}, {"hex": STR}, {"length": INT, "secret": BOOL}]
NAMED = {"name": STR, "type": ("string", "integer", "unsigned", "boolean", "opaque", "objlnk", "time", "float")}
RESOURCE = [ID | NAMED | v for v in VALUE] + [ID | NAMED | {"instances": [[ID | v for v in VALUE]]}]
OBJECTS = [[ID | {"version": STR, "instances": [[ID | {"resources": [RESOURCE]}]]}]]
FINDINGS = [[{"rule": STR, "severity": ("error", "warning"), "where": STR, "text": STR}]]
KEYS = ("persistent", "non-persistent")


def document(name, **more):
    return {"format": (name,), "bytes": INT} | more | {"objects": OBJECTS, "findings": FINDINGS}


EF = [document("ef-lwm2m-bootstrap", padding=INT), document("ef-lwm2m-bootstrap", padding=INT, keys=KEYS)]
SLOT = {"format": ("slot",), "bytes": INT, "offset": INT, "generation": INT, "keys": KEYS, "payload": INT,
        "tag": ("none", "aes-cmac"), "contains": EF}
SLOTS = [[[{"offset": INT, "state": ("good",), "generation": INT, "keys": KEYS, "payload": INT,
            "tag": ("none", "aes-cmac")},
           {"offset": INT, "state": ("not committed", "newer format", "checksum wrong", "damaged")}]]]
BIN = {"format": ("bin",), "bytes": INT, "slots": SLOTS, "contains": SLOT}
IHEX = {"format": ("ihex",), "bytes": INT, "base": INT, "image": INT, "slots": SLOTS, "contains": SLOT}
CERTIFICATE = {"format": ("der-certificate",), "bytes": INT, "subject": STR, "issuer": STR, "serial": STR,
               "not-before": STR, "not-after": STR, "key": {"type": STR, "curve": STR, "bits": INT}, "ca": BOOL}
UNKNOWN = {"format": STR, "bytes": INT, "error": STR}


def fits(value, shape):
    """A dict: exactly these members.  A tuple: one of these words.  [[x]]: a list of x.  [a, b]: either."""
    if isinstance(shape, dict):
        return isinstance(value, dict) and value.keys() == shape.keys() and all(
            fits(value[k], shape[k]) for k in shape)
    if isinstance(shape, tuple):
        return value in shape
    if isinstance(shape, list) and len(shape) == 1 and isinstance(shape[0], list):
        inner = shape[0]
        if isinstance(value, list):
            return all(fits(v, inner if len(inner) > 1 else inner[0]) for v in value)
        return len(inner) == 1 and fits(value, inner)
    if isinstance(shape, list):
        return any(fits(value, s) for s in shape)
    return type(value) is shape


def make_inspected():
    """Every format, from the good files and from parts of them."""
    image = open(GOOD + "/a.bin", "rb").read()
    payload = open(GOOD + "/a.ef", "rb").read()
    slot = json.loads(Run("inspect", "--json", "a.bin").out)["contains"]
    def write(name, data):
        with open(GOOD + "/" + name, "wb") as f:
            f.write(data)
    write("a.slot", image[slot["offset"]:slot["offset"] + slot["bytes"]])
    write("padded.ef", payload + b"\xff" * 14)
    write("cut.ef", payload[:-1])
    write("more.ef", payload + b"\x01")
    broken = bytearray(image)
    broken[slot["offset"] + 70] ^= 1
    write("crc.bin", broken)
    write("cut.bin", image[:slot["offset"] + 100])
    write("blank.bin", b"\xff" * 4096)
    write("empty", b"")
    write("junk", bytes(range(1, 200)))
    hexed = open(GOOD + "/out/A1.hex", "rb").read()
    write("cut.hex", hexed[:1000])
    write("sum.hex", hexed.replace(b":", b":", 1)[:12] + b"0" + hexed[13:])
    write("cut.cbor", open(GOOD + "/a.cbor", "rb").read()[:-1])
    write("cut.senml", open(GOOD + "/a.senml", "rb").read()[:-3])
    write("cut.json", open(GOOD + "/a.json", "rb").read()[:-3])
    subprocess.run(["openssl", "x509", "-in", "profiles/pki/ca.pem", "-outform", "DER", "-out", "ca.der"],
                   cwd=GOOD, check=True)
    write("cut.der", open(GOOD + "/ca.der", "rb").read()[:-1])
    shutil.copy(GOOD + "/l.db", GOOD + "/other.db")
    subprocess.run(["sqlite3", GOOD + "/foreign.db", "create table a (b)"], check=True)


INSPECTED = [
    ("a.ef", 0, EF),
    ("padded.ef", 0, EF),
    ("a.slot", 0, SLOT),
    ("a.bin", 0, BIN),
    ("x/A1.bin", 0, BIN),
    ("out/A1.hex", 0, IHEX),
    ("a.cbor", 0, [document("senml-cbor", padding=INT), document("senml-cbor", padding=INT, keys=KEYS)]),
    ("a.senml", 0, [document("senml-json", padding=INT), document("senml-json", padding=INT, keys=KEYS)]),
    ("a.json", 0, [document("json", padding=INT), document("json", padding=INT, keys=KEYS)]),
    ("ca.der", 0, CERTIFICATE),
    ("l.db", 0, {"format": ("ledger",), "bytes": INT, "schema": INT}),
    ("cut.ef", 3, None),
    ("more.ef", 0, EF),
    ("crc.bin", 3, None),
    ("cut.bin", 3, None),
    ("empty", 3, None),
    ("junk", 3, None),
    ("cut.hex", 3, None),
    ("sum.hex", 3, None),
    ("cut.cbor", 3, None),
    ("cut.senml", 3, None),
    ("cut.json", 3, None),
    ("cut.der", 3, None),
    ("foreign.db", 3, None),
]


def inspected():
    make_inspected()
    for name, code, shape in INSPECTED:
        r = Run("--json", "inspect", name)
        check(f"{r.line}: exit {code}", r.code == code, r.code, r.err)
        check(f"{r.line}: one document", len(r.out.splitlines()) == 1 and parses(r.out), r.out)
        d = json.loads(r.out)
        if shape:
            check(f"{r.line}: its shape", fits(d, shape), r.out[:3000])
            check(f"{r.line}: every octet counts",
                  d["bytes"] + d.get("padding", 0) == os.path.getsize(GOOD + "/" + name), d["bytes"])
        else:
            check(f"{r.line}: says what is wrong", isinstance(d.get("error"), str) and name in d["error"]
                  and len(r.messages()) == 1 and d["error"] in r.err, r.out, r.err)
        text = Run("inspect", name)
        check(f"{text.line}: exit {code}", text.code == code, text.code)
        if d["format"] != "unknown":
            check(f"{text.line}: the format first", text.out.startswith(d["format"]), text.out)
    r = Run("--json", "inspect", "a.ef", "none.ef", "cut.ef", "ca.der")
    lines = r.json()
    check("several files: a document each, with its name",
          [d.get("file") for d in lines if "error" not in d] == ["a.ef", "ca.der"], r.out)
    check("several files: the first failure's exit, one summary", r.code == 4 and "2 of 4 files" in r.err, r.err)
    for name, rules in (("a.ef", []), ("padded.ef", []), ("more.ef", ["D17"])):
        d = json.loads(Run("--json", "inspect", name).out)
        check(f"{name}: findings {rules}", [f["rule"] for f in d["findings"]] == rules, d["findings"])
    r = Run("--json", "inspect", "blank.bin")
    check("blank: exit 0 and no slot", r.code == 0 and json.loads(r.out)["slots"] == [], r.out)
    r = Run("--json", "inspect", "none")
    check("no file: exit 4, no document", r.code == 4 and not r.out and "none" in r.err, r.err)
    sample = json.loads(Run("--json", "inspect", "a.ef").out)
    for spoil in ("findings", "bytes"):
        check(f"control: without {spoil}", not fits({k: v for k, v in sample.items() if k != spoil}, EF))
    check("control: a member too many", not fits(sample | {"x": 1}, EF))
    check("control: a number as text", not fits(sample | {"bytes": "1"}, EF))
    sample["objects"][0]["instances"][0]["resources"][0].pop("name")
    check("control: a resource without name", not fits(sample, EF))


# ---- all --------------------------------------------------------------------------------------------


def main():
    make_good()
    table = help_texts()
    every_command(table["commands"])
    made_files()
    one_of_each()
    usage_errors()
    completion(table)
    exit_5()
    inspected()
    closed_output()
    manuals(table)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
