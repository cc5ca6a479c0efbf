#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A pair as a ZIP that other tools import.
. "$(dirname "$0")/lib.sh"
plain_fleet
cat >>certfleet.yaml <<'END'
  edge:
    certificate: per-host
    each: ["e[1-2].example.com"]
    deliver: {files: {directory: "tls/${each}"}}
END
sed -i 's|^roles:|  per-host: {per: component, subject: "CN=${component.host}", names: ["${component.host}"], issuer: self}\nroles:|' certfleet.yaml
cf apply --yes
is $status 0 "an apply"
cf backup export site
is $status 64 "no file is named: 64"
umask 000
cf backup export site --out site.zip
is $status 0 "an export"
umask 022
has "$out" "'site.zip' holds 'site', valid until .*private key" "and what it holds is said"
is "$(stat -c %a site.zip)" 600 "it is private"
is "$(unzip -Z1 site.zip | xargs)" "leaf.pem ca.pem key.pem" "unzip: leaf, root and key, nothing else"
mkdir plain && unzip -q site.zip -d plain
ok $? "unzip unpacks it without a password"
is_pair plain/leaf.pem plain/key.pem; ok $? "openssl: the key fits the leaf"
cmp -s plain/leaf.pem tls/one/leaf.pem; ok $? "the leaf is the installed one"
cmp -s <(openssl pkey -in plain/key.pem -pubout) <(openssl pkey -in tls/one/key.pem -pubout); ok $? "and so is the key"
openssl verify -CAfile plain/ca.pem plain/leaf.pem >/dev/null; ok $? "the root verifies the leaf"
openssl pkcs12 -export -in plain/leaf.pem -inkey plain/key.pem -certfile plain/ca.pem -passout pass:x -out plain/p12; ok $? "openssl makes a PKCS#12 of it"
/usr/bin/python3 - <<'END'
import ssl, zipfile
archive = zipfile.ZipFile("site.zip")
assert archive.testzip() is None
text = b"".join(archive.read(name) for name in archive.namelist())
open("all.pem", "wb").write(text)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("all.pem")
END
ok $? "python loads the pair from it"

before=$(sha256sum <site.zip)
cf backup export site --out site.zip
is $status 0 "a former export is overwritten"
is "$(sha256sum <site.zip)" "$before" "with the same bytes"
cp certfleet.yaml run/fleet
cf backup export site --out certfleet.yaml
is $status 64 "another file is not: 64"
cmp -s certfleet.yaml run/fleet; ok $? "and it stays as it was"
cp "$(ls backups/*.zip | tail -1)" other.zip
cf backup export site --out other.zip
is $status 64 "nor is another ZIP"
cf backup export site --out nowhere/site.zip
is $status 1 "a directory that is not there: 1"
mkdir open && chmod 777 open
cf backup export site --out open/site.zip
is $status 1 "a directory that others can write: 1"
is "$(ls -A open)" "" "and nothing is in it"
cf backup export site --out tls/
is $status 64 "a directory instead of a file: 64"

cf backup export edge/e1.example.com --out edge.zip
is $status 64 "the component alone names no certificate: 64"
has "$out" "no certificate 'edge/e1.example.com'" "and it says so"
cf backup export per-host/edge/e1.example.com --out edge.zip
is $status 0 "one certificate of 'per: component', by its full name"
is "$(unzip -p edge.zip leaf.pem | openssl x509 -noout -subject -nameopt RFC2253)" "subject=CN=e1.example.com" "is that component's"
cf backup export sit --out edge.zip
is $status 64 "a slip: 64"
has "$out" "did you mean 'site'" "with the name that was meant"

old=$(ls backups/*.zip | tail -1)
leaf=$(installed tls/one/leaf.pem)
sleep 1
cf apply --yes --reissue site
is $status 0 "a renewal"
cf backup export site --out new.zip
is "$(unzip -p new.zip leaf.pem | openssl x509 -outform DER | sha256sum | cut -d' ' -f1)" "$(installed tls/one/leaf.pem)" "the newest is exported"
cf backup export site --out old.zip --bundle "$(basename "$old")"
is "$(unzip -p old.zip leaf.pem | openssl x509 -outform DER | sha256sum | cut -d' ' -f1)" "$leaf" "or that of another bundle"
CERTFLEET_ELSE='some other passphrase' cf backup export site --out x.zip --passphrase-env CERTFLEET_ELSE
is $status 65 "a wrong passphrase: 65"
[ ! -e x.zip ]; ok $? "and nothing is written"
mkdir away
cf -C away backup export site --out x.zip --bundle "../$old"
is $status 65 "without a passphrase: 65"
has "$out" "keys in '../$old' are encrypted; name its passphrase" "with the remedy"
finish
