#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# R3: what is stored is checked before it goes out: a bit that has flipped in the
# state, or another name's certificate, is neither published nor backed up nor staged.
. "$(dirname "$0")/lib.sh"
cat >certfleet.yaml <<END
certfleet: 1
fleet: stored
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=Stored CA", publish: trust/ca.pem}
certificates:
  one: {subject: "CN=one.example.test", issuer: ca}
  two: {subject: "CN=two.example.test", issuer: ca}
components:
  a: {certificate: one, deliver: {files: {directory: tls/a}}}
  b: {certificate: two, deliver: {files: {directory: tls/b}}}
END
cf apply --yes
is $status 0 "the fleet is set up"
[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }
cp -a .certfleet run/state
sha256sum trust/ca.pem >run/trusted

# In the record of certificates: a bit of the first one, or all of another record
spoil() { # KEY [OTHER-KEY]
	rm -rf .certfleet
	cp -a run/state .certfleet
	/usr/bin/python3 - "$@" <<-'END'
	import base64, glob, json, sqlite3, sys
	db = sqlite3.connect(glob.glob(".certfleet/*.db")[0])
	get = lambda key: db.execute("select value from record where key = ?", (key,)).fetchone()[0]
	value = json.loads(get(sys.argv[-1]))
	if len(sys.argv) == 2:
	    der = bytearray(base64.b64decode(value["certs"][0]))
	    der[len(der) // 2] ^= 1
	    value["certs"][0] = base64.b64encode(bytes(der)).decode()
	db.execute("update record set value = ? where key = ?", (json.dumps(value), sys.argv[1]))
	db.commit()
	END
}

spoil certs/i/ca/000001
cf apply --yes
sha256sum -c --quiet run/trusted
ok $? "R3: a damaged authority does not take the place of the good one that is published"
hasnt "$out" "publish *ca *[0-9a-f]*$" "nor is that said"
bundles=$(ls backups)
cf backup create
[ $status -ne 0 ]
ok $? "R3: it goes into no bundle"
has "$out" "the certificate of 'ca' is damaged in the state" "which is told by name"
is "$(ls backups)" "$bundles" "and no bundle is left of it"

spoil certs/c/one/000001
cf backup create
has "$out" "the certificate of 'one' is damaged in the state" "R3: nor does a damaged leaf"
spoil certs/c/one/000001 certs/c/two/000001
cf backup create
has "$out" "the certificate of 'one' is damaged in the state" "R3: nor another name's certificate"
rm -rf tls/a
cf apply --yes
[ $status -ne 0 ] && [ ! -e tls/a ]
ok $? "R3: nor onto a component"

# R9: without random bytes there is a word
rm -rf .certfleet
cp -a run/state .certfleet
if command -v strace >/dev/null; then
	out=$(strace -f -o /dev/null -e inject=getrandom:error=ENOSYS "$CERTFLEET" validate 2>&1)
	has "$out" "the system gives no random bytes" "R9: a random source that fails is told"
fi
finish
