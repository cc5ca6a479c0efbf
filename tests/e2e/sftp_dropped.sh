#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An SSH server that drops connections: more at once than it takes, and of
# whoever failed to log in.
. "$(dirname "$0")/sftp_lib.sh"
know_host
many() { # KEY [ITEMS]
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
	  all: {restart: {max_unavailable: 100%}}
	components:
	  c: {each: ["${2:-[01-12]}"], role: all, certificate: site, deliver: {sftp: {url: "$url", directory: "$work/tls/\${each}"}}}
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

# from the second connection on that has not logged in, two of three are dropped
stop_sshd
start_sshd "MaxStartups 1:66:3" "LogLevel VERBOSE"
: >run/sshd.log
many id "[01-30]"
cf apply --yes
is $status 0 "E5: thirty components of a host that drops connections at random"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(ls tls/*/fullchain.pem | wc -l)" 30 "E5: each has its pair"
connections=$(grep -c 'Connection from\|drop connection' run/sshd.log)
[ "$connections" -le 60 ]
ok $? "E5: after $connections connections, refused ones included"

# the only place is taken
stop_sshd
start_sshd "MaxStartups 1:100:1" "LogLevel VERBOSE" "LoginGraceTime 600"
take_place() { # not while the one that asked for the port still has it
	exec 7<>"/dev/tcp/127.0.0.1/$ssh_port"
	read -r -u 7 banner && [[ $banner == SSH-* ]]
}
comes take_place
: >run/sshd.log
cf plan
exec 7>&-
has "$out" "offline  *c/01.*: '127.0.0.1' refused the connection before its SSH banner" "E5: a refusal is called one"
has "$out" "MaxStartups" "E5: with its cause"
connections=$(grep -c 'Connection from\|drop connection' run/sshd.log)
[ "$connections" -gt 1 ] && [ "$connections" -le 8 ]
ok $? "E5: and tried a few times, for all thirty together ($connections)"
finish
