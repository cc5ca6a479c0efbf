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
status=0
for file in src/*/*.[ch]; do
	from=$(basename "$(dirname "$file")")
	may=" $from $(printf '%s\n' "$allowed" | sed -n "s/^$from: *//p") "
	for to in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
		case $may in *" $to "*) ;; *)
			echo "$file: $from/ may not include $to/" >&2
			status=1 ;;
		esac
	done
	while read -r header folders; do
		case " $folders " in *" $from "* | '  ') continue ;; esac
		if grep -q "^#include <$header" "$file"; then
			echo "$file: only $folders may use <$header" >&2
			status=1
		fi
	done <<-END
	$foreign
	END
done
exit $status
