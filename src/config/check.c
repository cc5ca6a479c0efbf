/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check.h"
#include "base/text.h"

#include "config/policy.h"
#include "config/writer.h"

#include <string.h>

static bool same_call(const struct http_call *a, const struct http_call *b)
{
	AUTO(buf) left = { 0 };
	AUTO(buf) right = { 0 };

	if (a == b || !a || !b)
		return a == b;
	put_call(&(struct writer){ "/", &left }, "activate", a);
	put_call(&(struct writer){ "/", &right }, "activate", b);
	return !strcmp(buf_text(&left), buf_text(&right));
}

static bool same_activation(const struct activate *a, const struct activate *b)
{
	if (!same_call(a->http, b->http))
		return false;
	if (a->kind != b->kind || a->signal != b->signal || a->timeout != b->timeout ||
	    !text_equal(a->pidfile, b->pidfile) || !text_equal(a->exe, b->exe) ||
	    !text_equal(a->unit, b->unit) || a->start != b->start)
		return false;
	return words_equal(a->argv, b->argv);
}

static const struct node *process_node(const struct draft *d)
{
	const struct node *n = node_find(d->value, "process");

	return n ? n : d->key;
}

static void check_member(struct loader *ld, const struct build *b, size_t first, size_t i)
{
	const struct component *a = &b->components[first];
	const struct component *c = &b->components[i];
	const struct node *at = process_node(&b->drafts[i]);
	const char *what = NULL;

	if (a->process == a->name || c->process == c->name)
		config_error(ld, at, "the process has the name of %s, which does not say 'process'",
			     draft_words(ld, &b->drafts[a->process == a->name ? first : i],
					 a->process == a->name ? a : c));
	if (a->role != c->role)
		what = "role";
	else if (!same_activation(&a->activate, &c->activate))
		what = "activate";
	else if (a->revert && c->revert && !words_equal(a->revert, c->revert))
		what = "revert";
	if (what)
		config_error(ld, at, "one process, but another '%s' than %s", what,
			     draft_words(ld, &b->drafts[first], a));
}

void check_processes(struct loader *ld, const struct build *b)
{
	AUTO(lookup) processes = { 0 };
	bool shared = false;

	for (size_t i = 0; i < ld->fleet.component_count; i++)
		shared |= b->components[i].process != b->components[i].name;
	for (size_t i = 0; shared && i < ld->fleet.component_count; i++) {
		const struct component *first =
			lookup_add(&processes, b->components[i].process, &b->components[i]);

		if (first)
			check_member(ld, b, (size_t)(first - b->components), i);
	}
}

/* The former names of one kind of object. */
struct renamed {
	const char *what;
	const struct lookup *present;
	struct lookup former;
};

static void check_was(struct loader *ld, struct renamed *r, const char *was, const struct node *at)
{
	if (lookup_find(r->present, was))
		config_error(ld, at, "'was' names %s '%s', which is still there", r->what,
			     shown(ld, was));
	else if (lookup_add(&r->former, was, at))
		config_error(ld, at, "two of them name the same former %s '%s'", r->what,
			     shown(ld, was));
}

static void check_former_components(struct loader *ld, const struct build *b)
{
	AUTO(lookup) present = { 0 };
	struct renamed r = { .what = "component", .present = &present };

	for (size_t i = 0; i < ld->fleet.component_count; i++)
		if (b->components[i].was)
			break;
		else if (i + 1 == ld->fleet.component_count)
			return; /* the usual case is cheap */
	for (size_t i = 0; i < ld->fleet.component_count; i++)
		lookup_add(&present, b->components[i].name, &b->components[i]);
	for (size_t i = 0; i < ld->fleet.component_count; i++)
		if (b->components[i].was)
			check_was(ld, &r, b->components[i].was,
				  node_find(b->drafts[i].value, "was"));
	lookup_release(&r.former);
}

void check_former_names(struct loader *ld, const struct build *b)
{
	struct renamed issuers = { .what = "issuer", .present = &ld->issuer_forms };
	struct renamed certificates = { .what = "certificate", .present = &ld->certificate_forms };

	vec_each (entry, &ld->issuers.entries) {
		const struct issuer_form *form = lookup_find(&ld->issuer_forms, entry->key->text);

		if (form->issuer.was)
			check_was(ld, &issuers, form->issuer.was, node_find(form->node, "was"));
	}
	vec_each (entry, &ld->certificates.entries) {
		const struct certificate_form *form =
			lookup_find(&ld->certificate_forms, entry->key->text);

		if (form->certificate.was)
			check_was(ld, &certificates, form->certificate.was,
				  node_find(form->node, "was"));
	}
	lookup_release(&issuers.former);
	lookup_release(&certificates.former);
	check_former_components(ld, b);
}

bool is_passphrase(const struct fleet *f, const struct secret_ref *s)
{
	for (size_t i = 0; i < f->backup.passphrase_count; i++)
		if (secret_ref_equal(&f->backup.passphrases[i], s))
			return true;
	if (f->state.seal.kind == SECRET_KEY_FILE && s->kind == SECRET_FILE)
		return !strcmp(f->state.seal.name, s->name);
	return f->state.seal.kind != SECRET_NONE && secret_ref_equal(&f->state.seal, s);
}

static void check_password(struct loader *ld, const struct certificate_form *form)
{
	const struct import *import = &form->certificate.import;
	const struct node *node = node_find(form->node, "import");

	if (import->password.kind != SECRET_NONE && is_passphrase(&ld->fleet, &import->password))
		config_error(ld, node_find(node, "password"),
			     "a passphrase of the backup or the state has no other use");
	for (size_t i = 0; i < import->file_count; i++) {
		const struct secret_ref file = { .kind = SECRET_FILE, .name = import->files[i] };

		if (is_passphrase(&ld->fleet, &file))
			config_error(ld, node, "the file of a passphrase cannot be imported");
	}
}

static void check_state_seal(struct loader *ld, const struct node *root)
{
	const struct state_policy *s = &ld->fleet.state;
	const struct node *state = node_find(root, "state");

	if (s->unsealed || s->seal.kind != SECRET_NONE || !ld->fleet.backup.unencrypted)
		return;
	config_error(
		ld, state ? state : node_find(root, "backup"),
		"nothing seals the keys in the state: give 'state: {seal: ...}', or say openly 'state: {unsealed: true}'");
}

void check_secrets(struct loader *ld, const struct node *root)
{
	check_state_seal(ld, root);
	vec_each (entry, &ld->certificates.entries) {
		const struct certificate_form *form =
			lookup_find(&ld->certificate_forms, entry->key->text);

		if (form->certificate.import.kind != IMPORT_NONE)
			check_password(ld, form);
	}
}
