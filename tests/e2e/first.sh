#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Servers that do not run: a first deployment, a role that is wholly down, and a
# passive node end in the right state, and nothing has to be acknowledged.
. "$(dirname "$0")/lib.sh"
ten="01 02 03 04 05 06 07 08 09 10"
for i in $ten; do
	free_port port
	ports[10#$i]=$port
done

write_fleet() { # SUBJECT ACTIVATE-OF-ITEM
	cat <<-END
	certfleet: 1
	fleet: first
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=First CA", publish: trust/ca.pem}
	certificates:
	  site: {subject: "CN=site.example.test, O=$1", names: [site.example.test], issuer: ca}
	roles:
	  web: {restart: {timeout: $patience}}
	components:
	END
	for i in $ten; do
		cat <<-END
		  n$i:
		    role: web
		    certificate: site
		    deliver: {files: {directory: tls/n$i}}
		    activate: $($2 "$i")
		    verify: {tls: "127.0.0.1:${ports[10#$i]}"}
		END
	done
}
by_restart() { echo "{command: [sh, serve.sh, n$1, \"${ports[10#$1]}\", tls/n$1/fullchain.pem, tls/n$1/key.pem]}"; }
by_signal() { echo "{signal: HUP, pidfile: run/n$1.pid}"; }
# gnutls-serv takes its time to end by TERM; the workers of nginx outlive a KILL
stop() { # SIGNAL ITEM...: until their ports are closed
	local i signal=$1
	shift
	for i; do
		kill -s "$signal" "$(cat "run/n$i.pid")"
		rm -f "run/n$i.pid"
	done
	for i; do
		comes is_closed "${ports[10#$i]}"
	done
}
is_closed() { ! is_heard "$1"; }
start() { # ITEM...
	local i
	for i; do
		start_nginx "n$i" "${ports[10#$i]}"
	done
}
applies() { # TEXT
	cf apply --yes
	is $status 0 "$1"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
	take_settled_status
}
states() { jq -r '[.components[].state] | unique | join(" ")' status.json; }
serve_the_installed() { # TEXT
	local i wrong=
	for i in $ten; do
		[ "$(served "${ports[10#$i]}")" = "$(installed "tls/n$i/fullchain.pem")" ] || wrong="$wrong $i"
	done
	is "$wrong" "" "$1"
}
nothing_is_left() {
	cf apply --yes
	has "$out" "nothing to do, 10 components as wanted" "and the next apply has nothing to do"
}

# ---- servers that an activation starts ----
write_fleet one by_restart >certfleet.yaml
applies "a first deployment: ten servers that cannot start without a certificate are started"
is "$(states)" in-sync "all are in-sync"
serve_the_installed "and serve what is installed"
nothing_is_left
stop KILL $ten
write_fleet two by_restart >certfleet.yaml
applies "a role that is wholly down is renewed and started"
is "$(states)" in-sync "all are in-sync"
serve_the_installed "and serve what is installed"
nothing_is_left
stop KILL $ten
applies "a role that is wholly down, with the right pairs, is started"
is "$(states)" in-sync "all are in-sync"
nothing_is_left

# ---- servers that a person or an init system starts ----
stop KILL $ten
rm -rf tls .certfleet backups trust certfleet.lineage
mkdir tls trust
write_fleet three by_signal >certfleet.yaml
cf apply --yes
is $status 0 "a first deployment to ten servers that are started by others"
has "$out" "not-running n01" "says that they do not run"
take_status
is "$(states)" restart-pending "and leaves the pairs for them"
start $ten
take_settled_status
is "$(states)" in-sync "once they are started they are in-sync"
nothing_is_left
stop TERM $ten
write_fleet four by_signal >certfleet.yaml
cf apply --yes
is $status 0 "a role of theirs that is wholly down is renewed"
start $ten
take_settled_status
is "$(states)" in-sync "and in-sync once it is started"
serve_the_installed "with what is installed"
nothing_is_left
stop TERM $ten
cf apply --yes
is $status 0 "one that is down with the right pairs is left to them"
has "$out" "nothing to do" "and there is nothing to do"
cf plan
has "$out" "not-running n01" "which is said"
take_status
is "$(states)" restart-pending "but to wait for their start"
start $ten
take_settled_status

# ---- a passive node ----
stop TERM 10
cf apply --yes
is $status 0 "a node that becomes passive is no trouble"
has "$out" "nothing to do" "and leaves nothing to do"
write_fleet five by_signal >certfleet.yaml
cf apply --yes
is $status 0 "with one node that is passive all are renewed"
take_status
is "$(jq -r '[.components[] | select(.name != "n10") | .state] | unique | join(" ")' status.json)" in-sync "the active ones are in-sync"
is "$(status_of n10 state) $(status_of n10 installed)" "restart-pending $(installed tls/n10/fullchain.pem)" "the passive one has its pair"
cf apply --yes
is $status 0 "a second apply leaves it alone"
start 10
take_settled_status
is "$(states)" in-sync "and takes it into use when it becomes active"
nothing_is_left
finish
