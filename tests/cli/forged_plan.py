# SPDX-License-Identifier: Apache-2.0
"""
Every change of one place of a saved plan: forged_plan.py PLAN OUT makes
OUT/N.plan, and OUT/list with "N WHAT" lines.

Each leaf gets another value (of the same form where it has one, so that it is
still a plan), each member and entry is removed, each array gets a copy of its
last entry, each object a member.
"""
import copy
import json
import os
import re
import sys

PLANTED = os.path.realpath("evil/certfleet.yaml")
CHOICES = [
    ["block", "acknowledge", "info"],
    ["none", "swap", "reload", "restart"],
    ["stage", "commit", "activate", "verify", "issue", "import", "publish",
     "create-issuer", "backup", "retire"],
]


def others(value):
    """What may stand there instead."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if value is None:
        return ["evil", "0" * 64]
    if re.fullmatch("[0-9a-f]{64}", value):
        return [value[:-1] + ("0" if value[-1] != "0" else "1"), ""]
    for names in CHOICES:
        if value in names:
            return [n for n in names if n != value][:3]
    if re.fullmatch(r"s[0-9]+", value):
        return ["s1" if value != "s1" else "s2"]
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", value):
        return ["2026-01-01T00:00:00Z"]
    return [value + "x", PLANTED]


def changes(node, path):
    """Yields (path, what, how); `how` changes a copy of the document."""
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    for key, value in pairs:
        here = path + [key]
        yield here, "removed", lambda parent, key=key: parent.pop(key)
        if isinstance(value, (dict, list)):
            yield from changes(value, here)
            continue
        for new in others(value):
            def put(parent, key=key, new=new):
                parent[key] = new
            yield here, "= " + json.dumps(new), put
    if isinstance(node, dict):
        yield path + ["x-more"], "added", lambda parent: parent.update({"x-more": 1})
    elif node:
        yield path + [len(node)], "added", lambda parent: parent.append(copy.deepcopy(parent[-1]))
    else:
        yield path + [0], "added", lambda parent: parent.append("evil")


def main():
    with open(sys.argv[1]) as file:
        text = file.read()
    plan = json.loads(text)
    os.makedirs(sys.argv[2])
    with open(sys.argv[2] + "/list", "w") as names:
        for number, (path, what, how) in enumerate(changes(plan, [])):
            forged = json.loads(text)
            parent = forged
            for key in path[:-1]:
                parent = parent[key]
            how(parent)
            assert forged != plan, (path, what)
            with open(f"{sys.argv[2]}/{number}.plan", "w") as file:
                json.dump(forged, file)
            print(number, ".".join(map(str, path)), what, file=names)


main()
