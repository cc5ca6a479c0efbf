#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Redis: a command takes the pair into use, and tells by -e that it did not.
. "$(dirname "$0")/products.sh"
needs redis-server
redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 \
	--tls-cert-file "$work/tls/site/fullchain.pem" --tls-key-file "$work/tls/site/key.pem" \
	--tls-auth-clients no --unixsocket "$work/run/redis.sock" --save '' \
	--daemonize yes --pidfile "$work/run/site.pid" --logfile "$work/run/site.log" >>run/site.log 2>&1
wait_port "$port"
files="$work/tls/site/fullchain.pem tls-key-file $work/tls/site/key.pem"
set_pair="-s run/redis.sock CONFIG SET tls-cert-file $files"
activate="{command: [redis-cli, -e, ${set_pair// /, }]}"
echo "redis-cli -e $set_pair" >reload.sh

# Without -e its client ends well although the server refused.
lies() {
	expiry=15s write_fleet "{command: [redis-cli, -s, run/redis.sock, CONFIG, SET, tls-cert, x]}"
	offer fifth
	puts_back "a client that ends well after an error" "still serves"
}
trial
