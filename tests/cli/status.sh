#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is shown without a handshake, and the check.
. "$(dirname "$0")/lib.sh"
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
