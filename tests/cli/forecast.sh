#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is due: renewals and restarts by day, limits, freezes.
. "$(dirname "$0")/lib.sh"
day() { date -ud "+$1 days" +%F; }

fleet() { # MORE
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: ahead
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	$1
	certificates:
	  short: {subject: CN=short.example.test, issuer: self, validity: 30d, renew_before: 10d}
	  long: {subject: CN=long.example.test, issuer: self, validity: 90d, renew_before: 30d}
	roles:
	  later: {restart: {when: postponed}}
	components:
	  many: {certificate: short, each: ["m[1-4]"], deliver: {files: {directory: "tls/\${each}"}}, activate: {command: ["true"]}}
	  one: {role: later, certificate: long, deliver: {files: {directory: tls/one}}, activate: {command: ["true"]}}
	END
}
line() { # DAY: what the table has of it
	awk -v day="$1" '$1 == day { $1 = $1; print }' <<<"$out"
}

fleet ""
cf_out forecast
is $status 0 "a forecast before the first apply"
has "$(line "$(day 0)")" " 2 5 4 long, short" "all is due today"
cf apply --yes
mkdir run/moved && mv backups run/moved
cf_out forecast
is $status 0 "a forecast needs no more than fleet file and state"
is "$(line "$(day 20)")" "$(day 20) 1 4 4 short" "a renewal, its components and their restarts"
is "$(line "$(day 60)")" "$(day 60) 2 5 4 long, short" "a postponed one is no restart"
is "$(line "$(day 0)")" "" "nothing more is due today"
mv run/moved/backups .
cf_out forecast --days 21 --json
printf '%s' "$out" >run/forecast
fits_schema forecast.schema.json run/forecast; ok $? "its JSON is as the schema says"
is "$(jq -c '[.days[] | [.day, .renewals, .components, .restarts]]' run/forecast)" \
	"[[\"$(day 20)\",1,4,4]]" "as far as --days goes"
is "$(jq -c '[.limit, .first_over_limits]' run/forecast)" "[null,null]" "without limits"

fleet "limits: {components_per_run: 3}"
cf_out forecast
has "$out" "^The first day over 'limits' is $(day 20): 4 components, of 3 in one run" \
	"the first day over the limits"
has "$(line "$(day 20)")" "4 (over limits)" "is marked"

fleet "freeze: [{from: $(day 15), to: $(day 24), reason: sale}]"
cf_out forecast
is "$(line "$(day 20)")" "$(day 20) 1 0 0 short" "in a freeze there is the renewal alone"
has "$(line "$(day 25)")" " 0 4 4 short" "and the components follow after it"
has "$out" "^Freeze from $(day 15)T00:00:00Z to $(day 25)T00:00:00Z: sale" "the freeze is told"
hasnt "$out" "^Conflict" "it is in time"

fleet "freeze: [{from: $(day 15), to: $(day 40), reason: sale}]"
cf_out forecast
has "$out" "^Conflict: 'short' is due at .* and no window opens between, for the freeze 'sale'; the last safe window is from .* to $(day 15)T00:00:00Z" \
	"a freeze that a certificate ends in is a conflict"
cf_out forecast --json
printf '%s' "$out" >run/forecast
fits_schema forecast.schema.json run/forecast; ok $? "its JSON is as the schema says"
is "$(jq -r '.conflicts[0] | "\(.certificate) \(.freeze) \(.last_window.until)"' run/forecast)" \
	"short sale $(day 15)T00:00:00Z" "with the conflict"

for bad in 0 -3 x 3651 99999999999; do
	cf forecast --days=$bad
	is $status 64 "--days $bad is refused"
done
finish
