#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the program says to the most likely mistakes, against tests/cli/messages:
# each names object, cause and remedy.  MESSAGES_WRITE=1 writes that file again.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "faketime is not installed"
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
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
	-days 3000 -subj "/CN=Outer CA" 2>/dev/null
openssl req -new -key k.pem -subj /CN=v.example.com -out v.csr
printf 'subjectAltName=DNS:v.example.com\n' >v.ext
openssl x509 -req -in v.csr -CA ca.pem -CAkey ca.key -days 3000 -extfile v.ext -out leaf.pem 2>/dev/null
faketime 2020-01-01 openssl x509 -req -in v.csr -signkey k.pem -days 90 -extfile v.ext -out expired.pem 2>/dev/null
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

masked() {
	sed "s|$work|DIR|g; s/[0-9a-f]\{12,\}/FINGERPRINT/g; s/-[0-9]\{8\}T[0-9]\{6\}Z/-TIME/
		s/ 20[0-9-]*T[0-9:]*Z\([,;)]\)/ TIME\1/g; s/pid [0-9]* on $(hostname)/pid N on HOST/; s/expired [0-9]* years ago/expired YEARS ago/"
}
# The first-contact notices and the steps belong to the plan's own goldens.
said() { # TITLE ARGS...
	printf '== %s\n' "$1"
	shift
	printf '$ certfleet %s\n' "$*" | masked
	timeout 60 "$CERTFLEET" "$@" >run/out 2>&1 </dev/null
	status=$?
	awk '/^(Certificates|Stage|Wave|Left out|Preconditions|Plan for|Unchanged|[0-9]+ (authority|to) |[0-9]+ unchanged|Nothing|Blocked|Waits)/ { skip = 1 }
	     /^  (block|acknowledge|info) / { skip = /first-contact/ }
	     /^(certfleet:|[^ ].*yaml:)/ { skip = 0 }
	     !skip && NF' run/out | masked
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
tells() { # TITLE TARGET
	fleet "" "" "notify: [$2]" >certfleet.yaml
	said "$1" notify
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
	said "a former certificate where there is none" plan --use shop@previous
	said "a former certificate of nothing" plan --use shp@previous
	said "a former certificate without its name" plan --use previous
	said "a new key for what is not there" plan --reissue shp
	said "a check without its time" status --check
	said "an agent without its configuration" agent
	said "an agent at no address" agent accept 10.0.0.5
	rm certfleet.yaml
	said "no fleet file" plan

	checks "an unknown key" '{subjct: "CN=shop", issuer: ca}'
	checks "an unknown issuer" '{subject: "CN=shop.example.com", issuer: cq}'
	checks "an unknown certificate" "" '{certificate: shp, deliver: {files: {directory: tls/a}}}'
	checks "an unknown driver" "" '{certificate: shop, deliver: {file: {directory: tls/a}}}'
	checks "no way to deliver" "" '{certificate: shop}'
	checks "an unknown role" "" '{role: wbe, certificate: shop, deliver: {files: {directory: tls/a}}}' 'roles: {web: {}}'
	checks "a duplicate key" "" "" 'fleet: other'
	checks "a tab" "" "" "$(printf 'roles:\n\tweb: {}')"
	checks "no blank after a colon" "" "" 'state:.certfleet'
	checks "a version that is not quoted" "" "" 'roles: {web: {version: {minimum: 1.20}}}'
	checks "a wildcard that is not quoted" '{subject: "CN=shop.example.com", issuer: ca, names: [*.example.com]}'
	checks "an address in brackets that is not quoted" "" '{certificate: shop, deliver: {files: {directory: tls/a}}, verify: {tls: [::1]:443}}'
	checks "two components with one path" "" "" '  b: {certificate: shop, deliver: {files: {directory: tls/a}}}'
	checks "roles that wait for each other" "" "" 'roles: {web: {after: [db]}, db: {after: [web]}}'
	checks "a list of hosts that is not there" "" '{each: {csv: nowhere.csv, name: host}, certificate: shop, deliver: {files: {directory: "tls/${each}"}}}'
	printf 'host\nh1\n' >hosts.csv
	checks "a column that is not there" "" '{each: {csv: hosts.csv, name: host}, certificate: shop, deliver: {files: {directory: "tls/${each.nmae}"}}}'
	checks "one path for a whole group" "" '{each: ["h[1-2]"], certificate: shop, deliver: {files: {directory: tls/a}}}'
	checks "a name that the certificate does not have" "" '{certificate: shop, deliver: {files: {directory: tls/a}}, verify: {tls: "127.0.0.1:1", server_name: www.example.com}}'
	checks "a window longer than the certificate" '{subject: "CN=shop.example.com", issuer: ca, validity: 30d, renew_before: 60d}'
	checks "an acknowledgement without an end" "" "" 'acknowledge: [{code: offline, on: a, reason: it is in repair}]'
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

	fleet >certfleet.yaml
	said "nobody to notify" notify
	checks "a webhook as text" "" "" 'notify: [{http: {url: "https://hooks.example.com/", secret_path: T000/B000/XXXX}}]'
	checks "a placeholder of no notification" "" "" 'notify: [{http: {url: "https://hooks.example.com/", json: {text: "${message}"}}}]'
	checks "a script beside the fleet file" "" "" 'notify: [{command: [notify/mail.sh]}]'
	tells "no such program" '{command: [no-such-program]}'
	tells "a program that fails" '{command: [sh, -c, "echo no route to the mail server >&2; exit 1"]}'
	tells "nothing that listens" '{http: {url: "http://127.0.0.1:1/"}}'
	tells "a webhook that is not there" '{http: {url: "http://127.0.0.1:1/", secret_path: {file: nowhere}}}'

	7z a -tzip -p'right password' sealed.zip c.pem k.pem >/dev/null
	echo '# Notes' >notes.md
	7z a -tzip other.zip c.pem k.pem notes.md >/dev/null
	head -c 300 c.der >cut.der
	openssl pkcs8 -topk8 -v2 camellia-256-cbc -in k.pem -passout pass:secret -out camellia.pem
	openssl pkcs12 -export -certpbe CAMELLIA-256-CBC -keypbe CAMELLIA-256-CBC -in c.pem -inkey k.pem \
		-passout pass:secret -out camellia.p12
	openssl req -new -key k.pem -subj /CN=v.example.com -outform der -out request.der
	sed '3s/$/\n/' c.pem >gap.pem
	openssl pkey -in k.pem -traditional -aes256 -passout pass:secret | sed 's/^DEK-Info: AES-256-CBC,../&X/' >headers.pem
	7z a -tzip keyless.zip c.pem >/dev/null
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
	imports "a key sealed with another cipher" '{pem: [c.pem, camellia.pem], password: {file: right.pw}}'
	imports "PKCS#12 sealed with another cipher" '{pkcs12: camellia.p12, password: {file: right.pw}}'
	imports "a Java keystore" '{pkcs12: v.jks, password: {file: right.pw}}'
	imports "DER where PEM is said" '{pem: [c.der, k.pem]}'
	imports "PKCS#12 where PEM is said" '{pem: v.p12}'
	imports "DER where PKCS#12 is said" '{pkcs12: c.der}'
	imports "a file by its content, without its password" v.p12
	imports "DER that was cut off" '{file: [cut.der, k.pem]}'
	imports "a request in place of a certificate" '{der: [request.der, k.pem]}'
	imports "a file that is nothing of all" '{file: [notes.md, k.pem]}'
	imports "PEM where DER is said" '{der: [c.pem, k.pem]}'
	imports "an empty line in the base64" '{pem: [gap.pem, k.pem]}'
	imports "a key whose headers are damaged" '{pem: [c.pem, headers.pem], password: {file: right.pw}}'
	imports "PEM where PKCS#12 is said" '{pkcs12: c.pem}'
	imports "a ZIP with a password" '{zip: sealed.zip}'
	imports "a ZIP of other files" '{zip: other.zip}'
	imports "PEM where a ZIP is said" '{zip: c.pem}'
	imports "a ZIP where PEM is said" '{pem: other.zip}'
	imports "a ZIP without a key" '{zip: keyless.zip}'
	imports "one that has expired" '{pem: [expired.pem, k.pem]}'
	plans "one whose chain leads nowhere" '{import: {pem: [leaf.pem, k.pem]}, trust: c.pem}'
	fleet "{import: {pem: [c.pem, k.pem]}}" >certfleet.yaml
	said "a new key for an import" plan --reissue shop
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
	plans "no SSH server" "" '{certificate: shop, deliver: {sftp: {url: "sftp://root@127.0.0.1:1", directory: /tls}}}' \
		'access: {ssh: {key: k.pem, known_hosts: known_hosts}}'
	reached "no agent" '{agent: "https://127.0.0.1:1"}' 'access: {agent: {certificate: c.pem, key: k.pem, ca: c.pem}}'
	applies
}

# What an apply meets: a fleet with two runs behind it.
applies() {
	fleet "" "" "roles: {web: {restart: {timeout: 1s}}}" | sed 's|{file: pass}|{file: nowhere.pass}|' >certfleet.yaml
	said "a passphrase that is not there" apply --yes
	fleet | sed 's|{file: pass}|{env: CERTFLEET_MISSING}|' >certfleet.yaml
	said "a passphrase that is not in the environment" apply --yes
	fleet >certfleet.yaml
	"$CERTFLEET" apply --yes >/dev/null 2>&1
	"$CERTFLEET" apply --yes --reissue shop >/dev/null 2>&1
	said "a time that is past" apply --yes --use shop@previous --until 2000-01-01
	said "a plan to be reviewed" plan --out p.plan --reissue shop
	said "a saved plan without its choices" apply p.plan
	fleet '{subject: "CN=shop.example.com", issuer: ca, validity: 60d}' >certfleet.yaml
	said "a saved plan of another fleet file" apply p.plan --reissue shop
	said "a word that is no plan" apply hosts.csv --yes
	fleet | sed 's/CN=Shop CA/CN=New CA/' >certfleet.yaml
	said "an issuer that is another one now" apply --yes
	fleet "" '{certificate: shop, deliver: {files: {directory: open/a}}}' >certfleet.yaml
	said "a place that is not safe" apply --yes
	fleet "" '{role: web, certificate: shop, deliver: {files: {directory: tls/a}}, activate: {command: [sh, refuse.sh]}}' 'roles: {web: {}}' >certfleet.yaml
	printf 'echo "line 3: no such option"\necho "the new configuration is refused"\nexit 1\n' >refuse.sh
	said "a server that refuses" apply --yes --reissue shop
	fleet "" "{role: web, certificate: shop, deliver: {files: {directory: tls/a}}, activate: {command: [\"true\"]}, $at_port}" \
		'roles: {web: {restart: {timeout: 1s}}}' >certfleet.yaml
	said "a port that nobody listens at" apply --yes
	fleet >certfleet.yaml
	flock -o .certfleet/lock sleep 60 &
	until ! flock -n .certfleet/lock true; do sleep 0.05; done
	said "an apply while another one is at work" apply --yes
	kill $!
	wait $! 2>/dev/null
	cp pass run/pass
	echo "another-correct-horse-battery-77" >pass
	said "another passphrase" apply --yes
	said "another passphrase for a bundle" backup verify "$(ls backups/*.zip | tail -1)"
	cp run/pass pass
	head -c 700 "$(ls backups/*.zip | tail -1)" >cut.zip
	said "half a bundle" backup verify cut.zip
	mv .certfleet run/kept
	said "a state that is not there" plan
	mkdir -m 700 .certfleet && echo hello >.certfleet/state.db
	said "a state that is none" plan
	rm -r .certfleet
	mv run/kept .certfleet
}

all >run/messages
[ -z "${MESSAGES_WRITE:-}" ] || cp run/messages "$golden"
diff -u "$golden" run/messages | sed 's/^/# /'
[ "${PIPESTATUS[0]}" -eq 0 ]; ok $? "each message is the one that was reviewed"
[ "$(grep '^== ' run/messages | sort -u | wc -l)" -ge 60 ]; ok $? "there are at least 60"

# what a message names can be done, in a fleet that is well
fleet >certfleet.yaml
"$CERTFLEET" apply --yes >run/out 2>&1
is $? 0 "the fleet is well again"
grep -v '^\$ ' run/messages | grep -v "unknown option" >run/named
grep -o "'certfleet [^']*'" run/named | tr -d "'" | sort -u >run/commands
[ "$(wc -l <run/commands)" -ge 8 ]; ok $? "messages name commands"
while read -r _ command; do
	case $command in
	apply*) command="$command --yes" ;;
	notify) echo 'notify: [{command: ["true"]}]' >>certfleet.yaml ;;
	"backup restore"* | "state reseal"*) command="$command --help" ;; # they need what is lost
	esac
	# shellcheck disable=SC2086
	"$CERTFLEET" $command >run/out 2>&1 </dev/null
	is $? 0 "certfleet $command"
done <run/commands
while read -r ack; do
	# shellcheck disable=SC2086
	"$CERTFLEET" plan $ack >run/out 2>&1
	is $? 0 "certfleet plan $ack"
done < <(grep -o -e '--ack [a-z-]*[a-z:]*' run/named | sort -u)
for command in validate plan apply status history backup "backup verify" agent "agent accept"; do
	# shellcheck disable=SC2086
	"$CERTFLEET" $command --help
done >run/help
while read -r option; do
	grep -q -e "$option\b" run/help; ok $? "the option $option is in the help"
done < <(grep -o -e '--[a-z][a-z-]*' run/named | sort -u)
openssl x509 -inform der -in c.der -out converted.pem 2>/dev/null &&
	openssl pkcs8 -topk8 -v2 aes-256-cbc -in scrypt.pem -passin pass:secret -passout pass:secret -out converted.key
ok $? "what is to be converted with openssl is"
command -v keytool >/dev/null && {
keytool -importkeystore -srckeystore v.p12 -srcstoretype pkcs12 -srcstorepass secret \
	-destkeystore real.jks -deststoretype jks -deststorepass secret1 -destkeypass secret1 >run/out 2>&1 &&
	keytool -importkeystore -srckeystore real.jks -srcstorepass secret1 \
		-destkeystore converted.p12 -deststoretype pkcs12 -deststorepass secret1 >run/out 2>&1
ok $? "and with keytool"
}
[ -e converted.p12 ] || cp v.p12 converted.p12
if [ -e real.jks ]; then echo secret1; else echo secret; fi >jks.pw && chmod 600 jks.pw
for import in '{pem: [converted.pem, k.pem]}' '{pem: [c.pem, converted.key], password: {file: right.pw}}' \
	'{pkcs12: converted.p12, password: {file: jks.pw}}'; do
	fleet "{import: $import}" >certfleet.yaml
	"$CERTFLEET" plan >run/out 2>&1
	hasnt "$(cat run/out)" import-invalid "the result is accepted: $import"
done
chmod go-w open
fleet "" '{certificate: shop, deliver: {files: {directory: open/a}}}' >certfleet.yaml
"$CERTFLEET" plan >run/out 2>&1
hasnt "$(cat run/out)" target-unwritable "and so is what 'chmod go-w' was run on"
finish
