#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollout of twelve processes whose restart takes a while is stopped, or killed:
# no process is left between its stop and its start, no activation runs beside
# itself, and the next apply goes on from the outcome.
#	MOMENTS=4 of restarts that take SLOW=1 second; EVERY=1, as in check-long:
#	50 moments, 3 seconds.
. "$(dirname "$0")/lib.sh"
MOMENTS=${MOMENTS:-4}
SLOW=${SLOW:-1} # seconds of a restart
[ "${EVERY:-20}" -ne 1 ] || { MOMENTS=50; SLOW=3; }
names=$(seq -f 'p%02.0f' 12)

# One process: up, or between its stop and its start.
cat >restart.sh <<'END'
me=${CERTFLEET_COMPONENT#web/}
if ! mkdir "run/inside.$me" 2>/dev/null; then echo "$me" >>run/beside; fi
rm -f "run/up.$me"
echo "$me $CERTFLEET_FINGERPRINT" >>run/restarts
sleep "$(cat run/slow)"
: >"run/up.$me"
rmdir "run/inside.$me"
END
echo "$SLOW" >run/slow
for n in $names; do touch "run/up.$n"; done

write_fleet() { # SUBJECT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: restarts
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=$1", names: [site.example.test], issuer: self}
	roles:
	  web: {restart: {max_unavailable: 3, timeout: $patience}}
	components:
	  web:
	    role: web
	    certificate: site
	    each: ["p[01-12]"]
	    deliver: {files: {directory: "tls/\${each}"}}
	    activate: {command: [sh, restart.sh]}
	END
}
runs() { [ "$(find run -name 'inside.*' | wc -l)" -ge 1 ]; }
nobody_runs() { ! runs; }
all_up() { [ "$(find run -name 'up.*' | wc -l)" -eq 12 ]; }
is_whole() { # WHAT: after the supervisors have ended
	comes nobody_runs || { echo "# something runs after $1"; return 1; }
	all_up || { echo "# down after $1: $(find run -name 'up.*' | sort)"; return 1; }
	[ ! -e run/beside ] || { echo "# beside itself in $1: $(cat run/beside)"; return 1; }
}
# Every process got each pair once, and no other restart.
no_restart_twice() { # WHAT
	[ -z "$(sort run/restarts | uniq -d)" ] || { echo "# twice in $1: $(sort run/restarts | uniq -d)"; return 1; }
}
begin() { # SUBJECT: an apply in the background
	write_fleet "$1"
	: >run/restarts
	setsid "$CERTFLEET" apply --yes >run/out 2>&1 </dev/null &
	pid=$!
}
end() {
	wait "$pid"
	status=$?
	out=$(cat run/out)
	printf '%s\n' "--- certfleet apply -> $status" "$out" >>run/transcript
}
finished() { # WHAT: the next apply goes on from where the first was
	cf apply --yes
	[ "$status" -eq 0 ] || { echo "# exit $status after $1"; sed 's/^/#   /' <<<"$out"; return 1; }
	is_whole "$1" && no_restart_twice "$1"
}

begin set-up
end
is $status 0 "twelve processes are set up"
[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }
no_restart_twice "the set-up"
ok $? "each was restarted once"

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
begin two
comes runs
kill -INT $pid
sleep 1
kill -TERM $pid
end
is $status 7 "E4: a further signal ends the wait"
has "$out" "was not waited for: it goes on until" "E4: and says so"
runs
ok $? "E4: the restarts go on"
finished "SIGINT and SIGTERM"
ok $? "E4: the next apply waits for them, and goes on from their outcomes"
has "$out" "waiting for the activation of 'web/p.*', which an earlier run began" "R6: which it says"

begin kill
comes runs
kill -KILL $pid
wait $pid 2>/dev/null
runs
ok $? "R6: the restarts outlive an apply that is killed"
cf plan
has "$out" "the activation of 'web/p.*', which an earlier run began, goes on until" "R6: a plan tells of them"
finished SIGKILL
ok $? "R6: the next apply goes on from their outcomes"

# ---- at any moment ----
echo "$SLOW" >run/slow
bad=0
for i in $(seq "$MOMENTS"); do
	begin "moment-$i"
	wait_ms=$((RANDOM % (SLOW * 5000)))
	sleep "$((wait_ms / 1000)).$(printf %03d $((wait_ms % 1000)))"
	case $((i % 4)) in
	0) kill -KILL $pid 2>/dev/null ;;
	1) kill -INT $pid 2>/dev/null; sleep 1; kill -TERM $pid 2>/dev/null ;;
	2) kill -HUP $pid 2>/dev/null ;;
	3) kill -TERM $pid 2>/dev/null; sleep 0.5; kill -KILL $pid 2>/dev/null ;;
	esac
	wait $pid 2>/dev/null
	finished "moment $i, $wait_ms ms" || bad=$((bad + 1))
done
is $bad 0 "E4: signals at $MOMENTS moments: whole, never beside itself, never twice, and the next apply finishes"
cf apply --yes --reissue site
[ -z "$(find .certfleet/activations -name '*.json')" ]
ok $? "no record of an activation is left by a run that ended"
finish
