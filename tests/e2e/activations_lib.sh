# SPDX-License-Identifier: Apache-2.0
# A rollout of processes whose restart takes a while, and what must hold of it at any
# time: no process between its stop and its start, no restart beside itself or twice.
#
#	COUNT=4 DELIVER="{files: ...}" ACCESS="..." before; ${each} is the process
# shellcheck shell=bash disable=SC2154
names=$(seq -f 'p%02.0f' "$COUNT")

# One process: up, or between its stop and its start.  It prints, whoever may listen.
cat >restart.sh <<END
cd $work || exit 1
me=\${CERTFLEET_COMPONENT#web/}
if ! mkdir "run/inside.\$me" 2>/dev/null; then echo "\$me" >>run/beside; fi
rm -f "run/up.\$me"
echo "\$me \$CERTFLEET_FINGERPRINT" >>run/restarts
echo stopped
sleep "\$(cat run/slow)"
echo started
: >"run/up.\$me"
rmdir "run/inside.\$me"
END
for n in $names; do touch "run/up.$n"; done

write_fleet() { # SUBJECT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: restarts
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	${ACCESS:-}
	certificates:
	  site: {subject: "CN=$1", names: [site.example.test], issuer: self}
	roles:
	  web: {restart: {max_unavailable: 3, timeout: $patience}}
	components:
	  web:
	    role: web
	    certificate: site
	    each: ["p[01-$COUNT]"]
	    deliver: $DELIVER
	    ${ACTIVATE-activate: {command: [sh, $work/restart.sh]\}}
	END
}
runs() { [ "$(find run -name 'inside.*' | wc -l)" -ge 1 ]; }
nobody_runs() { ! runs; }
all_up() { [ "$(find run -name 'up.*' | wc -l)" -eq "$((10#$COUNT))" ]; }
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
set_up() {
	begin set-up
	end
	is $status 0 "the processes are set up"
	[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }
	no_restart_twice "the set-up"
	ok $? "each was restarted once"
}

# SIGINT and SIGTERM: the wait ends, the restarts do not; SIGKILL: nor with apply itself.
outlive_their_apply() {
	begin two
	comes runs
	kill -INT $pid
	sleep 1
	kill -TERM $pid
	end
	is $status 7 "E4: a further signal ends the wait"
	has "$out" "not waited for.* it goes on" "E4: and says so"
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
}
