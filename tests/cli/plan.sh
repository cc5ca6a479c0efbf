#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A plan reads and never writes; the same question gets the same bytes.
. "$(dirname "$0")/lib.sh"
plain_fleet
unset CERTFLEET_BACKUP_PASSPHRASE
at=2027-01-01T00:00:00Z
find . -path ./run -prune -o -print | sort >run/before
cf_out plan --json --at $at
is $status 0 "a plan without state and without passphrase"
printf '%s\n' "$out" >run/plan.json
cf_out plan --json --at $at
is "$out" "$(cat run/plan.json)" "made again it is the same, byte for byte"
fits_schema plan.schema.json run/plan.json; ok $? "it is what the schema says"
is "$(jq -r .at run/plan.json)" $at "for the time that was asked for"
is "$(jq -r .state.lineage run/plan.json)" "" "no state is told as no lineage"
is "$(find . -path ./run -prune -o -print | sort | diff - run/before)" "" "nothing was written"
is "$(jq -r '[.preconditions[].code] | unique | join(",")' run/plan.json)" first-contact "what no run has reached is told"
is "$(jq -r '.preconditions[] | select(.message | startswith("writes")).items | join(",")' run/plan.json)" ".certfleet,backups,tls/one,tls/two" "one by one, wherever the checkout is"
cf plan --detailed-exitcode
is $status 2 "--detailed-exitcode: changes are pending"
cf_out plan --color always
has "$out" $'\e\[' "--color always"
cf_out plan
hasnt "$out" $'\e' "no colour in a pipe"
is "$(cat run/said)" "" "and no progress"
cf_out plan --target one
hasnt "$out" "^  two" "--target leaves the other one out"
cf plan --target nobody
is $status 64 "a target that is nothing: 64"
cf plan --ack no-such-code
is $status 64 "an acknowledgement of nothing: 64"

cf plan --out p.plan --offline
is $status 64 "--out with --offline: 64"
before=$(date +%s)
cf_out plan --json --at +1d
day=$(($(date -d "$(jq -r .at <<<"$out")" +%s) - 86400))
[ "$day" -ge "$before" ] && [ "$day" -le "$(date +%s)" ]; ok $? "W6: --at takes a duration from now on"
cf plan --out p.plan --at $at
is $status 64 "--out with --at: 64"
cf plan --report p.txt
is $status 64 "a report that is neither CSV nor JSON: 64"
[ ! -e p.plan ] && [ ! -e p.txt ]; ok $? "and nothing was written"
(umask 0; "$CERTFLEET" plan --out p.plan >run/shown 2>run/said)
is $? 0 "--out"
has "$(cat run/said)" "certfleet apply p.plan" "says how to go on"
is "$(stat -c %a p.plan)" 600 "for its owner alone"
fits_schema plan.schema.json p.plan; ok $? "a saved plan is what the schema says"
is "$(jq -r .fleet_file p.plan)" certfleet.yaml "it names the fleet file"
cf_out plan show p.plan
is "$out" "$(cat run/shown)" "plan show shows the same"
cf_out plan show --json p.plan
is "$(jq -S . <<<"$out")" "$(jq -S 'del(.fleet_file)' p.plan)" "--json too"

cf_out plan --markdown --at $at
is $status 0 "--markdown"
has "$out" '^## Plan for fleet `plain`' "prints it as Markdown"
has "$out" '^  - `\.certfleet`' "with what it reaches out to"
cf_out plan show --markdown p.plan
has "$out" '^- \*\*issue\*\* `site`: `first issue`' "of a saved plan too"
cf plan show --markdown --json p.plan
is $status 64 "and in one form only: 64"

cf plan show certfleet.yaml
is $status 65 "a fleet file is not a saved plan: 65"
jq 'del(.fleet_file)' p.plan >run/nameless
cf plan show run/nameless
is $status 65 "a plan that names no fleet file: 65"
head -c 100 p.plan >run/half
cf plan show run/half
is $status 65 "half a plan: 65"
printf '{"a":1,"a":2}' >run/twice
cf plan show run/twice
is $status 65 "a key that stands twice: 65"
cf plan show run/nowhere
is $status 65 "a plan that is not there: 65"

# a slip of the fingers must not cost a file
printf 'name,host\na,b\n' >hosts.csv
cp certfleet.yaml run/fleet
mkfifo run/pipe
for slip in "--out certfleet.yaml" "--report hosts.csv" "--out run/pipe"; do
	# shellcheck disable=SC2086
	cf plan $slip
	is $status 64 "$slip: 64"
	has "$out" "is there already" "$slip: says why"
done
cmp -s certfleet.yaml run/fleet && [ "$(wc -l <hosts.csv)" = 2 ] && [ -p run/pipe ]
ok $? "and nothing was replaced"
cf plan --out p.plan
is $status 0 "a saved plan replaces an older one"

# a directory that everybody can write to blocks what would be put there
mkdir -m 777 open
sed -i 's|tls/two|open/two|' certfleet.yaml
cf plan --detailed-exitcode --report open.csv
is $status 2 "--detailed-exitcode: what is not blocked can be done"
is "$(head -1 open.csv | tr -d '\r')" "name,role,address,version,online,reason,remedy,host,connected,embedded" "the report has its columns"
has "$(sed 1d open.csv)" '^"two","web",' "and the component"
has "$(sed 1d open.csv)" '^"one","web","this machine",' "W2: and one that has a step and no precondition, with its address"
cf plan
is $status 0 "without it a plan is a plan"
is "$(grep -n 'first-contact\|target-unwritable' <<<"$out" | head -1 | grep -c first-contact)" 1 "what is new stands before what blocks"
cf plan --report open.json
is "$(jq -r '.[0].name' open.json)" two "the report as JSON"
[ -n "$(jq -r '.[0].remedy' open.json)" ]; ok $? "with a remedy"
cf plan --report open.json --quiet && cf plan --report open.csv
is $status 0 "and replaces an older report"
# a policy that changed needs no step, and a reviewer has to see it
mkdir policy && cd policy || exit 1
export CERTFLEET_BACKUP_PASSPHRASE='correct horse battery staple 42'
mkdir -p tls run
plain_fleet
cf apply --yes
is $status 0 "W2: an apply records the policies"
cf plan
hasnt "$out" policy-changed "W2: which are the same afterwards"
ROLE='{restart: {max_unavailable: 2, pause: 90s}}' plain_fleet
sed -i 's/issuer: ca}/issuer: ca, renew_before: 10d}/; s/directory: backups/directory: backups, keep: 3/' certfleet.yaml
cf_out plan --json
is "$(jq -r '[.preconditions[].code] | join(" ")' <<<"$out")" policy-changed "W2: a changed policy is told"
is "$(jq -r '.preconditions[].severity' <<<"$out")" info "W2: as info"
is "$(jq -r '.preconditions[].items | join("; ")' <<<"$out")" \
	"backup: keep 10 -> 3; certificate 'site': renew_before 1/3 -> 10d; role 'web': max_unavailable 1 -> 2, pause 0s -> 90s" \
	"W2: old -> new, by object"
cf apply --yes
has "$out" "nothing to do" "W2: and needs no step"
cf apply --yes --reissue site
is $status 0 "W2: a run has it"
cf plan
hasnt "$out" policy-changed "W2: then it is told no more"
cd "$work" || exit 1

# who is believed is part of what was reviewed
make_pair agents run/agents.crt run/agents.key
make_pair ops run/ops.crt run/ops.key
make_pair others run/others.crt run/others.key
mkdir -p trusted && cp run/agents.crt trusted/agents.pem
plain_fleet
echo 'access: {agent: {certificate: run/ops.crt, key: run/ops.key, ca: trusted/agents.pem}}' >>certfleet.yaml
cf_out plan --offline --json
has "$out" "authority of agents trusted/agents.pem sha256 $(sha256sum trusted/agents.pem | cut -c1-64)" "S-also: first-contact tells what an authority's file holds"
is "$(jq -r '.preconditions[0].code' <<<"$out")" first-contact "S-also: and is listed first"
cf plan --out run/believed.plan
is $status 0 "S-also: a plan that believes agents"
cp run/others.crt trusted/agents.pem
cf apply run/believed.plan
is $status 5 "S-also: another authority in the same file makes it stale"
has "$out" "authorities or host keys changed" "S-also: which is said"
cp run/agents.crt trusted/agents.pem
sed -i '$d' certfleet.yaml
ssh-keygen -q -t ed25519 -N '' -f run/host && sed 's/^/db1 /' run/host.pub >trusted/known_hosts
echo 'access: {ssh: {key: run/host, known_hosts: trusted/known_hosts}}' >>certfleet.yaml
cf plan --out run/believed2.plan
echo '# another line' >>trusted/known_hosts
cf apply run/believed2.plan
is $status 5 "S-also: so does another list of host keys (sibling)"
finish
