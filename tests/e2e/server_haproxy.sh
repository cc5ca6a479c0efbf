#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HAProxy by reload: its master starts new workers.
. "$(dirname "$0")/products.sh"
needs haproxy
cat tls/first.pem tls/first.key >tls/site.pem
chmod 600 tls/site.pem
haproxy_site site "$port" "crt $work/tls/site.pem" \
	"stats socket $work/run/haproxy.sock level admin expose-fd listeners" -W
deliver='{files: {combined: tls/site.pem}}'
activate='{signal: USR2, pidfile: run/site.pid}'
echo 'kill -USR2 $(cat run/site.pid)' >reload.sh
trial
