#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An AppMon Server that is silent after its port has opened, lists its collectors with
# %40, and forgets one that is away for 30 minutes, which then misses a change.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_fleet_lib.sh"
make_tiers one@h two@h
start_appmon '{silent: 2, at: "%40", minute: 0.3, retry: 0.05, store: "appmon/{name}@{host}", collectors: [
	{name: "one", host: "h", trust: "connect"}, {name: "two", host: "h", trust: "connect"}]}'
collectors_connect one@h two@h
answers() { rest GET $m/version -m 1; [ "$code" = 200 ]; }
comes answers
write_fleet one@h two@h

before=$(server_starts)
cf apply --yes
is $status 0 "trap: a server that is silent although its port is open is waited for"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(server_starts)" $((before + 1)) "trap: and restarted once"
is "$(starts_of one@h) $(starts_of two@h)" "2 2" "trap: collectors that the list names with %40 are restarted"
take_status
is "$(status_of one state) $(status_of two state)" "in-sync in-sync" "trap: and proven"

# --- away for longer than the server remembers
control '{"collector": "two@h", "do": "stop"}'
is_forgotten() { [ -n "$(events forget two@h)" ]; }
comes is_forgotten
ok $? "trap: a collector vanishes from the list after 30 minutes"
renew --ack offline
is $status 0 "trap: the change is made without it"
take_status
is "$(status_of one state) $(status_of two state)" "in-sync deferred" "trap: which status tells"

# --- back, with what it trusted before
control '{"collector": "two@h", "do": "start"}'
is_refused() { [ -n "$(events refused two@h)" ]; }
comes is_refused
ok $? "trap: it is refused by what it has stored"
cf status
has "$out" 'two.*deferred' "trap: it stays deferred"
has "$out" 'start it once with -Dclearcerts, since it missed a change' "trap: with the remedy"
control '{"collector": "two@h", "do": "stop"}'
control '{"collector": "two@h", "do": "start", "clear": ["certs"]}'
comes collector_has two@h connected true
ok $? "trap: which lets it connect"
cf apply --yes
is $status 0 "trap: the next apply delivers to it"
take_status
is "$(status_of two state)" in-sync "trap: and it is in sync"
finish
