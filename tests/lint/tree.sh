#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What no compiler checks of the sources: a message is found by grep, so no
# literal is cut but where a line of text or the number of a byte ends.
set -eu
status=0
for file in $(git ls-files 'src/*.[ch]' 'tests/*.[ch]'); do
	awk -v file="$file" '
		/^[ \t]*"/ && cut { print file ":" NR ": a string literal is cut over lines"; bad = 1 }
		{ cut = /"$/ && !/\\(n|x[0-9a-f]+|[0-7]+)"$/ && !/^#include/ }
		END { exit bad }' "$file" >&2 || status=1
done
exit $status
