#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Limits of one run: the most urgent first, the rest by the next.
. "$(dirname "$0")/lib.sh"
fleet() { # LIMITS SUBJECT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: many
	limits: $1
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=$2", issuer: self}
	components:
	  node: {certificate: site, each: ["n[1-7]"], deliver: {files: {directory: "tls/\${each}"}}}
	END
}
done_with() { # how many have the pair of SUBJECT
	grep -l "" tls/*/leaf.pem 2>/dev/null | while read -r leaf; do
		openssl x509 -in "$leaf" -noout -subject
	done | grep -c "$1"
}

fleet '{components_per_run: 3}' one.example.test
cf_out plan
has "$out" "over-limits: 7 components need a change, 'limits' allows 3 in one run: 4 are left to the next" \
	"the plan says what is left"
cf_out plan --json
printf '%s' "$out" >run/plan
fits_schema plan.schema.json run/plan; ok $? "its JSON is as the schema says"
is "$(jq '[.left_out[] | select(.code == "over-limits")] | length' run/plan)" 4 \
	"what is left is left out by name"
cf apply --yes
is $status 0 "an apply over the limits ends with 0"
has "$out" "left to the next apply by 'limits': 4 components" "and says how many are left"
is "$(done_with one)" 3 "so many are done"
cf status --check 1d
is $status 0 "what is left is as planned for status --check"
cf status --check 1d --check-strict
is $status 2 "but not strictly"
has "$out" "' is absent: left to a later apply by 'limits'$" "which says why"
cf_out status
has "$out" "; 4 left to a later apply by 'limits'$" "status says how many"
cf_out status --json
printf '%s' "$out" >run/status
fits_schema status.schema.json run/status; ok $? "in JSON as the schema says"
is "$(jq -c '[.components[].waits] | group_by(.) | map([.[0], length])' run/status)" '[[null,3],["limits",4]]' "the same"
cf status --prometheus run/metrics
is "$(grep -c '^certfleet_component_left_by_limits{.*} 1$' run/metrics)" 4 "and for Prometheus"
cf apply --yes
is "$(done_with one)" 6 "the next one goes on"
cf apply --yes
is "$(done_with one)" 7 "until all are done"
cf apply --yes
has "$out" "nothing to do, 7 components as wanted" "then nothing is to do"

fleet '{percent_per_run: 29}' two.example.test
cf apply --yes
is "$(done_with two)" 3 "a percentage is rounded up"
fleet '{components_per_run: 5, percent_per_run: 1}' two.example.test
cf apply --yes
is "$(done_with two)" 4 "the smaller one counts, and at least one is done"
cf plan --out run/saved --over-limits 'a key has leaked'
has "$out" "apply run/saved --file certfleet.yaml --over-limits 'a key has leaked'" \
	"a saved plan asks for the reason again"
cf apply run/saved --yes
is $status 5 "without it, it is refused"
cf apply run/saved --yes --over-limits 'a key has leaked'
is $status 0 "with it, it is applied"
is "$(done_with two)" 7 "all at once"
cf_out history 6
has "$out" "^Over the limits: a key has leaked" "history has the reason"
finish
