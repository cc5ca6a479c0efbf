#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `export` of a certificate: a ZIP of each new pair for people.  An apply that makes one
# is killed at, or denied, every Nth of its state-changing system calls; each time the
# next apply must leave the new pair in it and the former one beside it.
#	EVERY=40 (default), EVERY=1 in check-long
. "$(dirname "$0")/lib.sh"
EVERY=${EVERY:-40} SHARD=
key=ecdsa-p256 topology= per=
write_fleet() { # EXPORT
	cat <<-END >certfleet.yaml
	certfleet: 1
	fleet: exported
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}, keep: 2}
	issuers:
	  ca: {subject: "CN=Export CA"}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca, key: $key, export: $1}
	END
}
leaf_of() { # FILE
	python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("certificate.pem"))' "$1" |
		openssl x509 -outform DER | sha256sum | cut -d' ' -f1
}
holds_pair() { # FILE
	rm -rf run/zip && mkdir run/zip && python3 -m zipfile -e "$1" run/zip 2>/dev/null &&
		is_pair run/zip/certificate.pem run/zip/key.pem && [ "$(stat -c %a "$1")" = 600 ]
}
desired() {
	take_status
	jq -r '.certificates[] | select(.name == "site") | .fingerprint_sha256' status.json
}

write_fleet exports/site.zip
cf plan
has "$out" "export  *site  *'exports/site.zip' will hold the private key, without a password" \
	"the plan shows the export and warns of the key"
[ ! -e exports ]
ok $? "and writes nothing"
cf apply --yes
is $status 0 "the first pair is exported"
[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }
holds_pair exports/site.zip
ok $? "as certificate and key, with mode 0600"
is "$(leaf_of exports/site.zip)" "$(desired)" "it is the pair that was issued"
is "$(stat -c %a exports)" 700 "its new directory is private, too"
cf apply --yes
has "$out" "nothing to do" "a second apply exports nothing"
rm exports/site.zip
cf apply --yes
has "$out" "nothing to do" "nor does one after somebody took the file away"
cf apply --yes --reissue site
former=$(sha256sum <exports/site.zip)
cf apply --yes --reissue site
is "$(sha256sum <exports/site.zip.old)" "$former" "the former file is kept beside the new one"
is "$(leaf_of exports/site.zip)" "$(desired)" "which holds the new pair"

write_fleet exports/again.zip
cf apply --yes
is "$(leaf_of exports/again.zip)" "$(desired)" "a path that is new gets the pair that there is"
write_fleet exports/site.zip

# ---- what is not certfleet's ----
for victim in exports/site.zip exports/site.zip.old; do
	cp $victim run/victim
	echo "not ours" >$victim
	cf apply --yes --reissue site
	is $status 4 "a foreign $victim blocks the issue"
	has "$out" "target-unwritable site: '$work/$victim' is there, and certfleet did not write it" "which is said"
	is "$(cat $victim)" "not ours" "and stays"
	mv run/victim $victim
done
mv exports real && ln -s real exports
cf apply --yes --reissue site
is $status 4 "a link on the way is not followed"
rm exports && mv real exports
chmod 777 exports
cf apply --yes --reissue site
is $status 4 "nor is a directory used that others can write"
chmod 700 exports

# ---- faults ----
command -v strace >/dev/null || finish
calls='openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,linkat,link'
traced run/calls "$calls" "$CERTFLEET" apply --yes --reissue site >/dev/null 2>&1
ok $? "an apply under strace"
points_of run/calls
echo "# $(wc -l <run/points) points, every ${EVERY}th is tried, and all of the file itself"
try_point() { # CALL NUMBER FAULT
	local before what="$1 $2 $3"
	before=$(sha256sum <exports/site.zip)
	traced /dev/null "$1" -e inject="$1:$3:when=$2" "$CERTFLEET" apply --yes --reissue site >run/broken 2>&1
	holds_pair exports/site.zip || { echo "# no whole export after $what"; return 1; }
	cf apply --yes --reissue site
	[ $status -eq 0 ] || { echo "# exit $status after $what"; sed 's/^/#   /' <<<"$out"; return 1; }
	holds_pair exports/site.zip && holds_pair exports/site.zip.old &&
		[ "$(leaf_of exports/site.zip)" = "$(desired)" ] &&
		[ "$(leaf_of exports/site.zip.old)" != "$(desired)" ] &&
		[ "$(ls -A exports | grep -c tmp-)" = 0 ] && return
	echo "# the export is not as it should be after $what"
	return 1
}
for fault in signal=KILL error=EIO; do
	try_points $fault try_point
	ok $? "$fault at $tried points: each time the next apply exports the new pair and keeps the former"
done
# the calls of the file itself, each: it is the only one that is linked
traced run/calls "$calls" "$CERTFLEET" apply --yes --reissue site >/dev/null 2>&1
awk -F'(' '/^clone3/ { next } /^[a-z]/ { n[$1]++; line[NR] = $1 " " n[$1]; if ($1 ~ /^linkat/) at = NR }
	END { for (i = at - 4; i <= at + 8; i++) if (line[i] ~ /^(linkat|renameat|fsync|write) /) print line[i] }' run/calls >run/points
EVERY=1
try_points signal=KILL try_point
ok $? "signal=KILL at $tried points around the file: likewise"
grep -q 'PRIVATE KEY' run/transcript && status=1 || status=0
ok $status "no key was printed"
finish
