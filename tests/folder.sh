#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# folder.sh DIR: makes DIR and prints it, or a new folder below /tmp when
# certfleet would keep no keys in DIR: somebody else can write to a directory
# on the way, as in a clone made with umask 002 or for another user.
set -eu
umask 022
mkdir -p "$1"
at=$(cd "$1" && pwd -P)
while [ "$at" != / ]; do
	if [ -n "$(find "$at" -maxdepth 0 \( ! -uid 0 ! -uid "$(id -u)" -o \
		! \( -perm -1000 -uid 0 \) \
		\( -perm -o+w -o -perm -g+w ! -gid 0 \) \))" ]; then
		exec mktemp -d -t certfleet.XXXXXX
	fi
	at=$(dirname "$at")
done
echo "$1"
