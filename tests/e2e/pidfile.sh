#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whom a pidfile names, and whether that is the process it meant.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"
free_port front
free_port port
free_port far
old_directory front
old_directory far
old_directory early
make_authorities
start_nginx front "$front"
start_nginx far "$far"
cp run/front.pid run/nginx.pid
agent_component far "install: {directory: $work/tls/far}, check: {tls: \"127.0.0.1:$far\"}, activate: {signal: HUP, pidfile: $work/run/far.pid}"
start_agent host 127.0.0.1 "$port"

# Takes a signal as an answer, not as an end.
cat >stranger.sh <<-'END'
trap 'touch run/told' HUP
while :; do sleep 0.1; done
END
bash stranger.sh &
pids+=($!)
stranger=$!

cat >swap.sh <<-'END'
if [ -e run/swap ]; then cat run/swap >run/front.pid; fi
END

write_fleet() { # SUBJECT [PIDFILE]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: named
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	$access
	certificates:
	  site: {subject: "CN=$1", names: [site.example.test], issuer: self}
	roles:
	  first: {}
	  web: {after: [first], restart: {timeout: $patience}}
	components:
	  early: {role: first, certificate: site, deliver: {files: {directory: tls/early}}, activate: {command: [sh, swap.sh]}}
	  front: {role: web, certificate: site, deliver: {files: {directory: tls/front}}, activate: {signal: HUP, pidfile: ${2:-run/front.pid}}, verify: {tls: "127.0.0.1:$front"}}
	  far: {role: web, certificate: site, deliver: {agent: "https://127.0.0.1:$port"}}
	END
}
untouched() { # NAME
	[ ! -e run/told ]; ok $? "$1: the stranger got no signal"
}

write_fleet a
cf apply --yes
is $status 0 "E3: pidfiles that are younger than their processes make no doubt"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"

# a pidfile from before its process
touch -d '2 days ago' run/front.pid run/far.pid
write_fleet b
before=$(installed tls/front/fullchain.pem)
cf plan --detailed-exitcode
is $status 2 "E3: a pidfile two days older than the process it names asks"
has "$out" "acknowledge  *pidfile-doubtful front: process $(cat run/front.pid) (.*nginx), which pidfile '.*' names, started after" "E3: the plan shows it"
has "$out" "acknowledge  *pidfile-doubtful far: process $(cat run/far.pid)" "E3: the agent's too"
cf apply --yes
is $status 3 "E3: apply asks as well"
is "$(installed tls/front/fullchain.pem)" "$before" "E3: before anything is written"
cf apply --yes --ack pidfile-doubtful:front
is $status 3 "E3: a doubt of another component is not meant"
cf apply --yes --ack pidfile-doubtful
is $status 0 "E3: acknowledged, it goes on, here and through the agent"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
serves "$front" "$(installed tls/front/fullchain.pem)" "E3: and nginx serves it"
serves "$far" "$(installed tls/far/fullchain.pem)" "E3: the other one too"
touch run/front.pid run/far.pid

# a number that has gone to another program
echo "$stranger" >run/front.pid
write_fleet c
cf plan --detailed-exitcode
is $status 2 "E3: another executable than the one that was activated asks"
has "$out" "acknowledge  *pidfile-doubtful front: .*bash.* is not '.*nginx', the expected executable" "E3: and is named"
cf apply --yes
is $status 3 "E3: apply does not go on"
untouched "E3"
cat run/nginx.pid >run/front.pid

cp run/far.pid run/far.kept
echo "$stranger" >run/far.pid
write_fleet c2
cf plan --detailed-exitcode
is $status 2 "E3: so it does behind an agent"
has "$out" "acknowledge  *pidfile-doubtful far: .*bash.* is not '.*nginx'" "E3: which remembers whom it told"
cat run/far.kept >run/far.pid
rm run/far.kept

# one that changes after the plan
echo "$stranger" >run/swap
cf plan --detailed-exitcode
is $status 2 "E3: a plan without a doubt"
cf apply --yes
is $status 7 "E3: a number that has changed since fails its activation"
has "$out" "not signalled, because process $stranger (.*bash)" "E3: with the cause"
untouched "E3"
rm run/swap
cat run/nginx.pid >run/front.pid
cf apply --yes
is $status 0 "E3: with the right number it is finished"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"

# a directory in which anybody can put a pidfile
mkdir run/open
cp run/front.pid run/open/front.pid
chmod 0777 run/open
write_fleet d run/open/front.pid
cf plan --detailed-exitcode
is $status 2 "S21: a pidfile in a directory that others can write blocks"
has "$out" "block  *not-restartable front: directory '.*/run/open'.*can be written by others" "S21: the directory is named"
chmod 0755 run/open
cf plan --detailed-exitcode
is $status 2 "S21: until it is theirs no more"
chmod 0666 run/open/front.pid
cf plan --detailed-exitcode
is $status 2 "S21: so does a pidfile that they can write"
has "$out" "block  *not-restartable front: pidfile" "S21: the file is named"
finish
