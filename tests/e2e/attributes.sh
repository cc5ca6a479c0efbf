#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Owner and mode of the files are part of what is installed.
. "$(dirname "$0")/lib.sh"
free_port front

fleet() { # [MODE]
	local mode=
	[ -z "${1:-}" ] || mode=", mode: \"$1\""
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: attributes
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=site.example.test", issuer: self}
	components:
	  front:
	    certificate: site
	    deliver: {files: {directory: tls/front$mode}}
	    activate: {signal: HUP, pidfile: run/front.pid}
	    verify: {tls: "127.0.0.1:$front"}
	  quiet:
	    certificate: site
	    deliver: {files: {certificate: tls/q.crt, key: tls/q.key}}
	    activate: {command: [sh, -c, "echo >>$work/run/restarts"]}
	END
}
fleet
old_directory front
start_nginx front "$front"
cf apply --yes
is $status 0 "an apply installs"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
cf plan --detailed-exitcode
is $status 0 "and leaves nothing to do"
is "$(wc -l <run/restarts)" 1 "it restarted once"

spoil() { # FILE MODE OWNER
	chmod "$2" "$1"
	[ "$(id -u)" != 0 ] || chown "$3" "$1"
}
mended() { # COMPONENT FILE PATTERN
	cf plan --detailed-exitcode
	is $status 2 "$1: there is something to do"
	has "$out" "$3" "$1: the plan says what is wrong with which file"
	hasnt "$out" "reload\|restart" "$1: nothing has to be activated for that"
	take_status
	is "$(status_of "$1" state)" outdated "$1 is not in-sync"
	has "$(status_of "$1" error)" "$3" "$1: status says why"
	cf apply --yes
	is $status 0 "$1: apply sets it right"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
	is "$(stat -L -c '%a %u' "$2")" "600 $(id -u)" "$1: the key has its mode and owner"
	cf plan --detailed-exitcode
	is $status 0 "$1: and that is all"
}
spoil tls/front/key.pem 666 games
mended front tls/front/key.pem "tls/front/key.pem' \(has mode 0666, not 0600\|belongs to user 5, not to user 0\)"
spoil tls/q.key 644 games
mended quiet tls/q.key "tls/q.key' \(has mode 0644, not 0600\|belongs to user 5, not to user 0\)"
is "$(wc -l <run/restarts)" 1 "the process was not restarted for it"
take_status
is "$(status_of front state)" in-sync "front is in-sync again"

for mode in 0640 0600; do
	fleet $mode
	cf plan --detailed-exitcode
	is $status 2 "mode $mode, which the fleet file says now, is something to do"
	cf apply --yes
	is $status 0 "it is set"
	is "$(stat -L -c '0%a' tls/front/key.pem)" $mode "on the file"
done
finish
