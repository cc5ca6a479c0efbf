#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# R1: an apply whose pair works nowhere is killed at many points, roll back
# included; the next apply takes back what it left, here, over SSH and at an agent.
#	EVERY=40 (default): every so many points
# shellcheck disable=SC2154
. "$(dirname "$0")/sftp_lib.sh"
. "$root/tests/e2e/agent_lib.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
EVERY=${EVERY:-60}
free_port here
free_port far
free_port guest
free_port agent
start_sshd
know_host
make_authorities
old_directory guest # its server is no child of the agent
start_nginx guest "$guest"

# takes the pair of tls/NAME into use, unless it is not the good one: then the server ends
cat >take.sh <<'END'
cd "$(dirname "$0")" || exit 1
if [ -e run/good ] && ! grep -q "$(sha256sum <"tls/$1/leaf.pem")" run/good; then
	[ "$1" = guest ] || kill "$(cat "run/$1.pid")"
	exit 1
fi
[ "$1" != guest ] || exec kill -HUP "$(cat "run/$1.pid")"
exec sh serve.sh "$1" "$2" "tls/$1/fullchain.pem" "tls/$1/key.pem"
END
taking() { echo "{command: [sh, $work/take.sh, $1, \"${!1}\"]}"; }
agent_component guest "install: {directory: $work/tls/guest}, activate: $(taking guest)"
start_agent host 127.0.0.1 "$agent"
cat >certfleet.yaml <<END
certfleet: 1
fleet: back
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
access:
  ssh: {key: ssh/id, known_hosts: ssh/known_hosts}
  ${access#access: \{}
END
sed -i 's/^  agent: \(.*\)}$/  agent: \1/' certfleet.yaml
cat >>certfleet.yaml <<END
issuers:
  ca: {subject: "CN=Back CA"}
certificates:
  site: {subject: "CN=site.example.test", issuer: ca}
roles:
  all: {restart: {on_failure: rollback, max_unavailable: 3, timeout: $patience}}
components:
  here: {role: all, certificate: site, deliver: {files: {directory: tls/here}}, activate: $(taking here), verify: {tls: "127.0.0.1:$here", consecutive: 1}}
  far: {role: all, certificate: site, deliver: {sftp: {url: "$url", directory: $work/tls/far}}, activate: $(taking far), verify: {tls: "127.0.0.1:$far", consecutive: 1}}
  guest: {role: all, certificate: site, deliver: {agent: "https://127.0.0.1:$agent"}, verify: {tls: "127.0.0.1:$guest"}}
END
cf apply --yes
is $status 0 "three components are set up"
[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }
sha256sum <tls/here/leaf.pem >run/good
good=$(installed tls/here/leaf.pem)
calls=fdatasync,fsync,pwrite64,rename,renameat2,sendto

is_back() { # ok when all have and serve the good pair
	local name
	for name in here far guest; do
		[ "$(installed "tls/$name/leaf.pem")" = "$good" ] || { echo "# $name has another pair after $1"; return 1; }
		is_pair "tls/$name/fullchain.pem" "tls/$name/key.pem" || { echo "# $name has half a pair after $1"; return 1; }
		comes does_serve "${!name}" "$good" || { echo "# $name serves another pair after $1"; return 1; }
	done
}

traced run/calls "$calls" "$CERTFLEET" apply --yes --reissue site >run/whole 2>&1
is $? 8 "a pair that works nowhere is taken back"
is_back "a whole apply" >run/why
ok $? "everywhere"
cat run/why
take_status
is "$(jq -r '[.components[].state] | unique | join(" ")' status.json)" rolled-back "which the status says"
awk -F'(' '/^[a-z]/ && !/^clone3/ { print $1, ++n[$1] }' run/calls >run/points

number=0
tried=0
bad=0
finished=0
while read -r call count; do
	number=$((number + 1))
	[ $((number % EVERY)) -eq 0 ] || continue
	traced run/injected "$call" -e inject="$call:signal=KILL:when=$count" \
		"$CERTFLEET" apply --yes --reissue site >run/broken 2>&1
	grep -q '^+++ killed by SIGKILL' run/injected || continue
	tried=$((tried + 1))
	cf apply --yes
	case $status in
	0 | 3 | 8) ;;
	*)
		bad=$((bad + 1))
		echo "# exit $status after $call $count"
		sed 's/^/#   /' <<<"$out"
		;;
	esac
	! grep -q "began to take its pair back" <<<"$out" || finished=$((finished + 1))
	is_back "$call $count" || bad=$((bad + 1))
done <run/points
echo "# $(wc -l <run/points) points, $tried tried, $finished roll backs were finished"
[ $bad -eq 0 ] && [ $tried -gt 0 ]
ok $? "R1: killed at $tried points, the next apply takes it back everywhere"
[ $finished -gt 0 ]
ok $? "R1: and says that it finishes what was begun"
finish
