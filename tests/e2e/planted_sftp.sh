#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A stranger has put a key where ours will be, on a host that is reached over
# SSH as root.
. "$(dirname "$0")/sftp_lib.sh"
[ "$(id -u)" = 0 ] || skip_all "only root can act as another user"

plant() { # FILE: a pair's key of user nobody
	make_pair planted "${1%.key}.crt" "$1"
	chown nobody:nogroup "$1"
}

mkdir -m 0777 tls/web
plant tls/web/key.key
mv tls/web/key.key tls/web/key.pem
mv tls/web/key.crt tls/web/fullchain.pem
start_sshd
know_host
write_fleet
before=$(find tls -printf '%p %u %m\n' | sort)
cf plan --detailed-exitcode
is $status 2 "S2: a planted key in an open directory blocks over SSH"
has "$out" "block  *target-unwritable web: others can write to directory '$work/tls/web'" "S2: the directory itself is judged"
cf apply --yes
is $status 4 "S2: apply does nothing"
is "$(find tls -printf '%p %u %m\n' | sort)" "$before" "S2: nothing was written"
web='unsafe_directory: true' write_fleet
cf plan --detailed-exitcode
has "$out" "key.pem' belongs to user 65534" "S2: its owner is judged too"
has "$out" "say 'owner: \"65534\"', or remove it" "S2: with what to do"

chmod 0755 tls/web
rm tls/web/key.pem
make_pair other run/other.crt run/other.key
ln run/other.key tls/web/key.pem
write_fleet
cf plan --detailed-exitcode
has "$out" "key.pem' has a second name (a hard link)" "S2: a hard link lends no owner and mode"

mkdir -m 1777 tls/sticky
mkdir -m 0777 tls/sticky/.web.certfleet
chown nobody tls/sticky/.web.certfleet
sed -i "s#$work/tls/web#$work/tls/sticky/web#" certfleet.yaml
cf plan --detailed-exitcode
is $status 4 "S2: a planted store blocks"
has "$out" ".web.certfleet' belongs to user 65534" "S2: and is named"
is "$(stat -c %a tls/sticky/.web.certfleet)" 777 "S2: nor is its mode touched"
finish
