#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each fleet file of examples/appmon does beside the stand-in AppMon Server what its
# first lines say.  What differs: addresses, and files of this machine in place of
# agents and SSH, which cannot lead to the stand-in's stores.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_fleet_lib.sh"
examples=$root/examples/appmon
north="Collector North@c1.example.com" south="Collector South@c2.example.com"
(umask 077 && echo 'at least sixteen bytes' >secrets/backup.pass && cp secrets/backup.pass secrets/backup)
make_tiers c1.example.com c2.example.com
start_appmon '{retry: 0.05, store: "appmon/{host}", builtin: "appmon/web", collectors: [
	{name: "Collector North", host: "c1.example.com", agents: 2, trust: "connect"},
	{name: "Collector South", host: "c2.example.com", trust: "connect"}]}' || finish
collectors_connect "$north" "$south"

# run/do NAME ORDER: a command of the site, which reaches the stand-in
cat >run/do <<-END
	#!/bin/sh
	echo "\$1" >>"$work/run/done"
	exec curl -sSf --unix-socket "$work/run/appmon.sock" -d "\$2" http://appmon/ >/dev/null
END
# run/keep put|get|list NAME PATH: a second place for bundles
cat >run/keep <<-END
	#!/bin/sh
	cd $work/copies || exit 1
	case \$1 in
	put) cp -n "\$3" "\$2" ;;
	get) [ -e "\$2" ] || exit 3; cp "\$2" "\$3" ;;
	list) ls | grep "^\$2" >"\$3" || : ;;
	esac
END
chmod 755 run/do run/keep
mkdir copies parts
cp "$examples/parts/collectors.csv" parts

# The example as certfleet.yaml of this folder.
example() { # NAME
	local file
	for file in "$1" parts/components; do
		sed -e "s#https://dt.example.com:8021#https://127.0.0.1:$web#" \
			-e "s|ca: trust/dt-web-ca.pem.*|pin: [\"sha256:$pin\"]|" \
			-e '/^  agent: {certificate/d; /^  ssh: {key/d' \
			-e "s#{tls: \"dt.example.com:6699\"}#{tls: \"127.0.0.1:$collector\", server_name: dt.example.com}#" \
			-e "s#{tls: \"dt.example.com:2021\"}#{tls: \"127.0.0.1:$client\", server_name: dt.example.com}#" \
			-e "s#\"mas.example.com:7788\"#\"127.0.0.1:$mas\"#" \
			-e 's#{sftp: {url: "sftp://certfleet@${each.host}", directory: /srv/appmon/tls}}#{files: {directory: "../appmon/${each.host}"}}#' \
			-e 's#{sftp: {url: "sftp://certfleet@${each}", directory: /srv/appmon/tls}}#{files: {directory: ../tls/client}}#' \
			-e "s#\"sftp://backup@vault.example.com/srv/appmon\"#{command: [$work/run/keep]}#" \
			-e "s#until: 20..-..-..#until: $(date -d '10 days' +%F)#" \
			-e "s#/usr/local/bin/restart-appmon-frontend#$work/run/do, frontend, '{\"tier\": \"frontend\", \"do\": \"restart\"}'#" \
			"$examples/$file.yaml" >run/example
		[ "$file" = "$1" ] && cp run/example certfleet.yaml || cp run/example parts/components.yaml
	done
	# what an agent would do on its host
	local tier
	for tier in server frontend mas; do
		sed -i "0,/{agent: [^}]*}:7443\"}/s##{files: {directory: ../appmon/$tier}}\n$(
			[ $tier = server ] || echo "    activate: {command: [$work/run/do, $tier, '{\"tier\": \"$tier\", \"do\": \"restart\"}']}")#" parts/components.yaml
	done
	cf validate
	is $status 0 "$1: it is valid"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
}
serve_all() { # FINGERPRINT WHAT
	is "$(served_now "$collector") $(served_now "$client") $(served_now "$mas")" "$1 $1 $1" "$2"
}
states() { # of north and south
	cf status --json
	jq -r '[.components[] | select(.name | startswith("collectors/")) | .state] | join(" ")' <<<"$out"
}

# ---- generate and deploy ----
example generate-and-deploy
cf plan --report collectors.csv
is $status 0 "generate: a plan"
has "$(cat collectors.csv)" "collectors/c1.example.com" "generate: with a list of its collectors"
cf apply --yes
is $status 0 "generate: an apply"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
own=$(installed appmon/server/fullchain.pem)
serve_all "$own" "generate: every port serves the pair"
is "$(installed appmon/c1.example.com/fullchain.pem) $(installed tls/client/fullchain.pem)" "$own $own" "generate: collectors and clients hold it"
collectors_connect "$north" "$south"
is "$(states)" "in-sync in-sync" "generate: collectors are connected with it"
is "$(paste -sd' ' run/done)" "frontend mas" "generate: everything was restarted once"

# ---- collectors postponed ----
example collectors-postponed
renew
is $status 0 "postponed: an apply"
is "$(states)" "restart-pending restart-pending" "postponed: collectors wait for a restart of their own"
collectors_connect "$north" "$south"
count=$(starts_of "$north")
control "{\"collector\": \"$north\", \"do\": \"restart\"}"
comes collector_has "$north" starts $((count + 1)) && collectors_connect "$north"
is "$(states)" "in-sync restart-pending" "postponed: one from outside clears that"
cf apply --yes --restart-postponed
is "$status $(states)" "0 in-sync in-sync" "postponed: or certfleet restarts them"

# ---- an offline collector ----
example offline-collector
control "{\"collector\": \"$south\", \"do\": \"stop\"}"
renew
is $status 0 "offline: what is acknowledged goes on without it"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(states)" "in-sync deferred" "offline: it is deferred"
control "{\"collector\": \"$south\", \"do\": \"start\", \"clear\": [\"certs\"]}"
collectors_connect "$south"
cf apply --yes
is "$status $(states)" "0 in-sync in-sync" "offline: back, cleared, it takes part again"

# ---- import and deploy ----
mkdir imports
openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=Company CA" -days 400 -keyout run/ca.key -out run/ca.crt 2>run/openssl
openssl req -newkey rsa:2048 -nodes -subj "/CN=dt.example.com" -addext subjectAltName=DNS:dt.example.com \
	-keyout run/dt.key -out run/dt.csr 2>run/openssl
openssl x509 -req -in run/dt.csr -CA run/ca.crt -CAkey run/ca.key -CAcreateserial -copy_extensions copy -days 300 -out run/dt.crt 2>run/openssl
(umask 077 && echo company >secrets/appmon-p12)
openssl pkcs12 -export -in run/dt.crt -inkey run/dt.key -certfile run/ca.crt -out imports/appmon.p12 -passout pass:company
example import-and-deploy
cf plan
is $status 0 "import: a plan"
cf apply --yes
is $status 0 "import: an apply"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
serve_all "$(installed run/dt.crt)" "import: every port serves what was imported"
collectors_connect "$north" "$south"
is "$(states)" "in-sync in-sync" "import: collectors too"

# ---- disaster recovery ----
example disaster-recovery
cf apply --yes
is $status 0 "recovery: an apply"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
[ -n "$(ls copies)" ]
ok $? "recovery: its bundle lies in two places"
kept=$(installed appmon/server/fullchain.pem)
rm -rf .certfleet
cf apply --yes
is $status 3 "recovery: without a state it asks"
has "$out" "state-missing" "recovery: and says what is missing"
cf backup verify latest
is $status 0 "recovery: the bundle is whole"
cf backup restore latest
is $status 0 "recovery: the state is rebuilt"
cf plan
has "$out" "^1 to copy; 6 unchanged" "recovery: nothing is to do then but a copy"
cf apply --yes
is $status 0 "recovery: as an apply says"
serve_all "$kept" "recovery: every port serves what it did"
cf apply --yes --use appmon@previous
is $status 0 "recovery: the way back to the pair before"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
hasnt "$(served_now "$collector")" "$kept" "recovery: is another one"

# ---- a hand-off ----
mkdir -p exports
example hand-off
rm -f run/done
cf apply --yes
is $status 9 "hand-off: it waits for a person"
[ $status -eq 9 ] || sed 's/^/# /' <<<"$out"
rm -rf run/wizard && mkdir run/wizard && /usr/bin/python3 -m zipfile -e exports/appmon-import.zip run/wizard
for place in server frontend c1.example.com c2.example.com; do
	rm -rf "appmon/$place"
	mkdir "appmon/$place"
	cp run/wizard/certificate.pem "appmon/$place/fullchain.pem"
	cp run/wizard/key.pem "appmon/$place/key.pem"
done
cf apply --yes --handed-over appmon
is $status 0 "hand-off: the person has imported the file"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(served_now "$collector") $(served_now "$client")" "$(installed run/wizard/certificate.pem) $(installed run/wizard/certificate.pem)" \
	"hand-off: certfleet restarts, and asks the ports"
cf status
hasnt "$out" "awaiting-handoff" "hand-off: nobody is waited for"
is "$(find exports -name 'appmon-import.zip')" "" "hand-off: the file with the key is gone"

# ---- back to the built-in certificate ----
sed -e "s#{tls: \"dt.example.com:6699\"}#{tls: \"127.0.0.1:$collector\", server_name: dt.example.com}#" \
	-e "s#{tls: \"dt.example.com:2021\"}#{tls: \"127.0.0.1:$client\", server_name: dt.example.com}#" \
	-e 's#{sftp: {url: "sftp://[^"]*", directory: /opt/certfleet/\([a-z]*\)}}#{files: {directory: "tls/\1-${component.name}"}}#' \
	-e "s#/opt/certfleet/import, \([a-z]*\)#$work/run/do, import-\1, '{\"set\": {}}'#" \
	-e "s#/opt/certfleet/clear, collector, -Dclearcerts#$work/run/do, clear-collector, '{\"set\": {}}'#" \
	-e "s#/opt/certfleet/clear, \([a-z]*\), -Dclearkeys, -Dclearcerts#$work/run/do, clear-\1, '{\"tier\": \"\1\", \"do\": \"restart\", \"clear\": [\"keys\", \"certs\"]}'#" \
	-e '/^access:/,/^  ssh/d' "$examples/revert.yaml" >certfleet.yaml
rm -f run/done
cf plan
is $status 0 "revert: a plan"
[ ! -e run/done ]
ok $? "revert: which does nothing"
cf apply --yes
is $status 0 "revert: an apply"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(paste -sd' ' run/done)" "clear-server clear-frontend clear-collector clear-collector clear-collector clear-collector" \
	"revert: server, frontend, then the collectors"
is "$(served_now "$collector")" "$(installed appmon/web/fullchain.pem)" "revert: the built-in certificate is served"
cf status
has "$out" "reverted" "revert: status says so"
finish
