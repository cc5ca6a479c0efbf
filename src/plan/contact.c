/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/builder.h"

#include "base/fs.h"
#include "base/text.h"
#include "model/component_secrets.h"
#include "plan/contact_list.h"
#include "plan/precondition.h"
#include "plan/preconditions.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	const char *verb;
	const char *one;
	const char *many;
} kinds[CONTACT_KIND_COUNT] = {
	[CONTACT_KEYS] = { "keys", "private keys will go to", "host or socket",
			   "hosts or sockets" },
	[CONTACT_CLEAR] = { "clear", "private keys will lie in the clear in", "directory",
			    "directories" },
	[CONTACT_COPY] = { "copy", "bundles will be copied to", "place", "places" },
	[CONTACT_SECRET] = { "secret", "reads", "secret", "secrets" },
	[CONTACT_COMMAND] = { "command", "runs", "command", "commands" },
	[CONTACT_SIGNAL] = { "signal", "signals", "process", "processes" },
	[CONTACT_REQUEST] = { "request", "asks", "URL", "URLs" },
	[CONTACT_PATH] = { "path", "writes", "path", "paths" },
	[CONTACT_POLICY] = { "policy", "follows", "policy", "policies" },
	[CONTACT_LEFT] = { "left", "does without", "object", "objects" },
};

/* ---- shell quoting ---- */

/* Shell quoting, so that two different commands never look alike. */
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

/* ---- collection ---- */

void contact_add(struct contact_list *c, enum contact_kind kind, const char *what)
{
	VEC_PUSH(&c->list, &c->d->scratch,
		 (struct contact){ arena_printf(&c->d->scratch, "%s %s", kinds[kind].word, what),
				   c->in_scope, c->of });
}

const char *contact_path(const struct contact_list *c, const char *path)
{
	return fs_beneath(c->d->fleet->directory, path);
}

const char *contact_trusted(const struct contact_list *c, const char *what, const char *path)
{
	const char *digest = snapshot_trust(c->d->snapshot, contact_path(c, path));

	return arena_printf(&c->d->scratch, "%s %s%s%s", what, contact_path(c, path),
			    digest ? " sha256 " : "", digest ? digest : "");
}

static void contact_add_path(struct contact_list *c, const char *path)
{
	if (path)
		contact_add(c, CONTACT_PATH, contact_path(c, path));
}

void contact_add_secret(struct contact_list *c, const struct secret_ref *s)
{
	struct arena *a = &c->d->scratch;

	switch (s->kind) {
	case SECRET_NONE:
		return;
	case SECRET_ENV:
		contact_add(c, CONTACT_SECRET, arena_printf(a, "environment %s", s->name));
		return;
	case SECRET_FILE:
	case SECRET_KEY_FILE:
		contact_add(c, CONTACT_SECRET,
			    arena_printf(a, "file %s", contact_path(c, s->name)));
		return;
	case SECRET_COMMAND:
		contact_add(c, CONTACT_COMMAND, command_text(s->argv, a));
		return;
	}
}

static void add_install(struct contact_list *c, const struct install *i)
{
	const char *paths[INSTALL_PATHS];

	for (size_t n = install_paths(i, paths); n > 0; n--)
		contact_add(c, CONTACT_PATH, contact_path(c, paths[n - 1]));
}

static void add_socket(struct contact_list *c, const char *socket)
{
	contact_add(c, CONTACT_KEYS, *socket == '/' ? contact_path(c, socket) : socket);
}

static void add_commands(struct contact_list *c, const struct commands *commands)
{
	static const unsigned gets_pair =
		1U << DECLARED_STAGE | 1U << DECLARED_COMMIT | 1U << DECLARED_REVERT;

	for (unsigned verb = 0; verb < DECLARED_COUNT; verb++) {
		const char *const *argv = commands->argv[verb];
		const char *text = argv ? command_text(argv, &c->d->scratch) : NULL;

		if (text)
			contact_add(c, CONTACT_COMMAND, text);
		if (text && gets_pair & 1U << verb)
			contact_add(c, CONTACT_KEYS,
				    arena_printf(&c->d->scratch, "command %s", text));
	}
}

static void add_deliver(struct contact_list *c, const struct deliver *d)
{
	switch (d->kind) {
	case DRIVER_FILES:
		add_install(c, &d->files);
		break;
	case DRIVER_SFTP:
		contact_add_sftp(c, d);
		break;
	case DRIVER_HAPROXY:
		add_install(c, &d->files);
		add_socket(c, d->haproxy.socket);
		break;
	case DRIVER_AGENT:
		contact_add(c, CONTACT_KEYS, d->agent.url);
		break;
	case DRIVER_CADDY:
		contact_add_caddy(c, d->caddy);
		break;
	case DRIVER_ETCD:
		contact_add_etcd(c, d->etcd);
		break;
	case DRIVER_HTTP:
		contact_add_http(c, d->http);
		break;
	case DRIVER_COMMAND:
		add_commands(c, d->command);
		break;
	case DRIVER_HANDOFF:
		contact_add_path(c, d->handoff->file);
		break;
	case DRIVER_KIND_COUNT:
		break;
	}
}

static void add_activate(struct contact_list *c, const struct component *on)
{
	const struct activate *a = &on->activate;
	struct arena *arena = &c->d->scratch;
	const char *name = NULL;

	switch (a->kind) {
	case ACTIVATE_NONE:
		return;
	case ACTIVATE_SIGNAL:
		name = sigabbrev_np(a->signal);
		contact_add(c, CONTACT_SIGNAL,
			    arena_printf(arena, "%s to %s", name ? name : "?",
					 contact_path(c, a->pidfile)));
		return;
	case ACTIVATE_RELOAD:
	case ACTIVATE_COMMAND:
	case ACTIVATE_UNIT:
		contact_add(c, CONTACT_COMMAND,
			    contact_there(c, &on->deliver,
					  command_text(activate_argv(a, arena), arena)));
		return;
	case ACTIVATE_HTTP:
		contact_add_call(c, a->http);
		return;
	case ACTIVATE_APPMON: /* contact_add_appmon() */
		return;
	}
}

static void add_revert(struct contact_list *c, const struct component *on)
{
	struct arena *arena = &c->d->scratch;

	if (on->revert && on->certificate->builtin)
		contact_add(c, CONTACT_COMMAND,
			    contact_there(c, &on->deliver, command_text(on->revert, arena)));
}

static void add_ports(struct contact_list *c, const struct component *on)
{
	for (size_t i = 0; i < on->verify_count; i++) {
		const struct verify *port = &on->verify[i];

		if (port->identity.key)
			contact_add(c, CONTACT_SECRET,
				    arena_printf(&c->d->scratch, "file %s",
						 contact_path(c, port->identity.key)));
		if (port->trust)
			contact_add(c, CONTACT_SECRET,
				    contact_trusted(c, "anchors of a port", port->trust));
	}
}

static void add_policies(struct contact_list *c)
{
	const struct fleet *f = c->d->fleet;

	c->in_scope = true;
	contact_add_path(c, f->state.path);
	contact_add_path(c, f->backup.directory);
	if (f->state.unsealed)
		contact_add(c, CONTACT_CLEAR, contact_path(c, f->state.path));
	if (f->backup.unencrypted)
		contact_add(c, CONTACT_CLEAR, contact_path(c, f->backup.directory));
	contact_add_secret(c, &f->state.seal);
	for (size_t i = 0; i < f->backup.passphrase_count; i++)
		contact_add_secret(c, &f->backup.passphrases[i]);
}

static void contact_add_copies(struct contact_list *c)
{
	const struct backup_policy *policy = &c->d->fleet->backup;

	for (size_t i = 0; i < policy->copy_count; i++) {
		const struct backup_copy *copy = &policy->copies[i];
		const struct web_access *web = copy->web;

		if (copy->argv)
			contact_add(c, CONTACT_COMMAND, command_text(copy->argv, &c->d->scratch));
		contact_add(c, policy->unencrypted ? CONTACT_KEYS : CONTACT_COPY,
			    copy->kind == COPY_S3 ? arena_printf(&c->d->scratch, "%s at %s",
								 copy->name, copy->origin)
						  : copy->name);
		if (!web)
			continue;
		contact_add_secret(c, &web->key_id);
		contact_add_secret(c, &web->secret);
		if (web->ca)
			contact_add(c, CONTACT_SECRET,
				    contact_trusted(c,
						    arena_printf(&c->d->scratch, "authority of %s",
								 web->origin),
						    web->ca));
	}
}

static void contact_visit_secret(void *ctx, const struct secret_ref *ref)
{
	contact_add_secret(ctx, ref);
}

const char *notify_contact(const struct notify *n, struct arena *a)
{
	return arena_printf(a, "%s %s", kinds[n->http ? CONTACT_REQUEST : CONTACT_COMMAND].word,
			    n->name);
}

static void contact_add_notify(struct contact_list *c)
{
	const struct fleet *f = c->d->fleet;

	c->of = &c->d->notify;
	for (size_t i = 0; i < f->notify_count; i++) {
		const struct notify *n = &f->notify[i];

		if (n->http)
			contact_add_call(c, n->http);
		else
			contact_add(c, CONTACT_COMMAND, n->name);
		notify_secrets(n, contact_visit_secret, c);
	}
	c->of = &c->d->contacts;
}

/* Agent credentials and trust anchor. */
static void contact_add_access(struct contact_list *c)
{
	const struct agent_access *agent = &c->d->fleet->access.agent;
	struct arena *a = &c->d->scratch;

	contact_add_ssh(c, &c->d->fleet->access.ssh);
	if (!agent->certificate)
		return;
	contact_add(c, CONTACT_SECRET, arena_printf(a, "file %s", contact_path(c, agent->key)));
	contact_add(c, CONTACT_SECRET, contact_trusted(c, "authority of agents", agent->ca));
}

/* The AppMon Server is asked when a component is one of its parts. */
static void contact_add_appmon(struct contact_list *c, const struct component *on)
{
	const struct appmon_access *appmon = &c->d->fleet->access.appmon;

	if (on->appmon.kind == APPMON_NONE)
		return;
	contact_add(c, CONTACT_REQUEST, appmon->origin);
	if (appmon->ca)
		contact_add(c, CONTACT_SECRET,
			    contact_trusted(c, "authority of the AppMon Server", appmon->ca));
}

static void collect(struct contact_list *c)
{
	struct plan_builder *d = c->d;
	const struct fleet *f = d->fleet;

	add_policies(c);
	contact_add_copies(c);
	contact_add_notify(c);
	contact_add_access(c);
	/* A plan about something else opens the imports all the same. */
	for (size_t i = 0; i < f->certificate_count; i++) {
		const struct certificate *import = &f->certificates[i];

		c->of = &d->certificates[i].contacts;
		c->in_scope = d->certificates[i].in_scope;
		contact_add_path(c, import->export);
		c->in_scope = true;
		contact_add_secret(c, &import->import.password);
		if (import->trust.file)
			contact_add(c, CONTACT_SECRET,
				    contact_trusted(c, "anchors of imports", import->trust.file));
	}
	c->of = NULL;
	contact_add_policies(c);
	for (size_t i = 0; i < f->issuer_count; i++) {
		c->of = &d->issuers[i].contacts;
		c->in_scope = d->issuers[i].in_scope;
		contact_add_path(c, f->issuers[i].publish);
	}
	for (size_t i = 0; i < f->component_count; i++) {
		c->of = &d->components[i].contacts;
		c->in_scope = d->components[i].in_scope;
		add_deliver(c, &f->components[i].deliver);
		add_activate(c, &f->components[i]);
		add_revert(c, &f->components[i]);
		add_ports(c, &f->components[i]);
		contact_add_appmon(c, &f->components[i]);
		component_secrets(&f->components[i], &f->access, contact_visit_secret, c);
	}
}

/* Certificates and issuers that left the fleet file before they ended. */
static void contact_add_left_owners(struct contact_list *c)
{
	static const char *const words[] = {
		[OF_CERTIFICATE] = "certificate", [OF_ISSUER] = "issuer"
	};
	const struct fleet *f = c->d->fleet;
	const struct snapshot *s = c->d->snapshot;
	const char *owner = NULL;

	for (size_t i = 0; i < s->generation_count; i++) {
		const struct generation *g = &s->generations[i];
		const struct generation *newest = NULL;

		if (owner && s->generations[i - 1].of == g->of && !strcmp(owner, g->owner))
			continue;
		owner = g->owner;
		if (g->of == OF_ISSUER ? fleet_issuer(f, owner) != NULL
				       : fleet_certificate(f, owner) != NULL)
			continue;
		newest = snapshot_newest(s, g->of, owner);
		if (newest && newest->not_after > c->d->in->at)
			contact_add(c, CONTACT_LEFT,
				    arena_printf(&c->d->scratch, "%s %s", words[g->of], owner));
	}
}

/*
 * What the state knows, and the fleet file does without: a removal, once.  Components that
 * left the file are not among it, since a run forgets them.
 */
static void contact_add_left(struct contact_list *c)
{
	struct plan_builder *d = c->d;
	const struct snapshot *s = d->snapshot;

	c->of = &d->left;
	c->in_scope = !d->in->choices.target_count && !s->source;
	for (size_t i = 0; i < s->component_count; i++)
		if (s->components[i].known && fleet_is_absent(d->fleet, s->components[i].name))
			contact_add(
				c, CONTACT_LEFT,
				arena_printf(&d->scratch, "component %s", s->components[i].name));
	contact_add_left_owners(c);
}

static int compare_reached(const void *left, const void *right)
{
	const struct contact *l = left;
	const struct contact *r = right;

	return strcmp(l->text, r->text);
}

/* ---- new contacts ---- */

static bool contact_is_known(const struct snapshot *s, const char *text)
{
	return text_find(text, s->reached, s->reached_count, sizeof(*s->reached)) != NULL;
}

static void contact_mark_new(struct contact_list *c)
{
	vec_each (r, &c->list)
		if (r->in_scope && r->of && !contact_is_known(c->d->snapshot, r->text))
			r->of->are_new = true;
}

/* All contacts of one text, from `first` on in the sorted list. */
struct contact_group {
	const char *text;
	size_t end;
	bool in_scope;
	bool approved; /* where approvals are asked for */
};

static struct contact_group contact_group(const struct contact_list *c, size_t first)
{
	struct contact_group g = { .text = c->list.items[first].text, .end = first };

	for (; g.end < c->list.count && !strcmp(c->list.items[g.end].text, g.text); g.end++) {
		const struct contact *r = &c->list.items[g.end];

		g.in_scope |= r->in_scope;
		g.approved |= r->in_scope && r->of && !r->of->held &&
			      approvals_ask(c->d, r->of == &c->d->left ? APPROVE_REMOVALS
								       : APPROVE_CONTACTS);
	}
	return g;
}

static void contact_report(struct plan_builder *d, enum contact_kind kind, const char *const *items,
			   size_t count)
{
	const char *since = d->snapshot->reached_count ? "the last completed run did not have"
						       : "no completed run had";

	precondition_add(d, &(struct precondition_spec){
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

size_t contact_new_items(const struct contact_list *c, enum contact_kind kind,
			 const char *const **out)
{
	struct plan_builder *d = c->d;
	size_t len = strlen(kinds[kind].word);
	VEC(const char *) items = { 0 };

	for (size_t i = 0; i < c->list.count;) {
		const struct contact_group g = contact_group(c, i);

		i = g.end;
		if (g.in_scope && !strncmp(g.text, kinds[kind].word, len) && g.text[len] == ' ' &&
		    !contact_is_known(d->snapshot, g.text))
			VEC_PUSH(&items, d->kept, builder_keep(d, g.text + len + 1));
	}
	*out = items.items;
	return items.count;
}

/* Whether it had left the fleet file, and is there again. */
static bool contact_is_back(const struct contact_list *c, const char *text)
{
	size_t len = strlen(kinds[CONTACT_LEFT].word);

	return !strncmp(text, kinds[CONTACT_LEFT].word, len) && text[len] == ' ' &&
	       !text_find(text, c->list.items, c->list.count, sizeof(*c->list.items));
}

/*
 * Former contacts and those of today that were approved: an approval holds although the
 * run does not complete.
 */
static void contact_remember_approved(struct plan_builder *d, const char *const *approved,
				      size_t count, struct plan *p)
{
	const struct snapshot *s = d->snapshot;
	VEC(const char *) texts = { 0 };

	if (!count)
		return;
	for (size_t i = 0; i < s->reached_count; i++)
		if (!contact_is_back(d->reach, s->reached[i]))
			VEC_PUSH(&texts, d->kept, builder_keep(d, s->reached[i]));
	for (size_t i = 0; i < count; i++)
		VEC_PUSH(&texts, d->kept, approved[i]);
	qsort(texts.items, texts.count, sizeof(*texts.items), text_compare);
	p->reach_approved = texts.items;
	p->reach_approved_count = texts.count;
}

void contact_remember(struct plan_builder *d, struct plan *p)
{
	const struct contact_list *c = d->reach;
	VEC(const char *) texts = { 0 };
	VEC(const char *) approved = { 0 };

	for (size_t i = 0; i < c->list.count;) {
		const struct contact_group g = contact_group(c, i);
		bool known = contact_is_known(d->snapshot, g.text);

		i = g.end;
		if (!g.in_scope && !known)
			continue;
		VEC_PUSH(&texts, d->kept, builder_keep(d, g.text));
		if (!known && g.approved)
			VEC_PUSH(&approved, &d->scratch, texts.items[texts.count - 1]);
	}
	p->reach = texts.items;
	p->reach_count = texts.count;
	contact_remember_approved(d, approved.items, approved.count, p);
}

void contact_plan(struct plan_builder *d)
{
	struct contact_list *c = ARENA_NEW(&d->scratch, struct contact_list);

	*c = (struct contact_list){ .d = d, .of = &d->contacts };
	d->reach = c;
	collect(c);
	contact_add_left(c);
	contact_mark_new(c);
	if (c->list.count)
		qsort(c->list.items, c->list.count, sizeof(*c->list.items), compare_reached);
	for (enum contact_kind kind = 0; kind < CONTACT_POLICY; kind++) {
		const char *const *items = NULL;
		size_t count = contact_new_items(c, kind, &items);

		if (count)
			contact_report(d, kind, items, count);
	}
	contact_report_policies(c);
}
