#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ports that want more than a handshake: a client certificate, a PROXY header,
# a server name; and a chain that leads to what `trust` says.
. "$(dirname "$0")/lib.sh"
command -v haproxy >/dev/null || skip_all "haproxy is not installed"
mkdir dual

make_client() { # NAME OPTION...: secrets/NAME.pem and .key, signed by secrets/ca.pem
	local name=$1
	shift
	openssl req "$@" -nodes -subj "/CN=$name" -out run/client.csr -keyout "secrets/$name.key" 2>/dev/null
	openssl x509 -req -in run/client.csr -CA secrets/ca.pem -CAkey secrets/ca.key -days 9 \
		-out "secrets/$name.pem" 2>/dev/null
	chmod 600 "secrets/$name.key"
}
ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
openssl req -x509 "${ec[@]}" -nodes -subj /CN=clients -days 9 -out secrets/ca.pem -keyout secrets/ca.key 2>/dev/null
make_client ec "${ec[@]}"
make_client rsa -newkey rsa:2048

# HAProxy with a pair of each type of key; NAME PORT OPTIONS-OF-BIND
start_haproxy() {
	local kind
	for kind in ec rsa; do
		[ $kind = ec ] && options=("${ec[@]}") || options=(-newkey rsa:2048)
		openssl req -x509 "${options[@]}" -nodes -subj "/CN=old-$1" -days 9 \
			-addext subjectAltName=DNS:site.example.test -out run/old.crt -keyout run/old.key 2>/dev/null
		cat run/old.crt run/old.key >"dual/$1-$kind.pem"
		chmod 600 "dual/$1-$kind.pem"
	done
	haproxy_site "$1" "$2" "crt $work/dual/$1-ec.pem crt $work/dual/$1-rsa.pem $3" \
		"stats socket $work/run/$1.sock mode 600 level admin expose-fd listeners" -W
}

write_fleet() { # NAME PORT MORE-OF-VERIFY: $unit, $activate and $kinds vary it
	[ -e ".certfleet-$1" ] || rm -f certfleet.lineage # a state of its own
	cat <<-END
	certfleet: 1
	fleet: demands
	state: .certfleet-$1
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Demands CA", publish: trust/demands.pem}
	certificates:
	  ec: {subject: "CN=site.example.test, O=${unit:-first}", issuer: ca}
	  rsa: {subject: "CN=site.example.test, O=${unit:-first}", issuer: ca, key: rsa-2048}
	roles:
	  web: {restart: {timeout: ${expiry:-$patience}, on_failure: rollback}}
	components:
	END
	for kind in ${kinds:-ec rsa}; do
		cat <<-END
		  $kind:
		    role: web
		    certificate: $kind
		    deliver: {files: {combined: dual/$1-$kind.pem}}
		    activate: ${activate:-"{signal: USR2, pidfile: run/$1.pid}"}
		    verify: {tls: "127.0.0.1:$2"${3:-}}
		END
	done
}

all_proven() { # TEXT
	local kind
	cf apply --yes
	is $status 0 "$1: proven"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
	take_status
	for kind in ${kinds:-ec rsa}; do
		is "$(status_of $kind state)" in-sync "$1: $kind is in-sync"
	done
}

# --- a client certificate ---
demand="verify required ca-file $work/secrets/ca.pem"
for protocol in 1.2 1.3; do
	name=demands-$protocol
	rm -rf backups trust/*
	free_port port
	start_haproxy $name "$port" "$demand ssl-min-ver TLSv$protocol ssl-max-ver TLSv$protocol"
	if [ $protocol = 1.2 ]; then
		write_fleet $name "$port" >certfleet.yaml
		before=$(cat dual/$name-*.pem | sha256sum)
		cf plan
		has "$out" "acknowledge *unverifiable ec, rsa: .*it demands a client certificate" "a plan says that no handshake can prove what a port serves"
		cf apply --yes
		is $status 3 "an apply waits for an acknowledgement"
		is "$(cat dual/$name-*.pem | sha256sum)" "$before" "and changes nothing"
		cf apply --yes --ack unverifiable:role:web
		is $status 0 "once it is given the pairs are installed and activated"
		hasnt "$out" "verify " "without a handshake"
		take_status
		is "$(status_of ec served)" null "nothing is claimed of what is served"
		cf plan --detailed-exitcode
		is $status 0 "and nothing is left to do"
	fi
	for own in ec rsa; do
		unit=$own write_fleet $name "$port" ", identity: {certificate: secrets/$own.pem, key: secrets/$own.key}" >certfleet.yaml
		all_proven "with an identity of type $own and TLS $protocol"
	done
	[ $protocol = 1.2 ] || continue
	unit=back activate='{command: ["true"]}' expiry=3s write_fleet $name "$port" ", identity: {certificate: secrets/rsa.pem, key: secrets/rsa.key}" >certfleet.yaml
	cf apply --yes
	is $status 8 "a roll back is proven with the identity as well"
	unit=rsa write_fleet $name "$port" ", identity: {certificate: secrets/rsa.pem, key: secrets/ec.key}" >certfleet.yaml
	cf plan
	has "$out" "unverifiable ec, rsa: .*secrets/rsa.pem.*secrets/ec.key.* are no pair" "an identity that is no pair is told in the plan, by its files"
	make_pair stranger secrets/stranger.pem secrets/stranger.key
	unit=rsa write_fleet $name "$port" ", identity: {certificate: secrets/stranger.pem, key: secrets/stranger.key}" >certfleet.yaml
	cf plan
	has "$out" "unverifiable ec, rsa: .*after it was shown the client certificate of 'identity'" "and so is one that the port refuses"
	chmod 644 secrets/rsa.key
	unit=rsa write_fleet $name "$port" ", identity: {certificate: secrets/rsa.pem, key: secrets/rsa.key}" >certfleet.yaml
	cf plan
	has "$out" "unverifiable ec, rsa: .*secrets/rsa.key.*chmod" "and one whose key others can read, with the remedy"
	chmod 600 secrets/rsa.key
done

# --- a PROXY header, and the first DNS name of the certificate for an address ---
rm -rf backups trust/*
free_port port
start_haproxy proxied "$port" "accept-proxy strict-sni"
write_fleet proxied "$port" ", proxy_protocol: 2" >certfleet.yaml
all_proven "HAProxy behind a proxy, asked by name"
write_fleet proxied "$port" >certfleet.yaml
take_status
has "$(status_of ec error)" "TLS handshake with 127.0.0.1:$port failed" "without the header there is no answer"

rm -rf backups trust/*
free_port port
old_directory behind
cp tls/behind/fullchain.pem run/old.crt
cat run/old.crt tls/behind/key.pem >dual/behind-ec.pem
chmod 600 dual/behind-ec.pem
cat >run/behind.conf <<END
worker_processes 1;
pid run/behind.pid;
error_log run/behind.log;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path run/b1; proxy_temp_path run/b2; fastcgi_temp_path run/b3; uwsgi_temp_path run/b4; scgi_temp_path run/b5;
	server {
		listen 127.0.0.1:$port ssl proxy_protocol;
		ssl_certificate $work/dual/behind-ec.pem; ssl_certificate_key $work/dual/behind-ec.pem;
	}
}
END
nginx -p "$work" -c run/behind.conf 2>>run/behind.log
wait_port "$port"
kinds=ec
activate='{signal: HUP, pidfile: run/behind.pid}'
write_fleet behind "$port" ", proxy_protocol: 2" >certfleet.yaml
all_proven "nginx behind a proxy"

# --- what the served chain must lead to ---
cp trust/demands.pem trust/root.pem
write_fleet behind "$port" ", proxy_protocol: 2, trust: trust/root.pem" >certfleet.yaml
cf plan --detailed-exitcode
is $status 0 "a chain that leads to the root in 'trust' is in order"
has "$out" "anchors of a port trust/root.pem sha256 " "the file is told as a first contact"
cp secrets/ca.pem trust/root.pem
cf plan
has "$out" "leads to nothing in the file of 'trust'" "one that leads to another is not"
take_status
is "$(status_of ec state)" restart-pending "nor in-sync"
finish
