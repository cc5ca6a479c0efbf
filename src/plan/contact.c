/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/contact.h"

#include "base/fs.h"
#include "plan/contact_list.h"
#include "plan/precondition.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	const char *verb;
	const char *one;
	const char *many;
} kinds[REACH_KIND_COUNT] = {
	[REACH_KEYS] = { "keys", "private keys will go to", "host or socket", "hosts or sockets" },
	[REACH_SECRET] = { "secret", "reads", "secret", "secrets" },
	[REACH_COMMAND] = { "command", "runs", "command", "commands" },
	[REACH_SIGNAL] = { "signal", "signals", "process", "processes" },
	[REACH_REQUEST] = { "request", "asks", "URL", "URLs" },
	[REACH_PATH] = { "path", "writes", "path", "paths" },
};

/* ---- words ---- */

/* As a shell would have to read it, so that two commands never look alike. */
static void add_word(const char *word, struct buf *out)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

	if (*word && !word[strspn(word, plain)]) {
		buf_puts(out, word);
		return;
	}
	buf_putc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *word);
	buf_putc(out, '\'');
}

static const char *command_text(const char *const *argv, struct arena *a)
{
	AUTO(buf) out = { 0 };

	for (size_t i = 0; argv[i]; i++) {
		buf_puts(&out, i ? " " : "");
		add_word(argv[i], &out);
	}
	return arena_strdup(a, buf_text(&out));
}

/* ---- collecting ---- */

void reach_add(struct reach_list *c, enum reach_kind kind, const char *what)
{
	VEC_PUSH(&c->list, &c->d->scratch,
		 (struct reached){ arena_printf(&c->d->scratch, "%s %s", kinds[kind].word, what),
				   c->in_scope });
}

const char *reach_path(const struct reach_list *c, const char *path)
{
	return fs_beneath(c->d->fleet->directory, path);
}

const char *reach_trusted(const struct reach_list *c, const char *what, const char *path)
{
	const char *digest = snapshot_trust(c->d->snapshot, reach_path(c, path));

	return arena_printf(&c->d->scratch, "%s %s%s%s", what, reach_path(c, path),
			    digest ? " sha256 " : "", digest ? digest : "");
}

static void add_path(struct reach_list *c, const char *path)
{
	if (path)
		reach_add(c, REACH_PATH, reach_path(c, path));
}

void reach_add_secret(struct reach_list *c, const struct secret_ref *s)
{
	struct arena *a = &c->d->scratch;

	switch (s->kind) {
	case SECRET_NONE:
		return;
	case SECRET_ENV:
		reach_add(c, REACH_SECRET, arena_printf(a, "environment %s", s->name));
		return;
	case SECRET_FILE:
		reach_add(c, REACH_SECRET, arena_printf(a, "file %s", reach_path(c, s->name)));
		return;
	case SECRET_COMMAND:
		reach_add(c, REACH_COMMAND, command_text(s->argv, a));
		return;
	}
}

static void add_install(struct reach_list *c, const struct install *i)
{
	const char *paths[INSTALL_PATHS];

	for (size_t n = install_paths(i, paths); n > 0; n--)
		reach_add(c, REACH_PATH, reach_path(c, paths[n - 1]));
}

static void add_socket(struct reach_list *c, const char *socket)
{
	reach_add(c, REACH_KEYS, *socket == '/' ? reach_path(c, socket) : socket);
}

static void add_deliver(struct reach_list *c, const struct deliver *d)
{
	switch (d->kind) {
	case DRIVER_FILES:
		add_install(c, &d->files);
		break;
	case DRIVER_SFTP:
		reach_add_sftp(c, d);
		break;
	case DRIVER_HAPROXY:
		add_install(c, &d->files);
		add_socket(c, d->haproxy.socket);
		break;
	case DRIVER_AGENT:
		reach_add(c, REACH_KEYS, d->agent.url);
		break;
	case DRIVER_CADDY:
		reach_add_caddy(c, d->caddy);
		break;
	case DRIVER_ETCD:
		reach_add_etcd(c, d->etcd);
		break;
	case DRIVER_HTTP:
		reach_add_http(c, d->http);
		break;
	case DRIVER_KIND_COUNT:
		break;
	}
}

static void add_activate(struct reach_list *c, const struct component *on)
{
	const struct activate *a = &on->activate;
	struct arena *arena = &c->d->scratch;
	const char *name = NULL;

	switch (a->kind) {
	case ACTIVATE_NONE:
		return;
	case ACTIVATE_SIGNAL:
		name = sigabbrev_np(a->signal);
		reach_add(c, REACH_SIGNAL,
			  arena_printf(arena, "%s to %s", name ? name : "?",
				       reach_path(c, a->pidfile)));
		return;
	case ACTIVATE_COMMAND:
		reach_add(c, REACH_COMMAND,
			  reach_there(c, &on->deliver, command_text(a->argv, arena)));
		return;
	case ACTIVATE_HTTP:
		reach_add_call(c, a->http);
		return;
	}
}

static void add_policies(struct reach_list *c)
{
	const struct fleet *f = c->d->fleet;

	c->in_scope = true;
	add_path(c, f->state.path);
	add_path(c, f->backup.directory);
	reach_add_secret(c, &f->state.seal);
	for (size_t i = 0; i < f->backup.passphrase_count; i++)
		reach_add_secret(c, &f->backup.passphrases[i]);
}

/* Who we are is read from there, and whom we believe. */
static void add_access(struct reach_list *c)
{
	const struct agent_access *agent = &c->d->fleet->access.agent;
	struct arena *a = &c->d->scratch;

	reach_add_ssh(c, &c->d->fleet->access.ssh);
	if (!agent->certificate)
		return;
	reach_add(c, REACH_SECRET, arena_printf(a, "file %s", reach_path(c, agent->key)));
	reach_add(c, REACH_SECRET, reach_trusted(c, "authority of agents", agent->ca));
}

static void collect(struct reach_list *c)
{
	struct draft *d = c->d;
	const struct fleet *f = d->fleet;

	add_policies(c);
	add_access(c);
	/* A plan about something else opens the imports all the same. */
	for (size_t i = 0; i < f->certificate_count; i++)
		reach_add_secret(c, &f->certificates[i].import.password);
	for (size_t i = 0; i < f->issuer_count; i++) {
		c->in_scope = d->issuers[i].in_scope;
		add_path(c, f->issuers[i].publish);
	}
	for (size_t i = 0; i < f->component_count; i++) {
		c->in_scope = d->components[i].in_scope;
		add_deliver(c, &f->components[i].deliver);
		add_activate(c, &f->components[i]);
	}
}

static int compare_reached(const void *left, const void *right)
{
	const struct reached *l = left;
	const struct reached *r = right;

	return strcmp(l->text, r->text);
}

/* Sorts, and brings together what is the same. */
static void settle(struct reach_list *c)
{
	size_t kept = 0;

	if (!c->list.count)
		return;
	qsort(c->list.items, c->list.count, sizeof(*c->list.items), compare_reached);
	for (size_t i = 1; i < c->list.count; i++) {
		struct reached *last = &c->list.items[kept];
		const struct reached *next = &c->list.items[i];

		if (!compare_reached(last, next))
			last->in_scope |= next->in_scope;
		else
			c->list.items[++kept] = *next;
	}
	c->list.count = kept + 1;
}

/* ---- what is new ---- */

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_known(const struct snapshot *s, const char *text)
{
	return s->reached_count &&
	       bsearch(text, s->reached, s->reached_count, sizeof(*s->reached), compare_text);
}

static void tell(struct draft *d, enum reach_kind kind, const char *const *items, size_t count)
{
	const char *since = d->snapshot->reached_count ? "the last completed run did not have"
						       : "no completed run had";

	finding_tell(d, &(struct finding){
				.code = CODE_FIRST_CONTACT,
				.severity = code_rows[CODE_FIRST_CONTACT].severity,
				.name = "",
				.message = arena_printf(
					d->kept, "%s %zu %s that %s", kinds[kind].verb, count,
					count == 1 ? kinds[kind].one : kinds[kind].many, since),
				.items = items,
				.item_count = count,
			});
}

static void tell_kind(struct reach_list *c, enum reach_kind kind)
{
	struct draft *d = c->d;
	size_t len = strlen(kinds[kind].word);
	VEC(const char *) items = { 0 };

	vec_each (r, &c->list)
		if (r->in_scope && !strncmp(r->text, kinds[kind].word, len) &&
		    r->text[len] == ' ' && !is_known(d->snapshot, r->text))
			VEC_PUSH(&items, d->kept, draft_keep(d, r->text + len + 1));
	if (items.count)
		tell(d, kind, items.items, items.count);
}

static void remember(const struct reach_list *c, struct plan *p)
{
	struct draft *d = c->d;
	VEC(const char *) texts = { 0 };

	vec_each (r, &c->list)
		if (r->in_scope || is_known(d->snapshot, r->text))
			VEC_PUSH(&texts, d->kept, draft_keep(d, r->text));
	p->reach = texts.items;
	p->reach_count = texts.count;
}

void reach_plan(struct draft *d, struct plan *p)
{
	struct reach_list c = { .d = d };

	collect(&c);
	settle(&c);
	for (enum reach_kind kind = 0; kind < REACH_KIND_COUNT; kind++)
		tell_kind(&c, kind);
	remember(&c, p);
}
