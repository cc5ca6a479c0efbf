#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The drill: the state, every bundle but one and what was delivered are gone.  A
# restore in a fresh checkout and an apply bring back what was served, and no
# issuer is asked.  The commands are those of examples/disaster-recovery.
# shellcheck disable=SC2154
. "$(dirname "$0")/sftp_lib.sh"
. "$root/tests/e2e/agent_lib.sh"
command -v nginx >/dev/null || skip_all "nginx is not installed"
for name in front back far near away; do
	free_port "$name"
done
free_port one
free_port two
make_authorities
for name in front far near away; do
	old_directory "$name"
	start_nginx "$name" "${!name}"
done
old_directory back
start_gnutls back "$back" tls/back/fullchain.pem tls/back/key.pem
start_sshd
know_host
for name in near away; do
	agent_component "$name" "install: {directory: $work/tls/$name}, activate: {signal: HUP, pidfile: $work/run/$name.pid}, check: {tls: \"127.0.0.1:${!name}\"}"
	if [ $name = near ]; then port=$one; else port=$two; fi
	start_agent "host-$name" 127.0.0.1 "$port"
done

write_fleet() { # SUBJECT
	cat >checkout/certfleet.yaml <<-END
	certfleet: 1
	fleet: drill
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access:
	  ssh: {key: $work/ssh/id, known_hosts: $work/ssh/known_hosts}
	  agent: {certificate: $work/access/ops.pem, key: $work/access/ops.key, ca: $work/access/agents.pem}
	issuers:
	  ca: {subject: "CN=Drill CA", publish: ca.pem}
	certificates:
	  site: {subject: "CN=$1", names: [site.example.test], issuer: ca}
	  other: {subject: "CN=other.example.test", names: [site.example.test], issuer: ca, key: rsa-2048}
	roles:
	  web: {restart: {on_failure: rollback, timeout: $patience, max_unavailable: 9}}
	components:
	  front:
	    role: web
	    certificate: site
	    deliver: {files: {directory: $work/tls/front}}
	    activate: {signal: HUP, pidfile: $work/run/front.pid}
	    verify: {tls: "127.0.0.1:$front"}
	  back:
	    role: web
	    certificate: other
	    deliver: {files: {directory: $work/tls/back}}
	    activate: {command: [sh, -c, "cd $work && exec sh serve.sh back $back tls/back/fullchain.pem tls/back/key.pem"]}
	    verify: {tls: "127.0.0.1:$back"}
	  far:
	    role: web
	    certificate: site
	    deliver: {sftp: {url: "$url", directory: $work/tls/far}}
	    activate: {command: [sh, -c, "kill -HUP \$(cat $work/run/far.pid)"]}
	    verify: {tls: "127.0.0.1:$far"}
	  near:
	    role: web
	    certificate: site
	    deliver: {agent: "https://127.0.0.1:$one"}
	    verify: {tls: "127.0.0.1:$near"}
	  away:
	    role: web
	    certificate: other
	    deliver: {agent: "https://127.0.0.1:$two"}
	    verify: {tls: "127.0.0.1:$away"}
	END
}

in_checkout() { cf -C checkout "$@"; }
all_served() { for name in front back far near away; do echo "$name $(served "${!name}")"; done; }
order_of() { # COMPONENT: the number of its newest order in the state
	sqlite3 checkout/.certfleet/state.db "select json_extract(value, '\$.order_given') from record where key = 'component/$1'"
}

mkdir checkout
write_fleet site.example.test
in_checkout apply --yes
is $status 0 "the fleet is set up"
[ $status -eq 0 ] || { sed 's/^/# /' <<<"$out"; finish; }
write_fleet site2.example.test
in_checkout apply --yes
is $status 0 "and renewed, so that agents have orders"
before=$(all_served)
orders=$(order_of near)
bundle=$(find checkout/backups -name '*.zip' | sort | tail -1)
cp "$bundle" run/kept.zip

# --- only the state and the bundles are lost, the components are as they were
mkdir fresh
cp checkout/certfleet.yaml checkout/ca.pem fresh/
mv checkout run/former
mv fresh checkout
in_checkout backup restore "$work/run/kept.zip"
is $status 0 "the state is restored in a fresh checkout"
in_checkout plan --json
jq -e '.steps | map(select(.kind != "backup")) == []' <<<"$out" >/dev/null
ok $? "the plan has nothing for any component"
jq -e '[.preconditions[].severity] | unique == ["info"]' <<<"$out" >/dev/null
ok $? "and asks for nothing"
in_checkout plan
has "$out" "state-behind near: it has taken order" "an agent that took orders since is told"
in_checkout apply --yes
is $status 0 "an apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
find checkout/backups -name '*.zip' | grep -q .
ok $? "and writes a bundle here"
is "$(all_served)" "$before" "all is served as before"
in_checkout apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"

# --- from then on an agent that is ahead is ahead of another copy
cp -a checkout/.certfleet run/copy
in_checkout apply --yes --reissue site
is $status 0 "a copy of the state gives orders"
rm -rf checkout/.certfleet
mv run/copy checkout/.certfleet
in_checkout plan --reissue site --json
is "$(jq -r '.preconditions[] | select(.code == "state-behind" and .component == "near").severity' <<<"$out")" \
	acknowledge "the other one asks"

# --- everything is lost
rm -rf checkout/.certfleet checkout/backups checkout/ca.pem
for name in front back far near away; do
	rm -rf "tls/$name" "tls/.$name.certfleet"
done
sed -n '/^ *```sh$/,/^ *```$/{/```/d; s/^ *//; p}' "$root/examples/disaster-recovery/runbook.md" >run/runbook
mkdir run/bin
ln -s "$CERTFLEET" run/bin/certfleet
began=$(date +%s%N)
out=$(cd checkout && PATH=$work/run/bin:$PATH BUNDLE=$work/run/kept.zip sh -ex "$work/run/runbook" 2>&1 </dev/null)
status=$?
is $status 0 "the runbook brings everything back"
echo "# lost to served again in $((($(date +%s%N) - began) / 1000000)) ms"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(grep -c '^+ certfleet' <<<"$out")" 7 "with all of its commands"
hasnt "$out" "issue " "nothing is issued"
is "$(all_served)" "$before" "each component serves the same as before"
for name in front back far near away; do
	is_pair "tls/$name/fullchain.pem" "tls/$name/key.pem" || echo "# $name is no pair"
done | grep -q .; is $? 1 "its pair is whole"
cmp -s checkout/ca.pem run/former/ca.pem; ok $? "the same authority is published"
[ "$(order_of near)" -gt "$orders" ]; ok $? "orders went on above the agent's number ($orders, $(order_of near))"
in_checkout apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"

# --- and the state that was lost turns up again: it is behind, and asks
mv checkout/.certfleet run/restored
cp -a run/former/.certfleet checkout/.certfleet
in_checkout apply --yes --reissue site
is $status 3 "the former state is asked about"
has "$out" "state-behind" "since the agent is ahead of it"
finish
