#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The traps of the stand-in AppMon Server: what a client of it must survive.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_lib.sh"
m=/rest/management
list=$m/collectors
spoil() { control "{\"set\": {\"spoil\": [{\"request\": \"$1\", \"as\": \"$2\"${3:+, \"times\": $3}}]}}"; }
starts() { state | jq .tiers.server.starts; }
for name in web server frontend mas; do appmon_pair $name; done
start_appmon '{collectors: [{name: "one", host: "h"}]}'
comes collector_has one@h connected true

# --- answers to a restart
legacy=$m/server/restart json=/api/v2/server/restart
for path in $legacy $json; do
	count=$(starts)
	spoil "POST $path" false
	rest POST $path
	has "$code $(tail -1 run/body)" '^200 .*"fail"\|value="false"' "200 may hold a failure ($path)"
	spoil "POST $path" lie
	rest POST $path
	has "$code $(tail -1 run/body)" '^200 .*"success"\|value="true"' "200 may hold a success that is none ($path)"
	for trap in refuse:000 401:401 403:403 admin:403 404:404 500:500 redirect:302; do
		spoil "POST $path" ${trap%:*}
		rest POST $path
		is "$code" ${trap#*:} "an order may be answered $trap ($path)"
	done
	is "$(starts)" "$count" "all of these do not restart ($path)"
	for trap in drop half; do
		spoil "POST $path" $trap
		rest POST $path
		ok $((curl_status == 0)) "the answer may be lost as $trap ($path)"
		comes tier_has server starts $((count += 1))
		ok $? "and the Server restarts ($path)"
		wait_port "$web"
	done
done
spoil "POST $json" 404
rest POST $json
one=$code
rest POST $legacy
is "$one $code" "404 200" "a generation of REST may be missing while the other is there"
comes tier_has server starts $((count + 1))
wait_port "$web"
spoil 'POST /rest/management/collector/' false
rest POST $m/collector/one@h/restart
has "$code $(tail -1 run/body)" '^200 .*value="false"' "so may a collector's"
spoil "POST $legacy" admin
rest POST $legacy
has "$(cat run/body)" '"Administrative Permission denied: Administrator,"' "an administrator's refusal has words of its own"
spoil "POST $json" echo
rest POST $json
has "$(cat run/body)" 'Authorization.*Basic ' "an error may tell the credentials back"

# --- answers to a question
is_xml() { xmllint --noout --nonet run/body 2>run/xml; }
spoil "GET $list" page
rest GET $list
is "$code $(is_xml; echo $?)" "502 1" "an error page is not XML"
spoil "GET $list" page-200
rest GET $list
is "$code $(is_xml; echo $?)" "200 1" "a page may come with 200"
for trap in empty truncated bytes; do
	spoil "GET $list" $trap
	rest GET $list
	is "$code $(is_xml; echo $?)" "200 1" "a list may be no XML: $trap"
done
spoil "GET $list" root
rest GET $list
is "$(xmllint --xpath 'name(/*)' run/body)" surprise "a list may have another root"
spoil "GET $list" bomb
rest GET $list
has "$(xmllint --noent --noout run/body 2>&1)" 'entity reference loop\|amplification' "a list may hold a bomb of entities"
spoil "GET $list" external
rest GET $list
has "$(xmllint --noent run/body 2>&1)" 'root:' "a list may name a file"
spoil "GET $list" flood
rest GET $list
is "$(xmllint --huge --xpath 'count(//collectorinformation)' run/body)" 20001 "a list may have a collector too many"
spoil "GET $list" long
rest GET $list
ok $(($(wc -c <run/body) <= 4194304)) "a list may be too long"
spoil "GET $list" page 1
rest GET $list
one=$code
rest GET $list
is "$one $code" "502 200" "a trap may be set for one request"

spoil "GET $m/agents" mute
rest GET $m/agents -m 1
one=$code
rest GET $m/version
is "$one $code" "000 200" "one request may have no answer while others have"

# --- a start that takes its time
held() { control "{\"set\": $1}" && control '{"tier": "server", "do": "restart"}'; }
held '{"boot": {"web": 3600}}'
comes is_heard "$collector"
rest GET $m/version
is "$code" 000 "while the Server boots its web port refuses"
held '{"boot": {}, "silent": 3600}'
wait_port "$web"
is "$(served_now "$web")" "$(installed appmon/web/fullchain.pem)" "the web port may be open"
rest GET $m/version -m 2
is "$code $(cut -c1-20 run/rest.error)" "000 " "while REST does not answer"
control '{"set": {"silent": 0}}'
rest GET $m/version
is "$code" 200 "and then does"
held '{"flaps": 3}'
codes=
wait_port "$web"
for i in 1 2 3 4 5 6 7 8; do
	rest GET $m/version
	codes="$codes $code"
done
is "$codes" " 200 000 200 000 200 000 200 200" "the version may flap after a start"
held '{"flaps": 0}'
wait_port "$web"
rest GET $m/version
is "$code" 200 "or not"
finish
