#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Approvals: what needs them, whose count, and what goes on without.
. "$(dirname "$0")/lib.sh"
for who in alice bob carol mallory; do openssl genpkey -algorithm ed25519 -out "run/$who.key" 2>/dev/null; done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out run/bob.key 2>/dev/null
mkdir keys
openssl pkey -in run/alice.key -pubout -out keys/alice.pem
openssl req -x509 -new -key run/bob.key -subj /CN=bob -days 30 -out keys/bob.pem 2>/dev/null
openssl pkey -in run/carol.key -pubout -out keys/carol.pem

rules='approvals: {required: 2, for: [issuers, contacts, removals, requests], signers: [{name: alice, key: keys/alice.pem}, {name: bob, key: keys/bob.pem}, {name: carol, key: keys/carol.pem}]}'

# APPROVALS, SUBJECT and MORE components
fleet() {
	plain_fleet
	sed -i "s|^backup:|${APPROVALS:-$rules}\n&|" certfleet.yaml
	[ -z "${MORE:-}" ] || printf '  %s\n' "$MORE" >>certfleet.yaml
}
approve() { cf approve p.plan --key "run/$1.key"; }
# A signature without certfleet, of a signer or of anybody: WHO EXPIRES
by_hand() {
	jq --arg e "$2" '.expires = $e' p.plan.approved.alice >run/form
	signed_text run/form >run/text
	case $(openssl pkey -in "run/$1.key" -noout -text) in
	ED25519*) openssl pkeyutl -sign -inkey "run/$1.key" -rawin -in run/text -out run/signature ;;
	*) openssl dgst -sha256 -sign "run/$1.key" -out run/signature run/text ;;
	esac
	jq --arg s "$(base64 -w 0 run/signature)" --arg k "$(openssl pkey -in "run/$1.key" -pubout -outform DER | base64 -w 0)" \
		'.signature = $s | .public_key = $k' run/form >"p.plan.approved.$1"
}
# By the contract alone: purpose, hash, lineage, serial, expiry.
signed_text() {
	jq -r '"certfleet-approval-1\n\(.plan_sha256)\n\(.lineage)\n\(.serial)\n\(.expires | fromdate)"' "$1"
}
save() {
	rm -f p.plan*
	cf plan --out p.plan "$@"
}
runs() { cf_out history --json; jq '.runs | length' <<<"$out"; }

fleet
cf validate
is $status 0 "approvals in a fleet file"
cf apply --yes
is $status 0 "the first run has no rule yet" || sed 's/^/# /' <<<"$out"
cf apply --yes
has "$out" "nothing to do" "and a second one nothing to do"
cf apply --yes --reissue site
is $status 0 "an unchanged request needs none"

# ---- a changed request ----
SUBJECT=new.example.test fleet
cf plan --detailed-exitcode
is $status 2 "a plan shows the change as if it were approved"
has "$out" "info *approval-missing site: a new or changed request needs 2 approvals" "and that it needs approvals"
cf apply --yes
is $status 3 "an apply without them: 3"
has "$out" "approval-missing site" "says what waits"
has "$out" "certfleet approve PLAN" "and what to do"
has "$out" "^next: 'certfleet plan --out PLAN': the signers approve that" "by the next command"
cf apply --yes --reissue site
is $status 3 "not with --reissue either"
save
cf apply p.plan
is $status 3 "a saved plan without approvals: 3"
has "$out" "approval-missing: the plan has 0 of 2 approvals.*alice, bob, carol" "says how many, and whose"
has "$out" "^next: 'certfleet approve p.plan --key FILE': by 2 more of the signers, then the plan" "with the command"
cf_out apply p.plan --json
printf '%s' "$out" >run/refused
fits_schema apply.schema.json run/refused; ok $? "in JSON as the schema says"
is "$(jq -r .next run/refused)" "certfleet approve p.plan --key FILE" "with the command, too"
approve alice
is $status 0 "approve"
has "$out" "issue *site" "shows the plan"
has "$out" "approved as 'alice' until .*p.plan.approved.alice" "and until when"
is "$(jq -r .signed_as p.plan.approved.alice)" approval "the signature is beside the plan"
cp p.plan.approved.alice p.plan.approved.again
cf apply p.plan
is $status 3 "one key counts once: 3"
has "$out" "1 of 2 approvals.* it lacks those of bob, carol$" "and says so"
has "$out" "by 1 more of the signers" "and how many more"
approve mallory
is $status 64 "a key of no signer: 64"
has "$out" "'run/mallory.key' is of none of the signers, which are alice, bob, carol; sign" "says whose it may be"
[ ! -e p.plan.approved.mallory ]; ok $? "and writes nothing"
by_hand mallory 2099-01-01T00:00:00Z
cf apply p.plan
is $status 3 "such a signature does not count: 3"
has "$out" "does not count: its key is of none of the signers" "which is told"

verified() { # FILE PUBLIC-KEY
	signed_text "$1" >run/text
	jq -r .signature "$1" | base64 -d >run/signature
	openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in run/text -sigfile run/signature >/dev/null 2>&1
}
verified p.plan.approved.alice keys/alice.pem; ok $? "openssl verifies the signature"

forged() { # JQ-EXPRESSION WHAT PATTERN
	jq "$1" run/bob.approved >p.plan.approved.bob
	cf apply p.plan
	is $status 3 "$2 does not count: 3"
	has "$out" "$3" "and says why"
}
approve bob
mv p.plan.approved.bob run/bob.approved
forged '.serial += 1' "one of another serial" "for serial"
forged '.lineage = "other"' "one of another lineage" "another lineage"
forged '.plan_sha256 |= (.[1:] + .[0:1])' "one of another plan" "another plan"
forged '.expires = "2099-01-01T00:00:00Z"' "one that was made longer" "not valid"
forged '.signature |= ("AAAA" + .[4:])' "a forged one" "not valid"
forged '.signed_as = "maker"' "one of a maker" "another purpose"
forged 'del(.public_key)' "a damaged one" "not a signature"
cp run/bob.approved p.plan.approved.bob
before=$(runs)
cf apply p.plan
is $status 0 "with two approvals it is applied" || sed 's/^/# /' <<<"$out"
is "$(runs)" $((before + 1)) "as a run"
cf_out history $((before + 1))
has "$out" "^Approved: by alice, key [0-9a-f]\{12\}, until" "the history names the signers"
has "$out" "^Approved: by bob" "each of them"
cf_out history $((before + 1)) --json
printf '%s' "$out" >run/one
fits_schema history.schema.json run/one; ok $? "as the schema says"
is "$(jq -r '[.run.approvals[].name] | sort | join(",")' run/one)" "alice,bob" "in JSON too"
cf history --verify
is $status 0 "the chain of the history holds it"
cf apply --yes
has "$out" "nothing to do" "and nothing is left to do"

# ---- a changed plan, an expired approval ----
SUBJECT=third.example.test fleet
save; approve alice; approve bob
SUBJECT=fourth.example.test fleet
cf apply p.plan
is $status 5 "another fleet file than was approved: 5"
cp p.plan.approved.alice run/kept
save
cp run/kept p.plan.approved.alice
approve bob
cf apply p.plan
is $status 3 "an approval of a former plan does not count: 3"
has "$out" "it is for another plan" "and says so"
SUBJECT=third.example.test fleet
save; approve alice
by_hand bob 2020-01-01T00:00:00Z
cf apply p.plan
is $status 3 "one that has expired does not count: 3"
has "$out" "it expired on 2020-01-01T00:00:00Z" "and says so"
by_hand bob 2099-01-01T00:00:00Z
cf apply p.plan
is $status 0 "one that anybody could have made by the contract does"
SUBJECT=fourth.example.test fleet
save --valid-for 1s; sleep 2
approve alice
is $status 5 "a plan that is too old: 5"
has "$out" "was made to be valid for 1 second; make a new plan" "says so"
[ ! -e p.plan.approved.alice ]; ok $? "and gets no signature"

# ---- the maker's key ----
rm -f p.plan*
cf plan --sign run/alice.key
is $status 64 "--sign without --out: 64"
save --sign run/alice.key
is $status 0 "a plan that its maker signs"
is "$(jq -r .signed_as p.plan.signed)" maker "the signature is beside it"
fits_schema plan.schema.json p.plan; ok $? "the plan is as the schema says"
approve alice
is $status 64 "the maker cannot approve it: 64"
"$CERTFLEET" plan show --json p.plan | jq -r .maker >run/maker
cp p.plan.signed run/signed
approve bob
jq --slurpfile s run/signed '.public_key = $s[0].public_key | .signature = $s[0].signature' p.plan.approved.bob >p.plan.approved.alice
cf apply p.plan
is $status 3 "nor does a signature of the maker count: 3"
has "$out" "by the plan's maker" "which is told"
rm p.plan.approved.alice p.plan.signed
approve carol
cf apply p.plan
is $status 5 "without the maker's signature it is refused: 5"
cp run/signed p.plan.signed
jq 'del(.maker)' p.plan >run/unmade; cp p.plan run/made; cp run/unmade p.plan
cf apply p.plan
is $status 3 "nor can the maker be taken out of an approved plan: 3"
cp run/made p.plan
cf apply p.plan
is $status 0 "two others approve it" || sed 's/^/# /' <<<"$out"

# ---- what the other classes ask ----
MORE='three: {role: web, certificate: site, deliver: {files: {directory: tls/three}}}' SUBJECT=fourth.example.test fleet
cf apply --yes
is $status 3 "a new component reaches what no run reached: 3"
has "$out" "approval-missing three: what it reaches for the first time" "and waits by its name"
[ ! -e tls/three ]; ok $? "nothing is there"
cf apply --yes --reissue site
is $status 3 "the others are renewed meanwhile"
is "$(openssl x509 -in tls/one/leaf.pem -noout -fingerprint)" "$(openssl x509 -in tls/two/leaf.pem -noout -fingerprint)" "all of them"
[ ! -e tls/three ]; ok $? "and the new one still waits"
SUBJECT=fourth.example.test fleet
sed -i '/^  two:/d' certfleet.yaml
cf apply --yes
is $status 3 "a removal waits: 3"
has "$out" "approval-missing: what is removed needs 2 approvals" "and says so"
has "$out" "^    component two$" "and which"
SUBJECT=fourth.example.test fleet
sed -i 's/^  two: {/&presence: absent, /' certfleet.yaml
cf apply --yes
is $status 3 "a component that is used no more waits, too: 3"
has "$out" "^    component two$" "by its name"
cf apply --yes
is $status 3 "with each run"
save; approve alice; approve bob
cf apply p.plan
is $status 0 "until it is approved" || sed 's/^/# /' <<<"$out"
cf apply --yes
has "$out" "nothing to do" "once"
SUBJECT=fourth.example.test fleet
sed -i 's/CN=Plain CA/CN=Other CA/' certfleet.yaml
cf apply --yes --ack issuer-replaced
is $status 3 "another authority waits: 3"
has "$out" "approval-missing ca: a new authority needs 2 approvals" "and says so"
SUBJECT=fourth.example.test fleet
sed -i 's|required: 2|required: 1|' certfleet.yaml
cf apply --yes
is $status 3 "another rule waits: 3"
has "$out" "another rule in 'approvals' needs 2 approvals" "under the old one"
sed -i '/^approvals:/d' certfleet.yaml
cf apply --yes
is $status 3 "and so does none: 3"
sed -i 's/CN=fourth/CN=fifth/; s/\[fourth/[fifth/' certfleet.yaml
save; approve alice
is $status 0 "a signer of the state signs, although the file does not have it"
cf apply p.plan
is $status 3 "the rules of the state count, not those of the fleet file: 3"
has "$out" "1 of 2 approvals" "two are needed still"

# ---- breaking the glass ----
SUBJECT=fifth.example.test fleet
cf apply --yes --ack approval-missing
is $status 64 "--ack approval-missing without a reason: 64"
cf apply --yes --reason "the site is down"
is $status 64 "a reason for nothing: 64"
cf apply --yes --ack approval-missing --reason "the site is down"
is $status 0 "with a reason it is applied" || sed 's/^/# /' <<<"$out"
has "$out" "warning: applied without approvals: the site is down" "with a warning"
cf_out history "$(runs)"
has "$out" "^Not approved: the site is down$" "and the history keeps the reason"

# ---- a lost state ----
is "$(unzip -p "$(find backups -name '*.zip' | sort | tail -n 1)" manifest.json | jq '.records[] | select(.key == "approvals").record.required')" 2 "the rules are in bundles"
mv .certfleet run/lost
cf apply --yes --ack state-missing --ack foreign-authority
is $status 3 "--ack state-missing needs the approvals of the fleet file: 3"
has "$out" "approval-missing" "and says so"
rm -rf .certfleet
cf backup restore latest
is $status 0 "the state is restored"
sed -i '/^approvals:/d' certfleet.yaml
cf apply --yes
is $status 3 "its rules survive: 3"
has "$out" "another rule in 'approvals' needs 2 approvals" "none in the fleet file is another one"

# ---- mistakes ----
APPROVALS='approvals: {required: 2, for: [issuers], signers: [{name: alice, key: keys/alice.pem}]}' fleet
cf validate
is $status 65 "more approvals than signers: 65"
APPROVALS='approvals: {required: 1, for: [issuers], signers: [{name: a, key: keys/alice.pem}, {name: b, key: keys/alice.pem}]}' fleet
cf plan
is $status 65 "one key of two signers: 65"
has "$out" "a key counts once" "says why"
APPROVALS='approvals: {required: 1, for: [issuers], signers: [{name: a, key: certfleet.yaml}]}' fleet
cf plan
is $status 65 "a file without a key: 65"
APPROVALS='approvals: {required: 1, for: [issuers], signers: [{name: alice, key: keys/alice.pem}, {name: Alice, key: keys/bob.pem}]}' fleet
cf validate
is $status 65 "two signers whose names differ in case alone: 65"
has "$out" "certfleet.yaml:3:.*'alice' and 'Alice': names are unique, upper and lower case being the same" "with the position"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out run/rsa.key 2>/dev/null
openssl pkey -in run/rsa.key -pubout -out keys/rsa.pem
openssl req -x509 -new -key run/rsa.key -subj /CN=rsa -days 30 -out keys/rsa-cert.pem 2>/dev/null
for rsa in rsa rsa-cert; do
	APPROVALS="approvals: {required: 1, for: [issuers], signers: [{name: a, key: keys/missing.pem}, {name: rita, key: keys/$rsa.pem}]}" fleet
	cf validate
	is $status 65 "an RSA key of a signer ($rsa): 65"
	has "$out" "certfleet.yaml:3:104: key '.*keys/$rsa.pem' of signer 'rita' in 'approvals': plans are signed with Ed25519 or ECDSA; 'openssl genpkey" "with position and remedy"
	APPROVALS="approvals: {required: 1, for: [issuers], signers: [{name: rita, key: keys/$rsa.pem}]}" fleet
	cf plan
	is $status 65 "nor does plan take it"
done
fleet
for command in "approve p.plan --key" "plan --out run/other.plan --sign"; do
	cf $command run/rsa.key
	is $status 65 "RSA does not sign: ${command%% *}"
	has "$out" "cannot sign with 'run/rsa.key': plans are signed with Ed25519 or ECDSA" "and is told what does"
done
ls run/other.plan p.plan.approved.rita >/dev/null 2>&1; is $? 2 "nothing is written"
# ---- the first rules hold although a component is blocked ----
rm -rf .certfleet backups certfleet.lineage tls p.plan* && mkdir tls
MORE='gone: {certificate: site, deliver: {files: {directory: missing/gone}}}' fleet
cf apply --yes
is $status 4 "a first run with a component that is blocked"
SUBJECT=evil.example.test MORE='gone: {certificate: site, deliver: {files: {directory: missing/gone}}}' fleet
cf apply --yes
has "$out" "approval-missing site" "a changed request needs approvals then"

# ---- what was approved holds although a component stays blocked ----
rm -rf .certfleet backups certfleet.lineage tls p.plan* && mkdir tls
gone='gone: {certificate: site, deliver: {files: {directory: missing/gone}}}'
MORE=$gone fleet
cf apply --yes
is $status 4 "a first run that a component keeps from completing"
cf apply --yes
is $status 4 "a second one"
hasnt "$out" "approval-missing" "holds up nothing that the first has reached before there was a rule"
more="$gone"$'\n'"  three: {role: web, certificate: site, deliver: {files: {directory: tls/three}}}"
MORE=$more fleet
cf apply --yes
has "$out" "approval-missing three: what it reaches for the first time" "a new component waits beside the blocked one"
cf apply --yes
has "$out" "approval-missing three: what it reaches for the first time" "again with the next run"
save; approve alice; approve bob
cf apply p.plan
is $status 4 "with approvals all but the blocked one is done"
[ -e tls/three/leaf.pem ]; ok $? "the new one has its pair"
cf apply --yes --reissue site
is $status 4 "the next run"
hasnt "$out" "approval-missing" "asks for no approval again"
sed -i 's|required: 2|required: 1|' certfleet.yaml
save; approve alice; approve bob
cf apply p.plan
is $status 4 "so with another rule"
cf apply --yes
hasnt "$out" "another rule" "which counts from then on"
MORE="$more"$'\n'"  four: {role: web, certificate: site, deliver: {files: {directory: tls/four}}}" \
	rules=${rules/required: 2/required: 1} fleet
save; approve carol
cf apply p.plan
is $status 4 "one approval is enough now"
[ -e tls/four/leaf.pem ]; ok $? "and the next new component has its pair"

# ---- keys in clear are told ----
rm -rf .certfleet backups certfleet.lineage
fleet
cf apply --yes --ack foreign-authority
sed -i 's|^backup: .*|backup: {directory: backups, unencrypted: true}\nstate: {path: .certfleet, seal: {env: CERTFLEET_BACKUP_PASSPHRASE}}|' certfleet.yaml
cf plan
has "$out" "backup: unencrypted none -> bundles" "a backup without a passphrase is a changed policy"
finish
