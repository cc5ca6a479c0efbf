# SPDX-License-Identifier: Apache-2.0
# For run.sh: many agents, each on a loopback address of its own, with a pair
# and a state of its own on tmpfs.
# shellcheck shell=bash disable=SC2154
agents=${AGENTS:-1000}
free_port agents_port
fleet_dir=$(mktemp -d /dev/shm/agents.XXXXXX 2>/dev/null || mktemp -d "$work/agents.XXXXXX")

start_agents() {
	local dir i
	"$bin/agents_make" "$fleet_dir" "$agents" "$agents_port" || return 1
	for dir in "$fleet_dir"/[0-9]*; do
		(cd "$dir" && exec "$CERTFLEET" agent --config agent.yaml >log 2>&1 </dev/null) &
		pids+=("$!")
	done
	for i in $(seq 600); do
		[ "$(cat "$fleet_dir"/*/log | grep -c listens)" -eq "$agents" ] && return 0
		sleep 0.5
	done
	echo "agents: only $(cat "$fleet_dir"/*/log | grep -c listens) of $agents listen"
	return 1
}

end_agents() {
	rm -rf "$fleet_dir"
}

agents_status() { processor "$CERTFLEET" -C "$fleet_dir" status --json; }
agents_bare() {
	processor env -C "$fleet_dir" "$bin/agents_bare" urls agents.pem ops.pem ops.key
}

# Both of one process, over the connections of the first: "status deliver"
echo 0 >run/order
deliver_all() { # in a subshell
	echo $(($(cat run/order) + 1)) >run/order
	env -C "$fleet_dir" "$bin/agents_deliver" certfleet.yaml "$(cat run/order)" >run/both 2>>run/failed ||
		echo "1 99" >run/both
}
staged_and_committed() { deliver_all; cut -d' ' -f2 run/both; }
asked_for_status() { cut -d' ' -f1 run/both; }
