#!/bin/sh
# A CI job in three stages.  `comment` runs for every pull request, whose fleet file
# nobody has reviewed, and writes comment.md.  `plan` runs for every change and keeps
# plan.certfleet for the reviewer; `apply` runs after the merge, does what that plan
# says, or exits 5 when anything has changed since.  All need the same state directory:
# a volume of the runner, not a part of the checkout.
set -eu
case ${1:-} in
comment)
	certfleet validate
	certfleet plan --confined --markdown >comment.md
	;;
plan)
	certfleet validate
	certfleet plan --out plan.certfleet
	;;
apply)
	certfleet apply plan.certfleet
	;;
*)
	echo "usage: ci.sh comment|plan|apply" >&2
	exit 64
	;;
esac
