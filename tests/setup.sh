#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# setup.sh PACKAGE...: installs the Debian packages that are missing; asks dpkg
# once, and runs nothing else when all are there.  The demo and the tests start
# servers themselves: the service of a newly installed one is left disabled.
set -eu
known=$(dpkg-query -W -f '/${Package}=${db:Status-Status}/' "$@" 2>/dev/null) || true
missing=
for package; do
	case $known in */"$package=installed"/*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0
echo "installing Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then
	as_root=
else
	as_root=sudo
	command -v sudo >/dev/null || {
		echo "setup: not root, and no sudo; as root, run: apt-get install$missing" >&2
		exit 1
	}
fi
# A package starts its service at once and at each boot, whatever runlevel it
# is told.  The masks are of this boot only: a set-up that is killed leaves none.
services=
for package in $missing; do
	case $package in
	nginx | postgresql | mosquitto | stunnel4 | redis-server | haproxy | \
		caddy | slapd | vsftpd | prosody | prometheus)
		service=$package ;;
	etcd-server) service=etcd ;;
	openssh-server) service=ssh ;;
	dovecot-imapd) service=dovecot ;;
	*) continue ;;
	esac
	[ ! -d /run/systemd/system ] || services="$services $service.service"
done
# shellcheck disable=SC2086
if [ -n "$services" ]; then
	trap '$as_root systemctl --quiet --runtime unmask $services' EXIT
	trap 'exit 1' INT TERM
	$as_root systemctl --quiet --runtime mask $services
fi
# shellcheck disable=SC2086
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $missing
} >/dev/null
# shellcheck disable=SC2086
[ -z "$services" ] || $as_root systemctl --quiet disable $services
