#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 2.1, 2.2 and 2.4 of the wizard: what a certificate is asked for with, what is made,
# and what an import has to be.
. "$(dirname "$0")/lib.sh"

fleet() { # CERTIFICATE
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: wizard
	topology: appmon
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers: {appmon-ca: {subject: "CN=AppMon CA, O=Example"}}
	certificates: {appmon: $1}
	components:
	  server: {role: server, certificate: appmon, deliver: {files: {directory: tls/server}}, activate: {command: [/bin/true]}}
	END
}

# --- 2.1
wrong() { # CERTIFICATE PATTERN WHAT
	fleet "$1"
	cf validate
	is $status 65 "2.1 $3 is a mistake"
	has "$out" "$2" "2.1 and told as one"
}
wrong '{subject: "", issuer: self}' "certfleet.yaml:6:.*'subject'" "an empty Issued to"
wrong '{subject: "dt.example.com", issuer: self}' "certfleet.yaml:6:.*'subject'" "a subject that is no distinguished name"
wrong '{subject: "CN=dt.example.com"}' "missing key 'issuer', or 'import'" "no Issuer"
wrong '{subject: "CN=dt.example.com", issuer: appmon-cq}' "appmon-ca" "an issuer that is not there"
wrong '{subject: "CN=dt.example.com", issuer: self, validity: 0d}' "'validity'" "a validity of nothing"
wrong '{subject: "CN=dt.example.com", issuer: self, validity: 900y}' "'validity'" "a validity beyond all measure"
wrong '{subject: "CN=dt.example.com", issuer: self, key: ecdsa-p256}' "'key' must be RSA" "a key that is not RSA"

# --- 2.2
key_of() { openssl x509 -in "$1" -noout -text | sed -n 's/.*Public-Key: (\(.*\) bit).*/\1/p'; }
fleet '{subject: "CN=dt.example.com, O=Example", issuer: self, validity: 2y}'
cf apply --yes
is $status 0 "2.1 the issuer 'self' makes a self-signed certificate"
is "$(openssl x509 -in tls/server/leaf.pem -noout -issuer -nameopt RFC2253)" "issuer=CN=dt.example.com,O=Example" "2.1 whose issuer is its subject"
fleet '{subject: "CN=dt.example.com, O=Example", issuer: appmon-ca, validity: 2y}'
cf apply --yes
is $status 0 "2.1 another issuer makes a chain"
is "$(openssl x509 -in tls/server/leaf.pem -noout -issuer -nameopt RFC2253)" "issuer=CN=AppMon CA,O=Example" "2.1 of a leaf that is signed by it"
has "$(openssl x509 -in tls/server/leaf.pem -noout -subject)" 'dt.example.com' "2.1 for what it is issued to"
is "$(key_of tls/server/leaf.pem)" 2048 "2.2 the key is RSA of 2048 bits unless said otherwise"
openssl verify -CAfile tls/server/ca.pem tls/server/leaf.pem >run/verify 2>&1
ok $? "2.2 the chain is complete"
is_pair tls/server/leaf.pem tls/server/key.pem
ok $? "2.2 key and certificate are a pair"
is "$(stat -Lc %a tls/server/key.pem)" 600 "2.2 the key is readable by its owner alone"
hasnt "$out$(cat certfleet.lineage)" 'PRIVATE KEY' "2.2 the key is in no output"
none=$(grep -rl 'PRIVATE KEY' . --include='*' 2>/dev/null | grep -v '^./tls/')
is "$none" "" "2.2 and in no file but the component's"
cf plan --reissue appmon --json
hasnt "$out" 'PRIVATE' "2.2 nor in a plan"

# --- 2.4: files as an authority of the user's would give them
ca() { # NAME [CA]: a CA, self-signed or below another
	openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$1" -days 400 -keyout "$1.key" -out "$1.crt" \
		${2:+-CA "$2.crt" -CAkey "$2.key"} -addext basicConstraints=critical,CA:true 2>run/openssl || cat run/openssl
}
leaf() { # NAME KEY CA DAYS...: signed by the CA
	openssl req -new -newkey "$2" ${curve:+-pkeyopt ec_paramgen_curve:P-256} -nodes -subj "/CN=dt.example.com" \
		-addext subjectAltName=DNS:dt.example.com -keyout "$1.key" -out "$1.csr" 2>run/openssl
	openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -copy_extensions copy \
		-out "$1.crt" "${@:4}" 2>run/openssl || cat run/openssl
}
zip_of() { # OUT FILE...: its .pem files
	/usr/bin/python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    for name in sys.argv[2:]: z.write(name)' "$@"
}
ca root; ca other; ca intermediate root
leaf good rsa:2048 intermediate -days 90
leaf weak rsa:1024 intermediate -days 90
curve=1 leaf ecdsa ec intermediate -days 90
leaf short rsa:2048 intermediate -days 1
openssl req -x509 -key intermediate.key -subj /CN=intermediate -days 400 -CA other.crt -CAkey other.key \
	-addext basicConstraints=critical,CA:true -out crossed.crt 2>run/openssl
chain="intermediate.crt root.crt"
# shellcheck disable=SC2086
whole() { cat $1.crt $chain $1.key >"${2:-$1.pem}"; }
whole good; whole weak; whole ecdsa; whole short

takes() { # IMPORT WHAT
	fleet "{import: $1}"
	cf apply --yes
	is $status 0 "2.4 $2 is imported"
	is "$(installed tls/server/leaf.pem)" "$(installed good.crt)" "2.4 and delivered"
}
takes '{pem: good.pem}' "one PEM with key and chain"
# shellcheck disable=SC2086
openssl pkcs12 -export -in good.crt -inkey good.key -certfile <(cat $chain) -out good.p12 -passout pass:right
printf 'right\n' >secrets/right; printf 'wrong\n' >secrets/wrong; chmod 600 secrets/*
takes '{pkcs12: good.p12, password: {file: secrets/right}}' "PKCS#12"
cp good.crt leaf.pem; cp good.key key.pem; cp intermediate.crt ca1.pem; cp root.crt ca2.pem
zip_of good.zip leaf.pem ca1.pem ca2.pem key.pem
takes '{zip: good.zip}' "a ZIP of .pem files"
cat good.pem crossed.crt other.crt >several.pem
takes '{pem: several.pem}' "several chains that begin with the same leaf"

before=$(installed tls/server/leaf.pem)
refuses() { # IMPORT PATTERN WHAT
	fleet "{import: $1}"
	cf plan
	is $status 0 "2.4 $3: a plan is made"
	has "$out" "block *import-invalid appmon: .*$2" "2.4 $3 is refused in words of its own"
	cf apply --yes
	is "$status $(installed tls/server/leaf.pem)" "4 $before" "2.4 and the former pair stays"
	grep -o "import-invalid appmon: .*" <<<"$out" | head -1 >>run/said
}
refuses '{pem: ecdsa.pem}' "its key is ecdsa-p256, and AppMon takes RSA keys" "a key that is not RSA"
refuses '{pem: weak.pem}' "its key is rsa-1024, and AppMon takes RSA keys of at least 2048 bits" "a key of 1024 bits"
openssl rsa -in good.key -aes256 -passout pass:right -out sealed.key 2>run/openssl
# shellcheck disable=SC2086
cat good.crt $chain sealed.key >sealed.pem
refuses '{pem: sealed.pem, password: {file: secrets/right}}' "its private key is encrypted, which AppMon's import wizard does not take in PEM" "an encrypted PEM key"
7z a -tzip -pright sealed.zip leaf.pem key.pem ca1.pem ca2.pem >run/7z
refuses '{zip: sealed.zip}' "is protected by a password" "a ZIP with a password"
cp root.crt root.cer; zip_of cer.zip leaf.pem key.pem ca1.pem root.cer
refuses '{zip: cer.zip}' "entry 'root.cer' does not end in '.pem'" "a ZIP with another file"
cat good.crt intermediate.crt good.key >rootless.pem
refuses '{pem: rootless.pem}' "its chain ends at 'CN=intermediate', and AppMon's import wizard takes complete chains only" "a chain without its root"
has "$out" "add the certificate of its issuer 'CN=root'" "2.4 and what is missing is named"
cat good.crt root.crt good.key >holed.pem
refuses '{pem: holed.pem}' "its chain ends at 'CN=dt.example.com', and AppMon's import wizard takes complete chains only" "a chain with a hole"
cat good.pem other.crt >unused.pem
refuses '{pem: unused.pem}' "certificate 'CN=other' belongs to no chain of the leaf" "a certificate that is not used"
openssl x509 -req -in good.csr -CA root.crt -CAkey root.key -CAcreateserial -out again.crt -days 80 2>run/openssl
cat good.pem again.crt >leaves.pem
refuses '{pem: leaves.pem}' "two certificates belong to the private key" "two leaves for the key"
cat good.pem weak.key >keys.pem
refuses '{pem: keys.pem}' "there is more than one private key in it" "two keys"
# shellcheck disable=SC2086
cat good.crt $chain weak.key >mismatch.pem
refuses '{pem: mismatch.pem}' "no certificate belongs to the private key" "the key of another certificate"
refuses '{pem: [good.crt, good.key, intermediate.crt, root.crt]}' "these are 4 files, and AppMon's import wizard takes exactly one" "several files"
refuses '{pkcs12: good.p12, password: {file: secrets/wrong}}' "its password is wrong" "a wrong password"
refuses '{pkcs12: good.pem}' "it is PEM; name it in 'pem'\|it is PEM" "PEM in place of PKCS#12"
if faketime '2020-01-01' true 2>/dev/null; then
	for date in 2020-01-01 2099-01-01; do
		faketime $date openssl x509 -req -in good.csr -CA intermediate.crt -CAkey intermediate.key -CAcreateserial \
			-copy_extensions copy -out dated.crt -days 10 2>run/openssl
		# shellcheck disable=SC2086
		cat dated.crt $chain good.key >$date.pem
	done
	refuses '{pem: 2020-01-01.pem}' "ended at 2020" "a certificate that has ended"
	refuses '{pem: 2099-01-01.pem}' "is not valid before 2099" "a certificate that is not valid yet"
fi
is "$(sed 's/DIR.*//' run/said | sort | uniq -d)" "" "2.4 no two violations have the same message"

# --- the rules are those of this topology
fleet '{import: {pem: rootless.pem}, trust: none}'
sed -i '/^topology/d; s/role: server, //' certfleet.yaml
cf plan
hasnt "$out" import-invalid "2.4 outside of the topology other imports are taken"

# --- trap: what is in use has ended
fleet '{import: {pem: short.pem}}'
cf apply --yes
is "$status $(installed tls/server/leaf.pem)" "0 $(installed short.crt)" "a certificate of one day is in use"
fleet '{import: {pem: good.pem}}'
at "3 days"; cf apply --yes
is "$status $(installed tls/server/leaf.pem)" "0 $before" "trap: an expired certificate does not block the import that replaces it"
fleet '{subject: "CN=dt.example.com, O=Example", issuer: self, validity: 1d}'
CERTFLEET=$plain
cf apply --yes
fleet '{subject: "CN=dt.example.com, O=Example", issuer: self, validity: 2y}'
at "3 days"; cf apply --yes
is $status 0 "trap: nor the one that is generated in its place"
openssl x509 -in tls/server/leaf.pem -noout -checkend 31536000 >run/end
ok $? "trap: which is in use then"
finish
