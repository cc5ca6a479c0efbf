#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What can be known of an activation before the first write is known before it; units,
# reloads, and the time they may take.
if [ "${IN_NAMESPACE:-}" != 1 ]; then
	# a stand-in for systemctl, for this script alone
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || { echo "1..0 # SKIP only root can mount"; exit 0; }
	IN_NAMESPACE=1 exec unshare -m "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
free_port silent
cat >systemctl <<END
#!/bin/sh
echo "\$*" >>$work/run/calls
case \$1 in
show) case \$* in *=Job*) [ ! -e $work/run/job ] || echo Job=7 ;; *) cat "$work/run/unit" ;; esac ;;
esac
END
chmod +x systemctl
real=$(command -v systemctl) || skip_all "systemctl is not installed"
mount --bind "$work/systemctl" "$(readlink -f "$real")" || skip_all "nothing can be mounted"
unit_is() { printf 'LoadState=%s\nActiveState=%s\nCanReload=%s\n' "$@" >run/unit; }

write_fleet() { # SUBJECT ACTIVATE [MORE]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: ways
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=$1", names: [site.example.test], issuer: self}
	roles:
	  web: {restart: {timeout: 5s}}
	components:
	  a: {role: web, certificate: site, deliver: {files: {directory: tls/a}}, activate: $2${3:-}}
	END
}
unwritten() { [ ! -e tls/a ]; ok $? "$1: nothing is written"; }

# ---- before, not in the middle ----
write_fleet one '{command: [certfleet-no-such-program]}'
cf apply --yes
is $status 4 "E1: a program that does not exist blocks"
has "$out" "not-restartable a: cannot run 'certfleet-no-such-program': not found" "E1: and is named"
unwritten "E1"
unit_is not-found inactive no
write_fleet one '{unit: web.service}'
cf apply --yes
is $status 4 "E1: so does a unit that does not exist"
unwritten "E1"
chmod -x systemctl
cf apply --yes
is $status 4 "E1: so does a host without systemctl"
has "$out" "not-restartable a: cannot run 'systemctl': not found" "E1: which is named"
chmod +x systemctl
mv run/unit run/unit.kept
cf apply --yes
is $status 4 "E1: so does a systemd that does not answer"
unwritten "E1"
mv run/unit.kept run/unit
unit_is loaded inactive yes
cf apply --yes
is $status 0 "E1: a unit that is inactive gets its pair"
has "$out" "not-running a: unit 'web.service' is 'inactive'" "E1: which is told"
hasnt "$(cat run/calls)" "restart" "E1: and it is left alone"
write_fleet two '{unit: web.service}' ', running: required'
cf apply --yes
is $status 4 "E1: unless it is required to run"

# ---- units and reloads ----
unit_is loaded active yes
write_fleet three '{unit: web.service}'
cf plan --json
has "$out" '"activation": *"reload"' "a unit that can reload is reloaded"
cf apply --yes
is $status 0 "a unit is activated"
has "$(cat run/calls)" "^try-reload-or-restart web.service" "by systemctl"
unit_is loaded active no
write_fleet four '{unit: web.service, start: true}'
cf plan --json
has "$out" '"activation": *"restart"' "a unit that cannot reload is restarted"
cf apply --yes
has "$(cat run/calls)" "^reload-or-restart web.service" "and started, when that is said"

# ---- a unit whose last job is not over ----
touch run/job
: >run/calls
write_fleet job '{unit: web.service}'
"$CERTFLEET" apply --yes >run/out 2>&1 </dev/null &
pid=$!
asked_twice() { [ "$(grep -c =Job run/calls)" -ge 2 ]; }
comes asked_twice
hasnt "$(cat run/calls)" "restart" "while a unit has a job nothing is asked of it"
rm run/job
wait $pid
is $? 0 "then it is activated"
has "$(cat run/calls)" "reload-or-restart web.service" "by systemctl"
touch run/job
write_fleet job-two '{unit: web.service, timeout: 2s}'
cf apply --yes
is $status 7 "a unit whose job does not end in time"
has "$out" "unit 'web.service' still has a job; 'systemctl list-jobs' shows it" "is told"
rm run/job

write_fleet five '{reload: [touch, run/reloaded]}'
cf plan --json
has "$out" '"activation": *"reload"' "a command may be a reload"
cf apply --yes
[ -e run/reloaded ]
ok $? "and is run"

# ---- pidfiles ----
sleep 1000 &
pids+=($!)
echo $! >run/a.pid.of
gone_pid=$(sh -c 'echo $$')
echo "$gone_pid" >run/dead
write_fleet six '{signal: HUP, pidfile: run/dead}'
cf apply --yes
is $status 0 "E1: a process that does not run is no fault of the delivery"
has "$out" "not-running a: .*process $gone_pid is not running" "E1: it is told"
write_fleet seven '{signal: HUP, pidfile: run/a.pid.of, exe: /usr/sbin/nginx}'
cf plan
has "$out" "pidfile-doubtful a: .*sleep.* is not '.*/usr/sbin/nginx'" "exe: is compared"
write_fleet seven '{signal: HUP, pidfile: run/a.pid.of, exe: /bin/sleep}'
cf plan
hasnt "$out" "pidfile-doubtful" "and links are followed"

# ---- time ----
python3 - "$silent" <<'END' &
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(s.accept())
END
pids+=($!)
wait_port "$silent"
write_fleet eight '{command: [sleep, 2s]}' ", verify: {tls: '127.0.0.1:$silent', server_name: site.example.test}"
"$CERTFLEET" apply --yes --json >run/out 2>run/err </dev/null
is $? 7 "R9: a silent server fails its verification"
moment() { # EVENT KIND
	date -d "$(jq -r --arg e "$1" --arg k "$2" 'select(.event == $e and .kind == $k) | .at' run/out)" +%s
}
took=$(($(moment "step ended" verify) - $(moment "step started" activate)))
[ "$took" -ge 4 ] && [ "$took" -le 8 ]
ok $? "R9: activation, handshakes and verification end within restart.timeout ($took s)"

# ---- the unit of another host ----
[ -x /usr/sbin/sshd ] || { echo "# openssh-server is not installed"; finish; }
eval "$(grep -v '/lib.sh"$' "$root/tests/e2e/sftp_lib.sh")"
start_sshd
know_host
cat >certfleet.yaml <<END
certfleet: 1
fleet: ways
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
access: {ssh: {key: ssh/id, known_hosts: ssh/known_hosts}}
certificates:
  site: {subject: "CN=site.example.test", issuer: self}
components:
  far: {certificate: site, deliver: {sftp: {url: "$url", directory: $work/tls/far}}, activate: {unit: web.service}}
END
touch run/job
: >run/calls
"$CERTFLEET" apply --yes >run/out 2>&1 </dev/null &
pid=$!
comes asked_twice
hasnt "$(cat run/calls)" "restart" "over SSH too nothing is asked of a unit while it has a job"
rm run/job
wait $pid
is $? 0 "and then it is activated"
has "$(cat run/calls)" "reload-or-restart web.service" "by systemctl"
finish
