#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who is told how an apply has ended: commands that read the summary, and requests to
# an endpoint over TLS (notify_server.py).
. "$(dirname "$0")/../cli/lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=hooks -days 30 \
	-addext subjectAltName=IP:127.0.0.1 -out tls/hooks.crt -keyout run/hooks.key 2>/dev/null
free_port hooks
python3 "$root/tests/e2e/notify_server.py" "$hooks" tls/hooks.crt run/hooks.key run >run/server.out 2>&1 &
pids+=($!)
wait_port "$hooks"
url=https://127.0.0.1:$hooks
echo Kiwi-Marker-Token-123 >secrets/token
echo T00/Lemur-Marker-Path >secrets/path
chmod 600 secrets/*

# What a command was told, each in a file of its own: run/told.OUTCOME.
cat >run/tell.sh <<-'END'
	cat >run/told.new
	env >run/told.env
	pwd >run/told.pwd
	mv run/told.new "run/told.$CERTFLEET_OUTCOME"
	echo "$CERTFLEET_FLEET $CERTFLEET_RUN $CERTFLEET_OUTCOME" >>run/told
END

fleet() { # NOTIFY MORE
	plain_fleet
	printf '%s\n' "notify:" "$1" "${2:-}" >>certfleet.yaml
}
forget_told() {
	rm -f run/told* run/requests
	: >run/requests
}
member() { # FILE EXPRESSION
	python3 -c 'import json, sys; told = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}
request() { # NUMBER EXPRESSION
	python3 -c '
import json, sys
r = [json.loads(l) for l in open("run/requests")][int(sys.argv[1])]
print(eval(sys.argv[2]))' "$1" "$2"
}
requests() {
	wc -l <run/requests | tr -d ' '
}

# ---- a plan tells nobody, and shows who would be told ----

fleet "
  - {command: [sh, run/tell.sh]}
  - http:
      url: $url/ok/chat/
      secret_path: {file: secrets/path}
      ca: tls/hooks.crt
      headers: {X-Token: {file: secrets/token}, X-Title: \"\${fleet} \${outcome}\"}
      json: {text: \"*\${fleet}* \${text}\", run: \"\${run}\", all: \"\${summary}\", quoted: \"is \${summary}\"}
    on: [changed, failed]"
forget_told
cf plan --json
cf plan
has "$out" "sh run/tell.sh" "a plan shows the command"
has "$out" "POST $url/ok/chat/$" "and the URL, without the secret part"
has "$out" "file secrets/path" "which is told as a secret"
[ ! -e run/told ] && [ "$(requests)" = 0 ]
ok $? "a plan tells nobody"
cf plan --confined
[ ! -e run/told ]
ok $? "nor does a confined one"

# ---- a first apply that does not begin ----

kept=$CERTFLEET_BACKUP_PASSPHRASE
unset CERTFLEET_BACKUP_PASSPHRASE
cf apply --yes
is $status 65 "a first apply without a passphrase"
is "$(cat run/told)" "plain  failed" "is told, though there never was a run"
is "$(member run/told.failed 'told["run"]')" None "in its summary too"
export CERTFLEET_BACKUP_PASSPHRASE=$kept

# ---- a run that changes something ----

forget_told
cf_out apply --yes --json
printf '%s\n' "$out" >run/lines
is $status 0 "the first apply ends well"
fits_schema apply.schema.json run/lines lines
ok $? "its lines are as their schema says"
is "$(grep -c '"event": *"notified"' run/lines)" 2 "two of them are of notifications"
has "$(grep '"notified"' run/lines)" '"target": *"sh run/tell.sh", *"error": *null' "and name the target"
is "$(cat run/told)" "plain 1 changed" "the command is told by its environment"
fits_schema notification.schema.json run/told.changed
ok $? "and the summary on its standard input is as its schema says"
is "$(member run/told.changed 'told["run"], told["outcome"], told["outcomes"], told["exit_status"]')" \
	"(1, 'changed', ['changed'], 0)" "it says what became of it"
is "$(member run/told.changed 'told["counts"]["changed"], told["counts"]["issued"], told["problems"]')" \
	"(2, 1, [])" "how many components were changed, and that nothing is wrong"
is "$(member run/told.changed 'told["lineage"]')" "$(tr -d '\n' <certfleet.lineage | grep -o '[0-9a-f-]\{30,\}' | head -1)" \
	"it names the lineage"
is "$(cat run/told.pwd)" "$work" "the command runs in the directory of the fleet file"
is "$(sed 's/=.*//' run/told.env | grep -v '^\(PWD\|SHLVL\|_\|OLDPWD\)$' | sort | tr '\n' ' ')" \
	"CERTFLEET_FLEET CERTFLEET_OUTCOME CERTFLEET_RUN HOME LANG PATH " "with nothing else in its environment"
is "$(requests)" 1 "the endpoint is told once"
is "$(request 0 'r["path"], r["headers"]["X-Token"], r["headers"]["X-Title"]')" \
	"('/ok/chat/T00/Lemur-Marker-Path', 'Kiwi-Marker-Token-123', 'plain changed')" \
	"with the secret part of its URL, its secret header and its title"
is "$(request 0 'json.loads(r["body"])["all"]["run"], json.loads(r["body"])["run"]')" "(1, '1')" \
	"the summary is a JSON value where it stands alone"
is "$(request 0 'json.loads(json.loads(r["body"])["quoted"][3:])["run"]')" 1 "and text in a longer text"
has "$(request 0 'json.loads(r["body"])["text"]')" "^\*plain\* certfleet plain: changed, run 1 (by " \
	"the lines for people are in it"
hasnt "$(cat run/lines run/said run/told.*)" "Lemur\|Kiwi\|correct horse" "no secret is told"
cf history 1
has "$out" "^Notified: sh run/tell.sh$" "the history says who was told"
has "$out" "^Notified: POST $url/ok/chat/$" "each of them"
cf_out history 1 --json
printf '%s\n' "$out" >run/history
fits_schema history.schema.json run/history
ok $? "also as JSON"
cf history --verify
is $status 0 "and its chain holds"

forget_told
cf apply --yes
is $status 0 "nothing is left to do"
[ ! -e run/told ] && [ "$(requests)" = 0 ]
ok $? "which nobody is told"
hasnt "$out" "otified" "and nothing is said of it"
cf history --verify
is $status 0 "the chain holds after that"
SUBJECT=two.example.test fleet "
  - {command: [sh, run/tell.sh]}"
cf apply --yes
cf history --verify
is $status 0 "and after the next run"

# ---- what fails, and every night ----

forget_told
cp certfleet.yaml run/good.yaml
SUBJECT=three.example.test fleet "
  - {command: [sh, run/tell.sh], on: [failed]}
  - {command: [sh, run/tell.sh, x], on: [changed]}"
mkdir -p open && chmod 777 open
sed -i 's|directory: tls/two|directory: open/two|' certfleet.yaml
for night in 1 2; do
	cf apply --yes
	[ $status -ne 0 ]
	ok $? "what cannot be done fails in night $night"
done
is "$(wc -l <run/told)" 2 "and is told each time"
is "$(sed 's/ [0-9]* / N /' run/told | sort -u)" "plain N failed" "to those who want to know it"
fits_schema notification.schema.json run/told.failed
ok $? "the summary is as its schema says"
has "$(member run/told.failed '[(p["component"], p["certificate"], bool(p["message"]), bool(p["remedy"] or p["kind"])) for p in told["problems"]]')" \
	"('two', 'site', True, True)" "it names the component, its certificate, cause and remedy"
has "$(member run/told.failed 'told["text"]')" "^- .*two.*: " "its lines do as well"
is "$(member run/told.failed 'told["next"]')" "certfleet apply" "and what goes on"

# ---- an apply that does not begin ----

forget_told
cp run/good.yaml certfleet.yaml
export CERTFLEET_BACKUP_PASSPHRASE='another horse battery staple 43'
cf apply --yes
is $status 65 "a passphrase that does not fit ends it before a run"
is "$(cat run/told)" "plain  failed" "which is told, without a run"
fits_schema notification.schema.json run/told.failed
ok $? "in a summary as its schema says"
is "$(member run/told.failed 'told["run"], told["exit_status"], bool(told["error"])')" "(None, 65, True)" "with its cause"
export CERTFLEET_BACKUP_PASSPHRASE='correct horse battery staple 42'
forget_told
mkfifo run/go
SUBJECT=slow.example.test fleet "
  - {command: [sh, run/tell.sh]}
  - {command: [sh, -c, \"cat run/go\"], on: [changed]}"
"$CERTFLEET" apply --yes >run/first.out 2>&1 </dev/null &
first=$!
comes grep -sq changed run/told
cf apply --yes
is $status 6 "while another apply holds the lock"
is "$(tail -1 run/told)" "plain  failed" "an apply that cannot begin tells it"
has "$(member run/told.failed 'told["error"]')" "certfleet apply" "and who holds it"
echo >run/go
wait $first
is $? 0 "the other one ends well"
forget_told
cf plan --out stale.plan
sed -i 's/CN=slow/CN=fast/' certfleet.yaml
cf apply stale.plan
is $status 5 "a saved plan that is stale"
is "$(cat run/told)" "plain  failed" "is told: whoever saved it may be gone"
has "$(member run/told.failed 'told["error"]')" "make a new plan" "with the remedy"
forget_told
cf apply --yes --target nothing
is $status 64 "a mistake of the command line"
[ ! -e run/told ]
ok $? "is not told: it was shown to who made it"
echo "unknown: 1" >>certfleet.yaml
cf apply --yes
is $status 65 "nor can a mistake of the fleet file be told"
[ ! -e run/told ]
ok $? "as nobody knows to whom"

# ---- what waits ----

forget_told
SUBJECT=four.example.test ROLE='{restart: {freeze: [{from: 2000-01-01, to: 2000-01-02, reason: past}, {from: '$(date -u -d yesterday +%F)', to: '$(date -u -d '+9 days' +%F)', reason: fair}]}}' \
	fleet "
  - {command: [sh, run/tell.sh], on: [awaiting]}
  - {command: [sh, run/tell.sh, also], on: [changed]}"
cf apply --yes
is $status 0 "what waits for the end of a freeze is as planned"
is "$(sort run/told | uniq -c | tr -s ' ' | sed 's/ [0-9]* \([a-z]*\)$/ N \1/')" " 2 plain N awaiting" \
	"it is told as waiting, also to those who want to know of changes: a certificate was issued"
is "$(member run/told.awaiting 'told["outcomes"], told["counts"]["waiting"], bool(told["waits_until"])')" \
	"(['changed', 'awaiting'], 2, True)" "and the summary says both"
forget_told
cf apply --yes
is $status 0 "a second time"
is "$(cat run/told)" "plain  awaiting" \
	"the next one changes nothing, and tells those who want to know what waits"
forget_told
cf apply --yes --ignore-windows "the fair: is over <b>"
is "$(sort -u run/told | sed 's/ [0-9]* / N /')" "plain N changed" "done all the same"
is "$(member run/told.changed 'told["reasons"]')" "{'ignore_windows': 'the fair: is over <b>'}" "its reason is told"

# ---- what waits for a person ----

forget_told
SUBJECT=five.example.test fleet "
  - {command: [sh, run/tell.sh]}"
sed -i 's|  two: .*|  two: {role: web, certificate: site, deliver: {handoff: {file: by-hand.pem, format: pem}}}|' certfleet.yaml
cf apply --yes
is $status 9 "a hand-off waits for a person" || sed 's/^/# /' <<<"$out"
is "$(member run/told.awaiting 'told["outcomes"], told["counts"]["awaiting"], told["exit_status"]')" \
	"(['changed', 'awaiting'], 1, 9)" "which is told, with what was changed"
is "$(member run/told.awaiting '[(p["code"], p["component"]) for p in told["problems"]]')" "[('awaiting-handoff', 'two')]" "and for what"
has "$(member run/told.awaiting 'told["text"]')" "a person has to import 'by-hand.pem'" "in the lines for people"

# ---- targets that fail, hang, do not read, or say too much ----

forget_told
python3 -c '
print("import sys")' >run/none.py
cat >run/leak.sh <<-'END'
	cat secrets/token >&2
	exit 3
END
SUBJECT=five.example.test fleet "
  - {command: [sh, -c, 'exit 0']}
  - {command: [sh, -c, 'echo no such mailbox >&2; exit 4']}
  - {command: [sh, run/leak.sh]}
  - {command: [sh, -c, 'echo 0123456789abcdef0123456789abcdef0123456789abcdef >&2; exit 5']}
  - {command: [sh, -c, 'sleep 333 & echo $! >run/hung; wait'], timeout: 1s}
  - {command: [no-such-program]}
  - {http: {url: $url/500, ca: tls/hooks.crt}}
  - {http: {url: $url/redirect, ca: tls/hooks.crt}}
  - {http: {url: $url/hang, ca: tls/hooks.crt}, timeout: 1s}
  - {http: {url: $url/echo/, secret_path: {file: secrets/path}, ca: tls/hooks.crt, headers: {X-Token: {file: secrets/token}}}}
  - {http: {url: $url/untrusted}}
  - {http: {url: $url/ok/missing, ca: tls/hooks.crt, headers: {X-Token: {env: CERTFLEET_NONE}}}}
  - {command: [sh, run/tell.sh]}"
cf apply --yes
is $status 0 "a notification that fails changes nothing of the result"
is "$(grep -c 'warning: not notified: ' <<<"$out")" 11 "each is told"
is "$(grep -c 'notified: .*certfleet notify' <<<"$out")" 11 "with a remedy"
has "$out" "not notified: sh -c 'echo no such.*status 4: no such mailbox" "of a command with what it said"
hasnt "$(grep -i notified <<<"$out"; cat run/told.*)" "Kiwi\|Lemur\|: 0123456789abcdef0123" "without the secret that it prints, or what looks like one"
has "$out" "sleep 333.*run/hung.*did not end within 1000 ms" "one that hangs is ended"
gone "$(cat run/hung)"
ok $? "and what it started as well"
has "$out" "no-such-program.*not found" "one that is not there is said"
has "$out" "POST $url/500: .*answered 500" "a server that fails"
has "$out" "POST $url/redirect: .*answered 302 (redirects are not followed)" "a redirect is not followed"
hasnt "$(cat run/requests)" "elsewhere" "so nothing goes elsewhere"
has "$out" "POST $url/hang: .*1 s\|POST $url/hang: .*1000 ms" "a server that hangs is waited for so long"
has "$out" "POST $url/echo/: .*500" "one that repeats all"
has "$out" "POST $url/untrusted: .*certificate" "one whose certificate nobody knows is told nothing"
has "$out" "POST $url/ok/missing: .*CERTFLEET_NONE" "a secret that cannot be had"
is "$(grep -c changed run/told)" 1 "the others are told all the same"
cf history
last=$(awk 'NR == 2 { print $1 }' <<<"$out")
cf history "$last"
has "$out" "^Not notified: POST $url/500: .*500" "the history says who was not told"

# ---- a big summary that nobody reads; its bounds ----

forget_told
plain_fleet
for i in $(seq 60); do
	echo "  c$i: {role: web, certificate: site, deliver: {files: {directory: open/c$i}}}"
done >>certfleet.yaml
printf '%s\n' "notify:" "  - {command: [sh, -c, 'exec sleep 0.2']}" "  - {command: [sh, run/tell.sh]}" >>certfleet.yaml
cf apply --yes
has "$out" "notified: sh -c 'exec sleep 0.2'" "a command that does not read is no trouble"
fits_schema notification.schema.json run/told.failed
ok $? "a summary of much trouble is as its schema says"
is "$(member run/told.failed 'len(told["problems"]), told["more_problems"] > 30')" "(20, True)" "it lists some, and counts the rest"
[ "$(wc -c <run/told.failed)" -lt 65536 ]
ok $? "and stays short"

# ---- certfleet notify ----

forget_told
fleet "
  - {command: [sh, run/tell.sh], on: [awaiting]}
  - {http: {url: $url/ok/test, ca: tls/hooks.crt}}"
cf notify
is $status 0 "certfleet notify sends a test"
has "$out" "^notified: sh run/tell.sh$" "to each target, whatever it asks for"
is "$(requests)" 1 "also over HTTP"
is "$(request 0 'json.loads(r["body"])["test"]')" True "the body is the summary when nothing else is said"
fits_schema notification.schema.json run/told.changed
ok $? "a test is as the schema says"
has "$(member run/told.changed 'told["text"]')" "a test: nothing has happened" "and says that it is one"
fleet "
  - {http: {url: $url/500, ca: tls/hooks.crt}}"
cf notify
is $status 1 "a test that fails has the status 1"
has "$out" "not notified: POST $url/500: .*500" "and its cause"
sed -i '/^notify:/,$d' certfleet.yaml
cf notify
is $status 65 "a fleet file without targets has nobody to tell"
has "$out" "add 'notify'" "and its remedy"

# ---- the examples ----

mkdir -p bin
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >run/mail.args\ncat >run/mail.body\n' >bin/mail
chmod +x bin/mail
if command -v jq >/dev/null; then
	CERTFLEET_FLEET=plain CERTFLEET_RUN=7 CERTFLEET_OUTCOME=failed PATH=$work/bin:$PATH \
		sh "$root/examples/notify/mail.sh" ops@example.com <run/told.changed
	is "$(cat run/mail.args)" "-s
certfleet plain: failed, run 7
ops@example.com" "the script of the example calls mail"
	is "$(cat run/mail.body)" "$(member run/told.changed 'told["text"]')" "with the lines for people"
	! sh "$root/examples/notify/mail.sh" </dev/null 2>/dev/null
	ok $? "and fails where there are none"
fi
forget_told
sed "s|https://hooks.slack.com/services/|$url/ok/services/|; s|https://events.example.com/|$url/ok/|
	s|secrets/chat|secrets/path|; s|secrets/events|secrets/token|; s|url: .*|&\n      ca: tls/hooks.crt|
	/ops@example/,+1d" "$root/examples/notify/certfleet.yaml" >run/example
mkdir shop
cp -a secrets tls shop
mv run/example shop/certfleet.yaml
cf notify -C shop
is $status 0 "the chat and the service of the example are told" || sed 's/^/# /' <<<"$out"
is "$(request 0 'r["path"]')$(request 1 'r["path"]')" "/ok/services/T00/Lemur-Marker-Path/ok/certfleet/shop" "where they are"
has "$(request 0 'json.loads(r["body"])["text"]')" "^certfleet shop: changed, a test" "the chat with the lines"
is "$(request 1 'r["headers"]["Authorization"], json.loads(r["body"])["fleet"]')" "('Kiwi-Marker-Token-123', 'shop')" "the service with the summary"

# ---- a stop, and a run that was killed ----

forget_told
rm -f run/waits run/enough
SUBJECT=six.example.test fleet "
  - {command: [sh, run/tell.sh]}
  - {command: [sh, -c, 'sleep 334'], on: [failed]}
  - {http: {url: $url/ok/stopped, ca: tls/hooks.crt}}
  - {http: {url: $url/hang, ca: tls/hooks.crt}, on: [failed]}"
sed -i 's|  one: {role: web, certificate: site,|  one: {role: web, certificate: site, activate: {command: [sh, run/wait.sh]},|' certfleet.yaml
cat >run/wait.sh <<-'END'
	echo $$ >run/waits
	while [ ! -e run/enough ]; do sleep 0.1; done
END
"$CERTFLEET" apply --yes >run/stopped.out 2>&1 </dev/null &
apply=$!
comes test -s run/waits
kill -TERM $apply
comes grep -q "stopping: waiting for 1 activation" run/stopped.out
touch run/enough
wait $apply
status=$?
[ $status -ne 0 ]
ok $? "a run that is stopped does not end well"
is "$(sed 's/ [0-9]* / N /' run/told)" "plain N failed" "which is told despite the stop"
is "$(member run/told.failed 'told["stopped"]')" True "as one that was stopped"
has "$(cat run/stopped.out)" "not notified: sh -c 'sleep 334': .*did not end within 5000 ms" "nobody is waited for as long as usual"
has "$(cat run/stopped.out)" "not notified: POST $url/hang: .*5 s\|not notified: POST $url/hang: .*5000 ms" "over HTTP neither"
has "$(cat run/requests)" "/ok/stopped" "which reaches its other targets all the same"

# After a second stop nobody is told: whoever gave it is there.
forget_told
rm -f run/waits run/enough
SUBJECT=nine.example.test fleet "
  - {command: [sh, run/tell.sh]}
  - {http: {url: $url/ok/twice, ca: tls/hooks.crt}}"
sed -i 's|  one: {role: web, certificate: site,|  one: {role: web, certificate: site, activate: {command: [sh, run/wait.sh]},|' certfleet.yaml
"$CERTFLEET" apply --yes >run/stopped.out 2>&1 </dev/null &
apply=$!
comes test -s run/waits
kill -TERM $apply
comes grep -q "stopping: waiting for 1 activation" run/stopped.out
kill -TERM $apply
wait $apply
[ $? -ne 0 ]
ok $? "a run that is stopped twice does not wait"
touch run/enough
[ ! -e run/told ] && [ "$(requests)" = 0 ]
ok $? "and tells nobody"
is "$(grep -c "not notified: .*told to stop twice" run/stopped.out)" 2 "which is said of each target"
cf apply --yes

# A stop while somebody is told ends that.
forget_told
SUBJECT=ten.example.test fleet "
  - {command: [sh, run/tell.sh]}
  - {command: [sh, -c, 'echo here >run/here; sleep 335'], timeout: 10m}
  - {http: {url: $url/hang, ca: tls/hooks.crt}, timeout: 10m}"
"$CERTFLEET" apply --yes >run/stopped.out 2>&1 </dev/null &
apply=$!
comes test -s run/here
kill -TERM $apply
wait $apply
is $? 0 "a stop that comes after the run changes nothing of its result"
has "$(cat run/stopped.out)" "not notified: sh -c 'echo here.*told to stop" "and ends what is under way"
has "$(cat run/stopped.out)" "not notified: POST $url/hang: .*told to stop" "and begins nothing more"

forget_told
rm -f run/waits run/enough
SUBJECT=seven.example.test fleet "
  - {command: [sh, run/tell.sh]}"
sed -i 's|  one: {role: web, certificate: site,|  one: {role: web, certificate: site, activate: {command: [sh, run/wait.sh]},|' certfleet.yaml
"$CERTFLEET" apply --yes >run/killed.out 2>&1 </dev/null &
apply=$!
comes test -s run/waits
kill -KILL $apply
wait $apply 2>/dev/null
[ ! -e run/told ]
ok $? "a run that is killed tells nobody"
touch run/enough
cf apply --yes
[ -s run/told ]
ok $? "the next one does"
is "$(member run/told.changed 'bool(told["interrupted_run"])')" True "and says which run did not end"
# ---- approvals ----

rm -rf .certfleet backups certfleet.lineage tls/one tls/two open
for who in alice bob; do
	openssl genpkey -algorithm ed25519 -out "run/$who.key" 2>/dev/null
	openssl pkey -in "run/$who.key" -pubout -out "tls/$who.pem"
done
approved_fleet() { # NOTIFY
	fleet "$1" "approvals: {required: 1, for: [contacts, requests], signers: [{name: alice, key: tls/alice.pem}, {name: bob, key: tls/bob.pem}]}"
}
forget_told
approved_fleet "
  - {command: [sh, run/tell.sh]}"
cf apply --yes
is $status 0 "the first run has no rule yet" || sed 's/^/# /' <<<"$out"
is "$(cat run/told)" "plain 1 changed" "and tells"
forget_told
approved_fleet "
  - {command: [sh, run/tell.sh]}
  - {command: [sh, run/tell.sh, new], on: [failed, awaiting]}
  - {http: {url: $url/ok/new, ca: tls/hooks.crt}}"
cf apply --yes
is $status 3 "new targets need an approval"
has "$out" "approval-missing: what 'notify' reaches for the first time" "which says so"
is "$(cat run/told)" "plain  awaiting" "the known target is told that something waits, the new ones nothing"
is "$(requests)" 0 "over HTTP neither"
is "$(grep -c 'not notified: .*first time needs approvals' <<<"$out")" 2 "each is named with the reason"
cf notify
is $status 1 "nor can they be tried"
is "$(requests)" 0 "before that"
forget_told
cf apply --yes --reissue site
is $status 3 "nothing else waits for them"
has "$(member run/told.awaiting 'told["counts"]')" "'issued': 1" "what is due is done meanwhile"
cf plan --out p.plan
cf approve p.plan --key run/alice.key
forget_told
cf apply p.plan
is $status 0 "once they are approved" || sed 's/^/# /' <<<"$out"
cf apply --yes --reissue site
is $status 0 "the next run"
is "$(requests)" 1 "tells them"

forget_told
SUBJECT=eight.example.test approved_fleet "
  - {command: [sh, run/tell.sh], on: [failed]}
  - {command: [sh, run/tell.sh, new], on: [failed, awaiting]}
  - {http: {url: $url/ok/new, ca: tls/hooks.crt}}"
cf plan --out p.plan
cf apply p.plan
is $status 3 "a plan without approvals"
is "$(cat run/told)" "plain  awaiting" "is told to whom it concerns"
forget_told
cf apply --yes --ack approval-missing --reason "the site is down"
is $status 0 "the glass is broken" || sed 's/^/# /' <<<"$out"
is "$(grep -c changed run/told)" 2 "which everybody is told, whatever they asked for"
is "$(requests)" 1 "over HTTP too"
is "$(member run/told.changed 'told["reasons"]')" "{'approval_missing': 'the site is down'}" "with the reason"
has "$(member run/told.changed 'told["text"]')" "^applied without approvals: the site is down$" "also in the lines for people"
finish
