#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Progress of an apply on a terminal, as its screen looks, and in a pipe.
. "$(dirname "$0")/lib.sh"

# Runs certfleet on a terminal of so many columns and shows what is on its screen at the
# end, every status line it saw (seen), and the raw bytes (raw): COLUMNS ACTION ARGS...
# ACTION is none, resize (to half the width, once a pair is committed) or stop (Ctrl-C).
on_terminal() {
	out=$(timeout 120 python3 - "$CERTFLEET" "$@" <<-'END'
	import fcntl, os, pty, re, struct, sys, termios, unicodedata
	program, columns, action, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
	def size(fd, width):
	    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
	child, fd = pty.fork()
	if child == 0:
	    size(0, columns)
	    os.execv(program, [program] + arguments)
	raw = b""
	acted = False
	while True:
	    try:
	        piece = os.read(fd, 4096)
	    except OSError:
	        break
	    if not piece:
	        break
	    raw += piece
	    if not acted and re.search(rb"\] commit .*wave 1/2 web: ", raw, re.S):
	        acted = True
	        if action == "resize":
	            size(fd, columns // 2)
	        if action == "stop":
	            os.write(fd, b"\x03")
	def width(c):
	    return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
	# a screen that grows downwards: \r, \n, ESC [ n A, ESC [ J, ESC [ K
	rows, row, column, widest = [""], 0, 0, 0
	text = re.sub(r"\x1b\[[0-9;]*m", "", raw.decode())
	for token in re.findall(r"\x1b\[(\d*)([A-Z])|(.|\n)", text):
	    count, what, c = token
	    if what == "A":
	        row -= int(count or 1)
	        assert row >= 0
	    elif what == "J":
	        del rows[row + 1:]
	        rows[row] = rows[row][:column]
	    elif what == "K":
	        rows[row] = rows[row][:column]
	    elif c == "\r":
	        column = 0
	    elif c == "\n":
	        row += 1
	        if row == len(rows):
	            rows.append("")
	    else:
	        rows[row] = rows[row][:column] + c
	        column += 1
	open("run/raw", "wb").write(raw)
	lines = re.findall(r"\[\d+/\d+\] [^\r\n\x1b]*: \d+ done[^\r\n\x1b]*", text)
	open("run/lines", "w").write("".join(f"{sum(map(width, line))} {line}\n" for line in lines))
	print("\n".join(rows))
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
	END
	)
	status=$?
	seen=$(cat run/lines)
}
begin() { # a fleet that was never applied
	rm -rf .certfleet certfleet.lineage backups tls
	mkdir tls
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: plain
	state: {path: .certfleet, unsealed: true}
	backup: {directory: backups, unencrypted: true}
	issuers:
	  ca: {subject: "CN=Plain CA"}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
	roles:
	  web: {restart: {max_unavailable: 3}}
	components:
	  edge:
	    role: web
	    certificate: site
	    each: [größe, 東京, plain, "é", b2]
	    deliver: {files: {directory: "tls/\${each}"}}
	    activate: {command: [sleep, "1"]}
	END
}

for columns in 80 200; do
	begin
	TERM=xterm on_terminal $columns none apply --yes
	is $status 0 "$columns columns: an apply on a terminal"
	has "$seen" "stage: [0-9] done, [0-9] running, 0 failed, [0-9] waiting" "$columns columns: what runs beside each other"
	has "$seen" "wave 1/2 web: 0 done, 3 running, 0 failed, [0-9] waiting" "$columns columns: of each wave"
	has "$seen" "wave 2/2 web: .* [0-9.]*/s, [0-9]* s left" "$columns columns: the rate, and what is left"
	is "$(awk -v most=$((columns - 1)) '$1 > most' run/lines)" "" "$columns columns: no line is longer than a row"
	hasnt "$out" " waiting" "$columns columns: the screen keeps what was done"
	is "$(grep -c '^\[ *[0-9]*/[0-9]*\] commit ' <<<"$out")" 5 "$columns columns: line by line"
	is "$(grep '^\[[ 0-9]*/[0-9]*\] commit ' <<<"$out" | python3 -c 'import sys, unicodedata
print(len({sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line[:line.rindex(" ")]) for line in sys.stdin.read().splitlines()}))')" 1 "$columns columns: names of all scripts are one column"
done
begin
TERM=xterm on_terminal 120 resize apply --yes
is $status 0 "a window that becomes narrower"
hasnt "$out" " waiting" "leaves nothing behind"
is "$(grep -c '^\[ *[0-9]*/[0-9]*\] commit ' <<<"$out")" 5 "and loses no line"
is "$(tail -1 run/lines | awk '$1 > 59')" "" "the next line fits into it"
begin
TERM=xterm on_terminal 100 stop apply --yes
is $status 7 "Ctrl-C stops it"
has "$out" "stopped as asked" "says so"
hasnt "$out" "[0-9] waiting" "and leaves a clean screen"
begin
NO_COLOR=1 TERM=xterm on_terminal 80 none apply --yes
! grep -q $'\e\\[[0-9;]*m' run/raw; ok $? "NO_COLOR: no colour"
has "$seen" "wave 2/2" "but progress"
begin
TERM=dumb on_terminal 80 none apply --yes
! grep -q $'\e' run/raw; ok $? "a dumb terminal gets lines"
is "$seen" "" "and no progress"
begin
TERM=xterm on_terminal 80 none apply --yes --quiet
is "$seen" "" "nor does --quiet"
begin
cf_out apply --yes
is "$(grep -c ' commit ' <<<"$out")" 5 "in a pipe: lines"
! grep -q $'[\e\r]' <<<"$out$(cat run/said)"; ok $? "plain ones"
begin
cf_out apply --yes --json
fits_schema apply.schema.json <(echo "$out") lines; ok $? "--json: one object on each line"
is "$(jq -r 'select(.event == "step started" or .event == "step ended") | .number' <<<"$out" | sort -n | uniq -c | awk '$1 != 2' | wc -l)" 0 "each step begins and ends"
finish
