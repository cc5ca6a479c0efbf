#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AppMon has no interface that takes a pair: its wizard exports and imports one.  The
# person of this script does what the wizard does, to the stand-in AppMon Server.
. "$(dirname "$0")/appmon_lib.sh"
for tier in web server frontend mas; do appmon_pair $tier; done
pin=$(installed appmon/web/fullchain.pem)
(umask 077 && echo secret >secrets/appmon)
start_appmon '{collectors: []}'
wait_port "$collector"
wait_port "$client"
cat <<-END >certfleet.yaml
	certfleet: 1
	fleet: appmon
	topology: appmon
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {appmon: {url: "https://127.0.0.1:$web", user: certfleet, password: {file: secrets/appmon}, pin: ["sha256:$pin"]}}
	issuers:
	  appmon-ca: {subject: "CN=AppMon CA, O=Example", key: rsa-3072}
	certificates:
	  appmon:
	    subject: "CN=dt.example.test, O=Example"
	    names: [dt.example.test]
	    issuer: appmon-ca
	    validity: 2y
	    export: exports/appmon.zip
	components:
	  server: {role: server, certificate: appmon, appmon: server, activate: appmon, deliver: {handoff: {file: handoff/appmon.zip}}, verify: {tls: "127.0.0.1:$collector", server_name: dt.example.test}}
	  frontend: {role: frontend, certificate: appmon, deliver: {handoff: {file: handoff/appmon.zip}}, verify: {tls: "127.0.0.1:$client", server_name: dt.example.test}}
	END
# The rules of the wizard for a file that it imports.
wizard_accepts() { # FILE
	rm -rf run/wizard && mkdir run/wizard && python3 - "$1" <<-'END' || return 1
	import sys, zipfile
	z = zipfile.ZipFile(sys.argv[1])
	assert all(n.endswith(".pem") and "/" not in n for n in z.namelist()), "other entries than .pem"
	assert not any(i.flag_bits & 1 for i in z.infolist()), "a password"
	z.extractall("run/wizard")
	END
	cat run/wizard/*.pem >run/wizard/all
	openssl pkey -in run/wizard/key.pem -passin pass: -noout -text 2>/dev/null | grep -q 'Private-Key: (2048 bit' || return 1
	is_pair run/wizard/certificate.pem run/wizard/key.pem || return 1
	# the complete chain, and nothing that is not in it
	csplit -sz -f run/wizard/cert- run/wizard/certificate.pem '/BEGIN CERTIFICATE/' '{*}'
	[ "$(ls run/wizard/cert-* | wc -l)" = 2 ] &&
		openssl verify -CAfile run/wizard/cert-01 run/wizard/cert-00 >/dev/null 2>&1
}
# What the wizard deploys, and restarts at once.
wizard_deploys() { # FILE TIER...
	local tier
	wizard_accepts "$1"
	for tier in "${@:2}"; do
		cp run/wizard/certificate.pem "appmon/$tier/fullchain.pem"
		cp run/wizard/key.pem "appmon/$tier/key.pem"
		control "{\"tier\": \"$tier\", \"do\": \"restart\"}"
	done
}

cf apply --yes
is $status 9 "8 a hand-off waits for the wizard"
[ $status -eq 9 ] || { sed 's/^/# /' <<<"$out"; finish; }
wizard_accepts handoff/appmon.zip
ok $? "8 its file is one that the wizard accepts"
holds=$(stat -c %a exports/appmon.zip)
is "$holds" 600 "2.3 the export is private"
rm -rf run/export && mkdir run/export && python3 -m zipfile -e exports/appmon.zip run/export
is_pair run/export/certificate.pem run/export/key.pem
ok $? "2.3 and holds certificate and key"
has "$out" "export .*it\|export  *appmon  *'exports/appmon.zip' will hold the private key" "2.3 of which the plan warns"
cp exports/appmon.zip run/exported
echo changed >exports/appmon.zip
cf apply --yes --reissue appmon
is $status 4 "2.3 what is not certfleet's is not overwritten"
cp run/exported exports/appmon.zip
cf apply --yes
is $status 9 "8 it waits until the wizard has run"

wizard_deploys handoff/appmon.zip server
comes is_heard "$collector"
cf apply --yes
is $status 9 "8 one tier alone is not enough"
take_status
is "$(status_of server state) $(status_of frontend state)" "in-sync awaiting-handoff" "8 which status tells apart"
wizard_deploys handoff/appmon.zip frontend
comes is_heard "$client"
cf apply --yes
is $status 0 "8 the ports prove what the wizard did"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_status
is "$(status_of server state) $(status_of frontend state)" "in-sync in-sync" "8 by evidence alone"
[ ! -e handoff/appmon.zip ]
ok $? "8 and the file is gone"
[ -e exports/appmon.zip ]
ok $? "2.3 the export stays"
is "$(requests POST /rest/management/server/restart) $(requests POST /api/v2/server/restart)" "0 0" "8 the wizard has restarted the server, certfleet does not"
cf plan --detailed-exitcode
is $status 0 "8 and nothing is left to do"
finish
