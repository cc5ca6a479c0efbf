/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decoder.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/sandbox.h"
#include "base/stop.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CONTROL_FD = 3, /* descriptor of the control socket in the decoder */
	POLL_MS = 100,
	TRANSFER_MS = 60000, /* limit for one message */
	SPAN_HEAD = 4,
};

/* Header of a request; the lengths and bytes of its spans follow. */
struct ask {
	uint32_t which; /* index into the table of functions */
	uint32_t seconds;
	uint32_t count;
};

/* Header of a reply; `len` bytes follow. */
struct reply {
	uint32_t code; /* enum err_code; ERR_NONE: the bytes are the answer */
	uint64_t len;
};

static struct {
	decode_fn *const *table; /* NULL: decoder never started */
	int control;
	int channels[SANDBOX_AT_ONCE]; /* the first `open` ones */
	size_t open;
	bool pending[SANDBOX_AT_ONCE]; /* a reply to a stopped request is still to come */
	pid_t owner;                   /* process that owns the channels */
	bool lost;                     /* to the owner, for good */
} helper = { .control = -1 };

/* ---- messages between program and decoder ---- */

/* False when the peer is gone or the deadline has passed. */
static bool decoder_wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = events };
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0)
			return false;
		if (poll(&ready, 1, left < POLL_MS ? (int)left : POLL_MS) > 0)
			return true;
	}
}

static bool may_go_on(ssize_t done)
{
	return done > 0 || (done < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool decoder_send_all(int fd, const void *bytes, size_t len)
{
	int64_t deadline = clock_mono_ms() + TRANSFER_MS;
	const char *from = bytes;

	while (len) {
		if (!decoder_wait_for(fd, POLLOUT, deadline))
			return false;

		ssize_t done = write(fd, from, len);

		if (!may_go_on(done))
			return false;
		from += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

static bool receive_all(int fd, void *bytes, size_t len)
{
	int64_t deadline = clock_mono_ms() + TRANSFER_MS;
	char *to = bytes;

	while (len) {
		if (!decoder_wait_for(fd, POLLIN, deadline))
			return false;

		ssize_t done = read(fd, to, len);

		if (!may_go_on(done))
			return false;
		to += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

/* ---- in the decoder ---- */

struct decode_request {
	struct ask ask;
	struct span *spans;
	struct secret bytes;
	decode_fn *fn;
};

static void request_release(struct decode_request *r)
{
	free(r->spans);
	secret_release(&r->bytes);
}
AUTO_STRUCT(decode_request, struct decode_request, request_release)

static bool find_function(struct decode_request *r, decode_fn *const *table)
{
	for (uint32_t i = 0; table[i]; i++)
		if (i == r->ask.which)
			r->fn = table[i];
	return r->fn && r->ask.count <= DECODER_SPAN_LIMIT &&
	       r->ask.seconds <= DECODER_SECONDS_LIMIT;
}

static bool decoder_take_request(int fd, decode_fn *const *table, struct decode_request *r)
{
	uint64_t lengths[DECODER_SPAN_LIMIT];
	uint64_t total = 0;
	size_t at = 0;

	if (!receive_all(fd, &r->ask, sizeof(r->ask)) || !find_function(r, table) ||
	    !receive_all(fd, lengths, r->ask.count * sizeof(*lengths)))
		return false;
	for (size_t i = 0; i < r->ask.count; i++) {
		if (lengths[i] > DECODER_REQUEST_LIMIT - total)
			return false;
		total += lengths[i];
	}
	secret_alloc(&r->bytes, total);
	r->spans = xcalloc(r->ask.count + 1, sizeof(*r->spans));
	for (size_t i = 0; i < r->ask.count; i++) {
		r->spans[i] = (struct span){ r->bytes.bytes + at, lengths[i] };
		at += lengths[i];
	}
	return receive_all(fd, r->bytes.bytes, total);
}

static bool decode_request(void *ctx, struct buf *answer, struct err *e)
{
	const struct decode_request *r = ctx;

	return r->fn(r->spans, r->ask.count, answer, e);
}

static bool decoder_answer_request(int fd, struct decode_request *r)
{
	const struct sandbox_work work = { .fn = decode_request,
					   .ctx = r,
					   .seconds = r->ask.seconds };
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };
	struct reply reply = { 0 };

	if (sandbox_work(&work, &answer, &e)) {
		reply.len = answer.len;
	} else {
		reply.code = (uint32_t)e.code;
		reply.len = strlen(e.text);
	}
	return decoder_send_all(fd, &reply, sizeof(reply)) &&
	       decoder_send_all(fd, reply.code ? (const void *)e.text : answer.bytes, reply.len);
}

/* Serves one request after the other until the client closes its channel. */
__attribute__((noreturn)) static void serve(int fd, decode_fn *const *table)
{
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct pollfd next = { .fd = fd, .events = POLLIN };
		AUTO(decode_request) r = { 0 };

		if (poll(&next, 1, -1) < 0 && errno != EINTR)
			_exit(1);
		if (!decoder_take_request(fd, table, &r) || !decoder_answer_request(fd, &r))
			_exit(0);
	}
}

/* Receives the next channel a client opens; -1 when all clients are gone. */
static int take_channel(int control)
{
	char byte = 0;
	char room[CMSG_SPACE(sizeof(int))];
	struct iovec bytes = { &byte, 1 };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	const struct cmsghdr *c = NULL;
	ssize_t got = 0;
	int fd = -1;

	do
		got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	c = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static bool hold_nothing(int control)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool good = nothing >= 0;

	for (int fd = 0; fd < CONTROL_FD && good; fd++) {
#ifdef __SANITIZE_ADDRESS__ /* ASan reports on stderr */
		if (fd == STDERR_FILENO)
			continue;
#endif
		good = dup2(nothing, fd) == fd;
	}
	return good && dup2(control, CONTROL_FD) == CONTROL_FD &&
	       !close_range(CONTROL_FD + 1, ~0U, 0);
}

static bool become_decoder(int control, pid_t parent)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		signal(numbers[i], SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* who serves a channel is not waited for */
	/* a passphrase may stand in the memory that the program began with */
	for (char **variable = environ; variable && *variable; variable++)
		wipe(*variable, strlen(*variable));
	clearenv();
	prctl(PR_SET_NAME, "cf-decoder");
	return !prctl(PR_SET_PDEATHSIG, SIGKILL) && getppid() == parent &&
	       !prctl(PR_SET_DUMPABLE, 0) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       hold_nothing(control);
}

__attribute__((noreturn)) static void run_decoder(int control, pid_t parent,
						  decode_fn *const *table)
{
	/* the original may have the number CONTROL_FD, which a dup2() below takes */
	int mine = fcntl(control, F_DUPFD_CLOEXEC, CONTROL_FD + 1);

	/* libarchive refuses an entry whose name the locale cannot express */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (mine < 0 || !become_decoder(mine, parent))
		_exit(2);
	for (;;) {
		int fd = take_channel(CONTROL_FD);

		if (fd < 0)
			_exit(0);
		if (fork() == 0) {
			close(CONTROL_FD);
			serve(fd, table);
		}
		close(fd);
	}
}

/* ---- in the client ---- */

static void close_channels(void)
{
	while (helper.open)
		close(helper.channels[--helper.open]);
}

static bool decoder_lost(struct err *e)
{
	close_channels();
	helper.lost = true;
	return err_set(e, ERR_IO, "the decoding process has ended; run certfleet again");
}

static bool send_channel(int fd)
{
	char byte = 0;
	char room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec bytes = { &byte, 1 };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(helper.control, &message, MSG_NOSIGNAL) == 1;
}

static bool open_channel(struct err *e)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return err_sys(e, "cannot reach the decoder");
	helper.pending[helper.open] = false;
	helper.channels[helper.open++] = ends[0];

	bool good = send_channel(ends[1]);

	close(ends[1]);
	return good || decoder_lost(e);
}

/* Channels inherited over a fork belong to the parent: new ones are opened. */
static bool own_channels(size_t count, struct err *e)
{
	if (helper.owner != getpid()) {
		close_channels();
		helper.owner = getpid();
		helper.lost = false;
	}
	if (helper.lost)
		return decoder_lost(e);
	while (helper.open < count)
		if (!open_channel(e))
			return false;
	return true;
}

bool decoder_start(decode_fn *const *table, struct err *e)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return err_sys(e, "cannot start the decoder");

	pid_t pid = fork();

	if (pid == 0)
		run_decoder(ends[1], parent, table);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_sys(e, "cannot start the decoder");
	}
	helper.table = table;
	helper.control = ends[0];
	return own_channels(1, e);
}

void decoder_leave(void)
{
	close_channels();
	if (helper.control >= 0)
		close(helper.control);
	helper.control = -1;
	helper.owner = getpid();
	helper.lost = true;
}

bool decoder_keep_at(int fd)
{
	if (helper.control < 0)
		return false;
	close_channels();
	helper.owner = 0;
	if (helper.control == fd)
		return true;
	if (dup3(helper.control, fd, O_CLOEXEC) != fd)
		return false;
	close(helper.control);
	helper.control = fd;
	return true;
}

static unsigned seconds_of(const struct decode *d)
{
	unsigned seconds = d->seconds ? d->seconds : SANDBOX_SECONDS;

	return seconds < DECODER_SECONDS_LIMIT ? seconds : DECODER_SECONDS_LIMIT;
}

static bool decoder_check_size(const struct decode *d, struct err *e)
{
	size_t total = 0;
	bool good = d->count <= DECODER_SPAN_LIMIT;

	for (size_t i = 0; i < d->count && good; i++) {
		good = d->in[i].len <= DECODER_REQUEST_LIMIT - total;
		total += good ? d->in[i].len : 0;
	}
	return good || err_set(e, ERR_INPUT, "there is more to decode than %d bytes in %d pieces",
			       DECODER_REQUEST_LIMIT, DECODER_SPAN_LIMIT);
}

static bool decoder_send_request(int channel, const struct decode *d)
{
	struct ask ask = { .seconds = seconds_of(d), .count = (uint32_t)d->count };
	uint64_t lengths[DECODER_SPAN_LIMIT];

	while (helper.table[ask.which] && helper.table[ask.which] != d->fn)
		ask.which++;
	for (size_t i = 0; i < d->count; i++)
		lengths[i] = d->in[i].len;
	if (!decoder_send_all(channel, &ask, sizeof(ask)) ||
	    !decoder_send_all(channel, lengths, d->count * sizeof(*lengths)))
		return false;
	for (size_t i = 0; i < d->count; i++)
		if (!decoder_send_all(channel, d->in[i].bytes, d->in[i].len))
			return false;
	return true;
}

/* Replies to requests that were sent side by side. */
struct replies {
	struct reply heads[SANDBOX_AT_ONCE];
	struct secret bodies[SANDBOX_AT_ONCE];
	bool complete[SANDBOX_AT_ONCE];
};

static void replies_release(struct replies *r)
{
	for (size_t i = 0; i < SANDBOX_AT_ONCE; i++)
		secret_release(&r->bodies[i]);
}
AUTO_STRUCT(replies, struct replies, replies_release)

/* False when the reply is malformed or incomplete. */
static bool receive_reply(int channel, struct reply *reply, struct secret *body)
{
	if (!receive_all(channel, reply, sizeof(*reply)) || reply->len > SANDBOX_ANSWER_LIMIT ||
	    reply->code >= ERR_COUNT)
		return false;
	secret_alloc(body, reply->len);
	return receive_all(channel, body->bytes, body->len);
}

/* Discards the reply to a stopped request, waiting as long as the slowest request may take. */
static bool drop_pending(size_t i)
{
	int64_t most = (int64_t)DECODER_SECONDS_LIMIT * SANDBOX_WALL_TIMES;
	AUTO(secret) ignored = { 0 };
	struct reply reply;

	if (!helper.pending[i])
		return true;
	helper.pending[i] = false;
	return decoder_wait_for(helper.channels[i], POLLIN, clock_mono_ms() + most * 1000) &&
	       receive_reply(helper.channels[i], &reply, &ignored);
}

/* Receives the replies that have come by now, or come soon. */
static bool replies_receive(struct replies *r, size_t count)
{
	struct pollfd ready[SANDBOX_AT_ONCE];

	for (size_t i = 0; i < count; i++)
		ready[i] = (struct pollfd){ .fd = r->complete[i] ? -1 : helper.channels[i],
					    .events = POLLIN };
	if (poll(ready, count, POLL_MS) <= 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!ready[i].revents)
			continue;
		if (!receive_reply(helper.channels[i], &r->heads[i], &r->bodies[i]))
			return false;
		r->complete[i] = true;
	}
	return true;
}

/* False with ERR_STOPPED, or without an error when a reply does not come. */
static bool await_replies(struct replies *r, size_t count, bool lasts_a_stop, int64_t deadline,
			  struct err *e)
{
	for (;;) {
		size_t missing = 0;

		for (size_t i = 0; i < count; i++)
			missing += !r->complete[i];
		if (!missing)
			return true;
		if (!lasts_a_stop && stop_requested()) {
			for (size_t i = 0; i < count; i++)
				helper.pending[i] = !r->complete[i];
			return err_set(e, ERR_STOPPED, "decoding was stopped as asked");
		}
		if (clock_mono_ms() >= deadline || !replies_receive(r, count))
			return false;
	}
}

static bool decoder_ask_all(const struct decode *list, size_t count, struct secret *answers,
			    struct err *e)
{
	int64_t wall = TRANSFER_MS;
	AUTO(replies) r = { 0 };
	AUTO(buf) shown = { 0 };

	if (!own_channels(count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!drop_pending(i) || !decoder_send_request(helper.channels[i], &list[i]))
			return decoder_lost(e);
		wall += (int64_t)seconds_of(&list[i]) * SANDBOX_WALL_TIMES * 1000;
	}
	if (!await_replies(&r, count, list->lasts_a_stop, clock_mono_ms() + wall, e))
		return e->code == ERR_STOPPED ? false : decoder_lost(e);
	for (size_t i = 0; i < count; i++) {
		if (!r.heads[i].code)
			continue;
		text_escape_whole(&shown, (const char *)r.bodies[i].bytes, r.bodies[i].len);
		return err_set(e, (enum err_code)r.heads[i].code, "%s", buf_text(&shown));
	}
	for (size_t i = 0; i < count; i++)
		answers[i] = TAKE(r.bodies[i]);
	return true;
}

static bool decode_here(void *ctx, struct buf *answer, struct err *e)
{
	const struct decode *d = ctx;

	return d->fn(d->in, d->count, answer, e);
}

bool decoder_run_all(const struct decode *list, size_t count, struct secret *answers, struct err *e)
{
	struct sandbox_work works[SANDBOX_AT_ONCE];

	assert(count <= SANDBOX_AT_ONCE);
	for (size_t i = 0; i < count; i++) {
		if (!decoder_check_size(&list[i], e))
			return false;
		works[i] = (struct sandbox_work){ .fn = decode_here,
						  .ctx = (void *)&list[i],
						  .seconds = seconds_of(&list[i]),
						  .lasts_a_stop = list->lasts_a_stop };
	}
	return helper.table ? decoder_ask_all(list, count, answers, e)
			    : sandbox_work_all(works, count, answers, e);
}

bool decoder_run(const struct decode *d, struct secret *answer, struct err *e)
{
	return decoder_run_all(d, 1, answer, e);
}

/* ---- spans ---- */

void span_add(struct buf *answer, const void *bytes, size_t len)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(answer, (char)(len >> shift & 0xff));
	buf_add(answer, bytes, len);
}

bool span_take(struct span *rest, struct span *out)
{
	const unsigned char *at = rest->bytes;
	size_t len = 0;

	if (rest->len < SPAN_HEAD)
		return false;
	for (size_t i = 0; i < SPAN_HEAD; i++)
		len = len << 8 | at[i];
	if (len > rest->len - SPAN_HEAD)
		return false;
	*out = (struct span){ at + SPAN_HEAD, len };
	*rest = (struct span){ at + SPAN_HEAD + len, rest->len - SPAN_HEAD - len };
	return true;
}
