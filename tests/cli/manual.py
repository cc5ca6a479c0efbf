#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What manual.sh asks of the README and the manual's sources and pages:
	examples FOLDER FILE...  writes the YAML examples as whole files, one each
	commands CERTFLEET FILE...  every command and option that is shown exists
	keys SCHEMA PAGE  each key stands in the page, with what the schema says
	options CERTFLEET PAGE [COMMAND...]  each option stands in its section
Prints what is wrong."""
import json
import os
import re
import shlex
import subprocess
import sys

import yaml

bad = []


def fences(path):
    """The examples of a file, as (what stands behind ```, text)."""
    text = open(path, encoding="utf-8").read()
    found = re.findall(r"^```(.*)\n((?:.*\n)*?)^```$", text, re.M)
    # the README's short ones are indented instead
    return found + [("", block) for block in re.findall(r"^(?: {4}.*\n)+", re.sub(r"(?s)```.*?```", "", text), re.M)]


def load(text):
    """YAML by the core schema of 1.2, where 'on' is text."""
    return yaml.load(text, Core)


class Core(yaml.SafeLoader):
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:bool"]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}


Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^([Tt]rue|TRUE|[Ff]alse|FALSE)$"), list("tTfF"))

# What a part of a fleet file is put into.
WHOLE = {
    "certfleet": 1, "fleet": "example",
    "backup": {"passphrase": {"env": "CERTFLEET_BACKUP_PASSPHRASE"}},
    "access": {"ssh": {"key": "id", "known_hosts": "known_hosts"},
               "agent": {"certificate": "ops.pem", "key": "ops.key", "ca": "agents-ca.pem"}},
    "issuers": {"shop-ca": {"subject": "CN=Shop CA"}, "agents-ca": {"subject": "CN=Agents CA", "use": "agents"}},
    "certificates": {"shop": {"subject": "CN=shop.example.com", "issuer": "shop-ca",
                              "names": ["shop.example.com", "web1.example.com", "web1", "127.0.0.1"]},
                     "per-host": {"per": "component", "subject": "CN=${component.host}",
                                  "names": ["${component.host}", "${each}.example.com"], "issuer": "shop-ca"}},
    "components": {},
}


def completed(kind, part):
    whole = json.loads(json.dumps(WHOLE))
    if kind == "component":
        some = {"certificate": "shop", "host": "shop.example.com", "deliver": {"files": {"directory": "/tls"}}, **part}
        some["verify"] = [] if "verify" in part and isinstance(part["verify"], list) else some.get("verify", [])
        part = {"components": {"one": some}}
    elif kind != "fleet":
        part = {kind: part}
    for key, value in part.items():
        if key in ("certificates", "components"):
            whole[key] = {**whole[key], **value}
        else:
            whole[key] = value
    return whole


def examples(folder, *files):
    count = 0
    for path in files:
        for kind, text in fences(path):
            if not kind.startswith("yaml"):
                continue
            count += 1
            name = f"{folder}/{os.path.basename(path)}-{count}.yaml"
            if kind != "yaml":
                text = json.dumps(completed(kind.split()[1], load(text)))
            elif text.startswith("certfleet-agent:"):
                name = name.replace(".yaml", ".agent.json")
                text = json.dumps(load(text))
            open(name, "w", encoding="utf-8").write(text)
    if count < 10:
        bad.append(f"only {count} examples")


def helped(certfleet, words):
    done = subprocess.run([certfleet, *words, "--help"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def check_line(certfleet, where, line):
    words = shlex.split(line, comments=True)
    named = []
    options = [w.split("=")[0] for w in words if re.match(r"--[a-z]", w)]
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in ("-C", "-f", "--file", "--directory")
            continue
        if not re.fullmatch(r"[a-z]+", word) or len(named) == 2:
            break
        named.append(word)
    text = helped(certfleet, named) or helped(certfleet, named[:1])
    if named and text is None:
        bad.append(f"{where}: there is no command '{' '.join(named)}': {line}")
    for option in options:
        if text is not None and not re.search(re.escape(option) + r"\b", text):
            bad.append(f"{where}: '{' '.join(named)}' has no {option}: {line}")


def commands(certfleet, *files):
    count = 0
    for path in files:
        text = open(path, encoding="utf-8").read()
        spans = [s for s in re.findall(r"`([^`\n]+)`", re.sub(r"(?s)```.*?```", "", text)) if s.startswith("certfleet ")]
        for kind, block in fences(path):
            spans += [] if kind else re.findall(r"certfleet [^\n]*", block.replace("\\\n", ""))
        for span in spans:
            line = re.sub(r"\.\.\.|,$", "", span[len("certfleet "):]).strip()
            check_line(certfleet, os.path.basename(path), line)
            count += 1
    if count < 20:
        bad.append(f"only {count} commands")


def bare(text):
    """Without what only marks a literal word."""
    return re.sub(r"[`'\"]", "", " ".join(text.split()))


def keys(schema, page):
    lines = [line.strip() for line in open(page, encoding="utf-8").read().split("\n")]
    there = {(above.split(":")[0], bare(line)) for above, line in zip(lines, lines[1:])}
    for name, record in json.load(open(schema, encoding="utf-8"))["$defs"].items():
        for key, value in record.get("properties", {}).items():
            if (key, bare(value["description"])) not in there:
                bad.append(f"'{key}' of '{name}' is not in the page")


def options(certfleet, page, *names):
    text = open(page, encoding="utf-8").read()
    for name in names or ("",):
        words = name.split()
        help_text = helped(certfleet, words) or ""
        own = help_text.split("Options of every command:")[0] if words else help_text
        found = re.findall(r"^  (?:-\w, )?--([a-z-]+)", own, re.M)
        head = re.escape(f"   certfleet {name}") + r"( |$)" if words else "OPTIONS OF EVERY COMMAND"
        section = re.search(r"(?ms)^" + head + r".*?(?=^ {0,3}\w|\Z)", text)
        for option in found:
            if not section or not re.search(rf"^ +(?:-\w, )?--{option}\b", section[0], re.M):
                bad.append(f"--{option} of '{name}' is not in the page")
        if not section:
            bad.append(f"there is no section of '{name}'")


{"examples": examples, "commands": commands, "keys": keys, "options": options}[sys.argv[1]](*sys.argv[2:])
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
