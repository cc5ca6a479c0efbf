#!/bin/bash
# Broken and hostile YAML that nobody here made: each file is refused with a
# position, within 2 s of the processor and 256 MiB.
. "$(dirname "$0")/../e2e/lib.sh"
corpus=$corpora/yaml
[ -f "$corpus/index.jsonl" ] || skip_all "the corpus is not there"
# A sanitizer reserves terabytes: there what is really used is limited.
case $CERTFLEET in
*/build-san/*) limit_memory() { export ASAN_OPTIONS=hard_rss_limit_mb=256; } ;;
*) limit_memory() { ulimit -v 262144; } ;;
esac
while read -r file; do
	out=$(limit_memory; ulimit -t 2; timeout 120 "$CERTFLEET" validate "$corpus/$file" 2>&1)
	status=$?
	[ $status -eq 65 ] && grep -qE '^[^ ]+:[0-9]+:[0-9]+: ' <<<"$out"
	result=$?
	ok $result "$(basename "$file") is refused with a position"
	[ $result -eq 0 ] || printf '# exit %s\n%s\n' $status "$out" | head -5
done < <(jq -r .file "$corpus/index.jsonl")
finish
