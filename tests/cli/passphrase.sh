#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A wrong passphrase is noticed at once, and so is a bundle that is gone.
. "$(dirname "$0")/lib.sh"
plain_fleet
cf apply --yes
is $status 0 "an apply"
bundles() { find backups -name '*.zip' | sort; }
first=$(bundles)

# ---- passphrases ----
right=$CERTFLEET_BACKUP_PASSPHRASE
# but for the lock, which names its last holder
contents() { find .certfleet backups tls -type f ! -name lock ! -name '*-shm' -exec sha256sum {} + | sort; }
before=$(contents)
untouched() { is "$(contents)" "$before" "$1"; }
CERTFLEET_BACKUP_PASSPHRASE='another passphrase 4711' cf apply --yes
is $status 65 "E2: another passphrase with nothing to do: 65"
has "$out" "the one it was sealed with" "E2: with what to do"
untouched "E2: and nothing is touched"
(unset CERTFLEET_BACKUP_PASSPHRASE; timeout 120 "$CERTFLEET" apply --yes >run/unset 2>&1 </dev/null)
is $? 65 "E2: no passphrase with nothing to do: 65"
has "$(cat run/unset)" "CERTFLEET_BACKUP_PASSPHRASE" "E2: it is named"
untouched "E2: and nothing is touched"
for command in plan status; do
	(unset CERTFLEET_BACKUP_PASSPHRASE; timeout 120 "$CERTFLEET" $command >run/unset 2>&1 </dev/null)
	is $? 0 "E2: $command needs none"
done
cf apply --yes
is $status 0 "E2: the right one goes on"
has "$out" "nothing to do" "E2: with nothing to do"
is "$(bundles)" "$first" "E2: and no new bundle"

# ---- bundles ----
lost() { # TEXT: told by plan and status, mended by apply
	cf plan
	has "$out" "backup-missing.*$(basename "$last")" "E2: $1: the plan tells it"
	cf status
	has "$out" "backup-missing.*$(basename "$last")" "E2: $1: status tells it"
	cf_out status --json
	is "$(jq -r '.problems[].code' <<<"$out")" backup-missing "E2: $1: as JSON too"
	cf apply --yes
	is $status 0 "E2: $1: apply has something to do"
	last=$(bundles | tail -1)
	cf backup verify "$last"
	is $status 0 "E2: $1: and writes a bundle that is whole"
	cf apply --yes
	has "$out" "nothing to do" "E2: $1: once"
	sleep 1
}
last=$first
rm "$last"
lost "a bundle that was removed"
truncate -s -20 "$last"
lost "a bundle that was cut"
: >"$last"
lost "an emptied bundle"
printf 'X' | dd of="$last" bs=1 seek=$(($(stat -c %s "$last") / 2)) conv=notrunc 2>/dev/null
lost "a bundle that rots"

# ---- the state has a passphrase of its own ----
plain_fleet
sed -i 's/^fleet: .*/&\nstate: {path: sealed, seal: {env: CERTFLEET_SEAL}}/' certfleet.yaml
rm -rf certfleet.lineage tls/one tls/two backups
export CERTFLEET_SEAL='a seal of its own 4711'
cf apply --yes
is $status 0 "a state with a seal of its own"
first=$(bundles)
sleep 1
CERTFLEET_BACKUP_PASSPHRASE='another passphrase 4711' cf apply --yes
is $status 0 "E2: bundles of a former passphrase are written anew"
has "$out" "passphrase" "E2: as is said"
[ "$(bundles | wc -l)" -gt "$(wc -l <<<"$first")" ]; ok $? "E2: there is one more"
CERTFLEET_BACKUP_PASSPHRASE='another passphrase 4711' cf backup verify "$(bundles | tail -1)"
is $status 0 "E2: which today's opens"
CERTFLEET_BACKUP_PASSPHRASE='another passphrase 4711' cf apply --yes
has "$out" "nothing to do" "E2: once"
CERTFLEET_SEAL='not this one, surely' cf apply --yes
is $status 65 "E2: another seal: 65"
(unset CERTFLEET_SEAL; timeout 120 "$CERTFLEET" apply --yes >run/unset 2>&1 </dev/null)
is $? 65 "E2: no seal: 65"
has "$(cat run/unset)" "CERTFLEET_SEAL" "E2: it is named"

# ---- a saved plan ----
CERTFLEET_BACKUP_PASSPHRASE=$right
cf plan --reissue site --out run/plan
CERTFLEET_BACKUP_PASSPHRASE=short cf apply run/plan --reissue site
is $status 65 "E2: a saved plan without a passphrase that can encrypt: 65"
CERTFLEET_SEAL='not this one, surely' cf apply run/plan --reissue site
is $status 65 "E2: a saved plan with another seal: 65"
cf apply run/plan --reissue site
is $status 0 "E2: with the right one it goes on"

# ---- a passphrase is added, then the old one removed ----
rm -rf .certfleet certfleet.lineage sealed backups tls/*
plain_fleet
old=$right
new='a new passphrase, 4711 times'
third='a third passphrase 0815'
names() { sed -i "s/passphrase: .*/passphrase: $1}/" certfleet.yaml; }
with() { # NAME=VALUE... COMMAND...: certfleet with these passphrases alone
	out=$(env -u CERTFLEET_BACKUP_PASSPHRASE timeout 120 env "$@" 2>&1 </dev/null)
	status=$?
}
opens() { # BUNDLE PASSPHRASE
	CERTFLEET_ONE=$2 cf backup verify "$1" --passphrase-env CERTFLEET_ONE
	[ "$status" -eq 0 ]
}
names '{env: CERTFLEET_OLD}'
with CERTFLEET_OLD="$old" "$CERTFLEET" apply --yes
is $status 0 "one passphrase"
first=$(bundles)
names '[{env: CERTFLEET_OLD}, {env: CERTFLEET_NEW}, {env: CERTFLEET_THIRD}]'
sleep 1
with CERTFLEET_OLD="$old" CERTFLEET_NEW="$new" CERTFLEET_THIRD="$third" "$CERTFLEET" apply --yes
is $status 0 "two more: the next apply"
second=$(bundles | tail -1)
[ "$second" != "$first" ]; ok $? "writes a new bundle"
for passphrase in "$old" "$new" "$third"; do
	opens "$second" "$passphrase"; ok $? "which each of them opens alone"
done
opens "$first" "$old" && ! opens "$first" "$new"; ok $? "the old bundle opens with the old one only"
with CERTFLEET_OLD="$old" CERTFLEET_NEW="$new" CERTFLEET_THIRD="$third" "$CERTFLEET" apply --yes
has "$out" "nothing to do" "and that was all"
names '[{env: CERTFLEET_NEW}, {env: CERTFLEET_THIRD}]'
with CERTFLEET_NEW="$new" CERTFLEET_THIRD="$third" "$CERTFLEET" apply --yes
is $status 65 "the old one is removed, but it was the first and seals the state: 65"
has "$out" "state reseal" "with the remedy"
with CERTFLEET_NEW="$new" CERTFLEET_THIRD="$third" CERTFLEET_OLD="$old" "$CERTFLEET" state reseal --old-passphrase-env CERTFLEET_OLD
is $status 0 "the state is sealed anew"
sleep 1
with CERTFLEET_NEW="$new" CERTFLEET_THIRD="$third" "$CERTFLEET" apply --yes --reissue site
is $status 0 "an apply without the old one"
last=$(bundles | tail -1)
opens "$last" "$new" && opens "$last" "$third"; ok $? "the newest bundle opens with those that are left"
! opens "$last" "$old"; ok $? "and not with the old one"
opens "$second" "$old"; ok $? "those before still do"
with CERTFLEET_THIRD="$third" "$CERTFLEET" backup list
is "$(grep -c ' yes$' <<<"$out") $(grep -c ' no$' <<<"$out")" "2 1" "the list tells which open with one of today's that is at hand"
rm -rf .certfleet
with CERTFLEET_THIRD="$third" CERTFLEET_NEW="$new" "$CERTFLEET" backup restore "$last" --passphrase-env CERTFLEET_THIRD
is $status 0 "any one of them restores"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
finish
