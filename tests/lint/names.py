#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names and sizes below src/: no file name, function name, struct or enum tag stands twice; a function has at most
80 lines and 6 parameters; a header has two includers beside its own .c file, or is listed here.  Functions are told by
their text, with braces in the first column."""
import collections
import glob
import os
import re
import sys

LINES, PARAMETERS = 80, 6
# callbacks whose parameters a library dictates
DICTATED = {"on_request", "choose_certificate"}
DEFINITION = re.compile(r"^([A-Za-z_][^\n;={}#]*?\n?[^\n;={}#]*?)\b([a-z_]\w*)\(([^;{}]*)\)\n\{\n(.*?)^\}", re.M | re.S)
# interfaces of which one place makes use
SINGLE = set("""
agent/client_cache agent/allow_files agent/enrol_host agent/network_half agent/worker base/parallel cli/progress
config/certificate_types config/lookup drivers/enrol_client engine/saved_plan pki/export
pki/extensions pki/starttls remote/batch remote/client state/database state/seal
""".split())
NO_NAMES = {"__attribute__", "main"}
bad = []


def plain(text):
    """Without comments and what stands in quotes, line by line as before."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
    text = re.sub(r"__attribute__\(\(.*?\)\)", "", text)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def once(what, places):
    for name, files in sorted(places.items()):
        if len(files) > 1:
            bad.append(f"{what} '{name}' stands in {', '.join(sorted(files))}")


names, tags, files = (collections.defaultdict(set) for _ in range(3))
for path in sorted(glob.glob("src/**/*.[ch]", recursive=True)):
    files[os.path.basename(path)].add(path)
    text = plain(open(path, encoding="utf-8").read())
    for tag in re.finditer(r"^(?:struct|enum) (\w+) ?\{|^(?:struct|enum) (\w+)\n\{", text, re.M):
        tags[tag[1] or tag[2]].add(path)
    for found in DEFINITION.finditer(text):
        name, parameters, lines = found[2], found[3], found[4].count("\n")
        line = text.count("\n", 0, found.start(2)) + 1
        if name in NO_NAMES:
            continue
        if path.endswith(".c"):
            names[name].add(path)
        if lines > LINES:
            bad.append(f"{path}:{line}: {name} has {lines} lines, more than {LINES}")
        depth = count = 0
        for c in parameters:
            depth += (c == "(") - (c == ")")
            count += c == "," and not depth
        if count + 1 > PARAMETERS and name not in DICTATED:
            bad.append(f"{path}:{line}: {name} has {count + 1} parameters, more than {PARAMETERS}")
included = collections.defaultdict(set)
for path in glob.glob("src/**/*.[ch]", recursive=True):
    for header in re.findall(r'^#include "([^"]+)\.h"', open(path, encoding="utf-8").read(), re.M):
        if path != f"src/{header}.c":
            included[header].add(path)
for header in sorted(glob.glob("src/**/*.h", recursive=True)):
    name = header[len("src/"):-len(".h")]
    if len(included[name]) < 2 and name not in SINGLE:
        bad.append(f"{header} has one includer: its declarations belong there, or into its module's header")
once("function", names)
once("tag", tags)
once("file", files)
for line in bad:
    print(line, file=sys.stderr)
sys.exit(bool(bad))
