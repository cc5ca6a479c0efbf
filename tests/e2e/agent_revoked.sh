#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who was removed from 'allow' is out at once: at the next connection, on the
# connection that is open, and after a list that cannot be believed.  And what
# the network half of an agent still has of whoever started it; and a disk
# that hangs.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"
make_authorities
make_signed operators other clientAuth
free_port port
agent_component web "install: {directory: $work/tls/web}"
start_agent host 127.0.0.1 "$port"
stop_agent host

ops="spki:$(spki_of access/ops.pem)"
other="spki:$(spki_of access/other.pem)"
cp run/host.yaml run/plain.yaml
listed() { sed "s/allow: .*}/allow: [$1]}/" run/plain.yaml >run/new.yaml && mv run/new.yaml run/host.yaml; }
code_of() { # NAME
	curl -s -m 60 -o /dev/null -w '%{http_code}' --cert "access/$1.pem" --key "access/$1.key" \
		--cacert access/agents.pem "https://127.0.0.1:$port/v1/component/web"
}
holding() { # NAME: a connection that asks whenever a line comes, in run/NAME.said
	mkfifo "run/$1.in"
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/e2e /usr/bin/python3 - "$port" "$1" >"run/$1.said" 2>&1 <<-'END' &
	import sys
	from agent_client import Connection
	c = Connection(int(sys.argv[1]), name=sys.argv[2])
	print(c.ask("GET", "/v1/component/web").status, flush=True)
	open(f"run/{sys.argv[2]}.in").readline()
	try:
	    print(c.ask("GET", "/v1/component/web").status, flush=True)
	except (EOFError, OSError):
	    print("ended", flush=True)
	END
	pids+=($!)
	comes test -s "run/$1.said"
}
has_said_more() { [ "$(wc -l <"run/$1.said")" -ge 2 ]; }
said() { # NAME: after it asked again
	echo >"run/$1.in"
	comes has_said_more "$1"
	tail -1 "run/$1.said"
}

listed "\"$ops\", \"$other\""
# descriptors that are not the agent's business
exec 7<access/operators.key 8>run/inherited
run_agent host
exec 7<&- 8>&-
wait_port "$port"
is "$(code_of ops) $(code_of other)" "200 200" "both are on the list"
find "/proc/$(network_half host)/fd" -type l -printf '%l\n' >run/descriptors 2>&1
grep -q 'operators.key\|inherited' run/descriptors; is $? 1 "S19: the network half has nothing of whoever started the agent"

holding other
holding ops
listed "\"$ops\""
is "$(code_of ops) $(code_of other)" "200 000" "S8: who was removed from agent.yaml does not get in"
is "$(said other)" ended "S8: and an open connection of it has ended"
is "$(said ops)" 200 "another one goes on"
has "$(cat run/host.log)" "who may call and give orders was read again" "the log tells"
listed "\"$ops\", \"$other\""
is "$(code_of other)" 200 "S8: who is added gets in without a restart"

chmod 666 run/host.yaml
is "$(code_of ops)" 000 "S8: a list that others can write lets nobody in"
has "$(cat run/host.log)" "all clients are refused until this is mended" "the log says so"
has "$(cat run/host.log)" "chmod go-w" "and how to mend it"
is "$(grep -c 'all clients are refused' run/host.log)" 1 "once"
chmod 644 run/host.yaml
is "$(code_of ops)" 200 "mended, it is believed again"

cp access/operators.pem run/operators.pem
cp access/agents.pem access/operators.pem
is "$(code_of ops)" 000 "S8: another client_ca holds at once"
cp run/operators.pem access/operators.pem
is "$(code_of ops)" 200 "and back"
stop_agent host

# ---- a disk that hangs for longer than a handshake waits
cat >run/slow.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	const char *once = getenv("SLOW_ONCE");

	if (once && !unlink(once)) {
		close(open(getenv("SLOW_BEGUN"), O_CREAT | O_WRONLY, 0600));
		sleep(13);
	}
	return real(fd);
}
END
gcc -shared -fPIC -o run/slow.so run/slow.c -ldl
make_pair one run/one.pem run/one.key
export SLOW_ONCE=$work/run/once SLOW_BEGUN=$work/run/begun
# the sanitizer's library has to be the first
LD_PRELOAD=$(ldd "$CERTFLEET" | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1:/p')$work/run/slow.so run_agent host
wait_port "$port"
touch run/once
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/e2e /usr/bin/python3 - "$port" >run/staged 2>&1 <<'END' &
import sys
from agent_client import Connection, Pair, order
c = Connection(int(sys.argv[1]), timeout=60)
pair = Pair("run/one.pem", "run/one.key")
agent = c.ask("GET", "/v1/component/web").json()["agent"]["spki"]
print(c.ask("PUT", "/v1/staged/web", order(agent, "stage", "web", pair)).status)
END
stage=$!
comes test -e run/begun; ok $? "a stage waits for the disk"
is "$(code_of ops)" 200 "S22: meanwhile others are answered"
[ ! -s run/staged ]; ok $? "S22: which it still does then"
wait $stage
is "$(cat run/staged)" 200 "S22: the stage is late, and good"
is "$(code_of ops)" 200 "the agent is there"
finish
