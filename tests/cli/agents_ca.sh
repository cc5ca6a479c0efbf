#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An authority that agents are believed by signs nothing else, wherever the
# file with it lies.
. "$(dirname "$0")/lib.sh"
mkdir -p access tls trust secrets
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=agents \
	-days 30 -out access/ca.pem -keyout run/ca.key 2>/dev/null
fleet() { # USE
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: believed
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {agent: {certificate: access/ops.pem, key: access/ops.key, ca: access/ca.pem}}
	issuers:
	  web: {subject: "CN=Web CA", publish: trust/web.pem}
	  hosts: {subject: "CN=Hosts CA", use: agents, publish: trust/hosts.pem}
	certificates:
	  site: {subject: "CN=site.example.com", issuer: web}
	components:
	  a: {certificate: site, deliver: {files: {directory: tls/a}}}
	END
}
fleet
cf apply --yes
is $status 0 "an authority of somebody else's is fine"
cp trust/hosts.pem access/ca.pem
cf plan
is $status 0 "so is that of an issuer for agents"
cf agent invite h1 --host h1.example.com
is $status 0 "and an agent can be invited"
invite=$(sed -n 's/^invite //p' <<<"$out")
(umask 077; sed -n 's/^token //p' <<<"$out" >secrets/token)

cp trust/web.pem access/ca.pem
for command in plan status "apply --yes"; do
	# shellcheck disable=SC2086
	cf $command
	is $status 65 "S7: $command: a copy of another issuer's authority: 65"
	has "$out" "access/ca.pem.*issuer 'web'.*use: agents" "S7: $command: with file, issuer and remedy"
done
cf agent invite h2 --host h2.example.com
is $status 65 "S7: nobody is invited: 65"
has "$out" "access/ca.pem.*issuer 'web'.*use: agents" "S7: with file, issuer and remedy"
cf agent accept https://127.0.0.1:1 --invite "$invite" --token-file secrets/token
is $status 65 "S7: nor accepted: 65"
has "$out" "access/ca.pem.*issuer 'web'.*use: agents" "S7: with file, issuer and remedy"
cat trust/hosts.pem trust/web.pem >access/ca.pem
cf plan
is $status 65 "S7: one of several in the file counts"
finish
