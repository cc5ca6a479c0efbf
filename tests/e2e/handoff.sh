#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pairs that a person imports: certfleet writes the file, waits with exit 9, and goes on
# when the port proves the import or --handed-over says so.  The person is this script.
. "$(dirname "$0")/lib.sh"
free_port one
free_port two
for n in one two; do
	mkdir -p tls/$n
	make_pair old-$n tls/$n/fullchain.pem tls/$n/key.pem
done
start_gnutls one "$one" tls/one/fullchain.pem tls/one/key.pem
start_nginx two "$two"
echo 'opens the file of the person' >secrets/import

restart="activate: {command: [sh, serve.sh, one, \"$one\", tls/one/fullchain.pem, tls/one/key.pem]}"
timeout=$patience failure=stop commit=by-wave handoff='file: handoff/site.zip' activate=$restart more=
write_fleet() {
	cat <<-END >certfleet.yaml
	certfleet: 1
	fleet: handed
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Handed CA", publish: trust/ca.pem}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca, commit: $commit}
	roles:
	  product: {restart: {timeout: $timeout, on_failure: $failure}}
	  web: {after: [product]}
	components:
	  one:
	    role: product
	    certificate: site
	    deliver: {handoff: {$handoff}}
	    $activate
	    verify: {tls: "127.0.0.1:$one", server_name: site.example.test}
	  two:
	    role: web
	    certificate: site
	    deliver: {files: {directory: tls/two}}
	    activate: {signal: HUP, pidfile: run/two.pid}
	    verify: {tls: "127.0.0.1:$two", server_name: site.example.test}
	$more
	END
}
# What the product's own import does.
person_imports() { # FILE: a ZIP
	rm -rf run/import && mkdir run/import
	python3 -m zipfile -e "$1" run/import
	cp run/import/certificate.pem tls/one/fullchain.pem
	cp run/import/key.pem tls/one/key.pem
}
desired() { jq -r '.certificates[] | select(.name == "site") | .fingerprint_sha256' status.json; }
state_of() { take_status; status_of "$1" state; }
leaf_of() { # FILE: a ZIP
	python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("certificate.pem"))' "$1" |
		openssl x509 -outform DER | sha256sum | cut -d' ' -f1
}

# ---- the first one: it waits ----
write_fleet
old_one=$(served "$one") old_two=$(served "$two")
cf apply --yes
is $status 9 "an apply that waits for a person ends with 9"
[ $status -eq 9 ] || { sed 's/^/# /' <<<"$out"; finish; }
has "$out" "stage  *one" "the file was staged"
has "$out" "1\. Take '$work/handoff/site.zip' to where" "what to do is printed, step by step"
has "$out" "certfleet apply --handed-over one" "with the command that goes on"
is "$(stat -c %a handoff/site.zip)" 600 "the file is private"
is "$(python3 -m zipfile -l handoff/site.zip | awk 'NR > 1 { print $1 }' | tr '\n' ' ')" \
	"certificate.pem key.pem " "a ZIP of PEM entries alone"
person_imports handoff/site.zip
is_pair run/import/certificate.pem run/import/key.pem
ok $? "it holds the pair"
is "$(grep -c BEGIN run/import/certificate.pem)" 2 "and the complete chain with its CA certificate"
make_pair old-one tls/one/fullchain.pem tls/one/key.pem # not imported yet
is "$(served "$one") $(served "$two")" "$old_one $old_two" "nothing was restarted, and what comes after it waits"
is "$(state_of one) $(status_of two state)" "awaiting-handoff staged" "status says so"
cf status --check 1d
is $status 2 "status --check is not content"
has "$out" "'one' is awaiting-handoff: a person has to import 'handoff/site.zip'" "and says why"

# ---- once more: nothing ----
before=$(sha256sum handoff/site.zip)
cf plan --detailed-exitcode
is $status 9 "a plan of nothing but what waits is 9"
hasnt "$out" "first-contact" "and tells nothing as new any more"
cf apply --yes --json
is $status 9 "so is an apply"
is "$(jq -rR 'fromjson? | select(.exit_status) | "\(.event) \(.exit_status) \([.left_out[] | .component + "=" + .code] | join(" "))"' <<<"$out")" \
	"refused 9 one=awaiting-handoff two=awaiting-handoff" "--json says who waits"
is "$(sha256sum handoff/site.zip)" "$before" "the file stays as it is"

# ---- names ----
cf apply --yes --handed-over nobody
is $status 64 "--handed-over of an unknown name is refused"
cf apply --yes --handed-over two
is $status 64 "and of a component that no person serves"
has "$out" "no pair of 'two' is handed over" "which says so"

# ---- a claim that is not true ----
timeout=3s
write_fleet
cf apply --yes --handed-over one
is $status 7 "a claim that the port disproves ends with 7"
has "$out" "still serves" "and says what is served"
is "$(served "$two")" "$old_two" "what comes after it did not begin"
cf plan --detailed-exitcode
is $status 9 "the person is asked again, and nothing is restarted for that"

# ---- a true one ----
timeout=$patience
write_fleet
person_imports handoff/site.zip
cf apply --yes --handed-over site
is $status 0 "a claim by the name of the certificate goes on"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_status
serves "$one" "$(desired)" "its process was restarted, and serves the new pair"
serves "$two" "$(desired)" "and so does what came after it"
is "$(status_of one state) $(status_of two state)" "in-sync in-sync" "status says so"
[ ! -e handoff/site.zip ]
ok $? "the file is gone once all have the pair"
cf apply --yes
is $status 0 "another apply"
has "$out" "nothing to do" "has nothing to do"
cf history
has "$out" "waits for a person" "history has the runs that waited"

# ---- a port that proves the import by itself ----
cf apply --yes --reissue site
is $status 9 "a renewal waits again"
person_imports handoff/site.zip
sh serve.sh one "$one" tls/one/fullchain.pem tls/one/key.pem
wait_port "$one"
pid=$(cat run/one.pid)
take_status
serves "$one" "$(desired)" "the product took the import by itself"
cf apply --yes
is $status 0 "a plain apply goes on, since the handshake proves it"
has "$out" "its port serves it" "which the plan says"
is "$(cat run/one.pid)" "$pid" "and restarts nothing that serves it already"
[ ! -e handoff/site.zip ]
ok $? "the file is gone"

# ---- renewed while it waits ----
cf apply --yes --reissue site
first=$(leaf_of handoff/site.zip)
cf apply --yes --reissue site
is $status 9 "renewed while it waits"
take_status
is "$(leaf_of handoff/site.zip)" "$(desired)" "the file holds the newest pair"
[ "$first" != "$(desired)" ]
ok $? "which is another one"
cf apply --yes --reissue site --handed-over one
is $status 64 "what is made anew cannot have been handed over"
has "$out" "not what is wanted any more" "which it says"

# ---- a saved plan ----
cf plan --out run/plan
cf apply run/plan
is $status 9 "a saved plan waits as well"
cf plan --out run/plan --handed-over one
has "$out" "apply.*--handed-over one" "plan --out prints the option"
cf apply run/plan
is $status 5 "a claim in a plan counts only when it is given again"
person_imports handoff/site.zip
cf apply run/plan --handed-over one
is $status 0 "given again it goes on"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"

# ---- back to a bundle ----
bundle=backups/$(ls backups | head -1)
cf apply --yes --from-backup "$bundle"
is $status 9 "what a bundle puts back waits for the person, too"
former=$(leaf_of handoff/site.zip)
person_imports handoff/site.zip
cf apply --yes --from-backup "$bundle" --handed-over one
is $status 0 "and goes on"
is "$(served "$one")" "$former" "with the former pair"
cf apply --yes
is $status 3 "a plain apply does not go forward unasked"
cf apply --yes --ack rolled-back
is $status 9 "but does when told to"

# ---- a file that somebody else put there ----
echo "not ours" >handoff/site.zip
cf apply --yes
is $status 4 "a foreign file at the path blocks"
has "$out" "target-unwritable one: '$work/handoff/site.zip' is there, and certfleet did not write it" "which is said"
is "$(cat handoff/site.zip)" "not ours" "and stays"
rm handoff/site.zip
ln -s ../secrets/import handoff/site.zip
cf apply --yes
is $status 4 "so does a link"
rm handoff/site.zip
cf apply --yes --ack rolled-back
is $status 9 "without it the file is written again"

# ---- killed while it is written ----
if command -v strace >/dev/null; then
	calls=openat,renameat,fsync,write
	rm -f handoff/site.zip
	cp -r .certfleet run/state
	traced run/calls $calls "$CERTFLEET" apply --yes --ack rolled-back >/dev/null 2>&1
	points_of run/calls
	kill_at() { # CALL NUMBER FAULT
		rm -rf handoff .certfleet
		cp -r run/state .certfleet
		traced /dev/null "$1" -e inject="$1:$3:when=$2" "$CERTFLEET" apply --yes --ack rolled-back >/dev/null 2>&1
		cf apply --yes --ack rolled-back
		[ $status -eq 9 ] && [ "$(leaf_of handoff/site.zip)" = "$(desired)" ] &&
			[ "$(stat -c %a handoff/site.zip)" = 600 ] && [ "$(ls -A handoff)" = site.zip ] && return
		echo "# exit $status after $1 $2"
		return 1
	}
	take_status
	EVERY=${EVERY:-8} SHARD=
	try_points signal=KILL kill_at
	ok $? "killed at $tried points: each time the next apply writes the file"
fi

# ---- a roll back ----
timeout=3s failure=rollback
write_fleet
cf apply --yes --handed-over one --ack rolled-back
is $status 8 "a claim that was not true is taken back where the role says so"
is "$(served "$one")" "$former" "the product serves what it did"
cf apply --yes
is $status 3 "and the pair is tried again only when told to"
timeout=$patience failure=stop
write_fleet
cf apply --yes --ack rolled-back
person_imports handoff/site.zip
cf apply --yes --ack rolled-back --handed-over one
is $status 0 "told to, it goes on"

# ---- every form, one file for several, and all-first ----
handoff='file: handoff/site.pem, format: pem' commit=all-first activate=
more='  three: {role: product, certificate: site, deliver: {handoff: {file: handoff/site.p12, format: pkcs12, password: {file: secrets/import}}}}
  four: {role: product, certificate: site, deliver: {handoff: {file: handoff/site.p12, format: pkcs12, password: {file: secrets/import}}}}'
chmod 600 secrets/import
write_fleet
before=$(served "$two")
cf apply --yes --reissue site
is $status 9 "a certificate that is committed all-first waits for all of it"
is "$(grep -c 'BEGIN CERT' handoff/site.pem) $(grep -c 'BEGIN PRIVATE' handoff/site.pem)" "2 1" "PEM holds chain and key"
openssl pkcs12 -in handoff/site.p12 -passin file:secrets/import -nodes -out run/p12.pem 2>run/p12.error
ok $? "PKCS#12 opens with its password"
is "$(grep -c 'BEGIN CERT' run/p12.pem) $(grep -c 'BEGIN PRIVATE' run/p12.pem)" "2 1" "and holds the same"
has "$out" "under the password that the fleet file names" "which the steps say"
cf apply --yes --handed-over three
is $status 9 "what one was handed over is recorded"
is "$(state_of three) $(status_of four state) $(status_of two state)" \
	"unproven awaiting-handoff staged" "of that component alone"
is "$(served "$two")" "$before" "nothing is restarted until all of it is handed over"
[ -e handoff/site.p12 ]
ok $? "the file stays for the other one"
cp handoff/site.pem tls/one/fullchain.pem
cp handoff/site.pem tls/one/key.pem
sh serve.sh one "$one" tls/one/fullchain.pem tls/one/key.pem
wait_port "$one"
cf apply --yes
is $status 9 "one more to go"
is "$(served "$two")" "$before" "nothing is restarted yet"
cf apply --yes --handed-over four
is $status 0 "then all goes on"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_status
serves "$two" "$(desired)" "and the rest is restarted"
is "$(ls -A handoff)" "" "every file is gone"
cf apply --yes
has "$out" "nothing to do" "nothing is left to do"

# ---- a component that leaves while it waits ----
cf apply --yes --reissue site
[ -e handoff/site.p12 ]
ok $? "a file waits"
more=
write_fleet
cf apply --yes --ack mass-retire
[ ! -e handoff/site.p12 ]
ok $? "it is wiped when its components leave the fleet file"
grep -rqs 'PRIVATE KEY' run/transcript && status=1 || status=0
ok $status "no key was printed"
finish
