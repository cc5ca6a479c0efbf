#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A device with an API of its own (device.py): PKCS#12 with staging and an
# activation, and a pair as JSON that is in use at once.
. "$(dirname "$0")/lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -days 30 -out tls/ca.crt -keyout run/ca.key 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=api -out run/csr -keyout tls/api.key 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1\n' >run/ext
openssl x509 -req -in run/csr -CA tls/ca.crt -CAkey run/ca.key -CAcreateserial -days 30 -extfile run/ext -out tls/api.crt 2>/dev/null
export CERTFLEET_API=Okapi-Marker-Password-12
echo "admin:$CERTFLEET_API" >run/login
echo Gnu-Marker-Header-34 >secrets/trace
echo Kudu-Marker-Container-56 >secrets/p12
chmod 600 secrets/*

write_fleet() { # COMPONENTS
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: devices
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Device CA"}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web: {version: {minimum: "7.0"}, restart: {on_failure: rollback, timeout: $patience}}
	components:
	  device:
	    role: web
	    certificate: site
	    deliver:
	      http:
	        ca: ${CA:-tls/ca.crt}
	        user: admin
	        password: {env: CERTFLEET_API}
	        pkcs12_password: {file: secrets/p12}
	        probe: {url: "https://127.0.0.1:$api/cert", fingerprint: "/certs/0/sha256~1hex", version: /version}
	        stage:
	          url: "https://127.0.0.1:$api/stage"
	          headers: {X-Trace: {file: secrets/trace}}
	          json: {name: "the \"\${component.name}\"", p12: "\${pkcs12}"}
	        commit: {url: "https://127.0.0.1:$api/commit/\${fingerprint}", headers: {X-Trace: "\${fingerprint}"}, expect: 204}
	        abort: {url: "https://127.0.0.1:$api/stage", method: DELETE}
	        activate: {url: "https://127.0.0.1:$api/apply", expect: [200, 204]}
	        remove: {url: "https://127.0.0.1:$api/cert", method: DELETE}
	    verify: {tls: "127.0.0.1:$service"}
	    retire: {remove: true}
	  simple:
	    role: web
	    certificate: site
	    deliver:
	      http:
	        ca: ${CA:-tls/ca.crt}
	        user: admin
	        password: {env: CERTFLEET_API}
	        probe: {url: "https://127.0.0.1:$api/simple", fingerprint: /certs/0/pem, version: /version}
	        commit: {url: "https://127.0.0.1:$api/simple", method: PUT, json: {pem: "\${fullchain}", key: "\${key}"}}
	    verify: {tls: "127.0.0.1:$second"}
	${1:-}
	END
}

asked() { # PATTERN
	grep -c -- "$1" run/device.log
}

free_port api
free_port service
free_port second
python3 "$root/tests/e2e/device.py" "$api" "$service" "$second" >run/device.out 2>&1 &
pids+=($!)
wait_port "$api"

write_fleet
cf plan
has "$out" "device .*commit, swap, verify .*nothing is installed" "the plan says that it is a swap"
has "$out" "simple .*commit, swap, verify" "where the commit is all there is as well"
cf apply --yes
is $status 0 "the first apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(served "$service")
is "$(served "$second")" "$good" "both serve the same"
take_status
is "$(status_of device state)" in-sync "the device is in-sync"
is "$(status_of device evidence)" handshake "by a handshake"
is "$(status_of device version)" 7.2 "its version is known"
is "$(status_of simple installed)" "$good" "what is installed is known from a certificate too"
is "$(asked "POST /commit/$good $good")" 1 "URL and header name the fingerprint"
is "$(asked "POST /stage Gnu-Marker")" 1 "a header can be a secret"
cf apply --yes
has "$out" "Nothing to do\|nothing to do" "a second apply finds nothing to do"

load "$service" &
loader=$!
for subject in b c; do
	SUBJECT=$subject.example.test write_fleet
	cf apply --yes
	is $status 0 "swapped under load, $subject"
done
touch run/enough
wait "$loader"
read -r count failed <run/load
is "$failed" 0 "none of $count handshakes failed meanwhile"
[ "$count" -gt 3 ]; ok $? "and there were some"
good=$(served "$service")
is "$(status_of device installed)" "$(status_of simple installed)" "both have the newest"

# A pair that is none is refused before anything is touched.
make_pair x run/x.crt run/x.key
make_pair y run/y.crt run/y.key
cp certfleet.yaml run/good.yaml
before=$(grep -vc '^GET' run/device.log)
sed -i "s|^  site: {sub.*|  site: {import: {pem: [run/x.crt, run/y.key]}}|" certfleet.yaml
cf apply --yes
is $status 4 "a key of another certificate is refused"
is "$(grep -vc '^GET' run/device.log)" "$before" "before the device is touched"
cp run/good.yaml certfleet.yaml

# Its own activation fails, and it repeats all it was sent.
fails() { # REQUEST STATUS TEXT PATTERN
	echo "$1" >run/fail
	cf apply --yes --ack rolled-back --target device
	is $status "$2" "$3"
	[ $status -eq "$2" ] || sed 's/^/# /' <<<"$out"
	has "$out" "$4" "and it is said why"
	[ ! -e run/fail ]; ok $? "as the device had it"
	is "$(served "$service")" "$good" "the old pair is served"
	take_status
	is "$(status_of device installed)" "$good" "and installed"
}
SUBJECT=d.example.test write_fleet
fails "POST /apply 500" 8 "an activation that fails is rolled back" "answered 500"
fails "POST /stage 422" 1 "a pair that is not taken changes nothing" "stage .*device .*answered 422"
fails "POST /commit/$(status_of device desired) 412" 1 "somebody else was faster" "another client changed"
free_port other
echo "https://127.0.0.1:$other/cert" >run/elsewhere
(cd run && exec python3 -m http.server --bind 127.0.0.1 "$other" >other.log 2>&1) &
pids+=($!)
wait_port "$other"
fails "POST /stage 302" 1 "a redirect is not followed" "answered 302 (redirects are not followed)"
hasnt "$(cat run/other.log)" "stage\|cert" "nobody else is asked"
cf apply --yes --ack rolled-back
is $status 0 "once it works the pair is taken"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(served "$second")
serves "$service" "$good" "by both"

# Somebody puts another pair there.
jq -n --rawfile pem run/x.crt --rawfile key run/x.key '{pem: $pem, key: $key}' |
	curl -s --cacert tls/ca.crt -u "admin:$CERTFLEET_API" -X PUT --data-binary @- "https://127.0.0.1:$api/simple"
cf plan
has "$out" "simple .*commit, swap" "a change by hand is found"
cf apply --yes
is $status 0 "and set right"
has "$out" "simple.*stays there only: its key cannot be read over HTTP" "though its key cannot be kept"
is "$(served "$second")" "$good" "with the same pair"

# Strangers.
SUBJECT=e.example.test CA=run/x.crt write_fleet
cf plan --detailed-exitcode
has "$out" "cannot talk to 'https://127.0.0.1:$api'" "a device of another authority is not talked to"
SUBJECT=e.example.test CA=nothing.pem write_fleet
cf plan
is $status 0 "an authority that is not there is the trouble of its components"
has "$out" "secret-missing device, simple: .*nothing.pem" "and is named"
SUBJECT=e.example.test write_fleet
CERTFLEET_API=wrong cf plan
has "$out" "answered 401" "a wrong password is told"

# Out of the fleet file.
SUBJECT=d.example.test write_fleet
cf plan --out run/saved.plan --reissue site
cf plan --json --reissue site
cf history --json
cf status --json
"$CERTFLEET" apply --yes --json --reissue site >run/events 2>&1
is $? 0 "once more, as JSON"
sed -i '/^  device:/,/remove: true/d' certfleet.yaml
cf apply --yes --ack mass-retire
is $status 0 "one is forgotten"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(asked "DELETE /cert")" 1 "with its pair, as it asked for"

# What must not be anywhere.
curl -s --cacert tls/ca.crt -u "admin:$CERTFLEET_API" "https://127.0.0.1:$api/cert" | grep -q "no certificate"; ok $? "the device has none any more"
needles() {
	echo Okapi-Marker
	echo Gnu-Marker
	echo Kudu-Marker
	printf %s "$(cat run/login)" | base64 -w0 | cut -c1-24
	sed -n 2p run/x.key
	echo "BEGIN PRIVATE KEY"
	# how every PKCS#8 P-256 key begins, and every PKCS#12 that GnuTLS writes
	echo MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH
	echo cHAgEDMII
	echo IBAzCC
}
needles >run/needles
leaks=$(find . -type f -not -path './run/device.*' -not -path './run/needles' -not -path './run/x.*' -not -path './run/y.*' \
	-not -path './run/login' -not -path './run/*.key' -not -path './tls/*.key' -not -path './secrets/*' |
	xargs grep -laF -f run/needles)
is "$leaks" "" "no key, password or header is in any output, plan, state or backup"
hasnt "$(cat run/transcript run/events)" "PRIVATE KEY" "nor shown"
grep -qF Gnu-Marker run/device.log; ok $? "the search would find what is there"
finish
