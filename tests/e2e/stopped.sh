#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A command that is stopped while it looks says so, and a name that does not
# resolve holds up nothing but its own component.
. "$(dirname "$0")/lib.sh"

cat >stall.c <<'END'
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int lookup_fn(const char *, const char *, const struct addrinfo *,
		      struct addrinfo **);

static void mark(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

/* A name server that keeps silent, until run/enough is there. */
int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
		struct addrinfo **out)
{
	lookup_fn *real = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");

	if (!name || strcmp(name, "silent.example") != 0 ||
	    (hints && hints->ai_flags & AI_NUMERICHOST))
		return real(name, port, hints, out);
	mark("run/asked");
	for (int i = 0; i < 6000 && access("run/enough", F_OK) != 0; i++)
		usleep(50000);
	mark("run/answered");
	return EAI_AGAIN;
}
END
# the runtime of sanitizers has to come first
stall="$(ldd "$CERTFLEET" | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1:/p')$PWD/stall.so"
gcc -D_GNU_SOURCE -shared -fPIC -o stall.so stall.c

free_port silent
cat >certfleet.yaml <<END
certfleet: 1
fleet: stopped
backup: {passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=CA"}
certificates:
  shop: {subject: "CN=shop.example.com", issuer: ca}
components:
  a:
    certificate: shop
    deliver:
      http:
        probe: {url: "http://127.0.0.1:$silent/", fingerprint: /f}
        commit: {url: "http://127.0.0.1:$silent/", method: PUT, json: {k: "\${key}", c: "\${fullchain}"}}
END

# Accepts, and says nothing until it is killed.
python3 - "$silent" <<'END' &
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(s.accept())
    open("run/accepted", "w").close()
END
pids+=($!)
wait_port "$silent"

# ---- a stop ----

stop_while_looking() { # COMMAND...: stopped once the silent port was asked
	local pid
	sleep 0.2
	rm -f run/accepted
	"$CERTFLEET" "$@" >run/stopped.out 2>&1 </dev/null &
	pid=$!
	comes test -e run/accepted
	kill -TERM "$pid"
	wait "$pid"
	status=$?
	out=$(cat run/stopped.out)
	printf '%s\n' "--- certfleet $* -> $status" "$out" >>run/transcript
}

for command in plan status "apply --yes" "plan --json" "status --json"; do
	# shellcheck disable=SC2086
	stop_while_looking $command
	is "$status" 1 "E8: $command that is stopped while it looks ends with 1"
	has "$out" "stopped" "E8: $command says that it was stopped"
	hasnt "$out" "offline" "E8: $command calls nobody offline who was cut off"
done
[ ! -e .certfleet/state.db ]
ok $? "a stopped apply made no state"

# ---- a name that is not answered ----

free_port good
cat >>certfleet.yaml <<END
  b:
    certificate: shop
    deliver:
      http:
        probe: {url: "https://silent.example/", fingerprint: /f}
        commit: {url: "https://silent.example/", method: PUT, json: {k: "\${key}", c: "\${fullchain}"}}
END
sed -i "s/:$silent/:$good/g" certfleet.yaml
out=$(LD_PRELOAD=$stall timeout 100 "$CERTFLEET" plan 2>&1 </dev/null)
status=$?
printf '%s\n' "--- certfleet plan -> $status" "$out" >>run/transcript
[ -e run/asked ]
ok $? "the name was asked for"
[ ! -e run/answered ]
ok $? "E7: a plan ends before a stalled look-up does"
has "$out" "silent.example" "the component with that name is told"

rm -f run/asked
LD_PRELOAD=$stall "$CERTFLEET" status >run/stopped.out 2>&1 </dev/null &
pid=$!
comes test -e run/asked
kill -TERM "$pid"
wait "$pid"
is $? 1 "E7: a stop ends it with 1"
[ ! -e run/answered ]
ok $? "E7: and before the stalled look-up does"
touch run/enough
finish
