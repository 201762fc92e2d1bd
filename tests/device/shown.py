#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is the code in a text the code in the tree?

use:  shown.py TEXT      from the root of the tree

A line "From `FILE`:" stands before each fenced block with a language other than sh; the block's lines
follow each other in FILE.  Prints how many blocks there are; exit 1 names those that differ.
"""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text()
blocks = re.findall(r"(?:^From `([^`]+)`:\n\n)?^```([a-z]+)\n(.*?)^```$", text, re.S | re.M)
blocks = [(name, code) for name, language, code in blocks if language != "sh"]
strange = [name or code.splitlines()[0] for name, code in blocks
           if not name or code not in pathlib.Path(name).read_text()]
if strange:
    sys.exit("%s: not as it stands in the tree: %s" % (sys.argv[1], ", ".join(strange)))
print(len(blocks))
