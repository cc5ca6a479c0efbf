#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs and their steps.
. "$(dirname "$0")/lib.sh"
cf history
is $status 65 "no fleet file: 65"
plain_fleet
cf history
is $status 0 "no state: no runs"
has "$out" "nothing was applied yet" "and it says so"
cf_out history --json
is "$(jq -c .runs <<<"$out")" "[]" "as JSON too"
cf apply --yes
cf apply --yes --reissue site
cf_out history
is "$(wc -l <<<"$out")" 3 "two runs below the title"
has "$(sed -n 2p <<<"$out")" "^2 .* done " "the newest first"
cf_out history 1
has "$out" "create-issuer .* done" "the steps of a run"
cf_out history 1 --json
is "$(jq -r '.steps[0].kind' <<<"$out")" create-issuer "as JSON too"
is "$(jq -r '[.steps[].outcome] | unique | join(",")' <<<"$out")" "done" "with their outcome"
printf '%s' "$out" >run/one
fits_schema history.schema.json run/one; ok $? "W6: the steps are as the schema says"
cf_out history --json
printf '%s' "$out" >run/all
fits_schema history.schema.json run/all; ok $? "W6: and the runs"
mv .certfleet run/kept
cf apply --yes --ack state-missing --ack foreign-authority
cf_out history 1
has "$out" "^Acknowledged: state-missing: there is no state" "W6: what was accepted is told"
has "$out" "^Acknowledged: foreign-authority ca: " "W6: with what it was for"
cf_out history 1 --json
printf '%s' "$out" >run/one
fits_schema history.schema.json run/one; ok $? "W6: and fits the schema"
cf history 99
is $status 1 "a run that never was: 1"
has "$out" "certfleet history" "with what to do"
cf history 99999999999999
is $status 64 "a number beyond all runs: 64"
mv certfleet.yaml other.yaml
cf_out -f other.yaml history
has "$out" "^1 " "of a fleet file with another name"
cf backup list --file other.yaml
is $status 0 "its bundles as well"
finish
