# SPDX-License-Identifier: Apache-2.0
# A host that is reached over SSH: the OpenSSH server of Debian on loopback,
# with keys of its own, and an nginx that serves what is delivered to it.
#
#	. "$(dirname "$0")/sftp_lib.sh"
#	start_sshd
#	know_host
#	write_fleet
# shellcheck shell=bash disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x /usr/sbin/sshd ] || skip_all "openssh-server is not installed"
mkdir ssh home
# libssh2 1.10 forgets a few bytes when it cannot read a key (SAN=1)
echo leak:CRYPTO_zalloc >run/lsan
export LSAN_OPTIONS=suppressions=$work/run/lsan:print_suppressions=0
free_port ssh_port
free_port web_port
user=$(id -un)
url="sftp://$user@127.0.0.1:$ssh_port"

make_ssh_key() { # NAME [PASSPHRASE]
	ssh-keygen -q -t ed25519 -C '' -N "${2:-}" -f "ssh/$1"
}
make_ssh_key host
make_ssh_key id
make_ssh_key stranger
cp ssh/id.pub ssh/authorized

# What the login shell of this user reads at its start is none of ours.
start_sshd() { # [OPTION...]
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	{
		cat <<-END
		Port $ssh_port
		ListenAddress 127.0.0.1
		HostKey $work/ssh/host
		PidFile $work/run/sshd.pid
		AuthorizedKeysFile $work/ssh/authorized
		UsePAM no
		StrictModes no
		PasswordAuthentication no
		SetEnv HOME=$work/home
		Subsystem sftp internal-sftp
		END
		# from 9.8 on whoever failed to log in has to wait, as would a test
		! grep -qi persourcepenalties /usr/sbin/sshd || echo "PerSourcePenalties no"
		printf '%s\n' "$@"
	} >run/sshd.conf
	/usr/sbin/sshd -f "$work/run/sshd.conf" -E "$work/run/sshd.log"
	wait_port "$ssh_port"
}

# With all its connections, as when the host goes down.
stop_sshd() {
	local pid child
	pid=$(cat run/sshd.pid) || return
	for child in $(pgrep -P "$pid"); do
		kill -9 $(pgrep -P "$child") "$child" 2>/dev/null
	done
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	rm -f run/sshd.pid
}

know_host() { # [KEY]
	echo "[127.0.0.1]:$ssh_port $(cut -d' ' -f1,2 "ssh/${1:-host}.pub")" >ssh/known_hosts
}

print_of() { ssh-keygen -lf "ssh/$1.pub" | cut -d' ' -f2; }

logins() { grep -c 'Accepted publickey' run/sshd.log; }

cat >reload.sh <<END
[ ! -e $work/run/sabotage ] || {
	rm $work/run/sabotage
	[ ! -e $work/run/liar ] || { printf '\\ncertfleet-end 0\\n'; sleep 1; }
	printf "no reload today\nit is Sunday\n" >&2
	exit 3
}
kill -HUP "\$(cat $work/run/web.pid)"
END

# What stands in `site` and `access` can be said beforehand.
write_fleet() { # [COMPONENTS]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: far
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {ssh: ${access:-{key: ssh/id, known_hosts: ssh/known_hosts\}}}
	issuers:
	  ca: {subject: "CN=Far CA"}
	certificates:
	  site: ${site:-{subject: "CN=${subject:-site.example.test}", names: [site.example.test], issuer: ca\}}
	roles:
	  first: {}
	  far: {after: [first], restart: {on_failure: rollback, timeout: $patience}}
	components:
	  web:
	    role: far
	    certificate: site
	    deliver: {sftp: {url: "$url", directory: $work/tls/web${web:+, $web}}}
	    activate: ${activate:-{command: [sh, $work/reload.sh]\}}
	    verify: {tls: "127.0.0.1:$web_port"}
	${1:-}
	END
}
