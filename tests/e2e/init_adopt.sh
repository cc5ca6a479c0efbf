#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A new user: from an empty directory to the first component in sync, and the
# adoption of servers that run with certificates of their own.
. "$(dirname "$0")/lib.sh"
unset CERTFLEET_BACKUP_PASSPHRASE
chmod 711 "$work"
for port in shop nginx haproxy postgres; do free_port "${port}_port"; done
# shellcheck disable=SC2154
ports="$shop_port $nginx_port $haproxy_port $postgres_port"

user() { # a new directory for a new user
	rm -rf "$work/user"
	mkdir "$work/user"
	cd "$work/user" || exit 1
	mkdir run
}
touched() { # the files below tls, with owner, mode and time
	(cd "$work" && find tls pg -name pg_wal -prune -o -type f \( -name '*.pem' -o -name '*.crt' -o -name '*.key' \) -printf '%p %u %m %T@ %s\n' 2>/dev/null | sort)
}

# ---- a running nginx: three commands ----
old_directory shop
start_nginx shop "$shop_port"
user
cf init --subject CN=shop.example.com --component "front=files:$work/tls/shop" \
	--activate "front=signal:HUP:$work/run/shop.pid" --verify "front=127.0.0.1:$shop_port"
is $status 0 "the first command writes the fleet file"
cf apply --yes
is $status 0 "the second one applies it"
comes nothing_is_pending
is "$(status_of front state)" in-sync "the third one shows the component in sync"
serves "$shop_port" "$(installed "$work/tls/shop/fullchain.pem")" "nginx serves what is there"
cf plan --detailed-exitcode
is $status 0 "and nothing is left to do"

# ---- what runs already ----
adopts() { # PRODUCT CERT KEY PORT[/PROTOCOL] NAME
	local before served
	before=$(touched)
	user
	cf init --from-probe "127.0.0.1:$4"
	is $status 0 "$1: names and port are taken from what it serves"
	has "$out" "to fill in: certfleet.yaml:[0-9]*: 'deliver' of '$5'" "$1: says what is to be filled in"
	is "$(sed -n "$(sed -n 's/^to fill in: certfleet.yaml:\([0-9]*\):.*/\1/p' <<<"$out")p" certfleet.yaml | cut -c1-30)" \
		"#     deliver: {files: {certif" "$1: in that line"
	has "$out" "the first plan is empty" "$1: says that it does nothing"
	cf plan --detailed-exitcode
	is $status 0 "$1: and it does nothing"
	sed -i "s/^# \(issuers:\|certificates:\|components:\|  \)/\1/; s|/FILL/IN/fullchain.pem|$2|; s|/FILL/IN/key.pem|$3|" certfleet.yaml
	[ "$2" != "$3" ] || sed -i "s|{certificate: $2, key: $3}|{combined: $2}|" certfleet.yaml
	cf validate
	is $status 0 "$1: filled in it is valid"

	user
	cf init --from-files "$2,$3@127.0.0.1:$4"
	is $status 0 "$1: adopted from its files"
	has "$out" "the first plan changes no component: it takes the pairs over and writes a bundle" "$1: says that it changes nothing"
	cf plan
	is "$(grep -c ' \(stage\|commit\|activate\|verify\) ' <<<"$out")" 0 "$1: the plan has no step for a component"
	has "$out" "^1 to import, 1 backup; 1 unchanged" "$1: but its bundle"
	served=$(installed "$2")
	cf apply --yes
	is $status 0 "$1: which is written"
	take_status
	is "$(status_of "$5" state)" in-sync "$1: it is in sync"
	is "$(status_of "$5" served)" "$served" "$1: and serves what it served"
	cf forecast
	hasnt "$out" "$(date -u +%F) .*$5" "$1: the forecast has nothing for today"
	cf plan --detailed-exitcode
	is $status 0 "$1: and nothing is left to do"
	is "$(touched)" "$before" "$1: no file of it was touched"
	cf backup verify "$(ls backups/*.zip)"
	is $status 0 "$1: the pair is in a bundle"
}

mkdir -p "$work/tls/nginx"
make_pair nginx.example.test "$work/tls/nginx/fullchain.pem" "$work/tls/nginx/key.pem"
cd "$work" && start_nginx nginx "$nginx_port"
adopts nginx "$work/tls/nginx/fullchain.pem" "$work/tls/nginx/key.pem" "$nginx_port" nginx.example.test

if command -v haproxy >/dev/null; then
	cd "$work" || exit 1
	make_pair haproxy.example.test tls/h.crt tls/h.key
	cat tls/h.crt tls/h.key >tls/haproxy.pem
	rm tls/h.crt tls/h.key
	chmod 600 tls/haproxy.pem
	haproxy_site haproxy "$haproxy_port" "crt $work/tls/haproxy.pem" "log stderr local0"
	adopts haproxy "$work/tls/haproxy.pem" "$work/tls/haproxy.pem" "$haproxy_port" haproxy.example.test
else
	ok 0 "haproxy # SKIP it is not installed"
fi

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
if [ -n "$bin" ] && [ "$(id -u)" = 0 ] && runuser -u postgres -- test -x "$work/tls"; then
	cd "$work" || exit 1
	install -d -o postgres -m 700 pg
	runuser -u postgres -- "$bin/initdb" -D "$work/pg" -A trust --no-sync --locale=C >run/pg.log 2>&1
	make_pair db.example.test tls/server.crt tls/server.key
	chown postgres tls/server.key
	cat >>pg/postgresql.conf <<-END
	listen_addresses = '127.0.0.1'
	port = $postgres_port
	unix_socket_directories = ''
	fsync = off
	ssl = on
	ssl_cert_file = '$work/tls/server.crt'
	ssl_key_file = '$work/tls/server.key'
	END
	runuser -u postgres -- "$bin/postgres" -D "$work/pg" >>run/pg.log 2>&1 &
	pids+=("$!")
	wait_port "$postgres_port"
	adopts postgresql "$work/tls/server.crt" "$work/tls/server.key" "$postgres_port/postgres" db.example.test
	has "$(cat certfleet.yaml)" "owner: postgres" "postgresql: the key stays that of its user"
else
	ok 0 "postgresql # SKIP it is not installed, or cannot be run by root"
fi
cd "$work" || exit 1
finish
