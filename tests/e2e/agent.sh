#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pairs delivered by agents to a real nginx: the whole job, an activation that
# fails, an agent that is away, an older copy of the state, another state.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"
command -v nginx >/dev/null || skip_all "nginx is not installed"
free_port web
free_port one
free_port two
make_authorities
old_directory web
start_nginx web "$web"
cat >run/reload.sh <<END
[ -e $work/run/sabotage ] && { rm $work/run/sabotage; printf "no reload today\\nit is Sunday\\n"; exit 1; }
kill -HUP \$(cat $work/run/web.pid)
echo >>$work/run/reloads
END
agent_component web "install: {directory: $work/tls/web}, activate: {command: [sh, $work/run/reload.sh]}, check: {tls: \"127.0.0.1:$web\"}, version: {text: '1.22.1'}"
agent_component quiet "install: {certificate: $work/tls/quiet.crt, key: $work/tls/quiet.key}"
start_agent host 127.0.0.1 "$one"

write_fleet() { # [SUBJECT]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: agents
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	$access
	issuers:
	  ca: {subject: "CN=Fleet CA"}
	certificates:
	  site: {subject: "CN=${1:-site.example.test}", names: [site.example.test], issuer: ca}
	roles:
	  web: {restart: {on_failure: rollback, timeout: $patience}, offline: ${offline:-block}}
	components:
	  front:
	    role: web
	    certificate: site
	    deliver: {agent: {url: "https://127.0.0.1:$one", component: web}}
	    verify: {tls: "127.0.0.1:$web"}
	  quiet:
	    role: web
	    certificate: site
	    deliver: {agent: "https://127.0.0.1:$one"}
	END
}

write_fleet
before=$(served "$web")
cf plan
is $status 0 "a plan is made"
has "$out" "front .*commit, restart" "it says how, as the agent told"
cf apply --yes
is $status 0 "the first apply ends well"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(installed tls/web/leaf.pem)
[ "$good" != "$before" ]; ok $? "another pair is installed"
serves "$web" "$good" "and served"
is_pair tls/quiet.crt tls/quiet.key; ok $? "the other component has a pair too"
is "$(stat -L -c %a tls/quiet.key)" 600 "its key for its owner only"
take_status
is "$(status_of front state)" in-sync "status: in-sync"
is "$(status_of front evidence)" handshake "by a handshake"
is "$(status_of front version)" 1.22.1 "with the version that the agent told"
cf apply --yes
has "$out" "nothing to do" "a second apply finds nothing to do"
ls backups/*.zip >/dev/null; ok $? "there is a bundle"

# the process goes on with the old pair: reported, and put back
touch run/sabotage
write_fleet b.example.test
cf apply --yes
is $status 8 "an activation that fails is reported, and taken back"
has "$out" "^    | no reload today$" "it says what went wrong"
has "$out" "^    | it is Sunday$" "W4: each line of that below the message"
serves "$web" "$good" "the old pair is served"
is "$(installed tls/web/leaf.pem)" "$good" "and installed"
cf apply --yes --ack rolled-back
is $status 0 "once it works the pair is taken"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(installed tls/web/leaf.pem)
serves "$web" "$good" "and served"

# owner and mode there are part of what is installed
reloads=$(wc -l <run/reloads)
mended() { # COMPONENT FILE
	chmod 666 "$2"
	[ "$(id -u)" != 0 ] || chown games "$2"
	cf plan --detailed-exitcode
	is $status 2 "P3: $1: a key that was opened is something to do"
	has "$out" "$2' \(has mode 0666, not 0600\|belongs to user 5, not to user 0\)" "P3: $1: the plan says so"
	hasnt "$out" "restart\|reload" "P3: $1: nothing is activated for that"
	take_status
	is "$(status_of "$1" state)" outdated "P3: $1: status tells"
	cf apply --yes
	is $status 0 "P3: $1: an apply closes it"
	is "$(stat -L -c '%a %u' "$2")" "600 $(id -u)" "P3: $1: with its mode and owner"
	cf plan --detailed-exitcode
	is $status 0 "P3: $1: and that is all"
}
mended front tls/web/key.pem
mended quiet tls/quiet.key
is "$(wc -l <run/reloads)" "$reloads" "P3: nothing was restarted"

# somebody else puts another pair there
make_pair stranger run/stranger.crt run/stranger.key
rm tls/web
mkdir tls/web
cp run/stranger.crt tls/web/fullchain.pem
cp -p run/stranger.key tls/web/key.pem
cf apply --yes
is $status 0 "drift is repaired"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(installed tls/web/leaf.pem)" "$good" "without a new certificate"

# an agent that is away
stop_agent host
write_fleet c.example.test
cf plan --detailed-exitcode
is $status 2 "an agent that is away"
has "$out" "block  *offline front" "blocks, and is named"
offline=defer write_fleet c.example.test
cf apply --yes
is $status 0 "unless its role defers"
take_status
is "$(status_of front state)" deferred "status says so"
run_agent host
wait_port "$one"
cf apply --yes
is $status 0 "a later apply does it"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
serves "$web" "$(installed tls/web/leaf.pem)" "it is served"

# an older copy of the state cannot take anything back
cp -r .certfleet run/older
write_fleet d.example.test
cf apply --yes
is $status 0 "one more"
newest=$(installed tls/web/leaf.pem)
cp -r .certfleet run/newest
rm -r .certfleet
cp -r run/older .certfleet
cf plan --detailed-exitcode
has "$out" "state-behind" "an older copy of the state is noticed"
is $status 3 "and asks"
is "$(installed tls/web/leaf.pem)" "$newest" "nothing was changed"

# another state
rm -r .certfleet certfleet.lineage backups
write_fleet e.example.test
cf apply --yes
is $status 3 "another state may not deliver there"
has "$out" "adopt" "until it is acknowledged"
has "$out" "foreign-authority" "K1: nor its authority replace the one in use"
is "$(installed tls/web/leaf.pem)" "$newest" "nothing was changed"
sleep 1 # orders of two states are told apart by their second
cf apply --yes --ack adopt --ack foreign-authority
is $status 0 "then it may"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
[ "$(installed tls/web/leaf.pem)" != "$newest" ]; ok $? "and did"
rm -r .certfleet certfleet.lineage
cp -r run/newest .certfleet
cf apply --yes
is $status 3 "and the former one asks as well"

# what another host's key has signed is worth nothing
make_ca strangers
make_signed strangers mallory clientAuth
sed -i 's#access/ops#access/mallory#g' certfleet.yaml
cf plan
has "$out" "127.0.0.1:$one" "a stranger is not let in"
has "$out" "which it may not allow" "and guesses why"
hasnt "$out" "installed is" "and is told nothing"
finish
