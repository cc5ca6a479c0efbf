#!/bin/sh
# A CI job in two stages.  `plan` runs for every change and keeps plan.certfleet for
# the reviewer; `apply` runs after the merge, does what that plan says, or exits 5
# when anything has changed since.  Both need the same state directory: a volume of
# the runner, not a part of the checkout.
set -eu
case ${1:-} in
plan)
	certfleet validate
	certfleet plan --out plan.certfleet
	;;
apply)
	certfleet apply plan.certfleet
	;;
*)
	echo "usage: ci.sh plan|apply" >&2
	exit 64
	;;
esac
