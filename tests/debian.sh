#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# debian.sh RELEASE [COMMAND...]: a Debian root below build/, made by debootstrap
# the first time; the checkout as it is now goes into it, and `make check`, or the
# command, runs there.  ONLY=PATTERN limits the tests as in run.sh.
# CLEAN=1: in a root made anew, that has nothing but what debootstrap installs, and
# in /work/deb the packages that `make deb` has built in the other one.
#
# Packages come from where this machine has its own.  Mounts and processes are
# of namespaces of their own, so nothing of them stays, however this ends.
set -euo pipefail
cd "$(dirname "$0")/.."
release=$1
shift
root=$PWD/build/$release${CLEAN:+-clean}
[ "$(id -u)" = 0 ] || { echo "debian: only root can make and enter a Debian root" >&2; exit 1; }

mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Component: main' 2>/dev/null | grep -m1 '/debian/*$' ||
		echo http://deb.debian.org/debian
}

# Kept as an archive, from which each root begins.
make_pristine() {
	local fresh=build/$release-fresh

	rm -rf "$fresh"
	mkdir -p "$fresh"
	debootstrap --variant=minbase "$release" "$fresh" "$(mirror)"
	# how this machine's apt reaches its packages, and what it checks of them
	apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' \
		>"$fresh/etc/apt/apt.conf.d/00machine" || true
	printf '#!/bin/sh\nexit 101\n' >"$fresh/usr/sbin/policy-rc.d"
	chmod 755 "$fresh/usr/sbin/policy-rc.d"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$fresh/etc/hosts"
	chroot "$fresh" apt-get update -qq
	tar --create --numeric-owner --xattrs --file "build/$release.tar.part" -C "$fresh" .
	mv "build/$release.tar.part" "build/$release.tar"
	rm -rf "$fresh"
}

make_root() {
	[ -e "build/$release.tar" ] || make_pristine
	rm -rf "$root"
	mkdir -p "$root"
	tar --extract --numeric-owner --xattrs --file "build/$release.tar" -C "$root"
	[ "${CLEAN:-}" ] || chroot "$root" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends make >/dev/null
	touch "$root/.made"
}

[ ! "${CLEAN:-}" ] && [ -e "$root/.made" ] || make_root

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
export packages=${CLEAN:+$PWD/build/$release/work/certfleet/build/deb}
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
	if [ "$packages" ]; then
		mkdir "$root/work/deb"
		mount --bind "$packages" "$root/work/deb"
	fi
	exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM=dumb ONLY="$ONLY" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		sh -c "cd /work/certfleet && exec \"\$@\"" sh "$@"' bash "$@"
