#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD: every fuzz target for FUZZ_S seconds (20), from its own seeds,
# and one closing line with the counts.  ONLY=PATTERN runs those whose name
# matches.  The corpus grows in BUILD/corpus/NAME; a reproducer is left in
# BUILD/found.  With $CERTFLEET_CORPORA (../shared/corpora) files of other
# projects' tests are seeds as well.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
build=$1
corpora=${CERTFLEET_CORPORA:-$root/../shared/corpora}
found=$build/found
mkdir -p "$found"
FUZZ_FOLDER=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" certfleet-fuzz-XXXXXX)
export FUZZ_FOLDER
trap 'rm -rf "$FUZZ_FOLDER"' EXIT
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=quarantine_size_mb=8:detect_leaks=1:allocator_may_return_null=0
passed=0 failed=0 number=0

# What else a target may begin with: a folder of the corpora.
more_seeds() {
	case $1 in
	yaml) set -- "$corpora/yaml/files" ;;
	import_* | certificate | installed) set -- "$corpora/import/files" ;;
	zip | pem_zip | bundle) set -- "$corpora/archives/files" ;;
	agent_http) set -- "$corpora/http/files" ;;
	*) return ;;
	esac
	[ ! -d "$1" ] || echo "$1"
}

# Words that a form is made of, for targets that take it.
dictionary() {
	case $1 in
	fleet | yaml | agent_config) echo -dict=tests/fuzz/yaml.dict ;;
	agent_http) echo -dict=tests/fuzz/http.dict ;;
	import_pem | certificate | installed) echo -dict=tests/fuzz/pem.dict ;;
	talk_* | wire | saved_plan | state | bundle) echo -dict=tests/fuzz/json.dict ;;
	esac
}

# The first line that says what broke.
why() { grep -m1 -E '==RULE==|ERROR: |runtime error:|SUMMARY:' "$1"; }
stat_of() { sed -n "s/^stat::$1: *//p" "$2"; }
edges_of() { sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$1" | tail -1; }

# The harness holds the rules of time and memory by processor time and live
# memory; what libFuzzer measures is for what waits for ever, or hides from it.
fuzz() {
	local name=$1 log=$2
	local seeds=$build/seeds/$name corpus=$build/corpus/$name
	rm -rf "$seeds"
	mkdir -p "$seeds" "$corpus"
	FUZZ_SEEDS=$seeds "$build/fuzz/$name" >"$log" 2>&1 || return
	# shellcheck disable=SC2046
	nice -n 10 "$build/fuzz/$name" -max_total_time="${FUZZ_S:-20}" \
		-timeout=300 -rss_limit_mb=1024 -malloc_limit_mb=256 \
		-max_len="${FUZZ_LEN:-65536}" -print_final_stats=1 \
		-artifact_prefix="$found/$name-" \
		$(dictionary "$name") "$corpus" "$seeds" $(more_seeds "$name") >"$log" 2>&1
}

for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ "$name" != harness ] || continue
	[[ $name == *${ONLY:-}* ]] || continue
	number=$((number + 1))
	log=$build/fuzz/$name.log
	if fuzz "$name" "$log"; then
		passed=$((passed + 1))
		echo "ok $number - $name: $(stat_of number_of_executed_units "$log")" \
			"inputs, $(edges_of "$log") edges," \
			"$(find "$build/corpus/$name" -type f | wc -l) kept"
	else
		failed=$((failed + 1))
		echo "not ok $number - $name: $(why "$log")"
		sed -n 's/.*Test unit written to /#  reproducer: /p' "$log"
		echo "#  again: $build/fuzz/$name REPRODUCER; log: $log"
	fi
done
echo "1..$number"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
