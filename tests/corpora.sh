#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# corpora.sh [DIRECTORY...]: the score by tier over each collection of other
# projects' cases, and every case that misses.  A directory with index.jsonl holds
# files to import, one with cases.jsonl chains to judge; without arguments both of
# $CERTFLEET_CORPORA (../shared/corpora) are meant.  BUILD=build says which build.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}
corpora=${CERTFLEET_CORPORA:-$root/../shared/corpora}
[ $# -gt 0 ] || set -- "$corpora/import" "$corpora/chains"
failed=0
for corpus in "$@"; do
	if [ -f "$corpus/index.jsonl" ]; then
		driver=import_corpus_test
	elif [ -f "$corpus/cases.jsonl" ]; then
		driver=chain_corpus_test
	else
		echo "SKIPPED: '$corpus' holds neither index.jsonl nor cases.jsonl"
		continue
	fi
	echo "$corpus"
	out=$(CERTFLEET_CORPUS=$corpus "$build/unit/$driver" 2>&1) || failed=1
	grep -E '^(miss|score) |^\[ +(FAILED|ERROR)|error: ' <<<"$out"
done
exit $failed
