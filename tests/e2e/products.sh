# SPDX-License-Identifier: Apache-2.0
# The same trial for every server product: a swap under load, a mismatched
# pair, an activation that fails and one that lies.  The script of a product
# starts it with the pair of tls/site and says how it is delivered to; without
# `activate` the product takes the pair by itself.
#
#	. "$(dirname "$0")/products.sh"
#	needs apache2
#	deliver='{files: {...}}' activate='{signal: ...}'
#	trial
# shellcheck shell=bash disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
chmod 711 "$work"
free_port site_port
port=$site_port
starttls=
also= # more ports to verify, each after a comma
deliver='{files: {directory: tls/site}}'
mkdir in

needs() { # PROGRAM
	command -v "$1" >/dev/null || skip_all "$1 is not installed"
}

# The user of a product has to reach the work folder.
needs_user() { # USER
	[ "$(id -u)" = 0 ] || skip_all "only root can run a server as '$1'"
	runuser -u "$1" -- test -x "$work/tls" || skip_all "'$1' cannot reach $work"
}

offer() { # NAME: as the import
	make_pair "$1" in/cert.pem in/key.pem
	wanted=$(installed in/cert.pem)
}

write_fleet() { # ACTIVATE
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: products
	state: {path: .certfleet, unsealed: true}
	backup: {directory: backups, unencrypted: true}
	certificates:
	  site: {import: {pem: [in/cert.pem, in/key.pem]}}
	roles:
	  r: {restart: {on_failure: rollback, timeout: ${expiry:-$patience}}}
	components:
	  c:
	    role: r
	    certificate: site
	    deliver: $deliver
	    ${1:+activate: $1}
	    verify: [{tls: "127.0.0.1:$port"${starttls:+, starttls: $starttls}}$also]
	END
}

now_served() {
	openssl s_client ${starttls:+-starttls $starttls} -connect "127.0.0.1:$port" </dev/null 2>/dev/null |
		openssl x509 -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1
}

# Waits a little: old workers may still answer.
shows() { # FINGERPRINT TEXT
	comes does_show "$1"
	is "$now" "$1" "$2"
}
does_show() {
	now=$(now_served)
	[ "$now" = "$1" ]
}

start_load() {
	rm -f run/load.stop
	python3 "$root/tests/e2e/load.py" "$port" $starttls >run/load 2>run/load.error &
	load=$!
	pids+=("$load")
	comes has_seen_some
}
has_seen_some() { [ "$(wc -l <run/load)" -ge 8 ]; }

stop_load() {
	touch run/load.stop
	wait "$load"
}

# What the load saw: handshakes, those that failed and for how many ms of
# time, those that were good between BEGIN and END, how many went on at the
# same time, and how many saw which pair.
judge_load() { # BEGIN END OLD NEW: sets total failed broken_ms during at_once old new
	{
		awk '{ print $1, 1; print $2, -1 }' run/load | sort -n | awk '
			{ now += $2; if (now > most) most = now }
			END { print most + 0 }'
		awk -v b="$1" -v e="$2" -v o="$3" -v n="$4" '
			$3 == "failed" { failed++; if (!first) first = $1; last = $2 }
			$3 != "failed" && $1 > b && $2 < e { during++ }
			$3 == o { old++ }
			$3 == n { new++ }
			END {
				broken = int((last - first) * 1000 + 0.5)
				print NR, failed + 0, broken, during + 0, old + 0, new + 0
			}' run/load
	} >run/judged
	{ read -r at_once; read -r total failed broken_ms during old new; } <run/judged
}

now() { date +%s.%N; }

expect_apply() { # STATUS TEXT [OPTION...]
	local expected=$1 text=$2
	shift 2
	cf apply --yes "$@"
	is $status "$expected" "$text"
	[ $status -eq "$expected" ] || sed 's/^/# /' <<<"$out"
}

# How long the product is away when it reloads by itself on this machine, now.
measure_gap() {
	start_load
	sh reload.sh >>run/site.log 2>&1
	shows "$before" "it reloads by itself"
	stop_load
	judge_load 0 0 "$before" "$before"
	[ $((4 * broken_ms)) -le "$gap_ms" ] || gap_ms=$((4 * broken_ms))
}

swaps_under_load() {
	local begin end before
	before=$(now_served)
	[ -z "${gap_ms:-}" ] || measure_gap
	write_fleet "$activate"
	offer second
	start_load
	begin=$(now)
	expect_apply 0 "the pair is swapped under load"
	end=$(now)
	shows "$wanted" "the new one is served"
	comes grep -q "$wanted" run/load
	stop_load
	judge_load "$begin" "$end" "$before" "$wanted"
	echo "# load: $total handshakes, $at_once at once, $during during the apply; $old saw the old pair, $new the new one, $failed failed"
	if [ -n "${gap_ms:-}" ]; then
		[ "$broken_ms" -le "$gap_ms" ]
		ok $? "new handshakes failed for no longer than the product needs ($broken_ms ms of $gap_ms)"
	elif [ -n "${may_fail:-}" ]; then
		[ "$failed" -le "$may_fail" ]; ok $? "$may_fail new handshakes failed at most"
	else
		is "$failed" 0 "no new handshake failed"
	fi
	[ "$failed" -eq 0 ] || grep failed run/load | cut -d' ' -f4- | sort | uniq -c | sed 's/^/# /'
	[ "$during" -gt 10 ]; ok $? "of many while certfleet was at work"
	[ "$at_once" -gt 2 ]; ok $? "several at the same time"
	is "$((old + new + failed))" "$total" "none saw anything but the two pairs"
	[ "$old" -gt 0 ] && [ "$new" -gt 0 ]; ok $? "and both were seen"
	cf plan --detailed-exitcode
	is $status 0 "nothing is left to do"
	good=$wanted
}

refuses_a_mismatch() {
	local before
	before=$(find -L tls -type f | sort | xargs sha256sum)
	cp in/key.pem run/kept.key
	offer third
	cp run/kept.key in/key.pem
	expect_apply 4 "a pair that does not match is refused"
	is "$(find -L tls -type f | sort | xargs sha256sum)" "$before" "before the component is touched"
	shows "$good" "which serves what it did"
}

puts_back() { # TEXT PATTERN
	expect_apply 8 "$1 is reported, and taken back"
	has "$out" "$2" "it says what went wrong"
	shows "$good" "the old pair is served"
	take_status
	is "$(status_of c installed)" "$good" "and installed"
	is "$(status_of c state)" rolled-back "status says so"
}

# Fails once, so that the way back is open.
fails_once() {
	cat >sabotage.sh <<-'END'
	[ -e run/sabotage ] && { rm run/sabotage; echo "no reload today" >&2; exit 1; }
	exec sh reload.sh
	END
	touch run/sabotage
	write_fleet '{command: [sh, sabotage.sh]}'
	offer fourth
	puts_back "an activation that fails" "no reload today"
}

lies() {
	expiry=${timeout:-3s} write_fleet '{command: ["true"]}'
	offer fifth
	puts_back "an activation that lies" "still serves"
}

recovers() {
	write_fleet "$activate"
	expect_apply 0 "once it works the pair is taken" --ack rolled-back
	shows "$wanted" "and served"
}

# reload.sh is the real activation as a command.
trial() {
	shows "$(installed tls/first.pem)" "the first pair is served"
	swaps_under_load
	refuses_a_mismatch
	fails_once
	lies
	recovers
	finish
}
make_pair first tls/first.pem tls/first.key
mkdir tls/site
cp tls/first.pem tls/site/fullchain.pem
cp -p tls/first.key tls/site/key.pem
