#!/bin/bash
# Keys and passphrases are in their places, and in the clear nowhere else.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
export CERTFLEET_BACKUP_PASSPHRASE='Zebra-Marker-Passphrase-77'
make_pair imported imported.crt imported.key
printf 'Import-Marker-Password-55\n' >secrets/import
chmod 600 secrets/import
openssl pkcs12 -export -in imported.crt -inkey imported.key -out imported.p12 -passout file:secrets/import
mkdir -p scan
mv imported.key scan/imported.key
EXTRA='  four: {certificate: vendor, deliver: {files: {directory: tls/four}}}' three_components
sed -i 's|^certificates:|certificates:\n  vendor: {import: {pkcs12: imported.p12, password: {file: secrets/import}}}|' certfleet.yaml
# LeakSanitizer gives up under strace.
# strace would wait for the servers that the apply restarts: it is ended
ASAN_OPTIONS=detect_leaks=0 strace -f -o run/arguments -e trace=execve -s 4000 -v "$CERTFLEET" apply --yes --verbose >run/output 2>&1 &
pids+=($!)
has_ended() {
	grep -q 'exited with' run/arguments 2>/dev/null && tail -1 run/output | grep -q '^certfleet: run 1'
}
comes has_ended
kill "${pids[-1]}"
has "$(tail -1 run/output)" "0 failed" "an apply with everything in it"
cf plan --json --reissue site
"$CERTFLEET" apply --yes --json --reissue site >run/events 2>&1
is $? 0 "another one, as JSON"
cf status --json
cf status
cf history --json
cf plan --out run/saved.plan --reissue site
cf backup list

# What to look for: each private key as its targets have it.
cp tls/one/key.pem scan/one.key
needles() {
	for key in scan/*.key; do
		openssl pkey -in "$key" -outform DER >scan/der
		# the private scalar itself: 32 bytes, in hex and in base64
		openssl pkey -in "$key" -noout -text | sed -n '/priv:/,/pub:/p' |
			grep '^ ' | tr -d ' :\n' | tail -c 64
		echo
		openssl base64 -A -in scan/der | cut -c40-80
		grep -v -- ----- "$key" | head -1
	done
	echo Zebra-Marker-Passphrase-77
	echo Import-Marker-Password-55
}
needles | grep . >scan/needles
[ "$(wc -l <scan/needles)" -ge 8 ]; ok $? "there are needles to look for"

# Binary needles: the scalar in DER.
binary_hit() { # FILE
	for hex in $(grep -E '^[0-9a-f]{64}$' scan/needles); do
		xxd -p "$1" | tr -d '\n' | grep -q "$hex" && return 0
	done
	return 1
}

leaks=
while read -r file; do
	case $file in
	./scan/* | ./tls/* | ./imported.p12 | ./secrets/import | ./run/arguments) continue ;;
	esac
	if grep -qaF -f scan/needles "$file" || binary_hit "$file"; then
		leaks="$leaks $file"
	fi
done < <(find . -type f)
is "$leaks" "" "no file but the targets holds a key or a passphrase"
# the environment of the first execve is ours; children must not have it
! sed 1d run/arguments | grep -qaF -f scan/needles; ok $? "no child saw one in its arguments or environment"
for file in run/output run/events run/transcript run/saved.plan; do
	! grep -qaF -f scan/needles "$file"; ok $? "$file shows none"
done
grep -qaF "$(grep -v -- ----- tls/one/key.pem | head -1)" tls/one/key.pem; ok $? "the search does find what is there"
openssl pkey -in scan/one.key -outform DER -out scan/one.der; binary_hit scan/one.der; ok $? "in DER too"

is "$(find . -type f \( -name 'key.pem' -o -name '*.key' \) -path './tls/*' -perm /077 | wc -l)" 0 "no key file is open to others"
is "$(find .certfleet backups -perm /077 -not -type d | wc -l)" 0 "nothing of the state or the backups is open to others"
finish
