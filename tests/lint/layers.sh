#!/bin/sh
# Fails when a folder includes from a folder above it, or when a foreign
# library is used outside the folders that may.
set -eu
allowed='
base:
crypto:  base
json:    base
model:   base
config:  base model
pki:     base json model crypto
appmon:  base json
state:   base json model crypto
plan:    base json model
bundle:  base json crypto
remote:  base model pki
wire:    base json crypto model
install: base json crypto model pki
drivers: base json model pki appmon wire remote install
copies:  base model crypto pki remote
engine:  base json model crypto pki state plan bundle drivers copies install
report:  base json crypto model plan engine
agent:   base json crypto model config pki wire install
cli:     base json model crypto config pki appmon state plan bundle engine report agent
'
foreign='
gnutls/      pki
sqlite3.h    state
curl/        remote
libssh2      remote
archive      bundle appmon
yaml.h       config
nettle/      crypto
microhttpd.h agent
libxml/      appmon
'
grep -H '^#include' src/*/*.[ch] | awk -v allowed="$allowed" -v foreign="$foreign" '
BEGIN {
	count = split(allowed, rows, "\n")
	for (i = 1; i <= count; i++) {
		words = split(rows[i], word, "[: ]+")
		for (k = 1; k <= words; k++)
			may[word[1], word[k]] = 1
	}
	count = split(foreign, rows, "\n")
	for (i = 1; i <= count; i++) {
		words = split(rows[i], word, " ")
		for (k = 2; k <= words; k++)
			users[word[1]] = users[word[1]] " " word[k]
	}
}
function fault(text) {
	print file ": " text
	bad = 1
}
{
	file = $1
	sub(":.*", "", file)
	split(file, part, "/")
	split($2, header, "[\"</>]")
	if ($2 ~ /^"[a-z]*\// && !((part[2], header[2]) in may))
		fault(part[2] "/ may not include " header[2] "/")
	for (prefix in users)
		if (index($2, "<" prefix) == 1 && index(users[prefix] " ", " " part[2] " ") == 0)
			fault("only" users[prefix] " may use <" prefix)
}
END { exit bad }' >&2
