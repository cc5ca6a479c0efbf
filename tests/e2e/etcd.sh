#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pairs published in an etcd: in the clear on the loopback for an nginx whose
# files are made from it, and over TLS with a client certificate and a user.
. "$(dirname "$0")/lib.sh"
command -v etcd >/dev/null || skip_all "etcd is not installed"

start_etcd() { # NAME SCHEME [OPTION...]: on $NAME, peers on $NAME_peer
	local name=$1 scheme=$2 port peer
	free_port "$name"
	free_port "${name}_peer"
	port=${!name}
	peer=${name}_peer
	shift 2
	etcd --data-dir "run/$name.data" --name "$name" \
		--listen-client-urls "$scheme://127.0.0.1:$port" --advertise-client-urls "$scheme://127.0.0.1:$port" \
		--listen-peer-urls "http://127.0.0.1:${!peer}" --initial-advertise-peer-urls "http://127.0.0.1:${!peer}" \
		--initial-cluster "$name=http://127.0.0.1:${!peer}" "$@" >"run/$name.log" 2>&1 &
	pids+=($!)
	wait_port "$port"
}

b64() { printf %s "$1" | base64 -w0; }
kv() { # PATH JSON [OPTION...]
	local path=$1 json=$2
	shift 2
	curl -s --max-time 60 -X POST -d "$json" "$@" "http://127.0.0.1:$plain/v3/$path"
}
key() { kv kv/range "{\"key\":\"$(b64 "/tls/site/$1")\"}" | jq -r '.kvs[0].value // ""' | base64 -d; }
keys() { kv kv/range "{\"key\":\"$(b64 "/tls/${1:-}")\",\"range_end\":\"$(b64 "/tls0")\",\"keys_only\":true}" | jq -r '.kvs[]?.key | @base64d'; }
put() { kv kv/put "{\"key\":\"$(b64 "/tls/site/$1")\",\"value\":\"$(base64 -w0 <"$2")\"}" >/dev/null; }
published() { key certificate | openssl x509 -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1; }

# What a reader of these keys does: files from them, and a signal.
cat >pull.sh <<'END'
[ -e run/sabotage ] && { rm run/sabotage; echo "no pull today" >&2; exit 1; }
get() {
	curl -s --max-time 60 -X POST -d "{\"key\":\"$(printf %s "/tls/site/$1" | base64 -w0)\"}" "http://127.0.0.1:$ETCD/v3/kv/range" |
		jq -r '.kvs[0].value' | base64 -d
}
get fullchain >tls/site/fullchain.pem
get key >tls/site/key.pem
kill -HUP "$(cat run/site.pid)"
END

write_fleet() { # COMPONENTS
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: keys
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Etcd CA"}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web: {restart: {on_failure: rollback, timeout: $patience}}
	components:
	  site:
	    role: web
	    certificate: site
	    deliver: {etcd: {endpoints: ["http://127.0.0.1:$dead", "http://127.0.0.1:$plain"], key: /tls/site}}
	    activate: {command: [env, "ETCD=$plain", sh, pull.sh]}
	    verify: {tls: "127.0.0.1:$site"}
	  other:
	    role: web
	    certificate: site
	    deliver: {etcd: {endpoints: "http://127.0.0.1:$plain", key: /tls/other}}
	    retire: {remove: true}
	${1:-}
	END
}

free_port site
free_port dead
start_etcd plain http
old_directory site
start_nginx site "$site"
write_fleet
before=$(served "$site")

cf plan
has "$out" "site .*commit, restart, verify" "the plan says how its reader is told"
has "$out" "other .*commit " "and that nobody tells the other's"
cf apply --yes
is $status 0 "the first apply ends well, though one endpoint is dead"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(published)
serves "$site" "$good" "the published one"
is "$(key fingerprint)" "$good" "whose fingerprint is published with it"
is "$(key revision)" 1 "as revision 1"
key fullchain >run/fullchain; key key >run/key
is_pair run/fullchain run/key; ok $? "with its key"
is "$(cat run/fullchain)" "$(key certificate; key chain)" "the full chain is leaf and chain"
is "$(keys site/ | grep -c '^/tls/site/')" 6 "and nothing else stands there"
take_status
is "$(status_of site state)" in-sync "site is in-sync"
is "$(status_of other state)" unproven "other, whose readers are not seen, is unproven"
is "$(status_of other installed)" "$good" "though what is installed is known"
cf apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"

load "$site" &
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
is "$(key revision)" 3 "every publication is counted"
is "$(keys site/staged | grep -c /staged/)" 0 "nothing stays staged"
is "$(keys | grep -c '^/tls/site/previous/')" 5 "the pair before is kept beside it"
good=$(published)
serves "$site" "$good" "the newest is served"

# Somebody writes one of the keys by hand.
make_pair x run/x.crt run/x.key
make_pair y run/y.crt run/y.key
put key run/y.key
cf plan
has "$out" "'/tls/site/key' was not written together" "a key written by hand is found"
cf apply --yes
is $status 0 "and set right"
key key >run/key; key fullchain >run/fullchain
is_pair run/fullchain run/key; ok $? "with the right one"

# A pair that is none is refused before anything is touched.
revision=$(key revision)
cp certfleet.yaml run/good.yaml
sed -i "s|^  site: {sub.*|  site: {import: {pem: [run/x.crt, run/y.key]}}|" certfleet.yaml
cf apply --yes
is $status 4 "a key of another certificate is refused"
is "$(key revision)$(keys | grep -c /staged/)" "${revision}0" "before anything is written"
cp run/good.yaml certfleet.yaml

# The reader cannot be told.
touch run/sabotage
SUBJECT=d.example.test write_fleet
cf apply --yes
is $status 8 "a reader that fails is reported, and all taken back"
[ $status -eq 8 ] || sed 's/^/# /' <<<"$out"
has "$out" "no pull today" "it says what went wrong"
is "$(published)" "$good" "the pair before is published again"
is "$(key revision)" $((revision + 2)) "as a new revision"
serves "$site" "$good" "and served"
take_status
is "$(status_of site state)" rolled-back "status says so"
cf apply --yes --ack rolled-back
is $status 0 "once it works the pair is taken"
serves "$site" "$(published)" "and served"

# What it is told by a request instead of a command.
SUBJECT=e.example.test write_fleet
cat >hook.py <<-'END'
import http.server, subprocess, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        done = self.path == "/pull" and subprocess.run(["sh", "pull.sh"]).returncode == 0
        self.send_response(204 if done else 503)
        self.end_headers()
    def log_message(self, form, *args):
        print(self.headers.get("X-Generation"), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
END
free_port hook
ETCD=$plain python3 hook.py "$hook" >run/hook.log 2>&1 &
pids+=($!)
wait_port "$hook"
sed -i "s|activate: .*|activate: {http: {post: \"http://127.0.0.1:$hook/pull\", headers: {X-Generation: \"\${fingerprint}\"}, expect: 204}}|" certfleet.yaml
cf plan
has "$out" "site .*commit, reload, verify" "the plan calls a request a reload"
cf apply --yes
is $status 0 "a request can tell the reader"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
serves "$site" "$(published)" "and does"
is "$(tail -1 run/hook.log)" "$(published)" "saying of which pair"
cp certfleet.yaml run/good.yaml
sed -i "s|hook/pull|hook/nothing|; s|/pull|/nothing|" certfleet.yaml
sed -i "s|CN=e.example|CN=f.example|" certfleet.yaml
good=$(published)
cf apply --yes
is $status 7 "a request that is refused ends badly, here on the way back too"
has "$out" "answered 503" "and it is said why"
is "$(published)" "$good" "the pair before is published again"
serves "$site" "$good" "and served"

# One that leaves the fleet file takes its keys along.
cp run/good.yaml certfleet.yaml
sed -i '/^  other:/,$d' certfleet.yaml
cf apply --yes --ack mass-retire
is $status 0 "one is forgotten"
is "$(keys other/ | grep -c '^/tls/other')" 0 "with its keys, as it asked for"
[ "$(published)" != "$good" ]; ok $? "K4: what is asked for again is issued anew"
serves "$site" "$(published)" "the other stays"

# ---- over TLS, as a user ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -days 30 -out tls/ca.crt -keyout tls/ca.key 2>/dev/null
for name in server operator; do
	# no common name: with users, its gateway refuses who has one
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=$name" -out run/csr -keyout "tls/$name.key" 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1\n' >run/ext
	openssl x509 -req -in run/csr -CA tls/ca.crt -CAkey tls/ca.key -CAcreateserial -days 30 -extfile run/ext -out "tls/$name.crt" 2>/dev/null
done
chmod 600 tls/*.key
start_etcd closed https --cert-file tls/server.crt --key-file tls/server.key --client-cert-auth --trusted-ca-file tls/ca.crt
closed_kv() {
	curl -s --cacert tls/ca.crt --cert tls/operator.crt --key tls/operator.key -X POST -d "$2" "https://127.0.0.1:$closed/v3/$1"
}
export CERTFLEET_ETCD=Quagga-Marker-Password-31
closed_kv auth/user/add '{"name":"root","password":"r"}' >/dev/null
closed_kv auth/role/add '{"name":"root"}' >/dev/null
closed_kv auth/user/grant '{"user":"root","role":"root"}' >/dev/null
closed_kv auth/user/add "{\"name\":\"certfleet\",\"password\":\"$CERTFLEET_ETCD\"}" >/dev/null
closed_kv auth/role/add '{"name":"site"}' >/dev/null
closed_kv auth/role/grant "{\"name\":\"site\",\"perm\":{\"permType\":\"READWRITE\",\"key\":\"$(b64 /tls/site/)\",\"range_end\":\"$(b64 /tls/site0)\"}}" >/dev/null
closed_kv auth/user/grant '{"user":"certfleet","role":"site"}' >/dev/null
closed_kv auth/enable '{}' >/dev/null
closed_fleet() { # KEY [USER]
	write_fleet "  closed:
    certificate: site
    deliver:
      etcd:
        endpoints: [\"https://127.0.0.1:$closed\"]
        key: $1
        ca: tls/ca.crt
        identity: {certificate: tls/operator.crt, key: {file: tls/operator.key}}
        user: ${2:-certfleet}
        password: {env: CERTFLEET_ETCD}"
	sed -i '/^  other:/,/remove: true/d; /^  site:$/,/verify:/d' certfleet.yaml
}
closed_fleet /tls/site
cf apply --yes --ack mass-retire
is $status 0 "a user with a certificate publishes over TLS"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
SUBJECT=g.example.test closed_fleet /tls/site
cf apply --yes
is $status 0 "and again, with something to keep"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
cf plan
has "$out" "Nothing to do" "after which nothing is left to do"
closed_fleet /tls/elsewhere
cf plan
has "$out" "permission denied" "where it may not read it says so"
closed_fleet /tls/site nobody
cf plan
has "$out" "cannot log in" "a user that is not known cannot log in"
closed_fleet /tls/site
unset CERTFLEET_ETCD
cf plan
is $status 0 "a password that is not there is the trouble of its component"
has "$out" "block *secret-missing closed: .*CERTFLEET_ETCD" "and is named"

for needle in "BEGIN .*PRIVATE KEY" Quagga-Marker "$(grep -v -- ----- run/key | head -1)"; do
	hasnt "$(cat run/transcript)" "$needle" "no key and no password is ever shown"
done
! grep -rqaF Quagga-Marker .certfleet backups; ok $? "nor kept"
finish
