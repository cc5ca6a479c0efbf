#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pairs swapped in the configuration of a running Caddy, over TCP and over a
# unix socket.
. "$(dirname "$0")/lib.sh"
command -v caddy >/dev/null || skip_all "caddy is not installed"

start_caddy() { # NAME PORT LISTEN: with the pair of tls/old-NAME
	jq -n --rawfile crt "tls/old-$1.crt" --rawfile key "tls/old-$1.key" \
		--arg listen "$3" --arg port "$2" --arg files "$work/tls/other" '{
		admin: {listen: $listen},
		apps: {
			http: {servers: {s: {
				listen: ["127.0.0.1:" + $port],
				automatic_https: {disable: true},
				tls_connection_policies: [{}],
				routes: [{handle: [{handler: "static_response", body: "ok"}]}]}}},
			tls: {certificates: {
				load_pem: [{"@id": "site", certificate: $crt, key: $key, tags: ["mine"]}],
				load_files: [{certificate: ($files + ".crt"), key: ($files + ".key")}]}}}}' >"run/$1.json"
	HOME=$work/run XDG_DATA_HOME=$work/run XDG_CONFIG_HOME=$work/run \
		caddy run --config "run/$1.json" >"run/$1.log" 2>&1 &
	pids+=($!)
	wait_port "$2"
}

write_fleet() { # COMPONENTS
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: caddies
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Caddy CA"}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web: {restart: {on_failure: rollback, timeout: ${expiry:-$patience}}}
	components:
	  front:
	    role: web
	    certificate: site
	    deliver: {caddy: {admin: "http://127.0.0.1:$admin", id: ${ID:-site}}}
	    verify: {tls: "127.0.0.1:${VERIFY:-$front}", server_name: site.example.test}
	  edge:
	    role: web
	    certificate: site
	    deliver: {caddy: {admin: run/edge.sock, id: site}}
	    retire: {remove: true}
	${1:-}
	END
}

object() { # FRONT|EDGE [JQ]
	case $1 in
	front) curl -s "http://127.0.0.1:$admin/id/site" ;;
	edge) curl -s --unix-socket run/edge.sock -H 'Host;' http://localhost/id/site ;;
	esac | jq -rj "${2:-.}"
}
held() { object "$1" .certificate | openssl x509 -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1; }
sni=site.example.test # of the ports

free_port front
free_port edge
free_port admin
free_port stuck
make_pair site.example.test tls/old-front.crt tls/old-front.key
make_pair site.example.test tls/old-edge.crt tls/old-edge.key
make_pair other tls/other.crt tls/other.key
start_caddy front "$front" "127.0.0.1:$admin"
start_caddy edge "$edge" "unix/$work/run/edge.sock"
old=$(installed tls/old-front.crt)
old_edge=$(installed tls/old-edge.crt)
is "$(held front)" "$old" "Caddy begins with a pair that somebody made"

# The port that shall prove it belongs to another server.
start_gnutls stuck "$stuck" tls/old-front.crt tls/old-front.key
VERIFY=$stuck expiry=2s write_fleet
cf plan
has "$out" "front .*commit, swap, verify" "the plan says that it is a swap"
has "$out" "4 keys are in no verified bundle" "and that the pairs that are there are kept first"
cf apply --yes
is $status 8 "a swap that nobody sees is rolled back"
[ $status -eq 8 ] || sed 's/^/# /' <<<"$out"
has "$out" "still serves" "and it is said why"
is "$(held front)" "$old" "to the pair that was found there"
is "$(object front .key)" "$(cat tls/old-front.key)" "with its key"
is "$(served "$front")" "$old" "which is served"
[ "$(held edge)" != "$old_edge" ]; ok $? "the one whose swap was seen keeps it"

write_fleet
cf apply --yes --ack rolled-back
is $status 0 "the first apply that can be seen ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(held front)
[ "$good" != "$old" ]; ok $? "another pair is in the configuration"
serves "$front" "$good" "and served"
is "$(held edge)" "$good" "over the unix socket too"
is "$(object front '.tags[0]')" mine "what else is in the object stays"
is "$(object front '."@id"')" site "and its id"
take_status
is "$(status_of front state)" in-sync "front is in-sync"
is "$(status_of front evidence)" handshake "by a handshake"
is "$(status_of edge state)" in-sync "edge, without a port to ask, is in-sync"
is "$(status_of edge evidence)" driver "by what Caddy says"
cf apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"

load "$front" &
loader=$!
for subject in b c d; do
	SUBJECT=$subject.example.test write_fleet
	cf apply --yes
	is $status 0 "swapped under load, $subject"
done
touch run/enough
wait "$loader"
read -r count failed <run/load
is "$failed" 0 "none of $count handshakes failed meanwhile"
[ "$count" -gt 3 ]; ok $? "and there were some"
good=$(held front)
serves "$front" "$good" "the newest is served"

# Somebody changes it by hand.
object edge | jq -c --rawfile crt tls/old-edge.crt --rawfile key tls/old-edge.key '.certificate = $crt | .key = $key' |
	curl -s -X PATCH -H 'Host;' -H 'Content-Type: application/json' --data-binary @- --unix-socket run/edge.sock http://localhost/id/site
cf plan
has "$out" "edge .*commit, swap" "a change by hand is found"
cf apply --yes
is $status 0 "and set right"
is "$(held edge)" "$good" "with the same pair"

# A pair that is none is refused before anything is touched.
make_pair x run/x.crt run/x.key
make_pair y run/y.crt run/y.key
cp certfleet.yaml run/good.yaml
sed -i "s|^  site: .*|  site: {import: {pem: [run/x.crt, run/y.key]}}|" certfleet.yaml
before=$(grep -c PATCH run/front.log)
cf apply --yes
is $status 4 "a key of another certificate is refused"
is "$(grep -c PATCH run/front.log)" "$before" "before Caddy is asked"
cp run/good.yaml certfleet.yaml

# Caddy itself refuses: with any change it reads a file again that is gone.
mv tls/other.crt run/other.crt
SUBJECT=e.example.test write_fleet
cf apply --yes --target front
is $status 1 "what Caddy refuses changes nothing"
has "$out" "answered 500: .*other.crt" "and it is said why"
is "$(held front)" "$good" "the old pair is in the configuration"
is "$(served "$front")" "$good" "and served"
take_status
has "$(status_of front last_error)" "answered 500" "status remembers it"
mv run/other.crt tls/other.crt
cf apply --yes
is $status 0 "once it can, the same pair is taken"
good=$(held front)
serves "$front" "$good" "and served"

ID=nothing write_fleet
SUBJECT=f.example.test ID=nothing write_fleet
cf plan --detailed-exitcode
is $status 2 "an object that is not there blocks"
has "$out" "block  .*no object with the @id 'nothing'" "and is named"
SUBJECT=e.example.test write_fleet

# One that leaves the fleet file takes its object along.
sed -i '/^  edge:/,$d' certfleet.yaml
cf apply --yes --ack mass-retire
is $status 0 "one is forgotten"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
has "$(object edge .error)" "unknown object" "with its object, as it asked for"
is "$(held front)" "$good" "the other stays"

kill "${pids[0]}"
wait "${pids[0]}" 2>/dev/null
SUBJECT=g.example.test write_fleet
sed -i '/^  edge:/,$d' certfleet.yaml
cf plan --detailed-exitcode
is $status 2 "one that does not run blocks"
has "$out" "block  *offline" "as offline"
hasnt "$(cat run/transcript)" "BEGIN .*PRIVATE KEY" "no key is ever shown"
! grep -qF "$(sed -n 2p tls/old-front.key)" run/transcript; ok $? "nor a line of one"
finish
