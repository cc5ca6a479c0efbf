#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Invariant 9: a component that moved after a plan was saved leaves it by name,
# the rest is done as it was reviewed, and nothing is added.
. "$(dirname "$0")/lib.sh"
plain_fleet
mkdir -m 755 later
cat >>certfleet.yaml <<-END
  three: {role: web, certificate: site, deliver: {files: {directory: later/three}}}
  apart: {certificate: site, deliver: {files: {directory: tls/apart}}}
END
sed -i 's/restart: {when: immediate}/restart: {when: immediate, max_unavailable: 2}/' certfleet.yaml
stranger() { # NAME: what somebody else puts there
	rm -rf "tls/$1"
	mkdir -p "tls/$1"
	make_pair stranger "tls/$1/fullchain.pem" "tls/$1/key.pem"
}
leaf() { installed "$1/leaf.pem" 2>/dev/null; }
cf plan --out p.plan
is $status 0 "a plan of four components"
stranger two
other=$(openssl x509 -in tls/two/fullchain.pem -noout -fingerprint -sha256)
cf apply p.plan --all-or-nothing
is $status 5 "--all-or-nothing refuses a plan of which one moved"
[ ! -e tls/one ] && [ ! -e .certfleet ]; ok $? "and changes nothing"
cf apply p.plan
is $status 5 "else all but that one is done"
has "$out" "moved two: installed was nothing, is [0-9a-f]\{12\}; make a new one" "it is named, with what moved"
[ -n "$(leaf tls/one)" ] && [ -n "$(leaf later/three)" ] && [ -n "$(leaf tls/apart)" ]; ok $? "the others have what was reviewed"
is "$(openssl x509 -in tls/two/fullchain.pem -noout -fingerprint -sha256)" "$other" "and it keeps what it had"
cf_out history --json
is "$(jq -r '.runs[0].exit_status // .runs[-1].exit_status' <<<"$out")" 5 "which the history says too"
cf apply p.plan
is $status 5 "the same plan a second time is stale"
hasnt "$out" "moved two" "as a whole"
cf apply --yes
is $status 0 "a new plan does the rest"

# what holds one up now
sed -i 's/CN=site.example.test/CN=second.example.test/' certfleet.yaml
cf plan --out p.plan
chmod 777 later
before=$(leaf tls/one)
held=$(leaf later/three)
cf apply p.plan
is $status 5 "one that cannot be written any more leaves it"
has "$out" "moved three: 'target-unwritable' holds it up since the plan was saved" "and is named"
[ "$(leaf tls/one)" != "$before" ] && [ "$(leaf later/three)" = "$held" ]; ok $? "the others are done"
chmod 755 later
cf apply --yes
is $status 0 "until it can be again"

# nothing is added
sed -i 's/CN=second.example.test/CN=third.example.test/' certfleet.yaml
cf plan --out p.plan --target apart
before=$(leaf tls/one)
stranger apart
cf apply p.plan --target apart
is $status 5 "one that only moved ones are in"
has "$out" "moved apart" "names them"
is "$(leaf tls/one)" "$before" "and touches no other"
cf plan --out p.plan
stranger two
jq '(.steps[] | select(.component == "one")).reason = "nothing of importance"' p.plan >lie.plan
cf apply lie.plan
is $status 5 "a step that is another one is refused"
hasnt "$out" "moved two" "as a whole"
is "$(leaf tls/one)" "$before" "and nothing is done"
jq '(.waves[] | select(.role == "web")).limit = 9' p.plan >lie2.plan
cf apply lie2.plan
is $status 5 "so is a wave that is another one"
is "$(leaf tls/one)" "$before" "nor for that"
finish
