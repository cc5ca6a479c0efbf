# SPDX-License-Identifier: Apache-2.0
# Agents for the scripts of this folder: an authority of operators, one of
# agents, and agents on loopback.
#
#	. "$(dirname "$0")/agent_lib.sh"
#	make_authorities
#	agent_component web 'install: {directory: tls/web}'
#	start_agent host 127.0.0.1
# shellcheck shell=bash disable=SC2154
declare -F finish >/dev/null || . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mkdir access

# An authority: NAME -> access/NAME.pem, access/NAME.key
make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -days 30 -addext keyUsage=critical,keyCertSign \
		-out "access/$1.pem" -keyout "access/$1.key" 2>/dev/null
}

# Signed by one: CA NAME EXTENDED-KEY-USAGE [SAN]
make_signed() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/O=Example/CN=$2" -out run/request.pem \
		-keyout "access/$2.key" 2>/dev/null
	printf 'extendedKeyUsage=%s\nbasicConstraints=CA:FALSE\n%s\n' "$3" \
		"${4:+subjectAltName=$4}" >run/extensions
	openssl x509 -req -in run/request.pem -CA "access/$1.pem" \
		-CAkey "access/$1.key" -CAcreateserial -days 30 \
		-extfile run/extensions -out "access/$2.pem" 2>/dev/null
	chmod 600 "access/$2.key"
}

spki_of() { # CERTIFICATE
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
		sha256sum | cut -d' ' -f1
}

make_authorities() {
	make_ca operators
	make_ca agents
	make_signed operators ops clientAuth
	access='access: {agent: {certificate: access/ops.pem, key: access/ops.key, ca: access/agents.pem}}'
}

agent_components=
agent_component() { # NAME YAML-OF-IT
	agent_components="$agent_components
  $1: {$2}"
}

# NAME ADDRESS PORT: with the components named so far; leaves its process
# number in run/NAME.pid.
start_agent() {
	[ -e "access/$1.pem" ] || make_signed agents "$1" serverAuth "IP:$2"
	cat >"run/$1.yaml" <<-END
	certfleet-agent: 1
	listen: $2:$3
	tls: {certificate: ../access/$1.pem, key: ../access/$1.key, client_ca: ../access/operators.pem, allow: ["spki:$(spki_of access/ops.pem)"]}
	state: $1.state
	components:$agent_components
	END
	# a user of its own: 'nobody' is warned of, and root refused
	[ "$(id -u)" != 0 ] || echo "user: daemon" >>"run/$1.yaml"
	agent_components=
	run_agent "$1"
	wait_port "$3"
}

# In a process group of its own; the group goes with the test.
run_agent() { # NAME
	setsid "$CERTFLEET" agent --config "run/$1.yaml" >>"run/$1.log" 2>&1 </dev/null &
	echo $! >"run/$1.pid"
}

stop_agent() { # NAME
	local pid
	pid=$(cat "run/$1.pid")
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rm -f "run/$1.pid"
}

# The two processes of a running agent: NAME
installing_half() { cat "run/$1.pid"; }
# the decoder is a child too, under another name
network_half() { pgrep -P "$(installing_half "$1")" certfleet | head -1; }
descriptors_of() { # PID
	find "/proc/$1/fd" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

# A Python script of this folder whose lines "ok - TEXT" count as ours.
python_tap() { # SCRIPT ARGUMENT...
	local line script=$1
	shift
	while IFS= read -r line; do
		case $line in
		"ok - "*) ok 0 "${line#ok - }" ;;
		"not ok - "*) ok 1 "${line#not ok - }" ;;
		"exit 0") ;;
		"exit "*) ok 1 "$script ends well ($line)" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done < <(PYTHONDONTWRITEBYTECODE=1 timeout 300 /usr/bin/python3 \
		"$root/tests/e2e/$script" "$@" 2>&1; echo "exit $?")
}
