#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD: every test, and one closing line with the counts.
# ONLY=PATTERN runs those whose name matches; JOBS=3 at the same time, one more than
# there are processors, as many of them wait for servers.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
build=$1
export CERTFLEET=$root/$build/certfleet
export CERTFLEET_CORPORA=${CERTFLEET_CORPORA:-$root/../shared/corpora}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
set -m # what runs in the background would ignore Ctrl-C, and so would its children
trap 'for job in $(jobs -p); do kill -- -$job; done; exit 130' INT TERM
JOBS=${JOBS:-$(($(nproc) + 1))}

# Runs a test; prints its line and, unless all is well, what it said.  The
# counts go to a file of its own.
run_one() { # TEST NUMBER
	local test=$1 log=$logs/$2.log begin status good skips bad
	begin=$(date +%s)
	CMOCKA_MESSAGE_OUTPUT=tap timeout "${TEST_TIMEOUT:-3600}" "$test" >"$log" 2>&1 </dev/null
	status=$?
	good=$(grep -E '^ok ' "$log" | grep -vc '# SKIP')
	skips=$(grep -cE '# SKIP|^1\.\.0' "$log")
	# cmocka writes a test that was skipped as "not ok 7 # SKIP name"
	bad=$(grep -E '^not ok ' "$log" | grep -vcE '^not ok [0-9]+ # SKIP')
	# ending badly without a word of it is a failure too
	[ $status -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	[ "$good" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$skips" -eq 0 ] && bad=1
	echo "$good $bad $skips" >"$logs/$2.count"
	{
		printf '%-44s %4d ok' "$test" "$good"
		[ "$skips" -gt 0 ] && printf ', %d skipped' "$skips"
		[ "$bad" -gt 0 ] && printf ', %d FAILED (exit %d)' "$bad" "$status"
		printf ', %d s\n' $(($(date +%s) - begin))
		if [ "$bad" -gt 0 ]; then
			sed 's/^/    /' "$log" | grep -vE '^ +ok ' | head -100
		elif [ "$skips" -gt 0 ]; then
			grep -E '# SKIP|^SKIPPED|^1\.\.0' "$log" | sed 's/^/    /'
		fi
	} >"$logs/$2.text"
	cat "$logs/$2.text" # at once: tests run beside each other
}

number=0
for test in "$build"/unit/*_test tests/cli/*.sh tests/e2e/*.sh; do
	case $test in */lib.sh | */*_lib.sh | */fixture.sh | */products.sh) continue ;; esac
	[[ $test == *${ONLY:-}* ]] || continue
	# built once from a test that has another name by now, or none
	[[ $test != "$build"/unit/* || -e tests/unit/${test##*/}.c ]] || continue
	number=$((number + 1))
	if [ ! -x "$test" ]; then
		echo "0 1 0" >"$logs/$number.count"
		printf '%-44s    0 ok, 1 FAILED (not executable)\n' "$test"
		continue
	fi
	while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
	run_one "$test" "$number" &
done
wait
read -r passed failed skipped <<<"$(cat "$logs"/*.count | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
