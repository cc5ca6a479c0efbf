#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Archives of strangers, as they are and in the place of a bundle's parts, and a
# bundle with any flipped bit or cut anywhere: refused by verify and by restore.
#	EVERY=211 (default), EVERY=1 in check-long
. "$(dirname "$0")/lib.sh"
plain_fleet
cf apply --yes
is $status 0 "an apply"
printf '%s\n' "$CERTFLEET_BACKUP_PASSPHRASE" >secrets/right
chmod 600 secrets/right
while IFS= read -r line; do
	case $line in
	"ok - "*) ok 0 "${line#ok - }" ;;
	"not ok - "*) ok 1 "${line#not ok - }" ;;
	"exit 0") ;;
	"exit "*) ok 1 "the script ends well ($line)" ;;
	*) echo "# ${line#\# }" ;;
	esac
done < <(cd run && /usr/bin/python3 "$cli_tests/hostile_bundles.py" "$CERTFLEET" ../backups/*.zip "$work/secrets/right" "$corpora/archives" "${EVERY:-211}" 2>&1; echo "exit $?")
finish
