#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mosquitto: a key that it cannot read breaks its listener at the next reload.
. "$(dirname "$0")/products.sh"
needs mosquitto
needs_user mosquitto
chown mosquitto tls/site/key.pem
cat >run/mosquitto.conf <<-END
user mosquitto
listener $port 127.0.0.1
certfile $work/tls/site/fullchain.pem
keyfile $work/tls/site/key.pem
allow_anonymous true
log_dest stderr
END
mosquitto -c run/mosquitto.conf >>run/site.log 2>&1 &
echo $! >run/site.pid
pids+=("$!")
wait_port "$port"
deliver='{files: {directory: tls/site, owner: mosquitto}}'
activate='{signal: HUP, pidfile: run/site.pid}'
echo 'kill -HUP $(cat run/site.pid)' >reload.sh

lies() {
	deliver='{files: {directory: tls/site, owner: root}}'
	expiry=15s write_fleet "$activate"
	offer fifth
	puts_back "a listener that broke at the reload" "does not answer"
	deliver='{files: {directory: tls/site, owner: mosquitto}}'
}
trial
