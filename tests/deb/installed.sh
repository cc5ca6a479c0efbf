#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# installed.sh: both packages on a Debian that has nothing else; it is changed.
set -euo pipefail
cd /work/deb
export DEBIAN_FRONTEND=noninteractive

is() { # VALUE WANTED WHAT
	[ "$1" = "$2" ] || { printf 'not ok - %s: %q, not %q\n' "$3" "$1" "$2"; exit 1; }
	echo "ok - $3"
}
quietly() { "$@" >/tmp/log 2>&1 || { echo "not ok - $*"; cat /tmp/log; exit 1; }; }

quietly apt-get install -y -qq --no-install-recommends ./certfleet_*.deb
echo "ok - certfleet is installed"
is "$(certfleet --version)" "certfleet $(dpkg-query -f '${Version}' -W certfleet)" "and has its version"
mkdir /tmp/fleet
cd /tmp/fleet
cat >certfleet.yaml <<'END'
certfleet: 1
fleet: first
state: {unsealed: true}
backup: {unencrypted: true}
certificates:
  site: {subject: "CN=site.example.test", issuer: self}
components:
  web: {certificate: site, deliver: {files: {directory: /tmp/fleet/tls}}}
END
mkdir tls
quietly certfleet apply --yes
is "$(ls tls)" "$(printf 'ca.pem\nchain.pem\nfullchain.pem\nkey.pem\nleaf.pem')" "a first certificate is delivered"
for yaml in /usr/share/certfleet/appmon/*.yaml; do
	quietly certfleet validate "$yaml"
done
echo "ok - the examples are valid where they are installed"

cd /work/deb
quietly apt-get install -y -qq --no-install-recommends ./certfleet-agent_*.deb
is "$(getent passwd certfleet-agent | cut -d: -f1,6,7)" certfleet-agent:/:/usr/sbin/nologin \
	"the agent has a user without a shell"
for half in install network; do
	unit=certfleet-agent-$half.service
	quietly systemd-analyze verify "$unit"
	is "$(grep . /tmp/log || true)" "" "$unit is valid"
	quietly systemd-analyze security --offline=true --threshold=40 "$unit"
	echo "ok - $(tail -1 /tmp/log)"
	is "$(systemctl is-enabled "$unit" || true)" disabled "$unit waits for the enrolment"
done
is "$(dpkg --verify certfleet certfleet-agent)" "" "every file is as packed"
quietly apt-get install -y -qq --reinstall ./certfleet_*.deb ./certfleet-agent_*.deb
quietly apt-get purge -y -qq certfleet-agent certfleet
is "$(find / -xdev -path /proc -prune -o -path /work -prune -o -path /tmp -prune -o -name '*certfleet*' -print)" "" \
	"both are gone without a trace"
