#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The processes of an agent: what they may do, how they end, what one does
# when the other is slow or gone, and the agent's own pair changed under load.
. "$(dirname "$0")/agent_lib.sh"
make_authorities
free_port port

ask() { # PATH [CURL-OPTION...]: the status of an answer
	local path=$1
	shift
	curl -s -m 60 -o run/answer -w '%{http_code}' --cert access/ops.pem \
		--key access/ops.key --cacert access/agents.pem "$@" \
		"https://127.0.0.1:$port$path"
}
give() { # ACTION COMPONENT CERT KEY [SEQUENCE]: an order; prints its status
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/e2e /usr/bin/python3 - "$port" "$@" <<-'END'
	import sys
	from agent_client import Connection, Pair, order
	port, action, component, cert, key, *sequence = sys.argv[1:]
	c = Connection(int(port), timeout=100)
	agent = c.ask("GET", "/v1/component/" + component).json()["agent"]["spki"]
	method, path = ("PUT", "staged") if action == "stage" else ("POST", action)
	got = c.ask(method, f"/v1/{path}/{component}", order(
	    agent, action, component, Pair(cert, key), sequence=int((sequence or ["1"])[0])))
	print(got.status, "" if got.status == 200 else got.json()["detail"])
	END
}
elapsed() { echo $(($(date +%s%N) / 1000000 - $1)); }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

cat >run/slow.sh <<-END
echo \$\$ >$work/run/slow.pid.of.command
while [ -d $work ] && [ ! -e $work/run/go ]; do sleep 0.05; done
END
cat >run/daemon.sh <<-END
setsid sleep 300 >/dev/null 2>&1 </dev/null &
echo \$! >$work/run/left.pid
END
cat >run/manager.sh <<-END
# as systemctl: somebody else starts it, a helper ends soon
setsid sleep 0.2 >/dev/null 2>&1 </dev/null &
exit 0
END
components() {
	agent_component web "install: {directory: $work/tls/web}"
	agent_component slow "install: {directory: $work/tls/slow}, activate: {command: [sh, $work/run/slow.sh], timeout: 600s}"
	agent_component daemon "install: {directory: $work/tls/daemon}, activate: {command: [sh, $work/run/daemon.sh]}"
	agent_component managed "install: {directory: $work/tls/managed}, activate: {command: [sh, $work/run/manager.sh]}"
	agent_component self "install: {certificate: $work/access/host.pem, key: $work/access/host.key}"
}
make_signed agents host serverAuth IP:127.0.0.1
make_pair one run/one.pem run/one.key

# ---- what the network half may do ----
components
start_agent host 127.0.0.1 "$port"
is "$(ask /v1/component/web)" 200 "it answers"
talks=$(network_half host)
if [ "$(id -u)" = 0 ]; then
	is "$(stat -c %U "/proc/$talks")" daemon "the network half of root is somebody else"
	is "$(awk '/^Cap(Eff|Prm|Inh|Amb)/ {print $2}' "/proc/$talks/status" | sort -u)" 0000000000000000 \
		"without capabilities"
fi
is "$(awk '/^Seccomp:/ {print $2}' "/proc/$talks/status")" 2 "with a filter of system calls"
is "$(awk '/^NoNewPrivs:/ {print $2}' "/proc/$talks/status")" 1 "and no way to new privileges"

# ---- how they end ----
talks=$(network_half host) installs=$(installing_half host)
kill -9 "$installs"
wait "$installs" 2>/dev/null
gone "$talks"; ok $? "when the installing half is killed, so is the network half"
run_agent host; wait_port "$port"
talks=$(network_half host) installs=$(installing_half host)
kill -9 "$talks"
gone "$installs"; ok $? "and the other way round"
wait "$installs"
is $? 1 "which is a failure, for whoever watches over it"
has "$(tail -1 run/host.log)" "the agent.s other process exited" "and is told"
run_agent host; wait_port "$port"
installs=$(installing_half host)
kill "$installs"; wait "$installs"
is $? 0 "a stop is a good end"

n=0
for how in "the installing half" "the network half" "the whole group"; do
	run_agent host; wait_port "$port"
	talks=$(network_half host) installs=$(installing_half host)
	rm -f run/slow.pid.of.command run/go
	n=$((n + 1))
	is "$(give stage slow run/one.pem run/one.key $n) $(give commit slow run/one.pem run/one.key $n)" "200  200 " \
		"a pair is delivered"
	give activate slow run/one.pem run/one.key $n >run/said 2>&1 &
	waits=$!
	comes test -s run/slow.pid.of.command
	command=$(cat run/slow.pid.of.command)
	is "$(ask /v1/component/web) $(ask /v1/component/slow)" "200 200" "it answers while an activation runs"
	case $how in
	"the installing half") kill "$installs" ;;
	"the whole group") kill -- "-$installs" ;;
	*) kill -9 "$talks" ;;
	esac
	sleep 0.5
	! none_runs "$command" && { [ "$how" = "the whole group" ] || ! none_runs "$installs"; }
	ok $? "R6: an activation is not cut in half by the end of $how"
	touch run/go
	gone "$installs" "$talks" "$command"
	ok $? "R6: which then ends both"
	wait "$waits"
	[ "$how" != "the installing half" ] || is "$(cat run/said)" "200 " "E4: a stop lets the activation end, and its answer is given"
done
run_agent host; wait_port "$port"
talks=$(network_half host) installs=$(installing_half host)
rm -f run/slow.pid.of.command run/go
is "$(give activate slow run/one.pem run/one.key 4)" "200 " "R6: what outlived the agent is the outcome of another order of the same pair"
give activate slow run/one.pem run/one.key 5 >run/said 2>&1 &
waits=$!
comes test -s run/slow.pid.of.command
command=$(cat run/slow.pid.of.command)
kill -9 "$installs"
gone "$installs" "$talks"
! none_runs "$command"
ok $? "R6: an activation outlives an agent that is killed"
wait "$waits"
touch run/go
gone "$command"
run_agent host; wait_port "$port"
rm run/slow.pid.of.command
is "$(give activate slow run/one.pem run/one.key 6)" "200 " "R6: another order of the same pair gets its outcome"
[ ! -e run/slow.pid.of.command ]
ok $? "R6: and runs nothing"
installs=$(installing_half host)
kill "$installs"; wait "$installs"

run_agent host; wait_port "$port"
talks=$(network_half host) installs=$(installing_half host)
kill -STOP "$talks"
begin=$(now_ms)
kill "$installs"
gone "$installs" "$talks"; ok $? "a network half that hangs does not hold up a stop ($(elapsed "$begin") ms)"

# ---- what an activation leaves behind ----
run_agent host; wait_port "$port"
for component in daemon managed; do
	give stage $component run/one.pem run/one.key >/dev/null
	give commit $component run/one.pem run/one.key >/dev/null
done
out=$(give activate daemon run/one.pem run/one.key)
has "$out" "^502 .*left process .*sleep.* behind.*systemctl" "a daemon that is left behind is refused, with what to do"
# that has a second to end in: on a machine that is too busy, more than once
for i in $(seq 20); do
	out=$(give activate managed run/one.pem run/one.key)
	[ "$out" != "200 " ] || break
done
is "$out" "200 " "a helper that ends is fine"

# ---- a slow installing half ----
mkdir -p "$work/tls/.web.certfleet"
( exec 9<"$work/tls/.web.certfleet"; flock 9; touch run/locked; comes test -e run/enough ) &
locker=$!
comes test -e run/locked
installs=$(installing_half host)
children=$(pgrep -c -P "$installs")
has_more() { [ "$(pgrep -c -P "$installs")" -gt "$children" ]; }
give stage web run/one.pem run/one.key >run/said &
waits=$!
comes has_more
answers=
for i in 1 2 3 4 5; do
	answers="$answers $(ask /v1/component/self)"
done
is "$answers" " 200 200 200 200 200" "who waits for a lock holds up no handshake"
[ ! -s run/said ]; ok $? "and waits on meanwhile"
touch run/enough
wait "$waits" "$locker"
is "$(cat run/said)" "200 " "and gets it in the end"

# ---- the own pair, under load ----
cp access/host.pem run/first.pem
cp -p access/host.key run/first.key
make_signed agents next serverAuth IP:127.0.0.1
python_tap agent_rotate.py "$port" run/first.pem run/first.key access/next.pem access/next.key
stop_agent host

# ---- many components ----
for i in $(seq 3000); do
	agent_component "c$i" "install: {directory: $work/tls/many-$i}"
done
start_agent many 127.0.0.1 "$port"
is "$(ask /v1/components)" 200 "an agent of 3,000 components tells of all"
is "$(jq '.components | length' run/answer)" 3000 "of each one"
stop_agent many

# ---- another user ----
if [ "$(id -u)" = 0 ]; then
	components
	sed -i "s/^user: .*/user: nobody-at-all/" run/host.yaml
	cf agent --config run/host.yaml
	is $status 1 "a user that is not there is told"
	has "$out" "there is no user 'nobody-at-all'" "by name"
	sed -i 's/^user: .*/user: daemon/' run/host.yaml
	run_agent host; wait_port "$port"
	is "$(stat -c %U "/proc/$(network_half host)")" daemon "the network half is who the configuration says"
	is "$(ask /v1/component/web)" 200 "and answers"
	stop_agent host
	sed -i '/^user:/d' run/host.yaml
	place=$(mktemp -d)
	chmod 755 "$place"
	cp -r access run "$place"
	mkdir "$place/tls"
	sed -i "s#$work#$place#g" "$place/run/host.yaml"
	rm -f "$place/run/host.state/agent" # the folder moves with its configuration
	chown -R daemon "$place"
	setpriv --reuid=daemon --regid=daemon --clear-groups "$CERTFLEET" agent \
		--config "$place/run/host.yaml" >run/daemon.log 2>&1 </dev/null &
	echo $! >run/plain.pid
	wait_port "$port"
	is "$(ask /v1/component/web)" 200 "it also runs as a user like any"
	is "$(awk '/^Seccomp:/ {print $2}' "/proc/$(network_half plain)/status")" 2 "confined as well"
	stop_agent plain
	rm -rf "$place"
fi
finish
