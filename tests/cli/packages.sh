#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make's set-up of packages: nothing but one question to dpkg when all are
# installed, and apt-get for no more than what is missing.
. "$(dirname "$0")/lib.sh"

# Neither may be reached; sudo is what calls apt-get for users but root.
mkdir bin
for tool in apt-get apt systemctl; do
	printf '#!/bin/sh\necho "%s $*" >>"%s"\nexit 1\n' "$tool" "$work/run/called" >bin/$tool
done
printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
printf '#!/bin/sh\necho dpkg-query >>"%s"\nexec /usr/bin/dpkg-query "$@"\n' "$work/run/called" >bin/dpkg-query
chmod +x bin/*
PATH=$work/bin:$PATH

# A server and the tools of lint may be missing; the others are here by now.
unset MAKEFLAGS
for target in deps deps-demo deps-test deps-lint; do
	: >run/called
	out=$(make -s -C "$root" $target SERVER_PACKAGES=nginx LINT_PACKAGES="gcc python3" 2>&1)
	is "$?$out" 0 "$target has nothing to install and says nothing"
	is "$(cat run/called)" dpkg-query "and asked dpkg once, for all of them"
done

: >run/called
out=$("$root/tests/setup.sh" gcc no-such-package-here perl 2>&1)
[ $? -ne 0 ]; ok $? "a package that cannot be had is a failure"
has "$out" "installing Debian packages: no-such-package-here$" "which names it alone"
is "$(cat run/called)" $'dpkg-query\napt-get update -qq' "and apt-get was called for it"
finish
