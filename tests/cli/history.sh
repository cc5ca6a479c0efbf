#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs and their steps.
. "$(dirname "$0")/lib.sh"
cf history
is $status 65 "no fleet file: 65"
plain_fleet
cf history
is $status 0 "no state: no runs"
has "$out" "nothing was applied yet" "and it says so"
cf_out history --json
is "$(jq -c .runs <<<"$out")" "[]" "as JSON too"
cf apply --yes
cf apply --yes --reissue site
cf_out history
is "$(wc -l <<<"$out")" 3 "two runs below the title"
has "$(sed -n 2p <<<"$out")" "^2 .* done " "the newest first"
cf_out history 1
has "$out" "create-issuer .* done  *20..-..-..T" "the steps of a run, with their times"
has "$out" "^Plan: [0-9a-f]\{64\}$" "and the hash of its plan"
cf_out history 1 --json
is "$(jq -r '.steps[0].kind' <<<"$out")" create-issuer "as JSON too"
is "$(jq -r '[.steps[].outcome] | unique | join(",")' <<<"$out")" "done" "with their outcome"
printf '%s' "$out" >run/one
fits_schema history.schema.json run/one; ok $? "W6: the steps are as the schema says"
cf_out history --json
printf '%s' "$out" >run/all
fits_schema history.schema.json run/all; ok $? "W6: and the runs"
mkdir run/saved
cp -r .certfleet backups certfleet.lineage tls run/saved
cf_out history --verify
is "$status $out" "0 2 runs are proven by the hash that follows; 1 bundle agrees" "--verify: all is as it was" ||
	sed 's/^/# /' run/said
cf history --verify 1
is $status 64 "--verify of one run: 64"
db() { sqlite3 .certfleet/state.db "$1"; }
newest_bundle() { find backups -name '*.zip' | sort | tail -n 1; }
is "$(unzip -p "$(newest_bundle)" manifest.json | jq -c .history)" \
	"$(cf_out history --json; jq -c '.runs[0] | {run: (.run - 1), sha256: .previous}' <<<"$out")" \
	"the bundle of a run has the hash of the run before"
cp -r .certfleet run/whole
db "update record set value = replace(value, 'root', 'toor') where key = 'run/000001'"
cf_out history --verify
is $status 1 "--verify: a changed run: 1"
has "$out" "^run 1 is not as it was when run 2 began$" "and says which"
has "$out" "^run 1 is not as bundle .* knows it$" "a bundle knows it as well"
rm -rf .certfleet; cp -r run/whole .certfleet
db "delete from record where key glob 'step/000002/*' and value glob '*issue*'"
cf_out history --verify
is "$status $out" "1 run 2 is not as it was when it ended" "--verify: a step that is missing"
rm -rf .certfleet; cp -r run/whole .certfleet
db "delete from record where key glob '*/000001*'"
cf_out history --verify
has "$out" "^run 1 is missing$" "--verify: a run that is missing"

# a restored state goes on where the bundle was made
rm -rf .certfleet
cf backup restore latest
is $status 0 "the state is restored"
cf apply --yes --reissue site --ack rolled-back
cf_out history --json
is "$(jq -c '[.runs[].run]' <<<"$out")" "[2]" "the next run has the number after those that the bundle knows"
is "$(jq -r '.runs[0].previous | length' <<<"$out")" 64 "and the hash of the last of these"
printf '%s' "$out" >run/all
fits_schema history.schema.json run/all; ok $? "as the schema says"
cf_out history --verify
is "$status" 0 "--verify: it is whole" || sed 's/^/# /' <<<"$out"
rm -rf .certfleet backups certfleet.lineage tls
cp -r run/saved/. .

mv .certfleet run/kept
cf apply --yes --ack state-missing --ack foreign-authority
cf_out history 1
has "$out" "^Acknowledged: state-missing: there is no state" "W6: what was accepted is told"
has "$out" "^Acknowledged: foreign-authority ca: " "W6: with what it was for"
cf_out history 1 --json
printf '%s' "$out" >run/one
fits_schema history.schema.json run/one; ok $? "W6: and fits the schema"

# a run that is stopped
mkdir run/former
mv .certfleet backups certfleet.lineage tls run/former
mkdir tls
stop_while() { # what comes: COMMAND...
	"$CERTFLEET" apply --yes --reissue site >run/told 2>&1 </dev/null &
	comes "$@"
	kill -TERM $!
	wait $!
	status=$?
}
cat >run/slow <<END
touch $PWD/run/began
sleep 1
END
cf apply --yes
sed -i "s|certificate: site, |&activate: {command: [/bin/sh, $PWD/run/slow]}, |" certfleet.yaml
stop_while test -e run/began
is $status 7 "a run that a signal stops: 7" || sed 's/^/# /' run/told
cf_out history
has "$(sed -n 2p <<<"$out")" " stopped " "is called stopped"
hasnt "$out" "failures" "and not a failure"
cf_out history 2
has "$out" "^Run 2 of .*: stopped$" "of one run too"
cf_out history --json
printf '%s' "$out" >run/all
fits_schema history.schema.json run/all; ok $? "in JSON as the schema says"
is "$(jq -c '[.runs[] | .stopped]' run/all)" "[true,false]" "by a key of its own"
cf apply --yes
is $status 0 "the next one finishes"
cf_out history
has "$(sed -n 2p <<<"$out")" " done " "and is none"
cf history --verify
is $status 0 "the chain holds both"

cf history 99
is $status 1 "a run that never was: 1"
has "$out" "certfleet history" "with what to do"
cf history 99999999999999
is $status 64 "a number beyond all runs: 64"
mv certfleet.yaml other.yaml
cf_out -f other.yaml history
has "$out" "^1 " "of a fleet file with another name"
cf backup list --file other.yaml
is $status 0 "its bundles as well"
finish
