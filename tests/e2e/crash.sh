#!/bin/bash
# An apply of three components is killed at, or denied, every Nth of its
# state-changing system calls; each time the next apply must converge.
#	EVERY=40 (default), EVERY=1 in check-long; FAULTS names some of them;
#	SHARD=2/3 tries the second third of those.  Without it all three run beside
#	each other: a point mostly waits for servers.
if [ -z "${SHARD:-}" ]; then
	shards=$(mktemp -d)
	for i in 1 2 3; do
		SHARD=$i/3 "$0" >"$shards/$i" &
		waits="${waits:-} $!"
	done
	trap 'kill $waits; wait; exit 1' INT TERM
	status=0
	for pid in $waits; do wait "$pid" || status=1; done
	cat "$shards"/* | awk '/^1\.\.[1-9]/ { next } /^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) } { print } END { if (n) print "1.." n }'
	rm -rf "$shards"
	exit $status
fi
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
EVERY=${EVERY:-40}
calls='openat,openat2,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,symlink,symlinkat,link,linkat,fchmod,fchmodat,fchown,ftruncate,pidfd_send_signal,clone,vfork'

# one handshake: whether all is served is asked below, for as long as it takes
export ROW=1 ROLE='{on_failure: stop, timeout: 10s, max_unavailable: 3}'
cat >keep.sh <<'END'
case $1 in
put) cp "$3" "kept/.$2.$$" && mv "kept/.$2.$$" "kept/$2" ;;
get) cp "kept/$2" "$3" ;;
list) ls kept >"$3" ;;
esac
END
mkdir kept
COPIES="{command: [sh, $work/keep.sh]}"
three_components
cf apply --yes
is $status 0 "the trio is set up"
[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }

# All calls of one whole apply, as "name number-of-that-name".
traced run/calls "$calls" "$CERTFLEET" apply --yes --reissue site >/dev/null 2>&1
ok $? "an apply under strace"
grep -q 'clone3.*INJECTED' run/calls
ok $? "it would have had threads"
points_of run/calls
echo "# $(wc -l <run/points) points, every ${EVERY}th is tried"

whole() { # after each apply that did not end
	pairs_are_whole || { echo "# a mixed pair after $1"; return 1; }
	[ -z "$(find tls .certfleet backups -type f \( -name '*.key' -o -name 'key.pem' -o -path './.certfleet/*' -o -path './backups/*' \) -perm /077)" ] ||
		{ echo "# open modes after $1"; return 1; }
	[ "$(sqlite3 "file:$(ls .certfleet/*.db | head -1)?mode=ro" 'pragma integrity_check' 2>&1)" = ok ] ||
		{ echo "# the state is damaged after $1"; return 1; }
}

wants_nothing() {
	cf plan --detailed-exitcode
	[ "$status" -ne 2 ]
}

copied() { # the newest bundle
	local newest
	newest=$(ls backups | grep '\.zip$' | tail -1)
	cmp -s "backups/$newest" "kept/$newest"
}

all_served() {
	[ "$(served "$one")" = "$(installed tls/one/leaf.pem)" ] &&
		[ "$(served "$two")" = "$(installed tls/one/leaf.pem)" ] &&
		[ "$(served "$three")" = "$(installed tls/three.crt)" ]
}

converged() { # after the apply that follows
	[ "$status" -eq 0 ] || { echo "# exit $status after $1"; sed 's/^/#   /' <<<"$out"; return 1; }
	[ -z "$(find tls backups trust -name '.*tmp-*' -o -path './.certfleet/*tmp-*')" ] ||
		{ echo "# leftovers after $1"; return 1; }
	copied || { echo "# a bundle is in no copy after $1"; return 1; }
	comes wants_nothing # old workers of nginx drain
	[ "$status" -eq 0 ] || { echo "# plan says $status after $1"; sed 's/^/#   /' <<<"$out"; return 1; }
	comes all_served && return
	echo "# not served after $1"
	return 1
}

was_hit() { # CALL FAULT: the fault was injected, and into this call
	case $2 in
	signal=KILL) grep -q '^+++ killed by SIGKILL' run/injected ;;
	*) grep -q "^$1(.*(INJECTED)" run/injected ;;
	esac
}

try_point() { # CALL NUMBER FAULT
	local what="$1 $2 $3" result before
	before=$(installed tls/one/leaf.pem; installed tls/two/leaf.pem; installed tls/three.crt)
	traced run/injected "$1" -e inject="$1:$3:when=$2" \
		"$CERTFLEET" apply --yes --reissue site >run/broken 2>&1
	result=$?
	was_hit "$1" "$3" || { echo "# not hit: $what, of $(grep -c "^$1" run/injected)"; return 1; }
	echo "$what -> $result" >>run/results
	case $3 in
	error=*)
		# an error that is told, or one that made no difference
		case $result in
		1) # no component changed
			[ "$before" = "$(installed tls/one/leaf.pem; installed tls/two/leaf.pem; installed tls/three.crt)" ] ||
				{ echo "# exit 1, but a component changed after $what"; return 1; } ;;
		0 | 6 | 7 | 8 | 65) ;;
		*) echo "# exit $result after $what"; sed 's/^/#   /' run/broken; return 1 ;;
		esac ;;
	esac
	whole "$what" || return 1
	cf apply --yes --ack rolled-back
	whole "the apply after $what" && converged "$what"
}

for fault in ${FAULTS:-signal=KILL error=ENOSPC error=EIO}; do
	try_points "$fault" try_point
	ok $? "$fault at $tried points: each time the next apply converges"
done

# The first apply of all, which makes the state and the authority.
number=0
bad=0
tried=0
while read -r call count; do
	number=$((number + 1))
	[ $((number % (EVERY * 3))) -eq 0 ] || continue
	[ $((number / EVERY / 3 % ${SHARD#*/} + 1)) -eq "${SHARD%/*}" ] || continue
	tried=$((tried + 1))
	rm -rf .certfleet backups trust/* kept/*
	traced /dev/null "$call" -e inject="$call:signal=KILL:when=$count" \
		"$CERTFLEET" apply --yes --ack state-missing --ack foreign-authority >run/broken 2>&1
	whole "first apply, $call $count" 2>/dev/null || [ ! -e .certfleet ] || pairs_are_whole || bad=$((bad + 1))
	cf apply --yes --ack state-missing --ack foreign-authority
	converged "first apply, $call $count" || bad=$((bad + 1))
done <run/points
[ $bad -eq 0 ]
ok $? "kill -9 of the first apply at $tried points: each time the next one converges"
finish
