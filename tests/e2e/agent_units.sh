#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example units of an agent: how exposed systemd finds them, and that the
# halves live with the system calls that they leave.
. "$(dirname "$0")/agent_lib.sh"
command -v systemd-analyze >/dev/null || skip_all "systemd-analyze is not there"
units=$root/examples/agent

exposure() { # UNIT
	systemd-analyze security --offline=true --no-pager "$units/$1" 2>/dev/null |
		sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}
talks=$(exposure certfleet-agent-network.service)
installs=$(exposure certfleet-agent-install.service)
echo "# exposure: network half $talks, installing half $installs"
[ -n "$talks" ] && awk "BEGIN {exit !($talks <= 1.5)}"
ok $? "the network half is exposed at most 1.5"
systemd-analyze security --offline=true --threshold=15 \
	"$units/certfleet-agent-network.service" >/dev/null 2>&1
ok $? "as systemd judges itself"
[ -n "$installs" ] && awk "BEGIN {exit !($installs <= 3)}"
ok $? "the installing half at most 3"

# what they call is this program
for half in install network; do
	unit=$units/certfleet-agent-$half.service
	is "$(sed -n 's/^ExecStart=//p' "$unit")" \
		"/usr/local/bin/certfleet agent --config /etc/certfleet-agent/agent.yaml --half $half --socket /run/certfleet-agent/halves" \
		"the unit of the $half half runs it"
	mkdir -p run/units
	sed "s#/usr/local/bin/certfleet#$CERTFLEET#" "$unit" >"run/units/$(basename "$unit")"
done
is "$(systemd-analyze verify run/units/*.service 2>&1 | grep -v "certfleet-agent.*User\|Unit.*not found")" "" \
	"systemd understands every line"

# ---- with the system calls that they leave ----
make_authorities
free_port port
make_signed agents host serverAuth IP:127.0.0.1
make_pair one run/one.pem run/one.key
printf 'echo done >>%s/run/activated\n' "$work" >run/activate.sh
agent_component web "version: {command: [echo, '1.0']}, install: {directory: $work/tls/web}, activate: {command: [sh, $work/run/activate.sh]}"
start_agent host 127.0.0.1 "$port"
stop_agent host
open=$(mktemp -d -t certfleet.XXXXXX)
chmod 755 "$open"
trap 'rm -rf "$open"; on_exit' EXIT
sed "s#\.\./access/operators.pem#$open/operators.pem#; s#\.\./access#$work/access#g; s#^state: #&$work/run/#" \
	run/host.yaml >"$open/host.yaml"
rm run/host.state/agent # the configuration has moved, the folder goes with it
cp access/operators.pem "$open"
chmod 644 "$open"/*
# the unit of the network half says who it is
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=daemon --regid=daemon --clear-groups)
cp "$root/tests/e2e/under_unit.py" "$units"/*.service "$CERTFLEET" "$open"
run_half() { # HALF [COMMAND-BEFORE...]
	local half=$1
	shift
	PYTHONDONTWRITEBYTECODE=1 "$@" /usr/bin/python3 "$open/under_unit.py" \
		"$open/certfleet-agent-$half.service" "$open/certfleet" agent \
		--config "$open/host.yaml" --half "$half" --socket "$open/halves" \
		>"run/$half.log" 2>&1 </dev/null &
	echo $! >"run/$half.pid"
}
run_half install env
run_half network env "${as[@]}"
wait_port "$port"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/e2e /usr/bin/python3 - "$port" >run/said 2>&1 <<'END'
import sys
from agent_client import Connection, Pair, order
c = Connection(int(sys.argv[1]))
pair = Pair("run/one.pem", "run/one.key")
told = c.ask("GET", "/v1/component/web").json()
print(told["component"]["version"])
agent = told["agent"]["spki"]
for action, method, path in (("stage", "PUT", "staged"), ("commit", "POST", "commit"), ("activate", "POST", "activate")):
    got = c.ask(method, f"/v1/{path}/web", order(agent, action, "web", pair))
    print(got.status if got.status == 200 else got.body)
END
is "$(tr '\n' ' ' <run/said)" "1.0 200 200 200 " "both halves do their work with them"
is "$(cat run/activated)" "done" "an activation runs"
is "$(cat run/install.log run/network.log | grep -v " waits at \| listens on ")" "" "nothing is complained about"
finish
