#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone: headers.sh CC CFLAGS...
set -eu
for header in src/*/*.h; do
	"$@" -fsyntax-only -x c "$header"
done
