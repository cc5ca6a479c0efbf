#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm.sh DIRECTORY PACKAGE@VERSION: installs a package of npm there for the
# tests, once, beside those that are there.  Without npm, or without its registry, the tests that need it say
# that they are skipped.
set -eu
directory=$1
name=${2%@*}
[ ! -d "$directory/node_modules/$name" ] || exit 0
command -v npm >/dev/null || "$(dirname "$0")/setup.sh" npm || {
	echo "SKIPPED: tests with $name, npm cannot be installed"
	exit 0
}
mkdir -p "$directory"
npm install --prefix "$directory" --no-audit --no-fund --ignore-scripts \
	--loglevel=error "$2" >"$directory/npm.log" 2>&1 || {
	rm -rf "$directory/node_modules/$name"
	echo "SKIPPED: tests with $name, cannot be installed: $(tail -1 "$directory/npm.log")"
}
