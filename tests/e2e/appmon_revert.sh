#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 6.1 of the wizard beside the stand-in: the components of AppMon are reverted to its
# built-in certificate by commands that clear what they have stored, and back again.
# shellcheck disable=SC2154
. "$(dirname "$0")/appmon_lib.sh"

for name in web builtin; do appmon_pair $name; done
pin=$(installed appmon/web/fullchain.pem)
(umask 077 && echo secret >secrets/appmon)
appmon_pair mas
start_appmon '{builtin: "appmon/builtin", collectors: [{name: "one", host: "h1"}, {name: "two", host: "h2"}]}'
comes collector_has one@h1 connected true
comes collector_has two@h2 connected true
builtin=$(installed appmon/builtin/fullchain.pem)

# run/do ORDER [FILE]: to the stand-in; a file says how often it was run
cat >run/do <<-END
	#!/bin/sh
	[ ! -e "$work/run/fails.\$2" ] || { echo "the store of \$2 is locked" >&2; exit 3; }
	echo "\$2" >>"$work/run/done"
	[ ! -e "$work/run/slow" ] || { touch "$work/run/is-slow"; sleep 4; }
	exec curl -sSf --unix-socket "$work/run/appmon.sock" -d "\$1" http://appmon/ >/dev/null
END
chmod 755 run/do
component() { # NAME ROLE SUBJECT-OF-THE-STAND-IN CLEAR STORE REST
	echo "  $1:
    role: $2
    certificate: $use
    deliver: {files: {directory: appmon/$5}}
    activate: {command: [$work/run/do, '{$3, \"do\": \"restart\"}', $1]}
    revert: [$work/run/do, '{$3, \"do\": \"restart\", \"clear\": [$4]}', clear-$1]
$6"
}
fleet() { # CERTIFICATE [POLICY]
	use=$1
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: revert
	topology: appmon
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {appmon: {url: "https://127.0.0.1:$web", user: certfleet, password: {file: secrets/appmon}, pin: ["sha256:$pin"]}}
	certificates:
	  appmon: {subject: "CN=dt.example.com", issuer: self}
	  default: {builtin: true}
	roles:
	  collector: {restart: {max_unavailable: 1${2:-}}}
	components:
	END
	{
		component server server '"tier": "server"' '"keys", "certs"' server "    verify: {tls: \"127.0.0.1:$collector\", server_name: dt.example.com}"
		component frontend frontend '"tier": "frontend"' '"keys", "certs"' frontend "    verify: {tls: \"127.0.0.1:$client\", server_name: dt.example.com}"
		component one collector '"collector": "one@h1"' '"certs"' one@h1 "    appmon: {collector: one@h1}"
		component two collector '"collector": "two@h2"' '"certs"' two@h2 "    appmon: {collector: two@h2}"
	} >>certfleet.yaml
}
ran() { sort run/done 2>/dev/null | uniq -c | awk '{print $2 "=" $1}' | paste -sd' '; }
order() { paste -sd' ' run/done; }
connected() { collector_has one@h1 connected true && collector_has two@h2 connected true; }

fits() { # SCHEMA FILE: status, history, plan
	/usr/bin/python3 -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' "$root/schemas/$1.schema.json" "$2"
}

# --- a certificate of our own everywhere, as after the wizard
fleet appmon
cf apply --yes
is $status 0 "a certificate is delivered first"
own=$(installed appmon/server/fullchain.pem)
is "$(served_now $collector)" "$own" "the server serves it"
comes connected
ok $? "the collectors are connected"

# --- the plan
fleet default
rm -f run/done
cf plan --out saved.json
fits plan saved.json
ok $? "6.1 a saved plan of it fits its schema"
has "$out" 'builtin default: the built-in certificate ended on 2019-03-07' "6.1 the plan warns that the built-in certificate ended on 2019-03-07"
has "$out" "first-contact: runs .* command" "6.1 the plan tells which commands are new"
has "$out" '^Wave 1 of 4, role .server' "6.1 the server comes first"
has "$out" 'server *revert, verify' "6.1 it is reverted and verified"
has "$out" '^Wave 2 of 4, role .frontend' "6.1 the frontend comes next"
has "$out" '^Wave 4 of 4, role .collector.: 1 process, at most 1' "6.1 the collectors come after both, within their limit"
has "$out" '4 to revert, 2 to verify' "6.1 nothing is staged or committed"
is "$(ran)" "" "6.1 a plan runs nothing"
take_status
is "$(status_of server state) $(status_of one state)" "outdated outdated" "6.1 before that they are outdated"

# --- a server that cannot be cleared
touch run/fails.clear-server
cf apply --yes
is $status 7 "6.1 a server that cannot be cleared: exit 7"
has "$out" 'the store of clear-server is locked' "6.1 the words of the command are told"
is "$(ran)" "" "6.1 neither frontend nor collectors are touched then"
take_status
is "$(status_of server state) $(status_of one state)" "failed outdated" "6.1 status tells where it failed"
rm run/fails.clear-server

# --- a collector that cannot be cleared
touch run/fails.clear-two
cf apply --yes
is $status 7 "6.1 a collector that cannot be cleared: exit 7"
is "$(order)" "clear-server clear-frontend clear-one" "6.1 server, frontend, then collectors are cleared, in this order"
is "$(served_now $collector) $(served_now $client)" "$builtin $builtin" "6.1 server and frontend serve the built-in certificate"
cf plan
has "$out" '1 to revert' "6.1 what is done already is not done again"
has "$out" 'two *revert' "6.1 what failed is planned again"
rm run/fails.clear-two
cf apply --yes
is $status 0 "6.1 the rest is reverted by the next apply"
is "$(ran)" "clear-frontend=1 clear-one=1 clear-server=1 clear-two=1" "6.1 each was cleared once"
comes connected
ok $? "6.1 the collectors trust the built-in certificate and are connected"

# --- idempotent, and told
cf plan
has "$out" 'Nothing to do; 4 unchanged' "6.1 a second plan is empty"
cf apply --yes
is "$status $(ran)" "0 clear-frontend=1 clear-one=1 clear-server=1 clear-two=1" "6.1 a second apply runs nothing"
cf status
has "$out" 'reverted to the built-in certificate at .*; that ended on 2019-03-07' "6.1 status says so in words"
has "$out" 'default *built in *2019-03-07' "6.1 the certificate is called built in"
take_status
is "$(status_of server state) $(status_of one state)" "invalid unproven" "6.1 what serves it is invalid, what cannot be asked is unproven"
cf status --check 1d
is $status 2 "6.1 status --check does not call that well"
fits status status.json
ok $? "6.1 the status fits its schema"
cf history 3 --json
has "$out" '"kind": *"revert"' "6.1 the history has its steps"
printf '%s\n' "$out" >run/history.json
fits history run/history.json
ok $? "6.1 and fits its schema"

# --- back to a certificate of our own, although the old pair still lies there
fleet appmon
rm -f run/done
cf plan
has "$out" 'it was reverted to the built-in certificate' "6.1 a certificate that comes back is delivered again"
cf apply --yes
is $status 0 "6.1 it is delivered everywhere"
is "$(ran)" "frontend=1 one=1 server=1 two=1" "6.1 and all are restarted"
is "$(served_now $collector)" "$own" "6.1 the server serves it again"
cf plan
has "$out" 'Nothing to do' "6.1 and nothing is left to do"

# --- killed while a store is cleared
fleet default
rm -f run/done
touch run/slow
"$CERTFLEET" apply --yes >run/killed 2>&1 &
killed=$!
comes [ -e run/is-slow ]
kill -9 $killed
wait $killed 2>/dev/null
rm -f run/slow
cf apply --yes
is $status 0 "6.1 an apply that was killed is finished by the next one"
has "$out" "waiting for the activation of 'server'" "6.1 it waits for the command that still ran"
is "$(ran)" "clear-frontend=1 clear-one=1 clear-server=1 clear-two=1" "6.1 no store is cleared twice"
cf plan
has "$out" 'Nothing to do; 4 unchanged' "6.1 and the next plan is empty"

# --- someone else's pair at the server, which connected collectors refuse
comes connected
appmon_pair other dt.example.com
rm -rf appmon/server && cp -r appmon/other appmon/server
control '{"tier": "server", "do": "restart"}'
comes does_serve "$collector" "$(installed appmon/other/fullchain.pem)"
cf plan
has "$out" 'server *revert, verify *it serves .*, not the built-in certificate' "6.1 a server that serves another pair is reverted again"
rm -f run/done
cf apply --yes
is "$status $(ran)" "0 clear-server=1" "6.1 and it alone"
comes connected
ok $? "6.1 and the collectors connect to it again"

# --- a command that changes nothing
fleet appmon
cf apply --yes
is $status 0 "a certificate is delivered once more"
comes connected
fleet default
sed -i 's/timeout: 300s//; s/^  collector: {restart/  server: {restart: {timeout: 2s}}\n&/' certfleet.yaml
sed -i "s|revert: \[$work/run/do, '{\"tier\": \"server\".*|revert: [/bin/true]|" certfleet.yaml
cf apply --yes
is $status 7 "6.1 a server that serves the former pair afterwards: exit 7"
has "$out" 'which is not the built-in certificate; check what .revert. of the component does' "6.1 the remedy names 'revert'"
fleet default
cf apply --yes
is $status 0 "6.1 a mended command finishes it"

# --- postponed collectors; the server is never postponed
comes connected
fleet appmon
cf apply --yes
comes connected
fleet default ', when: postponed'
rm -f run/done
cf apply --yes
is "$status $(ran)" "0 clear-frontend=1 clear-server=1" "6.1 collectors can be postponed, server and frontend cannot"
take_status
is "$(status_of one state)" restart-pending "6.1 a postponed collector is restart-pending"
cf apply --yes --restart-postponed
is "$status $(ran)" "0 clear-frontend=1 clear-one=1 clear-server=1 clear-two=1" "6.1 --restart-postponed clears them"

# --- what must not be restarted
comes connected
fleet appmon
cf apply --yes
comes connected
fleet default
sed -i 's/^    role: server/&\n    restartable: false/' certfleet.yaml
rm -f run/done
cf apply --yes
is "$status $(ran)" "4 " "6.1 a server that must not be restarted blocks: nothing is cleared"
has "$out" 'not-restartable' "6.1 and says why"

# --- two components of one process
one_process() { # COMMAND OF THE SECOND
	fleet default
	for name in first second; do
		echo "  $name: {role: server, process: both, certificate: default, deliver: {files: {directory: appmon/$name}},
    activate: {command: [\"true\"]}, revert: [/bin/sh, -c, 'echo $name >>run/done']}"
	done | sed "s/echo first/echo both/; s/echo second/echo $1/" >>certfleet.yaml
}
rm -f run/done
comes connected
one_process both
cf apply --yes
is "$(grep -c both run/done)" 1 "6.1 components of one process are reverted by one command"
take_status
is "$(status_of first state) $(status_of second state)" "unproven unproven" "6.1 which reverts both"
cf apply --yes
is "$status $(grep -c both run/done)" "0 1" "6.1 once"

# --- mistakes
one_process other
cf validate
has "$out" "one process, but another 'revert' than component 'first'" "6.1 another command for a component of the process is a mistake"
fleet default
sed -i '/revert: .*clear-one/d' certfleet.yaml
cf validate
is $status 65 "6.1 a component without 'revert' is a mistake"
has "$out" "missing key 'revert': certificate 'default' is the built-in one" "6.1 that is explained"
fleet default
sed -i '/^topology/d; s/^  collector: {/  server: {}\n  frontend: {}\n&/' certfleet.yaml
cf validate
has "$out" "'builtin' is for 'topology: appmon' only" "6.1 it is for this topology only"
finish
