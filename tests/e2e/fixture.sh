# SPDX-License-Identifier: Apache-2.0
# Three components of one certificate: nginx and two gnutls-serv.  ROLE holds
# the restart policy, COPIES those of the bundles, EXTRA more of the fleet file.
# shellcheck shell=bash disable=SC2154
three_components() {
	free_port one
	free_port two
	free_port three
	old_directory one
	old_directory two
	make_pair old-three tls/three.crt tls/three.key
	write_fleet
	start_nginx one "$one"
	start_gnutls two "$two" tls/two/fullchain.pem tls/two/key.pem
	start_gnutls three "$three" tls/three.crt tls/three.key
}

write_fleet() {
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: trio
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}${COPIES:+, copies: [$COPIES]}}
	issuers:
	  ca: {subject: "CN=Trio CA", publish: trust/ca.pem}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web:
	    restart: ${ROLE:-"{on_failure: stop, timeout: $patience}"}
	components:
	  one:
	    role: web
	    certificate: site
	    deliver: {files: {directory: tls/one}}
	    activate: ${ACTIVATE_ONE:-"{signal: HUP, pidfile: run/one.pid}"}
	    verify: {tls: "127.0.0.1:$one"${ROW:+, consecutive: $ROW}}
	  two:
	    role: web
	    certificate: site
	    deliver: {files: {directory: tls/two}}
	    activate: ${ACTIVATE_TWO:-"{command: [sh, serve.sh, two, \"$two\", tls/two/fullchain.pem, tls/two/key.pem]}"}
	    verify: {tls: "127.0.0.1:$two"${ROW:+, consecutive: $ROW}}
	  three:
	    role: web
	    certificate: site
	    deliver: {files: {certificate: tls/three.crt, key: tls/three.key}}
	    activate: ${ACTIVATE_THREE:-"{command: [sh, serve.sh, three, \"$three\", tls/three.crt, tls/three.key], timeout: 60s}"}
	    verify: {tls: "127.0.0.1:$three"${ROW:+, consecutive: $ROW}}
	${EXTRA:-}
	END
}

# The pair of each component is whole, whatever happened.
pairs_are_whole() {
	is_pair tls/one/fullchain.pem tls/one/key.pem &&
		is_pair tls/two/fullchain.pem tls/two/key.pem &&
		is_pair tls/three.crt tls/three.key
}
