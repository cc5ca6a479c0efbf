#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A secret that is not there takes out what needs it, and nothing else; only the
# passphrases of state and backups end the run.
. "$(dirname "$0")/lib.sh"
free_port port
mkdir www
printf '{"fp": "%064d"}' 0 >www/probe
python3 -u -m http.server --bind 127.0.0.1 -d www "$port" >run/http.log 2>&1 &
pids+=($!)
wait_port "$port"
make_pair bought tls/bought.crt tls/bought.key
openssl pkcs12 -export -in tls/bought.crt -inkey tls/bought.key -passout pass:secret -out bought.p12
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 30 -out ca.pem -keyout /dev/null 2>/dev/null
printf '#!/bin/sh\necho called >>run/calls\nexit 1\n' >fails
chmod 755 fails

# Each needs one secret, and nothing answers at port 1.
api="probe: {url: \"http://127.0.0.1:$port/probe\", fingerprint: /fp}, commit: {url: \"http://127.0.0.1:$port/x\", method: PUT, json: {k: \"\${key}\"}}"
device() { # NAME MEMBERS
	echo "  $1: {certificate: site, deliver: {http: {$2}}}"
}
{
	cat <<-END
	certfleet: 1
	fleet: plain
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {ssh: {key: {env: CERTFLEET_SSH}, known_hosts: known_hosts}}
	issuers:
	  ca: {subject: "CN=Plain CA"}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
	  by-file: {import: {pkcs12: bought.p12, password: {file: nowhere}}, trust: none}
	  by-env: {import: {pkcs12: bought.p12, password: {env: CERTFLEET_NONE}}, trust: none}
	  by-command: {import: {pkcs12: bought.p12, password: {command: [./fails]}}, trust: none}
	components:
	  good: {certificate: site, deliver: {files: {directory: tls/good}}}
	  imported: {certificate: by-file, deliver: {files: {directory: tls/imported}}}
	  ssh: {certificate: site, deliver: {sftp: {url: "sftp://x@127.0.0.1:1", directory: /tls}}}
	  etcd: {certificate: site, deliver: {etcd: {endpoints: ["http://127.0.0.1:1"], key: /x, user: u, password: {env: CERTFLEET_ETCD}}}}
	  called: {certificate: site, deliver: {files: {directory: tls/called}}, activate: {http: {post: "http://127.0.0.1:1/", headers: {A: {env: CERTFLEET_CALL}}}}}
	END
	device probed "${api/probe: \{/probe: \{headers: \{A: \{file: nowhere\}\}, }"
	device staged "${api/commit: \{/commit: \{headers: \{A: \{command: [./fails]\}\}, }"
	device wrapped "pkcs12_password: {env: CERTFLEET_P12}, ${api/key/pkcs12}"
	device basic "user: u, password: {env: CERTFLEET_BASIC}, $api"
	device client "identity: {certificate: ca.pem, key: {env: CERTFLEET_KEY}}, ${api//http:/https:}"
} >certfleet.yaml
touch known_hosts
sed -i "s|\./fails|$PWD/fails|" certfleet.yaml
cf validate
is $status 0 "the fleet file is fine"
cf_out plan --json
is $status 0 "a plan is made"
[ $status -eq 0 ] || sed 's/^/# /' run/said
echo "$out" >plan.json
code_of() { jq -r --arg of "$1" '[.preconditions[] | select(.component == $of and .severity == "block").code] | join(" ")' plan.json; }
for name in probed staged wrapped basic client ssh etcd called; do
	is "$(code_of $name)" secret-missing "$name is left out for it"
done
for name in by-file by-env by-command; do
	is "$(code_of $name)" import-missing "$name is left out, as no earlier import is known"
done
has "$(jq -r '.preconditions[] | select(.component == "basic").message' plan.json)" "CERTFLEET_BASIC" "the message names the variable"
has "$(jq -r '.preconditions[] | select(.component == "staged").message' plan.json)" "fails" "or the command"
is "$(wc -l <run/calls)" 1 "which is run once"
is "$(jq -r '[.steps[] | select(.component == "good").kind] | join(" ")' plan.json)" "stage commit" "another component of the certificate is done"
cf status
is $status 0 "status shows the others"
has "$out" "secret-missing basic" "and what is missing"
cf apply --yes
is $status 4 "an apply ends with 4"
[ -e tls/good/key.pem ]
ok $? "and has done the rest"
[ ! -e tls/called/key.pem ]
ok $? "nothing is committed that could not be activated"
CERTFLEET_CALL=x cf plan --json
hasnt "$(grep '"called"' <<<"$out")" secret-missing "with its secret it is left out no more"

# A generation that is known stays when the password goes.
grep -v 'ssh:\|etcd:\|called:\|probed:\|staged:\|wrapped:\|basic:\|client:\|by-env\|by-command' certfleet.yaml >known.yaml
echo secret >nowhere && chmod 600 nowhere
cf apply --yes --file known.yaml --ack mass-retire
is $status 0 "an import with its password"
rm nowhere
cf apply --yes --file known.yaml
is $status 0 "stays as it is without"
has "$(timeout 60 "$CERTFLEET" status --file known.yaml)" "import-missing" "which status tells"

# Only these end the run.
for key in backup seal; do
	mkdir "$key"
	sed '/^access/d; /by-\|imported:/d; s|{env: CERTFLEET_BACKUP_PASSPHRASE}|{file: nowhere.pass}|' known.yaml >$key/certfleet.yaml
	[ $key = backup ] || sed -i 's|^backup.*|backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}\nstate: {seal: {file: nowhere.pass}}|' $key/certfleet.yaml
	cf -C $key plan
	is $status 0 "a plan needs no passphrase of the $key"
	cf -C $key apply --yes
	is $status 65 "an apply without that of the $key: 65"
	has "$out" "nowhere.pass'" "with its file"
	[ ! -e $key/tls ]
	ok $? "and nothing done"
done
finish
