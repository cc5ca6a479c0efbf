#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# R6 over SSH: a rollout of four processes whose restart takes a while is stopped, or
# killed, or loses its connection; what runs there runs to its end, and not twice.
. "$(dirname "$0")/sftp_lib.sh"
start_sshd
know_host
COUNT=04 DELIVER="{sftp: {url: \"$url\", directory: \"$work/tls/\${each}\"}}"
ACCESS="access: {ssh: {key: ssh/id, known_hosts: ssh/known_hosts}}"
. "$root/tests/e2e/activations_lib.sh"
echo 1 >run/slow
set_up

begin one-INT
comes runs
kill -INT $pid
end
is $status 7 "E4: SIGINT in the middle of a rollout ends it with 7"
nobody_runs && all_up
ok $? "E4: when the restarts that ran are over"
has "$out" "stopping: waiting for [1-3] activations*, until 20.*Z at most" "E4: and says how many, and until when at most"
finished SIGINT
ok $? "E4: the next apply does the rest, and nothing twice"

echo 5 >run/slow
outlive_their_apply

# ---- the connection ----
all_inside() { [ "$(find run -name 'inside.*' | wc -l)" -ge 3 ]; } # of the wave
echo 6 >run/slow
begin cut
comes all_inside
for child in $(pgrep -P "$(cat run/sshd.pid)"); do
	kill -9 $(pgrep -P "$child") "$child" 2>/dev/null
done
end
is $status 0 "R6: a connection that breaks ends no restart, and its outcome is asked for over another"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is_whole "a broken connection" && no_restart_twice "a broken connection"
ok $? "R6: nothing runs twice"

# ---- what was there before ----
before=$(wc -l <run/restarts)
cf apply --yes
has "$out" "nothing to do" "an outcome that is known is known"
write_fleet two-more
cf apply --yes
cf apply --yes --use site@previous
is $status 0 "R6: a former pair comes back"
[ "$(wc -l <run/restarts)" -eq $((before + 8)) ]
ok $? "R6: and is activated again"
finish
