#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A state in one file, and back by the rules of a restore.
. "$(dirname "$0")/lib.sh"
plain_fleet
cf state export run/none.json
is $status 1 "no state to export: 1"
cf apply --yes
is $status 0 "an apply"
printf '%s\n' "$CERTFLEET_BACKUP_PASSPHRASE" >secrets/right
printf 'some other passphrase\n' >secrets/wrong
chmod 600 secrets/*
state() {
	sqlite3 .certfleet/state.db "select key, value from record where key not glob 'run/*' and key not glob 'step/*' and key not glob 'plan/*' and key not glob 'reach/*' and key not glob 'observation/*' and key not glob 'key/*' and key not glob 'bundle/*' and key != 'meta' order by key" |
		sed 's/"restored":[a-z]*/"restored":_/'
}
before=$(state)
cf state export kept.json
is $status 0 "the state is exported"
is "$(stat -c %a kept.json)" 600 "to a private file"
jq -e . kept.json >/dev/null; ok $? "of JSON"
is "$(jq -r '.state.records[].record.unsealed // empty' kept.json)" "" "its keys are sealed"
is "$(jq '[.state.records[] | select(.key | startswith("key/"))] | length' kept.json)" 2 "all of them"
cf state export kept.json
is $status 0 "an export is overwritten"
cf state export certfleet.yaml
is $status 64 "another file is not: 64"
cf state import kept.json
is $status 3 "a state that is not older: 3"
has "$out" "acknowledge state-newer" "it asks"
cf state import kept.json --ack state-newer
is $status 0 "--ack state-newer replaces it"
rm -rf .certfleet .certfleet.before-*
cf_out state import kept.json
is $status 0 "a lost state is imported"
has "$out" "next: certfleet plan" "the next command is told"
is "$(state)" "$before" "it has what was there"
cf plan --detailed-exitcode
is $status 0 "the next plan wants nothing"
cf apply --yes --reissue site
is $status 0 "and an apply works"
rm -rf .certfleet

refused() { # STATUS TEXT NAME, of the last import
	is "$status" "$1" "$3: $1"
	has "$out" "$2" "$3: it says why"
	is "$(ls -d .certfleet* 2>/dev/null)" "" "$3: nothing is written"
}
cf state import kept.json --passphrase-file secrets/wrong
refused 65 "passphrase does not open" "a wrong passphrase"
cf state import nothing.json
refused 1 "nothing.json" "a file that is not there"
head -c 3000 kept.json >bad.json
cf state import bad.json
refused 65 "not an export" "a file cut short"
echo '{"format_version": 2}' >bad.json
cf state import bad.json
refused 65 "use a newer one" "a newer format"
jq -c '.state.serial = 99' kept.json >bad.json
cf state import bad.json
refused 65 "does not fit its HMAC" "a changed file"
jq -c '.state.records |= .[1:]' kept.json >bad.json
cf state import bad.json
refused 65 "does not fit its HMAC" "a record taken out"
sed 's/^fleet: .*/fleet: other/' certfleet.yaml >other.yaml
cf -f other.yaml state import kept.json
refused 65 "is of fleet 'plain'" "another fleet"
cf state import kept.json --passphrase-file secrets/right
is $status 0 "--passphrase-file opens it"
rm -rf .certfleet
sed 's/BACKUP_PASSPHRASE/NEW/' certfleet.yaml >new.yaml
CERTFLEET_NEW='a new and good passphrase' cf -f new.yaml state import kept.json
refused 65 "passphrase does not open" "the passphrase of a changed fleet file"
CERTFLEET_NEW='a new and good passphrase' cf -f new.yaml state import kept.json --passphrase-env CERTFLEET_BACKUP_PASSPHRASE
is $status 0 "the former one does"
CERTFLEET_NEW='a new and good passphrase' cf -f new.yaml state export kept.json
is $status 0 "and the state is sealed under the new one"
finish
