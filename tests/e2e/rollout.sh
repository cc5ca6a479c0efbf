#!/bin/bash
# Waves, canary, postponed restarts, and one process with two pairs.
. "$(dirname "$0")/lib.sh"
free_port dual
free_port slow
mkdir -p tls/ec tls/rsa
make_pair old-dual tls/ec/fullchain.pem tls/ec/key.pem
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=old-rsa -days 9 \
	-out tls/rsa/fullchain.pem -keyout tls/rsa/key.pem 2>/dev/null
old_directory slow
cat >run/dual.conf <<END
worker_processes 1;
pid run/dual.pid;
error_log run/dual.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path run/b; proxy_temp_path run/p; fastcgi_temp_path run/f;
	uwsgi_temp_path run/u; scgi_temp_path run/s;
	server {
		listen 127.0.0.1:$dual ssl;
		ssl_certificate $work/tls/ec/fullchain.pem;
		ssl_certificate_key $work/tls/ec/key.pem;
		ssl_certificate $work/tls/rsa/fullchain.pem;
		ssl_certificate_key $work/tls/rsa/key.pem;
	}
}
END
nginx -p "$work" -c run/dual.conf
wait_port "$dual"
start_gnutls slow "$slow" tls/slow/fullchain.pem tls/slow/key.pem
cat >order.sh <<'END'
echo "$CERTFLEET_COMPONENT $CERTFLEET_FINGERPRINT" >>run/order
env | cut -d= -f1 | grep -v '^_$\|^PWD$' | sort | tr '\n' ' ' >run/environment
END
cat >certfleet.yaml <<END
certfleet: 1
fleet: rollout
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
certificates:
  ec: {subject: "CN=dual.example.test", issuer: self, key: ecdsa-p256}
  rsa: {subject: "CN=dual.example.test", issuer: self, key: rsa-2048}
  edge: {subject: "CN=edge.example.test", issuer: self}
roles:
  late: {restart: {when: postponed}}
  edge: {after: [web], restart: {max_unavailable: 50%, canary: 1}}
  web: {restart: {timeout: $patience}}
components:
  dual-ec:
    role: web
    process: dual
    certificate: ec
    deliver: {files: {directory: tls/ec}}
    activate: {signal: HUP, pidfile: run/dual.pid}
    verify: {tls: "127.0.0.1:$dual", consecutive: 2}
  dual-rsa:
    role: web
    process: dual
    certificate: rsa
    deliver: {files: {directory: tls/rsa}}
    activate: {signal: HUP, pidfile: run/dual.pid}
    verify: {tls: "127.0.0.1:$dual", consecutive: 2}
  slow:
    role: late
    certificate: edge
    deliver: {files: {directory: tls/slow}}
    activate: {command: [sh, serve.sh, slow, "$slow", tls/slow/fullchain.pem, tls/slow/key.pem]}
    verify: {tls: "127.0.0.1:$slow"}
  edge:
    role: edge
    certificate: edge
    each: ["e[01-05]"]
    deliver: {files: {certificate: "tls/\${each}.crt", key: "tls/\${each}.key"}}
    activate: {command: [sh, order.sh]}
END
cf plan --json
is "$(jq -c '[.waves[] | [.role, (.processes | length), .limit]]' <<<"$out")" \
	'[["web",1,1],["edge",1,2],["edge",2,2],["edge",2,2],["late",1,1]]' "web first, then the canary, then two at a time, the postponed last"
is "$(jq '[.steps[] | select(.kind == "activate" and .process == "dual")] | length' <<<"$out")" 1 "one process is activated once"
before=$(served "$slow")
cf apply --yes
is $status 0 "the roll out ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_status
for name in dual-ec dual-rsa; do
	is "$(status_of $name state)" in-sync "$name is in-sync"
	is "$(status_of $name served)" "$(installed "tls/${name#dual-}/leaf.pem")" "$name serves its own kind of key"
done
# two at a time, the canary first
is "$(cut -d" " -f1 run/order | sort | tr "\n" " ")" "edge/e01 edge/e02 edge/e03 edge/e04 edge/e05 " "every process of the group was told once"
is "$(head -1 run/order | cut -d" " -f1)" edge/e01 "the canary first"
is "$(cut -d' ' -f2 run/order | sort -u)" "$(installed tls/e01.crt)" "with the new fingerprint"
is "$(cat run/environment)" "CERTFLEET_COMPONENT CERTFLEET_FINGERPRINT HOME LANG PATH " "a command sees nothing else of our environment"
is "$(status_of slow state)" restart-pending "a postponed restart is pending"
is "$(served "$slow")" "$before" "and the process serves the old certificate"
is "$(status_of edge/e01 state)" unproven "without a port to ask, nothing is claimed"
cf apply --yes
is $status 0 "a second apply ends well"
has "$out" "nothing to do" "and leaves the postponed alone"
has "$out" "1 component waits for a postponed restart" "but says that it waits"
cf status --check 1d
is $status 0 "P2: the check is content with a restart that is postponed"
make_pair old-slow run/short.crt run/short.key 3
sh serve.sh slow "$slow" run/short.crt run/short.key
wait_port "$slow"
cf status --check 1d
is $status 2 "but not when what is served ends in 3 days"
has "$out" "'slow' is restart-pending: what it serves ends in" "with the reason"
cf apply --yes
is $status 3 "an apply that has no step for it asks"
has "$out" "expires-before-restart slow: the certificate it serves expires in" "for this restart"
cf apply --yes --ack expires-before-restart
is $status 0 "and takes a word for it"
cf apply --yes --restart-postponed
is $status 0 "--restart-postponed activates it"
serves "$slow" "$(installed tls/slow/leaf.pem)" "now it serves the new one"
take_status
is "$(status_of slow state)" in-sync "and is in-sync"

# the canary fails: the others are not touched
sed -i 's/CN=edge.example.test/CN=edge2.example.test/' certfleet.yaml
printf 'exit 1\n' >order.sh
: >run/order
old=$(installed tls/e02.crt)
cf apply --yes
is $status 7 "a canary that fails ends with 7"
is "$(installed tls/e02.crt)" "$old" "and the others keep what they had"
has "$out" "e01" "the canary is named"
finish
