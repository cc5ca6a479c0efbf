#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# appmon.sh COUNT SECONDS: seconds of a rolling restart of so many collectors, a quarter
# at once, each of which takes that long; before it a plan of them.
. "$(dirname "$0")/../e2e/appmon_fleet_lib.sh"
count=$1 each=$2
make_tiers
all_connected() { [ "$(state | jq '[.collectors[] | select(.connected)] | length')" = $((count + 2)) ]; }
at_once=25% restart=', when: postponed' write_fleet
cat >>certfleet.yaml <<END
  c: {each: ["c[0-$((count - 1))]"], role: collector, certificate: appmon, host: "\${each}", appmon: {collector: "\${each}@\${each}"}, deliver: {files: {directory: "appmon/\${each}"}}, activate: appmon}
END
start_appmon "{retry: 0.05, store: \"appmon/{name}\", collectors: [range($count) | {name: \"c\\(.)\", host: \"c\\(.)\", trust: \"connect\",
	agents: 2, restart_seconds: $each, connect_seconds: 0.05}]}" || exit 1
comes all_connected || exit 1
"$CERTFLEET" apply --yes >run/log 2>&1 || { cat run/log >&2; exit 1; }
comes all_connected || exit 1
"$CERTFLEET" plan >run/log 2>&1 || { cat run/log >&2; exit 1; }
began=$(date +%s.%N)
"$CERTFLEET" apply --yes --restart-postponed >run/log 2>&1 || { cat run/log >&2; exit 1; }
awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", b - a }'
