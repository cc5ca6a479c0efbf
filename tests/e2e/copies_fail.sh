#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copies that cannot be written: the cause and the remedy, the bundle here, and
# nothing staged without an acknowledgement.
. "$(dirname "$0")/copies_lib.sh"
start_sshd
know_host
free_port fault_port
free_port dead_port
cp "$root/tests/e2e/copy_faults.py" run
start_faults() {
	python3 run/copy_faults.py "$fault_port" run/faults.access 2>>run/faults.log &
	faults=$!
	pids+=($faults)
	wait_port "$fault_port"
}
start_faults
fault=http://127.0.0.1:$fault_port
write_plain() { copies=$1 write_copied_fleet; }
sed_copies() { sed -i '/copies:/,/- /d' certfleet.yaml; }
copies=$sftp write_copied_fleet
sed_copies
cf apply --yes
is $status 0 "a fleet without copies"
leaf() { sha256sum <tls/one/leaf.pem; }

# STATUS: 3 when the plan knows it, 1 when the step finds out
fails() { # COPY STATUS PATTERN WHAT
	local before bundles stood
	before=$(leaf)
	stood=$(find tls | sort)
	bundles=$(bundles)
	copies=$1 write_copied_fleet
	cf apply --yes --reissue site
	is $status "$2" "$4: exit $2"
	has "$out" "$3" "$4: told"
	case $2 in
	1) has "$out" "cannot copy 'shop-[^']*' to '$1'" "$4: with the place" ;;
	3) has "$out" "backup-copy-failed $1: " "$4: with the place" ;;
	esac
	is "$(leaf)" "$before" "$4: nothing was staged"
	is "$(find tls | sort)" "$stood" "$4: nor left behind"
	is "$(bundles)" $((bundles + ($2 == 1))) "$4: the bundle is here"
}
goes_on() { # WHAT
	local before
	before=$(leaf)
	cf apply --yes --reissue site --ack backup-copy-failed
	is $status 0 "$1: acknowledged, the apply goes on"
	[ "$(leaf)" != "$before" ]
	ok $? "$1: to its end"
	cf status
	has "$out" "backup-copy-failed \\|backup-missing .*is not copied there" "$1: status tells that the copy is missing"
}

# ---- SFTP
fails "$sftp/none" 3 "there is no directory '.*/vault/none'; make it there" "SFTP, no directory"
goes_on "SFTP, no directory"
cf apply --yes
is $status 0 "where nothing else is to be done it is only told"
: >vault/file
fails "$sftp/file" 3 "there is no directory" "SFTP, a file"
cp ssh/known_hosts run/known_hosts
know_host stranger
fails "$sftp" 3 "key" "SFTP, a strange host key"
cp run/known_hosts ssh/known_hosts
cp ssh/id run/id
cp ssh/stranger ssh/id
fails "$sftp" 3 "refused\\|accept" "SFTP, a strange key of ours"
cp run/id ssh/id
fails "sftp://$user@127.0.0.1:$dead_port/x" 3 "Connection refused; start what listens there, or correct the address" "SFTP, no server"

# ---- WebDAV
if start_dav; then
	fails "$dav/none" 3 "the server answers 404: the directory or bucket is not there; make it" "WebDAV, no directory"
	echo wrong >secrets/dav.pass
	fails "$dav" 3 "the server answers 401: the login is refused; correct user and password in 'access'" "WebDAV, a wrong password"
	goes_on "WebDAV, a wrong password"
	printf 'dav pass word 4711\n' >secrets/dav.pass
	web_ca=trust/other.pem fails "$dav" 3 "its certificate does not lead to an authority that is trusted" "WebDAV, a strange authority"
	fails "${dav}2" 3 "secrets/none" "WebDAV, no login for a directory that begins like another"
	rm secrets/dav.pass
	fails "$dav" 3 "secrets/dav.pass" "WebDAV, no password file"
	printf 'dav pass word 4711\n' >secrets/dav.pass
	chmod 600 secrets/dav.pass
	chmod 555 dav/shop
	chown root dav/shop 2>/dev/null
	fails "$dav" 1 "the server answers [45]" "WebDAV, a directory that is read-only"
	chmod 755 dav/shop
	[ "$(id -u)" != 0 ] || chown www-data dav/shop
else
	ok 0 "WebDAV # SKIP apache2 is not installed"
fi

# ---- S3
if start_s3; then
	printf 'S3RVER-SECRET-wrong' >secrets/s3.key
	fails "$s3" 3 "the server answers 403 (SignatureDoesNotMatch): access is denied; " "S3, a wrong secret"
	goes_on "S3, a wrong secret"
	printf S3RVER >secrets/s3.key
	printf NOBODY >secrets/s3.id
	fails "$s3" 3 "403 (InvalidAccessKeyId)" "S3, a wrong key"
	printf S3RVER >secrets/s3.id
	region=eu-west-9 fails "$s3" 3 "403 (AuthorizationHeaderMalformed)" "S3, a wrong region"
	fails s3://no-such-bucket 3 "404 (NoSuchBucket): the directory or bucket is not there; make it" "S3, no bucket"
	printf 'S3RVER\nS3RVER-SECRET' >secrets/s3.key
	fails "$s3" 3 "must be one line of printable characters" "S3, a secret of two lines"
	printf S3RVER >secrets/s3.key
	kill "$s3_pid"
	gone "$s3_pid"
	fails "$s3" 3 "cannot talk to 'https://127.0.0.1:$s3_front_port'" "S3, a server that is down"
else
	ok 0 "S3 # SKIP npm's s3rver is not installed"
fi

# ---- servers that misbehave
fails "$fault/redirected" 3 "the server answers 302: it sends to another place, which gets no login; write the URL of that place" "a redirection"
fails "$fault/forbidden" 3 "403: access is denied; let the login" "forbidden"
fails "$fault/moved" 1 "the server answers 301: it sends to another place" "a redirected PUT"
fails "$fault/full" 1 "the server answers 507: no space is left there; make room" "a full disk"
fails "$fault/nowhere" 1 "409: the directory is not there; make it" "no directory"
fails "$fault/dies" 1 "cannot talk to '$fault'" "a server that dies midway"
fails "$fault/cut" 1 "it is written, but cannot be read back: cannot talk to" "a read-back that is cut off"
fails "$fault/short" 1 "what is read back is not what was written; remove it there" "a read-back that is too short"
fails "$fault/gone" 1 "it is written, but cannot be read back: there is no" "a file that is gone at once"
fails "$fault/endless" 1 "answers with more than 67108864 bytes" "an endless read-back"
goes_on "an endless read-back"

copies=$fault/silent write_copied_fleet
before=$(leaf)
"$CERTFLEET" apply --yes --reissue site >run/stopped 2>&1 &
apply=$!
pids+=($apply)
comes grep -q "PUT waits" run/faults.access
kill "$apply"
wait "$apply"
is $? 1 "a stop cuts off what is sent to a server that is silent"
has "$(cat run/stopped)" "told to stop" "and is told"
is "$(leaf)" "$before" "nothing was staged"

# ---- killed in the middle of a copy
copies="$sftp $fault/silent" write_copied_fleet
cf plan --out run/plan --reissue site
: >run/faults.access
"$CERTFLEET" apply run/plan --yes --reissue site >run/killed 2>&1 &
apply=$!
pids+=($apply)
comes grep -q "PUT waits" run/faults.access
comes test -e "vault/$(bundle)"
kill -9 "$apply"
wait "$apply" 2>/dev/null
mv vault run/vault
cf apply run/plan --yes --reissue site
is $status 3 "the saved plan of a killed apply waits while a copy fails"
has "$out" "backup-copy-failed sftp:.*there is no directory" "with the cause"
mv run/vault vault
kill "$faults"
gone "$faults"
sed -i 's/kind == "silent"/kind == "never"/' run/copy_faults.py
start_faults
before=$(bundles)
cf apply run/plan --yes --reissue site
is $status 0 "the saved plan is resumed once both take the bundle"
is "$(bundles)" "$before" "with the bundle that is there"
cf plan --detailed-exitcode
is $status 0 "and nothing is left to do"

# ---- a command
cat >keep.sh <<'END'
[ "$1" = list ] || { echo "the tape is torn" >&2; exit 3; }
: >"$3"
END
copies= more_copies="{command: [/bin/sh, $work/keep.sh]}" write_copied_fleet
before=$(leaf)
cf apply --yes --reissue site
is $status 1 "a command that fails: exit 1"
has "$out" "the tape is torn" "with what it says"
is "$(leaf)" "$before" "and nothing staged"
copies= more_copies="{command: [/no/such/program]}" write_copied_fleet
cf apply --yes --reissue site
is $status 3 "a command that is not there: exit 3"
has "$out" "/no/such/program" "and told"

# ---- bundles that hold keys in the clear
mkdir open
copies=$dav write_copied_fleet
sed 's/passphrase: .*/unencrypted: true/; s/^fleet: .*/&\nstate: {unsealed: true}/' certfleet.yaml >open/certfleet.yaml
cf -C open plan --confined
has "$out" "private keys will go to 1 host or socket" "copies of keys in the clear are told as such"
hasnt "$out" "bundles will be copied" "and not as bundles"

no_secret_shown
ok $? "no secret was printed or recorded"
finish
