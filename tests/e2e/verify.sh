#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What counts as served: every address of a name, answers in a row, the pair
# of the right kind of key, and each server on its own.
. "$(dirname "$0")/lib.sh"
free_port port
free_port balanced
free_port both
free_port behind
free_port stalled

# A name with several addresses, for certfleet alone.
printf '127.0.0.1 localhost\n127.0.0.2 two.test\n127.0.0.3 two.test\n' >run/hosts
cat >run/named.sh <<END
#!/bin/sh
exec unshare $([ "$(id -u)" = 0 ] || echo -r) -m sh -c 'mount --bind "$work/run/hosts" /etc/hosts && exec "\$0" "\$@"' "$CERTFLEET" "\$@"
END
chmod +x run/named.sh
plain=$CERTFLEET
can_name() { run/named.sh --version >/dev/null 2>&1; }

site() { # LISTEN NAME...
	local listen=$1 name
	shift
	echo "server { listen $listen ssl;"
	for name; do
		echo "ssl_certificate $work/tls/$name/fullchain.pem; ssl_certificate_key $work/tls/$name/key.pem;"
	done
	echo "}"
}

head_of_fleet() {
	cat <<-END
	certfleet: 1
	fleet: verify
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers:
	  ca: {subject: "CN=Verify CA"}
	certificates:
	  site: {subject: "CN=${subject:-site.example.test}", issuer: ca}
	  rsa: {subject: "CN=site.example.test", issuer: ca, key: rsa-2048}
	roles:
	  web: {restart: {timeout: ${expiry:-$patience}, max_unavailable: 9, max_failures: 9, on_failure: continue}}
	components:
	END
}

# --- every address of a name ---
if can_name; then
	CERTFLEET=$work/run/named.sh
	old_directory site
	old_directory forgotten
	start_servers two "$(site "127.0.0.2:$port" site) $(site "127.0.0.3:$port" forgotten)"
	restart_servers() { # CONFIGURATION-OF-SERVERS
		kill "$(cat run/two.pid)"
		while [ -e run/two.pid ]; do sleep 0.05; done
		start_servers two "$1"
	}
	shakes_hands_at() { openssl s_client -connect "$1" </dev/null >/dev/null 2>&1; }
	wait_port_at() { comes shakes_hands_at "$1"; }
	wait_port_at "127.0.0.3:$port"
	{
		expiry=3s head_of_fleet
		cat <<-END
		  front:
		    role: web
		    certificate: site
		    deliver: {files: {directory: tls/site}}
		    activate: {signal: HUP, pidfile: run/two.pid}
		    verify: {tls: "two.test:$port", server_name: site.example.test}
		END
	} >certfleet.yaml
	cf apply --yes
	is $status 7 "a name whose second address serves another certificate is not verified"
	has "$out" "still serves $(installed tls/forgotten/fullchain.pem | cut -c1-12)" "it says which"
	take_status
	is "$(status_of front state)" failed "it is not in-sync"
	is "$(status_of front served)" "$(installed tls/forgotten/fullchain.pem)" "status shows the other one"
	cf status --offline
	hasnt "$out" " in-sync" "and remembers it so"

	printf '127.0.0.1 localhost\n127.0.0.3 two.test\n127.0.0.2 two.test\n' >run/hosts
	take_status
	is "$(status_of front state)" failed "in whichever order its addresses come"
	is "$(status_of front served)" "$(installed tls/forgotten/fullchain.pem)" "with the same answer"

	restart_servers "$(site "127.0.0.2:$port" site) $(site "127.0.0.3:$port" site)"
	wait_port_at "127.0.0.3:$port"
	sed -i "s/timeout: 3s/timeout: $patience/" certfleet.yaml
	cf apply --yes
	is $status 0 "once both serve the same it is verified"
	take_status
	is "$(status_of front state)" in-sync "and in-sync"

	restart_servers "$(site "127.0.0.2:$port" site)"
	wait_port_at "127.0.0.2:$port"
	take_status
	is "$(status_of front state)" failed "an address where nobody listens is not served"
	has "$(status_of front error)" "127.0.0.3:$port: Connection refused" "and named"
	printf '127.0.0.1 localhost\n127.0.0.2 two.test\n::1 two.test\n' >run/hosts
	take_status
	is "$(status_of front state)" in-sync "but a server may listen on IPv4 alone"
	CERTFLEET=$plain
else
	ok 0 "a name with several addresses # SKIP no namespace to name one in"
fi

# --- answers in a row ---
if command -v haproxy >/dev/null; then
	old_directory a
	old_directory b
	cp -a tls/b tls/c
	free_port first
	free_port second
	start_servers backends "$(site "127.0.0.1:$first" a) $(site "127.0.0.1:$second" c)"
	cat >run/balance.cfg <<-END
	defaults
	  mode tcp
	  timeout connect 60s
	  timeout client 60s
	  timeout server 60s
	listen balanced
	  bind 127.0.0.1:$balanced
	  balance roundrobin
	  server first 127.0.0.1:$first
	  server second 127.0.0.1:$second
	END
	haproxy -D -f run/balance.cfg -p run/balance.pid >>run/balance.log 2>&1
	wait_port "$balanced"
	{
		head_of_fleet
		cat <<-END
		  a:
		    role: web
		    certificate: site
		    deliver: {files: {directory: tls/a}}
		    activate: {signal: HUP, pidfile: run/backends.pid}
		    verify: {tls: "127.0.0.1:$balanced", consecutive: ROW}
		END
	} >run/balanced.yaml
	sed 's/ROW/1/' run/balanced.yaml >certfleet.yaml
	# without a state apply looks twice, and sees what the other one serves
	cf apply --yes --target issuer:ca
	# one good answer would be enough, if the old one did not answer once more at the end
	cf apply --yes
	sed 's/ROW/3/' run/balanced.yaml >certfleet.yaml
	subject=next.example.test
	{ expiry=3s head_of_fleet; sed '1,/^components/d' certfleet.yaml; } >run/next.yaml
	cp run/next.yaml certfleet.yaml
	unset subject
	cf apply --yes
	is $status 7 "where every other answer is an old one, three in a row are not had"
	has "$out" "still serves $(installed tls/c/fullchain.pem | cut -c1-12)" "and it says which came in between"
	rm -rf tls/c
	ln -s a tls/c
	reload_nginx backends
	sed -i "s/timeout: 3s/timeout: $patience/" certfleet.yaml
	cf apply --yes
	is $status 0 "they are once both are new"
else
	ok 0 "answers in a row # SKIP haproxy is not installed"
fi

# --- two pairs on one port, both by an authority of the other kind of key ---
for protocol in TLSv1.2 TLSv1.3; do
	old_directory ec-$protocol
	cp -a tls/ec-$protocol tls/rsa-$protocol
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=old-rsa -days 9 \
		-out tls/rsa-$protocol/fullchain.pem -keyout tls/rsa-$protocol/key.pem 2>/dev/null
done
free_port twelve
free_port thirteen
start_servers dual "
	$(site "127.0.0.1:$twelve" ec-TLSv1.2 rsa-TLSv1.2 | sed '1s/$/ ssl_protocols TLSv1.2;/')
	$(site "127.0.0.1:$thirteen" ec-TLSv1.3 rsa-TLSv1.3 | sed '1s/$/ ssl_protocols TLSv1.3;/')"
wait_port "$thirteen"
{
	head_of_fleet
	for protocol in TLSv1.2 TLSv1.3; do
		[ $protocol = TLSv1.2 ] && at=$twelve || at=$thirteen
		for kind in ec rsa; do
			[ $kind = ec ] && certificate=site || certificate=rsa
			cat <<-END
			  $kind-$protocol:
			    role: web
			    process: dual
			    certificate: $certificate
			    deliver: {files: {directory: tls/$kind-$protocol}}
			    activate: {signal: HUP, pidfile: run/dual.pid}
			    verify: {tls: "127.0.0.1:$at"}
			END
		done
	done
} >certfleet.yaml
cf apply --yes --ack mass-retire
is $status 0 "two pairs on one port are verified, with TLS 1.2 and 1.3"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_settled_status
for name in ec-TLSv1.2 rsa-TLSv1.2 ec-TLSv1.3 rsa-TLSv1.3; do
	is "$(status_of $name state)" in-sync "$name is in-sync"
	is "$(status_of $name served)" "$(installed tls/$name/leaf.pem)" "by its own pair"
done
# an RSA pair that is left out: what is served is the other one
sed -i "s,ssl_certificate $work/tls/rsa.*,,; /rsa-TLSv1.3\/key/d" run/dual.conf
sed -i "/ssl_certificate_key .*rsa/d" run/dual.conf
reload_nginx dual
take_status
is "$(status_of rsa-TLSv1.3 state)" restart-pending "a pair that a server was not given is not in-sync"
is "$(status_of rsa-TLSv1.3 served)" "$(installed tls/ec-TLSv1.3/leaf.pem)" "status shows which it serves instead"

# --- each on its own ---
# `late` takes the pair into use only after a while, `stuck` never answers.
old_directory late
old_directory stuck
start_nginx late "$both"
start_nginx stuck "$stalled"
cat >signal.sh <<'END'
for pid in $(cat run/stuck.pid) $(pgrep -P "$(cat run/stuck.pid)"); do kill -$1 "$pid"; done
END
{
	expiry=20s head_of_fleet # one handshake that stalls takes ten
	cat <<-END
	  late:
	    role: web
	    certificate: site
	    deliver: {files: {directory: tls/late}}
	    verify: {tls: "127.0.0.1:$both"}
	  stuck:
	    role: web
	    certificate: site
	    deliver: {files: {directory: tls/stuck}}
	    activate: {command: [sh, signal.sh, STOP]}
	    verify: {tls: "127.0.0.1:$stalled"}
	END
} >certfleet.yaml
(
	while [ ! -L tls/late ]; do sleep 0.05; done
	sleep 0.4
	kill -HUP "$(cat run/late.pid)"
) &
pids+=("$!")
cf apply --yes --ack mass-retire
sh signal.sh CONT
is $status 7 "a server that stalls is a failure"
has "$out" "stuck.*did not end within [0-9]\{1,4\} ms" "named, and given no more than what was left of the timeout"
hasnt "$out" "verify *late .*failed" "one beside it that was slow, but in time, is verified"
take_status
is "$(status_of late state)" in-sync "and in-sync"

# --- an old worker that still accepts for a moment after the reload ---
free_port draining
old_directory draining
python3 "$root/tests/e2e/draining.py" "$draining" tls/draining 2>run/draining.err &
pids+=("$!")
wait_port "$draining"
{
	head_of_fleet
	cat <<-END
	  drains:
	    role: web
	    certificate: site
	    deliver: {files: {directory: tls/draining}}
	    activate: {signal: HUP, pidfile: run/draining.pid}
	    verify: {tls: "127.0.0.1:$draining"}
	END
} >certfleet.yaml
: >run/draining.log
cf apply --yes --ack mass-retire
is $status 0 "a server whose old worker still accepts is waited for"
is "$(grep -c ' old' run/draining.log)" 1 "it was met once"
is "$(sed '1,/ old/d' run/draining.log | wc -l)" 4 "three handshakes after it are good, and one more before the run ends"
ok "$(sed '1,/ old/d' run/draining.log | awk 'NR == 1 { t = $1 } NR == 3 { print $1 - t < 0.299 }')" "over 300 ms"
cf plan --detailed-exitcode
is $status 0 "a plan right after it finds nothing to do"

# --- one that answers again after three good handshakes, before the run ends ---
free_port again
old_directory again
python3 "$root/tests/e2e/draining.py" "$again" tls/again 4 2>run/draining.err &
pids+=("$!")
wait_port "$again"
sed -i "s/drains:/again:/; s,tls/draining,tls/again,; s/:$draining/:$again/" certfleet.yaml
before=$(installed tls/again/fullchain.pem)
: >run/draining.log
cf apply --yes --ack mass-retire --ack pidfile-doubtful
is $status 0 "an old worker that answers once more before the run ends is waited for"
is "$(sed '1,/ old/d' run/draining.log | grep -c new)" 9 "with three times as many handshakes"
kill "${pids[-1]}"

# --- one of four workers that never takes it up ---
free_port again
old_directory again
python3 "$root/tests/e2e/draining.py" "$again" tls/again 4 stays 2>run/draining.err &
pids+=("$!")
wait_port "$again"
sed -i "s/127.0.0.1:[0-9]*\"/127.0.0.1:$again\"/; s/role: web/role: brief/" certfleet.yaml
grep -q "^  brief:" certfleet.yaml || sed -i 's/^roles:/&\n  brief: {restart: {timeout: 3s}}/' certfleet.yaml
before=$(installed tls/again/fullchain.pem)
cf apply --yes --ack mass-retire --ack pidfile-doubtful
is $status 7 "an old worker that stays is a failure"
has "$out" "verify *again .*failed: asked once more before the end of the run: .*still serves ${before:0:12}" "and told"
cf status --offline
has "$out" "again *failed" "status remembers it"
kill "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null
python3 "$root/tests/e2e/draining.py" "$again" tls/again 2>run/draining.err &
pids+=("$!")
wait_port "$again"
take_status
is "$(status_of again state)" in-sync "and asks once more"
cf plan --detailed-exitcode
is $status 0 "once it is gone nothing is left to do"
finish
