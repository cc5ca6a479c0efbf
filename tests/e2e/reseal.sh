#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A reseal is killed at, or denied, every Nth of its state-changing system calls:
# the state is then sealed under the old passphrase or the new one, never half.
#	EVERY=10 (default), EVERY=1 in check-long
. "$(dirname "$0")/../cli/lib.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
EVERY=${EVERY:-10}
calls='openat,openat2,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,ftruncate'
old='the old passphrase 4711'
new='the new passphrase 4711'
plain_fleet
CERTFLEET_BACKUP_PASSPHRASE=$old cf apply --yes
is $status 0 "a state under the old passphrase"
cp -a .certfleet run/before
reseal() { # by a command that goes before it
	CERTFLEET_BACKUP_PASSPHRASE=$new CERTFLEET_OLD=$old "$@" \
		"$CERTFLEET" state reseal --old-passphrase-env CERTFLEET_OLD >run/said 2>&1 </dev/null
}
opens_with() { CERTFLEET_BACKUP_PASSPHRASE=$1 cf state check; [ "$status" -eq 0 ]; }

reseal traced run/calls "$calls"
ok $? "a reseal under strace"
opens_with "$new"; ok $? "the new passphrase opens it"
points_of run/calls
[ "$(wc -l <run/points)" -gt 10 ]; ok $? "there are $(wc -l <run/points) points, every ${EVERY}th is tried"

try_point() { # CALL NUMBER FAULT
	rm -rf .certfleet
	cp -a run/before .certfleet
	reseal traced run/injected "$1" -e inject="$1:$3:when=$2"
	local result=$?
	grep -qE "^$1\(.*\(INJECTED\)|killed by SIGKILL" run/injected ||
		{ echo "# not hit: $*"; return 1; }
	[ "$(sqlite3 "file:.certfleet/state.db?mode=ro" 'pragma integrity_check')" = ok ] ||
		{ echo "# the state is damaged after $*"; return 1; }
	if opens_with "$old"; then
		[ $result -ne 0 ] || { echo "# told as done, but old after $*"; return 1; }
		reseal env || { echo "# cannot be repeated after $*"; sed 's/^/#   /' run/said; return 1; }
	fi
	opens_with "$new" || { echo "# neither opens it after $*"; sed 's/^/#   /' <<<"$out"; return 1; }
	CERTFLEET_BACKUP_PASSPHRASE=$new "$CERTFLEET" apply --yes >run/said 2>&1 </dev/null ||
		{ echo "# no apply after $*"; sed 's/^/#   /' run/said; return 1; }
	! grep -qF -f run/needles .certfleet/state.db* ||
		{ echo "# values under the old seal are left after $*"; return 1; }
}
sqlite3 "file:run/before/state.db?mode=ro" "select substr(value, 13, 60) from record where key like 'key/%'" >run/needles
is "$(wc -l <run/needles)" 2 "there are sealed values to look for"
grep -qF -f run/needles run/before/state.db*; ok $? "which are found where they are"

for fault in signal=KILL error=ENOSPC error=EIO; do
	try_points "$fault" try_point
	ok $? "$fault at $tried points: old or new, and then new"
done
finish
