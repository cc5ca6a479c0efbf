#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What one failure stops: no more than its role says, and no less; that who is down
# counts; and that a roll back is called one only when something proves it.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"

# Four processes of a role, one of a role after it, one of another role.  Nothing
# listens: an activation that ends well is all there is.
cat >restart.sh <<'END'
echo "$1" >>run/order
[ ! -e "run/bad-$1" ] || exit 1
[ ! -e "run/once-$1" ] || { rm "run/once-$1"; exit 1; }
END
write_fleet() { # SUBJECT POLICY
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: limits
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=site.example.test, O=$1", issuer: self}
	  other: {subject: "CN=other.example.test, O=$1", issuer: self}
	roles:
	  front: {restart: $2}
	  back: {after: [front]}
	  other: {}
	components:
	  f:
	    each: ["[1-4]"]
	    role: front
	    certificate: site
	    deliver: {files: {directory: "tls/f\${each}"}}
	    activate: {command: [sh, restart.sh, "f\${each}"]}
	  back: {role: back, certificate: site, deliver: {files: {directory: tls/back}}, activate: {command: [sh, restart.sh, back]}}
	  other: {role: other, certificate: other, deliver: {files: {directory: tls/other}}, activate: {command: [sh, restart.sh, other]}}
	END
}
applies() { # STATUS SUBJECT POLICY TEXT
	write_fleet "$2" "$3"
	: >run/order
	cf apply --yes
	is $status "$1" "$4"
	[ $status -eq "$1" ] || sed 's/^/# /' <<<"$out"
}
activated() { sort run/order | paste -sd' '; }

# ---- failures that are allowed ----
continues="{on_failure: continue, max_failures: 10, max_unavailable: 1}"
touch run/bad-f1
applies 7 one "$continues" "I2: on_failure continue: a failure"
is "$(activated)" "back f1 f2 f3 f4 other" "I2: keeps nothing else from its turn"
: >run/order
cf apply --yes
is "$status $(activated)" "7 f1" "I2: the next apply tries it alone"
applies 7 two "$continues" "I2: and a failure of an earlier run"
is "$(activated)" "back f1 f2 f3 f4 other" "I2: does not count in a later one (sibling)"
applies 7 three "{max_failures: 1, max_unavailable: 1}" "I2: max_failures: as many as it allows"
is "$(activated)" "back f1 f2 f3 f4 other" "I2: stop nothing either (sibling)"
rm run/bad-f1
applies 0 three "{max_failures: 1}" "I2: and it is finished"
touch run/bad-f1 run/bad-f2
applies 7 four "{max_failures: 1, max_unavailable: 1}" "I2: one more"
is "$(activated)" "f1 f2 other" "I2: stops its role and the one after it, no other"
has "$out" "not started: f/3, f/4, back" "I2: which are named"
rm run/bad-f1 run/bad-f2
applies 0 four "{max_unavailable: 4}" "I2: and it is finished, too"

# ---- a canary that is all there is ----
touch run/bad-f1
applies 7 five "{canary: 9, max_failures: 5, max_unavailable: 4}" "I3: a canary of the whole role that fails"
is "$(activated)" "f1 f2 f3 f4 other" "I3: stops the role after it, whatever max_failures allows"
rm run/bad-f1
applies 0 five "{canary: 4}" "I3: once it works"
has "$(activated)" "back" "I3: the role after it has its turn"
touch run/bad-f1
applies 7 six "{canary: 4, on_failure: continue, max_unavailable: 4}" "I3: with on_failure continue, too,"
is "$(activated)" "f1 f2 f3 f4 other" "I3: a canary of them all stops the next role (sibling)"
rm run/bad-f1
applies 0 six "{max_unavailable: 4}" "I3: and it is finished"

# ---- a roll back that nothing proves ----
touch run/once-f1
applies 7 seven "{on_failure: rollback}" "P4: a roll back that no port can prove is no 8"
is "$(grep -c '^f1$' run/order)" 2 "P4: although the process was activated with the former pair"
cf apply --yes
take_status
isnt_rolled_back() { [ "$(status_of f/1 state)" != rolled-back ]; }
isnt_rolled_back
ok $? "P4: and status does not call it one"
touch run/bad-f2
applies 7 eight "{on_failure: rollback}" "P4: nor is one 8 whose activation fails as well"
take_status
is "$(status_of f/2 state)" failed "P4: that component has failed (sibling)"

# ---- who is down counts ----
cat >careful.sh <<'END'
# NAME CERT KEY PORT OTHER-PORT...: notes when a healthy one is stopped while another is down
name=$1 cert=$2 key=$3 port=$4
shift 4
hears() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
if hears "$port"; then
	for other; do
		hears "$other" || echo "$name while $other is down" >>run/risk
	done
fi
[ ! -e "run/bad-$name" ] || exit 1
sh serve.sh "$name" "$port" "$cert" "$key"
END
rm -rf .certfleet backups tls certfleet.lineage
mkdir tls
for name in s1 s2 s3; do
	free_port "$name"
	old_directory "$name"
	start_gnutls "$name" "${!name}" "tls/$name/fullchain.pem" "tls/$name/key.pem"
done
write_servers() { # SUBJECT
	cat <<-END
	certfleet: 1
	fleet: limits
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=site.example.test, O=$1", names: [site.example.test], issuer: self}
	roles:
	  web: {restart: {max_unavailable: 1, timeout: $patience}}
	components:
	END
	for name in s1 s2 s3; do
		cat <<-END
		  $name:
		    role: web
		    certificate: site
		    deliver: {files: {directory: tls/$name}}
		    activate: {command: [bash, careful.sh, $name, tls/$name/fullchain.pem, tls/$name/key.pem, "${!name}", "$s1", "$s2", "$s3"]}
		    verify: {tls: "127.0.0.1:${!name}"}
		END
	done
}
goes_down() { # NAME
	kill -9 "$(cat "run/$1.pid")"
	gone "$(cat "run/$1.pid")"
	rm "run/$1.pid"
}
goes_down s3
: >run/risk
write_servers one >certfleet.yaml
cf apply --yes
is $status 0 "I4: with one of three down"
is "$(cat run/risk)" "" "I4: no healthy one is stopped before that one is back"
goes_down s3
touch run/bad-s3
write_servers two >certfleet.yaml
cf apply --yes
is $status 7 "I4: while it does not come back"
write_servers three >certfleet.yaml
cf apply --yes
[ $status -ne 0 ]; ok $? "I4: in later runs, too"
is "$(cat run/risk)" "" "I4: no healthy one is stopped (sibling)"
finish
