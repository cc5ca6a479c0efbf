#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A checkout without its state is told from a new fleet by certfleet.lineage.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
command -v git >/dev/null || skip_all "git is not installed"
git() { command git -c user.name=t -c user.email=t@example.test -c init.defaultBranch=main "$@" >>run/git 2>&1; }
mkdir origin
cat >origin/certfleet.yaml <<END
certfleet: 1
fleet: shop
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=Shop CA"}
certificates:
  site: {subject: "CN=site.example.test", issuer: ca}
components:
  one: {certificate: site, deliver: {files: {directory: $work/tls/one}}}
END
cf -C origin apply --yes
is $status 0 "the first apply"
is "$(jq -r '.fleets[0].fleet' origin/certfleet.lineage)" shop "writes which fleet it is"
is "$(jq -r '.fleets[0].authorities | length' origin/certfleet.lineage)" 1 "and the key of its authority"
is "$(stat -c %a origin/certfleet.lineage)" 644 "for all to read"
before=$(sha256sum <origin/certfleet.lineage)
cf -C origin apply --yes --reissue site
is "$(sha256sum <origin/certfleet.lineage)" "$before" "a later run leaves it"

git init origin
git -C origin add certfleet.yaml certfleet.lineage
git -C origin commit -m start
git clone origin clone
cf -C clone plan
has "$out" "acknowledge  *state-missing: there is no state, but certfleet.lineage beside the fleet file says that this fleet has one" "a clone without the state asks"
cf -C clone plan --confined
has "$out" "state-missing" "a confined plan as well"
cf -C clone apply --yes
is $status 3 "an apply there makes no second authority"
[ ! -e clone/.certfleet ]
ok $? "and no state"
is "$("$CERTFLEET" -C clone plan --confined --json 2>>run/said | jq -c '[.left_out[].code] | unique')" '["state-missing"]' "its JSON names the code"
# An apply that failed after the state was made asks again.
(
	cd clone && CERTFLEET_BACKUP_PASSPHRASE=short "$CERTFLEET" apply --yes --ack state-missing --ack foreign-authority
) >run/short 2>&1
is $? 65 "a passphrase that is refused"
is "$(sha256sum <clone/certfleet.lineage)" "$before" "leaves the file as it is"
cf -C clone apply --yes
has "$out" state-missing "and the next apply asks once more"
is "$(sha256sum <clone/certfleet.lineage)" "$before" "and leaves it too"
rm -rf clone/.certfleet
cp -a origin/.certfleet clone/.certfleet
cf -C clone plan
is $status 0 "with its state"
hasnt "$out" state-missing "nothing is asked"
cf -C clone status --offline
is $status 0 "status reads it"

mkdir other
sed 's/one:/two:/; s,tls/one,tls/two,' origin/certfleet.yaml >other/certfleet.yaml
cf -C other apply --yes
rm -rf clone/.certfleet
cp -a other/.certfleet clone/.certfleet
cf -C clone plan
is $status 65 "a state of another lineage is refused"
has "$out" "is of lineage .* bring back the state of this checkout, or remove that file" "with what to do"
cf -C clone apply --yes
is $status 65 "by apply too"
cf -C clone status
is $status 65 "and by status"
rm clone/certfleet.lineage
cf -C clone plan
is $status 0 "until the file is gone"

git clone origin anew
cf -C anew apply --yes --ack state-missing --ack foreign-authority
is $status 0 "a lost state can be accepted"
[ "$(jq -r '.fleets[0].lineage' anew/certfleet.lineage)" != "$(jq -r '.fleets[0].lineage' origin/certfleet.lineage)" ]
ok $? "then the file names the new one"
cf -C anew apply --yes
is $status 0 "which asks no more"
sed 's/fleet: shop/fleet: second/; s/one:/three:/; s,tls/one,tls/three,; s/^backup/state: .second\nbackup/; s,directory: backups,directory: second,' origin/certfleet.yaml >anew/second.yaml
cf -C anew apply --yes --file second.yaml
is $status 0 "another fleet in the same directory"
is "$(jq -r '[.fleets[].fleet] | join(" ")' anew/certfleet.lineage)" "shop second" "has its own line"
# A directory that cannot be written is told, and is no failure.
mkdir readonly
sed "s,^backup,state: $work/elsewhere\nbackup,; s,directory: backups,directory: $work/bundles,; s/one:/four:/; s,tls/one,tls/four," origin/certfleet.yaml >readonly/certfleet.yaml
cf_readonly "$work/readonly" -C readonly apply --yes
is $status 0 "an apply of a checkout that cannot be written"
has "$out" "warning: certfleet.lineage is not up to date" "says what is missing"
has "$out" "/readonly': cannot write 'certfleet.lineage': Read-only" "and why"
cf -C readonly apply --yes
[ -e readonly/certfleet.lineage ]
ok $? "later on it is written"

rm origin/certfleet.lineage
mkdir origin/certfleet.lineage
cf -C origin plan
is $status 1 "what is no file is told"
rmdir origin/certfleet.lineage
cf -C origin plan
[ ! -e origin/certfleet.lineage ]
ok $? "a plan does not write it"
cf -C origin apply --yes
is "$(sha256sum <origin/certfleet.lineage)" "$before" "an apply that has nothing to do does"
echo '{' >anew/certfleet.lineage
cf -C anew plan
is $status 65 "a damaged file is refused"
has "$out" "certfleet.lineage' is damaged" "by name"
finish
