#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HAProxy by reload: its master starts new workers.
. "$(dirname "$0")/products.sh"
needs haproxy
cat tls/first.pem tls/first.key >tls/site.pem
chmod 600 tls/site.pem
cat >run/haproxy.cfg <<-END
global
	stats socket $work/run/haproxy.sock level admin expose-fd listeners
defaults
	mode http
	timeout client 60s
	timeout server 60s
	timeout connect 60s
frontend site
	bind 127.0.0.1:$port ssl crt $work/tls/site.pem
	http-request return status 200
END
haproxy -W -D -p "$work/run/site.pid" -f "$work/run/haproxy.cfg" >>run/site.log 2>&1
wait_port "$port"
deliver='{files: {combined: tls/site.pem}}'
activate='{signal: USR2, pidfile: run/site.pid}'
echo 'kill -USR2 $(cat run/site.pid)' >reload.sh
trial
