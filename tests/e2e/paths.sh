#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The layout of /etc/ssl, public certificates and keys for one group: whoever could
# read before a switch can read during and after it, however often it is killed; here,
# over SSH and through an agent.  And paths that are left.
. "$(dirname "$0")/ways_lib.sh"
[ "$(id -u)" = 0 ] || skip_all "only root can act as another user"
chmod 755 "$work"
setpriv --reuid 33 --clear-groups test -x "$work" || skip_all "others cannot reach $work"

cat >acl.py <<'END_ACL'
import os, struct, sys
# user 34 may do what the second argument says: 1 enter, 4 read
path, extra = sys.argv[1], int(sys.argv[2])
mode = os.stat(path).st_mode
entries = [(1, mode >> 6 & 7, -1), (2, extra, 34), (4, mode >> 3 & 7, -1), (16, mode >> 3 & 7 | extra, -1), (32, mode & 7, -1)]
os.setxattr(path, 'system.posix_acl_access', struct.pack('<I', 2) + b''.join(struct.pack('<HHi', *e) for e in entries))
END_ACL
cat >reader.py <<'END_READER'
import os, sys, time
user = int(sys.argv[1])
os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)
while not os.path.exists('run/readers-end'):
    for path in sys.argv[2:]:
        try:
            with open(path) as f:
                assert '-----END' in f.read()
        except Exception as e:
            print(user, path, e, flush=True)
    time.sleep(0.001)
END_READER

lay_out() { # NAME
	mkdir -p "tls/$1/certs" "tls/$1/private"
	make_pair "$1" "tls/$1/certs/site.crt" "tls/$1/private/site.key"
	chgrp 33 "tls/$1/private" "tls/$1/private/site.key"
	chmod 710 "tls/$1/private"
	chmod 640 "tls/$1/private/site.key"
	/usr/bin/python3 acl.py "tls/$1/private" 1 && /usr/bin/python3 acl.py "tls/$1/private/site.key" 4
}
paths() { echo "certificate: $work/tls/$1/certs/site.crt, key: $work/tls/$1/private/site.key"; }

for name in here there host; do
	lay_out $name || skip_all "no ACLs in $work"
done
start_ways
files=$(ls -d "$work"/tls/*/certs/site.crt "$work"/tls/*/private/site.key)
for user in 33 34; do
	# shellcheck disable=SC2086
	/usr/bin/python3 reader.py $user $files >run/readers.$user 2>&1 &
	pids+=($!)
	readers="${readers:-} $!"
done
setpriv --reuid 65534 --clear-groups cat tls/*/certs/site.crt >run/stranger
is $? 0 "everybody reads the certificates"

cf apply --yes
is $status 0 "D1: an apply takes over what was found"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
for delay in 0.2 0.4 0.6 0.8 1 1.2; do
	setsid "$CERTFLEET" apply --yes --reissue site >run/killed 2>&1 </dev/null &
	apply=$!
	sleep $delay
	case $delay in
	0.4 | 0.8) # shellcheck disable=SC2046
		kill -9 $(network_half host) $(installing_half host) 2>/dev/null
		{ wait "$(installing_half host)"; } 2>/dev/null
		run_agent host
		wait_port "$agent_port" ;;
	esac
	kill -9 $apply 2>/dev/null
	wait $apply 2>/dev/null
done
cf apply --yes
is $status 0 "D1: after kills at six times an apply ends"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
cf plan --detailed-exitcode
is $status 0 "D1: and leaves nothing to do"
touch run/readers-end
# shellcheck disable=SC2086
wait $readers
is "$(sort run/readers.33 run/readers.34 | uniq -c | head -20)" "" "D1: group and ACL read both files all the time"
setpriv --reuid 65534 --clear-groups cat tls/*/certs/site.crt >run/stranger
is $? 0 "D1: everybody still reads the certificates"
for name in here there host; do
	is "$(installed "tls/$name/certs/site.crt")" "$(installed tls/here/certs/site.crt)" "D1: $name has the pair"
	is "$(openssl pkey -in tls/$name/private/site.key -pubout)" "$(openssl x509 -in tls/$name/certs/site.crt -noout -pubkey)" "D1: and its key"
done
is "$(find tls -name '*tmp-certfleet*' -o -name staged)" "" "R5: nothing is left of the kills"

# ---- paths that are left ----
mkdir tls/new
fleet "directory: $work/tls/new/site"
cf plan
has "$out" "path-left here: what is at its former paths stays" "D3: that paths are left is told"
for path in certs/site.crt private/site.key certs/.site.crt.certfleet private/.site.key.certfleet; do
	has "$out" "^ *\(tls/here\|$work/tls/here\)/$path\$" "D3: $path by name"
done
has "$out" "when no process reads them any more, remove them with 'rm -r'" "D3: with what to do"
cf apply --yes
is $status 0 "D3: the pair goes to the new path"
is "$(installed tls/here/certs/site.crt)" "$(installed tls/new/site/leaf.pem)" "D3: what may still be read stays"
cf plan
hasnt "$out" "path-left" "D3: and is told once"
finish
