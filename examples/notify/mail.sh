#!/bin/sh
# Mails what an apply has to tell, to root or to who is named: `notify` calls it with the
# summary as JSON on its standard input.  It needs jq and mail.
set -eu
text=$(jq -er .text)
printf '%s\n' "$text" |
	mail -s "certfleet $CERTFLEET_FLEET: $CERTFLEET_OUTCOME${CERTFLEET_RUN:+, run $CERTFLEET_RUN}" "${1:-root}"
