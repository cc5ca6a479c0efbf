#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The stand-in AppMon Server behaves as the public facts have it: what it
# answers, whom it refuses, when it restarts.  Its collectors and its traps are
# in appmon_collectors.sh and appmon_traps.sh.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_lib.sh"
m=/rest/management
value() { xmllint --xpath 'string(/result/@value)' run/body; }
fields() { xmllint --xpath "//collectorinformation[name='$1']/*" run/body | sed 's/<\([a-z]*\)>.*/\1/' | paste -sd' '; }
starts() { state | jq -r ".tiers.${1:-server}.starts"; }

for name in web server frontend mas; do appmon_pair $name; done
start_appmon '{collectors: [{name: "one", host: "h1", agents: 2}, {name: "two", host: "h2", agents: 1}]}'
comes collector_has one@h1 connected true
comes collector_has two@h2 connected true

# --- ports
for port in web webui; do
	is "$(served_now ${!port})" "$(installed appmon/web/fullchain.pem)" "the port $port serves the web pair"
done
for port in collector frontend; do
	is "$(served_now ${!port})" "$(installed appmon/server/fullchain.pem)" "the port $port serves the server's pair"
done
is "$(served_now $client)" "$(installed appmon/frontend/fullchain.pem)" "the port client serves the frontend's pair"
is "$(served_now $mas)" "$(installed appmon/mas/fullchain.pem)" "the port mas serves the Memory Analysis Server's pair"
for way in answers greets closes; do
	control "{\"set\": {\"clear\": \"$way\"}}"
	has "$(shake_hands "$plain" 2>&1)" 'no peer certificate' "a port in the clear that $way has no certificate"
done

# --- versions
for version in 6.2 6.3 7.0 7.2; do
	control "{\"set\": {\"version\": \"$version\"}}"
	rest GET $m/version
	has "$code $(value)" "^200 $version\.[0-9]*\.[0-9]*$" "a Server $version tells its version"
	rest GET $m/collectors
	is "$(fields one)" "name host connected embedded$([ $version = 6.2 ] || echo ' version local')" \
		"the list of $version has the fields of $version"
	rest POST /api/v2/server/restart -u certfleet:no
	is "$code" 401 "an account that $version does not know is refused by JSON"
	control '{"set": {"users": {"certfleet": {"password": "secret", "without": ["Shutdown or Restart"]}}}}'
	generations=
	for api in v2 v3 v4; do
		rest POST /api/$api/server/restart
		[ "$code" = 404 ] || generations="$generations $api"
	done
	case $version in 6.*) expected= ;; 7.0) expected=' v2' ;; 7.2) expected=' v2 v3 v4' ;; esac
	is "$generations" "$expected" "the JSON generations of $version are '$expected'"
	control '{"set": {"users": {"certfleet": {"password": "secret"}}}}'
done

# --- permissions
count=$(starts)
rest GET $m/version -u :
is "$code" 401 "without an account the answer is 401"
has "$(cat run/headers)" '^WWW-Authenticate: Basic' "a 401 asks for Basic"
rest GET $m/version -u certfleet:wrong
is "$code" 401 "with a wrong password the answer is 401"
rest GET $m/version -H 'Authorization: Basic @@@'
is "$code" 401 "with a header that is no Basic the answer is 401"
control '{"set": {"users": {"certfleet": {"password": "secret", "without": ["Web Service Interface Access"]}}}}'
rest GET $m/version
is "$code" 401 "without the permission for web services the answer is 401, not 403"
control '{"set": {"users": {"certfleet": {"password": "secret",
	"without": ["Shutdown or Restart", "Shutdown or Restart Collector"]}}}}'
rest GET $m/collectors
is "$code" 200 "without the permission to restart the list is still to be had"
rest POST $m/server/restart
is "$code $(xmllint --xpath 'string(/error/@reason)' run/body)" "403 Permission denied: Shutdown or Restart;" \
	"a refused restart names the missing permission in XML"
rest POST /api/v2/server/restart
is "$code $(jq -r '"\(.code) \(.message)"' run/body)" "403 403 Permission denied: Shutdown or Restart;" \
	"a refused restart names the missing permission in JSON"
rest POST $m/collector/one@h1/restart
is "$code $(xmllint --xpath 'string(/error/@reason)' run/body)" "403 Permission denied: Shutdown or Restart Collector;" \
	"a collector's restart has a permission of its own"
is "$(starts)" "$count" "what was refused did not restart the Server"
collector_has one@h1 starts 1
ok $? "what was refused did not restart the collector"
control '{"set": {"users": {"certfleet": {"password": "secret"}}}}'

# --- what there is to read
rest GET $m/agents
is "$(xmllint --xpath 'count(//agentinformation[collectorName="one"])' run/body) $(xmllint --xpath \
	'count(/agents/agentinformation)' run/body)" "2 3" "the list of agents names the collector of each"
rest GET "$m/sysinfo/package?exclude=all&include=componentproperties,configfiles"
mv run/body run/archive.zip
7z t -tzip run/archive.zip >run/7z 2>&1
ok $? "the support archive is a ZIP"
started=$(7z e -so -r run/archive.zip 'Collector/h1/component.properties' | sed -n 's/^eclipse.startTime=//p')
collector_has one@h1 started "$started"
ok $? "the support archive has the start time of a collector"
is "$(7z e -so -r run/archive.zip 'Collector/h1/collector.config.xml' |
	xmllint --xpath 'string(/dynatrace/collectorconfig/@name)' -)" one "the support archive has the name of a collector"
is "$(7z e -so -r run/archive.zip server.config.xml | xmllint --xpath \
	'string(//collector/@collectorsslport)' -)" "$collector" "the support archive has the ports of the Server"
rest GET "$m/sysinfo/package?exclude=all&include=componentproperties"
is "$(7z l -ba run/body | grep -c 'component.properties$') $(7z l -ba run/body | wc -l)" "2 2" \
	"the support archive has only what was asked for"
rest GET $m/certificates
is "$code" 404 "there is no path for certificates"

# --- restart
version_is_gone() { ! rest GET $m/version; }
version_is_back() { rest GET $m/version; }
reopened() { # STARTS: the Server has begun so often, and all of its ports are open
	comes tier_has server starts "$1" && comes tier_has server open '["collector","frontend","plain","web"]'
}
control '{"set": {"boot": {"web": 3600}}}' # until the test says otherwise
cp -r appmon/server run/former
appmon_pair server new
is "$(served_now "$collector")" "$(installed run/former/fullchain.pem)" "a new pair is not served before a restart"
rest POST $m/server/restart
is "$code $(value)" "200 true" "the legacy restart is answered true"
comes version_is_gone
ok $? "after the answer the version goes away"
control '{"set": {"boot": {"collector": 3600}}}'
control '{"tier": "server", "do": "restart"}'
comes version_is_back
ok $? "the version comes back"
comes tier_has server open '["frontend","plain","web"]'
ok $? "REST may be up long before the port of the collectors is"
control '{"set": {"boot": {}}}'
control '{"tier": "server", "do": "restart"}'
reopened "$(starts)"
is "$(served_now "$collector") $(served_now "$frontend")" \
	"$(installed appmon/server/fullchain.pem) $(installed appmon/server/fullchain.pem)" "a restart takes the new pair"
is "$(served_now "$web") $(served_now "$client")" \
	"$(installed appmon/web/fullchain.pem) $(installed appmon/frontend/fullchain.pem)" \
	"the Server's restart leaves the web pair and the Frontend Server alone"
appmon_pair web new-web
count=$(starts)
rest POST /api/v2/server/restart
is "$code $(jq -r .status run/body)" "200 success" "the JSON restart is answered with success"
reopened $((count + 1))
is "$(served_now "$web")" "$(installed appmon/web/fullchain.pem)" "the Server comes back with another web certificate"
is "$(starts)" $((count + 1)) "a restart is one restart"
appmon_pair server ignored
control '{"set": {"rereads": false}}'
before=$(served_now "$collector")
rest POST /api/v2/server/restart
reopened $((count + 2))
is "$(served_now "$collector")" "$before" "a restart may keep the former pair"
control '{"set": {"rereads": true}}'
count=$(starts)
rest POST "$m/collector/Embedded%20Collector@dt.example.com/restart"
reopened $((count + 1))
ok $? "the restart of the embedded collector is the Server's"
rest POST $m/server/shutdown
comes tier_has server running false
ok $? "a shutdown ends the Server"
control '{"tier": "server", "do": "start"}'
comes version_is_back
ok $? "a start from outside brings it back"

# --- the other tiers
appmon_pair frontend new-frontend
control '{"tier": "frontend", "do": "restart"}'
serves "$client" "$(installed appmon/frontend/fullchain.pem)" "the Frontend Server is restarted from outside"
control '{"tier": "mas", "do": "stop"}'
is "$(served_now "$mas" 2>/dev/null)" "$(sha256sum </dev/null | cut -d' ' -f1)" "a Memory Analysis Server that is offline refuses"
control '{"tier": "mas", "do": "start"}'
serves "$mas" "$(installed appmon/mas/fullchain.pem)" "a Memory Analysis Server comes back"
cp appmon/web/key.pem appmon/mas/key.pem
control '{"tier": "mas", "do": "restart"}'
has "$(events 'start failed')" '^start failed mas ' "a tier with a key of another certificate does not start"

# --- control
is "$(requests POST $m/server/shutdown)" 1 "requests are counted"
events >run/events
has "$(sed -n '/POST .rest.management.server.shutdown/,$p' run/events | paste -sd'|')" \
	'^request POST /rest/management/server/shutdown 200|.*stop server' "events are in order"
for wrong in '{"set": {"verison": "7.0"}}' '{"set": {"spoil": [{"request": "GET /", "as": "bmob"}]}}' \
	'{"tier": "servre", "do": "start"}' '{"collector": "no@no", "do": "stop"}' 'no'; do
	control "$wrong" >run/said
	is $? 1 "control refuses $wrong"
done
finish
