#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HAProxy by hot swap: the pair goes into the running process, nothing is
# activated.  haproxy.sh tries the rest of that driver.
. "$(dirname "$0")/products.sh"
needs haproxy
cat tls/first.pem tls/first.key >tls/site.pem
chmod 600 tls/site.pem

serve_pair() { # NAME PORT
	haproxy_site "$1" "$2" "crt $work/tls/site.pem" \
		"stats socket $work/run/$1.sock mode 600 level admin
	  tune.bufsize 4096"
}
serve_pair site "$port"
deliver='{haproxy: {socket: run/site.sock, certificate: tls/site.pem}}'
activate=
pid=$(cat run/site.pid)

# It refuses more than its buffer holds.
fails_once() {
	write_fleet
	openssl req -x509 -newkey rsa:4096 -nodes -days 30 -subj /CN=fourth -addext subjectAltName=DNS:fourth \
		-out in/cert.pem -keyout in/key.pem 2>/dev/null
	puts_back "a swap that is refused" "tune.bufsize"
	is "$(cat run/site.pid) $(kill -0 "$pid" && echo lives)" "$pid lives" "in the same process"
}

# The socket is of another process than the port, as after a restart by hand.
lies() {
	free_port other_port
	serve_pair other "$other_port"
	deliver='{haproxy: {socket: run/other.sock, certificate: tls/site.pem}}'
	expiry=3s write_fleet
	offer fifth
	puts_back "a swap in another process" "still serves"
	deliver='{haproxy: {socket: run/site.sock, certificate: tls/site.pem}}'
}
trial
