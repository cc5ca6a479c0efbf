#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollout of twelve processes whose restart takes a while is stopped, or killed:
# no process is left between its stop and its start, no activation runs beside
# itself, and the next apply goes on from the outcome.
#	MOMENTS=5 of restarts that take SLOW=1 second, with SIGTERM or SIGKILL so long
#	after the first signal; EVERY=1, as in check-long: 50 moments, 3 seconds, and
#	7 and 10 seconds after.  SEED=N repeats the moments of a run.
. "$(dirname "$0")/lib.sh"
MOMENTS=${MOMENTS:-5}
SLOW=${SLOW:-1} # seconds of a restart
TERM_AFTER=1
KILL_AFTER=1.5
[ "${EVERY:-20}" -ne 1 ] || { MOMENTS=50; SLOW=3; TERM_AFTER=7; KILL_AFTER=10; }
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
COUNT=12 DELIVER="{files: {directory: \"tls/\${each}\"}}"
. "$root/tests/e2e/activations_lib.sh"
echo "$SLOW" >run/slow
set_up

# ---- what a supervisor knows ----
begin memory
comes runs
holds() { # PID WHAT...: prints those that are in its memory; HEX of bytes, or text
	python3 - "$@" <<-'END'
	import re, sys
	pid, wanted = sys.argv[1], sys.argv[2:]
	with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
	    spans = [tuple(int(x, 16) for x in line.split()[0].split("-")) for line in maps if " rw" in line]
	    memory = b""
	    for begin, end in spans:
	        mem.seek(begin)
	        memory += mem.read(end - begin)
	for w in wanted:
	    if (bytes.fromhex(w[4:]) if w.startswith("hex:") else w.encode()) in memory:
	        print(w)
	END
}
scalar() { echo "hex:$(openssl pkey -in "$1" -text -noout | sed -n '/^priv/,/^pub/{/^ /p}' | tr -d ' :\n')"; }
key=$(scalar tls/p01/key.pem)
has "$key" "^hex:[0-9a-f]\{64\}$" "a key to look for"
# a supervisor has a child for a moment before that is the command
supervisor=$(pgrep -o -f "^certfleet-supervisor .*/activations web/p01$")
if grep -q __asan_init "$CERTFLEET"; then
	ok 0 "what the supervisor of an activation holds # SKIP the memory of a sanitizer is terabytes"
else
	is "$(holds "$supervisor" "$CERTFLEET_BACKUP_PASSPHRASE" "$key" restart.sh)" restart.sh "the supervisor of an activation holds neither keys nor passphrases"
	is "$(holds "$pid" "$CERTFLEET_BACKUP_PASSPHRASE")" "$CERTFLEET_BACKUP_PASSPHRASE" "of which the apply has some"
fi
end
is $status 0 "and the rollout ends well"

# ---- one signal ----
for signal in INT HUP; do
	begin "one-$signal"
	comes runs
	kill -$signal $pid
	end
	is $status 7 "E4: SIG$signal in the middle of a rollout ends it with 7"
	nobody_runs && all_up
	ok $? "E4: when the restarts that ran are over"
	has "$out" "stopping: waiting for [1-3] activations*, until 20.*Z at most" "E4: and says how many, and until when at most"
	[ "$(wc -l <run/restarts)" -le 3 ]
	ok $? "E4: nothing new was begun"
	has "$out" "9 staged pairs are removed" "E4: what was staged and not committed is removed"
	finished "SIG$signal"
	ok $? "E4: the next apply does the rest, and nothing twice"
done

# ---- SIGINT and SIGTERM, and SIGKILL in the end, as a CI does it ----
echo 5 >run/slow
outlive_their_apply

# ---- at any moment ----
echo "$SLOW" >run/slow
echo "# SEED=$SEED"
bad=0
for i in $(seq "$MOMENTS"); do
	begin "moment-$i"
	wait_ms=$((RANDOM % (SLOW * 5000)))
	sleep "$((wait_ms / 1000)).$(printf %03d $((wait_ms % 1000)))"
	case $((i % 5)) in
	0) kill -INT $pid 2>/dev/null ;;
	1) kill -INT $pid 2>/dev/null; sleep $TERM_AFTER; kill -TERM $pid 2>/dev/null ;;
	2) kill -HUP $pid 2>/dev/null ;;
	3) kill -INT $pid 2>/dev/null; sleep $KILL_AFTER; kill -KILL $pid 2>/dev/null ;;
	4) kill -KILL $pid 2>/dev/null ;;
	esac
	wait $pid 2>/dev/null
	finished "moment $i, $wait_ms ms" || bad=$((bad + 1))
done
is $bad 0 "E4: signals at $MOMENTS moments: whole, never beside itself, never twice, and the next apply finishes"
cf apply --yes --reissue site
[ -z "$(find .certfleet/activations -name '*.json')" ]
ok $? "no record of an activation is left by a run that ended"
finish
