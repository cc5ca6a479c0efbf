#!/bin/bash
# Disaster: certfleet is gone.  RESTORE.txt is executed as written.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
command -v 7z >/dev/null || skip_all "7z is not installed"
three_components
cf apply --yes
is $status 0 "the trio is set up"
bundle=$(ls backups/*.zip | tail -1)
cf backup verify "$bundle"
is $status 0 "backup verify is content"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
CERTFLEET_OTHER='quite another passphrase 1' cf backup verify "$bundle" --passphrase-env CERTFLEET_OTHER
is $status 65 "a wrong passphrase: 65"
cf backup verify "$bundle" --structure
is $status 0 "the structure can be checked without the passphrase"

mkdir rescue
cp "$bundle" rescue/bundle.zip
cd rescue || exit 1
7z x bundle.zip >/dev/null
ok $? "a bundle is a plain ZIP"
grep '^ *openssl enc' RESTORE.txt >command
is "$(wc -l <command)" 1 "RESTORE.txt has the command"
# openssl asks on the terminal: a pseudo-terminal answers
cat >answer.py <<'END'
import os, pty, sys
child, fd = pty.fork()
if child == 0:
    os.execvp("sh", ["sh", "-c", open("command").read()])
seen = b""
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    seen += piece
    if b"password:" in seen:
        os.write(fd, os.environ["CERTFLEET_BACKUP_PASSPHRASE"].encode() + b"\n")
        seen = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
/usr/bin/python3 answer.py >log 2>&1
ok $? "the command, with the passphrase typed once"
found=0
while read -r key; do
	leaf=$(dirname "$key")/leaf.pem
	[ -f "$leaf" ] && is_pair "$leaf" "$key" && found=$((found + 1))
done < <(find . -name key.pem)
[ "$found" -ge 2 ]; ok $? "every key lies beside its certificate ($found)"
cmp -s <(openssl pkey -in ../tls/one/key.pem -pubout) \
	<(openssl pkey -in "certificates/site/key.pem" -pubout)
ok $? "the key of the site is the one in use"
cd ..
finish
