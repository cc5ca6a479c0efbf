#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The HTTP library may tell of a connection while it is added or, as versions
# from 1.0 on do, in its next run; and it may refuse one.  To an agent all of
# it is the same.
# shellcheck disable=SC2154
. "$(dirname "$0")/agent_lib.sh"

cat >late.c <<'END'
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 };

typedef int add_fn(void *, int, const struct sockaddr *, socklen_t);
typedef int run_fn(void *, const fd_set *, const fd_set *, const fd_set *);
typedef int run2_fn(void *, const fd_set *, const fd_set *, const fd_set *, unsigned);

static struct {
	int fd;
	struct sockaddr_storage address;
	socklen_t len;
} late[MOST];
static int count;
static int added;

/* Every third is refused, as when there are too many. */
int MHD_add_connection(void *d, int fd, const struct sockaddr *a, socklen_t len)
{
	if (getenv("REFUSE") && ++added % 3 == 0) {
		close(fd);
		errno = ENFILE;
		return 0;
	}
	if (count == MOST)
		abort();
	late[count].fd = fd;
	memcpy(&late[count].address, a, len);
	late[count++].len = len;
	return 1;
}

static void add_late(void *d)
{
	add_fn *add = (add_fn *)dlsym(RTLD_NEXT, "MHD_add_connection");

	for (int i = 0; i < count; i++)
		add(d, late[i].fd, (struct sockaddr *)&late[i].address,
		    late[i].len);
	count = 0;
}

int MHD_run_from_select(void *d, const fd_set *r, const fd_set *w, const fd_set *e)
{
	run_fn *run = (run_fn *)dlsym(RTLD_NEXT, "MHD_run_from_select");
	int done = run(d, r, w, e);

	add_late(d);
	return done;
}

/* What the call above is in versions from 1.0 on. */
int MHD_run_from_select2(void *d, const fd_set *r, const fd_set *w, const fd_set *e,
			 unsigned size)
{
	run2_fn *run = (run2_fn *)dlsym(RTLD_NEXT, "MHD_run_from_select2");
	int done = run(d, r, w, e, size);

	add_late(d);
	return done;
}
END
gcc -D_GNU_SOURCE -shared -fPIC -o late.so late.c
# the runtime of sanitizers has to come first
late="$(ldd "$CERTFLEET" | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1:/p')$PWD/late.so"

make_authorities
free_port port
free_port refusing
agent_component web "install: {certificate: $work/tls/web.crt, key: $work/tls/web.key}"
LD_PRELOAD=$late start_agent host 127.0.0.1 "$port"

stranger() { timeout 60 openssl s_client -connect "127.0.0.1:$1" </dev/null 2>&1; }
operator() { # PORT
	timeout 60 curl -s --cacert access/agents.pem --cert access/ops.pem \
		--key access/ops.key --retry 5 --retry-all-errors --retry-delay 1 \
		"https://127.0.0.1:$1/v1/component/web"
}

is "$(curl -s --max-time 60 -k -o run/body -w '%{http_code}' "https://127.0.0.1:$port/healthz")" 000 \
	"X1: a stranger gets no answer"
has "$(operator "$port")" '"name"' "X1: an operator is answered"
kill -0 "$(cat run/host.pid)"; ok $? "X1: the agent outlives an unauthenticated connection"
for i in $(seq 20); do stranger "$port" >/dev/null & crowd[i]=$!; done
out=$(operator "$port")
wait "${crowd[@]}"
has "$out" '"name"' "X1: each of many at once is who it is"
stop_agent host

agent_component web "install: {certificate: $work/tls/web.crt, key: $work/tls/web.key}"
REFUSE=1 LD_PRELOAD=$late start_agent host 127.0.0.1 "$refusing"
for i in $(seq 12); do stranger "$refusing" >/dev/null & crowd[i]=$!; done
wait "${crowd[@]}"
has "$(operator "$refusing")" '"name"' "connections that the library refuses harm no other"
kill -0 "$(cat run/host.pid)"; ok $? "and the agent goes on"
finish
