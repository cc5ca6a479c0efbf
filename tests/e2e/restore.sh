#!/bin/bash
# Disaster: certfleet is gone.  Every command of RESTORE.txt is executed as
# written, with openssl and 7z alone.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
command -v 7z >/dev/null || skip_all "7z is not installed"
export CERTFLEET_SECOND='a second passphrase 4711'
mkdir bin
for tool in sh mkdir cut 7z openssl; do ln -s "$(command -v $tool)" "bin/$tool"; done

# The indented lines as a person types them: openssl asks on the terminal, and a
# pseudo-terminal answers.
cat >follow.py <<'END'
import os, pty, sys
text = open(sys.argv[1]).read()
lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
open("followed", "w").write("\n".join(lines))
child, fd = pty.fork()
if child == 0:
    os.environ.clear()
    os.environ["PATH"] = os.path.abspath("../bin")
    os.execvp("sh", ["sh", "-c", "\n".join(lines)])
seen = b""
log = open("log", "wb")
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    log.write(piece)
    seen += piece
    if b"decryption password:" in seen:
        os.write(fd, sys.argv[2].encode() + b"\n")
        seen = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END

follow() { # NAME PASSPHRASE TEXT: with the newest bundle
	local bundle key leaf good=0 bad=0
	bundle=$(ls backups/*.zip | tail -1)
	mkdir "$1"
	cp "$bundle" "$1/"
	7z e -so "$bundle" RESTORE.txt >"$1/RESTORE.txt" 2>/dev/null
	(cd "$1" && /usr/bin/python3 ../follow.py RESTORE.txt "$2" >run.out 2>&1)
	is $? 0 "$3: the commands of RESTORE.txt"
	while read -r key; do
		leaf=$(dirname "$key")/leaf.pem
		if is_pair "$leaf" "$key"; then good=$((good + 1)); else bad=$((bad + 1)); fi
	done < <(find "$1/restore" -name key.pem)
	is "$good $bad" "$(jq '[.generations[] | select(.key)] | length' "$1/restore/manifest.json") 0" \
		"$3: every key of the manifest lies beside its certificate"
	cmp -s <(openssl pkey -in tls/one/key.pem -pubout) \
		<(openssl pkey -in "$1/restore/certificates/site/key.pem" -pubout)
	ok $? "$3: the key of the site is the one in use"
	has "$(cat "$1/log")" "BEGIN PUBLIC KEY" "$3: and the comparison is shown"
	is "$(find "$1/restore" -name key.pem -perm /077)" "" "$3: no key is open to others"
}

three_components
cf apply --yes
is $status 0 "the trio is set up"
cf apply --yes --reissue site
is $status 0 "and renewed once"
bundle=$(ls backups/*.zip | tail -1)
cf backup verify "$bundle"
is $status 0 "backup verify is content"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
CERTFLEET_OTHER='quite another passphrase 1' cf backup verify "$bundle" --passphrase-env CERTFLEET_OTHER
is $status 65 "a wrong passphrase: 65"
cf backup verify "$bundle" --structure
is $status 0 "the structure can be checked without the passphrase"
follow one "$CERTFLEET_BACKUP_PASSPHRASE" "one passphrase"
[ -e one/restore/certificates/site/1/key.pem ]; ok $? "an earlier generation is there too"
# servers come back with what was restored by hand
by_hand() { # NAME: files of tls/NAME
	mkdir "tls/$1"
	cat one/restore/certificates/site/leaf.pem $(ls one/restore/certificates/site/chain.pem 2>/dev/null) >"tls/$1/fullchain.pem"
	cp one/restore/certificates/site/key.pem "tls/$1/"
}
free_port nginx_again
free_port gnutls_again
by_hand nginx-again
start_nginx nginx-again "$nginx_again"
serves "$nginx_again" "$(installed tls/one/leaf.pem)" "an nginx serves what the lost one did"
by_hand gnutls-again
start_gnutls gnutls-again "$gnutls_again" tls/gnutls-again/fullchain.pem tls/gnutls-again/key.pem
serves "$gnutls_again" "$(installed tls/one/leaf.pem)" "a gnutls-serv too"
for words in $(grep -o "'certfleet [a-z]* [a-z]*" one/RESTORE.txt | cut -c12- | tr ' ' - | sort -u); do
	# shellcheck disable=SC2086
	cf ${words/-/ } --help
	is $status 0 "RESTORE.txt names 'certfleet ${words/-/ }', which exists"
done
has "$(cat one/RESTORE.txt)" "'certfleet backup restore $(basename "$bundle")'" "with the bundle's own name"

sed -i 's/passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}/passphrase: [{env: CERTFLEET_BACKUP_PASSPHRASE}, {env: CERTFLEET_SECOND}]/' certfleet.yaml
sleep 1
cf backup create
is $status 0 "a bundle of two passphrases"
follow first "$CERTFLEET_BACKUP_PASSPHRASE" "the first of two passphrases"
follow second "$CERTFLEET_SECOND" "the second of two passphrases"
has "$(cat second/log)" "bad decrypt" "the second of two passphrases: the first line is not for it"

sed -i 's/^backup:.*/backup: {directory: backups, unencrypted: true}\nstate: {seal: {env: CERTFLEET_BACKUP_PASSPHRASE}}/' certfleet.yaml
sleep 1
cf backup create
is $status 0 "a bundle that is not encrypted"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
follow open "" "not encrypted"
has "$(cat open/RESTORE.txt)" "THEY ARE NOT ENCRYPTED" "not encrypted: and it says so"
finish
