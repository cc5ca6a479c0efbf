#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the program says to the most likely mistakes, against tests/cli/messages:
# each names object, cause and remedy.  MESSAGES_WRITE=1 writes that file again.
. "$(dirname "$0")/lib.sh"
golden=$cli_tests/messages
mkdir -p tls open shut foreign
chmod 777 open
export CERTFLEET_BACKUP_PASSPHRASE=correct-horse-battery-staple-99
echo "$CERTFLEET_BACKUP_PASSPHRASE" >pass && chmod 600 pass
echo secret >right.pw && echo wrong >wrong.pw && chmod 600 right.pw wrong.pw
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem \
	-days 3000 -subj /CN=v.example.com -addext subjectAltName=DNS:v.example.com 2>/dev/null
openssl x509 -in c.pem -outform der -out c.der
openssl pkcs12 -export -in c.pem -inkey k.pem -passout pass:secret -out v.p12
openssl pkcs12 -export -in c.pem -inkey k.pem -nomac -passout pass:secret -out nomac.p12
openssl pkcs8 -topk8 -scrypt -in k.pem -passout pass:secret -out scrypt.pem
openssl pkcs8 -topk8 -v2 aes-256-cbc -in k.pem -passout pass:secret -out sealed.pem
openssl genpkey -algorithm ed25519 -out other.pem
printf '\xfe\xed\xfe\xed\0\0\0\2' >v.jks
: >empty.pem
printf '<html>' >page.pem

fleet() { # CERTIFICATE COMPONENT MORE
	cat <<-END
	certfleet: 1
	fleet: shop
	backup: {directory: backups, passphrase: {file: pass}}
	issuers:
	  ca: {subject: "CN=Shop CA"}
	certificates:
	  shop: ${1:-"{subject: \"CN=shop.example.com\", issuer: ca}"}
	components:
	  a: ${2:-"{certificate: shop, deliver: {files: {directory: tls/a}}}"}
	${3:-}
	END
}

# The first-contact notices and the steps belong to the plan's own goldens.
said() { # TITLE ARGS...
	printf '== %s\n' "$1"
	shift
	printf '$ certfleet %s\n' "$*"
	timeout 60 "$CERTFLEET" "$@" >run/out 2>&1 </dev/null
	status=$?
	awk '/^(Certificates|Stage|Wave|Left out|Preconditions|Plan for|Unchanged|[0-9]+ (authority|to) |[0-9]+ unchanged|Nothing|Blocked|Waits)/ { skip = 1 }
	     /^  (block|acknowledge|info) / { skip = /first-contact/ }
	     /^(certfleet:|[^ ].*yaml:)/ { skip = 0 }
	     !skip && NF' run/out | sed "s|$work|DIR|g; s/[0-9a-f]\{12,\}/FINGERPRINT/g; s/-[0-9]\{8\}T[0-9]\{6\}Z/-TIME/"
	printf -- '-> %s\n\n' $status
}
plans() { # TITLE CERTIFICATE COMPONENT MORE
	fleet "$2" "${3:-}" "${4:-}" >certfleet.yaml
	said "$1" plan
}
checks() { # TITLE CERTIFICATE COMPONENT MORE
	fleet "$2" "${3:-}" "${4:-}" >certfleet.yaml
	said "$1" validate
}
imports() { # TITLE IMPORT
	plans "$1" "{import: $2}"
}
to_files() { # TITLE FILES MORE
	plans "$1" "" "{certificate: shop, deliver: {files: $2}${3:-}}"
}
at_port='verify: {tls: "127.0.0.1:1", server_name: shop.example.com}'
reached() { # TITLE DELIVER MORE
	plans "$1" "" "{certificate: shop, deliver: $2, $at_port}" "${3:-}"
}

all() {
	fleet >certfleet.yaml
	said "no command"
	said "an unknown command" aply
	said "a command of another program" renew
	said "half a command" backup
	said "an unknown second word" backup lst
	said "an unknown option" plan --jsno
	said "an option that resembles none" plan --nope
	said "an argument too many" validate a b
	said "a time that is none" plan --at tomorrow
	said "a precondition that does not exist" plan --ack offlin
	said "an object that does not exist" plan --ack offline:nope
	said "a target that does not exist" plan --target shp
	said "apply without a terminal" apply
	said "a run that does not exist" history 99
	said "a run that is no number" history x
	said "a report of another kind" plan --report r.txt
	said "another fleet file" -f nowhere.yaml plan
	said "another directory" -C nowhere plan
	said "a bundle that does not exist" backup verify nowhere.zip
	rm certfleet.yaml
	said "no fleet file" plan

	checks "an unknown key" '{subjct: "CN=shop", issuer: ca}'
	checks "an unknown issuer" '{subject: "CN=shop.example.com", issuer: cq}'
	checks "an unknown certificate" "" '{certificate: shp, deliver: {files: {directory: tls/a}}}'
	checks "an unknown driver" "" '{certificate: shop, deliver: {file: {directory: tls/a}}}'
	checks "no way to deliver" "" '{certificate: shop}'
	checks "a subject that is not quoted" '{subject: CN=shop, O=Shop, issuer: ca}'
	checks "a mode that is not quoted" "" '{certificate: shop, deliver: {files: {directory: tls/a, mode: 0640}}}'
	checks "a duration without a unit" '{subject: "CN=shop.example.com", issuer: ca, validity: 90}'
	checks "a key type that is none" '{subject: "CN=shop.example.com", issuer: ca, key: rsa}'
	checks "no name for a server" '{subject: "CN=Shop Server", issuer: ca}'
	checks "a name with a port" '{subject: "CN=shop.example.com", issuer: ca, names: ["shop.example.com:443"]}'
	checks "an import with a subject" '{import: {pem: [c.pem, k.pem]}, subject: "CN=v.example.com"}'
	checks "an import of two kinds" '{import: {pem: c.pem, pkcs12: v.p12}}'
	checks "a directory with single paths" "" '{certificate: shop, deliver: {files: {directory: tls/a, key: tls/k}}}'
	checks "a pidfile without a signal" "" '{certificate: shop, deliver: {files: {directory: tls/a}}, activate: {pidfile: /run/a.pid}}'
	checks "an address without a port" "" '{certificate: shop, deliver: {files: {directory: tls/a}}, verify: {tls: shop.example.com}}'
	checks "a secret in the file" "" "" 'state: {path: st, seal: hunter2}'
	checks "a variable without the prefix" "" "" 'state: {path: st, seal: {env: PASSWORD}}'
	checks "a component without its access" "" '{certificate: shop, deliver: {sftp: {url: "sftp://root@127.0.0.1", directory: /tls}}}'
	sed -i '/^backup/d' certfleet.yaml
	said "no backup" validate

	imports "a file that is not there" '{pem: nowhere.pem}'
	imports "a password that is not there" '{pkcs12: v.p12, password: {file: nowhere.pw}}'
	imports "no password" '{pkcs12: v.p12}'
	imports "a wrong password" '{pkcs12: v.p12, password: {file: wrong.pw}}'
	imports "PKCS#12 without a MAC is read" '{pkcs12: nomac.p12, password: {file: right.pw}}'
	imports "no private key" '{pem: c.pem}'
	imports "no certificate" '{pem: k.pem}'
	imports "another private key" '{pem: [c.pem, other.pem]}'
	imports "an encrypted key without its password" '{pem: [c.pem, sealed.pem]}'
	imports "a key sealed with scrypt" '{pem: [c.pem, scrypt.pem], password: {file: right.pw}}'
	imports "a Java keystore" '{pkcs12: v.jks, password: {file: right.pw}}'
	imports "DER where PEM is said" '{pem: [c.der, k.pem]}'
	imports "PKCS#12 where PEM is said" '{pem: v.p12}'
	imports "PEM where PKCS#12 is said" '{pkcs12: c.pem}'
	imports "a web page" '{pem: [page.pem, k.pem]}'
	imports "an empty file" '{pem: [empty.pem, k.pem]}'

	to_files "a directory that is not there" '{directory: nowhere/a}'
	to_files "a directory that others can write to" '{directory: open/a}'
	to_files "a user that does not exist" '{certificate: tls/c, key: tls/k, owner: no-such-user}'
	to_files "a group that does not exist" '{certificate: tls/c, key: tls/k, group: no-such-group}'
	to_files "a file of another kind" '{certificate: pass, key: tls/k}'
	to_files "a program that does not exist" '{directory: tls/a}' ', activate: {command: [no-such-program]}'
	to_files "no process" '{directory: tls/a}' ', activate: {signal: HUP, pidfile: nowhere.pid}'
	reached "no socket of HAProxy" '{haproxy: {socket: nowhere.sock, certificate: tls/a.pem}}'
	reached "no Caddy" '{caddy: {admin: "http://127.0.0.1:1", id: x}}'
	reached "no etcd" '{etcd: {endpoints: ["http://127.0.0.1:1"], key: /tls/x}}'
	reached "no pair of the operator" '{agent: "https://127.0.0.1:1"}' \
		'access: {agent: {certificate: op.pem, key: op.key, ca: ca.pem}}'
	sed -i 's|{file: pass}|{file: nowhere.pass}|; s|{agent: "https.*}, v|{files: {directory: tls/a}}, v|' certfleet.yaml
	said "a passphrase that is not there" apply --yes
	fleet >certfleet.yaml
	"$CERTFLEET" apply --yes >/dev/null 2>&1
	mv .certfleet run/kept
	said "a state that is not there" plan
	mkdir -m 700 .certfleet && echo hello >.certfleet/state.db
	said "a state that is none" plan
}

all >run/messages
[ -z "${MESSAGES_WRITE:-}" ] || cp run/messages "$golden"
diff -u "$golden" run/messages | sed 's/^/# /'
[ "${PIPESTATUS[0]}" -eq 0 ]; ok $? "each message is the one that was reviewed"
[ "$(grep -c '^== ' run/messages)" -ge 60 ]; ok $? "there are at least 60"

# what a message names exists
grep -o "'certfleet [a-z][a-z ]*[a-z]" run/messages | sort -u | while read -r command; do
	# shellcheck disable=SC2086
	$CERTFLEET ${command#*certfleet} --help >/dev/null 2>&1 || echo "$command"
done >run/missing
[ ! -s run/missing ]; ok $? "every command that a message names exists"
is "$(cat run/missing)" "" "every command that a message names has its help"
grep -o "'\(openssl\|keytool\|iconv\|ssh-keygen\) [a-z0-9]*" run/messages | sort -u >run/tools
for tool in openssl iconv ssh-keygen; do command -v $tool >/dev/null; ok $? "$tool is there"; done
while read -r _ word; do
	openssl "$word" -help >/dev/null 2>&1; ok $? "openssl $word"
done < <(grep openssl run/tools)
finish
