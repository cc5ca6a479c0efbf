#!/bin/sh
# server.sh start|stop|restart NAME PORT: one gnutls-serv.  It reads its
# certificate when it starts, so a new one needs a true restart.
set -eu
cd "$(dirname "$0")"
action=$1 name=$2 port=$3
pidfile=run/$name.pid

stop() {
	[ -f "$pidfile" ] || return 0
	pid=$(cat "$pidfile")
	kill "$pid" 2>/dev/null || true
	# gone, or dead and only not yet waited for by its parent
	while grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null; do
		sleep 0.05
	done
	rm -f "$pidfile"
}

start() {
	if [ -d "tls/$name" ]; then
		certificate=tls/$name/fullchain.pem key=tls/$name/key.pem
	else
		certificate=tls/$name.crt key=tls/$name.key
	fi
	setsid gnutls-serv --quiet --http --port "$port" \
		--x509certfile "$certificate" --x509keyfile "$key" \
		>"run/$name.log" 2>&1 </dev/null &
	echo $! >"$pidfile"
}

case $action in
start) start ;;
stop) stop ;;
restart) stop; start ;;
*) echo "usage: server.sh start|stop|restart NAME PORT" >&2; exit 64 ;;
esac
