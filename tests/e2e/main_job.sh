#!/bin/bash
# The main job against nginx and two gnutls-serv.
. "$(dirname "$0")/lib.sh"
free_port front
free_port api
free_port partner
old_directory front
old_directory api
make_pair old-partner tls/partner.crt tls/partner.key
chmod 0640 tls/partner.key
make_pair api.partner.test vendor.crt vendor.key 180
echo 's3cret-of-vendor' >secrets/vendor.pass
openssl pkcs12 -export -in vendor.crt -inkey vendor.key -out vendor.p12 -passout file:secrets/vendor.pass
chmod 600 secrets/vendor.pass
cat >certfleet.yaml <<END
certfleet: 1
fleet: shop
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  shop-ca: {subject: "CN=Shop CA, O=Example", publish: trust/shop-ca.pem}
certificates:
  shop: {subject: "CN=shop.example.test", issuer: shop-ca, names: [shop.example.test, 127.0.0.1]}
  vendor: {import: {pkcs12: vendor.p12, password: {file: secrets/vendor.pass}}}
roles:
  web: {restart: {on_failure: rollback, timeout: $patience}}
components:
  front:
    role: web
    certificate: shop
    deliver: {files: {directory: tls/front}}
    activate: {signal: HUP, pidfile: run/front.pid}
    verify: {tls: "127.0.0.1:$front", server_name: shop.example.test, consecutive: 2}
  api:
    role: web
    certificate: shop
    deliver: {files: {directory: tls/api}}
    activate: {command: [sh, serve.sh, api, "$api", tls/api/fullchain.pem, tls/api/key.pem]}
    verify: {tls: "127.0.0.1:$api", server_name: shop.example.test}
  partner:
    certificate: vendor
    deliver: {files: {certificate: tls/partner.crt, key: tls/partner.key}}
    activate: {command: [sh, serve.sh, partner, "$partner", tls/partner.crt, tls/partner.key]}
    verify: {tls: "127.0.0.1:$partner"}
END
start_nginx front "$front"
start_gnutls api "$api" tls/api/fullchain.pem tls/api/key.pem
start_gnutls partner "$partner" tls/partner.crt tls/partner.key

before=$(find . -path ./run -prune -o -type f -print | sort | xargs sha256sum)
cf plan --detailed-exitcode
is $status 2 "plan says that changes are pending"
is "$(find . -path ./run -prune -o -type f -print | sort | xargs sha256sum)" "$before" "plan writes nothing"
[ ! -e .certfleet ]; ok $? "plan creates no state"

cf apply --yes
is $status 0 "the first apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
for name in front api partner; do
	port=${!name}
	file=tls/$name/fullchain.pem
	[ -f "$file" ] || file=tls/$name.crt
	serves "$port" "$(installed "$file")" "$name serves what is installed"
done
serves "$partner" "$(openssl x509 -in vendor.crt -outform DER | sha256sum | cut -d' ' -f1)" "partner serves the imported certificate"
openssl verify -CAfile trust/shop-ca.pem tls/front/leaf.pem >/dev/null 2>&1; ok $? "the published authority verifies the leaf"
is "$(stat -c %a trust)" 755 "those who must trust it can get at it"
is "$(stat -L -c %a tls/front/key.pem)" 600 "a new key file has mode 0600"
is "$(stat -L -c %a tls/partner.key)" 640 "an existing key file keeps its mode"
is "$(stat -c %a .certfleet)" 700 "the state directory is private"
ls backups/*.zip >/dev/null 2>&1; ok $? "a bundle was written"

take_status
for name in front api partner; do
	is "$(status_of $name state)" in-sync "$name is in-sync"
	is "$(status_of $name evidence)" handshake "$name is proven by a handshake"
	is "$(status_of $name desired)" "$(status_of $name served)" "$name serves what is desired"
done
cf status --check 14d
is $status 0 "status --check is content"

serial=$(sqlite3 .certfleet/*.db "select 1" 2>/dev/null)
sum=$(find tls backups -type f | sort | xargs sha256sum)
cf apply --yes
is $status 0 "a second apply ends well"
has "$out" "nothing to do" "and finds nothing to do"
is "$(find tls backups -type f | sort | xargs sha256sum)" "$sum" "and touches nothing"
cf plan --detailed-exitcode
is $status 0 "plan agrees"

api_before=$(served "$api")
partner_pid=$(cat run/partner.pid)
sed -i 's/CN=shop.example.test"/CN=shop.example.test, O=Shop"/' certfleet.yaml
cf plan
has "$out" "subject .* -> " "a changed subject is the reason"
hasnt "$out" "vendor" "the other certificate is left alone"
cf apply --yes
is $status 0 "the re-issue ends well"
[ "$(installed tls/front/leaf.pem)" != "$api_before" ]; ok $? "there is a new certificate"
serves "$api" "$(installed tls/front/leaf.pem)" "front and api serve the same"
serves "$front" "$(installed tls/front/leaf.pem)" "which is what is installed"
is "$(cat run/partner.pid)" "$partner_pid" "partner was not restarted"

good=$(served "$front")
make_pair stranger tls/x.crt tls/x.key
rm tls/front
mkdir tls/front
cp tls/x.crt tls/front/fullchain.pem
cp tls/x.key tls/front/key.pem
cf status --check 1d
is $status 2 "status finds that the files were changed"
cf plan
hasnt "$out" "issue " "drift needs no new certificate"
cf apply --yes
is $status 0 "the drift is repaired"
serves "$front" "$good" "with the same certificate"
reload_nginx front
serves "$front" "$good" "which nginx also takes from its files"

cp -r tls/api/. tls/copy && rm -rf tls/copy
kill "$(cat run/api.pid)"; sleep 0.2
sh serve.sh api "$api" tls/x.crt tls/x.key; wait_port "$api"
cf plan
has "$out" "api" "a process that serves another certificate is found"
hasnt "$out" "commit" "its files are right, so nothing is committed"
cf apply --yes
serves "$api" "$good" "it is restarted"

cf history
is $status 0 "history lists the runs"
is "$(find . -name '.*tmp-*' | wc -l)" 0 "no temporary file is left"
finish
