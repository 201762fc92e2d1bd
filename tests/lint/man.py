#!/usr/bin/env python3
"""Man pages against the command table (`imprint help --json`), both ways."""
import json
import re
import subprocess
import sys


def page_options(text):
    return set(re.findall(r"^\.It Fl -([a-z0-9-]+)", text, re.M))


def main(binary):
    table = json.loads(subprocess.run([binary, "help", "--json"], check=True, capture_output=True).stdout)
    problems = []
    nouns = sorted({c["noun"] for c in table["commands"]})
    for noun in nouns:
        path = "src/man/imprint-%s.1" % noun
        try:
            text = open(path, encoding="utf-8").read()
        except OSError:
            problems.append("%s is missing" % path)
            continue
        commands = [c for c in table["commands"] if c["noun"] == noun]
        sections = re.split(r"^\.Ss ", text, flags=re.M)
        for c in commands:
            body = text if not c["verb"] else next((s for s in sections if s.split("\n")[0].split()[:1] == [c["verb"]]), None)
            name = " ".join(x for x in ("imprint", noun, c["verb"]) if x)
            if body is None:
                problems.append("%s: no .Ss %s" % (path, c["verb"]))
                continue
            want = {o["name"] for o in c["options"]}
            have = page_options(body)
            problems += ["%s: --%s of %s is not described" % (path, o, name) for o in sorted(want - have)]
            problems += ["%s: --%s of %s does not exist" % (path, o, name) for o in sorted(have - want)]
        verbs = {c["verb"] for c in commands}
        problems += ["%s: .Ss %s is no verb" % (path, s.split()[0]) for s in sections[1:] if verbs != {None} and s.split()[0] not in verbs]
    main_page = open("src/man/imprint.1", encoding="utf-8").read()
    problems += ["src/man/imprint.1: --%s is not described" % o["name"] for o in table["options"] if o["name"] not in page_options(main_page)]
    problems += ["src/man/imprint.1: noun %s is not named" % n for n in nouns if "imprint-" + n not in main_page]
    codes = sorted({s["exit"] for s in table["statuses"]})
    described = sorted(int(x) for x in re.findall(r"^\.It (\d+)$", main_page, re.M))
    if codes != described:
        problems.append("src/man/imprint.1: exit codes %s, the table has %s" % (described, codes))
    readme = open("README.md", encoding="utf-8").read()
    documented = sorted(int(x) for x in re.findall(r"^\| (\d) \|", readme, re.M))
    if codes != documented:
        problems.append("README.md: exit codes %s, the table has %s" % (documented, codes))
    for p in problems:
        print(p)
    print("man: %d nouns, %d problems" % (len(nouns), len(problems)))
    return 1 if problems else 0


sys.exit(main(sys.argv[1]))
