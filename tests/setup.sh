#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# setup.sh PACKAGE...: installs the Debian packages that are missing; does
# nothing when all are there.  The demo and the tests start nginx themselves:
# its service is left disabled, unless nginx was there before.
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
# A package starts its service at once and at boot, whatever runlevel apt-get
# is told.  The mask is of this boot only: a set-up that is killed leaves none.
masked=
case " $missing " in *" nginx "*) [ ! -d /run/systemd/system ] || masked=nginx.service ;; esac
if [ -n "$masked" ]; then
	trap '$as_root systemctl --quiet --runtime unmask $masked' EXIT
	trap 'exit 1' INT TERM
	$as_root systemctl --quiet --runtime mask $masked
fi
# shellcheck disable=SC2086
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $missing
} >/dev/null
[ -z "$masked" ] || $as_root systemctl --quiet disable $masked
