#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whom agents obey is nobody's by accident: the issuer of the operator signs
# other clients only when asked, and plans show what is signed.
. "$(dirname "$0")/lib.sh"
mkdir -p access tls elsewhere
fleet() { # USE [CERTIFICATES]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: operators
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {agent: {certificate: ${certificate:-access/ops.pem}, key: access/ops.key, ca: access/agents.pem}}
	issuers:
	  ca: {subject: "CN=${subject:-Operators CA}"$1}
	  web: {subject: "CN=Web CA"}
	certificates:
	  ops: {subject: "CN=ops", names: [], issuer: ca, purpose: [client]}
	  site: {subject: "CN=site.example.com", issuer: ca}
	${2:-}
	components:
	  a: {certificate: site, deliver: {files: {directory: tls/a}}}
	  ${operator:-"operator: {certificate: ops, deliver: {files: {certificate: access/ops.pem, key: access/ops.key}}}"}
	END
}
evil='  evil: {subject: "CN=ops", names: [], issuer: ca, purpose: [client]}'

fleet ""
cf plan
has "$out" "acknowledge   operator-issuer ca:" "S6: the operator itself is asked for"
cf apply --yes
is $status 3 "S6: apply says so, too"
! [ -e access/ops.pem ]; ok $? "S6: and makes nothing"
cf apply --yes --ack operator-issuer:ca
is $status 0 "acknowledged it is made"
cf plan
hasnt "$out" "operator-issuer" "S6: once it is there nothing is asked"

fleet "" "$evil"
cf plan
has "$out" "acknowledge   operator-issuer ca:" "S6: another client of that issuer is asked for"
has "$out" "evil: CN=ops" "S6: with its certificate and subject"
cf plan --ack operator-issuer:ca
for field in "subject  CN=ops" "issuer   ca" "purpose  client" "key      ecdsa-p256" "validity 90 days"; do
	has "$out" "$field" "S6: the plan shows: $field"
done
"$CERTFLEET" plan --json --ack operator-issuer:ca >run/json 2>>run/transcript
is "$(jq -c '[.steps[] | select(.certificate == "evil") | .changes[] | select(.field == "purpose" or .field == "subject")]' run/json)" \
	'[{"field":"subject","old":null,"new":"CN=ops"},{"field":"purpose","old":null,"new":"client"}]' "S6: so does its JSON"
cf plan --confined
has "$out" "acknowledge   operator-issuer ca:" "S6: a plan of a stranger's fleet file asks as well"

# the component is gone from the file, or the file lies elsewhere
operator=" "
fleet "" "$evil"
cf plan --ack mass-retire
has "$out" "operator-issuer ca:" "S6: what the certificate says of its signer counts"
cp access/ops.pem elsewhere/copy.pem
certificate=elsewhere/copy.pem fleet "" "$evil"
cf plan
has "$out" "operator-issuer ca:" "S6: also of a copy"
subject="Renamed CA" fleet "" "$evil"
cf plan --ack issuer-replaced
has "$out" "operator-issuer ca:" "S6: also when the authority gets another subject"
fleet "" '  evil: {subject: "CN=ops", names: [], issuer: web, purpose: [client]}'
cf plan
hasnt "$out" "operator-issuer" "another issuer signs whom it likes"
fleet "" '  more: {subject: "CN=more.example.com", issuer: ca}'
cf plan
hasnt "$out" "operator-issuer" "a server is no operator"

# use: operators
unset operator
fleet ", use: operators" '  second: {subject: "CN=second", names: [], issuer: ca, purpose: [client]}'
cf plan
is $status 0 "a plan of operators"
hasnt "$out" "operator-issuer" "who is said to be an operator is not asked for"
fleet ", use: operators" "$evil"
cf validate
is $status 65 "S6: but two of one name are an error"
has "$out" "certificate 'ops' has this one already" "S6: which says who has it"
fleet ", use: operators" '  evil: {subject: "CN = ops", names: [], issuer: ca, purpose: [client]}'
cf validate
is $status 65 "S6: however it is written"
has "$out" "certificate 'ops' has this one already" "S6: with the same words"
finish
