#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One trouble, one place: with six troubles at once the rest of a fleet of 30
# components and 6 certificates is renewed and proven, and each of the six is named
# with what to do.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"
command -v haproxy >/dev/null || skip_all "haproxy is not installed"

# ---- the fleet: 24 ports of one nginx, an agent, a server that is restarted, one that
# may demand a client certificate, and folders that no server reads ----
fronts="shop mail api own"

prepare_fleet() {
	local name i
	for name in $fronts; do
		echo "host,port"
		for i in 1 2 3 4 5; do
			free_port port
			echo "$name$i,$port"
		done
	done >run/rows
	for name in $fronts; do
		{ echo "host,port"; grep "^$name" run/rows; } >"$name.csv"
	done
	for name in partner1 partner2 old1 old2; do
		free_port port
		echo "$name,$port" >>run/rows
	done
	free_port agent
	free_port fragile
	free_port demanding
	mkdir tls/open tls/combined
	make_authorities
	make_vendor vendor
	start_proxy
	agent_component remote "install: {directory: $work/tls/remote}"
	start_agent host 127.0.0.1 "$agent"
	old_directory fragile
	start_gnutls fragile "$fragile" tls/fragile/fullchain.pem tls/fragile/key.pem
	make_pair old-demanding run/demanding.crt run/demanding.key
	cat run/demanding.crt run/demanding.key >tls/combined/demanding.pem
	start_demanding
}

port_of() { sed -n "s/^$1,//p" run/rows; }

make_vendor() { # NAME: vendor.pem and vendor.key, the pair that is imported
	make_pair "$1.example.test" vendor.pem vendor.key
}

# One nginx with all the ports of run/rows.
start_proxy() {
	local name port
	{
		cat <<-END
		worker_processes 1;
		pid run/proxy.pid;
		error_log run/proxy.log;
		events { worker_connections 1024; }
		http {
			access_log off;
			client_body_temp_path run/b1; proxy_temp_path run/b2; fastcgi_temp_path run/b3; uwsgi_temp_path run/b4; scgi_temp_path run/b5;
		END
		while IFS=, read -r name port; do
			[ "$name" != host ] || continue
			old_directory "$name" >&2
			echo "server { listen 127.0.0.1:$port ssl; ssl_certificate $work/tls/$name/fullchain.pem; ssl_certificate_key $work/tls/$name/key.pem; }"
		done <run/rows
		echo "}"
	} >run/proxy.conf
	nginx -p "$work" -c run/proxy.conf 2>>run/proxy.log
	wait_port "$(port_of old2)"
}

start_demanding() { # OPTIONS-OF-BIND
	if [ -e run/demanding.pid ]; then
		kill "$(cat run/demanding.pid)"
		gone "$(cat run/demanding.pid)"
		rm -f run/demanding.pid
	fi
	haproxy_site demanding "$demanding" "crt $work/tls/combined/demanding.pem ${1:-}" "" -W
}

# UNIT is in every subject; SHOP, MAIL, WEB, AFTER, OLD and FADING vary the fleet.
write_fleet() {
	local name
	cat <<-END
	certfleet: 1
	fleet: thirty
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	$access
	issuers:
	  ca: {subject: "CN=Thirty CA", publish: trust/ca.pem}
	  fading: {subject: "CN=Fading CA", validity: ${FADING:-40d}, publish: trust/fading.pem}
	certificates:
	  shop: {subject: "CN=shop.example.test, O=$UNIT", issuer: ca${SHOP:-}}
	  mail: {subject: "CN=mail.example.test, O=$UNIT", issuer: ca${MAIL:-}}
	  api: {subject: "CN=api.example.test, O=$UNIT", issuer: ca}
	  own: {subject: "CN=own.example.test, O=$UNIT", issuer: self}
	  old: {subject: "CN=old.example.test, O=$UNIT", issuer: fading, validity: ${OLD:-20d}}
	  vendor: {import: {pem: [vendor.pem, vendor.key]}, trust: none}
	roles:
	  web: {restart: {timeout: $patience}${WEB:-}}
	  fragile: {restart: {timeout: $patience}${AFTER:-}}
	components:
	END
	for name in $fronts; do
		cat <<-END
		  $name:
		    role: web
		    certificate: $name
		    each: {csv: $name.csv, name: host}
		    process: proxy
		    deliver: {files: {directory: "tls/\${each}"}}
		    activate: {signal: HUP, pidfile: run/proxy.pid}
		    verify: {tls: "127.0.0.1:\${each.port}", server_name: $name.example.test}
		END
	done
	for name in partner1 partner2 old1 old2; do
		cat <<-END
		  $name:
		    role: web
		    certificate: $(case $name in old*) echo old ;; *) echo vendor ;; esac)
		    deliver: {files: {directory: tls/$name}}
		    activate: {signal: HUP, pidfile: run/proxy.pid}
		    verify: {tls: "127.0.0.1:$(port_of $name)"}
		END
	done
	cat <<-END
	  remote: {role: web, certificate: shop, deliver: {agent: "https://127.0.0.1:$agent"}}
	  locked: {role: web, certificate: shop, deliver: {files: {directory: tls/open/locked}}}
	  fragile:
	    role: fragile
	    certificate: shop
	    deliver: {files: {directory: tls/fragile}}
	    activate: {command: [sh, restart.sh, fragile, "$fragile", tls/fragile/fullchain.pem, tls/fragile/key.pem]}
	    verify: {tls: "127.0.0.1:$fragile"}
	  demanding:
	    role: web
	    certificate: mail
	    deliver: {files: {combined: tls/combined/demanding.pem}}
	    activate: {signal: USR2, pidfile: run/demanding.pid}
	    verify: {tls: "127.0.0.1:$demanding"}
	  quiet1: {role: web, certificate: own, deliver: {files: {directory: tls/quiet1}}}
	  quiet2: {role: web, certificate: api, deliver: {files: {directory: tls/quiet2}}}
	END
}

cat >restart.sh <<'END'
[ ! -e run/broken ] || { printf "line 3: no such option\\nthe new configuration is refused\\n" >&2; exit 1; }
exec sh serve.sh "$@"
END

prepare_fleet
UNIT=first write_fleet >certfleet.yaml
cf apply --yes
is $status 0 "a fleet of 30 components and 6 certificates is set up"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_settled_status


# ---- six troubles ----
trouble() {
	: >vendor.pem
	stop_agent host
	chmod 0777 tls/open
	touch run/broken
	start_demanding "verify required ca-file $work/access/operators.pem ssl-max-ver TLSv1.2"
}
# What a target holds, and when it was last written: a file, a link, a directory.
targets() { find tls -printf '%p %i %C@ %l\n' | sort; }

mend() { # and the import is a new pair
	make_vendor vendor
	agent_component remote "install: {directory: $work/tls/remote}"
	start_agent host 127.0.0.1 "$agent"
	chmod 0755 tls/open
	rm run/broken
	start_demanding
}
# "CODE OBJECT" of what the last run left out for its own sake, one a line.
left_out() {
	jq -r 'select(.event == "run ended") | .left_out[] | select((.component // .certificate) == .cause) |
		"\(.code) \(.cause)"' run/events | sort
}
problem() { # CODE OBJECT FIELD, of status.json
	jq -r --arg c "$1" --arg o "$2" ".problems[] | select(.code == \$c and .subject == \$o) | .$3" status.json
}
state_of_all() { # PATTERN: the states of the components whose names match
	jq -r --arg p "$1" '[.components[] | select(.name | test($p)) | .state] | unique | join(" ")' status.json
}
apply_json() { # COMMAND-BEFORE...
	"$@" "$CERTFLEET" apply --yes --json >run/events 2>run/told </dev/null
	status=$?
	cat run/told >>run/transcript
}
changes_of=openat,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir
changes_of=$changes_of,chmod,fchmod,fchmodat,chown,lchown,fchown,fchownat,truncate,ftruncate,utimensat,setxattr,fsetxattr
watched() { # COMMAND...: under strace, which tells what it and its children change
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -y -o run/trace -e "trace=$changes_of" "$@"
}
changes_on_targets() { grep -e "$work/tls" -e '"tls' run/trace | grep -v -e 'openat(.*O_RDONLY' -e ENOENT; }

healthy='^(shop|mail|api|own)/'
trouble
UNIT=second OLD=500d write_fleet >certfleet.yaml
apply_json
is $status 7 "I1: with six troubles at once an apply ends with 7"
take_settled_status
is "$(state_of_all "$healthy")" in-sync "I1: every healthy certificate is renewed and proven"
is "$(jq '[.certificates[] | select((.subject // "") | test("O=second"))] | length' status.json)" 4 "I1: which are four"
for name in $fronts; do
	for i in 1 2 3 4 5; do
		shake_hands "$(port_of $name$i)" 2>/dev/null | openssl x509 -noout -subject
	done
done >run/subjects
is "$(grep -c 'O *= *second' run/subjects)" 20 "I1: at each of their ports"
is "$(left_out)" "import-invalid vendor
issuer-expires old
offline remote
target-unwritable locked
unverifiable demanding" "I1: the end of the run names what was left out, by code and object"

"$CERTFLEET" status >run/status
names() { # CODE OBJECT CAUSE REMEDY: in text and in JSON, of apply and of status
	has "$(cat run/told)" "^  $1 $2: .*$3.*; .*$4" "I1: $1 is told with its cause, place and remedy"
	[ "$(jq -r --arg c "$1" --arg o "$2" 'select(.event == "run ended") | .preconditions[] |
		select(.code == $c and .component == $o) | "\(.message)|\(.remedy)"' run/events |
		grep -c "$3.*|.*$4")" = 1 ]
	ok $? "I1: and in JSON"
	has "$(cat run/status)" "^$1 $2: .*$3.*; .*$4" "I1: status tells it"
	has "$(problem "$1" "$2" message)|$(problem "$1" "$2" remedy)" "$3.*|.*$4" "I1: and in JSON"
}
names import-invalid vendor "$work/vendor.pem" "write it again"
names issuer-expires old "issuer 'fading' ends in" "--ack issuer-expires:old"
names offline remote "https://127.0.0.1:$agent" "start what listens there.*then run 'certfleet apply'"
names target-unwritable locked "'$work/tls/open'" "run 'chmod go-w' on it"
names unverifiable demanding "127.0.0.1:$demanding" "--ack unverifiable:demanding"
is "$(grep -A 2 "^  failed: activate fragile" run/told)" "  failed: activate fragile at 127.0.0.1:$fragile: 'sh' ended with status 1:
    | line 3: no such option
    | the new configuration is refused" "I1, W4: the failed activation is told with its cause, what its command printed below it"
is "$(tail -1 run/told | grep -o "^next: 'certfleet apply': remove the cause")" "next: 'certfleet apply': remove the cause" \
	"I1: and last the command that goes on"
refused="'sh' ended with status 1:
line 3: no such option
the new configuration is refused"
is "$(jq -r 'select(.outcome == "failed") | "\(.kind) \(.component) \(.error)"' run/events)" \
	"activate fragile $refused" "I1: and in JSON"
is "$(jq -r 'select(.event == "run ended") | .next as $n | .failed[] |
	"\(.kind) \(.component) \(.certificate) \(.address) \(.error)|\($n)"' run/events)" \
	"activate fragile shop 127.0.0.1:$fragile $refused|certfleet apply" "I1: also in the end of the run, with its address and the command that goes on"
has "$(cat run/status)" "^failed-before fragile: the last run failed there, at 127.0.0.1:$fragile: 'sh' ended with status 1; .*'certfleet apply'" \
	"I1: status tells it with its address and the command that goes on"
has "$(problem failed-before fragile message)|$(problem failed-before fragile remedy)" \
	"127.0.0.1:$fragile: 'sh' ended with status 1|.*'certfleet apply'" "I1: and in JSON"
has "$("$CERTFLEET" plan)" "^                  the new configuration is refused$" "I1: a plan, too, with the lines of the command"
"$CERTFLEET" status --check 1d >/dev/null 2>run/check
is $? 2 "I1: a check is not content"
is "$(sed "s/: .*//" run/check)" "'demanding' is outdated
'fragile' is failed
'locked' is outdated
'remote' is outdated" "I1: nor with one of the components, by name"
has "$(cat run/check)" "'locked' is outdated: others can write" "I1: and why"
is "$(status_of fragile state) $(status_of fragile last_error)" "failed $refused" "I1: status names it"

before=$(targets)
apply_json watched
is $status 7 "I1: a second apply ends with 7 again"
is "$(targets)" "$before" "I1: and writes nothing on any target"
is "$(changes_on_targets)" "" "I1: nor tries to, as strace sees it"
has "$(cat run/trace)" "state.db" "I1: which sees what is written elsewhere"
watched touch tls/quiet1
has "$(changes_on_targets)" "quiet1" "I1: and would see that"
is "$(jq -r 'select(.event == "step ended") | "\(.kind) \(.component)"' run/events)" "activate fragile" \
	"I1: it tries the failed activation alone"

mend
UNIT=second OLD=500d FADING=3000d write_fleet >certfleet.yaml
cf apply --yes --ack issuer-replaced:fading
is $status 0 "I1: with the six mended an apply converges"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_settled_status
is "$(state_of_all '^(?!quiet|locked|remote)')" in-sync "I1: every port is in-sync"
cf apply --yes
has "$out" "nothing to do, 30 components as wanted" "I1: and nothing is left to do"

# ---- an all-first certificate, and a role after another ----
trouble
MAIL=", commit: all-first" AFTER=", after: [web]"
UNIT=third OLD=700d FADING=3000d write_fleet >certfleet.yaml
apply_json
is $status 4 "all-first, after: an activation that waits does not fail"
take_settled_status
is "$(state_of_all '^(shop|api|own)/')" in-sync "all-first, after: healthy certificates are renewed"
is "$(jq -r '.certificates[] | select(.name == "mail") | .subject' status.json)" "CN=mail.example.test,O=second" \
	"all-first: a certificate one of whose components is left out stays as it was"
is "$(state_of_all '^mail/')" in-sync "all-first: and is served everywhere as before"
is "$(jq -r 'select(.event == "run ended") | .left_out[] | select(.certificate == "mail") |
	"\(.component) \(.code) \(.cause)"' run/events | sort | head -2)" \
	"demanding unverifiable demanding
mail/mail1 unverifiable demanding" "all-first: each component is listed with what it waits for"
is "$(jq -r 'select(.event == "run ended") | .left_out[] | select(.component == "fragile") | "\(.code) \(.cause)"' run/events)" \
	"offline remote" "after: a role waits for a component of its certificate in an earlier role"
is "$(status_of fragile served)" "$(installed tls/fragile/fullchain.pem)" "after: what it serves is left alone"
before=$(targets)
apply_json watched
is $status 4 "all-first, after: a second apply has nothing to do"
is "$(targets)" "$before" "all-first, after: and writes nothing on any target"
is "$(changes_on_targets)" "" "all-first, after: nor tries to"
is "$(jq -r .next run/events)" "certfleet apply" "all-first, after: the command that goes on is told"
has "$(tail -1 run/told)" "^next: 'certfleet apply': does what was left out" "all-first, after: and in text"
mend
UNIT=third OLD=500d FADING=3000d write_fleet >certfleet.yaml
cf apply --yes
is $status 0 "all-first, after: with all mended an apply converges"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
take_settled_status
is "$(state_of_all '^(?!quiet|locked|remote)')" in-sync "all-first, after: every port is in-sync"

# ---- what a failure stops ----
MAIL='' AFTER=''
stops() { # WHICH
	touch run/broken
	write_fleet >certfleet.yaml
	cf apply --yes
	is $status 7 "$1: an activation fails"
	has "$out" "not started.*api/api1" "$1: is stopped by it"
	rm run/broken
	cf apply --yes
	is $status 0 "$1: and the next apply goes on"
}
UNIT=fourth OLD=500d FADING=3000d
WEB=", after: [fragile]" stops "a role after"
UNIT=fifth SHOP=", commit: all-first" stops "a role with the same all-first certificate"
finish
