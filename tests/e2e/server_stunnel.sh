#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stunnel: one file holds the pair.
. "$(dirname "$0")/products.sh"
needs stunnel4
cat tls/first.pem tls/first.key >tls/site.pem
chmod 600 tls/site.pem
cat >run/stunnel.conf <<-END
pid = $work/run/site.pid
output = $work/run/site.log
[site]
accept = 127.0.0.1:$port
cert = $work/tls/site.pem
connect = 127.0.0.1:1
END
stunnel4 run/stunnel.conf >>run/site.log 2>&1
wait_port "$port"
deliver='{files: {combined: tls/site.pem}}'
activate='{signal: HUP, pidfile: run/site.pid}'
echo 'kill -HUP $(cat run/site.pid)' >reload.sh
# It closes its port and opens it again when it reloads.
gap_ms=500
trial
