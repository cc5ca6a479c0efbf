#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ratios against named references, measured in one run: the median of five
# interleaved pairs.  Seconds are wall time; of the processor where the row
# says so, which is where the bound is tight.
. "$(dirname "$0")/../e2e/lib.sh"
bin=${BENCH:-$root/build/bench}

# Seconds that a command took; of a failed one they are worth nothing.
measure() { # TIMEFORMAT COMMAND...
	local TIMEFORMAT=$1
	shift
	{ time "$@" >run/log 2>&1 || { echo "$*" && cat run/log; } >>run/failed; } 2>&1 |
		awk '{ print $1 + $2 }'
}
timed() { measure %R "$@"; }
processor() { measure '%U %S' "$@"; }
median() { sort -n | sed -n 3p; }

row() { printf '%-54s %9s %9s %7s   %s\n' "$@"; }

# pairs NAME BOUND A-FUNCTION B-FUNCTION: each prints its seconds
pairs() {
	local i ratio bound=$2 ours=() theirs=() ratios=()
	for i in 1 2 3 4 5; do
		a=$($3) b=$($4)
		ours+=("$a") theirs+=("$b")
		ratios+=("$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", a / b }')")
	done
	ratio=$(printf '%s\n' "${ratios[@]}" | median)
	awk -v r="$ratio" -v b="$bound" 'BEGIN { exit b == "-" || r <= b }' && bound="$bound, missed"
	row "$1" "$(printf '%s\n' "${ours[@]}" | median)" \
		"$(printf '%s\n' "${theirs[@]}" | median)" "$ratio" "$bound"
}

# 1. a fleet file of 100,000 components
{
	cat <<-END
	certfleet: 1
	fleet: big
	backup: {directory: backups, unencrypted: true}
	state: {path: .certfleet, unsealed: true}
	certificates:
	  site: {subject: "CN=site.example.test", issuer: self}
	components:
	END
	seq -f '%06.0f' 100000 | sed 's|.*|  c&: {certificate: site, deliver: {files: {directory: /srv/tls/c&}}, verify: {tls: "h&:443", server_name: site.example.test}}|'
} >big.yaml
validate() { timed "$CERTFLEET" validate big.yaml; }
events() { timed "$bin/yaml_events" big.yaml; }

# 2. 1,000 P-256 certificates
{
	cat <<-END
	certfleet: 1
	fleet: many
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=CA", key: ecdsa-p256}
	certificates:
	END
	seq 1000 | sed 's|.*|  c&: {subject: "CN=host&.example.test", issuer: ca}|'
} >many.yaml
issue() { rm -rf .certfleet backups; "$bin/issue_run" many.yaml; }
issue_bare() { "$bin/issue_bare" 1000; }

# 3. a plan without changes for 300 components of one nginx
count=300
free_port port
old_directory site
start_nginx site "$port"
mkdir -p fleet/tls
{
	cat <<-END
	certfleet: 1
	fleet: plan
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {import: {pem: [../tls/site/fullchain.pem, ../tls/site/key.pem]}}
	roles: {web: {restart: {max_unavailable: 1000}}}
	components:
	END
	seq $count | sed "s|.*|  c&: {role: web, certificate: site, deliver: {files: {directory: tls/c&}}, verify: {tls: \"127.0.0.1:$port\"}}|"
} >fleet/certfleet.yaml
"$CERTFLEET" -C fleet apply --yes >run/log 2>&1 || { cat run/log; exit 1; }
plan() { timed "$CERTFLEET" -C fleet plan; }
handshakes() { timed "$bin/handshakes" "$port" $count; }

# 4. the same TLS port of 1,000 loopback addresses, all of one process
probed=1000
free_port many
mkdir -p probing/tls
make_pair probing-ca tls/ca.pem secrets/ca.key
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=site.example.test \
	-keyout secrets/site.key -out run/site.csr 2>/dev/null
openssl x509 -req -in run/site.csr -CA tls/ca.pem -CAkey secrets/ca.key -days 30 \
	-extfile <(echo 'subjectAltName = DNS:site.example.test') -out tls/site.pem 2>/dev/null
chmod 600 secrets/site.key
cat /etc/ssl/certs/ca-certificates.crt tls/ca.pem >tls/bundle.pem
"$bin/tls_server" "$many" tls/site.pem secrets/site.key &
pids+=("$!")
wait_port "$many"
{
	cat <<-END
	certfleet: 1
	fleet: probing
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {import: {pem: [../tls/site.pem, ../tls/ca.pem, ../secrets/site.key]}}
	roles: {web: {restart: {max_unavailable: 1000}}}
	components:
	END
	for ((i = 0; i < probed; i++)); do
		echo "  c$i: {role: web, certificate: site, deliver: {files: {directory: tls/c$i}}, verify: {tls: \"127.1.$((i / 250)).$((i % 250 + 1)):$many\", server_name: site.example.test}}"
	done
} >probing/certfleet.yaml
"$CERTFLEET" -C probing apply --yes >run/log 2>&1 || { cat run/log; exit 1; }
probe() { processor "$bin/probe_run" "$many" $probed; }
status() { processor "$CERTFLEET" -C probing status; }
curl_one() { processor "$bin/probe_curl" "$many" $probed tls/ca.pem; }
curl_bundle() { processor "$bin/probe_curl" "$many" $probed tls/bundle.pem; }

row measured ours reference ratio bound
pairs "validate 100,000 components / libyaml events" "3.0" validate events
pairs "issue 1,000 P-256 / bare GnuTLS" "2.0" issue issue_bare
pairs "plan of $count components / bare handshakes" "-" plan handshakes
pairs "probe 1,000 TLS ports / libcurl, one CA, processor" "1.0" probe curl_one
pairs "status of 1,000 such / libcurl, one CA, processor" "1.0" status curl_one
pairs "status of 1,000 such / libcurl, system CAs, processor" "0.2" status curl_bundle
. "$root/tests/bench/agents.sh"
if start_agents; then
	pairs "status of $agents agents / bare libcurl, processor" "1.2" agents_status agents_bare
	pairs "stage and commit on $agents agents / their status" "1.5" staged_and_committed asked_for_status
else
	echo "the agents do not start" >>run/failed
fi
end_agents
row "validate 100,000 components, peak MiB" \
	"$(/usr/bin/time -f %M "$CERTFLEET" validate big.yaml 2>&1 >/dev/null | tail -1 | awk '{ printf "%.0f", $1 / 1024 }')" - - 200
if [ -s run/failed ]; then
	echo "failed, so that its figures mean nothing:"
	cat run/failed
	exit 1
fi
