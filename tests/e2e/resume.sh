#!/bin/bash
# A saved plan whose run was killed, at whatever point, is finished by the same
# plan: nothing is issued twice, and nothing of a stranger is accepted.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
EVERY=${EVERY:-12}

cat >certfleet.yaml <<END
certfleet: 1
fleet: resume
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=Resume CA"}
certificates:
  site: {subject: "CN=site.example.test", issuer: ca}
components:
  one: {certificate: site, deliver: {files: {directory: tls/one}}}
  two: {certificate: site, deliver: {files: {directory: tls/two}}}
END
cf apply --yes
is $status 0 "the fleet is set up"
generations() { # how many of the certificate there are
	sqlite3 "file:.certfleet/state.db?mode=ro" \
		"select count(*) from record where key like 'generation/c/site/%'"
}
newest_run() { "$CERTFLEET" history --json | jq -r '.runs[0] | "\(.run) \(.outcome)"'; }
calls=fsync,fdatasync,rename,renameat,renameat2,symlinkat,unlinkat,pwrite64

cf plan --out run/plan --reissue site
traced run/calls "$calls" "$CERTFLEET" apply run/plan --reissue site >/dev/null 2>&1
ok $? "a saved plan that re-issues"
awk -F'(' '/^[a-z]/ && !/^clone3/ { print $1, ++n[$1] }' run/calls >run/points
number=0
tried=0
bad=0
while read -r call count; do
	number=$((number + 1))
	[ $((number % EVERY)) -eq 0 ] || continue
	tried=$((tried + 1))
	rm -f run/plan
	cf plan --out run/plan --reissue site
	before=$(generations)
	newest=$(newest_run)
	traced run/injected "$call" -e inject="$call:signal=KILL:when=$count" \
		"$CERTFLEET" apply run/plan --reissue site >run/broken 2>&1
	grep -q '^+++ killed by SIGKILL' run/injected || {
		bad=$((bad + 1))
		echo "# $call $count was not hit"
	}
	expected=0
	last=$newest
	newest=$(newest_run)
	# killed when its end was written already: the plan is over
	[ "$newest" != "$last" ] && [[ $newest == *done ]] && expected=5
	cf apply run/plan --reissue site
	first=$status
	told=$out
	after=$(generations)
	cf plan --detailed-exitcode
	if [ "$after" -ne $((before + 1)) ] || [ $first -ne $expected ] ||
		[ $status -ne 0 ] || [ "$(installed tls/one/leaf.pem)" != \
		"$(installed tls/two/leaf.pem)" ]; then
		bad=$((bad + 1))
		echo "# $call $count: $((after - before)) issued, exit $first, then plan $status"
		sed 's/^/#   /' <<<"$told" | tail -3
	fi
done <run/points
[ $bad -eq 0 ]
ok $? "killed at $tried points: the same plan finishes, and issues once"

# R4: so does the same command, killed once or twice
number=0
tried=0
bad=0
killed_at() { # CALL COUNT
	traced run/injected "$1" -e "inject=$1:signal=KILL:when=$2" \
		"$CERTFLEET" apply --yes --reissue site >run/broken 2>&1
}
while read -r call count; do
	number=$((number + 1))
	[ $((number % EVERY)) -eq 0 ] || continue
	before=$(generations)
	newest=$(newest_run)
	killed_at "$call" "$count"
	# over, or not yet begun: then the command is a new one
	[ "$newest" = "$(newest_run)" ] || [[ $(newest_run) == *done ]] && continue
	tried=$((tried + 1))
	[ $((tried % 2)) -eq 0 ] || killed_at fdatasync 3
	cf apply --yes --reissue site
	if [ "$(generations)" -ne $((before + 1)) ] || [ $status -ne 0 ] ||
		[ "$(installed tls/one/leaf.pem)" != "$(installed tls/two/leaf.pem)" ]; then
		bad=$((bad + 1))
		echo "# $call $count: $(($(generations) - before)) issued, exit $status"
		sed 's/^/#   /' <<<"$out" | tail -3
	fi
done <run/points
[ $bad -eq 0 ] && [ $tried -gt 0 ]
ok $? "R4: killed at $tried points: the same command finishes, and issues once"

# only the very plan goes on, with its choices given again
rm -f run/plan
cf plan --out run/plan --reissue site
before=$(generations)
point=$(awk '$1 == "symlinkat" { n = $2 } END { print n }' run/points)
traced /dev/null symlinkat -e "inject=symlinkat:signal=KILL:when=$point" \
	"$CERTFLEET" apply run/plan --reissue site >run/broken 2>&1
has "$(newest_run)" "did not end" "a run that was killed"
cf apply run/plan
is $status 5 "S4: it does not go on without the choices of its plan"
jq '.steps[0].reason = "forged"' run/plan >run/forged
cf apply run/forged --reissue site
is $status 5 "K3: nor for a plan that says something else"
cf apply run/plan --reissue site
is $status 0 "but for its own"
is "$(generations)" $((before + 1)) "which issues once"

# what somebody else put there meanwhile is not the plan's
rm -f run/plan
cf plan --out run/plan --reissue site
traced /dev/null symlinkat -e "inject=symlinkat:signal=KILL:when=$point" \
	"$CERTFLEET" apply run/plan --reissue site >run/broken 2>&1
make_pair stranger tls/stranger.crt tls/stranger.key
rm tls/two
mkdir tls/two
cp tls/stranger.crt tls/two/fullchain.pem
cp tls/stranger.key tls/two/key.pem
cf apply run/plan --reissue site
is $status 5 "a stranger's pair makes the plan stale"
has "$out" "'two' changed" "and is named"
finish
