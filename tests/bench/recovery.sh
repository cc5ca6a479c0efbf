# SPDX-License-Identifier: Apache-2.0
# A bundle of 10,000 pairs against 7z on the same files with the same encryption, and a
# fleet of 1,000 components, each on an address of its own, out of one bundle.
mkdir -p kept bare/all
{
	sed -n 1,/^certificates:/p many.yaml
	seq 10000 | sed 's|.*|  c&: {subject: "CN=host&.example.test", issuer: ca}|'
} >kept/certfleet.yaml
"$CERTFLEET" -C kept apply --yes >run/log 2>&1 || { cat run/log; exit 1; }
kept=$(cd kept/backups && echo ./*.zip)
kept=${kept#./}
(cd bare/all && 7z x -y "../../kept/backups/$kept") >run/log
openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -in bare/all/recipients/0.enc \
	-pass env:CERTFLEET_BACKUP_PASSPHRASE | cut -c1-64 >run/bundle.key
7z x -y -obare/keys bare/all/keys.zip <run/bundle.key >run/log

zip_bare() { # the keys encrypted, then all of it stored
	rm -f bare/keys.zip bare/all.zip
	(cd bare/keys && 7z a -tzip -mem=AES256 -mx0 -p"$(cat ../../run/bundle.key)" ../keys.zip .) &&
		(cd bare/all && 7z a -tzip -mx0 ../all.zip .)
}
unzip_bare() {
	rm -rf bare/again
	7z x -y -obare/again "kept/backups/$kept" &&
		7z x -y -obare/again/keys bare/again/keys.zip <run/bundle.key
}
bundle_written() { timed "$CERTFLEET" -C kept backup create; }
bundle_restored() {
	rm -rf kept/.certfleet
	timed "$CERTFLEET" -C kept backup restore "$kept"
}
bare_written() { timed zip_bare; }
bare_restored() { timed unzip_bare; }

lose_targets() { rm -rf probing/tls/c*; }
recover() {
	"$CERTFLEET" -C probing backup restore latest && "$CERTFLEET" -C probing apply --yes
}
recovered() {
	lose_targets
	rm -rf probing/.certfleet
	timed recover
}
applied_again() {
	lose_targets
	timed "$CERTFLEET" -C probing apply --yes
}
