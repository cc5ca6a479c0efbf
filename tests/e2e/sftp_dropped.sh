#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An SSH server that drops connections: more at once than it takes, and of
# whoever failed to log in.
. "$(dirname "$0")/sftp_lib.sh"
know_host
many() { # KEY
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: many
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {ssh: {key: ssh/$1, known_hosts: ssh/known_hosts}}
	issuers:
	  ca: {subject: "CN=Many CA"}
	certificates:
	  site: {subject: "CN=site.example.test", issuer: ca}
	roles:
	  all: {restart: {max_unavailable: 12}}
	components:
	  c: {each: [a, b, d, e, f, g, h, i, j, k, l, m], role: all, certificate: site, deliver: {sftp: {url: "$url", directory: "$work/tls/\${each}"}}}
	END
}

# from the third connection on that has not logged in, all are dropped
start_sshd "MaxStartups 2:100:3" "LogLevel VERBOSE"
many id
cf apply --yes
is $status 0 "X2: twelve components of a host that takes two logins at a time"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(ls tls/*/fullchain.pem | wc -l)" 12 "X2: each has its pair"
cf plan --detailed-exitcode
is $status 0 "X2: and is looked at again"

: >run/sshd.log
many stranger
cf plan
has "$out" "refuses user '$user'" "X2: a key that the host refuses"
is "$(grep -c 'Connection from' run/sshd.log)" 1 "X2: is tried once, whatever waits for that host"
finish
