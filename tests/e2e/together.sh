#!/bin/bash
# Two at once, an interrupt in the middle, saved plans and resume.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
three_components
cf apply --yes
is $status 0 "the trio is set up"

# two at once
# until the test has seen enough
cat >slow.sh <<'END'
echo $$ >run/slow.pid
touch run/slow-began
for i in $(seq 3000); do [ -e run/seen ] && break; sleep 0.1; done
exec sh serve.sh "$@"
END
SUBJECT=second ACTIVATE_TWO="{command: [sh, slow.sh, two, \"$two\", tls/two/fullchain.pem, tls/two/key.pem], timeout: 300s}" write_fleet
"$CERTFLEET" apply --yes >run/first 2>&1 &
first=$!
comes test -e run/slow-began
cf apply --yes
is $status 6 "a second apply at the same time: 6"
has "$out" "pid $first" "it names the holder"
cf status
is $status 0 "status works meanwhile"
cf plan
is $status 0 "plan works meanwhile"
kill -0 "$first" && touch run/seen
wait "$first"
is $? 0 "the first one ends well"

# Ctrl-C in the middle
rm -f run/slow-began run/seen
SUBJECT=third ACTIVATE_TWO="{command: [sh, slow.sh, two, \"$two\", tls/two/fullchain.pem, tls/two/key.pem], timeout: 300s}" write_fleet
setsid "$CERTFLEET" apply --yes >run/interrupted 2>&1 &
pid=$!
comes test -e run/slow-began
kill -INT "$pid"
comes grep -q "stopping: waiting for 1 activation" run/interrupted
ok $? "E4: an interrupted apply waits for what it runs, and says so"
touch run/seen
wait "$pid"
result=$?
# 0: it was the last of all
case $result in 0 | 1 | 7) ok 0 "with 7, or 0 when nothing was left" ;; *) ok 1 "with 1 or 7, not $result" ;; esac
has "$(cat run/interrupted)" "stopped" "and says that it was stopped"
pairs_are_whole; ok $? "every pair is whole"
SUBJECT=third write_fleet
cf apply --yes
is $status 0 "the next apply finishes the work"
take_status
is "$(status_of two state)" in-sync "two is in-sync"

# saved plans
SUBJECT=fourth write_fleet
cf plan --out saved.plan
is $status 0 "a plan is saved"
is "$(stat -c %a saved.plan)" 600 "for its owner only"
cf plan show saved.plan
has "$out" "issue" "and can be shown"
cf apply saved.plan
is $status 0 "a saved plan is applied without a question"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
cf apply saved.plan
is $status 5 "the second time it is stale"
SUBJECT=fifth write_fleet
cf plan --out saved.plan
SUBJECT=sixth write_fleet
cf apply saved.plan
is $status 5 "a plan for another fleet file is stale"
has "$out" "fleet file" "and says why"
cf plan --out saved.plan
rm tls/two && mkdir tls/two && make_pair x tls/two/fullchain.pem tls/two/key.pem
cf apply saved.plan
is $status 5 "a component that moved makes it stale"
has "$out" "two" "and is named"
jq '.spec_digest = (.spec_digest | explode | reverse | implode)' saved.plan >tampered.plan
cf apply tampered.plan
is $status 5 "a tampered plan carries no authority"
jq '.steps = []' saved.plan >tampered.plan
cf apply tampered.plan
is $status 65 "one that contradicts itself is no plan"
rm -f run/slow-began run/seen
SUBJECT=sixth ACTIVATE_TWO="{command: [sh, slow.sh, two, \"$two\", tls/two/fullchain.pem, tls/two/key.pem], timeout: 300s}" write_fleet
cf plan --out saved.plan
"$CERTFLEET" apply saved.plan >run/killed 2>&1 &
pid=$!
comes test -e run/slow-began # it is at work, and has more to do
kill -9 "$pid"
wait "$pid" 2>/dev/null
kill "$(cat run/slow.pid)" 2>/dev/null
gone "$(cat run/slow.pid)"
touch run/seen
cf apply saved.plan
case $status in
0) ok 0 "a killed apply of a saved plan is resumed" ;;
*) ok 1 "a killed apply of a saved plan is resumed, not $status"; sed 's/^/# /' <<<"$out" ;;
esac
cf plan --detailed-exitcode
is $status 0 "and all is done"
finish
