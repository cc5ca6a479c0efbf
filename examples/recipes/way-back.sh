#!/bin/sh
# Back to the former certificate, after a renewal that went wrong: the pair before the
# newest one is put back everywhere and proven.  It stays for half of what is left of
# it, a week at most, whatever nightly applies do; `status` says until when.  By then
# issue another one with `certfleet apply --reissue CERTIFICATE`, or go on with the
# newest one: way-back.sh CERTIFICATE newest.
set -eu
case $#:${2:-} in
1:) certfleet apply --yes --use "$1@previous" ;;
2:newest) certfleet apply --yes --use "$1@newest" ;;
*)
	echo "usage: way-back.sh CERTIFICATE [newest]" >&2
	exit 64
	;;
esac
