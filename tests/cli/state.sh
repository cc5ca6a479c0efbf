#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The state as such: its seal, and whether it is whole.
. "$(dirname "$0")/lib.sh"

# ---- a key file seals it ----
plain_fleet
sed -i 's/^fleet: .*/&\nstate: {seal: {key_file: secrets\/seal.key}}/' certfleet.yaml
cf apply --yes
is $status 65 "a key file that is not there: 65"
has "$out" "secrets/seal.key" "and it is named"
head -c 31 /dev/urandom >secrets/seal.key
chmod 600 secrets/seal.key
cf apply --yes
is $status 65 "a key file of 31 bytes: 65"
has "$out" "31 bytes; it must hold exactly 32" "with its size and what it should be"
{ head -c 31 /dev/urandom; echo; } >secrets/seal.key
chmod 644 secrets/seal.key
cf apply --yes
is $status 65 "a key file that others can read: 65"
has "$out" "chmod" "with its remedy"
chmod 600 secrets/seal.key
cf apply --yes
is $status 0 "a key file of 32 bytes, the last one a newline"
has "$(sqlite3 .certfleet/state.db "select value from record where key = 'meta'")" hkdf-sha256 "is what seals the state"
cf apply --yes
is $status 0 "and opens it again"
has "$out" "nothing to do" "with nothing to do"
cp secrets/seal.key run/seal.key
head -c 32 /dev/urandom >secrets/seal.key
cf apply --yes
is $status 65 "another key file: 65"
has "$out" "the key file does not open the state" "and it says so"
cp run/seal.key secrets/seal.key
sed -i '/^state:/d' certfleet.yaml
cf apply --yes
is $status 65 "the passphrase instead of the key file: 65"
has "$out" "sealed under a key file, not under a passphrase" "and it says so"

# ---- whether it is whole ----
rm -rf .certfleet certfleet.lineage backups tls/*
plain_fleet
cf state check
is $status 1 "no state: 1"
has "$out" "no state in" "and it says so"
cf apply --yes
is $status 0 "an apply"
db() { sqlite3 .certfleet/state.db "$1"; }
cp -a .certfleet run/whole
mend() { rm -rf .certfleet; cp -a run/whole .certfleet; }
before=$(sha256sum .certfleet/state.db*)
cf state check
is $status 0 "a state that is whole: 0"
has "$out" "2 keys open and fit" "down to the keys"
is "$(sha256sum .certfleet/state.db*)" "$before" "and nothing is written"
(unset CERTFLEET_BACKUP_PASSPHRASE; timeout 120 "$CERTFLEET" state check >run/said 2>&1 </dev/null)
is $? 1 "without the passphrase: 1"
has "$(cat run/said)" "keys were not checked: .*CERTFLEET_BACKUP_PASSPHRASE" "since the keys could not be checked"
is "$(wc -l <run/said)" 1 "and all else is whole"
printf '%s\n' "$CERTFLEET_BACKUP_PASSPHRASE" >secrets/right
chmod 600 secrets/right
(unset CERTFLEET_BACKUP_PASSPHRASE; timeout 120 "$CERTFLEET" state check --passphrase-file secrets/right >run/said 2>&1 </dev/null)
is $? 0 "the passphrase in a file"
cf state check --passphrase-file secrets/right --passphrase-env CERTFLEET_BACKUP_PASSPHRASE
is $status 64 "two of them: 64"
CERTFLEET_BACKUP_PASSPHRASE='another passphrase 4711' cf state check
is $status 1 "a wrong passphrase: 1"
has "$out" "keys were not checked: .*does not open the state" "and it says so"

flawed() { # SQL PATTERN TEXT: one line tells it, with its remedy
	db "$1"
	cf state check
	is $status 1 "$3: 1"
	has "$out" "$2" "and it is named"
	has "$out" "certfleet backup restore latest" "with its remedy"
	mend
}
flawed "update record set value = 'x' where key like 'observation/%' and key like '%one'" "observation/one.*JSON" "a record that cannot be read"
flawed "delete from record where key like 'key/%'" "generation/.*its key 'key/" "a key that is gone"
flawed "update record set value = (select value from record where key like 'certs/i/%') where key like 'certs/c/%'" "certificate of 'site' is damaged" "another certificate"
flawed "update record set value = json_set(value, '\$.authority', printf('%064d', 0)) where key like 'generation/c/%'" "generation 1 of 'site' was signed by an authority that is missing" "an authority that is gone"
flawed "update record set value = replace(value, 'sealed\":\"', 'sealed\":\"AAAA') where key = (select min(key) from record where key like 'key/%')" "record 'key/" "a key that does not open"
db 'pragma wal_checkpoint(truncate)' >/dev/null
dd if=/dev/urandom of=.certfleet/state.db bs=1 seek=4096 count=200 conv=notrunc 2>/dev/null
cf state check
is $status 1 "a database that is damaged: 1"
has "$out" "the state is damaged" "and it says so"

rm -rf .certfleet certfleet.lineage backups tls/*
sed -i 's/^fleet: .*/&\nstate: {unsealed: true}/' certfleet.yaml
cf apply --yes
cf state check
is $status 0 "a state without a seal"
db "update record set value = (select max(value) from record where key like 'key/%') where key like 'key/%'"
cf state check
is $status 1 "a key of another certificate: 1"
has "$out" "generation 1 of '[a-z]*' has the key of another; move it away" "and it is named"

# ---- sealed anew ----
rm -rf .certfleet certfleet.lineage backups tls/*
plain_fleet
old=$CERTFLEET_BACKUP_PASSPHRASE
echo "$old" >secrets/old
chmod 600 secrets/old
cf apply --yes
was=$(db "select value from record where key = (select min(key) from record where key like 'key/%')" | cut -c13-60)
grep -q "$was" .certfleet/state.db*; ok $? "a key under the old seal is found in the files"
old_bundle=$(echo backups/*.zip)
export CERTFLEET_BACKUP_PASSPHRASE='a new passphrase 4711'
cf apply --yes
is $status 65 "a changed passphrase: 65"
has "$out" "certfleet state reseal" "with its remedy"
cf state reseal
is $status 64 "no old secret: 64"
cf state reseal --old-passphrase-file secrets/old --old-key-file secrets/old
is $status 64 "two old secrets: 64"
cf state reseal --old-passphrase-file secrets/nothing
is $status 65 "an old secret that is not there: 65"
CERTFLEET_ELSE='some other passphrase' cf state reseal --old-passphrase-env CERTFLEET_ELSE
is $status 65 "a wrong old secret: 65"
has "$out" "old secret: the passphrase does not open the state; give the one it was sealed with" "and it says so"
cf state reseal --old-key-file secrets/old
is $status 65 "a key file for a passphrase: 65"
has "$out" "sealed under a passphrase, not under a key file" "and it says so"
CERTFLEET_BACKUP_PASSPHRASE=short cf state reseal --old-passphrase-file secrets/old
is $status 65 "a new passphrase that is weak: 65"
has "$out" "shorter than 16" "and it says so"
CERTFLEET_BACKUP_PASSPHRASE=$old cf state check
is $status 0 "the old one still opens it"
cf state reseal --old-passphrase-file secrets/old
is $status 0 "reseal"
has "$out" "sealed under the secret" "and it says so"
cf state check
is $status 0 "the new one opens it, down to the keys"
! grep -q "$was" .certfleet/state.db*; ok $? "and what the old one sealed is in the files no more"
CERTFLEET_BACKUP_PASSPHRASE=$old cf state check
is $status 1 "the old one opens it no more"
sleep 1
cf apply --yes
is $status 0 "the next apply"
has "$out" "does not open with today's passphrases" "sees that the bundle is of the old one"
new_bundle=$(ls backups/*.zip | tail -1)
[ "$new_bundle" != "$old_bundle" ]; ok $? "and writes a new one"
cf backup verify "$new_bundle"
is $status 0 "which the new one opens"
cf backup verify "$old_bundle" --passphrase-file secrets/old
is $status 0 "the old bundle opens with the old one"
cf apply --yes
has "$out" "nothing to do" "and that was all"

{ head -c 31 /dev/urandom; echo; } >secrets/seal.key
chmod 600 secrets/seal.key
sed -i 's/^fleet: .*/&\nstate: {seal: {key_file: secrets\/seal.key}}/' certfleet.yaml
CERTFLEET_PREVIOUS=$CERTFLEET_BACKUP_PASSPHRASE cf state reseal --old-passphrase-env CERTFLEET_PREVIOUS
is $status 0 "from a passphrase to a key file"
cf state check
is $status 0 "which opens it"
sed -i '/^state:/d' certfleet.yaml
cf state reseal --old-key-file secrets/seal.key
is $status 0 "and back"
cf state check
is $status 0 "which opens it too"
sed -i 's/^fleet: .*/&\nstate: {unsealed: true}/' certfleet.yaml
cf state reseal --old-key-file secrets/seal.key
is $status 65 "an unsealed fleet: 65"
has "$out" "name the new secret with 'seal'" "with its remedy"
for command in plan "plan --confined" "apply --yes"; do
	cf $command
	is $status 65 "$command of a sealed state that the fleet file calls unsealed: 65"
	has "$out" "the state is sealed, but the fleet file says 'unsealed: true'; remove that" "and says so"
done
cf status
is $status 0 "status tells what is served all the same"
rm -rf .certfleet certfleet.lineage backups tls/*
cf state reseal --old-key-file secrets/seal.key
is $status 1 "no state: 1"
cf apply --yes --ack state-missing
cf state reseal --old-key-file secrets/seal.key
has "$out" "the state has no seal" "an unsealed state has nothing to reseal"
finish
