#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The halves of an agent, started apart: they meet over a socket, and find
# each other again when one of them ends and comes back.
. "$(dirname "$0")/agent_lib.sh"
make_authorities
free_port port
make_signed agents host serverAuth IP:127.0.0.1
agent_component web "install: {directory: $work/tls/web}"
start_agent host 127.0.0.1 "$port"
stop_agent host
# the way to the work folder is ours alone
open=$(mktemp -d -t certfleet.XXXXXX)
chmod 755 "$open"
halves=$open/halves
trap 'rm -rf "$open"; on_exit' EXIT

# As a service manager does: started again when it ends, after a moment.
keep() { # HALF
	while [ -e run/keep ]; do
		"$CERTFLEET" agent --config run/host.yaml --half "$1" --socket "$halves" >>"run/$1.log" 2>&1 </dev/null &
		echo $! >"run/$1.pid"
		wait $! 2>/dev/null
		echo "$1 ended: $?" >>run/ends
		sleep 0.1
	done
}
ask() {
	comes is_answered "$1"
	echo "$code"
}
is_answered() {
	code=$(curl -s -m 60 -o run/answer -w '%{http_code}' --cert access/ops.pem \
		--key access/ops.key --cacert access/agents.pem "https://127.0.0.1:$port$1")
	[ "$code" != 000 ]
}
process() { cat "run/$1.pid"; }

touch run/keep
# the network half comes first and waits
keep network &
pids+=($!)
sleep 0.5
keep install &
pids+=($!)
is "$(ask /v1/component/web)" 200 "they meet, whoever comes first"
is "$(stat -c %a "$halves")" 600 "at a socket for one user"
talks=$(process network) installs=$(process install)
if [ "$(id -u)" = 0 ]; then
	is "$(stat -c %U "$halves")" daemon "who is that of the network half"
	is "$(stat -c %U "/proc/$talks")" daemon "as which it runs"
	is "$(stat -c %U "/proc/$installs")" root "the other one is root"
fi
is "$(awk '/^Seccomp:/ {print $2}' "/proc/$talks/status")" 2 "the network half is confined"
kill -9 "$talks"
is "$(ask /v1/component/web)" 200 "another network half finds the installing half"
[ "$(process network)" != "$talks" ]; ok $? "another process"
is "$(process install)" "$installs" "which is the same"
has "$(cat run/install.log)" "network half: the agent.s other process exited" "and has told of it"

talks=$(process network)
kill -9 "$installs"
gone "$talks"; ok $? "without the installing half the network half ends"
is "$(ask /v1/component/web)" 200 "and both find each other again"
[ "$(process install)" != "$installs" ]; ok $? "with another installing half"

# orders arrive
make_pair one run/one.pem run/one.key
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/e2e /usr/bin/python3 - "$port" >run/said <<'END'
import sys
from agent_client import Connection, Pair, order
c = Connection(int(sys.argv[1]))
pair = Pair("run/one.pem", "run/one.key")
agent = c.ask("GET", "/v1/component/web").json()["agent"]["spki"]
for action, method, path in (("stage", "PUT", "staged"), ("commit", "POST", "commit")):
    print(c.ask(method, f"/v1/{path}/web", order(agent, action, "web", pair)).status)
END
is "$(tr '\n' ' ' <run/said)" "200 200 " "an order goes through both"
is "$(installed tls/web/leaf.pem)" "$(installed run/one.pem)" "and is carried out"

# another one at the same place
cf agent --config run/host.yaml --half install --socket "$halves"
is $status 6 "a second installing half is refused"
has "$out" "another agent uses '$halves' already" "and told why"
rm run/keep
kill "$(process install)"
gone "$(process install)"; ok $? "a stop ends the installing half"
gone "$(process network)"; ok $? "and with it the network half"
comes grep -q "network ended: 1" run/ends
has "$(cat run/ends)" "install ended: 0" "the stop was a good end"
has "$(cat run/ends)" "network ended: 1" "losing the other half was none"
[ ! -e "$halves" ]; ok $? "the socket is gone"

# a user whom others run as too would share the signing service
if [ "$(id -u)" = 0 ]; then
	sed 's/^user: .*/user: nobody/; s/^state: .*/state: shared.state/' run/host.yaml >run/shared.yaml
	for half in install network; do
		cf agent --config run/shared.yaml --half $half --socket "$halves"
		is $status 65 "S10: --half $half refuses nobody"
		has "$out" "useradd --system certfleet-agent" "and names the remedy"
	done
	run_agent shared
	wait_port "$port"
	stop_agent shared
	has "$(cat run/shared.log)" "a later release refuses 'nobody'" "S10: together they warn of it"
	sed 's/^user: .*/user: root/; s/^state: .*/state: shared.state/' run/host.yaml >run/shared.yaml
	cf agent --config run/shared.yaml --half install --socket "$halves"
	is $status 65 "S10: and root"
fi

# what makes no sense
cf agent --config run/host.yaml --half install
is $status 64 "a half needs a socket"
cf agent --config run/host.yaml --socket "$halves"
is $status 64 "and a socket a half"
cf agent --config run/host.yaml --half other --socket "$halves"
is $status 64 "there are two halves"
cf agent
is $status 64 "and an agent needs its configuration"
touch run/file
cf agent --config run/host.yaml --half install --socket run/file
has "$out" "'run/file' is not a socket" "a file is not replaced"
mkdir -m 777 run/open
cf agent --config run/host.yaml --half install --socket run/open/halves
is $status 1 "a directory that others can write to is refused"
[ ! -e run/open/halves ]; ok $? "and nothing is made there"
begin=$(date +%s)
cf agent --config run/host.yaml --half network --socket run/nobody
is $status 1 "a network half alone gives up"
has "$out" "cannot reach the installing half at 'run/nobody'" "and tells whom it missed"
took=$(($(date +%s) - begin))
[ $took -ge 9 ] && [ $took -le 60 ]; ok $? "after ten seconds"
finish
