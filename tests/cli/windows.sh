#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Windows of a role and freezes: what waits, until when, and what does not.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "faketime is not installed"
day_after() { LC_ALL=C date -ud "+$1 days" +%a | tr '[:upper:]' '[:lower:]'; }
far=$(day_after 3)
installed() { readlink "tls/$1" >/dev/null 2>&1; }

closed="{restart: {windows: [{days: $far, start: \"12:00\", duration: 1h, time_zone: UTC}]}}"
always='{restart: {windows: [{start: "00:00", duration: 24h}]}}'
opens=$(date -ud "+3 days" +%Y-%m-%dT12:00:00Z)

ROLE=$closed plain_fleet
cf validate
is $status 0 "a role with a window is valid"
cf_out plan
has "$out" "waiting-for-window role:web: 2 components wait: its next window is from $opens to" \
	"the plan names the next window"
has "$out" "wait.* until $opens" "and the wave says until when it waits"
cf_out plan --json
printf '%s' "$out" >run/plan
fits_schema plan.schema.json run/plan; ok $? "its JSON is as the schema says"
is "$(jq -r '[.steps[] | select(.waits_until) | .kind] | unique | join(" ")' run/plan)" \
	"commit stage" "all that is done to a component waits"
is "$(jq -r '[.steps[] | .waits_until // empty] | unique | join(" ")' run/plan)" "$opens" \
	"until its window opens"

cf_out apply --yes --json
is $status 0 "an apply outside of the window ends with 0"
printf '%s\n' "$out" >run/events
fits_schema apply.schema.json run/events lines; ok $? "its events are as the schema says"
is "$(jq -r 'select(.event == "run ended") | "\(.waiting) \(.waits_until)"' run/events)" \
	"2 $opens" "they tell how many wait, and until when"
is "$(jq -r 'select(.event == "step ended") | .kind' run/events | xargs)" \
	"create-issuer issue backup" "the certificate is issued and backed up"
! installed one; ok $? "and nothing is delivered"
ls -A tls | grep -q .; [ $? -ne 0 ]; ok $? "not even staged"
cf apply --yes
is $status 0 "a second apply has nothing to do"
has "$out" "nothing to do, .*2 waiting for a window, the next one at $opens" "and says what waits"
cf plan --detailed-exitcode
is $status 0 "so says --detailed-exitcode"
cf status --check 1d
is $status 0 "to wait for a window is as planned for status --check"
cf status --check 1d --check-strict
is $status 2 "but not strictly"
cf_out status
has "$out" "waits for a window until $opens" "status says until when"
has "$out" "; 2 waiting for a window$" "and how many do"
cf_out status --json
printf '%s' "$out" >run/status
fits_schema status.schema.json run/status; ok $? "in JSON as the schema says"
is "$(jq -r '[.components[] | "\(.waits) \(.waits_until)"] | unique | join(",")' run/status)" "window $opens" "the same"
cf status --prometheus run/metrics
is "$(grep -c "^certfleet_component_waits_until_seconds{.*} $(date -d "$opens" +%s)$" run/metrics)" 2 "and for Prometheus"
cf status --html run/page.html
is "$(sed -n 's/.*id="data">\(.*\)<\/script>.*/\1/p' run/page.html | jq -r '[.components[].waits] | unique[]')" window "and on the page"
is "$("$CERTFLEET" history | tail -n +2 | wc -l)" 1 "and it is no run"

# what was reviewed outside of the window is applied in it
cf plan --out run/saved
ROLE=$always plain_fleet
cf apply run/saved --yes
is $status 5 "another schedule makes a saved plan stale"

ROLE=$closed plain_fleet
cf apply --yes --ignore-windows ' '
is $status 64 "--ignore-windows needs a reason"
cf plan --over-limits ''
is $status 64 "and so does --over-limits"
cf apply --yes --ignore-windows 'a key has leaked'
is $status 0 "--ignore-windows does it now"
installed one && installed two; ok $? "what waited is delivered"
cf_out history 2
has "$out" "^Windows and freezes ignored: a key has leaked" "history has the reason"
cf_out history 2 --json
printf '%s' "$out" >run/one
fits_schema history.schema.json run/one; ok $? "and fits the schema"
is "$(jq -r .reasons.ignore_windows run/one)" "a key has leaked" "with it"
cf apply --yes
is $status 0 "nothing waits any more"
hasnt "$out" "waiting" "and nothing says so"

ROLE=$always SUBJECT=other.example.test plain_fleet
cf apply --yes
is $status 0 "in a window nothing waits"
has "$out" " 0 not started" "and all is done"

# a freeze of the fleet
from=$(date -ud yesterday +%F)
to=$(date -ud '+2 days' +%F)
SUBJECT=third.example.test plain_fleet
sed -i "3i freeze: [{from: $from, to: $to, reason: \"quarter's end\"}]" certfleet.yaml
cf_out plan
has "$out" "waiting-for-window role:web: 2 components wait: the freeze 'quarter's end' lasts, and it may be changed from $(date -ud '+3 days' +%FT00:00:00Z) on" \
	"a freeze is named with its reason"
cf apply --yes
is $status 0 "in a freeze an apply ends with 0"
cf plan --out run/saved --ignore-windows 'agreed with all'
has "$out" "apply run/saved --file certfleet.yaml --ignore-windows 'agreed with all'" \
	"a saved plan asks for the reason again"
cf apply run/saved --yes
is $status 5 "without it, it is refused"
cf apply run/saved --yes --ignore-windows 'agreed with all'
is $status 0 "with it, it is applied"

# reviewed by day, applied by night: the plan's own time is outside of the window
fleet_at_night() {
	ROLE='{restart: {pause: 6s, windows: [{start: "02:00", duration: 1h}]}}' plain_fleet
}
night() { # TIME ARGS...
	out=$(ASAN_OPTIONS=verify_asan_link_order=0 FAKETIME_DONT_FAKE_MONOTONIC=1 timeout 120 faketime -f "@$1" "$CERTFLEET" "${@:2}" \
		2>&1 </dev/null)
	status=$?
}
SUBJECT=night.example.test fleet_at_night
night '2026-12-01 22:00:00' apply --yes
is $status 0 "by day the certificate is issued"
night '2026-12-01 22:00:30' plan --out run/saved
night '2026-12-02 02:10:00' apply run/saved --yes
is $status 0 "a plan that was saved by day is applied in the window"
has "$out" " 0 not started" "all of it"
hasnt "$out" "waiting for a window" "and nothing waits"

# a window ends while a run goes on
SUBJECT=late.example.test fleet_at_night
night '2026-12-03 02:59:56' apply --yes
is $status 0 "a run that a window ends in ends with 0"
has "$out" "waiting for a window: 1 component, the next one opens at 2026-12-04T02:00:00Z" \
	"the wave after its end waits for the next"
night '2026-12-04 02:00:10' apply --yes
is $status 0 "which does the rest"

finish
