# SPDX-License-Identifier: Apache-2.0
"""Runs a command with the system calls that a systemd unit leaves it, where
no service manager runs: under_unit.py UNIT COMMAND..."""
import ctypes
import os
import re
import subprocess
import sys

ALLOW, DENY = 0x7fff0000, 0x00050000 | 1  # EPERM
PR_SET_NO_NEW_PRIVS = 38


def expand(name, seen=None):
    """The calls of a group, or one call."""
    if not name.startswith("@"):
        return {name}
    calls = set()
    said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in said.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= expand(word)
    return calls


def allowed_by(unit):
    """As systemd.exec(5) has it: the first line begins an allow list."""
    calls = expand("@default")
    for line in open(unit):
        said = re.match(r"SystemCallFilter=(~?)(.*)", line)
        for word in said.group(2).split() if said else ():
            calls = calls - expand(word) if said.group(1) else calls | expand(word)
    return calls


def main():
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(lib.seccomp_init(DENY))
    for name in allowed_by(sys.argv[1]):
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            lib.seccomp_rule_add_array(filter_, ctypes.c_uint32(ALLOW), number, 0, None)
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if lib.seccomp_load(filter_):
        sys.exit("cannot load the filter")
    os.execvp(sys.argv[2], sys.argv[2:])


main()
