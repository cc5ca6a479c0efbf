#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The collectors of the stand-in AppMon Server: which certificate they trust,
# when they connect, how they are listed and restarted.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_lib.sh"
m=/rest/management
value() { xmllint --xpath 'string(/result/@value)' run/body; }
of() { xmllint --xpath "string(//collectorinformation[name='$1']/$2)" run/body; } # NAME FIELD, in a list
listed() { # NAME COUNT
	rest GET $m/collectors &&
		[ "$(xmllint --xpath "count(//collectorinformation[name='$1'])" run/body)" = "$2" ]
}
connected() { collector_has "$1" connected "${2:-true}"; }
refused() { events refused "$1" | grep -q -- "$2"; }
decoded() { python3 -c 'import sys, urllib.parse; print(urllib.parse.unquote(sys.argv[1]))' "${1##*/}"; }
fresh() { # NAME@HOST: it trusts what is served now
	control "{\"collector\": \"$1\", \"do\": \"stop\"}"
	control "{\"collector\": \"$1\", \"do\": \"start\", \"clear\": [\"certs\"]}"
	comes connected "$1"
}
restart_server() {
	local count
	count=$(state | jq .tiers.server.starts)
	control '{"tier": "server", "do": "restart"}'
	comes tier_has server starts $((count + 1)) && comes is_heard "$collector"
}

for name in web server frontend mas; do appmon_pair $name; done
appmon_pair pair@h
start_appmon '{collectors: [
	{name: "first use", host: "h"}, {name: "pair", host: "h"}, {name: "live", host: "h", trust: "connect"},
	{name: "clear", host: "h", plain: true}, {name: "away", host: "h", offline: true},
	{name: "a b+%/é", host: "h"}, {name: "at@home", host: "h"},
	{name: "twin", host: "h1"}, {name: "twin", host: "h2"},
	{name: "bare", host: "h", omit: ["href", "connected", "embedded", "version", "local"]},
	{name: "old", host: "h", version: "6.1.0.7880"}, {name: "stuck", host: "h", quirk: "stuck"},
	{name: "ignores", host: "h", quirk: "ignores"}]}'

# --- trust
comes connected 'first use@h'
ok $? "a collector without a stored certificate accepts what the Server presents"
is "$(installed 'appmon/first use@h/trust.pem')" "$(installed appmon/server/fullchain.pem)" "and stores it"
comes refused pair@h 'alias collector_client: differs from the stored certificate'
ok $? "a collector that has stored another refuses, and says which alias"
comes connected clear@h
ok $? "a collector in the clear needs no trust"
connected away@h false
ok $? "one that is offline is not connected"
comes connected live@h
cp appmon/server/* appmon/pair@h
connected pair@h false
ok $? "a delivered pair is not seen before a restart"
control '{"collector": "pair@h", "do": "restart"}'
comes connected pair@h
ok $? "a delivered pair is trusted after a restart"
cp -r appmon/server run/former
appmon_pair server new
mkdir -p appmon/live@h && cp appmon/server/* appmon/live@h
restart_server
comes refused 'first use@h' differs
ok $? "the Server's new pair is refused by a collector that stored the former"
comes refused pair@h differs
ok $? "and by one that has the former pair"
comes connected live@h
ok $? "one that reads what is stored at each connection takes it without a restart"
comes connected clear@h
cp appmon/server/* appmon/pair@h
control '{"collector": "pair@h", "do": "restart"}'
comes connected pair@h
ok $? "its next restart brings it back"
control '{"collector": "first use@h", "do": "restart"}'
comes collector_has 'first use@h' starts 2
fresh 'first use@h'
ok $? "a start that clears certificates accepts the new one"
is "$(installed 'appmon/first use@h/trust.pem')" "$(installed appmon/server/fullchain.pem)" "and stores that"
control '{"collector": "pair@h", "do": "stop"}'
control '{"collector": "pair@h", "do": "start", "clear": ["keys"]}'
is "$(cd appmon/pair@h && ls fullchain.pem key.pem 2>/dev/null)" "" "a start that clears keys drops the pair"

# --- the list
for id in 'a b+%/é@h' at@home@h twin@h1 twin@h2; do fresh "$id"; done
rest GET $m/collectors
for id in 'a b+%/é@h' at@home@h; do
	is "$(decoded "$(of "${id%@*}" @href)")" "$id" "the href of $id decodes to it"
done
is "$(xmllint --xpath 'count(//collectorinformation[name="twin"])' run/body)" 2 "a name stands twice, on two hosts"
is "$(of 'Dynatrace Self-Monitoring' connected)$(of 'Embedded Collector' embedded)" truetrue \
	"the self-monitoring and the embedded collector are listed"
is "$(of bare @href)$(of bare connected)$(of bare version)$(of bare host)" h "a collector may lack all but name and host"
is "$(of old version)" 6.1.0.7880 "a collector has a version of its own"
control '{"set": {"at": "%40"}}'
rest GET $m/collectors
has "$(of at@home @href)" '/at%40home%40h$' "an href may have all of it encoded"
is "$(decoded "$(of at@home @href)")" at@home@h "and decodes to the same"

# --- offline
control '{"collector": "at@home@h", "do": "stop"}'
rest GET $m/collectors
is "$(of at@home connected)" false "one that went offline is listed as not connected"
control '{"set": {"listed": "connected"}}'
listed at@home 0
ok $? "or is not listed at all"
control '{"set": {"listed": "known", "minute": 0.001}}'
control '{"collector": "at@home@h", "do": "start"}'
comes connected at@home@h
control '{"collector": "at@home@h", "do": "stop"}'
comes collector_has at@home@h listed false
listed at@home 0
ok $? "after 30 minutes it is listed no more"
control '{"set": {"minute": 60}}'
appmon_pair server newer
restart_server
control '{"collector": "at@home@h", "do": "start"}'
comes refused at@home@h differs
listed at@home 0
ok $? "one that returns with former trust is not listed either"
fresh at@home@h
comes listed at@home 1
ok $? "cleared, it is listed again"

# --- restart over REST
for id in twin@h1 twin@h2 'a b+%/é@h' stuck@h ignores@h; do fresh "$id"; done
count_of() { state | jq --arg id "$1" '.collectors[$id].starts'; }
one=$(count_of twin@h1) two=$(count_of twin@h2)
rest POST $m/collector/twin@h2/restart
is "$code $(value)" "200 true" "a restart by NAME@HOST is answered true"
comes collector_has twin@h2 starts $((two + 1))
comes connected twin@h2
is "$(events '' twin@h2 | tail -4 | cut -d' ' -f1 | paste -sd' ')" "stop disconnect start connect" \
	"a restart is a stop, a start and a connection"
is "$(count_of twin@h1)" "$one" "the other one of the same name is left alone"
rest POST $m/collector/twin/restart
comes collector_has twin@h1 starts $((one + 1))
is "$(count_of twin@h2)" $((two + 1)) "a bare name that is not unique restarts only the first"
count=$(count_of 'a b+%/é@h')
rest POST "$m/collector/a%20b%2B%25%2F%C3%A9@h/restart"
comes collector_has 'a b+%/é@h' starts $((count + 1))
ok $? "name and host are percent-decoded"
rest POST $m/collector/nobody@h/restart
is "$code $(xmllint --xpath 'name(/*)' run/body)" "404 error" "an unknown collector is an error in XML"
control '{"set": {"ids": "bare"}}'
rest POST $m/collector/twin@h2/restart
is "$code" 404 "a Server may know only the bare name"
rest POST $m/collector/twin/shutdown
comes connected twin@h1 false
ok $? "a shutdown is a restart without a return"
control '{"set": {"ids": "full"}}'
rest POST $m/collector/old/restart
is "$code" 404 "a Server may know only NAME@HOST"
control '{"set": {"ids": "any"}}'
for way in false:200 404:404 reaches:200; do
	control "{\"set\": {\"unreachable\": \"${way%:*}\"}}"
	rest POST $m/collector/pair@h/restart
	is "$code" "${way#*:}" "the order for one that is not connected is answered ${way%:*}"
done
starts=$(count_of ignores@h)
rest POST $m/collector/ignores@h/restart
rest POST $m/collector/stuck@h/restart
is "$(value)" true "one that does not come back answers true as well"
comes connected stuck@h false
collector_has ignores@h starts "$starts" && connected ignores@h
ok $? "one that ignores the order stays connected"
started=$(state | jq '.collectors["twin@h2"].started')
control '{"collector": "twin@h2", "do": "flap"}'
has "$(events disconnect twin@h2 | tail -1)" disconnect "a connection may be lost"
comes connected twin@h2
collector_has twin@h2 started "$started"
ok $? "and come back without a restart"
stop_appmon

# --- the built-in pair has ended
mkdir -p appmon/builtin
faketime -f '2009-03-09 10:37:35' openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
	-subj '/CN=collector_client' -out appmon/builtin/fullchain.pem -keyout appmon/builtin/key.pem 2>/dev/null
is "$(openssl x509 -noout -enddate -in appmon/builtin/fullchain.pem)" "notAfter=Mar  7 10:37:35 2019 GMT" \
	"the built-in pair ended when it really did"
rm -r appmon/server
mkdir -p appmon/accepted@h
cp appmon/builtin/fullchain.pem appmon/accepted@h/trust.pem
start_appmon '{builtin: "appmon/builtin", collectors: [{name: "fresh", host: "h"}, {name: "accepted", host: "h"}]}'
comes is_heard "$collector"
is "$(served_now "$collector")" "$(installed appmon/builtin/fullchain.pem)" "a Server without a pair serves the built-in one"
comes refused fresh@h 'expired and not already accepted'
ok $? "a fresh collector does not accept an expired certificate"
comes connected accepted@h
ok $? "one that had accepted it still does"
appmon_pair server
restart_server
comes connected fresh@h
ok $? "once the Server has a pair that has not expired, a fresh collector connects"
control '{"tier": "server", "do": "restart", "clear": ["keys"]}'
comes refused fresh@h differs
comes is_heard "$collector"
is "$(served_now "$collector")" "$(installed appmon/builtin/fullchain.pem)" "a start that clears keys reverts to the built-in pair"
stop_appmon

# --- many
appmon_pair server
# shellcheck disable=SC2016
start_appmon '{collectors: [range(500) | {name: "c\(.)", host: "h\(.)"}]}'
all_connected() { [ "$(state | jq '[.collectors[] | select(.connected)] | length')" = 502 ]; }
comes all_connected
ok $? "500 collectors connect"
threads=$(find "/proc/$appmon/task" -mindepth 1 -maxdepth 1 | wc -l)
ok "$((threads > 20))" "they need no threads of their own ($threads)"
rest GET $m/collectors
is "$(xmllint --xpath 'count(//collectorinformation)' run/body)" 502 "they are all listed"
restart_server
comes all_connected
ok $? "after a restart they all connect again"
is "$(events connect | wc -l)" 1004 "each has connected twice"
finish
