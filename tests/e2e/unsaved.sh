#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The state cannot be written after an issue: what was issued is in a recovery
# bundle, which is proven and restored like any other.
. "$(dirname "$0")/../cli/lib.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
plain_fleet
cf apply --yes
is $status 0 "a state and two components"
before=$(installed tls/one/leaf.pem)
cp -a .certfleet run/state

# Only SQLite writes with pwrite64: from its Nth on every one fails.
apply_without() { # ERROR N
	traced /dev/null pwrite64 -e inject="pwrite64:error=$1:when=$2+" \
		"$CERTFLEET" apply --yes --reissue site >run/out 2>run/err </dev/null
	status=$?
	path=$(tail -1 run/err)
	[ -f "$path" ]
}
# The state is as it was, for another attempt.
again() { rm -rf .certfleet; cp -a run/state .certfleet; }
found=1
find_point() { # ERROR: the first point, from the one found last on, at which an issue is lost
	for point in $(seq $found 60); do
		again
		apply_without "$1" "$point" || continue
		found=$point
		return
	done
	return 1
}

for error in ENOSPC EROFS EIO; do
	find_point $error
	ok $? "$error: the last line on stderr is the path of a recovery bundle"
	is $status 1 "$error: and the apply ends with 1"
	has "$(cat run/err)" "state could not be written.*backup restore" "$error: which says what it is for"
	is "$(installed tls/one/leaf.pem)" "$before" "$error: no component changed"
	is "$(dirname "$path")" "$work/backups" "$error: it is in the backup directory"
	is "$(stat -c %a "$path")" 600 "$error: it is private"
	cf backup verify "$path"
	is $status 0 "$error: it is proven like any other"
	rm -f "run/$error.zip"
	cf backup export site --bundle "$path" --out "run/$error.zip"
	leaf=$(unzip -p "run/$error.zip" leaf.pem | openssl x509 -outform DER | sha256sum | cut -d' ' -f1)
	[ "$leaf" != "$before" ]; ok $? "$error: the new pair is in it"
	mv "$path" run/recovery.zip
done

# ---- the state can be written again ----
cp -a tls backups run/
unzip -p run/EIO.zip key.pem | openssl pkey -pubout >run/key
cf apply --yes --reissue site
is $status 0 "the next apply goes on"
cmp -s run/key <(openssl pkey -in tls/one/key.pem -pubout); ok $? "with the same key"

# ---- the state is lost ----
rm -rf .certfleet certfleet.lineage tls backups
cp -a run/tls run/backups .
cf backup restore run/recovery.zip
is $status 0 "the recovery bundle is restored"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
cf state check
is $status 0 "the state is whole"
cf plan --json
is "$(jq '[.steps[] | select(.kind == "issue" or .kind == "create-issuer")] | length' <<<"$out")" 0 "nothing is issued again"
cf apply --yes --ack rolled-back
is $status 0 "an apply"
is "$(installed tls/one/leaf.pem)" "$leaf" "delivers what was in the recovery bundle"

# ---- the backup directory is full as well ----
if mount -t tmpfs -o size=64k none backups 2>/dev/null; then
	chmod 700 backups
	rm -rf run/state
	cp -a .certfleet run/state
	# leaves no room for a file of a page
	dd if=/dev/zero of=backups/filler bs=4k count=16 2>/dev/null
	find_point ENOSPC
	ok $? "a full backup directory: there is a recovery bundle"
	is "$(dirname "$path")" "$work" "in the working directory"
	cf backup verify "$path"
	is $status 0 "which is proven"
	umount backups
else
	ok 0 "a full backup directory # SKIP cannot mount a tmpfs"
fi
finish
