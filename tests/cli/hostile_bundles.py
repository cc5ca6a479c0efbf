#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bundles that must be refused, by verify and by restore, with nothing written:
	hostile_bundles.py CERTFLEET BUNDLE PASSPHRASE-FILE ARCHIVES EVERY
Prints TAP lines without a plan.  ARCHIVES holds index.jsonl and files; every EVERYth
byte is flipped, and the bundle is cut at every EVERYth length."""
import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import zipfile

certfleet, bundle, passphrase, archives, every = sys.argv[1:]
every = int(every)
good = open(bundle, "rb").read()
os.mkdir("victim")


def slot_text(data):
    """The 128 hex digits of the bundle, as RESTORE.txt says."""
    open("slot", "wb").write(zipfile.ZipFile(io.BytesIO(good)).read("recipients/0.enc"))
    return subprocess.run(
        ["openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", "600000", "-md", "sha256", "-in", "slot",
         "-pass", "file:" + passphrase], check=True, capture_output=True).stdout.decode()


secret = bytes.fromhex(slot_text(good)[64:])


def repacked(changes, listed=(), authentic=True):
    """The bundle with other entries; `listed` ones are named in the manifest."""
    old = zipfile.ZipFile(io.BytesIO(good))
    entries = {i.filename: old.read(i) for i in old.infolist()}
    entries.update(changes)
    if listed:
        manifest = json.loads(entries["manifest.json"])
        rows = {row["name"]: row for row in manifest["entries"]}
        for name in listed:
            row = {"name": name, "size": len(entries[name]), "sha256": hashlib.sha256(entries[name]).hexdigest()}
            if name in rows:
                rows[name].update(row)
            else:
                manifest["entries"].append(row)
        entries["manifest.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    if authentic:
        mac = hmac.new(secret, b"certfleet-bundle-1\n" + entries["manifest.json"], hashlib.sha256)
        entries["manifest.hmac"] = (mac.hexdigest() + "\n").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name, data in entries.items():
            new.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def refusal(data, *command):
    """What certfleet says; None: it was not refused, or something was written."""
    open("bad.zip", "wb").write(data)
    done = subprocess.run(
        [certfleet, "-C", "victim", *command, "--passphrase-file", passphrase],
        capture_output=True, text=True, timeout=120, env={"PATH": os.environ["PATH"]}, check=False)
    if done.returncode != 65 or os.listdir("victim"):
        print(f"# exit {done.returncode}, {os.listdir('victim')}: {done.stdout}{done.stderr}".replace("\n", "\n#   "))
        return None
    if done.stderr.count("\n") != 1:
        print(f"# not one line: {done.stderr}")
        return None
    return done.stderr


def restore(data):
    return refusal(data, "backup", "restore", "../bad.zip", "--config", "new")


def verify(data):
    return refusal(data, "backup", "verify", "../bad.zip")


def tell(good_one, what):
    print(("ok" if good_one else "not ok") + f" - {what}", flush=True)


def hostile():
    for line in open(f"{archives}/index.jsonl", encoding="utf-8"):
        entry = json.loads(line)
        yield entry["id"], open(f"{archives}/{entry['file']}", "rb").read()


def each(what, make, expected, looks=(restore,)):
    bad = []
    count = 0
    for name, data in hostile():
        made = make(data)
        if len(made) > 4 * len(good) + (8 << 20):
            continue
        count += 1
        for look in looks:
            said = look(made)
            if said is None or expected not in said:
                print(f"# {name}: {said}")
                bad.append(name)
    tell(not bad and count, f"{what}: {count} archives are refused")


def damaged(what, samples):
    bad = []
    count = 0
    for name, data in samples:
        count += 1
        for look in (verify, restore) if count % 10 == 1 else (restore,):
            if look(data) is None:
                bad.append(name)
    if bad:
        print(f"# {bad}")
    tell(not bad and count, f"{what}: {count} bundles are refused")


def flips():
    for at in range(0, len(good), every):
        data = bytearray(good)
        data[at] ^= 1 << at % 8
        yield at, bytes(data)


def cuts():
    for length in range(0, len(good), every):
        yield length, good[:length]


# the way of grafting works: with nothing changed all but the packing is right
said = restore(repacked({}))
tell(said and "is not what this version of certfleet writes" in said, "a bundle that another program packed again")
if os.path.isdir(archives):
    each("as they are", lambda data: data, "", (verify, restore))
    each("before a bundle", lambda data: data + good, "")
    each("after a bundle", lambda data: good + data, "")
    each("as keys.zip", lambda data: repacked({"keys.zip": data}, (), False), "")
    each("as keys.zip of a correct manifest without its HMAC",
         lambda data: repacked({"keys.zip": data}, ["keys.zip"], False), "does not fit manifest.hmac")
    each("as keys.zip behind a correct HMAC", lambda data: repacked({"keys.zip": data}, ["keys.zip"]), "keys.zip",
         (verify, restore))
    each("as another entry behind a correct HMAC",
         lambda data: repacked({"certificates/x.zip": data}, ["certificates/x.zip"]), "")
else:
    print("# SKIPPED: no archives")
damaged("a flipped bit", flips())
damaged("cut short", cuts())
