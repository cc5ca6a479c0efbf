#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that are believed: whoever can write one decides whom an agent obeys,
# or who certfleet is, so one that others can write is read by neither side.
. "$(dirname "$0")/agent_lib.sh"
make_authorities
free_port port
agent_component web "install: {directory: $work/tls/web}"
start_agent host 127.0.0.1 "$port"
stop_agent host

refused() { # FILE MODE TEXT REMEDY
	local before
	before=$(stat -c %a "$1")
	chmod "$2" "$1"
	cf agent --config run/host.yaml
	is $status 65 "$3"
	has "$out" "$4" "and the message names the remedy"
	chmod "$before" "$1"
}

refused run/host.yaml 666 "S9: an agent.yaml that others can write is refused" "run 'chmod go-w run/host.yaml'"
refused access/operators.pem 666 "S9: so is the authority of operators" "chmod go-w"
refused access/host.pem 622 "S9: the agent's certificate" "chmod go-w"
refused access/host.key 644 "S9: a key that others can read" "chmod o-rwx"
refused access 777 "S9: a directory that others can write" "directory '$work/access'"

sed -i "s/allow: .*}/allow_file: operators.allow}/" run/host.yaml
echo "spki:$(spki_of access/ops.pem)" >run/operators.allow
refused run/operators.allow 666 "S9: a list of operators that others can write" "operators.allow'"
run_agent host
wait_port "$port"; ok $? "with the right modes the agent starts"

# ---- the operator's side
cat >certfleet.yaml <<END
certfleet: 1
fleet: believed
backup: {directory: backups, passphrase: {file: secrets/pass}}
$access
issuers: {ca: {subject: "CN=CA"}}
certificates: {site: {subject: "CN=site.example.test", issuer: ca}}
components:
  web: {certificate: site, deliver: {agent: "https://127.0.0.1:$port"}}
END
echo 'a passphrase of 1 and 2 and 3' >secrets/pass
chmod 644 secrets/pass
cf apply --yes
is $status 0 "an apply"
has "$out" "others can read the secret file" "S9: a secret that others can read is a warning"
chmod 666 secrets/pass
cf apply --yes --reissue site
is $status 65 "S9: a secret that others can write is refused"
has "$out" "chmod go-w" "with the remedy"
chmod 600 secrets/pass
chmod 644 access/ops.key
cf plan
has "$out" "others can read this key" "S9: the operator's key is not readable by others"
chmod 600 access/ops.key
chmod 666 access/agents.pem
cf plan
has "$out" "others can write it" "S9: nor the authority of agents writable"
chmod 644 access/agents.pem
cp secrets/pass run/pass
chmod 666 run/pass
cf backup verify "$(ls -d backups/*.zip | head -1)" --passphrase-file run/pass
is $status 65 "S9: a passphrase file that others can write is refused"
has "$out" "chmod go-w run/pass" "with the remedy"
finish
