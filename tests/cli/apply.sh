#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Consent, refusals, saved plans, the lock and the events.
. "$(dirname "$0")/lib.sh"
plain_fleet
untouched() { # NAME
	[ ! -e .certfleet ] && [ ! -e backups ] && [ -z "$(ls tls)" ]
	ok $? "$1: nothing was made"
}
cf apply
is $status 64 "no terminal and no --yes: 64"
has "$out" "refused" "it is refused"
untouched "refused"
cf_terminal n apply
is $status 1 "a no on the terminal"
has "$out" "apply? \[y/N\]" "it asks"
untouched "a no"
cf apply --yes --target nobody
is $status 64 "a target that is nothing: 64"
untouched "a usage error"
(unset CERTFLEET_BACKUP_PASSPHRASE; "$CERTFLEET" apply --yes >run/said 2>&1)
is $? 65 "no passphrase: 65"
has "$(cat run/said)" "CERTFLEET_BACKUP_PASSPHRASE" "and the variable is named"
(export CERTFLEET_BACKUP_PASSPHRASE=weak; "$CERTFLEET" apply --yes >run/said 2>&1)
is $? 65 "a weak passphrase: 65"
[ ! -e backups ] && [ -z "$(ls tls)" ]; ok $? "nothing was delivered"

cf_terminal y apply
is $status 0 "a yes on the terminal"
has "$out" "\[1/" "steps are counted"
is_pair tls/one/leaf.pem tls/one/key.pem; ok $? "the pair is there"
cf apply --yes
is $status 0 "again"
has "$out" "nothing to do" "nothing is left to do"
cf_out apply --yes --json
is "$(jq -r .event <<<"$out")" "nothing to do" "as JSON too"
is "$("$CERTFLEET" history --json | jq '[.runs[] | select(.steps > 0)] | length')" 1 "which is no run"

cf_out apply --yes --json --reissue site
is $status 0 "a re-issue as JSON"
printf '%s\n' "$out" >run/events
fits_schema apply.schema.json run/events lines; ok $? "each line is what the schema says"
is "$(jq -r .event run/events | head -1)" "run started" "it begins with the run"
is "$(tail -1 run/events | jq -r .event)" "run ended" "and ends with it"
is "$(jq -rs '[.[] | select(.event == "step started")] | length' run/events)" \
	"$(jq -rs '[.[] | select(.event == "step ended")] | length' run/events)" "each step that began has ended"

# what is put off is said
ROLE='{restart: {when: postponed}}' SUBJECT=later plain_fleet
cf apply --yes
is $status 0 "a postponed restart"
has "$out" "postponed: 2 restarts" "is told at the end"
has "$out" "^\[.*\] backup$" "and no line ends in blanks"
SUBJECT=later plain_fleet

# preconditions
mkdir -m 777 open
sed -i 's|tls/two|open/two|' certfleet.yaml
cf apply --yes
is $status 4 "blocked: 4"
has "$out" "target-unwritable" "with its code"
hasnt "$out" "make it writable" "and the remedy that fits, no other"
cf_out apply --yes --json
is "$(jq -r .event <<<"$out")" refused "as JSON too"
is "$(jq -r .exit_status <<<"$out")" 4 "with the status"
sed -i 's|open/two|tls/two|' certfleet.yaml
rm -rf .certfleet tls/one tls/two
cf apply --yes
is $status 3 "an acknowledgement is needed: 3"
has "$out" "--ack state-missing" "and it says how"
hasnt "$out" "--ack.*--ack" "once"
[ ! -e .certfleet ]; ok $? "no second state was made"
cf apply --yes --ack state-missing
is $status 0 "with it"

# W4: many that wait or fail for one cause are one line
cat >certfleet.yaml <<-'END'
certfleet: 1
fleet: many
state: many
backup: {directory: many/backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
certificates:
  site: {subject: "CN=site.example.test", issuer: self}
roles:
  web: {offline: acknowledge, restart: {max_unavailable: 9, max_failures: 9}}
components:
  pool:
    role: web
    certificate: site
    each: ["p[1-7].example.test"]
    deliver:
      command:
        probe: [sh, pool.sh, probe]
        stage: [sh, pool.sh, stage]
        commit: [sh, pool.sh, commit]
END
echo 'case $1 in commit) : ;; *) echo "the pool is away" >&2; exit 1 ;; esac' >pool.sh
cf apply --yes
is $status 3 "W4: seven that are offline ask"
has "$out" "^  offline pool/p1.example.test, .*pool/p5.example.test and 2 more: .*the pool is away.*--ack offline$" "W4: in one line with one answer"
is "$(grep -c "the pool is away" <<<"$out")" 2 "W4: in the plan, too"
echo 'case $1 in stage) echo "the pool is full" >&2; exit 1 ;; esac' >pool.sh
cf apply --yes
is $status 1 "W4: seven that fail"
has "$out" "^  failed: stage pool/p1.example.test, .*pool/p5.example.test and 2 more: .*the pool is full" "W4: are one line at the end"
is "$(grep -c "^  failed: " <<<"$out")" 1 "W4: and no other"

# saved plans
SUBJECT=second plain_fleet
cf plan --out p.plan
cf apply p.plan --target one
is $status 5 "S4: a choice that is not in the saved plan: 5"
has "$out" "certfleet apply p.plan --file certfleet.yaml$" "S4: and the command without it"
cf apply certfleet.yaml --file certfleet.yaml --yes
is $status 64 "S1: --file beside a fleet file: 64"
cf apply none.plan --file certfleet.yaml --yes
is $status 64 "S1: beside nothing: 64"
jq '.at = "2026-01-01T00:00:00Z" | .generated_at = .at' p.plan >old.plan
cf apply old.plan
is $status 5 "a plan older than 72 hours: 5"
has "$out" "valid for 3 days" "and it says so"
cf plan --out long.plan --valid-for 15d
is $status 64 "a plan is valid for at most 14 days: 64"
cf plan --out long.plan --valid-for 100h
is "$(jq .valid_for long.plan)" 360000 "--valid-for is part of the plan"
fits_schema plan.schema.json long.plan; ok $? "as the schema says"
for age in 99 101; do
	jq "(now - $age * 3600 | todate) as \$t | .at = \$t | .generated_at = \$t" long.plan >old.plan
	cf apply old.plan --target one
	is "$(grep -c "valid for 100 hours" <<<"$out")" $((age > 100)) "one of $age hours"
done
jq '.valid_for = 1209601' p.plan >old.plan
cf apply old.plan
is $status 65 "whoever makes it longer"
jq '.at = "2099-01-01T00:00:00Z" | .generated_at = .at' p.plan >early.plan
cf apply early.plan
is $status 5 "a plan from the future: 5"
SUBJECT=third plain_fleet
cf apply p.plan
is $status 5 "another fleet file than it was made of: 5"
SUBJECT=second plain_fleet
cp certfleet.yaml other.yaml
cf apply p.plan --file other.yaml
is $status 5 "S1: a fleet file of another name than the plan's: 5"
has "$out" "'certfleet.yaml', this one is 'other.yaml'" "S1: both are named"
sed 's/^fleet: plain/fleet: fancy/' certfleet.yaml >run/certfleet.yaml
cf apply p.plan --file run/certfleet.yaml
is $status 5 "S1: a file of another fleet: 5"
has "$out" "the fleet 'plain'.*the fleet 'fancy'" "S1: both fleets are named"
cf apply p.plan --yes --file "$PWD/./certfleet.yaml"
is $status 0 "a saved plan needs no question, but --yes is no mistake; the path may be spelt anyhow"
cf apply p.plan
is $status 5 "the second time it is stale: 5"

# the lock
cat >slow.sh <<'END'
touch run/begun
while [ -e run/hold ]; do sleep 0.1; done
END
touch run/hold
sed -i 's|directory: tls/one}}|&, activate: {command: [sh, slow.sh], timeout: 300s}|' certfleet.yaml
"$CERTFLEET" apply --yes --reissue site >run/first 2>&1 &
first=$!
comes test -e run/begun
cf apply --yes --reissue site
is $status 6 "the lock is held: 6"
has "$out" "locked by 'certfleet apply' (pid $first on .*, since .*Z); wait for it with '--lock-timeout 10m'" \
	"W6: by whom and how to wait is said"
begin=$SECONDS
cf apply --yes --reissue site --lock-timeout 1s
is $status 6 "after a wait too"
[ $((SECONDS - begin)) -ge 1 ]; ok $? "which was as long as asked for"
has "$out" "pid $first .*; waiting for it, 1 second at most" "W6: it says whom it waits for"
has "$out" "try again when that has ended, or give --lock-timeout more time" "W6: and what to do then"
cf backup create
has "$out" "locked by .*pid $first .*; try again when that has ended" "W6: a command that cannot wait says so (sibling)"
cf status
is $status 0 "status needs no lock"
rm run/hold
wait $first
is $? 0 "the holder ends well"

# W6: after a crash an apply says that it goes on
touch run/hold
rm run/begun
"$CERTFLEET" apply --yes --reissue site >run/first 2>&1 &
first=$!
comes test -e run/begun
kill -9 $first
wait $first 2>/dev/null
rm run/hold
cf_out history
number=$(awk 'NR == 2 { print $1 }' <<<"$out")
has "$out" "^$number .* $(id -un)@.* did not end " "W6: history shows the run that was broken off, and whose it was"
cf apply --yes
is $status 0 "after a crash an apply does the rest"
has "$out" "certfleet: run $number of .*Z by $(id -un)@.* did not end; this apply goes on from what it left" "W6: and says so"
cf apply --yes
hasnt "$out" "did not end" "W6: once"
has "$out" "nothing to do" "when nothing is left"
cf apply --yes --quiet
is "$status $out" "0 " "W6: --quiet tells nothing of that"

# the process itself
cat >look.sh <<'END'
grep -i 'core file' /proc/$PPID/limits >run/limits 2>/dev/null
env >run/environment
END
sed -i 's|slow.sh|look.sh|' certfleet.yaml
SSLKEYLOGFILE=$PWD/run/keylog "$CERTFLEET" apply --yes --reissue site >run/said 2>&1
is $? 0 "an apply with a key log in its environment"
[ ! -e run/keylog ]; ok $? "it writes none"
! grep -q KEYLOG run/environment; ok $? "and hands it on to nobody"
has "$(cat run/limits)" "core file size  *0  *0" "no core dump"
# T1: a cell of a CSV file is one value in a subject
mkdir -p units.tls
printf 'host,unit\ne1.example.test,"a, CN=evil"\ne2.example.test,"#1+CN=evil;x "\n' >units.csv
cat >certfleet.yaml <<-'END'
certfleet: 1
fleet: units
state: units
backup: {directory: units/backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=Units CA"}
certificates:
  site: {per: component, subject: "CN=${each.host},OU=${each.unit}", names: ["${each.host}"], issuer: ca}
components:
  edge: {each: {csv: units.csv, name: host}, certificate: site, deliver: {files: {directory: "units.tls/${each.unit}"}}}
END
cf apply --yes
is $status 0 "T1: cells with commas, plus signs and blanks are issued"
subject_of() { openssl x509 -noout -subject -nameopt multiline,utf8 -in "$1/leaf.pem" | sed -n 's/^ *[a-zA-Z]* *= //p' | sort | paste -sd'|'; }
is "$(subject_of 'units.tls/a%2C%20CN%3Devil')" "a, CN=evil|e1.example.test" "T1: one unit stays one unit"
is "$(subject_of 'units.tls/%231%2BCN%3Devil%3Bx%20')" "#1+CN=evil;x |e2.example.test" "T1: whatever stands in it (sibling)"
finish
