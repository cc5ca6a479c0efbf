#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ratios against named references, measured in one run: the median of five
# interleaved pairs, wall time.
. "$(dirname "$0")/../e2e/lib.sh"
bin=${BENCH:-$root/build/bench}
TIMEFORMAT=%R

timed() { { time "$@" >run/log 2>&1; } 2>&1 || echo 0; }
median() { sort -n | sed -n 3p; }

# pairs NAME BOUND A-FUNCTION B-FUNCTION: each prints its seconds
pairs() {
	local i ours=() theirs=() ratios=()
	for i in 1 2 3 4 5; do
		a=$($3) b=$($4)
		ours+=("$a") theirs+=("$b")
		ratios+=("$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", a / b }')")
	done
	printf '%-44s %9s %9s %7s   %s\n' "$1" \
		"$(printf '%s\n' "${ours[@]}" | median)" \
		"$(printf '%s\n' "${theirs[@]}" | median)" \
		"$(printf '%s\n' "${ratios[@]}" | median)" "$2"
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
	seq -f '%06.0f' 100000 | sed 's|.*|  c&: {certificate: site, deliver: {files: {directory: /srv/tls/c&}}, verify: {tls: "h&:443"}}|'
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

printf '%-44s %9s %9s %7s   %s\n' measured ours reference ratio bound
pairs "validate 100,000 components / libyaml events" "3.0" validate events
pairs "issue 1,000 P-256 / bare GnuTLS" "2.0" issue issue_bare
pairs "plan of $count components / bare handshakes" "-" plan handshakes
printf '%-44s %9s %9s %7s   %s\n' "validate 100,000 components, peak MiB" \
	"$(/usr/bin/time -f %M "$CERTFLEET" validate big.yaml 2>&1 >/dev/null | tail -1 | awk '{ printf "%.0f", $1 / 1024 }')" - - 200
