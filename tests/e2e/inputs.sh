#!/bin/bash
# Bad input: the right exit code, nothing changed, nothing lost.
. "$(dirname "$0")/lib.sh"
mkdir -p tls/site
make_pair a a.crt a.key
make_pair b b.crt b.key
openssl pkcs12 -export -in a.crt -inkey a.key -out a.p12 -passout pass:right
printf 'right\n' >secrets/right
printf 'wrong\n' >secrets/wrong
chmod 600 secrets/*

fleet() { # IMPORT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: inputs
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {import: $1}
	components:
	  here: {certificate: site, deliver: {files: {directory: tls/here}}}
	END
}

refused() { # IMPORT PATTERN WHAT
	fleet "$1"
	cf apply --yes
	is $status 4 "$3: exit 4"
	has "$out" "$2" "$3: says so"
	[ ! -e tls/here ]; ok $? "$3: nothing was delivered"
	[ ! -e backups ]; ok $? "$3: no bundle"
}

refused '{pkcs12: a.p12, password: {file: secrets/wrong}}' "password is wrong" "a wrong password"
refused '{pkcs12: a.p12, password: {env: CERTFLEET_UNSET}}' "CERTFLEET_UNSET" "a password variable that is not set"
refused '{pem: [a.crt, b.key]}' "key" "a key that does not match"
refused '{pem: [missing.crt, a.key]}' "missing.crt" "a file that is missing"
head -c 2000000 /dev/zero >big.pem
refused '{pem: [big.pem, a.key]}' "limit" "an oversized file"
printf 'garbage' >garbage.pem
refused '{pem: [garbage.pem]}' "garbage.pem" "a file that is no certificate"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=root \
	-days 100 -out root.crt -keyout root.key 2>/dev/null
sign() { # NAME ARGS: a leaf below root, or below the CA in $ca
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-out "$1.csr" -keyout "$1.key" 2>/dev/null
	local name=$1
	shift
	openssl x509 -req -in "$name.csr" -CA "${ca:-root}.crt" -CAkey "${ca:-root}.key" \
		-CAcreateserial -out "$name.crt" "$@" 2>/dev/null
}
sign current -days 50
faketime '2020-01-01' true 2>/dev/null && {
	ca=root faketime '2020-01-01' openssl x509 -req -in current.csr -CA root.crt -CAkey root.key \
		-out expired.crt -days 10 2>/dev/null
	refused '{pem: [expired.crt, current.key]}' "ended at" "an expired certificate"
	faketime '2099-01-01' openssl x509 -req -in current.csr -CA root.crt -CAkey root.key \
		-out early.crt -days 10 2>/dev/null
	refused '{pem: [early.crt, current.key]}' "not valid" "a certificate that is not yet valid"
}
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n' >ca.ext
sign middle -days 90 -extfile ca.ext
ca=middle sign leaf -days 50

# unreadable and oversized fleet files
rm certfleet.yaml
cf plan
is $status 65 "no fleet file: 65"
has "$out" "certfleet.yaml" "and it is named"
mkfifo certfleet.yaml
cf validate
is $status 65 "a fifo as fleet file: 65, at once"
rm certfleet.yaml
head -c 70000000 /dev/zero | tr '\0' '#' >certfleet.yaml
cf validate
is $status 65 "an oversized fleet file: 65"
has "$out" "limit" "and it names the limit"
rm certfleet.yaml

# secrets
fleet '{pkcs12: a.p12, password: {file: secrets/right}}'
CERTFLEET_BACKUP_PASSPHRASE=short cf apply --yes
is $status 65 "a weak backup passphrase: 65"
[ ! -e tls/here ]; ok $? "and nothing was delivered"
CERTFLEET_BACKUP_PASSPHRASE= cf apply --yes
is $status 65 "no backup passphrase: 65"
cf apply --yes
is $status 0 "the right password works"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is_pair tls/here/leaf.pem tls/here/key.pem; ok $? "and the pair is there"
sum=$(find tls backups -type f | sort | xargs sha256sum)
openssl pkcs12 -export -in b.crt -inkey b.key -out a.p12 -passout pass:right
CERTFLEET_BACKUP_PASSPHRASE='another passphrase, wrong' cf apply --yes
is $status 65 "another backup passphrase than the state is sealed with: 65"
has "$out" "passphrase" "and it says so"
is "$(find tls backups -type f | sort | xargs sha256sum)" "$sum" "nothing changed"

# another fleet's state, a damaged state
sed -i 's/fleet: inputs/fleet: others/' certfleet.yaml
cf apply --yes
is $status 65 "the state of another fleet: 65"
has "$out" "inputs" "naming it"
sed -i 's/fleet: others/fleet: inputs/' certfleet.yaml
for file in .certfleet/*.db; do
	cp "$file" run/saved.db
	printf 'this is no database, not at all' >"$file"
	cf apply --yes
	is $status 1 "a damaged state: 1"
	is "$(cat "$file")" "this is no database, not at all" "and it is left as it is"
	cp run/saved.db "$file"
done
is "$(find tls backups -type f | sort | xargs sha256sum)" "$sum" "still nothing changed"
cf apply --yes
is $status 0 "with the state as it was the work goes on"

# the import's file goes away: what is known stays
mv a.p12 gone.p12
cf plan
is $status 0 "a missing import is no error while a generation is known"
has "$out" "import-missing" "it is told"
finish
