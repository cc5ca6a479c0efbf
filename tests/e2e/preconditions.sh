#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an agent tells of its host decides whether a plan may go on: versions,
# and the clock.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"
free_port port
make_authorities

agents() { # VERSION-OF-OLD
	agent_component new "install: {directory: $work/tls/new}, version: {text: 'nginx version: nginx/1.22.1'}"
	agent_component old "install: {directory: $work/tls/old}, version: {text: '$1'}"
	agent_component mute "install: {directory: $work/tls/mute}"
	start_agent host 127.0.0.1 "$port"
}
write_fleet() { # VERSION SUBJECT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: told
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	$access
	certificates:
	  site: {subject: "CN=$2", names: [$2], issuer: self}
	roles:
	  web: {version: $1, restart: {max_unavailable: 9}}
	components:
	  new: {role: web, certificate: site, deliver: {agent: "https://127.0.0.1:$port"}}
	  old: {role: web, certificate: site, deliver: {agent: "https://127.0.0.1:$port"}}
	  mute: {role: ${mute:-web}, certificate: site, deliver: {agent: "https://127.0.0.1:$port"}}
	END
	grep -q 'role: free' certfleet.yaml && sed -i 's/^roles:/&\n  free: {}/' certfleet.yaml
}

agents 1.9
write_fleet '{minimum: "1.20", same: true}' a.example.test
cf plan --detailed-exitcode
is $status 2 "a version that is too old blocks that component, and all else can be done"
has "$out" "block  *version-too-old old: it is 1.9, its role wants 1.20 or newer" "and is named"
has "$out" "block  *version-unknown mute" "so does one that is not told"
has "$out" "info  *version-mixed role:web: its components differ: 1.9 on 'old', 1.22.1 on 'new'" "that they differ is told"
hasnt "$out" "version-[a-z-]* new:" "the new one is in order"
cf apply --yes
is $status 4 "an apply leaves it out and says so"
[ -e tls/new ] && [ ! -e tls/old ] && [ ! -e tls/mute ]; ok $? "the others have the new pair"
cf apply --yes
is $status 4 "a second one does nothing, and still says so"
has "$out" "nothing was changed" "in words"
cf apply --yes --all-or-nothing
is $status 4 "with --all-or-nothing too"
cf apply --yes --ack version-too-old
is $status 64 "and there is no word for it"

stop_agent host
agents 1.20.0-1+deb12u1
mute=free write_fleet '{minimum: "1.20", same: true}' a.example.test
cf apply --yes
is $status 0 "once it is upgraded, and the mute one is in a role that asks nothing, it goes on"
has "$out" "version-mixed role:web" "they still differ"

# an agent whose clock is two hours ahead
# faketime itself would stay between us and the agent
# shellcheck disable=SC2016
preload=$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"' 2>/dev/null)
if [ -n "$preload" ] && ! ldd "$CERTFLEET" | grep -q asan; then
	ahead() { # OFFSET
		stop_agent host
		LD_PRELOAD=$preload FAKETIME=$1 setsid "$CERTFLEET" agent --config run/host.yaml >>run/host.log 2>&1 </dev/null &
		echo $! >run/host.pid
		wait_port "$port"
	}
	ahead +2h
	cf plan --detailed-exitcode
	is $status 0 "a clock that is off is no matter where nothing is to do"
	has "$out" "info  *clock-skew [a-z, ]*new.*: its clock is at least [0-9]* \(hours\|minutes\) ahead of ours" "but it is told"
	mute=free write_fleet '{minimum: "1.20"}' b.example.test
	cf plan --detailed-exitcode
	is $status 2 "a change"
	has "$out" "block  *clock-skew [a-z, ]*new" "is blocked: no order would be in time"
	has "$out" "Left out" "and left out"
	ahead +3m
	cf plan --detailed-exitcode
	has "$out" "acknowledge  *clock-skew [a-z, ]*new.*: its clock is at least [23] minutes ahead of ours" "a smaller skew asks"
	has "$out" "Left out" "and leaves it out until then"
	cf apply --yes --ack clock-skew
	is $status 0 "and can be accepted, as orders are in time"
else
	echo "# no agent's clock can be set here"
fi

# what an agent proved counts while it can be reached
stop_agent host
free_port tls
old_directory web
start_nginx web "$tls"
agent_component served "install: {directory: $work/tls/web}, check: {tls: \"127.0.0.1:$tls\"}, activate: {signal: HUP, pidfile: $work/run/web.pid}"
start_agent host 127.0.0.1 "$port"
cat >certfleet.yaml <<END
certfleet: 1
fleet: told
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
$access
certificates:
  site: {subject: "CN=c.example.test", names: [c.example.test], issuer: self}
components:
  served: {certificate: site, deliver: {agent: "https://127.0.0.1:$port"}}
END
cf apply --yes --ack mass-retire
is $status 0 "a component that only its agent sees"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_settled_status
is "$(status_of served state) $(status_of served evidence)" "in-sync driver" "is in-sync, as its agent proves"
stop_agent host
take_status
is "$(status_of served state) $(status_of served evidence)" "unknown none" "until that is away"
finish
