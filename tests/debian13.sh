#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# debian13.sh [COMMAND...]: a Debian 13 below build/, made by debootstrap the
# first time; the checkout as it is now goes into it, and `make check`, or the
# command, runs there.  ONLY=PATTERN limits the tests as in run.sh.
#
# Packages come from where this machine has its own.  Mounts and processes are
# of namespaces of their own, so nothing of them stays, however this ends.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/debian13
release=trixie
[ "$(id -u)" = 0 ] || { echo "debian13: only root can make and enter a Debian root" >&2; exit 1; }

mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Component: main' 2>/dev/null | grep -m1 '/debian/*$' ||
		echo http://deb.debian.org/debian
}

make_root() {
	rm -rf "$root"
	mkdir -p "$root"
	debootstrap --variant=minbase "$release" "$root" "$(mirror)"
	# how this machine's apt reaches its packages, and what it checks of them
	apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' \
		>"$root/etc/apt/apt.conf.d/00machine" || true
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
	chroot "$root" apt-get update -qq
	chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install \
		-y -qq --no-install-recommends make >/dev/null
	touch "$root/.made"
}

[ -e "$root/.made" ] || make_root

# The checkout, without what was built in it; a build there is kept.
mkdir -p "$root/work/certfleet" "$root/work/shared/corpora"
find "$root/work/certfleet" -mindepth 1 -maxdepth 1 ! -name 'build*' \
	-exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' file; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done |
	tar --create --null --files-from - | tar --extract --no-same-owner \
	--directory "$root/work/certfleet"

[ $# -gt 0 ] || set -- make check
export root ONLY=${ONLY:-} corpora=$PWD/../shared/corpora
exec unshare --mount --pid --fork --kill-child --propagation private \
	bash -euc '
	# a root that can be unshared again has to be a mount
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	if [ -d "$corpora" ]; then
		mount --bind "$corpora" "$root/work/shared/corpora"
		mount -o remount,bind,ro "$root/work/shared/corpora"
	fi
	exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM=dumb ONLY="$ONLY" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		sh -c "cd /work/certfleet && exec \"\$@\"" sh "$@"' bash "$@"
