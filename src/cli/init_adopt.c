/* SPDX-License-Identifier: Apache-2.0 */
/* Adopting what runs today, from its files or from its port. */
#include "cli/init_answers.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "config/netname.h"
#include "pki/foreign.h"
#include "pki/import.h"
#include "pki/issue.h"
#include "pki/tls.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DATE_SHOWN = 10,
	FILES = 2, /* certificate and key */
};

/* The common name, else the first name; a wildcard and the like are made a name. */
static const char *facts_name(const struct answers *a, const struct cert_facts *f)
{
	const char *canonical = NULL;
	const char *cn = NULL;
	struct err ignored = { 0 };

	if (subject_canonical(f->subject, a->arena, &canonical, &cn, &ignored) && cn && *cn)
		return answers_new_name(a, cn);
	return answers_new_name(a, f->name_count ? f->names[0].value : "site");
}

static void take_facts(const struct answers *a, const struct cert_facts *f, const char *where,
		       struct starter_certificate *c)
{
	const char **names = arena_array(a->arena, f->name_count, sizeof(*names));
	char until[TIME_TEXT];

	for (size_t i = 0; i < f->name_count; i++)
		names[i] = arena_strdup(a->arena, f->names[i].value);
	c->name = facts_name(a, f);
	c->subject = arena_strdup(a->arena, f->subject);
	c->names = names;
	c->name_count = f->name_count;
	c->found = arena_printf(a->arena, "Found at %s: issued by '%s', ends %.*s.", where,
				f->issuer, DATE_SHOWN, time_format(f->not_after, until));
}

/* ---- files ---- */

/* Certificate and key of one --from-files, read. */
struct found_pair {
	const char *paths[FILES];
	size_t count; /* 1: both in one file */
	struct secret files[FILES];
	struct pair pair;
};

static void found_pair_release(struct found_pair *f)
{
	for (size_t i = 0; i < FILES; i++)
		secret_release(&f->files[i]);
	pair_release(&f->pair);
}
AUTO_STRUCT(found_pair, struct found_pair, found_pair_release)

static bool read_found(struct found_pair *f, struct err *e)
{
	struct import_input in = {
		.kind = IMPORT_PEM, .names = f->paths, .files = f->files, .file_count = f->count
	};

	for (size_t i = 0; i < f->count; i++)
		if (!fs_read_secret(f->paths[i], INPUT_FILE_LIMIT, &f->files[i], e))
			return err_in(e, "cannot adopt");
	return import_read(&in, &f->pair, e) || err_in(e, "cannot adopt '%s'", f->paths[0]);
}

/* Whether the chain reaches a root: its own, or one that this machine trusts. */
static bool reaches_root(const struct found_pair *f, struct arena *a)
{
	const struct cert_set *set = &f->pair.set;
	const struct cert_facts *leaf = &f->pair.facts;
	const struct der *anchors = NULL;
	size_t count = 0;

	if (set->anchor.len || (set->count == 1 && !strcmp(leaf->subject, leaf->issuer)))
		return true;
	system_trust(a, &anchors, &count);
	for (size_t i = 0; i < count; i++) {
		const struct cert_set to = { set->certs, set->count, anchors[i] };

		if (foreign_is_complete(set->certs + 1, set->count - 1, &to, 0))
			return true;
	}
	return false;
}

/* NULL: root's or ours, which stays as it is without being said. */
static const char *other_owner(const char *path, struct arena *a)
{
	const struct passwd *user = NULL;
	struct stat st;

	if (stat(path, &st) < 0 || !st.st_uid || st.st_uid == geteuid())
		return NULL;
	user = getpwuid(st.st_uid);
	return user ? arena_strdup(a, user->pw_name) : arena_printf(a, "%u", st.st_uid);
}

static void add_deliver_key(struct starter_component *c, struct arena *a, const char *key,
			    const char *value)
{
	const char **values = arena_array(a, 1, sizeof(*values));

	*values = value;
	((struct starter_key *)c->deliver)[c->deliver_count++] =
		(struct starter_key){ key, values, 1, false };
}

static void deliver_in_place(const struct answers *a, const struct found_pair *f,
			     struct starter_component *c)
{
	const char *owner = other_owner(f->paths[f->count - 1], a->arena);

	c->driver = "files";
	c->deliver = arena_array(a->arena, FILES + 1, sizeof(*c->deliver));
	add_deliver_key(c, a->arena, f->count == 1 ? "combined" : "certificate",
			answers_path(a, f->paths[0]));
	if (f->count > 1)
		add_deliver_key(c, a->arena, "key", answers_path(a, f->paths[1]));
	if (owner)
		add_deliver_key(c, a->arena, "owner", owner);
}

bool answers_from_files(struct answers *a, const char *text, struct err *e)
{
	AUTO(found_pair) f = { .count = FILES };
	const char *at = strrchr(text, '@');
	const char *files = at ? arena_strndup(a->arena, text, (size_t)(at - text)) : text;
	const char *comma = strchr(files, ',');
	const char **paths = arena_array(a->arena, FILES, sizeof(*paths));
	struct starter_certificate cert = { .form = "pem", .files = paths };
	struct starter_component c = { 0 };

	if (!comma || comma == files || !comma[1])
		return err_set(
			e, ERR_USAGE,
			"'%s' must name a certificate and its key, CERT,KEY or CERT,KEY@HOST:PORT",
			text_escaped(a->arena, text));
	f.paths[0] = arena_strndup(a->arena, files, (size_t)(comma - files));
	f.paths[1] = comma + 1;
	if (!strcmp(f.paths[0], f.paths[1]))
		f.count = 1;
	if ((at && !answers_port(a, at + 1, &c, e)) || !read_found(&f, e))
		return false;
	for (size_t i = 0; i < f.count; i++)
		paths[i] = answers_path(a, f.paths[i]);
	cert.file_count = f.count;
	cert.no_anchor = !reaches_root(&f, a->arena);
	take_facts(a, &f.pair.facts, paths[0], &cert);
	c.name = c.certificate = cert.name;
	deliver_in_place(a, &f, &c);
	VEC_PUSH(&a->starter.certificates, a->arena, cert);
	VEC_PUSH(&a->starter.components, a->arena, c);
	return true;
}

/* ---- ports ---- */

static bool take_probe(struct answers *a, const struct tls_probe *p, struct starter_component *c,
		       struct err *e)
{
	struct starter_certificate cert = { .pending = true };
	struct cert_facts facts = { 0 };

	if (!p->completed)
		return err_set(e, ERR_REMOTE, "cannot adopt %s: %s", c->port, p->error);
	if (!foreign_cert(p->leaf.der, a->arena, &facts, e))
		return err_in(e, "cannot adopt %s", c->port);
	take_facts(a, &facts, c->port, &cert);
	c->name = c->certificate = cert.name;
	VEC_PUSH(&a->starter.certificates, a->arena, cert);
	VEC_PUSH(&a->starter.components, a->arena, *c);
	return true;
}

static enum starttls_kind starttls_of(const char *name)
{
	for (size_t i = 1; name && i < STARTTLS_KIND_COUNT; i++)
		if (!strcmp(starttls_names[i], name))
			return (enum starttls_kind)i;
	return STARTTLS_NONE;
}

bool answers_from_probes(struct answers *a, const struct texts *ports, struct err *e)
{
	struct tls_probe *probes = arena_array(a->arena, ports->count, sizeof(*probes));
	struct starter_component *list = arena_array(a->arena, ports->count, sizeof(*list));

	for (size_t i = 0; i < ports->count; i++) {
		if (!answers_port(a, ports->items[i], &list[i], e) ||
		    !host_port_parse(a->arena, list[i].port, &probes[i].host, &probes[i].port))
			return false;
		probes[i].starttls = starttls_of(list[i].starttls);
		if (is_host_name(probes[i].host))
			probes[i].server_name = probes[i].host;
	}
	if (!tls_probe_all(probes, ports->count, a->arena, e))
		return false;
	for (size_t i = 0; i < ports->count; i++)
		if (!take_probe(a, &probes[i], &list[i], e))
			return false;
	return true;
}
