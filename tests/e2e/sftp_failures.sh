#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong over SSH: each with its message, and nothing half done.
. "$(dirname "$0")/sftp_lib.sh"

state_of_host() { find tls -exec stat -c '%N %a %Y' {} + | sort; }

old_directory web
start_nginx web "$web_port"
old=$(served "$web_port")
know_host
write_fleet

untouched() { # WORDS TEXT
	local before
	before=$(state_of_host)
	cf apply --yes
	is $status "${expected:-4}" "$2: apply is blocked"
	has "$out" "$1" "$2: it is said"
	is "$(state_of_host)" "$before" "$2: the host is as it was"
}

# Who cannot be reached, or is not who it should be.
untouched "offline web: cannot talk to 'sftp://127.0.0.1:$ssh_port'" "a host that is down"
start_sshd
know_host stranger
untouched "which is not the one in" "a host with another key"
untouched "$(print_of host)" "its fingerprint"
: >ssh/known_hosts
untouched "if 'ssh-keygen -l' on that host says the same" "a host that is not known"
echo "@revoked * $(cat ssh/host.pub)" >ssh/known_hosts
untouched "revoked" "a host whose key was revoked"
rm ssh/known_hosts
untouched "cannot read the known SSH hosts" "no list of known hosts"
know_host
web="host_key: \"$(print_of stranger)\"" write_fleet
untouched "not the pinned" "a host with another key than the pinned"
access='{key: ssh/stranger, known_hosts: ssh/known_hosts}' write_fleet
untouched "refuses user '$user'" "a key that the host does not know"
access='{key: ssh/absent, known_hosts: ssh/known_hosts}' write_fleet
expected=4 untouched "cannot read the SSH key" "a key that is not there"
access='{key: ssh/host.pub, known_hosts: ssh/known_hosts}' write_fleet
expected=4 untouched "SSH key cannot be used" "a key that is none"
make_ssh_key sealed 'a passphrase of its own'
cat ssh/sealed.pub >>ssh/authorized
access='{key: {file: ssh/sealed}, known_hosts: ssh/known_hosts}' write_fleet
expected=4 untouched "passphrase" "a sealed key without its passphrase"

# What the host does not offer, or does not let us do.
stop_sshd
start_sshd "ForceCommand internal-sftp"
write_fleet
untouched "target-unwritable web: .*cannot run /bin/sh.*ForceCommand" "an account for files alone"
take_status
is "$(status_of web installed)" "$old" "what is there can be seen all the same"
stop_sshd
sed -i /Subsystem/d run/sshd.conf
/usr/sbin/sshd -f "$work/run/sshd.conf" -E "$work/run/sshd.log"
wait_port "$ssh_port"
untouched "cannot use SFTP there" "an account for commands alone"
stop_sshd
start_sshd
chmod 777 tls
untouched "others can write to directory" "a directory that others can write"
chmod 755 tls

# A sealed key with its passphrase, and a pinned host, do.
export CERTFLEET_SSH_PASSPHRASE='a passphrase of its own'
web="host_key: \"$(print_of host)\"" \
	access='{key: {file: ssh/sealed}, passphrase: {env: CERTFLEET_SSH_PASSPHRASE}}' write_fleet
touch run/sabotage run/liar
cf apply --yes
rm run/liar
is $status 8 "a first activation that fails is taken back"
[ $status -eq 8 ] || sed 's/^/# /' <<<"$out"
has "$out" "^    | no reload today$" "S11: a command that prints an end is waited for, and judged by its own"
serves "$web_port" "$old" "what was there before is served"
is "$(installed tls/web/fullchain.pem)" "$old" "and installed"
cf apply --yes --ack rolled-back
is $status 0 "then it works"
unset CERTFLEET_SSH_PASSPHRASE

# The host goes down after everything was staged.
make_local() { # the component that is activated first, on this machine
	cat <<-END
	  local:
	    role: first
	    certificate: site
	    deliver: {files: {directory: tls/local}}
	    activate: {command: [bash, $work/break.sh]}
	END
}
good=$(installed tls/web/fullchain.pem)
serves "$web_port" "$good" "and is served"
declare -f stop_sshd >break.sh
echo "cd $work; [ ! -e run/break ] || { rm run/break; stop_sshd; }" >>break.sh
touch run/break
subject=b.example.test write_fleet "$(make_local)"
cf apply --yes
is $status 7 "a host that goes down between stage and commit is reported"
has "$out" "cannot talk to 'sftp://127.0.0.1:$ssh_port'" "with its reason"
is "$(installed tls/web/fullchain.pem)" "$good" "its link was not turned"
is "$(served "$web_port")" "$good" "it serves what it did"
[ -L tls/.web.certfleet/staged ]; ok $? "the new pair waits there"
start_sshd
cf apply --yes
is $status 0 "once it is back the work is finished"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
serves "$web_port" "$(installed tls/local/fullchain.pem)" "with the generation that was staged"

# certfleet itself is killed, sooner or later.
command -v strace >/dev/null || { echo "# no strace: not killed"; finish; }
kills=0
for when in 10 40 80 110 130 150 170 190; do
	before=$(installed tls/web/fullchain.pem)
	subject=k$when.example.test write_fleet
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o run/trace -e trace=sendto \
		-e inject=sendto:signal=KILL:when="$when" \
		"$CERTFLEET" apply --yes --ack mass-retire </dev/null &>run/killed
	[ $? -eq 137 ] && kills=$((kills + 1))
	cat run/killed >>run/transcript
	is_pair tls/web/fullchain.pem tls/web/key.pem
	ok $? "killed when it sends for the ${when}th time: the pair is whole"
	cf apply --yes --ack mass-retire
	is $status 0 "another apply finishes"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
	[ "$(installed tls/web/fullchain.pem)" != "$before" ] || [ $status -ne 0 ]; ok $? "with the new pair"
	serves "$web_port" "$(installed tls/web/fullchain.pem)" "which is served"
	is "$(find tls -name '*tmp-certfleet*')" "" "and nothing temporary left"
	[ "$(find tls/.web.certfleet -mindepth 1 -maxdepth 1 -type d | wc -l)" -le 3 ]
	ok $? "or old"
done
[ $kills -ge 4 ]; ok $? "it was killed $kills times"
cf plan --detailed-exitcode
is $status 0 "nothing is left to do"
hasnt "$(cat run/transcript)" "a passphrase of its own\|BEGIN .*PRIVATE KEY" "no secret is ever shown"
finish
