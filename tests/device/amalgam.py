#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Joins the device reader into two files: imprint_reader.h and imprint_reader.c.

use:  amalgam.py OUTDIR        from the root of the tree

imprint_reader.h holds the headers of src/reader that are for devices, and the types of other layers
in them.  imprint_reader.c holds what their functions need, and only that: every other function is
static, file-local names that two files share get the file's name in front, and no header of a C
library is needed.
"""
import pathlib
import re
import sys

SRC = pathlib.Path("src")
# Headers of src/reader that are not for devices.
INTERNAL = {"session.h", "walk.h", "types.h", "store_record.h"}
NAME = re.compile(r"[A-Za-z_]\w*")
# Comments, strings and characters are passed over; a number is one token, so 0x1F holds no name.
TOKEN = re.compile(
    r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\d[\w.]*|->|.", re.S)
INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"].*\n', re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)

MEMORY = """\
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int octet, size_t n);
int memcmp(const void *a, const void *b, size_t n);
"""

LICENSE = "/* SPDX-License-Identifier: Apache-2.0 */\n"


class Chunk:
    """One thing at the top level of a file, with the comment in front of it."""

    def __init__(self, text, file, gap):
        self.text, self.file, self.gap = text, file, gap
        bare = COMMENT.sub(" ", text).strip()
        self.bare = bare
        self.uses = set(t for t in TOKEN.findall(bare) if NAME.fullmatch(t))
        self.macros = set(re.findall(r"^\s*#\s*define (\w+)", bare, re.M))
        self.body = False
        self.function = self.variable = None
        self.names = set(self.macros)
        self.static = bare.startswith("static ")
        if bare.startswith("#"):
            # A group: what it defines is found line by line.
            for m in re.finditer(r"^(?:static |const )*[\w *]+?(\w+)\(.*\)\n\{", bare, re.M):
                self.names.add(m[1])
                self.function = m[1]
                self.body = True
            return
        head = re.split(r"[{=;]", re.sub(r"__attribute__\s*\(\(.*?\)\)(?=\s)", "", bare), maxsplit=1)[0]
        tag = re.match(r"(?:typedef )?(?:static )?(?:const )?(enum|struct|union) (\w+)?\s*$", head.strip())
        if tag and tag[2]:
            self.names.add(tag[2])
        if re.match(r"(?:static )?(?:const )?enum\b[^(]*\{", bare):
            self.names |= set(re.findall(r"(?:^|[{,\n])\s*([A-Z]\w*)\s*(?=[=,}])", bare))
        call = re.search(r"(\w+)\s*\(", head)
        if bare.startswith("typedef"):
            self.names.add(call[1] if call else re.findall(r"\w+", bare)[-1])
        elif call and not (tag and tag[2]):
            self.function = call[1]
            self.body = bare.endswith("}")
            self.names.add(call[1])
        elif not tag or not tag[2]:
            inner = bare[bare.rfind("}", 0, bare.find("=") if "=" in bare else None) + 1:] \
                if re.match(r"static const struct\s*\{", bare) else head
            found = re.search(r"(\w+)\s*(?:\[[^]]*\])*\s*(?:[=;]|$)", inner)
            if found and not bare.startswith("enum"):
                self.variable = found[1]
                self.names.add(found[1])

    def local(self):
        """Names that no other file may see, but that share the space when joined."""
        if self.file.suffix == ".h":
            return set()
        return self.macros if (self.function or self.variable) and not self.static else self.names


def split(text, file):
    """Chunks of a file, without includes and the include guard."""
    guard = re.search(r"^#ifndef (\w+_H)\n#define \1\n(.*)^#endif\n\Z", text, re.S | re.M)
    if guard:
        text = text[:guard.start()] + guard[2]
    text = INCLUDE.sub("", text.replace(LICENSE, ""))
    chunks, start, depth, groups, i = [], 0, 0, 0, 0
    fresh = body = False  # fresh: nothing but blanks and comments since start

    def cut(end):
        nonlocal start, fresh
        gap = re.search(r"\n\s*\n\Z", text[:end - len(text[start:end].lstrip())]) is not None
        chunks.append(Chunk(text[start:end].strip("\n") + "\n", file, gap))
        start, fresh = end, True

    fresh = True
    while i < len(text):
        if text.startswith("/*", i):
            i = text.index("*/", i) + 2
            if fresh and depth == 0 and text[i:i + 2] == "\n\n":
                start = i  # a remark on the file, or a heading: belongs to nothing
            continue
        c = text[i]
        if c == "#" and depth == 0 and text[i - 1:i] in ("", "\n"):
            end = i
            while True:
                end = text.index("\n", end) + 1
                if text[end - 2] != "\\":
                    break
            word = re.match(r"#\s*(\w+)", text[i:])[1]
            groups += word.startswith("if")
            groups -= word == "endif"
            i = end
            fresh = False
            if groups == 0:
                cut(i)
            continue
        if c in "\"'":
            i = TOKEN.match(text, i).end()
            fresh = False
            continue
        if c == "{":
            if depth == 0:
                body = text[:i].rstrip().endswith(")")
            depth += 1
        elif c == "}":
            depth -= 1
        i += 1
        if not c.isspace():
            fresh = False
        if depth == 0 and groups == 0 and (c == ";" or (c == "}" and body)):
            cut(i)
            body = False
    return chunks


def included(path):
    return [m[2] for m in INCLUDE.finditer(path.read_text()) if m[1] == '"']


def with_what_it_includes(paths):
    """The headers that these files need, each behind those that it needs itself."""
    order = []

    def visit(path):
        for name in included(path):
            header = SRC / name
            if header not in order:
                visit(header)
                order.append(header)

    for path in paths:
        visit(path)
    return order


def public_headers():
    """Those for devices, each behind those that it includes."""
    headers = [h for h in sorted((SRC / "reader").glob("*.h")) if h.name not in INTERNAL]
    order = [h for h in with_what_it_includes(headers) if h in headers]
    return order + [h for h in headers if h not in order]


def reached(chunks, roots):
    """Chunks that the roots need, in any number of steps."""
    owners = {}
    for c in chunks:
        for name in c.names:
            owners.setdefault(name, []).append(c)
    found, todo = set(), list(roots)
    while todo:
        c = todo.pop()
        if c in found:
            continue
        found.add(c)
        for name in c.uses:
            for owner in owners.get(name, []):
                # A local name of another file is not meant.
                if name not in owner.local() or owner.file == c.file:
                    todo.append(owner)
    return found


def rename(text, names, stem):
    out, before = [], ""
    for token in TOKEN.findall(text):
        if token in names and before not in (".", "->"):
            prefix = stem.upper() if token.isupper() else stem
            token = "%s_%s" % (prefix, token)
        out.append(token)
        if not token.isspace():
            before = token
    return "".join(out)


def colliding(chunks):
    """Per source file the local names that another file has too."""
    owners = {}
    for c in chunks:
        for name in c.names:
            owners.setdefault(name, set()).add(c.file)
    result = {}
    for c in chunks:
        result.setdefault(c.file, set()).update(n for n in c.local() if len(owners[n]) > 1)
    return result


def hidden(chunk, public):
    """The chunk's text, static unless public."""
    text = chunk.text
    if not (chunk.function or chunk.variable) or chunk.static or public & chunk.names:
        return text
    if chunk.bare.startswith("#"):
        return re.sub(r"^(?=\w[\w *]*\(.*\)\n\{)", "static ", text, flags=re.M)
    at = len(re.match(r"(?:\s|/\*.*?\*/)*", text, re.S)[0])
    return text[:at] + "static " + re.sub(r"^extern ", "", text[at:])


def header(paths, borrowed):
    parts = [LICENSE, "/* imprint reader, all of its public headers in one; made from src/reader. */\n",
             "#ifndef IMPRINT_READER_H\n#define IMPRINT_READER_H\n",
             "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n",
             "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"]
    parts += [c.text for c in borrowed]
    for path in paths:
        text = INCLUDE.sub("", path.read_text().replace(LICENSE, ""))
        guard = re.search(r"^#ifndef (\w+_H)\n#define \1\n(.*)^#endif\n\Z", text, re.S | re.M)
        parts.append("/* ---- %s ---- */\n" % path.name)
        parts.append((text[:guard.start()] + guard[2]).strip("\n") + "\n")
    return "\n".join(parts + ["#ifdef __cplusplus\n}\n#endif\n", "#endif\n"])


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    sources = [p for p in sorted((SRC / "base").glob("*.c")) if p.name != "diag.c"]
    sources += sorted((SRC / "codec").glob("*_dec.c")) + sorted((SRC / "reader").glob("*.c"))
    parsed = {p: split(p.read_text(), p) for p in sources}
    defined = {c.function for cs in parsed.values() for c in cs if c.body}
    public, exported, interface = [], set(), []
    for h in public_headers():
        chunks = split(h.read_text(), h)
        declared = {c.function for c in chunks if c.function and not c.body}
        if not declared <= defined:
            sys.exit("amalgam.py: %s wants %s" % (h, ", ".join(sorted(declared - defined))))
        public.append(h)
        exported |= declared
        interface += chunks
    headers = [h for h in with_what_it_includes(sources) if h not in public]
    parsed_headers = {h: split(h.read_text(), h) for h in headers}
    everything = [c for cs in list(parsed_headers.values()) + list(parsed.values()) for c in cs]
    keep = reached(everything, [c for c in everything if c.function in exported and c.body])
    # What is only announced there ("struct x;") stays the reader's own.
    opaque = {m[1] for m in (re.fullmatch(r"struct (\w+);", c.bare) for c in interface) if m}
    for c in interface:
        c.uses -= opaque
    borrowed = reached([c for cs in parsed_headers.values() for c in cs if not c.function], interface)
    borrowed = [c for cs in parsed_headers.values() for c in cs if c in borrowed]
    keep -= set(borrowed)
    clash = colliding(list(keep) + interface)

    parts = [LICENSE, "/* imprint reader, joined from its sources: see imprint_reader.h and "
             "src/reader/PORTING.md. */\n", '#include "imprint_reader.h"\n', "/* The four functions that every device has; no header of a C library is needed. */\n" +
             MEMORY]
    for path, chunks in list(parsed_headers.items()) + list(parsed.items()):
        if not keep.intersection(chunks):
            continue
        part, gap = "/* ---- %s ---- */\n" % path.relative_to(SRC), True
        for c in chunks:
            gap = gap or c.gap
            if c in keep:
                stem = path.stem.replace("_dec", "")
                part += "\n" * gap + rename(hidden(c, exported), clash.get(path, set()), stem)
                gap = False
        parts.append(part)
    (out / "imprint_reader.h").write_text(header(public, borrowed))
    (out / "imprint_reader.c").write_text("\n".join(parts))


main()
