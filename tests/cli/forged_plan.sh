#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A saved plan carries no authority: whatever is changed in it, nothing is
# read, run or contacted on its word, and it is not applied.
. "$(dirname "$0")/lib.sh"

# unsealed, so that an apply costs milliseconds
write_fleet() {
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: forged
	state: {path: .certfleet, unsealed: true}
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=${CA:-Forged CA}", publish: trust/ca.pem}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
	  mail: {subject: "CN=mail.example.test", issuer: self}
	roles:
	  web: {restart: {max_unavailable: 1, canary: 1}}
	  edge: {offline: acknowledge, after: [web]}
	components:
	  one: {role: web, certificate: site, deliver: {files: {directory: tls/one}}, activate: {command: [touch, run/activated]}}
	  two: {role: web, certificate: site, deliver: {files: {directory: tls/two}}, activate: {command: [touch, run/activated]}}
	  box: {role: edge, certificate: mail, deliver: {caddy: {admin: "http://127.0.0.1:$dead", id: box}}}
	  far: {role: edge, certificate: mail, deliver: {haproxy: {socket: $work/run/none.sock, certificate: /etc/far.pem}}}
	  aside: {certificate: mail, deliver: {files: {directory: tls/aside}}}
	  still: {certificate: mail, deliver: {files: {directory: tls/still}}}
	END
}

# What would be read, run and contacted if a plan could say so.
free_port dead
free_port port
python3 - "$port" <<'END' &
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = server.accept()
    open("run/contacted", "w").close()
    peer.close()
END
pids+=($!)
wait_port "$port"
comes test -e run/contacted
rm -f run/contacted
mkdir evil
printf '#!/bin/sh\ntouch %s/run/ran\necho correct horse battery staple 42\n' "$work" >evil/secret.sh
chmod 755 evil/secret.sh
cat >evil/certfleet.yaml <<END
certfleet: 1
fleet: forged
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
certificates:
  site: {subject: "CN=evil", issuer: self}
components:
  one: {certificate: site, deliver: {http: {
    probe: {url: "http://127.0.0.1:$port/x", headers: {Authorization: {command: [$work/evil/secret.sh]}}, fingerprint: /pem},
    commit: {url: "http://127.0.0.1:$port/x", method: PUT, json: {key: "\${key}", pem: "\${fullchain}"}}}}}
END
cp evil/certfleet.yaml other.yaml
untouched() { [ ! -e run/ran ] && [ ! -e run/contacted ] && [ ! -e run/activated ]; }
spent() { rm -f run/ran run/contacted run/activated; }
print_world() { # what an apply would change
	sha256sum trust/* tls/*/key.pem backups/* 2>/dev/null
	sqlite3 "file:.certfleet/state.db?mode=ro" "select * from record" | sha256sum
}

cf plan other.yaml
[ -e run/ran ] && [ -e run/contacted ]
ok $? "the other fleet file runs its secret and asks its port, when somebody plans it"
spent

# nothing of the state but the fleet of today; "still" has no step later on
write_fleet
cf apply --yes --target one --target two --target aside --target still
is $status 0 "the fleet is set up"
spent
CA="Other CA" write_fleet
choices="--target role:web --target aside --target role:edge --target still --ack issuer-replaced:ca --ack offline:role:edge --reissue site"
# shellcheck disable=SC2086
cf plan --out p.plan $choices
is $status 0 "a plan with an authority, acknowledgements, targets and a re-issue"
command=$(grep -o 'certfleet apply p.plan .*' <<<"$out")
is "$command" "certfleet apply p.plan --file certfleet.yaml --target aside --target role:edge --target role:web --target still --ack issuer-replaced:ca --ack offline:role:edge --reissue site" \
	"S4: plan --out ends with the exact command"
fits_schema plan.schema.json p.plan; ok $? "a saved plan is what the schema says"
is "$(jq -c '[.observed[].component]' p.plan)" '["one","two"]' \
	"K3: of components without a step it says nothing"
before=$(print_world)

# the choices of a plan are none
cf apply p.plan
is $status 5 "S4: a plan with acknowledgements, applied without them: 5"
has "$out" "^  $command\$" "S4: the command is named"
cf apply p.plan --ack issuer-replaced:ca
is $status 5 "S4: not all of them: 5"
cf_out plan show p.plan
has "$(cat run/said)" "^  $command\$" "S4: plan show names it as well"
jq '.choices.ack = [] | .target = null' p.plan >bare.plan
cf apply bare.plan
is $status 5 "S4: a plan whose choices were taken away: 5"
cp certfleet.yaml run/kept.yaml
write_fleet
cf plan --out quiet.plan
jq '.choices.ack = ["issuer-replaced"] | .preconditions |= map(.acknowledged = true)' quiet.plan >acked.plan
CA="Other CA" write_fleet
cf apply acked.plan --yes
is $status 5 "S4: an acknowledgement that was put into a plan: 5"
is "$(print_world)" "$before" "S4: and the authority stays"
untouched; ok $? "S4: nothing was run"

# the fleet file of a plan is none
for path in other.yaml "$work/other.yaml" evil/certfleet.yaml "$work/evil/certfleet.yaml" ../certfleet.yaml; do
	sed "s|\"fleet_file\": .*|\"fleet_file\": \"$path\"|" p.plan >sed.plan
	eval "cf ${command/#certfleet apply p.plan/apply sed.plan}"
	is $status 5 "S1: fleet_file is '$path': 5"
done
untouched; ok $? "S1: nothing of the other file is run or contacted"
if command -v strace >/dev/null; then
	eval "ASAN_OPTIONS=detect_leaks=0 strace -f -o run/calls -e trace=openat,open,execve,connect '$CERTFLEET' ${command/#certfleet apply p.plan/apply sed.plan} >run/said 2>&1"
	! grep -q "evil\|other.yaml" run/calls; ok $? "S1: it is not even opened"
fi
cf apply other.yaml --file certfleet.yaml --yes
is $status 64 "S1: a fleet file in the place of the plan: 64"
untouched; ok $? "S1: it is not read"

# each place of the document, one after the other
/usr/bin/python3 "$cli_tests/forged_plan.py" p.plan run/forged
ok $? "every change of one place is made"
tried=0 bad=0
while read -r number what; do
	tried=$((tried + 1))
	# what is said of a component that moved takes it out, and only that
	# its life is at most 14 days, whoever says so
	case $what in valid_for*) continue ;; esac
	case $what in observed.*) part=--all-or-nothing ;; *) part= ;; esac
	eval "cf ${command/#certfleet apply p.plan/apply run/forged/$number.plan} $part"
	case $status in 5 | 65) untouched && continue ;; esac
	bad=$((bad + 1))
	echo "# $what: exit $status"
	sed 's/^/#   /' <<<"$out" | tail -3
	[ $bad -lt 20 ] || break
done <run/forged/list
[ $bad -eq 0 ] && [ $tried -gt 500 ]
ok $? "K3: each of $tried changed plans is refused, and nothing is run or contacted"
is "$(print_world)" "$before" "K3: nothing was written"
rm -rf run/forged

# what a person would look at
jq '.preconditions[0].message = "all is well"' p.plan >lie.plan
eval "cf ${command/#certfleet apply p.plan/apply lie.plan}"
is $status 5 "K3: a forged text: 5"
has "$out" "'preconditions\[0\].message' is \"all is well\" there, it would be " "K3: both values are told"
jq '.waves[0].limit = 99' p.plan >lie.plan
eval "cf ${command/#certfleet apply p.plan/apply lie.plan}"
has "$out" "'waves\[0\].limit' is 99 there, it would be 1" "K3: of a number too"

# the time of a plan: no longer life, and no other plan
jq '.at = "2099-01-01T00:00:00Z" | .generated_at = .at' p.plan >lie.plan
eval "cf ${command/#certfleet apply p.plan/apply lie.plan}"
is $status 5 "S4: a plan of the future: 5"
jq '(now - 73 * 3600 | todate) as $t | .at = $t | .generated_at = $t' p.plan >lie.plan
eval "cf ${command/#certfleet apply p.plan/apply lie.plan}"
is $status 5 "S4: one that is older than 72 hours: 5"

# a component without a step may move; the plan holds
mv tls/still tls/moved
eval "cf ${command/#certfleet apply p.plan/apply p.plan}"
is $status 5 "what would now need a step makes it stale"
mv tls/moved tls/still
eval "cf ${command/#certfleet /} --yes"
is $status 0 "the plan as it was made, by the command as it was printed"
[ "$(print_world)" != "$before" ] && [ -e run/activated ]; ok $? "does its work"
eval "cf ${command/#certfleet /}"
is $status 5 "and is stale then"
finish
