#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ratios against named references, measured in one run: the median of five
# interleaved pairs, or of fewer where the row says so.  Seconds are wall time;
# of the processor where the row says so, which is where the bound is tight.
# A bound that is missed is a failure.
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
median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }
rounds=5

row() { printf '%-54s %9s %9s %7s   %s\n' "$@"; }

# pairs NAME BOUND A-FUNCTION B-FUNCTION: each prints its seconds
pairs() {
	local i ratio bound=$2 ours=() theirs=() ratios=()
	for ((i = 0; i < rounds; i++)); do
		a=$($3) b=$($4)
		ours+=("$a") theirs+=("$b")
		ratios+=("$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.3f", a / b }')")
	done
	ratio=$(printf '%s\n' "${ratios[@]}" | median)
	row "$1" "$(printf '%s\n' "${ours[@]}" | median)" \
		"$(printf '%s\n' "${theirs[@]}" | median)" "$ratio" "$(bounded "$1" "$ratio" "$bound")"
}

bounded() { # NAME VALUE BOUND: the bound, and whether it is missed
	if [ "$3" != - ] && awk -v v="$2" -v b="$3" 'BEGIN { exit v <= b }'; then
		echo "$1: $2, more than $3" >>run/missed
		echo "$3, missed"
	else
		echo "$3"
	fi
}

peak() { # COMMAND...: KiB
	/usr/bin/time -f %M -o run/peak "$@" >run/log 2>&1 || { echo "$*" && cat run/log; } >>run/failed
	tail -1 run/peak
}
per() { awk -v kib="$1" -v by="$2" 'BEGIN { printf "%.1f", kib / by }'; }
amount() { row "$1" "$3" - - "$(bounded "$1" "$3" "$2")"; } # NAME BOUND VALUE

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

# a plan with four steps for each of 20,000 components
planned=20000
mkdir -p planned/tls
{
	sed /^components:/q big.yaml
	# an address each: what waits for one port would be measured with the plan
	awk -v n=$planned 'BEGIN { for (i = 1; i <= n; i++)
		printf "  c%06d: {certificate: site, deliver: {files: {directory: tls/c%06d}}, activate: {command: [\"true\"]}, verify: {tls: \"127.1.%d.%d:9\", server_name: site.example.test}}\n", i, i, i / 250, i % 250 + 1 }'
} >planned/certfleet.yaml

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
issue() { rm -rf .certfleet certfleet.lineage backups; "$bin/issue_run" many.yaml; }
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
. "$root/tests/bench/local.sh"
pairs "apply to 1,000 local directories / bare writes" "3.0" apply_local write_local
. "$root/tests/bench/recovery.sh"
rounds=3
pairs "bundle of 10,000 pairs, written / 7z a" "3.0" bundle_written bare_written
pairs "bundle of 10,000 pairs, restored / 7z x" "3.0" bundle_restored bare_restored
rounds=5
amount "write it, peak MiB" 256 "$(per "$(peak "$CERTFLEET" -C kept backup create)" 1024)"
rm -rf kept/.certfleet
amount "restore it, peak MiB" 256 "$(per "$(peak "$CERTFLEET" -C kept backup restore "$kept")" 1024)"
pairs "recover 1,000 components / apply to them" "-" recovered applied_again
amount "recover 1,000 components, seconds" 60 "$(recovered)"
. "$root/tests/bench/agents.sh"
if start_agents; then
	pairs "status of $agents agents / bare libcurl, processor" "1.2" agents_status agents_bare
	pairs "stage and commit on $agents agents / their status" "1.5" staged_and_committed asked_for_status
else
	echo "the agents do not start" >>run/failed
fi
end_agents
# four times a quarter, each of which takes ten seconds
restarted() { bash "$root/tests/bench/appmon.sh" 500 10 2>>run/failed; }
alone() { echo 40; }
rounds=1
pairs "restart 500 AppMon collectors / four times one" 1.2 restarted alone
rounds=5
amount "validate 100,000 components, peak MiB" 135 "$(per "$(peak "$CERTFLEET" validate big.yaml)" 1024)"
added=$(($(peak "$CERTFLEET" -C planned plan) - $(peak "$CERTFLEET" -C planned validate)))
amount "plan of $planned components over validate, KiB each" 6 "$(per $added $planned)"

# 50 hosts with a certificate each, of one CA; wall time, once
mkdir -p hosts/tls playbook
cat >hosts/certfleet.yaml <<'END'
certfleet: 1
fleet: hosts
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=CA", key: ecdsa-p256}
certificates:
  host: {subject: "CN=${component.host}", issuer: ca, per: component}
roles:
  web: {restart: {max_unavailable: 1000}}
components:
  host: {each: ["[1-50].example.test"], role: web, certificate: host, deliver: {files: {directory: "tls/${each}"}}}
END
apply_hosts() { timed "$CERTFLEET" -C hosts apply --yes; }
play_hosts() { timed timeout 1200 ansible-playbook -i localhost, "$root/tests/bench/hosts.yaml" -e "work=$work/playbook"; }
if command -v ansible-playbook >/dev/null; then
	rounds=1 pairs "apply to 50 hosts / Ansible's community.crypto, once" 0.02 apply_hosts play_hosts
else
	echo "left out: 50 hosts against Ansible, as package ansible is not installed"
fi

if [ -s run/failed ]; then
	echo "failed, so that its figures mean nothing:"
	cat run/failed
	exit 1
fi
if [ -s run/missed ]; then
	echo "bounds that are missed:"
	cat run/missed
	exit 1
fi
