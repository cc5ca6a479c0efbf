#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Words and options that make no sense, help, and what is not built yet.
. "$(dirname "$0")/lib.sh"

usage() { # PATTERN NAME ARGS...
	local pattern=$1 name=$2
	shift 2
	cf "$@"
	is $status 64 "$name: 64"
	has "$out" "$pattern" "$name: says so"
}
usage "no command" "no command"
usage "did you mean 'plan'" "a typo in a command" plna
usage "unknown command 'nothing-like-it'" "an unknown command" nothing-like-it
usage "did you mean '--json'" "a typo in an option" plan --jsno
usage "unknown option '--zzzzzz'" "an unknown option" status --zzzzzz
usage "unknown option '--nope'; see" "an option like no other, whose dashes alone resemble" plan --nope
usage "takes no value" "a value for a flag" plan --json=yes
usage "needs a value" "no value for an option" plan --out
usage "needs a value" "an empty value" plan --out=
usage "must look like 90d" "a duration that is none" status --check 5
usage "must look like 2026" "a time that is none" plan --at tomorrow
usage "must look like 2026" "a duration ahead that is none" plan --at +soon
usage "auto, always, never" "a colour that is none" --color pink validate
usage "unexpected argument 'b'; see 'certfleet validate --help'" "one word too many" validate a b
usage "needs BUNDLE" "one word too few" backup verify
usage "needs one of: create, list, verify" "half a command" backup
usage "unknown command 'backup lst', it is one of: create, list, verify" "an unknown second word" backup lst
usage "given together with 'a.yaml'" "two fleet files" plan -f b.yaml a.yaml
for late in inspect; do
	# shellcheck disable=SC2086
	usage "'$late' is not supported by this version yet" "$late" $late x
done
usage "'--json' and '--markdown' exclude each other" "two forms of a plan" plan --json --markdown
usage "cannot work in 'nowhere'" "a directory that is not there" -C nowhere validate
cf $'bad\e[2Jword'
hasnt "$out" $'\e' "an escape in a word is not repeated"

cf_out --help
is $status 0 "--help ends well"
[ "$(wc -l <<<"$out")" -le 40 ]; ok $? "it fits on a page"
listed=$out
[ "$(wc -L <<<"$out")" -le 80 ]; ok $? "and into 80 columns"
is "$(cat run/said)" "" "it goes to stdout"
for command in validate plan "plan show" apply status history "backup create" \
	"backup list" "backup verify" agent "agent invite" "agent enrol" \
	"agent accept" schema; do
	# shellcheck disable=SC2086
	cf_out $command --help
	[ $status -eq 0 ] && grep -q "usage: certfleet $command" <<<"$out" &&
		[ "$(wc -L <<<"$out")" -le 80 ]
	ok $? "$command --help"
	has "$listed" "^  $command " "W6: --help lists '$command'"
done
cf_out help plan
is $status 0 "help is a word as well"
has "$out" "^usage: certfleet plan" "help plan"
cf_out backup --help
has "$out" "backup verify" "backup --help lists its commands"
for words in --version "plan --version" "--version plan"; do
	# shellcheck disable=SC2086
	cf_out $words
	is "$out" "certfleet 0.1.0" "$words"
done
cf history
is $status 65 "no fleet file: 65"
has "$out" "no fleet file 'certfleet.yaml'; name it with --file" "and what to do"
plain_fleet
usage "not the number of a run" "a run that is no number" history 1x
mkdir elsewhere
cf_out -C elsewhere validate ../certfleet.yaml
is $status 0 "-C before the command"
cf_out validate -C elsewhere -- ../certfleet.yaml
is $status 0 "-C after it, and -- before a word"
"$CERTFLEET" schema >/dev/full 2>run/said
is $? 1 "output that cannot be written is a failure"
TERM=dumb cf_terminal no status
hasnt "$out" $'\e' "a dumb terminal gets letters only"
TERM=xterm cf_terminal no status
has "$out" $'\e\[' "a better one colours"
finish
