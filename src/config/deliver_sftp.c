/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"
#include "config/delivery.h"
#include "config/forms.h"
#include "config/netname.h"
#include "config/placeholder.h"
#include "config/rows.h"
#include "config/schema.h"
#include "config/values.h"
#include "config/writer.h"

#include <ctype.h>
#include <string.h>

#define PIN "SHA256:"

enum {
	PIN_DIGITS = 43, /* base64 digits, without padding */
	USER_LIMIT = 64,
};

/* ---- the address ---- */

static bool is_user(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]) || strchr("/:@%", text[i]))
			return false;
	return len && len <= USER_LIMIT;
}

/* The default port is 22. */
static bool parse_host(struct arena *a, const char *text, struct sftp *out)
{
	const char *behind = strrchr(text, ']');

	if (!strchr(behind ? behind : text, ':'))
		text = arena_printf(a, "%s:22", text);
	return host_port_parse(a, text, &out->host, &out->port);
}

bool sftp_parse_url(struct arena *a, const char *text, struct sftp *out)
{
	const char *rest = text + strlen("sftp://");
	const char *at = strchr(rest, '@');

	if (strncmp(text, "sftp://", strlen("sftp://")) != 0 || !at)
		return false;
	out->user = arena_strndup(a, rest, (size_t)(at - rest));
	if (!is_user(out->user) || !parse_host(a, at + 1, out))
		return false;
	out->origin = arena_printf(a, strchr(out->host, ':') ? "sftp://[%s]:%u" : "sftp://%s:%u",
				   out->host, out->port);
	return true;
}

bool sftp_check_password(struct loader *ld, const struct field *f, const struct node *n,
			 const char *text)
{
	const char *rest = strstr(text, "://");
	const char *at = rest ? strchr(rest + 3, '@') : NULL;

	return !at || !memchr(rest + 3, ':', (size_t)(at - rest - 3)) ||
	       config_error(
		       ld, n,
		       "'%s' holds a password, but certfleet never logs in with a password: name its key in 'access: {ssh: {key: ...}}'",
		       f->key);
}

/* A hint for a frequent mistake. */
static const char *hint(const char *text)
{
	const char *rest = strstr(text, "://");

	if (rest && strchr(rest + 3, '/'))
		return "; paths are said by 'directory', or 'certificate' and 'key'";
	return "";
}

/* Writes only its own members of struct sftp: `host_key` is another row's. */
static bool deliver_sftp_read_url(struct loader *ld, const struct field *f, const struct node *n,
				  void *slot)
{
	struct sftp *out = slot;
	const char *text = NULL;
	struct sftp parsed = { 0 };

	if (!value_text(ld, f, n, &text) || !sftp_check_password(ld, f, n, text))
		return false;
	if (!sftp_parse_url(&ld->fleet.arena, text, &parsed)) {
		if (!placeholder_excuses(ld, n))
			return config_error(ld, n,
					    "'%s' must be sftp://USER@HOST[:PORT], not '%s'%s",
					    f->key, shown(ld, n->text), hint(text));
		parsed = (struct sftp){ .origin = text, .host = text };
	}
	out->origin = parsed.origin;
	out->user = parsed.user;
	out->host = parsed.host;
	out->port = parsed.port;
	return true;
}

static void write_url(struct writer *w, const struct field *f, const void *slot)
{
	const struct sftp *s = slot;

	(void)f;
	put_text(w, "sftp", s->origin);
	put_text(w, "sftp_user", s->user);
}

static bool read_pin(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *text = NULL;
	const char *digits = NULL;

	if (!value_text(ld, f, n, &text))
		return false;
	digits = text + strlen(PIN);
	if (strncmp(text, PIN, strlen(PIN)) || strlen(digits) != PIN_DIGITS ||
	    strspn(digits, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
		    PIN_DIGITS) {
		if (!placeholder_excuses(ld, n))
			return config_error(
				ld, n,
				"'%s' must be \"SHA256:\" and 43 characters, as 'ssh-keygen -l' prints it, not '%s'",
				f->key, shown(ld, n->text));
	}
	*(const char **)slot = text;
	return true;
}

/* A path on the other machine is absolute: there is nothing it could be relative to. */
static bool read_far_path(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	if (n->kind == NODE_TEXT && *n->text != '/' && n->count)
		return config_error(ld, n,
				    "'%s' must be an absolute path of the other machine, not '%s'",
				    f->key, shown(ld, n->text));
	return value_path(ld, f, n, slot);
}

static const struct field_type url_type = {
	deliver_sftp_read_url, SHAPE_TEXT,     "^sftp://",
	GRAMMAR_ADDRESS,       .words = "URL", .write = write_url
};
static const struct field_type pin_type = { read_pin, SHAPE_TEXT, NULL, .words = "SHA256:..." };
static const struct field_type ssh_target_path_type = { read_far_path, SHAPE_TEXT, "^/",
							.words = "path there" };

/* ---- table of keys ---- */

#define SSH_SCRIPT_PATH(T, k, m, h, ...) \
	FIELD(T, k, m, const char *, ssh_target_path_type, .help = h, ##__VA_ARGS__)

static bool check_paths_there(struct loader *ld, const struct node *n, void *out)
{
	struct deliver *d = out;

	return install_check(ld, n, &d->files);
}

static const struct field sftp_fields[] = {
	FIELD(struct deliver, "url", sftp, struct sftp, url_type, .required = true,
	      .help = "sftp://USER@HOST[:PORT]", .last = true),
	FIELD(struct deliver, "host_key", sftp.host_key, const char *, pin_type,
	      .help = "the only key of the host that is taken, as 'ssh-keygen -l' prints it; without it known_hosts decides",
	      .last = true),
	INSTALL_ROWS(struct deliver, files., SSH_SCRIPT_PATH),
	{ 0 },
};
/* ---- rules that involve the component ---- */

/* The node of a key, in the component or, failing that, in the role. */
static const struct node *said(const struct draft *d, const char *key)
{
	const struct node *n = node_find(d->value, key);

	return n ? n : d->key;
}

/*
 * Over SSH, the process that a pidfile names and the process that gets the
 * signal cannot be tied together: the signal could hit a successor.
 */
static bool check_signal(struct loader *ld, const struct draft *d,
			 const struct component_form *form)
{
	return form->activate.kind != ACTIVATE_SIGNAL ||
	       config_error(
		       ld, said(d, "activate"),
		       "'signal' is for this machine only; over SSH say 'unit', 'reload' or 'command'");
}

static bool check_access(struct loader *ld, const struct draft *d,
			 const struct component_form *form)
{
	const struct ssh_access *a = &ld->fleet.access.ssh;

	if (a->key.kind == SECRET_NONE)
		return config_error(
			ld, said(d, "deliver"),
			"it is delivered to over SSH, but there is no 'access: {ssh: {key: ...}}', which names certfleet's own key");
	if (!a->known_hosts && !form->deliver.sftp.host_key)
		return config_error(
			ld, said(d, "deliver"),
			"the key of this host is unknown: give 'host_key' here, or 'known_hosts' in 'access: {ssh: ...}'");
	return true;
}

static bool sftp_component_check(struct loader *ld, const struct draft *d,
				 const struct component_form *form)
{
	return check_access(ld, d, form) && check_signal(ld, d, form);
}

static void sftp_locate(struct arena *a, struct deliver *d)
{
	d->remote = d->sftp.origin;
	d->place = arena_printf(a, "%s:%u", d->sftp.host, d->sftp.port);
}

const struct record sftp_record = {
	.name = "sftp",
	.fields = sftp_fields,
	.size = sizeof(struct deliver),
	.rules = install_rules,
	.check = check_paths_there,
	.component_check = sftp_component_check,
	.locate = sftp_locate,
	.help = "paths on another machine, which is reached over SSH",
};
