#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# D3: paths that are links of others, as certbot's live/ leads to archive/: what they
# lead to is kept and never written to; here, over SSH and through an agent.
. "$(dirname "$0")/ways_lib.sh"
for name in here there host; do
	mkdir -p "tls/$name/live" "tls/$name/archive"
	make_pair "$name" "tls/$name/archive/fullchain1.pem" "tls/$name/archive/privkey1.pem"
	ln -s ../archive/fullchain1.pem "tls/$name/live/fullchain.pem"
	ln -s "$work/tls/$name/archive/privkey1.pem" "tls/$name/live/privkey.pem"
	chmod 640 "tls/$name/archive/privkey1.pem"
done
sum=$(sha256sum tls/*/archive/*)
paths() { echo "certificate: $work/tls/$1/live/fullchain.pem, key: $work/tls/$1/live/privkey.pem"; }
start_ways

take_status
for name in here there host; do
	is "$(status_of $name installed)" "$(installed "tls/$name/archive/fullchain1.pem")" "$name: what the links lead to is what is installed"
done
cf apply --yes
is $status 0 "pairs are delivered to paths that are links of others"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(sha256sum tls/*/archive/*)" "$sum" "and nothing is written through them"
for name in here there host; do
	is_pair "tls/$name/live/fullchain.pem" "tls/$name/live/privkey.pem"
	ok $? "$name: a pair is at the paths"
	[ "$(installed "tls/$name/live/fullchain.pem")" != "$(installed "tls/$name/archive/fullchain1.pem")" ]
	ok $? "$name: another"
	is "$(stat -L -c %a "tls/$name/live/privkey.pem")" 640 "$name: with the mode of the key before"
	is "$(installed "$(echo "tls/$name/live/."*.certfleet/found-*/fullchain.pem)")" "$(installed "tls/$name/archive/fullchain1.pem")" "$name: what was found is kept"
done
cf apply --yes
has "$out" "nothing to do" "and there is nothing else to do"

# a link in the place of a directory
mkdir tls/real
ln -s real tls/site
fleet "directory: $work/tls/site"
cf plan --detailed-exitcode
has "$out" "target-unwritable here: .*tls/site' is not what certfleet put there" "a link in the place of the directory is refused"
has "$out" "if it is a link, name the directory that it leads to ('readlink -f .*tls/site')" "with what to do"
fleet "directory: $(readlink -f tls/site)"
cf apply --yes
is $status 0 "which helps"
finish
