# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share: the tools of the end-to-end tests,
# and a fleet that needs no server.
# shellcheck shell=bash
cli_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$cli_tests/../e2e/lib.sh"

# Three components on this machine, nothing listens: what is installed can be
# read, what is served is not known.  ROLE holds more of the role.
plain_fleet() {
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: plain
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Plain CA"}
	certificates:
	  site: {subject: "CN=${SUBJECT:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web: ${ROLE:-"{restart: {when: immediate}}"}
	components:
	  one: {role: web, certificate: site, deliver: {files: {directory: tls/one}}}
	  two: {role: web, certificate: site, deliver: {files: {directory: tls/two}}}
	END
}

# Only stdout; what else is said goes to run/said.
cf_out() {
	out=$(timeout 120 "$CERTFLEET" "$@" 2>run/said </dev/null)
	status=$?
}

# Answers a question on a terminal: ANSWER ARGS...
cf_terminal() {
	out=$(timeout 120 python3 - "$CERTFLEET" "$@" <<-'END'
	import os, pty, sys
	program, answer, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
	child, fd = pty.fork()
	if child == 0:
	    os.execv(program, [program] + arguments)
	seen = b""
	answered = False
	while True:
	    try:
	        piece = os.read(fd, 4096)
	    except OSError:
	        break
	    if not piece:
	        break
	    seen += piece
	    if b"[y/N]" in seen and not answered:
	        os.write(fd, answer.encode() + b"\n")
	        answered = True
	sys.stdout.buffer.write(seen)
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
	END
	)
	status=$?
}

# Whether a JSON file, or each line of it, is what a schema describes, by a
# validator that is not ours: SCHEMA FILE [lines]
fits_schema() {
	/usr/bin/python3 - "$root/schemas/$1" "$2" "${3:-}" <<-'END'
	import json, sys, jsonschema
	schema = json.load(open(sys.argv[1]))
	text = open(sys.argv[2]).read()
	documents = text.splitlines() if sys.argv[3] else [text]
	assert documents
	check = jsonschema.Draft202012Validator(schema)
	check.check_schema(schema)
	for document in documents:
	    check.validate(json.loads(document))
	END
}
