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
finish
