#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Why a component or a certificate is as it is, and what the next plan does about it.
. "$(dirname "$0")/lib.sh"
far=$(LC_ALL=C date -ud '+3 days' +%a | tr '[:upper:]' '[:lower:]')
plain_fleet
cf_out explain one
is $status 0 "a component before the first apply"
has "$out" "^Component 'one' is absent" "its state"
has "$out" "desired *not made yet" "what it should have"
has "$out" "^  nothing yet" "nothing was done"
has "$out" "^  issue: first issue" "the plan issues its certificate"
has "$out" "^  stage one: nothing is installed" "and delivers it"
hasnt "$out" "stage two" "of others it says nothing"
as_json() { # NAME: in run/json
	cf_out explain "$1" --json
	printf '%s' "$out" >run/json
	fits_schema explain.schema.json run/json; ok $? "$1 in JSON ${2:-}is as the schema says"
}
as_json one "before the first apply "
is "$(jq -c '.explained[0] | [.kind, .name, .state, .facts.desired, [.steps[].kind][0]]' run/json)" \
	'["component","one","absent",null,"issue"]' "it says the same"
cf_out explain site
has "$out" "authority *not made yet" "the authority of a certificate before the first apply"
has "$out" "^  create-issuer ca: " "which the plan makes"
as_json site "before the first apply "
is "$(jq -c '.explained[0] | [.facts.issued_by, .facts.authority, .steps[0].kind, .steps[0].certificate]' run/json)" \
	'["ca",null,"create-issuer","ca"]' "it says the same"
cf apply --yes
cf_out explain one
has "$out" "^Component 'one' is unproven" "after it"
has "$out" "installed *[0-9a-f]\{12\}, number 1 of 'site', from " "the pair with its number and dates"
has "$out" "^1 .* commit .*one .* done" "the history of the component"
hasnt "$out" "^1 .* commit .*two" "and of no other"
has "$out" "^  nothing: it is as wanted" "nothing is to do"
cf_out explain site
has "$out" "^Certificate 'site'" "a certificate"
has "$out" "renewal *at .*, 30 days before its end" "when it is renewed"
has "$out" "components *2 unproven" "the states of its components"
has "$out" "^1 .* issue .* done" "its history"
has "$out" "issued by *ca$" "its issuer"
has "$out" "authority *[0-9a-f]\{12\}, number 1 of 'ca', from .* to " "the pair of that"
has "$out" "^1 .* create-issuer .* done" "and what was done about it"
as_json site
is "$(jq -r '.explained[0] | [.kind, .facts.authority.owner, .facts.authority.fingerprint_sha256[:12], .facts.components.unproven, (.facts.desired.number)] | join(" ")' run/json)" \
	"certificate ca $(sed -n 's/.*authority *\([0-9a-f]\{12\}\),.*/\1/p' <<<"$("$CERTFLEET" explain site)") 2 1" "it says the same"
is "$(jq -c '[.explained[0].history[].kind] | unique' run/json)" '["create-issuer","issue"]' "and has the same history"
as_json one
is "$(jq -r '.explained[0] | [.facts.installed.owner, .facts.installed.number, .facts.certificate, .facts.issued_by, .facts.seen.online] | join(" ")' run/json)" "site 1 site ca true" "a component too"

SUBJECT=other.example.test plain_fleet
ROLE="{restart: {windows: [{days: $far, start: \"12:00\", duration: 1h}]}}" \
	SUBJECT=other.example.test plain_fleet
cf_out explain one
opens=$(date -ud '+3 days' +%FT12:00:00Z)
has "$out" "windows *the next one is from $opens" "its next window"
has "$out" "info waiting-for-window role:web: .*; 'certfleet apply' does it then" "why it waits"
has "$out" "^  commit one, wave 1 of 2, waits until $opens: installed" "and until when"
cf_out explain site
has "$out" "^  stage two, waits until $opens" "the certificate tells of all its components"
sed -i '2a limits: {components_per_run: 1}' certfleet.yaml
cf_out explain two
has "$out" "^  two is left out: over-limits" "what is left out"
hasnt "$out" "^  commit two" "has no step of its own"
as_json two "that is left out "
is "$(jq -r '.explained[0] | [.left_out[0].code, .facts.waits] | join(": ")' run/json)" "over-limits: left to a later apply by 'limits'" "with the reason"
as_json site "that waits "
is "$(jq -r '[.explained[0].steps[].waits_until // empty] | unique[]' run/json)" "$opens" "and until when"
sed -i 's|ca: {subject: "CN=Plain CA"}|ca: {subject: "CN=Plain CA", validity: 30d}|' certfleet.yaml
cf_out explain site
has "$out" "acknowledge issuer-replaced ca: " "a certificate tells what holds up its issuer"
cf_out explain --offline one
is $status 0 "offline"

cf explain on
is $status 64 "an unknown name: 64"
has "$out" "did you mean 'one'" "with a suggestion"
cf explain
is $status 64 "no name: 64"
before=$(find .certfleet -type f -exec sha256sum {} + | sort)
cf explain one
is "$(find .certfleet -type f -exec sha256sum {} + | sort)" "$before" "it writes nothing"

rm -rf .certfleet backups certfleet.lineage tls
plain_fleet
sed -i 's|ca: {subject: "CN=Plain CA"}|ca: {subject: "CN=Plain CA", validity: 60d}|' certfleet.yaml
cf apply --yes
cf_out explain site
has "$out" "cut *a new one ends with its authority, at " "an authority that ends too soon is told"
as_json site "with an authority that ends too soon "
is "$(jq -r '.explained[0].facts | .cut == .authority.not_after' run/json)" true "with its end"
finish
