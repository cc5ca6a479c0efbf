#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pairs swapped in a running HAProxy, over its unix socket and over TCP.
. "$(dirname "$0")/lib.sh"
command -v haproxy >/dev/null || skip_all "haproxy is not installed"

start_haproxy() { # NAME PORT SOCKET [GLOBAL]: serves tls/NAME.pem
	haproxy_site "$1" "$2" "crt $work/tls/$1.pem" "stats socket $3 level admin
	  ${4:-}"
}

old_pem() { # NAME
	make_pair "old-$1" run/old.crt run/old.key
	cat run/old.crt run/old.key >"tls/$1.pem"
	chmod 600 "tls/$1.pem"
}

free_port front
free_port edge
free_port cli
free_port small
old_pem front
old_pem edge
old_pem small
start_haproxy front "$front" "$work/run/front.sock mode 600"
start_haproxy edge "$edge" "ipv4@127.0.0.1:$cli"
start_haproxy small "$small" "$work/run/small.sock mode 600" "tune.bufsize 2048"

write_fleet() { # COMPONENTS
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: proxies
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Proxy CA"}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	  large: {subject: "CN=large.example.test", key: rsa-4096, issuer: ca}
	roles:
	  web: {restart: {on_failure: rollback, timeout: $patience}}
	components:
	  front:
	    role: web
	    certificate: site
	    deliver: {haproxy: {socket: run/front.sock, certificate: tls/front.pem}}
	    verify: {tls: "127.0.0.1:$front"}
	  edge:
	    role: web
	    certificate: site
	    deliver: {haproxy: {socket: "tcp://127.0.0.1:$cli", certificate: tls/edge.pem}}
	    retire: {remove: true}
	${1:-}
	END
}
write_fleet

pid=$(cat run/front.pid)
before=$(served "$front")
cf plan
has "$out" "front .*commit, swap" "the plan says that it is a swap"
cf apply --yes
is $status 0 "the first apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
[ "$(served "$front")" != "$before" ]; ok $? "another certificate is served"
serves "$front" "$(installed tls/front.pem)" "what is served is in the file as well"
serves "$edge" "$(served "$front")" "over TCP too"
is "$(cat run/front.pid)" "$pid" "no process was restarted"
take_status
is "$(status_of front state)" in-sync "front is in-sync"
is "$(status_of front evidence)" handshake "by a handshake"
is "$(status_of edge state)" in-sync "edge, without a port to ask, is in-sync"
is "$(status_of edge evidence)" driver "by what HAProxy says"
is "$(status_of edge version)" "$(haproxy -v | sed -n 's/^HAProxy version \([^ ]*\).*/\1/p')" "its version is known"
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
has "$(openssl s_client -connect "127.0.0.1:$front" </dev/null 2>/dev/null)" "d.example.test" "the newest is served"

good=$(served "$edge")
haproxy -D -f run/edge.cfg -p run/edge.pid -sf "$(cat run/edge.pid)" >>run/edge.log 2>&1
serves "$edge" "$good" "after a reload it is served from the file"

printf 'set ssl cert %s <<\n%s\n\n' "$work/tls/edge.pem" "$(cat run/old.crt run/old.key)" >run/set
printf 'commit ssl cert %s\n' "$work/tls/edge.pem" >run/commit
for request in set commit; do
	exec 3<>"/dev/tcp/127.0.0.1/$cli"
	cat "run/$request" >&3
	cat <&3 >run/answer
	exec 3>&-
done
[ "$(served "$edge")" != "$good" ]; ok $? "somebody swaps it by hand"
cf plan
has "$out" "edge *swap" "the plan wants to swap it again"
hasnt "$out" "edge *commit" "the file is right"
cf apply --yes
is $status 0 "that is done"
serves "$edge" "$good" "with the same certificate"

# A pair that is none is refused before anything is touched.
make_pair x run/x.crt run/x.key
make_pair y run/y.crt run/y.key
sum=$(sha256sum tls/*.pem)
cp certfleet.yaml run/good.yaml
sed -i "s|^  site: .*|  site: {import: {pem: [run/x.crt, run/y.key]}}|" certfleet.yaml
cf apply --yes
is $status 4 "a key of another certificate is refused"
is "$(sha256sum tls/*.pem)" "$sum" "no file is touched"
is "$(served "$edge")" "$good" "and no process"
cp run/good.yaml certfleet.yaml

# HAProxy itself refuses: more than its buffer holds.
before=$(served "$small")
SUBJECT=d.example.test write_fleet "  small:
    role: web
    certificate: large
    deliver: {haproxy: {socket: run/small.sock, certificate: tls/small.pem}}
    verify: {tls: \"127.0.0.1:$small\"}"
cf apply --yes
is $status 8 "a swap that HAProxy refuses is rolled back"
has "$out" "tune.bufsize" "and it is said why"
is "$(served "$small")" "$before" "the old one is still served"
is "$(installed tls/small.pem)" "$before" "and back in the file"
is "$(served "$front")" "$good" "the others keep theirs"

# One that is not there.
kill "$(cat run/small.pid)"
gone "$(cat run/small.pid)"
rm run/small.pid
cf plan --detailed-exitcode
is $status 4 "one that cannot be reached blocks"
has "$out" "offline" "as offline"
cf status
has "$out" "small" "status still tells of it"

# One that leaves the fleet file takes its file along.
write_fleet
sed -i '/^  edge:/,$d' certfleet.yaml
cf apply --yes --ack mass-retire
is $status 0 "two are forgotten"
[ ! -e tls/edge.pem ]; ok $? "one with its file, as it asked for"
serves "$front" "$(installed tls/front.pem)" "the other stays"
hasnt "$(cat run/transcript)" "BEGIN .*PRIVATE KEY" "no key is ever shown"
finish
