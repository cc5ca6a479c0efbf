/* SPDX-License-Identifier: Apache-2.0 */
/* What a person has to do so that an apply goes on: one list for each file. */
#include "cli/apply_command.h"

#include "base/fs.h"
#include "base/text.h"
#include "model/activation.h"

#include <string.h>

enum {
	NAMES_SHOWN = 20,
};

/* One file, and the components that await its import. */
struct handoff_list {
	const struct session *s;
	const struct handoff *file;
	const struct component **components;
	size_t count;
	unsigned step; /* the last one that was told */
};

static void steps_escape(struct buf *out, const char *text)
{
	text_escape(out, text, strlen(text));
}

static void add_path(const char *path, struct buf *out)
{
	buf_putc(out, '\'');
	steps_escape(out, path);
	buf_putc(out, '\'');
}

static void steps_file(const struct handoff_list *l, struct buf *out)
{
	add_path(fs_beneath(l->s->fleet.directory, l->file->file), out);
}

static void steps_names(const struct handoff_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->count && i < NAMES_SHOWN; i++) {
		buf_puts(out, i ? ", " : "");
		steps_escape(out, l->components[i]->name);
	}
	if (l->count > NAMES_SHOWN)
		buf_printf(out, " and %zu more", l->count - NAMES_SHOWN);
}

static void add_step(struct handoff_list *l, struct buf *out)
{
	buf_printf(out, "  %u. ", ++l->step);
}

static void add_transport(struct handoff_list *l, const char *where, struct buf *out)
{
	add_step(l, out);
	buf_puts(out, "Take ");
	add_path(l->file->file, out);
	buf_printf(out, " to %s; it holds the private key, %s.\n", where,
		   l->file->format == HANDOFF_PKCS12
			   ? "under the password that the fleet file names"
			   : "without a password");
}

static void add_generic(struct handoff_list *l, struct buf *out)
{
	add_transport(l, "where the product imports from", out);
	add_step(l, out);
	buf_puts(out, "Import it there as certificate and key of: ");
	steps_names(l, out);
	buf_puts(out, ".\n");
}

static void add_appmon(struct handoff_list *l, struct buf *out)
{
	add_transport(l, "the machine of an AppMon Client", out);
	add_step(l, out);
	buf_puts(
		out,
		"In the Client start the certificate wizard, choose to import and deploy a certificate, and give it that file.\n");
	add_step(l, out);
	buf_puts(
		out,
		"Let it deploy to all connected tiers, and see in its result that these have it: ");
	steps_names(l, out);
	buf_puts(out, ".\n");
	add_step(l, out);
	buf_puts(
		out,
		"Let it restart the Server, but not the collectors: certfleet restarts them in waves.\n");
}

/* Whether the port shows the pair without a restart by certfleet. */
static bool shows_by_itself(const struct component *c)
{
	const struct component_seen unseen = { 0 };

	return c->verify_count && component_activation(c, &unseen) == ACTIVATION_NONE;
}

static void steps_command(const struct handoff_list *l, bool says, struct buf *out)
{
	command_begin(l->s, out);
	buf_puts(out, "apply");
	for (size_t i = 0; says && i < l->count; i++) {
		if (shows_by_itself(l->components[i]))
			continue;
		buf_puts(out, " --handed-over ");
		text_shell_word(out, l->components[i]->name);
	}
	if (strcmp(l->s->fleet.path, FLEET_FILE) != 0) {
		buf_putc(out, ' ');
		text_shell_word(out, l->s->fleet.path);
	}
}

static void add_apply(struct handoff_list *l, struct buf *out)
{
	bool all_show = true;

	for (size_t i = 0; i < l->count; i++)
		all_show &= shows_by_itself(l->components[i]);
	add_step(l, out);
	buf_puts(out, "Then run '");
	steps_command(l, !all_show, out);
	buf_puts(out, all_show ? "': it goes on once the port serves the new pair; "
			       : "': it restarts what has to be restarted, and checks the ports; ");
	steps_file(l, out);
	buf_puts(out, " is removed when all of it is proven. Delete your own copies.\n");
}

static void add_waiting(struct handoff_list *l, struct buf *out)
{
	const struct component *first = l->components[0];

	buf_puts(out, "certfleet: a person has to import ");
	steps_file(l, out);
	buf_puts(out, ", the pair of '");
	steps_escape(out, first->certificate->name);
	buf_puts(out, "':\n");
	if (l->s->fleet.topology == TOPOLOGY_APPMON)
		add_appmon(l, out);
	else
		add_generic(l, out);
	add_apply(l, out);
}

/* The awaited components of one file, from the first on; false: they were listed before. */
static bool list_file(const struct session *s, const struct plan *p, size_t first,
		      struct handoff_list *l)
{
	l->file = fleet_component(&s->fleet, p->awaited[first])->deliver.handoff;
	l->count = 0;
	l->step = 0;
	for (size_t i = 0; i < p->awaited_count; i++) {
		const struct component *c = fleet_component(&s->fleet, p->awaited[i]);

		if (strcmp(c->deliver.handoff->file, l->file->file) != 0)
			continue;
		if (i < first)
			return false;
		l->components[l->count++] = c;
	}
	return true;
}

void handoff_steps(const struct session *s, const struct plan *p, struct buf *out)
{
	AUTO(arena) a = { 0 };
	struct handoff_list l = { .s = s };

	l.components = arena_array(&a, p->awaited_count, sizeof(const struct component *));
	for (size_t i = 0; i < p->awaited_count; i++)
		if (list_file(s, p, i, &l))
			add_waiting(&l, out);
}
