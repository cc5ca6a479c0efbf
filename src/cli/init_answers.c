/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/init_answers.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "bundle/pem_zip.h"
#include "config/netname.h"
#include "config/values.h"
#include "model/fleet.h"
#include "pki/issue.h"
#include "pki/pair.h"

#include <string.h>

enum {
	PARTS = 2, /* of a place */
};

const char *answers_path(const struct answers *a, const char *text)
{
	return fs_beneath(a->directory, fs_absolute(a->arena, text));
}

/* ---- names ---- */

static bool is_taken(const struct answers *a, const char *name)
{
	vec_each (c, &a->starter.certificates)
		if (!strcasecmp(c->name, name))
			return true;
	vec_each (c, &a->starter.components)
		if (!strcasecmp(c->name, name))
			return true;
	return false;
}

const char *answers_new_name(const struct answers *a, const char *text)
{
	char *name = NULL;

	if (!strncmp(text, "*.", 2))
		text = arena_printf(a->arena, "wildcard%s", text + 1);
	name = arena_strndup(a->arena, text, strnlen(text, NAME_LIMIT - 4));
	for (char *at = name; *at; at++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
			    *at))
			*at = '-';
	name += strspn(name, "._-");

	const char *base = *name ? name : "site";
	const char *found = base;

	for (unsigned i = 2; is_taken(a, found); i++)
		found = arena_printf(a->arena, "%s-%u", base, i);
	return found;
}

void answers_init(struct answers *a, struct arena *arena, const char *path)
{
	const char *slash = NULL;

	*a = (struct answers){ .arena = arena, .path = path };
	a->directory = fs_absolute(arena, fs_dirname(arena, path));
	slash = strrchr(a->directory, '/');
	a->starter.fleet = answers_new_name(a, slash && slash[1] ? slash + 1 : "fleet");
	a->starter.issuer = arena_printf(arena, "%.*s-ca", NAME_LIMIT - 4, a->starter.fleet);
}

/* ---- the certificate ---- */

/* The certificate of --subject or --import; the first answer makes it. */
static struct starter_certificate *answers_certificate(struct answers *a, const char *name)
{
	struct starter *s = &a->starter;
	const struct starter_certificate c = { .name = answers_new_name(a, name) };

	if (!s->certificates.count)
		VEC_PUSH(&s->certificates, a->arena, c);
	return &s->certificates.items[0];
}

bool answers_subject(struct answers *a, const char *text, struct err *e)
{
	const char *canonical = NULL;
	const char *cn = NULL;

	if (!subject_canonical(text, a->arena, &canonical, &cn, e)) {
		e->code = ERR_USAGE;
		return err_remedy(e, "a subject looks like CN=shop.example.com, O=Example Shop");
	}
	if (!cn)
		return err_set(
			e, ERR_USAGE,
			"the subject '%s' has no CN; write it like CN=shop.example.com, O=Example Shop",
			text_escaped(a->arena, text));
	answers_certificate(a, cn)->subject = arena_strdup(a->arena, text);
	return true;
}

bool answers_names(struct answers *a, const char *text, struct err *e)
{
	VEC(const char *) names = { 0 };
	struct san san = { 0 };

	while (*text) {
		size_t len = strcspn(text, ",");
		size_t blank = strspn(text, " ");
		const char *name = arena_strndup(a->arena, text + blank, len - blank);

		if (!san_parse(a->arena, name, &san))
			return err_set(
				e, ERR_USAGE,
				"'%s' is no name for a certificate; names are DNS names, IP addresses, URIs and e-mail addresses, with commas between them",
				text_escaped(a->arena, name));
		VEC_PUSH(&names, a->arena, name);
		text += len + (text[len] == ',');
	}
	answers_certificate(a, "site")->names = names.items;
	a->starter.certificates.items[0].name_count = names.count;
	return true;
}

bool answers_issuer(struct answers *a, const char *text, struct err *e)
{
	if (!name_is_valid(text))
		return err_set(
			e, ERR_USAGE,
			"the issuer '%s' is neither self nor a name, which has up to %d of A-Z a-z 0-9 . _ -",
			text_escaped(a->arena, text), NAME_LIMIT);
	a->starter.issuer = strcmp(text, "self") != 0 ? arena_strdup(a->arena, text) : NULL;
	return true;
}

bool answers_validity(struct answers *a, const char *text, struct err *e)
{
	int64_t seconds = 0;

	if (!duration_parse(text, &seconds) || seconds < 1)
		return err_set(e, ERR_USAGE, "the validity '%s' must look like 90d, 36h or 1y",
			       text_escaped(a->arena, text));
	a->starter.validity = arena_strdup(a->arena, text);
	return true;
}

bool answers_import(struct answers *a, const char *text, struct err *e)
{
	AUTO(secret) file = { 0 };
	const char *slash = strrchr(text, '/');
	const char *form = "pkcs12";
	const char **files = arena_array(a->arena, 1, sizeof(*files));
	struct starter_certificate *c = NULL;

	if (!fs_read_secret(text, INPUT_FILE_LIMIT, &file, e))
		return err_in(e, "import");
	if (bytes_find(file.bytes, file.len, "-----BEGIN "))
		form = "pem";
	else if (file.len > 4 && !memcmp(file.bytes, "PK\3\4", 4))
		form = "zip";
	else if (!file.len || file.bytes[0] != 0x30)
		return err_set(e, ERR_USAGE,
			       "'%s' is neither PEM, PKCS#12 nor a ZIP of PEM files; name another",
			       text_escaped(a->arena, text));
	files[0] = answers_path(a, text);
	c = answers_certificate(a, slash ? slash + 1 : text);
	c->form = form;
	c->files = files;
	c->file_count = 1;
	return true;
}

bool answers_password_file(struct answers *a, const char *text, struct err *e)
{
	if (!a->starter.certificates.count || !a->starter.certificates.items[0].form)
		return err_set(e, ERR_USAGE, "'--password-file' goes with --import");
	a->starter.certificates.items[0].password = answers_path(a, text);
	return true;
}

bool answers_restart(struct answers *a, const char *text, struct err *e)
{
	a->starter.postponed = !strcmp(text, restart_when_names[RESTART_POSTPONED]);
	return a->starter.postponed || !strcmp(text, restart_when_names[RESTART_IMMEDIATE]) ||
	       err_set(e, ERR_USAGE, "restarts are immediate or postponed, not '%s'",
		       text_escaped(a->arena, text));
}

/* ---- components ---- */

/* The forms of WHERE; of each driver the longest one first. */
static const struct place {
	const char *driver;
	const char *keys[PARTS]; /* of its parts, with commas between them; NULL: one text */
	size_t parts;
	const char *form;
	const char *help;
} places[] = {
	{ "files", { "certificate", "key" }, 2, "CERTIFICATE,KEY", "two files of this machine" },
	{ "files", { "directory" }, 1, "DIRECTORY", "fullchain.pem, key.pem ... in a directory" },
	{ "sftp", { "url", "directory" }, 2, "USER@HOST,DIRECTORY", "the same on another, by SSH" },
	{ "agent", { NULL }, 1, "https://HOST:PORT", "an agent on another machine" },
	{ "haproxy", { "socket", "certificate" }, 2, "SOCKET,FILE", "a running HAProxy" },
	{ "caddy", { "admin", "id" }, 2, "URL,ID", "a running Caddy" },
	{ "etcd", { "endpoints", "key" }, 2, "URL,KEY", "a key in etcd" },
	{ "handoff", { "file" }, 1, "FILE", "a person imports the file" },
	{ 0 },
};

void answers_drivers(struct buf *out)
{
	for (const struct place *p = places; p->driver; p++)
		buf_printf(out, "    %s:%-*s  %s\n", p->driver, (int)(27 - strlen(p->driver)),
			   p->form, p->help);
}

/* "NAME=REST" */
static bool divide(const struct answers *a, const char *text, const char **name, const char **rest,
		   struct err *e)
{
	const char *equals = strchr(text, '=');

	*name = equals ? arena_strndup(a->arena, text, (size_t)(equals - text)) : "";
	*rest = equals ? equals + 1 : "";
	return (name_is_valid(*name) && **rest) ||
	       err_set(e, ERR_USAGE,
		       "'%s' must begin with the name of a component and '=', like web1=...",
		       text_escaped(a->arena, text));
}

static struct starter_component *find_component(const struct answers *a, const char *name)
{
	vec_each (c, &a->starter.components)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static size_t parts_of(const struct answers *a, const char *text, const char **parts)
{
	size_t count = 0;

	while (count < PARTS) {
		size_t len = count + 1 < PARTS ? strcspn(text, ",") : strlen(text);

		parts[count++] = arena_strndup(a->arena, text, len);
		if (!text[len])
			break;
		text += len + 1;
	}
	return count;
}

/* What the fleet file says for a part. */
static const char *part_value(const struct answers *a, const struct place *p, size_t i,
			      const char *text)
{
	if (!strcmp(p->driver, "sftp"))
		return i || !strncmp(text, "sftp://", 7)
			       ? text
			       : arena_printf(a->arena, "sftp://%s", text);
	if (!strcmp(p->driver, "files") || !strcmp(p->driver, "handoff") ||
	    (!strcmp(p->driver, "haproxy") && strncmp(text, "tcp:", 4) != 0))
		return answers_path(a, text);
	return text;
}

static bool unknown_place(const struct answers *a, const char *where, struct err *e)
{
	AUTO(buf) known = { 0 };

	for (const struct place *p = places; p->driver; p++)
		buf_printf(&known, "%s%s:%s", known.len ? ", " : "", p->driver, p->form);
	return err_set(
		e, ERR_USAGE,
		"'%s' is no place for a pair; it is one of %s (others by hand, see certfleet.yaml(5))",
		text_escaped(a->arena, where), buf_text(&known));
}

static bool read_place(const struct answers *a, const char *where, struct starter_component *c,
		       struct err *e)
{
	size_t len = strcspn(where, ":");
	const char *parts[PARTS] = { 0 };
	size_t count = where[len] ? parts_of(a, where + len + 1, parts) : 0;
	const struct place *p = places;
	struct starter_key *keys = arena_array(a->arena, PARTS, sizeof(*keys));

	while (p->driver &&
	       (strncmp(p->driver, where, len) != 0 || p->driver[len] || p->parts != count))
		p++;
	if (!p->driver || !*parts[0] || (count > 1 && !*parts[1]))
		return unknown_place(a, where, e);
	c->driver = p->driver;
	c->place = parts[0];
	for (size_t i = 0; i < count && p->keys[i]; i++) {
		const char **value = arena_array(a->arena, 1, sizeof(*value));

		*value = part_value(a, p, i, parts[i]);
		keys[i] = (struct starter_key){ p->keys[i], value, 1,
						!strcmp(p->keys[i], "endpoints") };
		c->deliver_count++;
	}
	c->deliver = keys;
	return true;
}

bool answers_component(struct answers *a, const char *text, struct err *e)
{
	struct starter_component c = { 0 };
	const char *where = NULL;

	if (!divide(a, text, &c.name, &where, e) || !read_place(a, where, &c, e))
		return false;
	if (find_component(a, c.name))
		return err_set(e, ERR_USAGE, "the component '%s' is named twice", c.name);
	if (!a->starter.certificates.count)
		return err_set(e, ERR_USAGE,
			       "the component '%s' needs a certificate; give --subject or --import",
			       c.name);
	c.certificate = a->starter.certificates.items[0].name;
	VEC_PUSH(&a->starter.components, a->arena, c);
	return true;
}

/* ---- activation and port ---- */

static bool named_component(const struct answers *a, const char *text, struct starter_component **c,
			    const char **rest, struct err *e)
{
	const char *name = NULL;

	if (!divide(a, text, &name, rest, e))
		return false;
	*c = find_component(a, name);
	return *c ||
	       err_set(e, ERR_USAGE, "there is no component '%s'; name it with --component", name);
}

bool answers_activate(struct answers *a, const char *text, struct err *e)
{
	struct starter_component *c = NULL;
	struct starter_key *keys = arena_array(a->arena, PARTS, sizeof(*keys));
	const char *how = NULL;
	const char **values = arena_array(a->arena, PARTS, sizeof(*values));

	if (!named_component(a, text, &c, &how, e))
		return false;

	size_t len = strcspn(how, ":");
	const char *rest = how[len] ? how + len + 1 : "";
	const char *kind = arena_strndup(a->arena, how, len);
	const char *colon = strchr(rest, ':');

	values[0] = rest;
	keys[0] = (struct starter_key){ kind, values, 1, false };
	c->activate_count = 0;
	if (!strcmp(kind, "unit") && *rest) {
		c->activate_count = 1;
	} else if ((!strcmp(kind, "reload") || !strcmp(kind, "command")) && *rest) {
		if (!text_shell_split(rest, a->arena, &keys[0].values, &keys[0].count))
			return err_set(
				e, ERR_USAGE,
				"'%s' ends within quotes, or with a backslash; close them as for a shell",
				text_escaped(a->arena, rest));
		keys[0].list = true;
		c->activate_count = keys[0].count > 0;
	} else if (!strcmp(kind, "signal") && colon && colon[1]) {
		values[0] = arena_strndup(a->arena, rest, (size_t)(colon - rest));
		values[1] = text_equal(c->driver, "sftp") ? colon + 1 : answers_path(a, colon + 1);
		keys[1] = (struct starter_key){ "pidfile", values + 1, 1, false };
		c->activate_count = 2;
	}
	c->activate = keys;
	return c->activate_count ||
	       err_set(e, ERR_USAGE,
		       "'%s' activates nothing; it is one of unit:nginx.service, signal:HUP:/run/nginx.pid, reload:PROGRAM WORD..., command:PROGRAM WORD...",
		       text_escaped(a->arena, how));
}

static const struct known_port {
	uint16_t port;
	enum starttls_kind starttls;
} known_ports[] = {
	{ 5432, STARTTLS_POSTGRES }, { 25, STARTTLS_SMTP },    { 587, STARTTLS_SMTP },
	{ 143, STARTTLS_IMAP },      { 389, STARTTLS_LDAP },   { 110, STARTTLS_POP3 },
	{ 21, STARTTLS_FTP },        { 3306, STARTTLS_MYSQL }, { 5222, STARTTLS_XMPP },
	{ 4190, STARTTLS_SIEVE },
};

bool answers_port(const struct answers *a, const char *text, struct starter_component *c,
		  struct err *e)
{
	const char *slash = strrchr(text, '/');
	const char *host = NULL;
	uint16_t port = 0;

	c->port = slash ? arena_strndup(a->arena, text, (size_t)(slash - text)) : text;
	c->starttls = NULL;
	if (!host_port_parse(a->arena, c->port, &host, &port))
		return err_set(
			e, ERR_USAGE,
			"'%s' is no port; write it like 127.0.0.1:443, [::1]:443 or db1:5433/postgres",
			text_escaped(a->arena, text));
	for (size_t i = 0; !slash && i < sizeof(known_ports) / sizeof(*known_ports); i++)
		if (known_ports[i].port == port)
			c->starttls = starttls_names[known_ports[i].starttls];
	for (size_t i = 1; slash && i < STARTTLS_KIND_COUNT; i++)
		if (!strcmp(starttls_names[i], slash + 1))
			c->starttls = starttls_names[i];
	if (slash && !c->starttls)
		return err_set(
			e, ERR_USAGE,
			"'%s' is no protocol that switches to TLS; it is one of postgres, smtp, imap, ldap, pop3, ftp, mysql, xmpp, sieve",
			text_escaped(a->arena, slash + 1));
	return true;
}

bool answers_verify(struct answers *a, const char *text, struct err *e)
{
	struct starter_component *c = NULL;
	const char *port = NULL;

	return named_component(a, text, &c, &port, e) && answers_port(a, port, c, e);
}
