#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Dovecot, over the STARTTLS of IMAP and of SMTP (its submission service).
. "$(dirname "$0")/products.sh"
needs dovecot
[ -e /usr/lib/dovecot/imap-login ] && [ -e /usr/lib/dovecot/submission-login ] ||
	skip_all "dovecot-imapd and dovecot-submissiond are not installed"
free_port submission
user=$(id -un) login=$(id -un)
[ "$(id -u)" != 0 ] || { needs_user dovenull; user=dovecot login=dovenull; }
mkdir -m 755 dovecot
# 2.4 has other words for what differs here, and wants to hear for whom it is.
case $(dovecot --version) in
2.3.*)
	forever='service_count = 0'
	cat >run/dovecot.conf <<-END
	protocols = imap submission
	ssl_cert = <$work/tls/site/fullchain.pem
	ssl_key = <$work/tls/site/key.pem
	passdb {
	  driver = static
	  args = nopassword=y
	}
	END
	;;
*)
	forever='restart_request_count = unlimited'
	cat >run/dovecot.conf <<-END
	dovecot_config_version = 2.4.0
	dovecot_storage_version = 2.4.0
	protocols = imap submission
	ssl_server_cert_file = $work/tls/site/fullchain.pem
	ssl_server_key_file = $work/tls/site/key.pem
	passdb static {
	  fields {
	    nopassword = yes
	  }
	}
	END
	;;
esac
cat >>run/dovecot.conf <<-END
base_dir = $work/dovecot
log_path = $work/run/site.log
listen = 127.0.0.1
default_internal_user = $user
default_internal_group = $(id -gn "$user")
default_login_user = $login
ssl = yes
submission_relay_host = 127.0.0.1
service anvil {
  chroot =
}
service imap-login {
  chroot =
  $forever
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = 0
  }
}
service submission-login {
  chroot =
  inet_listener submission {
    port = $submission
  }
  inet_listener submissions {
    port = 0
  }
}
END
dovecot -F -c run/dovecot.conf >>run/site.log 2>&1 &
pids+=("$!")
wait_port "$port"
wait_port "$submission"
starttls=imap
also=", {tls: \"127.0.0.1:$submission\", starttls: smtp}"
activate='{signal: HUP, pidfile: dovecot/master.pid}'
echo 'kill -HUP $(cat dovecot/master.pid)' >reload.sh
trial
