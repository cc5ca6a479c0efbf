/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of the SSH host key. */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "remote/ssh_internal.h"

#include <stdio.h>
#include <string.h>

enum {
	KNOWN_HOSTS_LIMIT = 1024 * 1024,
	SHA256_BYTES = 32,
	PRINT_ROOM = 64,
};

/* Host key types that libssh2 can verify, in order of preference. */
static const struct kind {
	const char *name;
	int type;  /* for libssh2_session_hostkey() */
	int known; /* for libssh2_knownhost_checkp() */
} kinds[] = {
	{ "ssh-ed25519", LIBSSH2_HOSTKEY_TYPE_ED25519, LIBSSH2_KNOWNHOST_KEY_ED25519 },
	{ "ecdsa-sha2-nistp256", LIBSSH2_HOSTKEY_TYPE_ECDSA_256, LIBSSH2_KNOWNHOST_KEY_ECDSA_256 },
	{ "ecdsa-sha2-nistp384", LIBSSH2_HOSTKEY_TYPE_ECDSA_384, LIBSSH2_KNOWNHOST_KEY_ECDSA_384 },
	{ "ecdsa-sha2-nistp521", LIBSSH2_HOSTKEY_TYPE_ECDSA_521, LIBSSH2_KNOWNHOST_KEY_ECDSA_521 },
	/* SHA-2 only: the method "ssh-rsa" is SHA-1 */
	{ "rsa-sha2-512,rsa-sha2-256", LIBSSH2_HOSTKEY_TYPE_RSA, LIBSSH2_KNOWNHOST_KEY_SSHRSA },
};
enum {
	KIND_COUNT = sizeof(kinds) / sizeof(*kinds)
};

/* ---- known_hosts ---- */

/*
 * Feeds known_hosts to libssh2 line by line: it reads past the end of a line in
 * search of a line break.  Unreadable lines are skipped, as in OpenSSH.  Lines
 * with a marker ("@revoked") are left out, since libssh2 would take the marker
 * for a host name.
 */
static void ssh_host_read_lines(struct ssh *s, const char *text, size_t len)
{
	AUTO(arena) a = { 0 };

	for (const char *at = text; at < text + len;) {
		size_t length = strcspn(at, "\r\n");
		const char *line = arena_strndup(&a, at, length);

		if (*line != '@')
			(void)!libssh2_knownhost_readline(s->hosts, line, length,
							  LIBSSH2_KNOWNHOST_FILE_OPENSSH);
		at += length + 1;
	}
}

/* Probes with an impossible key: MISMATCH means that a key of this type is known. */
static bool ssh_host_is_known_kind(const struct ssh *s, const struct kind *k)
{
	return s->hosts &&
	       libssh2_knownhost_checkp(s->hosts, s->login.host, s->login.port, "AAAA", 4,
					LIBSSH2_KNOWNHOST_TYPE_PLAIN |
						LIBSSH2_KNOWNHOST_KEYENC_BASE64 | k->known,
					NULL) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH;
}

static void ssh_host_add_names(const struct ssh *s, bool known, struct buf *out)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (ssh_host_is_known_kind(s, &kinds[i]) == known)
			buf_printf(out, "%s%s", out->len ? "," : "", kinds[i].name);
}

/* Offers known key types first, so that the server presents a key we can check. */
bool ssh_host_expect(struct ssh *s, struct err *e)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) names = { 0 };

	if (!s->login.host_key && s->login.known_hosts) {
		if (!trusted_file_text(s->login.known_hosts, KNOWN_HOSTS_LIMIT, &text, e))
			return err_in(e, "cannot read the known SSH hosts");
		s->hosts = libssh2_knownhost_init(s->session);
		if (!s->hosts)
			abort();
		ssh_host_read_lines(s, buf_text(&text), text.len);
	}
	ssh_host_add_names(s, true, &names);
	ssh_host_add_names(s, false, &names);
	return ssh_prefer(s, LIBSSH2_METHOD_HOSTKEY, buf_text(&names), e);
}

/* ---- presented key ---- */

struct presented_key {
	const char *key;
	size_t len;
	const struct kind *kind; /* NULL: a type that cannot be verified */
	char print[PRINT_ROOM];
};

static struct presented_key see(const struct ssh *s)
{
	const char *hash = libssh2_hostkey_hash(s->session, LIBSSH2_HOSTKEY_HASH_SHA256);
	struct presented_key shown = { 0 };
	int type = LIBSSH2_HOSTKEY_TYPE_UNKNOWN;
	AUTO(buf) text = { 0 };

	shown.key = libssh2_session_hostkey(s->session, &shown.len, &type);
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (kinds[i].type == type)
			shown.kind = &kinds[i];
	/* as ssh-keygen -l prints it */
	buf_puts(&text, "SHA256:");
	if (hash)
		text_base64(&text, hash, SHA256_BYTES);
	snprintf(shown.print, sizeof(shown.print), "%.*s", (int)strcspn(buf_text(&text), "="),
		 buf_text(&text));
	return shown;
}

/* An "@revoked" line counts for every host name. */
static bool is_revoked(const char *text, const struct presented_key *shown)
{
	AUTO(buf) key = { 0 };

	text_base64(&key, shown->key, shown->len);
	for (const char *at = text; (at = strstr(at, "@revoked")); at++) {
		AUTO(str) line = xstrdup(at);

		line[strcspn(line, "\n")] = '\0';
		if ((at == text || at[-1] == '\n') && strstr(line, buf_text(&key)))
			return true;
	}
	return false;
}

static bool check_pin(const struct ssh *s, const struct presented_key *shown, struct err *e)
{
	if (!strcmp(shown->print, s->login.host_key))
		return true;
	return err_set(
		e, ERR_REMOTE,
		"'%s' shows the host key %s (%s), not the pinned 'host_key' %s: another key of it was pinned, it was changed, or the connection is intercepted",
		s->login.host, shown->print, shown->kind ? shown->kind->name : "of an unknown kind",
		s->login.host_key);
}

static bool check_known(const struct ssh *s, const struct presented_key *shown, struct err *e)
{
	const struct ssh_login *l = &s->login;
	int known = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW |
		    (shown->kind ? shown->kind->known : 0);
	const char *kind = shown->kind ? shown->kind->name : "of an unknown kind";

	switch (s->hosts && shown->kind
			? libssh2_knownhost_checkp(s->hosts, l->host, l->port, shown->key,
						   shown->len, known, NULL)
			: LIBSSH2_KNOWNHOST_CHECK_NOTFOUND) {
	case LIBSSH2_KNOWNHOST_CHECK_MATCH:
		return true;
	case LIBSSH2_KNOWNHOST_CHECK_MISMATCH:
		return err_set(
			e, ERR_REMOTE,
			"'%s' shows the host key %s (%s), which is not the one in '%s': it was changed, or the connection is intercepted",
			l->host, shown->print, kind, l->known_hosts);
	default: /* not found, or a failure of libssh2 */
		return err_set(
			e, ERR_REMOTE,
			"'%s' shows the host key %s (%s), which is not known; if 'ssh-keygen -l' on that host says the same, pin it with 'host_key', or add it to 'known_hosts'",
			l->host, shown->print, kind);
	}
}

static bool check_revoked(const struct ssh *s, const struct presented_key *shown, struct err *e)
{
	AUTO(buf) text = { 0 };

	if (!s->login.known_hosts)
		return true;
	if (!trusted_file_text(s->login.known_hosts, KNOWN_HOSTS_LIMIT, &text, e))
		return err_in(e, "cannot read the known SSH hosts");
	return !is_revoked(buf_text(&text), shown) ||
	       err_set(e, ERR_REMOTE, "'%s' shows the host key %s, which is revoked in '%s'",
		       s->login.host, shown->print, s->login.known_hosts);
}

bool ssh_host_check(struct ssh *s, struct err *e)
{
	const struct presented_key shown = see(s);

	if (!shown.key)
		return err_set(e, ERR_REMOTE, "'%s' shows no host key", s->login.host);
	return check_revoked(s, &shown, e) &&
	       (s->login.host_key ? check_pin(s, &shown, e) : check_known(s, &shown, e));
}
