#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A component that cannot be reached: what its role says about it, and the
# apply that finds it back.
. "$(dirname "$0")/lib.sh"
command -v haproxy >/dev/null || skip_all "haproxy is not installed"

start_haproxy() { # NAME: serves tls/NAME.pem on no port of interest
	cat >"run/$1.cfg" <<-END
	global
	  stats socket $work/run/$1.sock mode 600 level admin
	defaults
	  mode http
	  timeout connect 60s
	  timeout client 60s
	  timeout server 60s
	frontend f
	  bind 127.0.0.1:${!1} ssl crt $work/tls/$1.pem
	END
	haproxy -D -f "run/$1.cfg" -p "run/$1.pid" >>"run/$1.log" 2>&1
	wait_port "${!1}"
}

stop_haproxy() {
	local pid
	pid=$(cat "run/$1.pid")
	kill "$pid"
	gone "$pid"
	rm "run/$1.pid"
}

old_pem() { # NAME
	make_pair "old-$1" run/old.crt run/old.key
	cat run/old.crt run/old.key >"tls/$1.pem"
	chmod 600 "tls/$1.pem"
}

for name in front back; do
	free_port "$name"
	old_pem "$name"
	start_haproxy "$name"
done

write_fleet() { # OFFLINE SUBJECT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: proxies
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=$2", names: [$2], issuer: self}
	roles:
	  web: {offline: $1, restart: {max_unavailable: 2}}
	components:
	  front: {role: web, certificate: site, deliver: {haproxy: {socket: run/front.sock, certificate: tls/front.pem}}}
	  back: {role: web, certificate: site, deliver: {haproxy: {socket: run/back.sock, certificate: tls/back.pem}}}
	END
}

write_fleet defer a.example.test
cf apply --yes
is $status 0 "both get the first one"
stop_haproxy back
cf plan --detailed-exitcode
is $status 0 "nothing is to do where one is offline and in order"
take_status
is "$(status_of back state)" unknown "but nothing proves it, and nothing was left to do there"
cf status --check 1d
is $status 0 "its role lets it be offline"
cf status --check 1d --check-strict
is $status 2 "which the strict check does not accept"
is "$(status_of back evidence)" none "no evidence is kept from earlier"

write_fleet defer b.example.test
cf apply --yes
is $status 0 "a change goes on without it"
has "$out" "info  *offline back" "the plan tells of it"
has "$out" "offline, left for a later apply: back" "and so does the end"
serves "$front" "$(installed tls/front.pem)" "the other has the new one"
take_status
is "$(status_of back state)" deferred "status says deferred"
is "$(status_of front state)" in-sync "the other is in-sync"
cf apply --yes
is $status 0 "while it is away there is nothing to do"
has "$out" "nothing to do, 1 component as wanted, 1 offline" "but it is counted"
"$CERTFLEET" status --offline --json >status.json
is "$(status_of back state)" deferred "--offline remembers it"
start_haproxy back
cf apply --yes
is $status 0 "once it is back an apply does it"
hasnt "$out" "issue" "with the same certificate"
serves "$back" "$(installed tls/front.pem)" "it serves what the other serves"
take_status
is "$(status_of back state)" in-sync "and is in-sync"

stop_haproxy back
write_fleet block c.example.test
cf apply --yes
is $status 4 "block: nothing is done without it"
write_fleet block b.example.test
rm tls/back.pem
cf apply --yes
is $status 4 "also when it is all that needs a change"
hasnt "$out" "nothing to do" "and that is not called nothing"
hasnt "$out" "left for a later apply" "nor left for later, which nobody accepted"
write_fleet acknowledge c.example.test
cf apply --yes
is $status 3 "acknowledge: asks"
cf apply --yes --ack offline:back
is $status 0 "and goes on when it is accepted"
take_status
is "$(status_of back state)" deferred "what was accepted is deferred"
cf history --json
run=$(jq '.runs[0].run' <<<"$out")
cf history "$run" --json
is "$(jq -r '.acknowledged[] | .code + " " + .on' <<<"$out")" "offline back" "the history says what was accepted"
cf apply --yes
is $status 0 "the next apply does not ask again"
cf apply --yes
is $status 0 "nor does the one after it"
write_fleet acknowledge d.example.test
cf apply --yes
is $status 3 "for another certificate it asks"
write_fleet acknowledge e.example.test
cf apply --yes --ack offline
is $status 0 "what is accepted while it is issued"
cf apply --yes
is $status 0 "is accepted for that one"
old_pem back
start_haproxy back
cf apply --yes
is $status 0 "the later apply needs no word"
take_status
is "$(status_of back state)" in-sync "and it is in-sync"
stop_haproxy back
take_status
is "$(status_of back state)" unknown "offline again, it is no longer a matter of that"

# whether a component has to be there, whatever its role says of being offline
presence() { # OFFLINE SUBJECT PRESENCE
	write_fleet "$1" "$2"
	sed -i "s/^  back: {/&presence: $3, /" certfleet.yaml
}
presence block f.example.test optional
cf apply --yes
is $status 0 "an optional one that is offline holds up nothing"
has "$out" "info  *offline back" "it is told"
take_status
is "$(status_of back state)" deferred "and left for later"
cf status --check 1d
is $status 0 "which is no failure"
presence defer g.example.test required
cf apply --yes
is $status 4 "a required one blocks, although its role would let it wait"
has "$out" "offline back" "by name"
presence block h.example.test absent
cf apply --yes
is $status 0 "one that is not used is not looked at"
hasnt "$out" "offline back" "and not told of"
take_status
is "$(status_of back state)" not-used "status knows it"
cf status --check 1d --check-strict
is $status 0 "and counts it as good"
old_pem back
start_haproxy back
before=$(installed tls/back.pem)
cf apply --yes
has "$out" "nothing to do" "nothing is delivered to it either"
is "$(installed tls/back.pem)" "$before" "its pair stays"
presence block h.example.test optional
cf apply --yes
is $status 0 "used again"
take_status
is "$(status_of back state)" in-sync "it gets the pair: it was not forgotten"
finish
