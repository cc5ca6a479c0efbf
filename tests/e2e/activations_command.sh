#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# R6 with programs of the user's own: what activates outlives its apply, and is not run twice.
. "$(dirname "$0")/lib.sh"
cat >driver.sh <<END
cd $work || exit 1
case \$1 in
probe) cat "tls/\$CERTFLEET_COMPONENT.leaf" 2>/dev/null || : ;;
commit)
	mkdir -p tls/web
	cp "\$CERTFLEET_PAIR/leaf.pem" "tls/\$CERTFLEET_COMPONENT.leaf" ;;
esac
END
COUNT=04 DELIVER="{command: {probe: [sh, driver.sh, probe], commit: [sh, driver.sh, commit], activate: [sh, restart.sh]}}"
ACTIVATE=
. "$root/tests/e2e/activations_lib.sh"
echo 1 >run/slow
set_up
echo 5 >run/slow
outlive_their_apply
finish
