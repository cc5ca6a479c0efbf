#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The README and the manual: they render, name every key, option and command
# and no other, and what they show is valid.
. "$(dirname "$0")/lib.sh"
man=$(dirname "$CERTFLEET")/man
sources=("$root/README.md" "$root"/src/manual/*.in)

look() { # WHAT ARGS...: by manual.py
	local what=$1
	shift
	said=$("$root/tests/cli/manual.py" "$@" 2>&1)
	ok $? "$what"
	[ -z "$said" ] || sed 's/^/# /' <<<"$said"
}

is "$(wc -l <"$root/README.md" | awk '{ print ($1 <= 150) }')" 1 "the README has at most 150 lines"
is "$(wc -L <"$root/README.md" | awk '{ print ($1 <= 80) }')" 1 "of at most 80 columns"
has "$(sed -n '1,5p' "$root/README.md")" "apt-get install make git" "it begins with what a minimal Debian lacks"

for page in certfleet.1 certfleet.yaml.5 certfleet-appmon.7 certfleet-agent.8; do
	LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l - <"$man/$page" >"run/$page" 2>run/said
	is $? 0 "$page is rendered"
	is "$(cat run/said)" "" "without a warning"
	[ "$(wc -L <"run/$page")" -le 80 ]
	ok $? "in 80 columns"
	LC_ALL=C.UTF-8 MANWIDTH=4000 man -l - <"$man/$page" >"run/$page.wide" 2>>run/said
	command -v mandoc >/dev/null || { echo "SKIPPED: mandoc is not installed"; continue; }
	is "$(mandoc -T lint -W warning "$man/$page" 2>&1)" "" "mandoc finds nothing in it"
done

"$CERTFLEET" schema >run/fleet.json
"$CERTFLEET" schema --agent >run/agent.json
look "every key of a fleet file is in certfleet.yaml(5)" keys run/fleet.json run/certfleet.yaml.5.wide
look "every key of an agent is in certfleet-agent(8)" keys run/agent.json run/certfleet-agent.8.wide
mapfile -t commands < <(for word in "" agent backup plan state; do
	# shellcheck disable=SC2086
	"$CERTFLEET" $word --help
done | sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)\( [^ ].*\)\?  .*/\1/p' | sort -u)
[ "${#commands[@]}" -ge 14 ]
ok $? "commands are listed by --help"
look "every option of every command is in certfleet(1)" options "$CERTFLEET" run/certfleet.1.wide "${commands[@]}"
look "and those that all have" options "$CERTFLEET" run/certfleet.1.wide
look "the agent's are in certfleet-agent(8)" options "$CERTFLEET" run/certfleet-agent.8.wide agent \
	"agent invite" "agent enrol" "agent accept"
look "every command that is shown exists" commands "$CERTFLEET" "${sources[@]}"
for late in inspect; do
	hasnt "$(cat "${sources[@]}" run/*.[1578])" "certfleet $late" "'$late' is not told of before it is there"
done

mkdir shown
look "examples are found" examples shown "${sources[@]}"
for file in shown/*.yaml; do
	cf validate "$file"
	is $status 0 "${file#shown/} is valid"
done
for file in shown/*.agent.json; do
	fits_schema agent.schema.json "$file"
	ok $? "${file#shown/} is valid"
done
finish
