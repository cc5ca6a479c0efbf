#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# etcd as a TLS server: it reads both files at each handshake, so that the
# switch is the activation, and a key that does not belong ends all of them.
. "$(dirname "$0")/products.sh"
needs etcd
free_port peers
ln -s site/key.pem tls/live.key
etcd --name site --data-dir "$work/etcd" --log-level error \
	--listen-client-urls "https://127.0.0.1:$port" --advertise-client-urls "https://127.0.0.1:$port" \
	--listen-peer-urls "http://127.0.0.1:$peers" --initial-advertise-peer-urls "http://127.0.0.1:$peers" \
	--initial-cluster "site=http://127.0.0.1:$peers" \
	--cert-file "$work/tls/site/fullchain.pem" --key-file "$work/tls/live.key" >run/site.log 2>&1 &
pids+=("$!")
wait_port "$port"
activate=
# A switch that comes between its two reads fails the handshakes of that
# moment: one of each thread of the load at most.
may_fail=6
echo : >reload.sh

# The key that it reads is no longer the one that is delivered.
lies() {
	rm tls/live.key
	cp -L tls/site/key.pem tls/live.key
	expiry=3s write_fleet "$activate"
	offer fifth
	puts_back "a pair that it cannot use" "does not answer: TLS handshake"
	ln -sf site/key.pem tls/live.key
}
trial
