#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A load balancer that a program of the user's own looks after (lb.sh), by the
# driver `command`: nginx serves what it commits.
. "$(dirname "$0")/lib.sh"

# lb.sh VERB: what it does wrong stands in run/wrong-VERB, a script.
cat >lb.sh <<'END'
echo "$1 $CERTFLEET_COMPONENT ${CERTFLEET_CERTIFICATE-} ${CERTFLEET_FINGERPRINT-unset}" >>run/lb.log
env >run/env; cat /proc/$$/cmdline | tr '\0' ' ' >>run/cmdlines
if [ -n "$CERTFLEET_PAIR" ]; then
	stat -c '%a %n' "$CERTFLEET_PAIR" "$CERTFLEET_PAIR"/* | sed "s|$CERTFLEET_PAIR|PAIR|" >run/modes
	umask >>run/modes
fi
if [ -f "run/wrong-$1" ]; then
	script=$(cat "run/wrong-$1")
	[ -e run/always ] || rm -f "run/wrong-$1"
	eval "$script"
fi
case $1 in
probe)
	echo "a warning of no importance" >&2
	[ ! -f tls/lb/fullchain.pem ] || openssl x509 -in tls/lb/fullchain.pem -noout -fingerprint -sha256 ;;
stage) rm -rf run/staged && cp -r "$CERTFLEET_PAIR" run/staged ;;
commit)
	mkdir -p tls/lb
	cp run/staged/fullchain.pem run/staged/key.pem tls/lb/
	rm -r run/staged ;;
activate) kill -HUP "$(cat run/lb.pid)" ;;
abort) rm -rf run/staged ;;
remove) rm -f tls/lb/fullchain.pem tls/lb/key.pem ;;
put) # stage and commit in one
	cp "$CERTFLEET_PAIR/fullchain.pem" "$CERTFLEET_PAIR/key.pem" tls/vault/ ;;
get) cat tls/vault/fullchain.pem 2>/dev/null || true ;;
drop) rm -f tls/vault/* ;;
esac
END

mkdir tls/vault
write_fleet() { # [COMPONENTS]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: balanced
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Balanced CA"}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web: {restart: {on_failure: rollback, timeout: $patience}}
	components:
	${1-$both}
	END
}
lb="  lb:
    role: web
    certificate: site
    deliver:
      command:
        probe: [sh, lb.sh, probe]
        stage: [sh, lb.sh, stage]
        commit: [sh, lb.sh, commit]
        activate: [sh, lb.sh, activate]
        abort: [sh, lb.sh, abort]
        remove: [sh, lb.sh, remove]
        timeout: \${TIMEOUT}
    verify: {tls: \"127.0.0.1:\${port}\", server_name: site.example.test}
    retire: {remove: true}"
free_port port
lb=${lb//'${port}'/$port}
long=${lb//'${TIMEOUT}'/60s}
short=${lb//'${TIMEOUT}'/1s}
vault="  vault:
    role: web
    certificate: site
    deliver: {command: {probe: [sh, lb.sh, get], commit: [sh, lb.sh, put], remove: [sh, lb.sh, drop]}}"
both="$long
$vault"

runs() { # VERB: how often it has run
	grep -c "^$1 " run/lb.log
}

mkdir tls/lb && make_pair first tls/lb/fullchain.pem tls/lb/key.pem
start_nginx lb "$port"
rm tls/lb/*
touch run/lb.log

write_fleet
cf validate
is $status 0 "it is valid"
[ ! -s run/lb.log ]; ok $? "and nothing has run"
cf plan --offline
cf plan --confined
[ ! -s run/lb.log ]; ok $? "nor for a plan that is offline or confined"
cf plan
is $status 0 "a plan is made"
has "$out" "lb .*commit, reload, verify .*nothing is installed" "and says what is to be done"
has "$out" "runs 9 commands that no completed run had" "and which commands are new"
has "$out" "  sh lb.sh activate" "by their words"
has "$out" "private keys will go to 3 hosts or sockets" "and which of them get a key"
has "$out" "  command sh lb.sh stage" "by their words"
is "$(cut -d' ' -f1 run/lb.log | sort -u | tr '\n' ' ')" "get probe " "only what looks was run"
[ ! -e .certfleet ]; ok $? "and nothing is written"

cf apply --yes
is $status 0 "the first apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(installed tls/lb/fullchain.pem)
serves "$port" "$good" "the new pair is served"
is_pair tls/vault/fullchain.pem tls/vault/key.pem; ok $? "the other has a pair"
is "$(installed tls/vault/fullchain.pem)" "$good" "the same"
has "$(cat run/lb.log)" "stage lb site $good" "it is told component, certificate and fingerprint"
is "$(sed -n '$p' run/modes)" 0077 "what it writes is its own"
is "$(sed '$d' run/modes | sort -u | tr '\n' ' ')" \
	"600 PAIR/ca.pem 600 PAIR/chain.pem 600 PAIR/fullchain.pem 600 PAIR/key.pem 600 PAIR/leaf.pem 700 PAIR " "a pair is five files, ours alone"
is "$(cut -d= -f1 run/env | sort | grep -v '^_$\|^PWD$\|^OLDPWD$\|^SHLVL$' | tr '\n' ' ')" \
	"CERTFLEET_CERTIFICATE CERTFLEET_COMPONENT HOME LANG PATH " "a probe has a clean environment"
[ ! -e .certfleet/pair ]; ok $? "and the files are gone"
take_status
is "$(status_of lb state)" in-sync "it is in-sync"
is "$(status_of lb evidence)" handshake "by a handshake"
is "$(status_of vault installed)" "$good" "what is installed is known from a certificate too"

before=$(wc -l <run/lb.log)
cf apply --yes
is $status 0 "a second apply"
has "$out" "Nothing to do\|nothing to do" "finds nothing to do"
is "$(tail -n "+$((before + 1))" run/lb.log | cut -d' ' -f1 | sort -u | tr '\n' ' ')" "get probe " "and only looks"

SUBJECT=b.example.test write_fleet
cf apply --yes
is $status 0 "a changed certificate is delivered"
good=$(installed tls/lb/fullchain.pem)
serves "$port" "$good" "and served"

# ---- what can go wrong ----
wrong() { # VERB SCRIPT STATUS TEXT PATTERN [OPTIONS]
	echo "$2" >"run/wrong-$1"
	cf apply --yes --target lb --ack rolled-back ${6:-}
	rm -f "run/wrong-$1" run/always
	is $status "$3" "$4"
	has "$out" "$5" "and it is said why"
	serves "$port" "$good" "the old pair is served"
	is "$(installed tls/lb/fullchain.pem)" "$good" "and installed"
	[ ! -e .certfleet/pair ]; ok $? "and no key is left over"
}
SUBJECT=c.example.test write_fleet
wrong stage 'echo chatter; echo "first line" >&2; echo "pool is full" >&2; exit 3' 1 "a stage that fails changes nothing" \
	"'stage': 'sh' ended with status 3: pool is full"
hasnt "$out" "first line\|chatter" "by its last line alone"
wrong commit 'echo "no such pool" >&2; exit 4' 1 "a commit that fails changes nothing" "'commit': 'sh' ended with status 4: no such pool"
wrong commit 'sh lb.sh commit; echo "lost contact" >&2; exit 5' 8 "one that took effect is rolled back" "lost contact"
wrong activate 'echo "cannot reload" >&2; exit 6' 8 "an activation that fails is rolled back" "cannot reload"
wrong commit 'cat "$CERTFLEET_PAIR/key.pem" >&2; tail -n 2 "$CERTFLEET_PAIR/key.pem" | head -n 1 >&2; exit 7' 1 "a key in a complaint" "ended with status 7"
wrong commit 'head -c 3000000 /dev/zero | tr "\0" x; head -c 300000 /dev/zero | tr "\0" "y " >&2; printf "\nthe end\n" >&2; exit 8' 1 \
	"much output does no harm" "ended with status 8: the end"
touch run/always
wrong probe 'echo 0000; exit 0' 4 "a probe that prints something else" "prints neither a SHA-256 fingerprint nor a certificate"
touch run/always
wrong probe 'head -c 3000000 /dev/zero | tr "\0" a; exit 0' 4 "a probe that prints too much" "prints neither"
touch run/always
wrong probe 'echo "device is away" >&2; exit 9' 4 "a probe that fails is one that cannot be reached" "device is away"
other=$(printf '%064d' 7)
echo "[ ! -e run/taken ] || { echo $other; exit 0; }" >run/wrong-get
echo 'touch run/taken' >run/wrong-put
touch run/always
cf apply --yes --target vault
rm -f run/wrong-* run/always run/taken
is $status 7 "a device that reports another pair than it took is not believed"
has "$out" "it accepted .*, but still reports 000000000000" "and it is said why"
cf apply --yes --ack rolled-back
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is $status 0 "once it works the pair is taken"
good=$(installed tls/lb/fullchain.pem)
serves "$port" "$good" "and served"
is "$(installed tls/vault/fullchain.pem)" "$good" "by both"

# ---- somebody else ----
make_pair x run/x.crt run/x.key
cf plan --out run/plan
SUBJECT=d.example.test write_fleet
cf plan --out run/plan
echo 'cp run/x.crt tls/lb/fullchain.pem; cp run/x.key tls/lb/key.pem' >run/wrong-stage
cf apply --yes --target lb
is $status 1 "what somebody else put there meanwhile is not replaced"
has "$out" "it holds .*, not .* as expected" "and it is said why"
is "$(installed tls/lb/fullchain.pem)" "$(installed run/x.crt)" "it is still there"
cf apply --yes --target lb
is $status 0 "the next plan knows of it"
good=$(installed tls/lb/fullchain.pem)
serves "$port" "$good" "and replaces it"
cf apply --yes

# ---- time, stop, crash ----
SUBJECT=e.example.test write_fleet "$short
$vault"
wrong commit 'echo $$ >run/nap.pid; exec sleep 300' 1 "a commit has its time" "did not end within 1000 ms and was killed"
none_runs "$(cat run/nap.pid)"; ok $? "and nothing of it is left"

interrupt() { # VERB SCRIPT: interrupts an apply while VERB runs the script
	write_fleet
	echo "$2" | sed 's/exec sleep\|while/touch run\/began; &/' >"run/wrong-$1"
	"$CERTFLEET" apply --yes --target lb --ack rolled-back >run/out 2>&1 </dev/null &
	local pid=$!
	comes test -e run/began
	cp -r .certfleet/pair run/seen 2>/dev/null
	kill "-${3:-INT}" $pid
	touch run/go
	wait $pid
	status=$?
	out=$(cat run/out)
	rm -rf run/began run/go run/seen run/wrong-*
}
export SUBJECT=e.example.test
interrupt commit 'while [ ! -e run/go ]; do sleep 0.05; done; sleep 0.3'
[ ! -e .certfleet/pair ]; ok $? "it lets the commit finish, and no key is left over"
cf apply --yes --ack rolled-back
is $status 0 "the next apply finishes it"
good=$(installed tls/lb/fullchain.pem)
serves "$port" "$good" "and it is served"

SUBJECT=f.example.test
interrupt probe 'echo $$ >run/nap.pid; exec sleep 300'
is $status 1 "a stop ends a probe"
none_runs "$(cat run/nap.pid)"; ok $? "and nothing of it is left"
is "$(installed tls/lb/fullchain.pem)" "$good" "nothing has changed"

interrupt stage 'exec 9<"$CERTFLEET_PAIR/key.pem"; setsid sleep 300 & echo $! >run/holder.pid; echo $$ >run/nap.pid; exec sleep 300' KILL
is $status 137 "a run is killed"
kill "$(cat run/nap.pid)"
[ -f .certfleet/pair/key.pem ]; ok $? "the key is still there"
cf apply --yes
is $status 0 "the next apply finishes the work"
[ ! -e .certfleet/pair ]; ok $? "and has removed the key"
is "$(tr -d '\0' <"/proc/$(cat run/holder.pid)/fd/9" | wc -c)" 0 "after it was overwritten"
kill "$(cat run/holder.pid)"; rm run/holder.pid
good=$(installed tls/lb/fullchain.pem)
serves "$port" "$good" "the pair is served"

# ---- secrets ----
awk '/BEGIN/ { on = 1; next } /END/ { on = 0 } on' tls/lb/key.pem tls/vault/key.pem >run/keys
hasnt "$(cat run/transcript run/cmdlines run/lb.log run/env)" "$(head -n 1 run/keys)\|PRIVATE KEY" "no key in any text or argument"
hasnt "$(cat run/cmdlines)" "$CERTFLEET_BACKUP_PASSPHRASE" "nor a passphrase"
hasnt "$("$CERTFLEET" history --json 2>/dev/null)" "$(head -n 1 run/keys)\|PRIVATE KEY" "nor in the history"

# ---- retire ----
write_fleet "$long"
cf apply --yes
is $status 0 "a component leaves the fleet file"
[ -f tls/vault/fullchain.pem ]; ok $? "what it has stays"
write_fleet "$vault"
cf apply --yes
is $status 0 "one that says so"
[ ! -e tls/lb/fullchain.pem ]; ok $? "is removed by its own command"
has "$(tail -n 3 run/lb.log)" "^remove lb  $good" "as the state kept it"
finish
