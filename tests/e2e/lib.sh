# SPDX-License-Identifier: Apache-2.0
# For the scripts of this folder: TAP, a work folder, real servers on free
# loopback ports that are ended by their process ids.
#
#	. "$(dirname "$0")/lib.sh"
#	start_nginx front ...
#	is "$(...)" "expected" "what holds"
#	finish
# shellcheck shell=bash
set -u
umask 022
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CERTFLEET=${CERTFLEET:-$root/build/certfleet}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
corpora=${CERTFLEET_CORPORA:-$root/../shared/corpora} # files of other projects
unset "${!CERTFLEET_@}"
export CERTFLEET_BACKUP_PASSPHRASE='correct horse battery staple 42'
export TZ=UTC

place=$("$root/tests/folder.sh" "$root/build/work") || exit 1
work=$(mktemp -d "$place/$(basename "$0" .sh).XXXXXX")
cd "$work" || exit 1
mkdir run tls secrets trust

tests=0
failures=0
pids=()

ok() { # STATUS TEXT
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
	fi
}

is() { # GOT EXPECTED TEXT
	[ "$1" = "$2" ]
	local status=$?
	ok $status "$3"
	[ $status -eq 0 ] || printf '# got:      %s\n# expected: %s\n' "$1" "$2" | head -40
}

has() { # TEXT PATTERN NAME
	grep -q -- "$2" <<<"$1"
	local status=$?
	ok $status "$3"
	[ $status -eq 0 ] || { echo "# no '$2' in:"; sed 's/^/#   /' <<<"$1" | head -40; }
}

hasnt() {
	! grep -q -- "$2" <<<"$1"
	local status=$?
	ok $status "$3"
	[ $status -eq 0 ] || { echo "# '$2' in:"; sed 's/^/#   /' <<<"$1" | head -40; }
}

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

# Runs certfleet; leaves what it printed in $out and its status in $status.
cf() {
	out=$(timeout 120 "$CERTFLEET" "$@" 2>&1 </dev/null)
	status=$?
	printf '%s\n' "--- certfleet $* -> $status" "$out" >>run/transcript
}

# As cf, where nobody can write DIRECTORY: DIRECTORY ARGS...
cf_readonly() {
	out=$(timeout 120 unshare $([ "$(id -u)" = 0 ] || echo -r) -m sh -c '
		mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$PWD" && exec "$@"' \
		"$1" "$CERTFLEET" "${@:2}" 2>&1 </dev/null)
	status=$?
	printf '%s\n' "--- certfleet ${*:2} (read only $1) -> $status" "$out" >>run/transcript
}

# What has to come, however busy the machine: whether a command succeeds
# within a minute.  A wait that has to end in vain is given its own time.
comes() { # COMMAND...
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
gone() { # PID...
	comes none_runs "$@"
}
none_runs() {
	local pid
	for pid; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}
patience=60s # of a role whose components shall be verified

cleanup() {
	local pid
	for pid in "${pids[@]}" $(cat run/*.pid 2>/dev/null); do
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
}

finish() {
	echo "1..$tests"
	if [ "$failures" -ne 0 ]; then
		echo "# kept: $work"
		exit 1
	fi
	exit 0
}

on_exit() {
	local status=$?
	cleanup
	# wait until servers that were killed are gone, so that nothing writes
	[ "$status" -eq 0 ] && [ "$failures" -eq 0 ] && rm -rf "$work"
	case $place in "$root"/*) ;; *) rmdir "$place" 2>/dev/null ;; esac
	exit $status
}
trap on_exit EXIT
trap 'exit 1' INT TERM

used_ports=
free_port() { # NAME: sets the variable NAME
	local candidate
	while :; do
		# below 32768: no connection gets one of these as its own port
		candidate=$((20000 + RANDOM % 12000))
		case " $used_ports " in *" $candidate "*) continue ;; esac
		(exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null && continue
		break
	done
	used_ports="$used_ports $candidate"
	eval "$1=$candidate"
}

# A pair somebody made by hand: CN, certificate file, key file.
make_pair() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
		-days "${4:-30}" -out "$2" -keyout "$3" 2>/dev/null
	chmod 600 "$3"
}

old_directory() { # NAME: tls/NAME as a plain directory with a pair
	mkdir -p "tls/$1"
	make_pair "old-$1" "tls/$1/fullchain.pem" "tls/$1/key.pem"
}

start_servers() { # NAME SERVERS: one nginx; SERVERS is the configuration of them
	cat >"run/$1.conf" <<-END
	worker_processes 1;
	pid run/$1.pid;
	error_log run/$1.log;
	events { worker_connections 1024; }
	http {
		access_log off;
		client_body_temp_path run/$1.body;
		proxy_temp_path run/$1.proxy;
		fastcgi_temp_path run/$1.fastcgi;
		uwsgi_temp_path run/$1.uwsgi;
		scgi_temp_path run/$1.scgi;
		$2
	}
	END
	nginx -p "$work" -c "run/$1.conf" 2>>"run/$1.log"
}

start_nginx() { # NAME PORT: serves tls/NAME
	start_servers "$1" "server {
		listen 127.0.0.1:$2 ssl;
		ssl_certificate $work/tls/$1/fullchain.pem;
		ssl_certificate_key $work/tls/$1/key.pem;
		location / { return 200 \"hello\\n\"; }
	}"
	wait_port "$2"
}

haproxy_site() { # NAME PORT BIND-OPTIONS GLOBAL-LINE HAPROXY-OPTION...
	local name=$1 port=$2 bind=$3 global=$4
	shift 4
	cat >"run/$name.cfg" <<-END
	global
	  $global
	defaults
	  mode http
	  timeout client 60s
	  timeout server 60s
	  timeout connect 60s
	frontend site
	  bind 127.0.0.1:$port ssl $bind
	  http-request return status 200
	END
	haproxy "$@" -D -p "$work/run/$name.pid" -f "$work/run/$name.cfg" >>"run/$name.log" 2>&1
	wait_port "$port"
}

# A gnutls-serv and the command that restarts it: serve.sh NAME PORT CERT KEY
cat >serve.sh <<'END'
pidfile=run/$1.pid
if [ -f "$pidfile" ]; then
	pid=$(cat "$pidfile")
	kill "$pid" 2>/dev/null
	# gone, or dead and only not yet waited for
	while grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null; do sleep 0.02; done
fi
setsid gnutls-serv --quiet --http --port "$2" --x509certfile "$3" \
	--x509keyfile "$4" >"run/$1.log" 2>&1 </dev/null &
echo $! >"$pidfile"
END

start_gnutls() { # NAME PORT CERT KEY
	sh serve.sh "$@"
	wait_port "$2"
}

# A reload is over when those that served before it have gone.
reload_nginx() { # NAME
	local master before
	master=$(cat "run/$1.pid")
	before=$(pgrep -P "$master")
	kill -HUP "$master"
	# shellcheck disable=SC2086
	gone $before
}
settled_nginx() { # NAME: after a reload by somebody who saw the new pair
	comes has_one_worker "$(cat "run/$1.pid")"
}
has_one_worker() { [ "$(pgrep -c -P "$1")" = 1 ]; }

is_heard() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
wait_port() {
	comes is_heard "$1" && return 0
	echo "# nothing listens on port $1"
	return 1
}

# A handshake, for the name `sni` when the script has set one.
shake_hands() { # PORT
	timeout 60 openssl s_client -connect "127.0.0.1:$1" ${sni:+-servername "$sni"} </dev/null
}

# One after the other until run/enough is there; counts the failed.
load() { # PORT
	local failed=0 count=0
	while [ ! -e run/enough ]; do
		count=$((count + 1))
		shake_hands "$1" >run/load.out 2>&1 || failed=$((failed + 1))
	done
	echo "$count $failed" >run/load
}

# What a port serves once, as openssl sees it: the fingerprint in our form.
served_now() {
	shake_hands "$1" 2>/dev/null |
		openssl x509 -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1
}

# After a reload old workers of nginx answer for a moment, beside the new ones.
served() {
	local i now before=
	for i in $(seq 30); do
		now=$(served_now "$1")
		[ "$now" != "$before" ] || break
		before=$now
		sleep 0.1
	done
	echo "$now"
}

# Waits for a port to serve a fingerprint: old workers of nginx drain.
serves() { # PORT FINGERPRINT TEXT
	comes does_serve "$1" "$2"
	is "$now" "$2" "$3"
}
does_serve() {
	now=$(served_now "$1")
	[ "$now" = "$2" ]
}

installed() { openssl x509 -in "$1" -outform DER | sha256sum | cut -d' ' -f1; }

# Whether a certificate file and a key file belong together.
is_pair() {
	[ "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" = \
		"$(openssl pkey -in "$2" -pubout 2>/dev/null)" ] && [ -s "$1" ]
}

status_of() { # COMPONENT FIELD, of the last `status --json` in status.json
	jq -r --arg n "$1" ".components[] | select(.name == \$n) | .$2" status.json
}

# Old workers of a server may answer for a moment.
take_settled_status() {
	comes nothing_is_pending
}
nothing_is_pending() {
	take_status
	! grep -q '"restart-pending"' status.json
}

take_status() { "$CERTFLEET" status --json >status.json 2>>run/transcript; }

# traced FILE CALLS OPTION... COMMAND...: under strace, one thing after the other:
# threads cannot start, so each number of a call means the same call every time.
# LeakSanitizer gives up under strace; it looks where nothing is traced.
traced() {
	local file=$1 calls=$2
	shift 2
	ASAN_OPTIONS=detect_leaks=0 timeout 120 strace -o "$file" -e "trace=$calls,clone3" \
		-e inject=clone3:error=EAGAIN "$@"
}
# The calls of such a file as "NAME NUMBER-OF-THAT-NAME", in run/points; to open a file
# that is there already changes nothing.
points_of() { # FILE
	awk -F'(' '/^clone3/ { next } /^[a-z]/ { n[$1]++; if ($1 ~ /^openat/ && $0 !~ /O_CREAT|O_TRUNC/) next; print $1, n[$1] }' "$1" >run/points
}
# At every EVERYth of them, of SHARD when that is set: COMMAND... CALL NUMBER FAULT.
# Sets `tried`, and fails when one has failed.
try_points() { # FAULT COMMAND...
	local fault=$1 number=0 bad=0 call count
	shift
	tried=0
	while read -r call count; do
		number=$((number + 1))
		[ $((number % EVERY)) -eq $((EVERY > 1 ? 1 : 0)) ] || continue
		[ -z "${SHARD:-}" ] || [ $((number / EVERY % ${SHARD#*/} + 1)) -eq "${SHARD%/*}" ] || continue
		case $fault:$call in
		error=*:clone* | error=*:vfork | error=*:flock) continue ;;
		esac
		tried=$((tried + 1))
		"$@" "$call" "$count" "$fault" || bad=$((bad + 1))
	done <run/points
	[ $bad -eq 0 ]
}

# From now on certfleet runs as if so much later; $plain is the one of now.  The library
# of faketime stands before a sanitizer's.
at() { # "3 days"
	plain=${plain:-$CERTFLEET}
	printf '#!/bin/sh\nexport ASAN_OPTIONS=verify_asan_link_order=0\nexec faketime "+%s" %s "$@"\n' "$1" "$plain" >run/later
	chmod +x run/later
	CERTFLEET=$work/run/later
}
