# SPDX-License-Identifier: Apache-2.0
# Places for copies of bundles, on loopback: the OpenSSH server of Debian, Apache
# with WebDAV over TLS, and s3rver, over TLS behind a proxy that checks each
# signature by itself.
#
#	. "$(dirname "$0")/copies_lib.sh"
#	start_sshd; know_host; start_dav; start_s3
#	copies="$sftp $dav $s3" write_copied_fleet
# shellcheck shell=bash disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/sftp_lib.sh"
modules=/usr/lib/apache2/modules
s3rver=$(dirname "$CERTFLEET")/npm/node_modules/.bin/s3rver
[ -x "$s3rver" ] || s3rver=$root/build/npm/node_modules/.bin/s3rver
mkdir -p vault dav/shop s3
free_port dav_port
free_port s3_port
free_port s3_front_port
sftp=sftp://$user@127.0.0.1:$ssh_port$work/vault
dav=https://127.0.0.1:$dav_port/shop
s3=s3://shop-backups/prod
printf 'dav pass word 4711\n' >secrets/dav.pass
printf S3RVER >secrets/s3.id
printf S3RVER >secrets/s3.key
chmod 600 secrets/*

# The authority of both servers, and one of nobody's.
make_web_pair() {
	for ca in web other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
			-subj "/CN=$ca CA" -addext basicConstraints=critical,CA:TRUE \
			-out "trust/$ca.pem" -keyout "run/$ca.key"
	done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-out run/server.csr -keyout run/server.key
	openssl x509 -req -in run/server.csr -CA trust/web.pem -CAkey run/web.key -days 30 \
		-extfile <(echo subjectAltName=IP:127.0.0.1) -out run/server.pem
} >>run/openssl.log 2>&1
make_web_pair

start_dav() {
	local group=""
	[ -e $modules/mod_dav.so ] || return 1
	if [ "$(id -u)" = 0 ]; then
		group='User www-data
Group www-data'
		chown -R www-data dav
		chmod 711 "$work" "$place"
	fi
	openssl passwd -apr1 -stdin <secrets/dav.pass | sed 's/^/certfleet:/' >run/htpasswd
	cat >run/dav.conf <<-END
	ServerRoot $work
	ServerName localhost
	PidFile $work/run/dav.pid
	DefaultRuntimeDir $work/run
	Mutex pthread
	ErrorLog $work/run/dav.log
	LogFormat "%m %U %>s"
	CustomLog $work/run/dav.access "%m %U %>s"
	Listen 127.0.0.1:$dav_port
	$(for module in mpm_event authn_core authn_file authz_core authz_user auth_basic ssl dav dav_fs; do
		echo "LoadModule ${module}_module $modules/mod_$module.so"
	done)
	StartServers 1
	$group
	SSLEngine on
	SSLCertificateFile $work/run/server.pem
	SSLCertificateKeyFile $work/run/server.key
	DavLockDB $work/dav/locks
	DocumentRoot $work/dav
	<Directory $work/dav>
		Dav On
		AuthType Basic
		AuthName dav
		AuthUserFile $work/run/htpasswd
		Require valid-user
	</Directory>
	END
	apache2 -f "$work/run/dav.conf" >>run/dav.log 2>&1
	wait_port "$dav_port"
}

start_s3() {
	local legacy=--openssl-legacy-provider # s3rver's lists of several pages
	[ -x "$s3rver" ] || return 1
	node $legacy -e 1 2>/dev/null || legacy=
	node $legacy "$s3rver" -d "$work/s3" -a 127.0.0.1 -p "$s3_port" --configure-bucket shop-backups \
		>run/s3.log 2>&1 &
	pids+=($!)
	s3_pid=$!
	python3 "$root/tests/e2e/s3_front.py" "$s3_front_port" "$s3_port" run/server.pem \
		run/server.key S3RVER S3RVER us-east-1 run/s3.access 2>run/s3_front.log &
	pids+=($!)
	wait_port "$s3_port"
	wait_port "$s3_front_port"
}

# Each of `copies` is one of the places above, or YAML.
write_copied_fleet() {
	local copy
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: shop
	backup:
	  directory: backups
	  keep: 1000
	  passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}
	  copies:
	$(for copy in $copies; do echo "    - $copy"; done)
	${more_copies:+    - $more_copies}
	access:
	  ssh: {key: ssh/id, known_hosts: ssh/known_hosts}
	  webdav:
	    - {url: "https://127.0.0.1:$dav_port", user: nobody, password: {file: secrets/none}}
	    - {url: "https://127.0.0.1:$dav_port/shop", user: certfleet, password: {file: secrets/dav.pass}, ca: ${web_ca:-trust/web.pem}}
	  s3: {endpoint: "https://127.0.0.1:$s3_front_port", region: ${region:-us-east-1}, key_id: {file: secrets/s3.id}, secret: {file: secrets/s3.key}, ca: ${web_ca:-trust/web.pem}}
	issuers:
	  ca: {subject: "CN=Shop CA"}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test${name:+, $name}], issuer: ca}
	components:
	  one: {certificate: site, deliver: {files: {directory: tls/one}}}
	END
}

bundle() { ls -t backups | grep '\.zip$' | head -1; }
bundles() { ls backups | grep -c '\.zip$'; }
staged() { [ -e tls/one/leaf.pem ]; }
# No secret of the copies in what was printed, recorded or logged.
no_secret_shown() {
	! grep -rlE 'dav pass word|S3RVER-SECRET|BEGIN OPENSSH|Y2VydGZsZWV0OmRhdi' \
		run/transcript .certfleet 2>/dev/null
}
