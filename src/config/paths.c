/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check.h"

#include "base/buf.h"
#include "base/fs.h"
#include "config/forms.h"

#include <string.h>

/* The writer of a path, or of another target. */
struct claim {
	const char *path;   /* clean */
	const char *issuer; /* NULL: not an issuer */
	const char *export; /* a certificate; NULL: component number `component` */
	size_t component;
	struct claim *next;
};

struct claims {
	struct loader *ld;
	const struct build *b;
	struct claim *first;
	struct claim **tail;
	struct lookup paths;
	const struct node *reported; /* one message for a group is enough */
};

static const char *owner_words(const struct claims *cs, const struct claim *c)
{
	struct loader *ld = cs->ld;

	if (c->issuer)
		return arena_printf(&ld->work, "issuer '%s'", c->issuer);
	if (c->export)
		return arena_printf(&ld->work, "the export of certificate '%s'", c->export);
	return draft_words(ld, &cs->b->drafts[c->component], &cs->b->components[c->component]);
}

/* The node nearest to the path, for a message. */
static const struct node *claim_node(const struct claims *cs, const struct claim *c)
{
	if (c->issuer) {
		const struct issuer_form *form = lookup_find(&cs->ld->issuer_forms, c->issuer);

		return node_find(form->node, "publish");
	}
	if (c->export) {
		/* "per-host/edge/e1" is made from the entry "per-host" */
		const struct certificate_form *form = lookup_find(
			&cs->ld->certificate_forms,
			arena_strndup(&cs->ld->work, c->export, strcspn(c->export, "/")));

		return form->export;
	}

	const struct draft *d = &cs->b->drafts[c->component];
	const struct node *deliver = node_find(d->value, "deliver");

	return deliver ? deliver : d->key;
}

static bool is_of_component(const struct claim *c)
{
	return !c->issuer && !c->export;
}

/* A name from a CSV file may be in the path of an export `per: component`. */
static const char *shown_path(const struct claims *cs, const struct claim *c)
{
	if (!is_of_component(c) ? c->export && strchr(c->export, '/')
				: cs->b->drafts[c->component].scope.csv != NULL)
		return "a path";
	return arena_printf(&cs->ld->work, "'%s'", shown(cs->ld, c->path));
}

static void paths_report(struct claims *cs, const struct claim *c, const struct claim *other)
{
	const struct node *at = claim_node(cs, c);
	bool same = !strcmp(c->path, other->path);

	if (at == cs->reported)
		return;
	cs->reported = at;
	if (!loader_can_report(cs->ld))
		config_error(cs->ld, at, "written twice");
	else if (is_of_component(c) && is_of_component(other) && c->component == other->component)
		config_error(cs->ld, at, "%s %s; use 'combined' for everything in one file",
			     shown_path(cs, c),
			     same ? "is written twice" : "lies inside another path of it");
	else if (same)
		config_error(
			cs->ld, at,
			"%s is already written by %s; give each its own, in a group by ${each}",
			shown_path(cs, c), owner_words(cs, other));
	else
		config_error(cs->ld, at, "%s lies inside what %s writes", shown_path(cs, c),
			     owner_words(cs, other));
}

static bool paths_is_clean(const char *path)
{
	return !strstr(path, "/../") && !strstr(path, "//");
}

/* One file for a person serves every component that it is imported into. */
static bool is_shared(struct claims *cs, const struct claim *c, const struct claim *other)
{
	const struct handoff *h = NULL;
	const struct handoff *o = NULL;
	const char *differs = NULL;

	if (!is_of_component(c) || !is_of_component(other))
		return false;
	h = deliver_handoff(&cs->b->components[c->component].deliver);
	o = deliver_handoff(&cs->b->components[other->component].deliver);
	if (!h || !o)
		return false;
	if (strcmp(cs->b->drafts[c->component].certificate,
		   cs->b->drafts[other->component].certificate) != 0)
		differs = "certificate";
	else if (h->format != o->format)
		differs = "format";
	else if (!secret_ref_equal(&h->password, &o->password))
		differs = "password";
	if (!differs)
		return true;
	if (claim_node(cs, c) != cs->reported)
		config_error(cs->ld, claim_node(cs, c),
			     "%s is also the file of %s, with another %s; give each its own file",
			     shown_path(cs, c), owner_words(cs, other), differs);
	cs->reported = claim_node(cs, c);
	return true;
}

static void add_claim(struct claims *cs, const struct claim *claim)
{
	struct claim *c = ARENA_NEW(&cs->ld->work, struct claim);
	const struct claim *other = NULL;

	*c = *claim;
	other = lookup_add(&cs->paths, c->path, c);

	if (other) {
		if (!is_shared(cs, c, other))
			paths_report(cs, c, other);
		return;
	}
	*cs->tail = c;
	cs->tail = &c->next;
}

static const char *cleaned(const struct claims *cs, const char *path)
{
	return paths_is_clean(path) ? path : fs_absolute(&cs->ld->work, path);
}

/* Paths on another machine, or what is not a file, go by the name of the place. */
static void paths_add_component(struct claims *cs, size_t i)
{
	const struct deliver *d = &cs->b->components[i].deliver;
	const struct handoff *handoff = deliver_handoff(d);
	const char *paths[INSTALL_PATHS];
	size_t count = install_paths(&d->files, paths);

	for (size_t k = 0; k < count; k++) {
		const char *path = cleaned(cs, paths[k]);

		if (d->place)
			path = arena_printf(&cs->ld->work, "%s%s", d->place, path);
		add_claim(cs, &(struct claim){ .path = path, .component = i });
	}
	if (d->place && !count)
		add_claim(cs, &(struct claim){ .path = d->place, .component = i });
	if (handoff)
		add_claim(cs,
			  &(struct claim){ .path = cleaned(cs, handoff->file), .component = i });
}

/* Looks up every directory above a path. */
static void check_above(struct claims *cs, const struct claim *c, struct buf *above)
{
	above->len = 0;
	buf_puts(above, c->path);
	for (size_t len = above->len; len-- > 1;) {
		if (above->data[len] != '/')
			continue;
		above->data[len] = '\0';

		const struct claim *other = lookup_find(&cs->paths, above->data);

		if (other)
			paths_report(cs, c, other);
	}
}

void check_paths(struct loader *ld, const struct build *b)
{
	struct claims cs = { .ld = ld, .b = b };
	AUTO(buf) above = { 0 };

	cs.tail = &cs.first;
	for (size_t i = 0; i < ld->fleet.issuer_count; i++) {
		const struct issuer *issuer = &ld->fleet.issuers[i];

		if (issuer->publish)
			add_claim(&cs, &(struct claim){ .path = cleaned(&cs, issuer->publish),
							.issuer = issuer->name });
	}
	for (size_t i = 0; i < ld->fleet.certificate_count; i++) {
		const struct certificate *c = &ld->fleet.certificates[i];

		if (c->export)
			add_claim(&cs, &(struct claim){ .path = cleaned(&cs, c->export),
							.export = c->name });
	}
	for (size_t i = 0; i < ld->fleet.component_count; i++)
		paths_add_component(&cs, i);
	for (const struct claim *c = cs.first; c; c = c->next)
		check_above(&cs, c, &above);
	lookup_release(&cs.paths);
}
