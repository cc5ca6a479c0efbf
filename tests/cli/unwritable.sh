#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where a step could not write is known before the first one: the backup directory,
# and what an issuer publishes.
. "$(dirname "$0")/lib.sh"
unshare $([ "$(id -u)" = 0 ] || echo -r) -m true 2>/dev/null || skip_all "no mount namespace"
mkdir -p shared
cat >certfleet.yaml <<END
certfleet: 1
fleet: plain
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=Plain CA", publish: shared/new/ca.pem}
  own: {subject: "CN=Own CA", publish: trust/own.pem}
certificates:
  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
  other: {subject: "CN=other.example.test", names: [other.example.test], issuer: own}
components:
  one: {certificate: site, deliver: {files: {directory: tls/one}}}
  two: {certificate: other, deliver: {files: {directory: tls/two}}}
END
cp certfleet.yaml fresh.yaml
told() { # DIRECTORY CODE-AND-NAME TEXT
	cf_readonly "$work/$1" plan
	is $status 0 "$3: a plan is made"
	has "$out" "block *target-unwritable$2" "$3: and tells it"
	cf_readonly "$work/$1" apply --yes
	is $status 4 "$3: an apply ends with 4"
}
# ---- publish ----
told shared " ca: cannot write in directory '.*shared': Read-only" "a directory that is mounted read-only"
[ -e tls/two/key.pem ]
ok $? "the other issuer's certificate is delivered"
[ ! -e tls/one ]
ok $? "and none of its own"
cf_readonly "$work/shared" status --json
has "$out" target-unwritable "status names it"
echo x >shared/new
cf apply --yes
is $status 4 "a path below a file"
has "$out" "target-unwritable ca: cannot make directory .*Not a directory" "is named"
rm shared/new
mkdir -p shared/new/ca.pem
cf plan
has "$out" "target-unwritable ca: '.*ca.pem' is not a file" "and so is a directory in its place"
rmdir shared/new/ca.pem
cf apply --yes
is $status 0 "mended it is done"
[ -e tls/one/key.pem ] && [ -e shared/new/ca.pem ]
ok $? "with what is published"
cf_readonly "$work/shared" plan
has "$out" "info *target-unwritable ca" "where nothing is to be written it is told"
cf_readonly "$work/shared" apply --yes
is $status 0 "and waits for nobody"

# ---- the backup directory ----
before=$(find tls -type f -exec sha256sum {} + | sort)
sed -i 's/CN=site/CN=again/' certfleet.yaml
told backups ": the directory of the backups: cannot write in directory" "backups mounted read-only"
is "$(find tls -type f -exec sha256sum {} + | sort)" "$before" "nothing was touched"
chmod 777 backups
cf plan
has "$out" "block *target-unwritable: .*others can write" "one that others can write is told"
chmod 700 backups
sed -i 's|directory: backups|directory: certfleet.yaml/backups|' certfleet.yaml
cf plan
has "$out" "block *target-unwritable: .*Not a directory" "and one below a file"
sed 's/CN=site/CN=again/' fresh.yaml >certfleet.yaml
cf apply --yes
is $status 0 "where it can be written all is done"

# ---- as a user without rights (root may write everywhere else) ----
if [ "$(id -u)" = 0 ]; then
	mkdir -p -m 755 plain/shared
	cp fresh.yaml plain/certfleet.yaml
	chown -R 33:33 plain
	chown 0:0 plain/shared
	chmod 755 "$work"
	if setpriv --reuid 33 --regid 33 --clear-groups test -x "$work/plain"; then
		out=$(cd plain && setpriv --reuid 33 --regid 33 --clear-groups "$CERTFLEET" plan 2>&1)
		has "$out" "block *target-unwritable ca: .*Permission denied" "a directory of somebody else's"
	fi
fi
finish
