#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The trials of products are worth what their load sees: swaps that break
# something have to show in it.
. "$(dirname "$0")/products.sh"
needs nginx
start_nginx site "$port"
deliver='{files: {directory: tls/site}}'

# swap ACTIVATE: under load; what it saw is judged
swap() {
	local begin end before
	before=$(now_served)
	write_fleet "$1"
	offer "swap-$RANDOM"
	start_load
	begin=$(now)
	expect_apply 0 "a swap by '$1'"
	end=$(now)
	comes grep -q "$wanted" run/load
	stop_load
	judge_load "$begin" "$end" "$before" "$wanted"
	echo "# load: $total handshakes, $at_once at once, $during during the apply; $old saw the old pair, $new the new one, $failed failed for $broken_ms ms"
}

swap '{signal: HUP, pidfile: run/site.pid}'
is "$failed" 0 "a reload fails no handshake"
is "$((old + new))" "$total" "and shows nobody a third pair"

cat >restart.sh <<'END'
kill $(cat run/site.pid)
while [ -e run/site.pid ]; do sleep 0.02; done
sleep 0.2
exec nginx -p "$PWD" -c run/site.conf
END
swap '{command: [sh, restart.sh]}'
[ "$failed" -gt 0 ]; ok $? "a restart with a gap is seen to fail some"
[ "$broken_ms" -ge 150 ]; ok $? "for as long as the gap"

# For a moment somebody else's pair is served.
make_pair third run/third.pem run/third.key
cat >detour.sh <<'END'
sed "s,tls/site/fullchain,run/third,; s,tls/site/key.pem,run/third.key," run/site.conf >run/detour.conf
cp run/site.conf run/kept.conf
cp run/detour.conf run/site.conf
kill -HUP $(cat run/site.pid)
sleep 0.4
cp run/kept.conf run/site.conf
kill -HUP $(cat run/site.pid)
END
swap '{command: [sh, detour.sh]}'
is "$failed" 0 "a detour over another pair fails none"
[ "$((old + new))" -lt "$total" ]; ok $? "but it is seen"

swap '{signal: HUP, pidfile: run/site.pid}'
[ "$during" -gt 10 ] && [ "$at_once" -gt 2 ]; ok $? "it goes on while certfleet is at work, several at once"
kill "$(cat run/site.pid)"
while [ -e run/site.pid ]; do sleep 0.05; done
start_load
stop_load
judge_load 0 9999999999 "$wanted" "$wanted"
is "$failed" "$total" "without a server every handshake fails"
finish
