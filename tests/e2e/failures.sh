#!/bin/bash
# What goes wrong on components, and what is left behind then.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
three_components
cf apply --yes
is $status 0 "the trio is set up"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
good=$(served "$two")

# on_failure: stop, with the first process of the wave order failing
SUBJECT=second ACTIVATE_ONE='{command: ["false"]}' write_fleet
cf apply --yes
is $status 7 "an activation that fails ends with 7"
has "$out" "one" "and names the component"
serves "$two" "$good" "on_failure stop: the others keep serving the old one"
serves "$one" "$good" "the failed one still serves the old one"
SUBJECT=second write_fleet
cf apply --yes
is $status 0 "the next apply finishes with the same certificate"
second=$(served "$two")
[ "$second" != "$good" ]; ok $? "the new one is served"
serves "$one" "$second" "everywhere"

# rollback
export ROLE='{on_failure: rollback, timeout: 5s}'
SUBJECT=third ACTIVATE_TWO='{command: ["true"]}' write_fleet
cf apply --yes
export ROLE='{on_failure: rollback, timeout: 60s}'
has "$out" "still serves" "a server that keeps the old certificate is found out"
is "$(installed tls/two/leaf.pem)" "$second" "its files are put back"
serves "$two" "$second" "and verified"
is $status 8 "all that failed was rolled back: 8"
SUBJECT=third write_fleet
cf apply --yes
is $status 3 "what was rolled back needs an acknowledgement"
has "$out" "rolled-back" "which is named"
cf apply --yes --ack rolled-back
is $status 0 "with it the apply goes on"
third=$(served "$one")
serves "$two" "$third" "and two serves the new one"
"$CERTFLEET" status --offline --json >status.json
is "$(status_of two served) $(status_of two state)" "$third in-sync" "which is known offline as well"
rm tls/two
old_directory two
cf plan --detailed-exitcode
is $status 2 "what worked in the end is not rejected any more"
cf apply --yes
is $status 0 "so it is put back unasked"
serves "$two" "$third" "and served"

# an activation that hangs
export ROLE='{on_failure: stop, timeout: 60s}'
SUBJECT=fourth ACTIVATE_THREE='{command: [sh, -c, "sleep 300; touch run/slept"], timeout: 1s}' write_fleet
begin=$SECONDS
cf apply --yes
[ $((SECONDS - begin)) -lt 120 ] && [ ! -e run/slept ]; ok $? "a hanging activation is ended at its deadline"
is $status 7 "and counts as a failure"
has "$out" "three" "naming the component"
pairs_are_whole; ok $? "every pair is whole"
SUBJECT=fourth write_fleet
cf apply --yes
is $status 0 "the next apply finishes"

# continue: one fails, the others go on
export ROLE='{on_failure: continue, timeout: 60s, max_failures: 5, max_unavailable: 2}'
SUBJECT=fifth ACTIVATE_ONE='{command: ["false"]}' write_fleet
cf apply --yes
is $status 7 "on_failure continue: still 7"
fifth=$(served "$two")
serves "$three" "$fifth" "the others were changed"
[ "$(served "$one")" != "$fifth" ]; ok $? "the failed one was not"
unset ROLE
SUBJECT=fifth write_fleet
cf apply --yes
is $status 0 "and is finished later"

# a target that cannot be written
chmod 777 tls
SUBJECT=sixth write_fleet
cf apply --yes
is $status 4 "a directory that others can write to blocks"
has "$out" "target-unwritable" "with its code"
chmod 755 tls

# staging fails on one component only: nothing of the certificate is committed
before_one=$(installed tls/one/leaf.pem)
if mkdir tls/small && mount -t tmpfs -o size=4k none tls/small 2>/dev/null; then
	sed -i 's|tls/three\.|tls/small/three.|g' certfleet.yaml
	cf apply --yes
	is $status 1 "a full target disk fails before any component changed"
	is "$(installed tls/one/leaf.pem)" "$before_one" "the other components were not committed"
	umount tls/small
	cf apply --yes
	is $status 0 "with room again it is finished"
else
	ok 0 "a full target disk # SKIP cannot mount a tmpfs"
fi

# an apply that did its work and cannot say so
"$CERTFLEET" apply --yes --reissue site >/dev/full 2>/dev/null
is $? 7 "output that is lost is not 'no component changed'"
finish
