#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A quorum never loses a second process by certfleet: one that is down counts.
. "$(dirname "$0")/lib.sh"
for name in a b c; do
	free_port "$name"
	old_directory $name
	start_gnutls $name "${!name}" tls/$name/fullchain.pem tls/$name/key.pem
done
fleet() { # SUBJECT [ACTIVATION of a] [DIRECTORY of a]
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: quorum
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	certificates:
	  site: {subject: "CN=$1", names: [$1], issuer: self}
	roles:
	  etcd: {restart: {max_unavailable: 3, on_failure: continue, timeout: ${PATIENCE:-$patience}}}
	components:
	END
	for name in a b c; do
		local activate="[sh, serve.sh, $name, \"${!name}\", tls/$name/fullchain.pem, tls/$name/key.pem]" directory=tls/$name
		[ $name != a ] || { activate=${2:-$activate} directory=${3:-$directory}; }
		cat >>certfleet.yaml <<-END
		  $name: {role: etcd, quorum: q, certificate: site, deliver: {files: {directory: $directory}},
		    activate: {command: $activate}, verify: {tls: "127.0.0.1:${!name}"}}
		END
	done
}
served_by_all() { for name in a b c; do served "${!name}"; done | sort -u; }
both() { echo "$(served "$b") $(served "$c")"; }

fleet one.example.test
cf plan --json
is "$(jq -c '[.waves[].processes]' <<<"$out")" '[["a"],["b"],["c"]]' "one at a time"
cf apply --yes
is $status 0 "all of them get the pair" || sed 's/^/# /' <<<"$out"
is "$(served_by_all)" "$(installed tls/a/leaf.pem)" "and serve it"

# a is down, and its new pair cannot be put there
fleet two.example.test "" missing/gone/a
kill "$(cat run/a.pid)"; gone "$(cat run/a.pid)"
before=$(both)
cf apply --yes
is $status 4 "one that is down and blocked: 4"
has "$out" "no-budget b, c: 'a' of its quorum 'q' is down already" "keeps the others from a restart"
is "$(both)" "$before" "which serve what they did"
cf plan --json
is "$(jq -c '[.left_out[] | select(.code == "no-budget") | .component]' <<<"$out")" '["b","c"]' "as the plan says"

# a is down, and its restart fails
PATIENCE=3s fleet two.example.test "[\"false\"]"
cf apply --yes
is $status 7 "one that is down and fails: 7"
has "$out" "'b' stays as it is: another one of its quorum 'q' failed" "keeps the others from a restart in the same run"
is "$(both)" "$before" "which serve what they did"
hasnt "$out" "failed: .*b" "and are no failures"

# a comes back: first it, then the others
fleet two.example.test
cf apply --yes
is $status 0 "once it can be restarted, all are" || sed 's/^/# /' <<<"$out"
is "$(served_by_all)" "$(installed tls/a/leaf.pem)" "and serve the new pair"
finish
