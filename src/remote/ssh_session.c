/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/ssh_session.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "remote/ssh_internal.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SSH_POLL_MS = 200, /* libssh2 is asked again, whatever it waits for */
	GOODBYES = 8       /* calls of libssh2_session_free() until it succeeds */
};

/* Methods to offer, without weak ones; ssh_prefer() drops unsupported ones. */
static const struct {
	int method;
	const char *names;
} preferences[] = {
	{ LIBSSH2_METHOD_KEX,
	  "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group14-sha256" },
	{ LIBSSH2_METHOD_CRYPT_CS,
	  "aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr" },
	{ LIBSSH2_METHOD_CRYPT_SC,
	  "aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr" },
	{ LIBSSH2_METHOD_MAC_CS,
	  "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512" },
	{ LIBSSH2_METHOD_MAC_SC,
	  "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512" },
};

/* ---- allocator that wipes freed memory ---- */

static void *get_memory(size_t size, void **ctx)
{
	(void)ctx;
	return malloc(size);
}

static void drop_memory(void *memory, void **ctx)
{
	(void)ctx;
	wipe_free(memory);
}

static void *resize_memory(void *memory, size_t size, void **ctx)
{
	(void)ctx;
	return wipe_realloc(memory, size);
}

/* ---- life ---- */

static bool is_one_of(const char *name, size_t len, const char **list, int count)
{
	for (int i = 0; i < count; i++)
		if (strlen(list[i]) == len && !strncmp(list[i], name, len))
			return true;
	return false;
}

/* libssh2 1.10 corrupts its list when it has to drop an unsupported method itself. */
bool ssh_prefer(struct ssh *s, int method, const char *names, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) usable = { 0 };
	const char **supported = NULL;
	int count = libssh2_session_supported_algs(s->session, method, &supported);

	for (const char *at = names; *at;) {
		size_t len = strcspn(at, ",");

		if (is_one_of(at, len, supported, count)) {
			buf_puts(&usable, usable.len ? "," : "");
			buf_add(&usable, at, len);
		}
		at += len + (at[len] == ',');
	}
	if (count > 0)
		libssh2_free(s->session, supported);
	return !libssh2_session_method_pref(s->session, method, buf_text(&usable)) ||
	       err_set(e, ERR_REMOTE, "cannot set up SSH: %s", ssh_error_text(s, &a));
}

static const char *ssh_session_own_text(struct ssh *s, const char *text)
{
	return text ? arena_strdup(&s->own, text) : NULL;
}

bool ssh_open(int fd, const struct ssh_login *login, struct ssh **out, struct err *e)
{
	AUTO(ssh) s = xcalloc(1, sizeof(*s));

	s->fd = fd;
	s->login = *login;
	s->login.user = ssh_session_own_text(s, login->user);
	s->login.host = ssh_session_own_text(s, login->host);
	s->login.known_hosts = ssh_session_own_text(s, login->known_hosts);
	s->login.host_key = ssh_session_own_text(s, login->host_key);
	s->output = xcalloc(1, SSH_OUTPUT_LIMIT);
	s->session = libssh2_session_init_ex(get_memory, drop_memory, resize_memory, NULL);
	if (!s->session)
		abort();
	libssh2_session_set_blocking(s->session, 0);
	for (size_t i = 0; i < sizeof(preferences) / sizeof(*preferences); i++)
		if (!ssh_prefer(s, preferences[i].method, preferences[i].names, e))
			return false;
	if (!ssh_host_expect(s, e))
		return false;
	*out = TAKE(s);
	return true;
}

/* The socket is shut down first, so that libssh2 does not wait for it. */
void ssh_close(struct ssh *s)
{
	if (!s)
		return;
	if (s->ready && !s->handle && !s->channel)
		libssh2_session_disconnect(s->session, "done");
	shutdown(s->fd, SHUT_RDWR);
	if (s->hosts)
		libssh2_knownhost_free(s->hosts);
	for (int i = 0; i < GOODBYES && s->session; i++)
		if (libssh2_session_free(s->session) != LIBSSH2_ERROR_EAGAIN)
			s->session = NULL;
	close(s->fd);
	free(s->output);
	arena_release(&s->own);
	free(s);
}

bool ssh_is_alive(const struct ssh *s)
{
	char byte = 0;
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	if (poll(&p, 1, 0) <= 0)
		return true; /* no data and no end of file */
	return !(p.revents & (POLLERR | POLLHUP | POLLNVAL)) &&
	       recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool ssh_login_equal(const struct ssh_login *a, const struct ssh_login *b)
{
	return a->port == b->port && a->key == b->key && text_equal(a->host, b->host) &&
	       text_equal(a->user, b->user) && text_equal(a->host_key, b->host_key) &&
	       text_equal(a->known_hosts, b->known_hosts);
}

bool ssh_is_for(const struct ssh *s, const struct ssh_login *login)
{
	return ssh_login_equal(&s->login, login);
}

bool ssh_was_dropped(const struct ssh *s)
{
	return s->dropped;
}

/* ---- libssh2 errors ---- */

static bool ssh_wait(struct ssh *s, short events)
{
	int64_t until = clock_mono_ms() + SSH_POLL_MS;

	if (!s->gave_up && !loop_wait(s->fd, events, until < s->end_ms ? until : s->end_ms))
		s->gave_up = loop_is_stopped() || clock_mono_ms() >= s->end_ms;
	return !s->gave_up;
}

bool ssh_would_block(struct ssh *s, ssize_t rc)
{
	int directions = 0;
	short events = 0;

	s->rc = (int)rc;
	if (rc != LIBSSH2_ERROR_EAGAIN)
		return false;
	directions = libssh2_session_block_directions(s->session);
	if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
		events |= POLLOUT;
	if (!events || directions & LIBSSH2_SESSION_BLOCK_INBOUND)
		events |= POLLIN;
	return ssh_wait(s, events);
}

bool ssh_wait_in(struct ssh *s)
{
	return ssh_wait(s, POLLIN);
}

ssize_t ssh_code_of(const struct ssh *s, const void *handle)
{
	int rc = handle ? 0 : libssh2_session_last_errno(s->session);

	return handle || rc ? rc : LIBSSH2_ERROR_EAGAIN;
}

const char *ssh_error_text(const struct ssh *s, struct arena *a)
{
	char *text = NULL;

	libssh2_session_last_error(s->session, &text, NULL, 0);
	return text_escaped(a, text && *text ? text : "no reason is given");
}

static bool ssh_fail(struct ssh *s, const struct err *e)
{
	s->broken = true;
	s->error = *e;
	return false;
}

bool ssh_broken(struct ssh *s, const char *doing)
{
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	err_set(&e, ERR_REMOTE, "cannot %s: %s ('%s')", doing, ssh_error_text(s, &a),
		s->login.host);
	return ssh_fail(s, &e);
}

/* ---- handshake and login ---- */

/* libssh2 also returns a line sent before the banner, such as a reason to refuse. */
static bool has_banner(const struct ssh *s)
{
	const char *banner = libssh2_session_banner_get(s->session);

	return banner && !strncmp(banner, "SSH-", 4);
}

static bool was_dropped(struct ssh *s)
{
	struct err e = { 0 };

	s->dropped = true;
	err_set(&e, ERR_REMOTE,
		"'%s' refused the connection before its SSH banner: it has too many connections (MaxStartups), or logins from here failed (PerSourcePenalties); try again later",
		s->login.host);
	return ssh_fail(s, &e);
}

static bool shake(struct ssh *s)
{
	struct err e = { 0 };
	int rc = SSH_CALL(s, libssh2_session_handshake(s->session, s->fd));
	if (rc && !has_banner(s))
		return was_dropped(s);
	if (rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE)
		return ssh_broken(
			s, "agree on how to encrypt (a host key of ed25519 or ecdsa is needed)");
	if (rc)
		return ssh_broken(s, "begin an SSH session");
	if (!ssh_host_check(s, &e))
		return ssh_fail(s, &e);
	if (s->hosts)
		libssh2_knownhost_free(TAKE(s->hosts));
	return true;
}

static const char no_rsa[] =
#if LIBSSH2_VERSION_NUM < 0x010b00
	", and it must be no RSA key, which this libssh2 can use only with SHA-1: take ed25519"
#endif
	"";

static bool refuse_login(struct ssh *s, int rc)
{
	const struct ssh_login *l = &s->login;
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	switch (rc) {
	case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
	case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
		err_set(&e, ERR_REMOTE,
			"'%s' refuses user '%s' with the SSH key: its public half must be in that user's authorized_keys%s",
			l->host, l->user, no_rsa);
		break;
	case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
	case LIBSSH2_ERROR_FILE:
	case LIBSSH2_ERROR_PROTO: /* encrypted PEM */
	case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
		err_set(&e, ERR_INPUT,
			"the SSH key cannot be used (a wrong or missing passphrase, or no key): %s",
			ssh_error_text(s, &a));
		break;
	default: /* the many other codes of libssh2 */
		return ssh_broken(s, "log in");
	}
	return ssh_fail(s, &e);
}

static bool log_in(struct ssh *s)
{
	const struct ssh_login *l = &s->login;
	const char *passphrase = l->passphrase ? (const char *)l->passphrase->bytes : "";
	int rc = SSH_CALL(s, libssh2_userauth_publickey_frommemory(
				     s->session, l->user, strlen(l->user), NULL, 0,
				     (const char *)l->key->bytes, l->key->len, passphrase));
	if (rc)
		return refuse_login(s, rc);
	s->ready = true;
	return true;
}

/* ---- requests ---- */

static ssh_op_fn *const ops[SSH_KIND_COUNT] = {
	[SSH_LOOK] = ssh_look,     [SSH_LINK] = ssh_link,   [SSH_LIST] = ssh_list,
	[SSH_READ] = ssh_read,     [SSH_WRITE] = ssh_write, [SSH_RENAME] = ssh_rename,
	[SSH_REMOVE] = ssh_remove, [SSH_RUN] = ssh_run,
};

/* Errors do not matter, the op is finished. */
static void close_what_is_open(struct ssh *s)
{
	int rc = SSH_CALL(s, s->handle ? libssh2_sftp_close_handle(s->handle) : 0);
	if (rc != LIBSSH2_ERROR_EAGAIN)
		s->handle = NULL;
	rc = SSH_CALL(s, s->channel ? libssh2_channel_free(s->channel) : 0);
	if (rc != LIBSSH2_ERROR_EAGAIN)
		s->channel = NULL;
}

/* The result of what has come to its end: a broken connection, or no more time. */
static bool ssh_result(const struct ssh *s, struct err *e)
{
	if (s->broken && !s->gave_up)
		*e = s->error;
	return !s->broken && !s->gave_up;
}

bool ssh_log_in(struct ssh *s, int64_t end_ms, struct err *e)
{
	s->end_ms = end_ms;
	return shake(s) && log_in(s) ? true : ssh_result(s, e);
}

bool ssh_request(struct ssh *s, struct ssh_ask *ask, int64_t end_ms, struct err *e)
{
	s->ask = ask;
	s->begun = false;
	s->end_ms = end_ms;
	for (size_t i = 0; i < ask->count && !s->gave_up; i++) {
		struct ssh_op *op = &ask->ops[i];

		libssh2_session_set_last_error(s->session, 0, "");
		if (ops[op->kind](s, op))
			op->result = SSH_DONE;
		if (s->broken)
			break;
		s->begun = true;
		close_what_is_open(s);
		if (op->needed && op->result != SSH_DONE)
			break;
	}
	return ssh_result(s, e);
}

bool ssh_gave_up(const struct ssh *s)
{
	return s->gave_up;
}

bool ssh_has_begun(const struct ssh *s)
{
	return s->begun;
}

void ssh_ask_clear(struct ssh_ask *a)
{
	for (size_t i = 0; i < a->count; i++)
		secret_release(&a->ops[i].got);
}
