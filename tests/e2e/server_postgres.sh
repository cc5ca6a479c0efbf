#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL, over STARTTLS: it keeps the old pair when the key's mode is not
# to its liking, and its reload never says so.
. "$(dirname "$0")/products.sh"
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
[ -n "$bin" ] || skip_all "postgresql is not installed"
needs_user postgres
chown postgres tls/site/key.pem
install -d -o postgres -m 700 pg
runuser -u postgres -- "$bin/initdb" -D "$work/pg" -A trust --no-sync --locale=C >run/site.log 2>&1
cat >>pg/postgresql.conf <<-END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
fsync = off
ssl = on
ssl_cert_file = '$work/tls/site/fullchain.pem'
ssl_key_file = '$work/tls/site/key.pem'
END
runuser -u postgres -- "$bin/postgres" -D "$work/pg" >>run/site.log 2>&1 &
pids+=("$!")
wait_port "$port"
starttls=postgres
deliver='{files: {directory: tls/site, owner: postgres}}'
activate='{signal: HUP, pidfile: pg/postmaster.pid}'
echo 'kill -HUP $(head -1 pg/postmaster.pid)' >reload.sh

lies() {
	deliver='{files: {directory: tls/site, owner: postgres, mode: "0640"}}'
	expiry=15s write_fleet "$activate"
	offer fifth
	puts_back "a reload that quietly kept the old pair" "still serves"
	deliver='{files: {directory: tls/site, owner: postgres}}'
}
trial
