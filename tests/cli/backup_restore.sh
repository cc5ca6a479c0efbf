#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A lost state comes back from a bundle; what is in the way of that is told, and
# nothing is written then.
. "$(dirname "$0")/lib.sh"
plain_fleet
mkdir more
printf 'certfleet: 1\ncomponents:\n  three: {role: web, certificate: site, deliver: {files: {directory: ../tls/three}}}\n' >more/three.yaml
printf 'include: [more/three.yaml]\n' >>certfleet.yaml
cf apply --yes
is $status 0 "an apply"
sleep 1
cf_out backup create
bundle=$out
cp "$bundle" run/kept.zip
printf '%s\n' "$CERTFLEET_BACKUP_PASSPHRASE" >secrets/right
printf 'some other passphrase\n' >secrets/wrong
chmod 600 secrets/*

state() { # what is in it, but for the serial, the journal and what was seen
	sqlite3 .certfleet/state.db "select key, value from record where key not glob 'run/*' and key not glob 'step/*' and key not glob 'plan/*' and key not glob 'reach/*' and key not glob 'observation/*' and key not glob 'key/*' and key not glob 'bundle/*' and key != 'meta' order by key" |
		sed 's/"restored":[a-z]*/"restored":_/'
}
serial() { sqlite3 .certfleet/state.db "select json_extract(value, '\$.serial') from record where key = 'meta'"; }
tree() { find . -path ./run -prune -o -type f ! -name lock ! -name '*-shm' -print0 | sort -z | xargs -0 sha256sum; }
unchanged() { # NAME: since run/tree was written
	is "$(tree)" "$(cat run/tree)" "$1"
}
before=$(state)
old=$(serial)

mv .certfleet run/lost
cf plan --detailed-exitcode
has "$out" "state-missing" "without the state, plan tells it"
has "$out" "backup restore" "and the remedy"
cf_out backup restore "$bundle"
is $status 0 "the state is restored"
has "$out" "next: certfleet plan" "the next command is told"
is "$(state)" "$before" "it has what was there"
[ "$(serial)" -ge "$old" ]; ok $? "its serial is above the bundle's ($old, $(serial))"
is "$(stat -c %a .certfleet .certfleet/state.db | xargs)" "700 600" "it is private"
is "$(cat .certfleet/.gitignore)" "*" "and git ignores it"
[ -z "$(find . -name '*.restoring')" ]; ok $? "nothing is left beside it"
grep -q 'PRIVATE' .certfleet/state.db* ; is $? 1 "its keys are sealed"
cf_out history
has "$out" "^Restored from '$(basename "$bundle")' at 20.*Z by $(id -un)@.*; runs up to 1 are in the history of the state before it$" "the history begins with it"
cf_out history --json
printf '%s' "$out" >run/history
fits_schema history.schema.json run/history; ok $? "in JSON as the schema says"
is "$(jq -c '[.restored.copy, .restored.run, (.runs | length)]' run/history)" "[\"$(basename "$bundle")\",1,0]" "with the bundle"
cf plan --detailed-exitcode
is $status 0 "the next plan wants nothing"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
cf apply --yes --reissue site
is $status 0 "and an apply works"

tree >run/tree
cf backup restore "$bundle"
is $status 3 "a state that is newer: 3"
has "$out" "acknowledge state-newer: " "it asks"
unchanged "and nothing is written"
cf backup restore "$bundle" --ack state-older
is $status 64 "another code: 64"
new=$(serial)
cf backup restore "$bundle" --ack state-newer
is $status 0 "--ack state-newer replaces it"
has "$out" "kept in '.*before-" "the former one is kept"
former=$(echo .certfleet.before-*)
[ "$(sqlite3 "$former/state.db" "select json_extract(value, '\$.serial') from record where key = 'meta'")" -eq "$new" ]
ok $? "whole"
[ "$(serial)" -gt "$new" ]; ok $? "the serial goes on above it"
rm -rf "$former"

tree >run/tree
for word in "--passphrase-file secrets/wrong" "--passphrase-env CERTFLEET_UNSET"; do
	# shellcheck disable=SC2086
	cf backup restore "$bundle" $word
	is $status 65 "$word: 65"
done
printf 'X' | dd of=run/kept.zip bs=1 seek=5000 conv=notrunc 2>/dev/null
cf backup restore run/kept.zip
is $status 65 "a damaged bundle: 65"
head -c 5000 "$bundle" >run/kept.zip
cf backup restore run/kept.zip
is $status 65 "a bundle cut short: 65"
cf backup restore run/nothing.zip
is $status 1 "a bundle that is not there: 1"
sed 's/^fleet: .*/fleet: other/' certfleet.yaml >other.yaml
cf -f other.yaml backup restore "$bundle"
is $status 65 "a bundle of another fleet: 65"
has "$out" "is of fleet 'plain'" "and it says so"
rm other.yaml
unchanged "each time nothing is written"
mv .certfleet run/mine
cf apply --yes --ack state-missing --ack foreign-authority
tree >run/tree
cf backup restore "$bundle"
is $status 1 "a state of another lineage: 1"
has "$out" "move it away first" "and the remedy"
( flock 9; exec sleep 60 ) 9<.certfleet/lock &
holder=$!
comes sh -c '! flock -n .certfleet/lock true'
cf backup restore "$bundle" --ack state-newer
is $status 6 "a state that is in use: 6"
kill $holder; wait $holder 2>/dev/null
printf 'damage' | dd of=.certfleet/state.db bs=1 conv=notrunc 2>/dev/null
cf backup restore "$bundle"
is $status 1 "a state that is damaged: 1"
has "$out" "move it a" "and the remedy"
rm -rf .certfleet

# without a fleet file
tree >run/tree
mkdir away
cf -C away backup restore "$bundle" --passphrase-file ../secrets/right
is $status 65 "no fleet file: 65"
has "$out" "--config" "and the remedy"
cf -C away backup restore "$bundle" --config new
is $status 65 "--config without a passphrase: 65"
rmdir away
unchanged "nothing is written"
mkdir away
cf_out -C away backup restore "$bundle" --config new/dir --passphrase-env CERTFLEET_BACKUP_PASSPHRASE
is $status 0 "--config writes the fleet file"
has "$out" "restored from '$bundle'" "it tells from what"
has "$out" "next: certfleet -C '$work/away/new/dir' plan" "the next command is told"
cmp -s certfleet.yaml away/new/dir/certfleet.yaml && cmp -s more/three.yaml away/new/dir/more/three.yaml
ok $? "and its includes"
[ -f away/new/dir/.certfleet/state.db ]; ok $? "and the state goes where it says"
rm -rf away/new/dir/.certfleet
cf -C away backup restore "$bundle" --config new/dir --passphrase-file ../secrets/right
is $status 0 "files that are there already and the same are fine"
rm -rf away/new/dir/.certfleet
echo >>away/new/dir/certfleet.yaml
echo >>away/new/dir/more/three.yaml
tree >run/tree
cf -C away backup restore "$bundle" --config new/dir --passphrase-file ../secrets/right
is $status 1 "a file that differs: 1"
has "$out" "new/dir/certfleet.yaml' differs" "each is named"
has "$out" "new/dir/more/three.yaml' differs" "all of them"
unchanged "and nothing is written"
rm -rf away

# leftovers of a killed one, and an empty directory
mkdir -m 700 .certfleet .certfleet.restoring
touch .certfleet.restoring/state.db .certfleet.restoring/other
cf backup restore latest
is $status 0 "an empty directory and leftovers are no obstacle"
[ ! -e .certfleet.restoring ] && [ -z "$(ls -d .certfleet.before* 2>/dev/null)" ]
ok $? "and are gone"
rm -rf .certfleet
mkdir -m 700 .certfleet.restoring
( flock 9; exec sleep 60 ) 9<.certfleet.restoring &
holder=$!
comes sh -c '! flock -n .certfleet.restoring true'
cf backup restore latest
is $status 6 "another restore at work: 6"
kill $holder; wait $holder 2>/dev/null
[ ! -e .certfleet ]; ok $? "and there is no state"
finish
