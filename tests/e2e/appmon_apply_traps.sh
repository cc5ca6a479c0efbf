#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Answers of the stand-in AppMon Server that are not as they should be: each is an error of
# the component with the remedy, nothing is sent twice, and a later apply goes on.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_fleet_lib.sh"
legacy=$m/server/restart json=/api/v2/server/restart list=$m/collectors
one="$m/collector/a%20b%2B%25%2F%C3%A9@h/restart"

make_tiers 'one@h' 'a b+%|é@h' twin@h1 twin@h2
start_appmon '{retry: 0.05, store: "appmon/{name}@{host}", collectors: [
	{name: "one", host: "h", trust: "connect", omit: ["local"]},
	{name: "a b+%/é", host: "h", trust: "connect", store: "appmon/odd"},
	{name: "twin", host: "h1", trust: "connect"}, {name: "twin", host: "h2", trust: "connect"}]}'
mv 'appmon/a b+%|é@h' appmon/odd
collectors_connect one@h 'a b+%/é@h' twin@h1 twin@h2
server_timeout=10s collector_timeout=10s write_fleet one@h
cat >>certfleet.yaml <<'END'
  odd: {role: collector, certificate: appmon, appmon: {collector: "a b+%/é@h"}, deliver: {files: {directory: appmon/odd}}, activate: appmon}
  twin1: {role: collector, certificate: appmon, appmon: {collector: "twin@h1"}, deliver: {files: {directory: "appmon/twin@h1"}}, activate: appmon}
  twin2: {role: collector, certificate: appmon, appmon: {collector: "twin@h2"}, deliver: {files: {directory: "appmon/twin@h2"}}, activate: appmon}
END

# --- a list that is none: nothing is written
# shellcheck disable=SC2086
for trap in page-200 bomb flood ${EVERY:+page empty root truncated bytes external long}; do
	spoil "GET $list" $trap
	cf apply --yes
	has "$status $(tr '\n' ' ' <<<"$out")" '^4 .*offline server: the list of collectors cannot be read' \
		"trap: a list that is $trap blocks the server"
	hasnt "$out" 'root:' "trap: nothing of it is shown ($trap)"
done
spoil "GET $list" 403
cf apply --yes
has "$out" "lacks the permission 'Shutdown or Restart'" "trap: a list that is refused names the permission"
spoil
is "$(server_starts) $(ls appmon/server/link 2>/dev/null)" "1 " "trap: nothing was delivered or restarted"

# --- names, and answers that are lost
spoil "GET $m/version" refuse 1
cf apply --yes
is $status 0 "trap: a version that flaps is asked again"
is "$(server_starts) $(starts_of 'a b+%/é@h') $(starts_of twin@h1) $(starts_of twin@h2)" "2 2 2 2" \
	"trap: names with blanks, signs and without ASCII, and the same name on two hosts"
for way in "POST $json drop" "POST $json 404" ${EVERY:+"POST $json half"}; do
	count=$(server_starts)
	control "$(jq -nc --arg request "${way% *}" --arg trap "${way##* }" '{set: {spoil: [{request: $request, "as": $trap, times: 1}]}}')"
	renew
	is "$status $(server_starts)" "0 $((count + 1))" "trap: a restart whose answer is ${way##* } is proven, and one"
done
control "$(jq -nc '{set: {ids: "bare"}}')"
before=$(starts_of twin@h1)
renew
is $status 7 "trap: a bare name is only used where it is the only one"
has "$out" 'twin1.*restart it on its host' "trap: the remedy is told"
has "$(cf status --json; jq -r '.components[] | "\(.name) \(.state)"' <<<"$out" | paste -sd' ')" \
	'odd in-sync one in-sync .*twin1 failed twin2 failed' "trap: others are restarted by it"
is "$(starts_of twin@h1)" "$before" "trap: none of the others is restarted in its place"
control '{"set": {"ids": "any"}}'
cf apply --yes
is "$status $(state_of twin1)" "0 in-sync driver" "trap: a later apply goes on there"

# --- a server that refuses, or lies: the pair is there, and its restart is what is tried again
spoil "POST $json" false
renew
has "$status $(tr '\n' ' ' <<<"$out")" "^7 .*it refused to restart: its answer says 'fail'; restart it on its host" \
	"trap: a restart that is answered 200 and fail is a failure in words"
for way in "403 403: the account 'certfleet' lacks the permission 'Shutdown or Restart'" "echo repeats a secret" \
	"lie was ordered to restart, but did not within 10 seconds" \
	${EVERY:+"false it refused to restart: its answer says 'fail'" "admin lacks the permission 'Administrator'" \
		"500 answered 500" "redirect answered 302" "401 401: the AppMon Server does not accept"}; do
	count=$(server_starts)
	spoil "POST $json" "${way%% *}"
	cf apply --yes
	has "$status $(tr '\n' ' ' <<<"$out")" "^7 .*${way#* }" "trap: a restart that is answered ${way%% *} is a failure in words"
	has "$out" 'restart it on its host\|give it\|correct user' "trap: with a remedy (${way%% *})"
	hasnt "$out" 'Y2VydGZsZWV0' "trap: without the credentials (${way%% *})"
	is "$(server_starts)" "$count" "trap: and the server has not been restarted (${way%% *})"
	spoil
done
cf apply --yes
is "$status $(state_of server)" "0 in-sync handshake" "trap: the next apply restarts it"
spoil 'POST /rest/management/collector/one' false
renew
has "$status $(tr '\n' ' ' <<<"$out")" "^7 .*activate *one .*says 'false'; restart it on its host" "trap: so is a collector's"
spoil
is "$(state_of odd)" "in-sync driver" "trap: the others are restarted all the same"
cf apply --yes
is "$status $(state_of one)" "0 in-sync driver" "trap: the next apply restarts it"
for quirk in stuck ${EVERY:+ignores}; do
	control "{\"collector\": \"one@h\", \"set\": {\"quirk\": \"$quirk\"}}"
	renew
	has "$status $(tr '\n' ' ' <<<"$out")" '^7 .*one .*within 10 seconds; restart it on its host' "trap: a collector that is $quirk is a failure"
	control '{"collector": "one@h", "set": {"quirk": null}}'
	control '{"collector": "one@h", "do": "stop"}'
	control '{"collector": "one@h", "do": "start"}'
	collectors_connect one@h
	is "$(state_of one)" "in-sync driver" "trap: a restart by hand is seen ($quirk)"
done

# --- certfleet is killed in the middle
applies() { "$CERTFLEET" apply --yes "$@" >>run/killed 2>&1 & killed=$!; pids+=("$killed"); }
ordered() { [ "$(requests POST $json)" -gt "$orders" ]; }
sed -i 's/server: {restart: {timeout: 10s}/server: {restart: {timeout: 60s}/' certfleet.yaml
orders=$(requests POST $json)
control '{"set": {"boot": {"web": 5}}}'
applies --reissue appmon
comes ordered
kill -9 "$killed"
wait "$killed" 2>/dev/null
comes tier_has server running true
cf apply --yes
has "$status $(tr '\n' ' ' <<<"$out")" '^[34] .*the list of collectors cannot be read' "trap: while the server starts nothing is done"
control '{"set": {"boot": {}}}'
wait_port "$web"
cf apply --yes
is "$status $(state_of server) $(requests POST $json)" "0 in-sync handshake $((orders + 1))" \
	"trap: what was ordered before a crash is not ordered again"
orders=$(requests POST $json)
spoil "POST $json" lie
applies --reissue appmon
comes ordered
kill -9 "$killed"
wait "$killed" 2>/dev/null
spoil
asked=$(requests GET $m/version)
applies
asks() { [ "$(requests GET $m/version)" -gt $((asked + 4)) ]; }
comes asks
control '{"tier": "server", "do": "restart"}'
wait "$killed"
is "$? $(requests POST $json)" "0 $((orders + 1))" "trap: one that is not carried out yet is waited for, and not ordered again"
is "$(state_of server)" "in-sync handshake" "trap: and is proven"
sed -i 's/server: {restart: {timeout: 60s}/server: {restart: {timeout: 10s}/' certfleet.yaml

# --- a port in the clear
sed "s/verify: {tls: \"127.0.0.1:$collector\"/verify: {tls: \"127.0.0.1:$plain\"/" certfleet.yaml >clear.yaml
cf apply clear.yaml --yes --reissue appmon
is $status 0 "trap: a port in the clear does not fail a change"
cf status clear.yaml --json
is "$(jq -r '.components[] | select(.name == "server") | "\(.state) \(.problems[0].code)"' <<<"$out")" "unproven plain" \
	"trap: it is unproven, and says why"

# --- the web certificate
cp -r appmon/web run/web
rm -r appmon/web
control '{"set": {"pairs": {"web": "appmon/server", "server": "appmon/server", "frontend": "appmon/frontend", "mas": "appmon/mas"}}}'
renew
is "$status $(served_now "$web")" "0 $(installed appmon/server/fullchain.pem)" "trap: the web certificate may become the delivered pair"
is "$(state_of server) $(state_of one)" "in-sync handshake in-sync driver" "trap: and the account is still used"
cp -r run/web appmon/web
appmon_pair web stranger
control '{"set": {"pairs": {"web": "appmon/web", "server": "appmon/server", "frontend": "appmon/frontend", "mas": "appmon/mas"}}}'
count=$(server_starts)
renew
has "$status $(tr '\n' ' ' <<<"$out")" '^7 .*did not come back.*is none of those accepted' "trap: a web certificate of a stranger is not accepted"
asked=$(events request | wc -l)
cf plan
has "$out" 'offline server: the list of collectors cannot be read: the certificate of .* is none of those accepted' \
	"trap: a plan says so"
is "$(events request | wc -l)" "$asked" "trap: and sends it no credentials"
trust='ca: appmon/web/fullchain.pem' write_fleet one@h
sed -i 's/names: \[dt.example.com\]/names: [dt.example.com, extra.example.com]/' certfleet.yaml
cf plan
has "$out" 'cannot be read: cannot talk to' "trap: a name that it does not have is not accepted from a CA either"
finish
