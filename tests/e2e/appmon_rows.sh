#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the certificate wizard of AppMon does, row by row, by a fleet file beside the
# stand-in AppMon Server.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_fleet_lib.sh"

make_tiers one@h two@h
# shellcheck disable=SC2016
start_appmon '{retry: 0.05, collectors: [{name: "one", host: "h", agents: 2, trust: "connect"},
	{name: "two", host: "h", agents: 1, trust: "connect"}, {name: "other", host: "h"}]}'
collectors_connect one@h two@h other@h
write_fleet one@h two@h
control '{"collector": "other@h", "do": "stop"}'

# --- 0.4: no restart of the server, no change
count=$(server_starts)
server='restartable: false' write_fleet one@h two@h
cf apply --yes
is $status 4 "0.4 a server that must not be restarted blocks"
has "$out" 'not-restartable server' "0.4 the precondition is named"
account 'Web Service Interface Access'
write_fleet one@h two@h
cf apply --yes
is $status 4 "0.4 an account that is refused blocks"
has "$out" "401: the AppMon Server does not accept the account 'certfleet'" "0.4 the refusal is told in words"
has "$out" "permission 'Web Service Interface Access'" "0.4 with the permission that may be missing"
cf apply --yes --ack not-restartable
has "$status $out" "64 .*'not-restartable' has no override" "0.4 no acknowledgement overrides it"
account
is "$(server_starts) $(installed appmon/one@h/fullchain.pem)" "$count $(installed appmon/server/fullchain.pem)" \
	"0.4 nothing was delivered or restarted"

# --- 1.1, 1.2, 1.5, 1.6
control '{"collector": "two@h", "do": "stop"}'
cf plan --report details.csv
has "$out" 'offline two: the AppMon Server lists it as not connected' "1.1 a disconnected collector is told"
has "$out" 'undeclared other@h' "1.1 one that the fleet file lacks is told"
hasnt "$out" 'undeclared Embedded\|undeclared Dynatrace' "1.1 the embedded and the self-monitoring one are not"
has "$(cat details.csv)" '^"two",.*"no","the AppMon Server lists it as not connected.*","start it.*","h","no","no"' \
	"1.6 the list of details has host and connection of a collector"
has "$(cat details.csv)" '^"other@h",.*"h","",""' "1.6 and one that is not declared"
cf plan --report details.json --json
is "$(jq -c '[.[] | select(.name == "two") | .host, .connected, .embedded]' details.json)" '["h",false,false]' \
	"1.6 so has the one in JSON"
cf apply --yes
is $status 3 "1.5 an offline collector is asked about"
is "$(server_starts)" "$count" "1.5 nothing is restarted before"
control '{"collector": "two@h", "do": "start"}'
collectors_connect two@h
cf plan
has "$out" 'role .server.: 1 process' "1.2 the plan has the restart of the server"
has "$out" '2 processes, at most 2 at the same time; 3 agents lose data meanwhile' "1.2 and for a wave who loses data"
has "$out" "^  one .*restart .*; 2 agents lose data meanwhile" "1.2 and for a collector who loses data meanwhile"
has "$out" "^  two .*; 1 agent loses data meanwhile" "1.2 and for another one"
cf plan --json
is "$(jq -c '[.impact[] | [.component, .wave, .agents]]' <<<"$out")" '[["one",2,2],["two",2,1]]' "1.2 also in JSON"
spoil "GET $m/agents" 500
cf plan
has "$out" "^  one .*how many is unknown" "1.2 a count that cannot be had does not block"
spoil

asked=$(events request | wc -l)
cf plan --confined
is "$status $(events request | wc -l)" "0 $asked" "1.1 a confined plan asks nobody"

# --- 1.3, 1.4
control '{"collector": "two@h", "set": {"version": "7.0.1.1"}}'
cf plan
has "$out" 'version-mixed' "1.3 collectors of several versions are told"
control '{"collector": "two@h", "set": {"version": "6.2.9.1"}}'
cf apply --yes
is $status 4 "1.4 a collector before 6.3 blocks"
has "$out" 'version-too-old two: it is 6.2.9.1' "1.4 and is named with its version"
control '{"collector": "two@h", "set": {"version": "7.0.0.2469", "omit": ["version"]}}'
cf apply --yes
is $status 4 "1.4 an unknown version blocks"
has "$out" 'version-unknown two' "1.4 and is named"
cf apply --yes --ack version-unknown
has "$status $out" "64 .*'version-unknown' has no override" "1.4 there is no override"
control '{"collector": "two@h", "set": {"omit": []}}'
is "$(server_starts)" "$count" "1.4 nothing was restarted"

# --- 3.1, 3.2, 4.1, 5.1
cf apply --yes
is $status 0 "3.1 one apply delivers to all"
desired=$(installed appmon/server/fullchain.pem)
is "$(installed appmon/one@h/fullchain.pem) $(installed appmon/two@h/fullchain.pem)" "$desired $desired" \
	"3.1 collectors hold the pair of the server"
is "$(server_starts)" $((count + 1)) "4.1 the server was restarted at once, and once"
is "$(served_now "$collector")" "$desired" "4.1 and serves the pair"
is "$(starts_of one@h) $(starts_of two@h)" "2 3" "4.2 collectors were restarted, each once"
has "$(events | grep -n '')" "stop server" "4.1 the restart is seen"
first=$(events '' | grep -n '^stop server' | head -1 | cut -d: -f1)
ok $(($(events | grep -n '^stop one@h' | tail -1 | cut -d: -f1) < first)) "4.2 after the server"
is "$(state_of server) $(state_of one)" "in-sync handshake in-sync driver" "5.1 status proves both, and says how"
last_run
is "$(jq -r '[.. | objects | select(.kind? == "activate") | "\(.component) \(.outcome)"] | sort | join(", ")' <<<"$out")" \
	"one done, server done, two done" "3.2 history has the outcome of each"
cf apply --yes
is $status 0 "a second apply has nothing to do"
has "$out" 'nothing to do' "and says so"
has "$(events 'request' | grep POST | sort | uniq -c | sort -rn | head -1)" ' 1 request' "no order was sent twice"

# --- 4.2, 5.2: postponed
restart=', when: postponed' write_fleet one@h two@h
renew
is $status 0 "4.2 collectors may be postponed"
desired=$(installed appmon/server/fullchain.pem)
is "$(starts_of one@h) $(starts_of two@h)" "2 3" "4.2 they are not restarted then"
is "$(state_of one)" "restart-pending none" "5.2 they wait for their restart, connected or not"
collectors_connect one@h two@h
control '{"collector": "one@h", "do": "restart"}'
comes collector_has one@h starts 3
collectors_connect one@h
is "$(state_of one) $(state_of two)" "in-sync driver restart-pending none" "5.2 a restart from outside is seen"
control '{"collector": "two@h", "do": "flap"}'
collectors_connect two@h
is "$(state_of two)" "restart-pending none" "5.2 a lost connection is no restart"
cf apply --yes --restart-postponed
is $status 0 "4.2 the others may be restarted later"
is "$(starts_of one@h) $(starts_of two@h)" "3 4" "5.2 one that was restarted is not once more"
is "$(state_of one) $(state_of two)" "in-sync driver in-sync driver" "5.2 now both are in use"

# --- 1.5, 1.8: left out knowingly, and back later
write_fleet one@h two@h
control '{"collector": "two@h", "do": "stop"}'
before=$(installed appmon/two@h/fullchain.pem)
renew --ack offline:two
is $status 0 "1.5 all others go on when it is acknowledged"
is "$(installed appmon/two@h/fullchain.pem)" "$before" "1.5 it is left untouched, although its place can be written"
is "$(state_of two)" "deferred none" "1.5 and is deferred"
last_run
has "$out" 'offline' "1.5 the acknowledgement is recorded"
control '{"collector": "two@h", "do": "start"}'
comes eval 'events refused two@h | grep -q differs'
cf plan
has "$out" 'two: the AppMon Server lists it as not connected' "1.8 one that is back cannot connect"
has "$out" 'start it once with -Dclearcerts' "1.8 the remedy is told"
control '{"collector": "two@h", "do": "stop"}'
control '{"collector": "two@h", "do": "start", "clear": ["certs"]}'
collectors_connect two@h
is "$(state_of two)" "outdated driver" "1.8 once it was cleared it is outdated"
cf status
has "$out" 'clearcerts' "1.8 status has the remedy as well"
cf apply --yes
is $status 0 "1.8 the next apply delivers to it"
is "$(installed appmon/two@h/fullchain.pem)" "$(installed appmon/server/fullchain.pem)" "1.8 the same pair"
is "$(state_of two)" "in-sync driver" "1.8 and restarts it"
finish
