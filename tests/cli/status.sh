#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is shown without a handshake, and the check.
. "$(dirname "$0")/lib.sh"

metric() { # NAME[,LABEL=VALUE...]: its value in fleet.prom
	local labels='fleet="plain"' label name=${1%%,*}
	for label in $(tr , ' ' <<<"${1#"$name"}"); do labels+=",${label%%=*}=\"${label#*=}\""; done
	grep -F "certfleet_$name{$labels} " fleet.prom | cut -d' ' -f2
}
plain_fleet
cf status
is $status 0 "status without a state"
has "$out" "one  *absent" "what is not there is absent"
cf status --check 1d
is $status 2 "--check: 2"
has "$out" "'one' is absent" "with the reason"
cf status --offline
has "$out" "nothing was ever seen" "--offline knows nothing yet"
[ ! -e .certfleet ]; ok $? "status makes no state"
cf apply --yes
is $status 0 "an apply"
(unset CERTFLEET_BACKUP_PASSPHRASE; "$CERTFLEET" status --json >status.json 2>run/said)
is $? 0 "status needs no passphrase"
fits_schema status.schema.json status.json; ok $? "it is what the schema says"
is "$(status_of one installed)" "$(installed tls/one/leaf.pem)" "installed is what lies there"
is "$(status_of one served)" null "what is served is not known"
is "$(status_of one evidence)" none "without evidence"
is "$(status_of one state)" unproven "it is not in-sync"
"$CERTFLEET" status --offline --json >offline.json
is "$(jq -S '.components[] | del(.online, .observed_at)' offline.json)" "$(jq -S '.components[] | del(.online, .observed_at)' status.json)" "what the apply did is what --offline shows"
cf plan --offline --detailed-exitcode
is $status 0 "and a plan from it has nothing to do"
is "$(jq -r '[.certificates[] | .kind + " " + .name] | join(",")' status.json)" "certificate site,issuer ca" "certificates and issuers"
has "$(jq -r '.certificates[0].days_left' status.json)" '^\(89\|90\)$' "days left are counted"
cf status --check 1d
is $status 0 "P2: what cannot be asked does not fail the check"
cf status --check 1d --check-strict
is $status 2 "P2: but the strict one"
has "$out" "'one' is unproven" "P2: with the reason"
cf status --check-strict
is $status 64 "which is nothing by itself"
make_pair stranger tls/x.crt tls/x.key
rm tls/two
mkdir tls/two
cp tls/x.crt tls/two/fullchain.pem
cp tls/x.key tls/two/key.pem
take_status
is "$(status_of two state)" outdated "a stranger's pair is outdated"
"$CERTFLEET" status --json --offline >status.json
is "$(jq -r .offline status.json)" true "--offline says so"
has "$("$CERTFLEET" status --offline)" "as last seen" "in words too"

# ---- metrics ----
"$CERTFLEET" status --prometheus fleet.prom >run/said 2>&1
is "$?" 0 "metrics are written"
is "$(cat run/said)" "" "instead of the table"
is "$(stat -c %a fleet.prom)" 644 "for the exporter to read"
promtool check metrics <fleet.prom; ok $? "promtool finds nothing to say about them"
last_run=$("$CERTFLEET" history --json | jq '.runs[0]')
is "$(metric last_run_exit_status)" "$(jq .exit_status <<<"$last_run")" "the last run's status"
is "$(metric last_run_timestamp_seconds)" "$(date -d "$(jq -r .ended <<<"$last_run")" +%s)" "its end"
is "$(metric component_state,component=two,state=outdated)" 1 "a component's state"
is "$(metric certificate_not_after_seconds,certificate=site)" "$(date -d "$(jq -r '.certificates[0].not_after' status.json)" +%s)" "a certificate's end"
cf status --prometheus fleet.prom --json
is $status 0 "they are replaced by newer ones"
cp certfleet.yaml kept.yaml
cf status --prometheus certfleet.yaml
is $status 64 "but nothing else is"
cmp -s certfleet.yaml kept.yaml; ok $? "the fleet file least of all"

# ---- what an apply would wait for ----
plain_fleet
rm -rf .certfleet certfleet.lineage backups tls
mkdir tls
make_pair bought tls/bought.crt tls/bought.key
sed -i 's|^certificates:|&\n  bought: {import: {pem: [tls/bought.crt, tls/bought.key]}, trust: none}|' certfleet.yaml
cat >>certfleet.yaml <<-END
  three: {role: web, certificate: bought, deliver: {files: {directory: tls/three}}}
END
cf apply --yes
is $status 0 "I1: an apply with an import"
cf_out status --json
is "$(jq -c .problems <<<"$out")" '[]' "I1: nothing to tell"
: >tls/bought.crt
mkdir tls/four
chmod 777 tls/four
cat >>certfleet.yaml <<-END
  four: {role: web, certificate: site, deliver: {files: {directory: tls/four/deep/below}}}
END
cf status
has "$out" "^import-invalid bought: .*it is empty.*; write it again" "I1: status tells an emptied import"
has "$out" "^target-unwritable four: .*; " "I1: and a target that cannot be written"
cf_out status --json
fits_schema status.schema.json <(echo "$out"); ok $? "I1: as the schema says"
is "$(jq -r '.certificates[] | select(.name == "bought").problems[].code' <<<"$out")" import-invalid "I1: at its certificate"
is "$(jq -r '.components[] | select(.name == "four").problems[].code' <<<"$out")" target-unwritable "I1: at its component"
sed -i 's/CN=Plain CA/CN=Other CA/' certfleet.yaml
cf status --offline
has "$out" "^issuer-replaced ca: .* --ack issuer-replaced:ca" "I1: and what waits for an acknowledgement"
finish
