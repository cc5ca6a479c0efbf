#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From nothing to a delivered pair: an issuer of agents, an invite, an
# enrolment over the network, an agent that starts, a pair that it installs.
# Somebody in between, wrong tokens, an invite that ended, the renewal of the
# agent's own pair; and where the token and the agent's key are not.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
free_port agent
free_port middle
mkdir -p access host/tls

write_fleet() { # [COMPONENTS]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: enrol
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {agent: {certificate: access/ops.pem, key: access/ops.key, ca: access/agents-ca.pem}}
	issuers:
	  agents-ca: {subject: "CN=Agents CA", use: agents, publish: access/agents-ca.pem}
	  operators-ca: {subject: "CN=Operators CA", use: operators}
	  shop-ca: {subject: "CN=Shop CA"}
	certificates:
	  ops: {subject: "CN=ops", names: [], issuer: operators-ca, purpose: [client], key_rotation: reuse}
	  own: {per: component, subject: "CN=\${component.host}", issuer: agents-ca}
	  site: {subject: "CN=${subject:-site.example.test}", issuer: shop-ca}
	components:
	  operator: {certificate: ops, deliver: {files: {certificate: access/ops.pem, key: access/ops.key}}}
	${1:-}
	END
}
delivered="  web: {certificate: site, deliver: {agent: \"https://127.0.0.1:$agent\"}}
  agent: {certificate: own, host: 127.0.0.1, deliver: {agent: {url: \"https://127.0.0.1:$agent\", component: own, self: true}}, verify: {tls: \"127.0.0.1:$agent\"}}"

cat >host/agent.yaml <<END
certfleet-agent: 1
listen: 127.0.0.1:$agent
tls: {certificate: agent.pem, key: agent.key, client_ca: operators-ca.pem, allow_file: operators.allow}
state: state
components:
  web: {install: {directory: tls/web}}
  own: {install: {certificate: agent.pem, key: agent.key}}
END

invite() { # [OPTION...]: leaves $id, and the token in secrets/token
	(umask 077; "$CERTFLEET" agent invite web1 --host 127.0.0.1 "$@" >run/invited 2>>run/transcript) || return 1
	id=$(sed -n 's/^invite //p' run/invited)
	(umask 077; sed -n 's/^token //p' run/invited >secrets/token)
	rm run/invited
}

# The agent's side, in the background; its output in run/enrol.log.
begin_enrol() { # TOKEN-FILE [OPTION...]
	local file=$1
	shift
	: >run/enrol.log
	setsid "$CERTFLEET" agent enrol --config host/agent.yaml --token-file - "$@" <"$file" >run/enrol.log 2>&1 &
	enrol_pid=$!
	echo $enrol_pid >run/enrol.pid
	comes waits_or_ended
}
waits_or_ended() {
	grep -q 'waits on' run/enrol.log || ! kill -0 "$enrol_pid" 2>/dev/null
}

end_enrol() { # leaves its status in $enrolled
	wait "$enrol_pid"
	enrolled=$?
	rm -f run/enrol.pid
}

accept_agent() { # [PORT]
	cf_token secrets/token agent accept "https://127.0.0.1:${1:-$agent}" --invite "$id" --token-file - ${again:-}
}

# As cf, with a file as stdin.
cf_token() {
	local file=$1
	shift
	out=$(timeout 120 "$CERTFLEET" "$@" 2>&1 <"$file")
	status=$?
	printf '%s\n' "--- certfleet $* -> $status" "$out" >>run/transcript
}

none_left() { # TEXT
	is "$(find host -name 'agent.key*' -o -name agent.pem)" "" "$1"
}

# ---- without an issuer nobody is invited
write_fleet
cf agent invite web1 --host 127.0.0.1
is $status 1 "no state: nobody is invited"
has "$out" "'certfleet apply' makes it" "and what to do"
cf apply --yes
is $status 0 "the authorities and the operator's pair come first"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
[ -s access/agents-ca.pem ] && is_pair access/ops.pem access/ops.key; ok $? "they are there"

# The process of an enrolment that has the network: its channel and the port.
reception() {
	local p
	for p in $(pgrep -P "$enrol_pid"); do
		[ "$(find "/proc/$p/fd" -lname 'socket:*' | wc -l)" -ge 2 ] && echo "$p"
	done
}

# Whether a process has the token or the agent's key in its memory.
remembers() { # PID
	python3 - "$1" secrets/token host/agent.key.enrolling <<-'END'
	import base64, re, sys
	pid, token, key = sys.argv[1:]
	der = base64.b64decode("".join(open(key).read().split("-----")[2].split()))
	wanted = {"token": bytes.fromhex(open(token).read().strip().replace("-", "")),
	          "token as text": open(token).read().strip().encode(),
	          "key": der[-100:], "scalar": der[36:68]}
	with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
	    for line in maps:
	        begin, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
	        if "w" not in rights or int(end, 16) - int(begin, 16) > 1 << 28:
	            continue
	        mem.seek(int(begin, 16))
	        piece = mem.read(int(end, 16) - int(begin, 16))
	        for what, bytes_ in wanted.items():
	            if bytes_ in piece:
	                print(what)
	END
}

# ---- from nothing to an agent
invite
ok $? "an invite"
grep -Eq '^([0-9a-f]{4}-){7}[0-9a-f]{4}$' secrets/token; ok $? "with a token of 128 bits"
begin_enrol secrets/token
[ -e host/agent.key ]; is $? 1 "the key has no name while it waits"
talks=$(reception)
[ "$(wc -w <<<"$talks")" = 1 ]; ok $? "one process has the port"
is "$(awk '/^Seccomp:/ {print $2}' "/proc/$talks/status")" 2 "it is confined"
is "$(awk '/^NoNewPrivs:/ {print $2}' "/proc/$talks/status")" 1 "without a way to new privileges"
[ "$(id -u)" != 0 ] || { [ "$(awk '/^Uid:/ {print $2}' "/proc/$talks/status")" != 0 ]; ok $? "and not root"; }
is "$(find "/proc/$talks/fd" -lname 'socket:*' | wc -l)" 2 "it has its channel and the port"
is "$(find "/proc/$talks/fd" ! -lname 'socket:*' -name '[3-9]*' | wc -l)" 0 "and no file"
has "$(remembers "$enrol_pid")" "token" "the other one knows the token"
is "$(remembers "$talks")" "" "it has neither token nor key in its memory"
accept_agent
is $status 0 "the operator accepts"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
end_enrol
is $enrolled 0 "the agent is enrolled"
is_pair host/agent.pem host/agent.key; ok $? "it has its pair"
is "$(stat -c %a host/agent.key)" 600 "its key for its owner only"
openssl verify -CAfile access/agents-ca.pem -purpose sslserver host/agent.pem >/dev/null 2>&1
ok $? "signed by the issuer of agents"
text=$(openssl x509 -in host/agent.pem -noout -text)
has "$text" "TLS Web Server Authentication" "for servers"
hasnt "$text" "TLS Web Client" "and not for clients"
has "$text" "IP Address:127.0.0.1" "with the name of the invite"
cp secrets/token run/used
accept_agent
is $status 1 "the invite is used up"
has "$out" "there is no invite '$id'" "it says so"
cf agent enrol --config host/agent.yaml --token-file secrets/token
is $status 65 "an agent that is enrolled is not enrolled again"
has "$out" "is there already" "it says so"
"$CERTFLEET" status --offline --json >status.json 2>>run/transcript
is "$(jq -r '.agents[].name' status.json)" web1 "status shows the agent"
is "$(jq -r '.agents[].serial' status.json | tr a-f A-F)" \
	"$(openssl x509 -in host/agent.pem -noout -serial | cut -d= -f2)" "and its serial"

# ---- the agent starts, and a pair is delivered
start_agent() {
	setsid "$CERTFLEET" agent --config host/agent.yaml >>run/agent.log 2>&1 </dev/null &
	echo $! >run/agent.pid
	wait_port "$agent"
}
start_agent
first=$(installed host/agent.pem)
write_fleet "$delivered"
cf apply --yes
is $status 0 "apply delivers through the agent"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is_pair host/tls/web/fullchain.pem host/tls/web/key.pem; ok $? "the component has its pair"

# ---- and renews the agent's own pair, over the agent's own connection
second=$(installed host/agent.pem)
[ "$first" != "$second" ]; ok $? "the agent has another pair of its own"
serves "$agent" "$second" "and serves it"
take_status
is "$(status_of agent state)" in-sync "status: in-sync"
is "$(jq -r '.agents[].renewed_by' status.json)" agent "status knows what renews it"
is "$(jq -r '.agents[].replaced' status.json)" true "and that it did"
cf apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"
cf apply --yes --reissue own
is $status 0 "it is renewed again"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
third=$(installed host/agent.pem)
[ "$second" != "$third" ]; ok $? "with another certificate"
subject=other.example.test write_fleet "$delivered"
cf apply --yes --reissue own
is $status 0 "its own pair and another one in one run"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
has "$(openssl x509 -in host/tls/web/leaf.pem -noout -subject)" other.example.test "both arrived"
take_status
is "$(status_of agent state)" in-sync "and it still answers"

# ---- what the agent says of its own pair counts
sed -i 's/component: own, self: true/component: web, self: true/' certfleet.yaml
cf plan --detailed-exitcode
is $status 4 "a pair for agents goes onto no other component"
has "$out" "not the agent's own pair" "it says so"
write_fleet "${delivered/, self: true/}"
cf validate
is $status 65 "nor without saying so openly"
write_fleet "$delivered"

kill "$(cat run/agent.pid)"
wait "$(cat run/agent.pid)" 2>/dev/null
rm -f run/agent.pid
# what is kept beside them goes as well: the next begin from nothing
anew() { rm -rf host/agent.key host/agent.pem host/.agent.key.certfleet host/operators-ca.pem host/operators.allow; }
anew

# ---- somebody in between: TLS on both sides, every byte passed on
cat >run/middle.py <<'END'
import socket, ssl, sys, threading
port, agent = int(sys.argv[1]), int(sys.argv[2])
outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
outer.load_cert_chain(sys.argv[3], sys.argv[4])
outer.set_alpn_protocols(["certfleet-enrol-1"])
inner = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
inner.check_hostname = False
inner.verify_mode = ssl.CERT_NONE
inner.set_alpn_protocols(["certfleet-enrol-1"])
passed = 0

def pump(a, b):
    global passed
    try:
        while data := a.recv(65536):
            passed += len(data)
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

listener = socket.create_server(("127.0.0.1", port))
while True:
    near, _ = listener.accept()
    try:
        a = outer.wrap_socket(near, server_side=True)
        b = inner.wrap_socket(socket.create_connection(("127.0.0.1", agent)))
    except OSError:
        near.close()
        continue
    ts = [threading.Thread(target=pump, args=p) for p in ((a, b), (b, a))]
    for t in ts: t.start()
    for t in ts: t.join()
    print("passed", passed, flush=True)
END
make_pair middle run/middle.crt run/middle.key
invite
begin_enrol secrets/token
accept_agent
is $status 65 "an agent that the fleet knows is not enrolled anew by an invite alone"
has "$out" "agent 'web1' is enrolled, with a certificate until .* say so with --again" "and is told how"
again=--again
kill -INT "$enrol_pid"
end_enrol
invite
begin_enrol secrets/token
python3 run/middle.py "$middle" "$agent" run/middle.crt run/middle.key >run/middle.log 2>&1 &
pids+=($!)
wait_port "$middle"
accept_agent "$middle"
is $status 1 "somebody in between: the operator refuses"
has "$out" "the connection is intercepted; that was attempt 1 of 5" "and says so"
comes grep -q '1 of 5' run/enrol.log
has "$(cat run/enrol.log)" "was intercepted (1 of 5)" "so does the agent"
has "$(cat run/middle.log)" "passed [1-9]" "although every byte was passed on"
is "$(find host -name agent.key -o -name agent.pem)" "" "and nobody has a pair"
accept_agent
is $status 0 "without the one in between it works"
end_enrol
is $enrolled 0 "on both sides"
anew

# ---- wrong tokens
invite
printf '0000-0000-0000-0000-0000-0000-0000-0000\n' >run/wrong
begin_enrol run/wrong
for i in 1 2 3 4 5; do accept_agent; done
is $status 1 "an agent with another token"
has "$out" "attempt 5 of 5, and the invite has ended" "five times end the invite"
end_enrol
is $enrolled 1 "and the enrolment"
has "$(tail -1 run/enrol.log)" "make a new invite" "which says what to do"
none_left "it leaves nothing"
cf_token secrets/token agent accept "https://127.0.0.1:$agent" --invite "$id" --token-file -
is $status 65 "the right token comes too late"
has "$out" "has ended" "it says so"
invite
for i in 1 2 3 4 5; do
	cf_token run/wrong agent accept "https://127.0.0.1:$agent" --invite "$id" --token-file -
done
has "$out" "and the invite has ended" "an operator who guesses ends it as well"

# ---- time
invite --ttl 1s
begin_enrol secrets/token --ttl 2s
sleep 1.2
accept_agent
is $status 65 "an invite that ended is not accepted"
has "$out" "expired at" "it says when"
end_enrol
is $enrolled 1 "the agent gives up"
has "$(tail -1 run/enrol.log)" "within 2 seconds" "when its time is over"
none_left "and leaves nothing"

# ---- a stop leaves nothing half
invite
begin_enrol secrets/token
kill -INT "$enrol_pid"
end_enrol
is $enrolled 1 "Ctrl-C ends an enrolment"
none_left "and leaves nothing"
begin_enrol secrets/token
kill -KILL "$enrol_pid"
end_enrol 2>/dev/null
[ -e host/agent.key.enrolling ]; ok $? "a kill leaves a key without its name"
begin_enrol secrets/token
accept_agent
is $status 0 "which the next enrolment replaces"
end_enrol
is "$(ls -A host | tr '\n' ' ')" "agent.key agent.pem agent.yaml operators-ca.pem operators.allow state tls " \
	"nothing but what belongs there is there"

# ---- two operators at once
anew
invite
begin_enrol secrets/token
for i in 1 2; do
	"$CERTFLEET" agent accept "https://127.0.0.1:$agent" --invite "$id" --token-file - --again <secrets/token >"run/rival.$i" 2>&1 &
	rivals[i]=$!
done
won=0
for i in 1 2; do wait "${rivals[i]}" && won=$((won + 1)); done
is $won 1 "of two at once one succeeds"
end_enrol
is $enrolled 0 "with the agent"

# ---- whom a new agent obeys
has "$(cat host/operators.allow)" "^spki:" "the operator's key is allowed"
cmp -s host/operators-ca.pem <(openssl x509 -in host/operators-ca.pem); ok $? "under the operators' authority"
anew
printf 'CN=somebody else\n' >host/operators.allow
invite
begin_enrol secrets/token
accept_agent
is $status 0 "a list that is there"
has "$out" "the agent says: .*operators.allow' does not allow this operator" "is told to the operator"
end_enrol
has "$(cat run/enrol.log)" "does not allow this operator, unless one of its names is his: add \"spki:" "and on the host"
is "$(cat host/operators.allow)" "CN=somebody else" "but stays as it is"

# ---- words
cf agent invite web1
is $status 64 "an invite needs a host"
cf agent invite 'web 1' --host h.example
is $status 64 "and a name"
cf agent invite web1 --host '*.example.test'
is $status 64 "of one host"
cf agent invite web1 --host a.example.test --ttl 2d
is $status 64 "for less than a day"
cf agent invite web1 --host a.example.test --issuer shop-ca
is $status 65 "by an issuer of agents"
cf agent accept https://127.0.0.1 --invite "$id" --token-file secrets/token
is $status 64 "an acceptance needs a port"
cf agent accept "https://127.0.0.1:$agent" --token-file secrets/token
is $status 64 "and an invite"
cf agent accept "https://127.0.0.1:$agent" --invite "$id"
is $status 64 "and a token"
cf agent accept "https://127.0.0.1:$agent" --invite "$id" --token-file run/middle.crt
is $status 65 "that is one"
cf agent enrol --token-file secrets/token
is $status 64 "an enrolment needs a configuration"
cf agent accept "https://127.0.0.1:$agent" --invite "$id" --token-file secrets/token --allow nobody
is $status 64 "whom to obey must make sense"

# ---- secrets
anew
invite
: >run/enrol.log # of the one before, which waited as well
# LeakSanitizer gives up under strace.
ASAN_OPTIONS=detect_leaks=0 strace -f -o run/traced -e trace=execve,write,sendto,sendmsg -s 4000 -v "$CERTFLEET" agent enrol --config host/agent.yaml --token-file - <secrets/token >run/enrol.log 2>&1 &
enrol_pid=$!
echo $enrol_pid >run/enrol.pid
comes waits_or_ended
ASAN_OPTIONS=detect_leaks=0 strace -f -o run/accepted -e trace=execve,write,sendto,sendmsg -s 4000 -v "$CERTFLEET" agent accept "https://127.0.0.1:$agent" --invite "$id" --token-file - --again <secrets/token >run/accept.log 2>&1
is $? 0 "an enrolment that is watched"
end_enrol
is $enrolled 0 "on both sides"
token=$(cat secrets/token)
hex=${token//-/}
{
	echo "$token"
	echo "$hex"
	xxd -r -p <<<"$hex" | openssl base64 -A
	echo
	openssl pkey -in host/agent.key -noout -text | sed -n '/priv:/,/pub:/p' |
		grep '^ ' | tr -d ' :\n' | tail -c 64
	echo
	openssl pkey -in host/agent.key -outform DER | openssl base64 -A | cut -c40-80
	grep -v -- ----- host/agent.key | head -1
} | grep . >run/needles
is "$(wc -l <run/needles)" 6 "there are needles to look for"
binary_hit() { # FILE
	local all
	all=$(xxd -p "$1" | tr -d '\n')
	for needle in $(grep -E '^[0-9a-f]{32,64}$' run/needles); do
		[[ $all == *"$needle"* ]] && return 0
	done
	return 1
}
leaks=
while read -r file; do
	case $file in
	./run/needles | ./secrets/token | ./host/agent.key | ./run/traced) continue ;;
	esac
	if grep -qaF -f run/needles "$file" || binary_hit "$file"; then
		leaks="$leaks $file"
	fi
done < <(find . -type f)
is "$leaks" "" "no file but their own holds the token or the agent's key"
grep -qaF -f run/needles host/agent.key && binary_hit <(openssl pkey -in host/agent.key -outform DER)
ok $? "the search does find what is there"
# the key is written once, to its file; nothing else leaves the process
is "$(grep -aF -f run/needles run/traced | grep -c 'write(')" 1 "the agent writes its key once, and nothing else of them"
! grep -aF -f run/needles run/traced | grep -qE 'execve|send'; ok $? "no argument, environment or message holds one"
is "$(find host -type f \( -name '*.key' -o -name 'key.pem' \) -perm /077)" "" "no key is open to others"
finish
