/* SPDX-License-Identifier: Apache-2.0 */

#include "agent/ipc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 8,
	POLL_MS = 100,
	AGAIN_MS = 250,
	CHANNELS = 2,
};

static bool ipc_socket_address_of(const char *path, struct sockaddr_un *out, struct err *e)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path))
		return err_set(e, ERR_INPUT, "'%s' is too long for a socket's path", path);
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ---- the installing half ---- */

static bool ipc_socket_check_directory(const char *path, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(fd) directory = -1;

	return fs_open_safe_dir(fs_dirname(&a, fs_absolute(&a, path)), false, &directory, e);
}

/* A socket without a listener was left by a killed process. */
static bool clear_away(const char *path, const struct sockaddr_un *at, struct err *e)
{
	AUTO(fd) probe = new_socket();
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT || err_sys(e, "cannot use '%s'", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_INPUT, "'%s' is not a socket", path);
	if (probe < 0 || !connect(probe, (const void *)at, sizeof(*at)) || errno != ECONNREFUSED)
		return err_set(e, ERR_BUSY, "another agent uses '%s' already", path);
	return !unlink(path) || err_sys(e, "cannot replace '%s'", path);
}

bool ipc_socket_listen(const char *path, uid_t who, int *out, struct err *e)
{
	AUTO(fd) fd = new_socket();
	struct sockaddr_un at;
	mode_t before = 0;
	int rc = 0;

	if (!ipc_socket_address_of(path, &at, e) || !ipc_socket_check_directory(path, e) ||
	    !clear_away(path, &at, e))
		return false;
	before = umask(0177);
	rc = fd < 0 ? -1 : bind(fd, (const void *)&at, sizeof(at));
	umask(before);
	if (rc || (who != geteuid() && chown(path, who, (gid_t)-1)) || listen(fd, BACKLOG))
		return err_sys(e, "cannot listen on '%s'", path);
	*out = TAKE_FD(fd);
	return true;
}

/* A connected process, identified by its first message. */
struct ipc_peer {
	struct ipc channel;
	pid_t pid;
	uint32_t which;
};

static void visitor_release(struct ipc_peer *v)
{
	ipc_release(&v->channel);
}
AUTO_STRUCT(ipc_peer, struct ipc_peer, visitor_release)

static bool listen_to(struct ipc_peer *v, uid_t who, int64_t end_ms, struct err *e)
{
	AUTO(message) hello = { 0 };
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getsockopt(v->channel.fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return err_sys(e, "cannot read the peer's user");
	if (peer.uid != who)
		return err_set(e, ERR_REMOTE, "the connection is from another user");
	if (!ipc_wait(&v->channel, end_ms, &hello, e))
		return false;
	v->pid = peer.pid;
	v->which = hello.number;
	return (hello.kind == MESSAGE_HELLO && v->which < CHANNELS) ||
	       err_set(e, ERR_REMOTE, "the connection is not from a half of this agent");
}

static bool accept_one(int listener, uid_t who, int64_t end_ms, struct ipc_peer *v, struct err *e)
{
	for (;;) {
		struct pollfd fd = { .fd = listener, .events = POLLIN };

		if (stop_requested())
			return err_set(e, ERR_STOPPED, "a stop was asked for");
		if (clock_mono_ms() >= end_ms)
			return err_set(e, ERR_REMOTE, "one of the two channels did not connect");
		if (poll(&fd, 1, POLL_MS) <= 0)
			continue;
		v->channel = ipc_of(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
		if (v->channel.fd >= 0)
			break;
	}
	if (end_ms > clock_mono_ms() + MEET_HELLO_MS)
		end_ms = clock_mono_ms() + MEET_HELLO_MS;
	return listen_to(v, who, end_ms, e);
}

static bool accept_both(int listener, uid_t who, struct channels *out, struct err *e)
{
	AUTO(ipc_peer) first = { .channel = NO_CHANNEL };
	AUTO(ipc_peer) second = { .channel = NO_CHANNEL };
	int *ends[CHANNELS] = { &out->requests, &out->handshakes };

	if (!accept_one(listener, who, INT64_MAX, &first, e) ||
	    !accept_one(listener, who, clock_mono_ms() + MEET_HELLO_MS, &second, e))
		return false;
	if (first.pid != second.pid || first.which == second.which)
		return err_set(e, ERR_REMOTE, "two processes have connected at the same time");
	*ends[first.which] = TAKE_FD(first.channel.fd);
	*ends[second.which] = TAKE_FD(second.channel.fd);
	return true;
}

bool ipc_socket_accept(int listener, uid_t who, struct channels *out, struct err *e)
{
	for (;;) {
		struct err why = { 0 };

		if (accept_both(listener, who, out, &why))
			return true;
		if (why.code != ERR_STOPPED)
			continue;
		*e = why;
		return false;
	}
}

/* ---- the network half ---- */

static bool connect_once(const struct sockaddr_un *at, uint32_t which, int *out, struct err *e)
{
	AUTO(message) hello = { .kind = MESSAGE_HELLO, .number = which };
	AUTO(ipc) c = ipc_of(new_socket());

	if (c.fd < 0 || connect(c.fd, (const void *)at, sizeof(*at)))
		return err_sys(e, "cannot reach the installing half at '%s'", at->sun_path);
	if (!ipc_post(&c, &hello, e))
		return false;
	*out = TAKE_FD(c.fd);
	return true;
}

bool ipc_socket_connect(const char *path, struct channels *out, struct err *e)
{
	int64_t end_ms = clock_mono_ms() + MEET_WAIT_MS;
	struct sockaddr_un at;

	if (!ipc_socket_address_of(path, &at, e))
		return false;
	for (;;) {
		AUTO(fd) requests = -1;
		AUTO(fd) handshakes = -1;

		if (connect_once(&at, 0, &requests, e) && connect_once(&at, 1, &handshakes, e)) {
			out->requests = TAKE_FD(requests);
			out->handshakes = TAKE_FD(handshakes);
			return true;
		}
		if (stop_requested() || clock_mono_ms() >= end_ms)
			return false;
		clock_sleep_ms(AGAIN_MS);
	}
}
