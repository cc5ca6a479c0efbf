#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A restore, an import and a backup are killed at, or denied, every Nth of their
# state-changing system calls: then there is no state or a whole one, the former
# bundle is as it was, whatever passes for a bundle restores, and the next one works.
#	EVERY=15 (default), EVERY=1 in check-long
. "$(dirname "$0")/../cli/lib.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
EVERY=${EVERY:-30}
calls='openat,openat2,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,flock,fchmod,ftruncate,clone,vfork'
plain_fleet
cf apply --yes
is $status 0 "an apply"
bundle=$(echo backups/*.zip)
sha256sum "$bundle" >run/bundle
cp -a .certfleet run/state
cf state export run/export.json
is $status 0 "an export"
sleep 1 # bundles are named by seconds

tried_command() { # CASE: the command that is broken off
	case $1 in
	lost | replaced) words=(backup restore "$bundle" --ack state-newer) ;;
	imported) words=(state import run/export.json) ;;
	created) words=(backup create) ;;
	esac
}

whole() { # WHAT
	sha256sum -c --quiet run/bundle || { echo "# the bundle after $1"; return 1; }
	[ -z "$(find .certfleet* -type f -perm /077 2>/dev/null)" ] ||
		{ echo "# open modes after $1"; return 1; }
	[ -e .certfleet ] || return 0
	[ "$(sqlite3 'file:.certfleet/state.db?mode=ro' 'pragma integrity_check; select count(*) from record where key glob '"'key/*'")" = "ok
2" ] || { echo "# half a state after $1"; return 1; }
}

former_is_kept() { # a state that was there is there still, or beside
	local state
	for state in .certfleet .certfleet.before-*; do
		[ -e "$state/state.db" ] && grep -q . <<<"$(sqlite3 "file:$state/state.db?mode=ro" "select key from record where key glob 'run/*'")" &&
			return 0
	done
	echo "# the former state is gone after $1"
	return 1
}

goes_on() { # CASE WHAT: the next one works
	local one
	if [ "$1" = created ]; then
		for one in backups/*.zip; do
			rm -rf .certfleet .certfleet.*
			cf backup restore "$one"
			[ "$status" -eq 0 ] || { echo "# $one does not restore after $2: $out"; return 1; }
		done
		begin created
	fi
	tried_command "$1"
	cf "${words[@]}"
	[ "$status" -eq 0 ] || [ "$1:$status" = imported:3 ] || { echo "# exit $status after $2: $out"; return 1; }
	[ -z "$(find . -path ./run -prune -o \( -name '*.restoring' -o -name '.*tmp-*' \) -print)" ] || { echo "# leftovers after $2"; return 1; }
	cf plan --detailed-exitcode
	[ "$status" -eq 0 ] || { echo "# the plan says $status after $2: $out"; return 1; }
	whole "the next one after $2"
}

begin() { # CASE
	rm -rf .certfleet .certfleet.*
	find backups -name '*.zip' ! -path "$bundle" -delete
	case $1 in replaced | created) cp -a run/state .certfleet ;; esac
}

try_point() { # CASE CALL NUMBER FAULT
	local what="$*" result
	begin "$1"
	tried_command "$1"
	traced run/injected "$2" -e inject="$2:$4:when=$3" \
		"$CERTFLEET" "${words[@]}" >run/broken 2>&1
	result=$?
	grep -q 'INJECTED\|killed by SIGKILL' run/injected || { echo "# not hit: $what"; return 1; }
	whole "$what" || return 1
	case $1 in replaced | created) former_is_kept "$what" || return 1 ;; esac
	case $4:$result in
	error=*:0) [ -e .certfleet/state.db ] || { echo "# no state, but 0 after $what"; return 1; } ;;
	error=*:1 | error=*:65 | error=*:6)
		grep -q '^certfleet: ' run/broken || { echo "# untold: $what"; return 1; }
		[ "$1:$result" = created:1 ] || grep -q '^certfleet: .*; \|cannot write the output' run/broken ||
			{ echo "# without a remedy: $what: $(cat run/broken)"; return 1; } ;;
	error=*) echo "# exit $result after $what"; sed 's/^/#   /' run/broken; return 1 ;;
	esac
	goes_on "$1" "$what"
}

for case in lost replaced imported created; do
	begin $case
	tried_command $case
	traced run/calls "$calls" "$CERTFLEET" "${words[@]}" >/dev/null 2>&1
	ok $? "under strace: ${words[*]}, $case"
	points_of run/calls
	echo "# $(wc -l <run/points) points, every ${EVERY}th is tried"
	for fault in signal=KILL error=ENOSPC error=EACCES; do
		try_points "$fault" try_point $case
		ok $? "$case, $fault at $tried points: nothing is lost or half, and the next one works"
	done
done
finish
