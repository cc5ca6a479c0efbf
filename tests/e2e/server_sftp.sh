#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pairs delivered to a host over SSH, and served there by nginx.
. "$(dirname "$0")/sftp_lib.sh"

# Looks at every file of a key, all the time; an open one is written down.
watch_keys() {
	python3 - tls run/open run/enough <<-'END' &
	import os, sys
	tls, report, enough = sys.argv[1:]
	looks = 0
	while not os.path.exists(enough):
	    for directory, _, names in os.walk(tls):
	        for name in names:
	            path = os.path.join(directory, name)
	            try:
	                mode = os.lstat(path).st_mode
	            except OSError:
	                continue
	            if "key" in name and mode & 0o170000 == 0o100000 and mode & 0o077:
	                open(report, "a").write(f"{oct(mode)} {path}\n")
	            looks += 1
	open(report, "a").write(f"looks {looks}\n")
	END
	watcher=$!
}

old_directory web
start_nginx web "$web_port"
start_sshd
know_host
write_fleet
old=$(served "$web_port")

cf validate
is $status 0 "the fleet file is valid"
cf plan
is $status 0 "a plan is made over SSH"
has "$out" "web .*commit, restart" "it says what will happen"
is "$(served "$web_port")" "$old" "and changes nothing"
[ ! -e tls/.web.certfleet ]; ok $? "on the host either"

before=$(logins)
watch_keys
cf apply --yes
is $status 0 "the first apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
serves "$web_port" "$(installed tls/web/fullchain.pem)" "what was delivered is served"
[ "$(served "$web_port")" != "$old" ]; ok $? "another than before"
is "$(stat -c %a tls/web/key.pem)" 600 "the key is closed"
is "$(stat -c %a tls/web/fullchain.pem)" 644 "the certificate is open"
[ -L tls/web ]; ok $? "the directory has become a link"
is "$(installed tls/.web.certfleet/found-"$old"/fullchain.pem)" "$old" "what was there is kept"
[ $(($(logins) - before)) -le 2 ]; ok $? "one connection was enough"
take_status
is "$(status_of web state)" in-sync "status says in-sync"
is "$(status_of web evidence)" handshake "by a handshake"
cf apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"

# Under load, without a failed handshake.
load "$web_port" &
loader=$!
for subject in b c d; do
	subject=$subject.example.test write_fleet
	cf apply --yes
	is $status 0 "swapped under load, $subject"
done
touch run/enough
wait "$loader" "$watcher"
read -r count failed <run/load
is "$failed" 0 "none of $count handshakes failed meanwhile"
[ "$count" -gt 3 ]; ok $? "and there were some"
serves "$web_port" "$(installed tls/web/fullchain.pem)" "the newest is served"
has "$(openssl x509 -in tls/web/fullchain.pem -noout -subject)" "d.example.test" "and it is the newest"
is "$(grep -v looks run/open)" "" "no key was open at any instant"
[ "$(sed -n 's/looks //p' run/open)" -gt 1000 ]; ok $? "of many that were looked at"
rm run/open run/enough
watch_keys
touch run/open-key.pem && mv run/open-key.pem tls/open-key.pem
comes test -e run/open
touch run/enough
wait "$watcher"
has "$(cat run/open)" "open-key.pem" "an open one would have been seen"
rm tls/open-key.pem

# Owner and mode there are part of what is installed.
chmod 666 tls/web/key.pem
cf plan --detailed-exitcode
is $status 2 "a key that was opened there is something to do"
has "$out" "tls/web/key.pem' has mode 0666, not 0600" "the plan says so"
cf apply --yes
is $status 0 "and an apply closes it"
is "$(stat -L -c %a tls/web/key.pem)" 600 "with its mode"
cf plan --detailed-exitcode
is $status 0 "and that is all"

# A pair that is none is refused before the host is touched.
good=$(served "$web_port")
sum=$(find tls -type f -print0 | sort -z | xargs -0 sha256sum)
make_pair x run/x.crt run/x.key
make_pair y run/y.crt run/y.key
site='{import: {pem: [run/x.crt, run/y.key]}}' write_fleet
cf apply --yes
is $status 4 "a key of another certificate is refused"
is "$(find tls -type f -print0 | sort -z | xargs -0 sha256sum)" "$sum" "no file is touched"
is "$(served "$web_port")" "$good" "and the server serves what it did"

# Activations that fail.
touch run/sabotage
subject=e.example.test write_fleet
cf apply --yes
is $status 8 "a command that fails is taken back"
[ $status -eq 8 ] || sed 's/^/# /' <<<"$out"
has "$out" "ended with status 3:$" "it is said with the command's own words"
has "$out" "^    | it is Sunday$" "W4: each line of them below the message"
serves "$web_port" "$good" "the old pair is served"
is "$(installed tls/web/fullchain.pem)" "$good" "and installed"
subject=f.example.test activate='{command: [no-such-program]}' write_fleet
cf apply --yes
has "$out" "no-such-program" "a program that is not there is named"
is "$(installed tls/web/fullchain.pem)" "$good" "the old pair is put back"
subject=g.example.test activate="{command: [sleep, \"6$ssh_port\"], timeout: 1s}" write_fleet
cf apply --yes
has "$out" "did not end within 1 seconds" "one that does not end is killed"
has "$out" "0 rolled back.*" "nor does it in the way back"
has "$out" "next: .*needs --ack rolled-back" "what to do then is said"
is "$(pgrep -cf "^sleep 6$ssh_port$")" 0 "on the host"
is "$(installed tls/web/fullchain.pem)" "$good" "the old pair is put back again"
cat >show.sh <<END
env >$work/run/environment
exec sh $work/reload.sh
END
subject=h.example.test activate="{command: [sh, $work/show.sh]}" write_fleet
CERTFLEET_OTHER=x cf apply --yes --ack rolled-back
is $status 0 "one that works is taken"
has "$(cat run/environment)" "^CERTFLEET_COMPONENT=web$" "it is told the component"
has "$(cat run/environment)" "^CERTFLEET_FINGERPRINT=$(installed tls/web/fullchain.pem)$" "and the fingerprint"
hasnt "$(cat run/environment)" "SSH_\|CERTFLEET_OTHER\|PASSPHRASE" "and nothing of ours or of sshd's"

# Many components of one host share a few connections.
mkdir tls/many
write_fleet "  many:
    role: far
    each: [\"m[01-12]\"]
    certificate: site
    deliver: {sftp: {url: \"$url\", certificate: \"$work/tls/many/\${each}.crt\", key: \"$work/tls/many/\${each}.key\", mode: \"0640\"}}
    retire: {remove: true}"
before=$(logins)
cf apply --yes
is $status 0 "a group on one host is delivered to"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
[ $(($(logins) - before)) -le 8 ]; ok $? "over at most four connections for each look and for the work ($(($(logins) - before)))"
is_pair tls/many/m07.crt tls/many/m07.key; ok $? "each has a pair"
is "$(stat -Lc %a tls/many/m12.key)" 640 "with the mode that was asked for"
if [ "$(id -u)" = 0 ]; then
	web='owner: nobody, group: nogroup' subject=i.example.test write_fleet
	cf apply --yes --ack mass-retire
	is $status 0 "an owner can be given"
	is "$(stat -c %U:%G tls/web/key.pem)" nobody:nogroup "the key is theirs"
	web='owner: no-such-user' subject=j.example.test write_fleet
	cf plan --detailed-exitcode
	is $status 2 "one that is not known there blocks"
	has "$out" "block  .*no user 'no-such-user' on '127.0.0.1'" "and is named"
else
	write_fleet
	cf apply --yes --ack mass-retire
fi
is "$(find tls/many -mindepth 1)" "" "who left the fleet file took the files along"
is "$(find . -name '*tmp-certfleet*')" "" "nothing temporary is left"
hasnt "$(cat run/transcript)" "BEGIN .*PRIVATE KEY" "no key is ever shown"
finish
