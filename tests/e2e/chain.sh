#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is served above the leaf: a missing intermediate is not in-sync.
. "$(dirname "$0")/lib.sh"
free_port front

sign() { # NAME SIGNER EXTENSIONS
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -keyout "secrets/$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "secrets/$2.key" -days 60 \
		-extfile <(printf '%s\n' "$3") -out "$1.pem" 2>/dev/null
}
make_pair root root.pem secrets/root.key 365
sign middle root 'basicConstraints = critical, CA:true'
sign leaf middle $'basicConstraints = CA:false\nsubjectAltName = DNS:leaf'
chmod 600 secrets/*.key
old_directory front
cp tls/front/fullchain.pem tls/front/leaf.pem
cat >certfleet.yaml <<END
certfleet: 1
fleet: chain
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
certificates:
  site: {import: {pem: [leaf.pem, middle.pem, root.pem, secrets/leaf.key]}}
roles:
  web: {restart: {on_failure: rollback, timeout: 1s}}
components:
  front:
    role: web
    certificate: site
    deliver: {files: {directory: tls/front}}
    activate: {signal: HUP, pidfile: run/front.pid}
    verify: {tls: "127.0.0.1:$front"}
END
start_nginx front "$front"
serve_file() { # FILE
	sed -i "s,ssl_certificate .*;,ssl_certificate $work/$1;," run/front.conf
	reload_nginx front
}

serve_file tls/front/leaf.pem
old=$(served "$front")
cf apply --yes
is $status 8 "a server that leaves the chain out is a failure that was taken back"
has "$out" "serves the right leaf but an incomplete chain" "and this is what is said of it"
serves "$front" "$old" "the old pair is served again"

sed -i "s/timeout: 1s/timeout: $patience/" certfleet.yaml
serve_file tls/front/fullchain.pem
cf apply --yes --ack rolled-back
is $status 0 "with its chain it is fine"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
settled_nginx front
cf plan --detailed-exitcode
is $status 0 "and nothing is left to do"
take_status
is "$(status_of front state)" in-sync "it is in-sync"

serve_file tls/front/leaf.pem
take_status
is "$(status_of front state)" restart-pending "it is not in-sync when the chain is left out later"
is "$(status_of front error)" "serves the right leaf but an incomplete chain" "status says why"
cf status
has "$out" "incomplete chain" "in words too"
cf plan --detailed-exitcode
is $status 2 "plan wants a change"
has "$out" "activate" "it activates"
hasnt "$out" "commit" "and writes nothing"

cat leaf.pem middle.pem root.pem >tls/more.pem
serve_file tls/more.pem
take_status
is "$(status_of front state)" in-sync "a server that adds the root is in-sync"

cat leaf.pem root.pem middle.pem >tls/order.pem
serve_file tls/order.pem
take_status
is "$(status_of front state)" in-sync "so is one that presents its chain in another order"

# the intermediate as it was before it was renewed: the same name and key
faketime '100 days ago' openssl x509 -req -in middle.csr -CA root.pem -CAkey secrets/root.key -days 60 \
	-extfile <(echo 'basicConstraints = critical, CA:true') -out middle-old.pem 2>/dev/null
cat leaf.pem middle-old.pem >tls/expired.pem
serve_file tls/expired.pem
take_status
is "$(status_of front state)" restart-pending "one that presents an expired intermediate is not"
is "$(status_of front error)" "serves the right leaf but a chain that has expired" "status says why"
cat leaf.pem middle-old.pem middle.pem >tls/both.pem
serve_file tls/both.pem
take_status
is "$(status_of front state)" in-sync "unless the renewed one stands beside it"
finish
