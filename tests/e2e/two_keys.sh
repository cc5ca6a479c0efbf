#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An RSA and an ECDSA pair for one name on one port: each is proven by a
# handshake that only its own key can answer, with or without `process:`.
. "$(dirname "$0")/lib.sh"
mkdir dual
pair_files() { cat "$1/fullchain.pem" "$1/key.pem"; }

# The pairs that a server starts with, as directories and as single files.
starting_pairs() { # NAME
	old_directory "$1-ec"
	mkdir "tls/$1-rsa"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=old-rsa -days 9 \
		-addext subjectAltName=DNS:old-rsa \
		-out "tls/$1-rsa/fullchain.pem" -keyout "tls/$1-rsa/key.pem" 2>/dev/null
	for kind in ec rsa; do
		pair_files "tls/$1-$kind" >"dual/$1-$kind.pem"
		chmod 600 "dual/$1-$kind.pem"
	done
}

serve_nginx() { # NAME PORT PROTOCOL
	start_servers "$1" "server {
		listen 127.0.0.1:$2 ssl;
		ssl_protocols TLSv$3;
		ssl_certificate $work/tls/$1-ec/fullchain.pem; ssl_certificate_key $work/tls/$1-ec/key.pem;
		ssl_certificate $work/tls/$1-rsa/fullchain.pem; ssl_certificate_key $work/tls/$1-rsa/key.pem;
	}"
}

serve_apache() { # NAME PORT PROTOCOL
	local modules=/usr/lib/apache2/modules
	cat >"run/$1.conf" <<-END
	ServerRoot $work
	ServerName localhost
	PidFile $work/run/$1.pid
	DefaultRuntimeDir $work/run
	Mutex pthread
	ErrorLog $work/run/$1.log
	Listen 127.0.0.1:$2
	LoadModule mpm_event_module $modules/mod_mpm_event.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	LoadModule ssl_module $modules/mod_ssl.so
	StartServers 1
	$([ "$(id -u)" = 0 ] && printf 'User www-data\nGroup www-data')
	SSLEngine on
	SSLProtocol TLSv$3
	SSLCertificateFile $work/tls/$1-ec/fullchain.pem
	SSLCertificateKeyFile $work/tls/$1-ec/key.pem
	SSLCertificateFile $work/tls/$1-rsa/fullchain.pem
	SSLCertificateKeyFile $work/tls/$1-rsa/key.pem
	END
	apache2 -f "$work/run/$1.conf" >>"run/$1.log" 2>&1
}

serve_haproxy() { # NAME PORT PROTOCOL
	haproxy_site "$1" "$2" "ssl-min-ver TLSv$3 ssl-max-ver TLSv$3 crt $work/dual/$1-ec.pem crt $work/dual/$1-rsa.pem" \
		"stats socket $work/run/$1.sock mode 600 level admin expose-fd listeners" -W
}

write_fleet() { # NAME PORT DELIVER ACTIVATE [PROCESS]: DELIVER with KIND in it
	[ -e ".certfleet-$1" ] || rm -f certfleet.lineage # a state of its own
	cat <<-END
	certfleet: 1
	fleet: dual
	state: .certfleet-$1
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Dual CA"}
	certificates:
	  ec: {subject: "CN=site.example.test, O=$unit", issuer: ca}
	  rsa: {subject: "CN=site.example.test, O=$unit", issuer: ca, key: rsa-2048}
	roles:
	  web: {restart: {timeout: $patience}}
	components:
	END
	for kind in ec rsa; do
		cat <<-END
		  $kind:
		    role: web
		    certificate: $kind
		    deliver: ${3//KIND/$kind}
		    ${4:+activate: $4}
		    ${5:+process: $5}
		    verify: {tls: "127.0.0.1:$2"}
		END
	done
}

leaf_of() { # KIND: of what is installed
	case $deliver in
	*directory*) installed "tls/$name-$1/fullchain.pem" ;;
	*) installed "dual/$name-$1.pem" ;;
	esac
}

expect_both() { # TEXT
	local kind
	cf apply --yes
	is $status 0 "$1: both pairs are proven"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
	cf plan --detailed-exitcode
	is $status 0 "$1: nothing is left to do"
	take_status
	for kind in ec rsa; do
		is "$(status_of $kind state)" in-sync "$1: $kind is in-sync"
		is "$(status_of $kind served)" "$(leaf_of $kind)" "$1: $kind by its own pair"
	done
}

trial() { # PRODUCT TLS DELIVER ACTIVATE
	local product=$1 protocol=$2
	name=$1-$2
	deliver=${3//NAME/$name}
	local activate=${4//NAME/$name}
	free_port port
	starting_pairs "$name"
	rm -rf backups
	"serve_${product%-*}" "$name" "$port" "$protocol"
	wait_port "$port"
	unit=first write_fleet "$name" "$port" "$deliver" "$activate" >certfleet.yaml
	expect_both "$product with TLS $protocol"
	unit=second write_fleet "$name" "$port" "$deliver" "$activate" >certfleet.yaml
	expect_both "$product with TLS $protocol, new pairs"
	[ -n "$activate" ] || return 0
	unit=third write_fleet "$name" "$port" "$deliver" "$activate" both >certfleet.yaml
	expect_both "$product with TLS $protocol, one process"
}

for protocol in 1.2 1.3; do
	trial nginx "$protocol" '{files: {directory: tls/NAME-KIND}}' '{signal: HUP, pidfile: run/NAME.pid}'
	if command -v apache2 >/dev/null; then
		trial apache "$protocol" '{files: {directory: tls/NAME-KIND}}' '{signal: USR1, pidfile: run/NAME.pid}'
	else
		ok 0 "apache # SKIP apache2 is not installed"
	fi
	if command -v haproxy >/dev/null; then
		trial haproxy-files "$protocol" '{files: {combined: dual/NAME-KIND.pem}}' '{signal: USR2, pidfile: run/NAME.pid}'
		trial haproxy-socket "$protocol" '{haproxy: {socket: run/NAME.sock, certificate: dual/NAME-KIND.pem}}' ''
	else
		ok 0 "haproxy # SKIP haproxy is not installed"
	fi
done
finish
