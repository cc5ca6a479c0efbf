#!/bin/sh
# The whole story on one machine: a plan, its apply, the proof, a change, a
# drift.  Runs in a copy of this folder and stops what it started.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
certfleet=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$2
PATH=/usr/sbin:/usr/bin:/sbin:/bin

umask 022
rm -rf "$work"
work=$("$here/../../tests/folder.sh" "$work")
cp "$here/certfleet.yaml" "$here/nginx.conf" "$here/server.sh" "$work"
cd "$work"
work=$(pwd)
mkdir -p run secrets tls/front tls/api

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
try() { printf '\n$ certfleet %s\n' "$*"; "$certfleet" "$@"; }

finish() {
	if [ -f run/nginx.pid ]; then kill "$(cat run/nginx.pid)" || true; fi
	sh server.sh stop api 18444
	sh server.sh stop partner 18445
}
trap finish EXIT
trap 'exit 1' INT TERM

# The ports of the files, or the next free ones when somebody has them.
for port in 18443 18444 18445; do
	free=$port
	while ss -Hltn 2>/dev/null | grep -q ":$free "; do free=$((free + 10)); done
	[ "$free" = "$port" ] || sed -i "s/$port/$free/" certfleet.yaml nginx.conf
	eval "port_$port=$free"
done

say "before certfleet: three servers with certificates somebody once made"
umask 077
certtool --generate-privkey --key-type ecdsa --outfile run/old.key 2>/dev/null
printf 'cn = old.demo.test\nexpiration_days = 30\ntls_www_server\n' >run/template
certtool --generate-self-signed --load-privkey run/old.key \
	--template run/template --outfile run/old.crt 2>/dev/null
for folder in tls/front tls/api; do
	cp run/old.key $folder/key.pem
	cp run/old.crt $folder/fullchain.pem
done
cp run/old.key tls/partner.key
cp run/old.crt tls/partner.crt
od -An -N20 -tx1 /dev/urandom | tr -d ' \n' >secrets/backup.pass
od -An -N8 -tx1 /dev/urandom | tr -d ' \n' >secrets/vendor.pass
certtool --generate-privkey --key-type rsa --bits 2048 --outfile run/vendor.key 2>/dev/null
printf 'cn = api.partner.test\ndns_name = api.partner.test\nexpiration_days = 180\ntls_www_server\n' >run/template
certtool --generate-self-signed --load-privkey run/vendor.key \
	--template run/template --outfile run/vendor.crt 2>/dev/null
printf 'pkcs-cipher = aes-256\npassword = "%s"\n' "$(cat secrets/vendor.pass)" >run/p12.template
certtool --to-p12 --load-privkey run/vendor.key --load-certificate run/vendor.crt \
	--p12-name partner --template run/p12.template --outder \
	--outfile vendor.p12 2>/dev/null
umask 022
/usr/sbin/nginx -p "$work" -c nginx.conf
sh server.sh start api "$port_18444"
sh server.sh start partner "$port_18445"
echo "nginx (reloads by signal) and two gnutls-serv (must be restarted) are up"

say "1. the plan: every step has its reason, nothing is changed yet"
try plan

say "2. apply: backup first, then stage, commit, activate, verify"
try apply --yes

say "3. status: desired, installed and served, proven by handshakes"
try status

say "4. a second apply finds nothing to do"
try apply --yes

say "5. the subject changes in the file: just that certificate is re-issued"
sed -i 's/CN=shop.demo.test/CN=shop.demo.test, O=Shop/' certfleet.yaml
try plan
try apply --yes

say "6. somebody changes the server's files: drift, repaired without a new certificate"
rm -rf tls/api
mkdir tls/api
cp run/old.key tls/api/key.pem
cp run/old.crt tls/api/fullchain.pem
try plan
try apply --yes
try status

say "7. what happened, and the backups of it"
try history
try backup list

say "done; everything this demo made is in $work"
