#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A pair in use that no client accepts is not in-sync; and none is brought there.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "faketime is not installed"
free_port front

sign() { # NAME SIGNER DAYS EXTENSIONS
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -keyout "secrets/$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "secrets/$2.key" -days "$3" \
		-extfile <(printf '%s\n' "$4") -out "$1.pem" 2>/dev/null
}
make_pair root root.pem secrets/root.key 365
sign middle root 300 'basicConstraints = critical, CA:true'
sign leaf middle 60 $'basicConstraints = CA:false\nsubjectAltName = DNS:shop.example.test, DNS:*.shop.example.test'
sign client middle 60 $'subjectAltName = DNS:shop.example.test\nextendedKeyUsage = clientAuth'
sign plain middle 60 'basicConstraints = CA:false'
chmod 600 secrets/*.key
cp leaf.pem hole.pem
cat root.pem >>hole.pem
old_directory front
old=$(installed tls/front/fullchain.pem)

fleet() { # IMPORT [TRUST [SERVER-NAME]]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: invalid
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {import: {pem: [$1]}${2:+, trust: $2}}
	components:
	  front:
	    certificate: site
	    deliver: {files: {directory: tls/front}}
	    activate: {signal: HUP, pidfile: run/front.pid}
	    verify: {tls: "127.0.0.1:$front", server_name: ${3:-www.shop.example.test}}
	END
}
start_nginx front "$front"

refused() { # STATUS PATTERN WHAT
	cf apply --yes
	is $status "$1" "$3 is not brought there"
	has "$out" "$2" "and why not is said"
	is "$(installed tls/front/fullchain.pem)" "$old" "the old pair stays"
}
fleet 'leaf.pem, secrets/leaf.key'
refused 4 "block  *chain-open site: its chain ends at 'CN=leaf': the certificate of its issuer 'CN=middle' is neither in the import nor in this machine's trust store" \
	"a leaf without its intermediate"
fleet 'hole.pem, secrets/leaf.key'
refused 4 "the certificate of its issuer 'CN=middle' is missing.*add it" "a root above a hole"
fleet 'leaf.pem, secrets/leaf.key' root.pem
refused 4 "neither in the import nor in '.*root.pem'" "a leaf whose anchor is another's"
fleet 'leaf.pem, middle.pem, root.pem, secrets/leaf.key' system
refused 4 "chain-open" "a root that this machine does not trust, where that is asked for,"
fleet 'leaf.pem, middle.pem, root.pem, secrets/leaf.key' '' other.example.test
refused 4 "block  *invalid front: the certificate is not for 'other.example.test' but for '\*.shop.example.test', 'shop.example.test'" \
	"a certificate for another name"
fleet 'client.pem, middle.pem, root.pem, secrets/client.key' '' shop.example.test
refused 4 "not for servers" "a client's certificate"
fleet 'plain.pem, middle.pem, root.pem, secrets/plain.key' '' plain
refused 4 "has no name" "a certificate without a name"

fleet 'leaf.pem, middle.pem, secrets/leaf.key' root.pem
cf apply --yes
is $status 0 "what reaches the given anchor is brought there"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_status
is "$(status_of front state)" in-sync "and in-sync"
cf status --check 14d
is $status 0 "a check finds nothing"
cf status --check 61d
is $status 2 "but what ends within its time"

told() { # PATTERN WHAT
	take_status
	is "$(status_of front state)" invalid "$2 is invalid"
	has "$(status_of front error)" "$1" "status says why"
	cf status
	has "$out" " invalid .*" "in words"
	has "$out" "$1" "too"
	cf status --check 1d
	is $status 2 "a check finds it"
	has "$out" "'front' is invalid: .*$1" "and says it"
	cf plan --detailed-exitcode
	is $status 0 "there is no step that would help"
	has "$out" "$1" "the plan tells it"
}
fleet 'leaf.pem, middle.pem, secrets/leaf.key'
told "its chain ends at 'CN=middle'" "a chain that reaches no anchor"
fleet 'leaf.pem, middle.pem, secrets/leaf.key' none
take_status
is "$(status_of front state)" in-sync "unless none is asked for"
fleet 'leaf.pem, middle.pem, secrets/leaf.key' none other.example.test
told "not for 'other.example.test'" "a name that is asked for and not there"

fleet 'leaf.pem, middle.pem, secrets/leaf.key' none
cf plan --at "$(date -u -d '+100 days' +%Y-%m-%dT00:00:00Z)"
is $status 0 "a plan may look ahead"
has "$out" "import-invalid site: the leaf 'CN=leaf' expired 3[0-9] days ago\|import-invalid site: the leaf 'CN=leaf' expired 4[0-9] days ago" "to when it will have ended"
at "290 days"
take_status
is "$(status_of front state)" invalid "what ended 230 days ago is invalid"
has "$(status_of front error)" "the leaf 'CN=leaf' expired 2[23][0-9] days ago" "and says since when"
cf status --check 1d
is $status 2 "a check finds it"

# --- a plan that is applied after the pair has ended ---
CERTFLEET=$plain
short() { # COMPONENT...
	cat <<-END
	certfleet: 1
	fleet: short
	state: {path: .short, unsealed: true}
	backup: {directory: short-backups, unencrypted: true}
	certificates:
	  short: {subject: CN=short.example.test, issuer: self, validity: 1d}
	components:
	END
	for name; do
		echo "  $name: {certificate: short, deliver: {files: {directory: tls/$name}}}"
	done
}
short one >certfleet.yaml
cf apply --yes
is $status 0 "a pair for a day is installed"
short one two >certfleet.yaml
cf plan --out short.plan
at "25 hours"
cf apply short.plan
[ $status -ne 0 ]; ok $? "a plan of yesterday does not install what has ended since"
has "$out" "stage *two .*failed: no client would accept it: the leaf expired" "and says so"
[ ! -e tls/two ]; ok $? "nothing is staged"
finish
