#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# setup.sh PACKAGE...: installs the Debian packages that are missing; does
# nothing when all are there.  No server of theirs is started.
set -eu
missing=
for package; do
	dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
		grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then
	as_root=
else
	as_root=sudo
	command -v sudo >/dev/null || {
		echo "setup: not root, and no sudo; as root, run: apt-get install$missing" >&2
		exit 1
	}
fi
# RUNLEVEL=1 keeps a newly installed server from being started.
# shellcheck disable=SC2086
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get install -y -qq --no-install-recommends $missing
} >/dev/null
