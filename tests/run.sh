#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD: every test, and one closing line with the counts.
# ONLY=PATTERN runs those whose name matches.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
build=$1
export CERTFLEET=$root/$build/certfleet
export CERTFLEET_CORPORA=${CERTFLEET_CORPORA:-$root/../shared/corpora}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

count() { grep -cE "$1" "$log"; }

for test in "$build"/unit/*_test tests/cli/*.sh tests/e2e/*.sh; do
	case $test in */lib.sh | */*_lib.sh | */fixture.sh | */products.sh) continue ;; esac
	[[ $test == *${ONLY:-}* ]] || continue
	# built once from a test that has another name by now, or none
	[[ $test != "$build"/unit/* || -e tests/unit/${test##*/}.c ]] || continue
	if [ ! -x "$test" ]; then
		failed=$((failed + 1))
		printf '%-44s    0 ok, 1 FAILED (not executable)\n' "$test"
		continue
	fi
	begin=$(date +%s)
	CMOCKA_MESSAGE_OUTPUT=tap timeout "${TEST_TIMEOUT:-3600}" "$test" >"$log" 2>&1 </dev/null
	status=$?
	good=$(grep -E '^ok ' "$log" | grep -vc '# SKIP')
	skips=$(count '# SKIP|^1\.\.0')
	# cmocka writes a test that was skipped as "not ok 7 # SKIP name"
	bad=$(grep -E '^not ok ' "$log" | grep -vcE '^not ok [0-9]+ # SKIP')
	# ending badly without a word of it is a failure too
	[ $status -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	[ "$good" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$skips" -eq 0 ] && bad=1
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
	printf '%-44s %4d ok' "$test" "$good"
	[ "$skips" -gt 0 ] && printf ', %d skipped' "$skips"
	[ "$bad" -gt 0 ] && printf ', %d FAILED (exit %d)' "$bad" "$status"
	printf ', %d s\n' $(($(date +%s) - begin))
	if [ "$bad" -gt 0 ]; then
		sed 's/^/    /' "$log" | grep -vE '^ +ok ' | head -100
	elif [ "$skips" -gt 0 ]; then
		grep -E '# SKIP|^SKIPPED|^1\.\.0' "$log" | sed 's/^/    /'
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
