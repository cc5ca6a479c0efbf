#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bundles: made, listed, proven; whatever is wrong with one is told apart.
. "$(dirname "$0")/lib.sh"
plain_fleet
cf backup create
is $status 1 "nothing to back up yet"
[ ! -e .certfleet ] && [ ! -e backups ]; ok $? "and nothing is made"
cf backup list
has "$out" "no bundle yet" "the list is empty"
cf apply --yes
is $status 0 "an apply"
sleep 1
cf_out backup create
is $status 0 "a backup"
bundle=$out
[ -f "$bundle" ]; ok $? "its path is printed"
is "$(stat -c %a "$bundle")" 600 "it is private"
cf_out backup list
is "$(wc -l <<<"$out")" 3 "two bundles below the title"
has "$(sed -n 2p <<<"$out")" "$(basename "$bundle")" "the newest first"
has "$out" "[0-9-]*T[0-9:]*Z  *[0-9]*  *2  *[0-9]*  *[0-9-]*T[0-9:]*Z  *0  *yes" "time, serial, keys, when it was verified, that it opens"
"$CERTFLEET" backup list --json >run/list.json 2>run/said
is $? 0 "as JSON"
fits_schema backups.schema.json run/list.json; ok $? "it is what the schema says"
is "$(jq -r '.bundles[0] | [.name, .fleet, .generations, .size, .opens, (.copies | length)] | @csv' run/list.json | tr -d '"')" \
	"$(basename "$bundle"),plain,2,$(stat -c %s "$bundle"),true,0" "with what is in the bundle"
is "$(jq -r '.bundles[0] | (.verified_at | fromdate) - (.time | fromdate) < 60' run/list.json)" true "and when it was read back"
is "$(jq -r '.bundles[0] | keys_unsorted | join(" ")' run/list.json)" \
	"name time fleet serial generations size verified_at copies opens" "in this order"
(unset CERTFLEET_BACKUP_PASSPHRASE; "$CERTFLEET" backup list --json >run/list.json 2>run/said </dev/null)
is "$(jq -r '.bundles[].opens' run/list.json | sort -u)" null "without a passphrase nobody knows whether they open"
has "$(cat run/said)" "CERTFLEET_BACKUP_PASSPHRASE" "and why is said"
CERTFLEET_ELSE='some other passphrase' cf backup list --passphrase-env CERTFLEET_ELSE
has "$(sed -n 2p <<<"$out")" "no$" "a passphrase that opens none"
cf backup list --passphrase-env A --passphrase-file B
is $status 64 "two of them: 64"
cp "$bundle" run/kept.zip
printf X >>"$bundle"
cf backup list
has "$out" "^ .*$(basename "$bundle")\|^ .*end\|^ .*bytes" "a damaged one is told"
cp "$(echo backups/*.zip | cut -d' ' -f1)" "$bundle"
is "$("$CERTFLEET" backup list --json | jq -r '.bundles[0].verified_at')" null "another file of that name was not verified"
cp run/kept.zip "$bundle"
touch backups/plain-2-0000000001-20261129T213341Z.zip
is "$("$CERTFLEET" backup list --json | jq '.bundles | length')" 2 "a bundle of fleet 'plain-2' is none of fleet 'plain'"
rm backups/plain-2-*
cp .certfleet/state.db run/state.db
printf X | dd of=.certfleet/state.db bs=1 seek=0 conv=notrunc 2>/dev/null
cf backup list
is $status 0 "a damaged state hides no bundle"
has "$out" "what the state knows of the bundles is left out" "and it is said"
cp run/state.db .certfleet/state.db
cf backup verify "$bundle"
is $status 0 "it is whole"
has "$out" "every key fits" "down to the keys"

7z x -so "$bundle" manifest.json 2>/dev/null >run/manifest
is "$(jq -r '[.records[].key] | join(" ")' run/manifest)" "component/one component/two" \
	"its manifest has what is known of the components"
is "$(jq -r .fleet_file run/manifest)" certfleet.yaml "and which of its files is the fleet file"
is "$(jq '.generations[] | select(.kind == "certificate").anchor_sha256' run/manifest)" \
	"$(jq '.anchors[].sha256' run/manifest)" "and the root of each chain, once"

printf '%s\n' "$CERTFLEET_BACKUP_PASSPHRASE" >secrets/right
printf 'some other passphrase\n' >secrets/wrong
cf backup verify "$bundle" --passphrase-file secrets/right
is $status 0 "--passphrase-file"
cf backup verify "$bundle" --passphrase-file secrets/wrong
is $status 65 "a wrong passphrase: 65"
has "$out" "wrong passphrase" "and it says so"
cf backup verify "$bundle" --passphrase-file secrets/nothing
is $status 65 "a passphrase file that is not there: 65"
CERTFLEET_ELSE='some other passphrase' cf backup verify "$bundle" --passphrase-env CERTFLEET_ELSE
is $status 65 "a wrong one in a variable: 65"
cf backup verify "$bundle" --passphrase-env CERTFLEET_UNSET
is $status 65 "a variable that is not set: 65"
has "$out" "CERTFLEET_UNSET" "it is named"
cf backup verify "$bundle" --structure --passphrase-file secrets/right
is $status 64 "two ways at once: 64"
cp certfleet.yaml run/fleet
cp "$bundle" run/bundle.zip
mkdir away
cf -C away backup verify ../run/bundle.zip
is $status 1 "away from the fleet file: 1"
has "$out" "not authenticated" "and it says why"
cf -C away backup verify ../run/bundle.zip --structure
is $status 0 "--structure asks for no more"
hasnt "$out" "every key" "and claims no more"

cf_out backup verify latest
is $status 0 "latest is opened by the passphrase of the fleet file"
has "$out" "$(basename "$bundle"): fleet" "it is the newest"
cf_out backup verify "$(basename "$bundle")"
is $status 0 "so is a name in the backup directory"
cf backup verify latest --passphrase-file secrets/wrong
is $status 65 "latest and a passphrase file: that passphrase counts"
cf -C away backup verify latest --passphrase-file ../secrets/right
is $status 1 "latest away from the fleet file: 1"
has "$out" "no fleet file" "and it says why"
cp .certfleet/state.db run/state.db
printf 'damage' | dd of=.certfleet/state.db bs=1 conv=notrunc 2>/dev/null
cf backup verify latest
is $status 0 "the state has no say in it"
cp run/state.db .certfleet/state.db

size=$(stat -c %s run/bundle.zip)
head -c $((size - 10)) run/bundle.zip >run/short.zip
cf backup verify run/short.zip
is $status 65 "a cut one: 65"
cp run/bundle.zip run/bent.zip
printf 'X' | dd of=run/bent.zip bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
cf backup verify run/bent.zip
is $status 65 "a bent one: 65"
# written before RESTORE.txt told of 'backup restore'
CERTFLEET_FORMER='correct horse battery staple 42' cf backup verify "$cli_tests/former.zip" --passphrase-env CERTFLEET_FORMER
is $status 0 "a bundle of a former version"
has "$out" "whole, and every key fits" "is proven as well"
finish
