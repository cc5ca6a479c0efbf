#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A pair imported from a ZIP of .pem files: read, refused in words, and the same
# in plan, apply, --confined, backup and status as any other import.
. "$(dirname "$0")/lib.sh"
make_pair a a.crt a.key
make_pair b b.crt b.key

fleet() { # IMPORT
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: zips
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {import: $1, trust: none}
	components:
	  here: {certificate: site, deliver: {files: {directory: tls/here}}}
	END
}
# ENTRY=FILE, ENTRY/ for a folder, ENTRY=>TARGET for a link
zip() { # OUT ENTRY...
	rm -f "$1"
	/usr/bin/python3 - "$@" <<-'END'
	import sys, zipfile
	with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
	    for entry in sys.argv[2:]:
	        name, _, file = entry.partition("=")
	        info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
	        info.compress_type = zipfile.ZIP_DEFLATED
	        info.external_attr = (0o100644 << 16) if not name.endswith("/") else (0o40755 << 16) | 16
	        if file.startswith(">"):
	            info.external_attr = 0o120777 << 16
	            z.writestr(info, file[1:])
	        else:
	            z.writestr(info, open(file, "rb").read() if file else b"")
	END
}

# --- read
zip site.zip certs/ certs/leaf.pem=a.crt schlüssel.pem=a.key
fleet '{zip: site.zip}'
cf plan --confined --out confined.json
is $status 0 "a confined plan with a ZIP is made"
has "$out" 'import.*site' "and it imports"
cf apply --yes
is $status 0 "a ZIP of .pem files is imported and delivered"
is "$(installed tls/here/fullchain.pem)" "$(installed a.crt)" "what is installed is the leaf of the ZIP"
cf plan
has "$out" 'Nothing to do' "the next plan has nothing to do"
cf plan --confined
has "$out" 'Nothing to do' "nor has a confined one, which compares the ZIP by its hash"
cf backup export site --out exported.zip
is $status 0 "the imported pair is in the bundle"
take_status
is "$(jq -r '.certificates[0].source' status.json)" imported "its source is an import"

# --- another file under the same name
zip site.zip all.pem=<(cat b.key b.crt)
cf plan --confined --detailed-exitcode
is $status 2 "a confined plan sees that the ZIP is another"
cf plan --out saved.json
mv site.zip b.zip
zip site.zip leaf.pem=a.crt key.pem=a.key
cf apply saved.json
is $status 5 "a ZIP that changed after the plan makes it stale"
mv b.zip site.zip
cf apply --yes
is $status 0 "the new ZIP is imported"
is "$(installed tls/here/fullchain.pem)" "$(installed b.crt)" "and delivered"

# --- what export wrote can be imported
cp exported.zip site.zip
cf apply --yes
is $status 0 "the ZIP of 'backup export' can be imported again"
is "$(installed tls/here/fullchain.pem)" "$(installed a.crt)" "and is the pair that was exported"

# --- by content: other names, other forms, and no word for them
openssl x509 -in b.crt -outform der -out leaf.crt
openssl pkey -in b.key -outform der -out leaf.key
zip site.zip certs/leaf.crt=leaf.crt leaf.key=leaf.key
fleet site.zip
cf apply --yes
is $status 0 "a ZIP of DER is imported by its content alone"
is "$(installed tls/here/fullchain.pem)" "$(installed b.crt)" "and delivered"
openssl crl2pkcs7 -nocrl -certfile a.crt -out chain.p7b
fleet '{file: [leaf.key, chain.p7b]}'
openssl pkey -in a.key -outform der -out leaf.key
cf plan --confined --detailed-exitcode
is $status 2 "a confined plan sees PKCS#7 and a key in DER"
cf apply --yes
is $status 0 "PKCS#7 and a key in DER are imported by their content"
is "$(installed tls/here/fullchain.pem)" "$(installed a.crt)" "and delivered"

# --- a password opens the key in it, none opens the ZIP
printf 'opens the key\n' >secrets/key
chmod 600 secrets/key
openssl pkcs8 -topk8 -v2 aes-256-cbc -in b.key -out sealed.key -passout file:secrets/key
zip site.zip leaf.pem=b.crt key.pem=sealed.key
fleet '{zip: site.zip, password: {file: secrets/key}}'
cf apply --yes
is $status 0 "'password' opens the key in a ZIP"

# --- refused
before=$(installed tls/here/fullchain.pem)
fleet '{zip: site.zip}'
refused() { # PATTERN WHAT
	cf plan
	has "$out" "block *import-invalid site: cannot import '.*site.zip': .*$1" "$2 is refused, and named"
	cf apply --yes
	is $status 4 "$2: exit 4"
	is "$(installed tls/here/fullchain.pem)" "$before" "$2: the known pair stays"
}
refused "'key.pem': its private key is encrypted" "an encrypted key without a password"
zip site.zip leaf.pem=a.crt key.pem=a.key notes.txt=<(echo hello)
refused "'notes.txt': it is neither PEM, DER, PKCS#7 nor PKCS#12" "an entry that is no certificate"
zip site.zip "leaf.pem=>$work/a.crt" key.pem=a.key
refused "entry 'leaf.pem' is a link" "a link"
zip site.zip ../../leaf.pem=a.crt key.pem=a.key
refused "entry '../../leaf.pem' leads out" "a name that leads out"
7z a -pright -tzip site.zip a.crt >run/7z 2>&1; rm site.zip
cp a.key key.pem; cp a.crt leaf.pem; 7z a -pright -tzip site.zip leaf.pem key.pem >run/7z 2>&1
refused "entry '[a-z]*.pem' is protected by a password" "a ZIP with a password"
zip site.zip leaf.pem=a.crt key.pem=b.key
refused "no certificate belongs to the private key" "a key of another certificate"
zip site.zip leaf.pem=a.crt
refused "there is no private key in it" "a ZIP without a key"
has "$out" "put its file into the ZIP" "and the remedy is one for a ZIP"
zip site.zip leaf.pem=a.crt key.pem=a.key garbage.pem=/bin/true
refused "'garbage.pem': it " "an entry that is no PEM"
zip site.zip certs/
refused "it holds no file" "an empty ZIP"
cp a.crt site.zip
refused "it is not a ZIP archive" "a PEM file"
# shellcheck disable=SC2046
zip site.zip $(for i in $(seq 101); do echo "$i.pem=a.crt"; done)
refused "it has more than 100 entries" "a ZIP of many entries"
head -c 3000000 /dev/zero >zeros
zip site.zip bomb.pem=zeros key.pem=a.key
refused "or to more than 100 times its size" "a bomb"
head -c 900000 /dev/urandom | base64 >noise
zip site.zip noise.pem=noise key.pem=a.key
refused "a file has more than 1048576 bytes" "a .pem file that is too large"
head -c 3000000 /dev/urandom >site.zip
cf plan
has "$out" 'import-invalid site: cannot read .*bytes, the limit is' "a ZIP that is too large is refused, and named"
cf plan --confined
is $status 0 "a confined plan goes on beside it"
count=0 every=${EVERY:-12} # all of them are in pem_zip_test
for file in "$corpora"/archives/files/*; do
	[ -f "$file" ] && [ $((count++ % every)) -eq 0 ] || continue
	cp "$file" site.zip
	cf plan
	grep -q "block *import-invalid site: cannot import" <<<"$out" && [ $status -eq 0 ] || bad="${bad:-} ${file##*/}"
done
is "${bad:-}" "" "archives of other projects' tests are refused in words"
rm site.zip
cf plan
has "$out" 'info *import-missing' "a ZIP that is not there leaves the known pair in use"
none_left=$(find . -name '*.pem' -newer certfleet.yaml ! -path './tls/*' ! -name leaf.pem ! -name key.pem)
is "$none_left" "" "no entry was ever written to a file of its name"
finish
