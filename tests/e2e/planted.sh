#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A stranger has put a key where ours will be: it must not become theirs, here
# or through an agent.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"
[ "$(id -u)" = 0 ] || skip_all "only root can act as another user"
free_port one
make_authorities

plant() { # FILE: a key of user nobody
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null
	chown nobody:nogroup "$1"
	chmod 600 "$1"
}

mkdir -m 0777 tls/open tls/theirs
mkdir -m 1777 tls/sticky
plant tls/open/key.pem
plant tls/sticky/a.key
agent_component open "install: {directory: $work/tls/theirs}"
plant tls/theirs/key.pem
start_agent host 127.0.0.1 "$one"
cat >certfleet.yaml <<END
certfleet: 1
fleet: planted
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
$access
issuers:
  ca: {subject: "CN=Planted CA"}
certificates:
  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
components:
  here:
    certificate: site
    deliver: {files: {directory: $work/tls/open}}
  sticky:
    certificate: site
    deliver: {files: {certificate: $work/tls/sticky/a.crt, key: $work/tls/sticky/a.key}}
  agent:
    certificate: site
    deliver: {agent: {url: "https://127.0.0.1:$one", component: open}}
END
before=$(find tls -printf '%p %u %m\n' | sort)
cf plan --detailed-exitcode
is $status 2 "S2: keys that a stranger planted block"
has "$out" "block  *target-unwritable here: others can write to directory '$work/tls/open'" "S2: the directory itself is judged"
has "$out" "target-unwritable sticky: '$work/tls/sticky/a.key' belongs to user 65534" "S2: in a sticky directory its owner is"
has "$out" "target-unwritable agent: others can write to directory '$work/tls/theirs'" "S2: through an agent as well"
cf apply --yes
is $status 4 "S2: apply does nothing"
is "$(find tls -printf '%p %u %m\n' | sort)" "$before" "S2: nothing was written"

chmod 0755 tls/open tls/theirs
cf plan --detailed-exitcode
is $status 4 "S2: in a directory that is closed the key is still a stranger's"
has "$out" "key.pem' belongs to user 65534.*" "S2: which is said"
has "$out" "say 'owner: \"65534\"', or remove it" "S2: with what to do"
is "$(find tls -printf '%p %u\n' | sort)" "$(sed 's/ [0-7]*$//' <<<"$before")" "S2: nothing was written"
rm tls/open/key.pem tls/theirs/key.pem tls/sticky/a.key
cf apply --yes
is $status 0 "S2: once they are removed the pairs are delivered"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
for key in tls/open/key.pem tls/theirs/key.pem tls/sticky/a.key; do
	is "$(stat -Lc %U:%a "$key")" root:600 "S2: and $key is ours"
done

# The sibling: a store, a version and a link that exist.
chmod 0777 tls/.open.certfleet
sed -i 's/site.example.test/b.example.test/g' certfleet.yaml
cf plan --detailed-exitcode
is $status 2 "S2: a store that others can write blocks"
has "$out" "block  .*.open.certfleet' can be written by others" "S2: and is named"
chmod 0755 tls/.open.certfleet
ln -sf .a.key.certfleet/current/key.pem tls/sticky/a.key
chown -h games tls/sticky/a.key
cf plan --detailed-exitcode
is $status 2 "S2: a link of a stranger in a sticky directory blocks"
has "$out" "block  .*a.key' belongs to user 5 and stands in a directory that everybody can write to" "S2: and is named"
finish
