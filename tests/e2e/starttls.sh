#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The STARTTLS of POP3, ManageSieve, FTP, MySQL and XMPP, by real servers.  The
# other kinds are tried by server_dovecot.sh, server_postgres.sh, server_slapd.sh.
. "$(dirname "$0")/lib.sh"
chmod 711 "$work"
components=
names=

add() { # NAME PORT KIND ACTIVATE
	wait_port "$2"
	names="$names $1"
	components="$components
  $1: {role: web, certificate: chat, deliver: {files: {directory: tls/$1, owner: ${5:-root}}}, ${4:+activate: $4, }verify: {tls: \"127.0.0.1:$2\", server_name: chat.example.test, starttls: $3}}"
}

write_fleet() { # UNIT
	cat <<-END
	certfleet: 1
	fleet: starttls
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Chat CA"}
	certificates:
	  chat: {subject: "CN=chat.example.test, O=$1", issuer: ca}
	roles:
	  web: {restart: {timeout: $patience, max_unavailable: 9, max_failures: 9, on_failure: continue}}
	components:$components
	END
}

owned_by() { # NAME USER: the pair of a server that reads it as its own user
	chown "$2" "tls/$1/key.pem"
}

start_dovecot() {
	[ -e /usr/lib/dovecot/pop3-login ] && [ -e /usr/lib/dovecot/managesieve-login ] || return 1
	case $(dovecot --version) in 2.3.*) ;; *) return 1 ;; esac
	free_port pop3
	free_port sieve
	old_directory mail
	mkdir -m 755 dovecot
	cat >run/dovecot.conf <<-END
	protocols = pop3 sieve
	base_dir = $work/dovecot
	log_path = $work/run/dovecot.log
	listen = 127.0.0.1
	default_internal_user = dovecot
	default_internal_group = dovecot
	default_login_user = dovenull
	ssl = yes
	ssl_cert = <$work/tls/mail/fullchain.pem
	ssl_key = <$work/tls/mail/key.pem
	passdb {
	  driver = static
	  args = nopassword=y
	}
	service anvil {
	  chroot =
	}
	service pop3-login {
	  chroot =
	  inet_listener pop3 {
	    port = $pop3
	  }
	  inet_listener pop3s {
	    port = 0
	  }
	}
	service managesieve-login {
	  chroot =
	  inet_listener sieve {
	    port = $sieve
	  }
	}
	END
	dovecot -F -c run/dovecot.conf >>run/dovecot.log 2>&1 &
	pids+=("$!")
	wait_port "$sieve"
	add mail "$pop3" pop3 '{signal: HUP, pidfile: dovecot/master.pid}'
	components="${components%\}*}"
	components="${components/verify: \{tls: \"127.0.0.1:$pop3\"*/verify: [}"
	components="$components{tls: \"127.0.0.1:$pop3\", server_name: chat.example.test, starttls: pop3}, {tls: \"127.0.0.1:$sieve\", server_name: chat.example.test, starttls: sieve}]}"
}

start_vsftpd() {
	command -v vsftpd >/dev/null || return 1
	free_port ftp
	old_directory ftp
	mkdir -p run/ftp-empty
	cat >run/vsftpd.conf <<-END
	listen=YES
	background=NO
	listen_address=127.0.0.1
	listen_port=$ftp
	anonymous_enable=NO
	local_enable=YES
	secure_chroot_dir=$work/run/ftp-empty
	ftpd_banner=Welcome
	ssl_enable=YES
	rsa_cert_file=$work/tls/ftp/fullchain.pem
	rsa_private_key_file=$work/tls/ftp/key.pem
	seccomp_sandbox=NO
	END
	cat >vsftpd.sh <<-END
	if [ -e run/vsftpd.pid ]; then
		pid=\$(cat run/vsftpd.pid)
		kill "\$pid"
		while [ -d "/proc/\$pid" ] && ! grep -q '^State:.Z' "/proc/\$pid/status"; do sleep 0.05; done
	fi
	setsid vsftpd run/vsftpd.conf >>run/vsftpd.log 2>&1 </dev/null &
	echo \$! >run/vsftpd.pid
	END
	sh vsftpd.sh
	add ftp "$ftp" ftp '{command: [sh, vsftpd.sh]}'
}

start_mariadb() {
	command -v mariadbd >/dev/null || return 1
	free_port mysql
	old_directory db
	mkdir -m 700 mysql
	cat >mariadb.sh <<-END
	if [ -e run/db.pid ]; then
		pid=\$(cat run/db.pid)
		kill "\$pid"
		while [ -d "/proc/\$pid" ] && ! grep -q '^State:.Z' "/proc/\$pid/status"; do sleep 0.05; done
	fi
	setsid mariadbd --no-defaults --user=root --skip-grant-tables --datadir="$work/mysql" --bind-address=127.0.0.1 --port=$mysql \
		--socket="$work/mysql/db.sock" --pid-file="$work/run/db.pid" \
		--ssl-cert="$work/tls/db/fullchain.pem" --ssl-key="$work/tls/db/key.pem" >>run/mariadb.log 2>&1 </dev/null &
	END
	sh mariadb.sh
	add db "$mysql" mysql '{command: [sh, mariadb.sh]}'
}

start_prosody() {
	command -v prosody >/dev/null || return 1
	free_port xmpp
	old_directory chat
	owned_by chat prosody
	mkdir -m 755 prosody
	chown prosody prosody
	cat >run/prosody.cfg.lua <<-END
	pidfile = "$work/prosody/prosody.pid"
	data_path = "$work/prosody"
	interfaces = { "127.0.0.1" }
	c2s_ports = { $xmpp }
	s2s_ports = { }
	modules_enabled = { "tls", "saslauth" }
	modules_disabled = { "s2s", "http", "offline", "s2s_auth_certs" }
	c2s_require_encryption = true
	log = { info = "$work/prosody/log" }
	ssl = { certificate = "$work/tls/chat/fullchain.pem", key = "$work/tls/chat/key.pem" }
	VirtualHost "chat.example.test"
	END
	runuser -u prosody -- prosody --config "$work/run/prosody.cfg.lua" -F >run/prosody.log 2>&1 &
	pids+=("$!")
	add chat "$xmpp" xmpp '{signal: HUP, pidfile: prosody/prosody.pid}' prosody
}

[ "$(id -u)" = 0 ] || skip_all "only root can run these servers"
for server in dovecot vsftpd mariadb prosody; do
	"start_$server" || ok 0 "$server # SKIP it is not installed"
done
[ -n "$names" ] || skip_all "none of these servers is installed"

for unit in first second; do
	write_fleet $unit >certfleet.yaml
	cf apply --yes --ack pidfile-doubtful
	is $status 0 "the $unit pair is proven on every port"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
	take_settled_status
	for name in $names; do
		is "$(status_of $name state)" in-sync "$name is in-sync with the $unit"
		is "$(status_of $name served)" "$(installed tls/$name/leaf.pem)" "by a handshake"
	done
done

# --- another protocol on the port ---
sed -i 's/starttls: mysql/starttls: wrong/; s/starttls: ftp/starttls: mysql/; s/starttls: pop3/starttls: ftp/; s/starttls: xmpp/starttls: pop3/; s/starttls: wrong/starttls: pop3/; s/starttls: sieve/starttls: xmpp/' certfleet.yaml
take_status
for name in $names; do
	is "$(status_of $name served)" null "of a port that speaks another protocol nothing is known: $name"
	has "$(status_of $name error)" "^STARTTLS with 127.0.0.1:[0-9]* \(failed: .*: it answered '\|failed: the greeting: it does not speak MySQL\|did not end within\)" "and it says why"
done
finish
