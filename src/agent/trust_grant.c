/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trust_grant.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "config/load.h"
#include "pki/issue.h"
#include "pki/pair.h"

#include <string.h>

static const char allow_head[] = "# Who may give this agent orders, one a line as in 'allow'.\n";

static void trust_grant_note(struct agent_config *c, struct receipt *r, const char *text)
{
	if (r->note_count < RECEIPT_NOTES)
		r->notes[r->note_count++] = arena_strdup(&c->arena, text);
}

/* ---- allowed clients ---- */

static bool trust_grant_parse(struct agent_config *c, const char *text, struct allowed_client *out,
			      struct err *e)
{
	const struct allowed_client_arena to = { subject_canonical, &c->arena };

	return allowed_client_parse(text, &to, out, e);
}

static bool trust_grant_read_lines(struct agent_config *c, const struct buf *text, struct err *e)
{
	struct allowed_client *list = arena_array(&c->arena, ALLOW_LIMIT, sizeof(*list));
	size_t count = 0;

	for (const char *at = buf_text(text); *at; at += strspn(at, "\r\n")) {
		size_t len = strcspn(at, "\r\n");
		const char *line = arena_strndup(&c->arena, at, len);

		at += len;
		if (!*line || *line == '#')
			continue;
		if (count == ALLOW_LIMIT)
			return err_set(e, ERR_INPUT, "it has more than %d entries", ALLOW_LIMIT);
		if (!trust_grant_parse(c, line, &list[count++], e))
			return false;
	}
	if (!count)
		return err_set(e, ERR_INPUT, "the list is empty");
	c->clients = list;
	c->client_count = count;
	return true;
}

bool trust_grant_read(struct agent_config *c, struct err *e)
{
	AUTO(buf) text = { 0 };

	if (!c->allow_file)
		return true;
	if (!trusted_file_text(c->allow_file, ALLOW_FILE_LIMIT, &text, e)) {
		if (e->code == ERR_MISSING)
			return err_set(e, ERR_MISSING,
				       "'%s' does not exist; 'certfleet agent enrol' writes it",
				       c->allow_file);
		return err_in(e, "cannot read the list of allowed clients");
	}
	if (!trust_grant_read_lines(c, &text, e))
		return err_in(e, "cannot read the list of allowed clients from '%s'",
			      c->allow_file);
	return true;
}

static bool note_missing(struct agent_config *c, const struct trust_grant *what, struct receipt *r,
			 struct err *e)
{
	for (size_t i = 0; i < what->allow_count; i++) {
		struct allowed_client who = { 0 };
		bool is_allowed = false;
		bool has_names = false;

		if (!trust_grant_parse(c, what->allow[i], &who, e))
			return false;
		for (size_t k = 0; k < c->client_count; k++) {
			const struct allowed_client *has = &c->clients[k];

			has_names |= has->name != NULL;
			is_allowed |= who.spki ? has->spki && !strcmp(has->spki, who.spki)
					       : has->name && !strcmp(has->name, who.name);
		}
		if (is_allowed)
			continue;
		/* the grant does not say which names the operator has */
		trust_grant_note(
			c, r,
			arena_printf(&c->arena,
				     "%s does not allow this operator%s: add \"%s\" to it",
				     c->allow_file ? arena_printf(&c->arena, "'%s'", c->allow_file)
						   : "'allow' of the agent's configuration",
				     has_names ? ", unless one of its names is his" : "",
				     text_escaped(&c->arena, what->allow[i])));
	}
	return true;
}

static bool write_allowed(struct agent_config *c, const struct trust_grant *what, struct err *e)
{
	AUTO(buf) text = { 0 };
	struct allowed_client ignored = { 0 };

	buf_puts(&text, allow_head);
	for (size_t i = 0; i < what->allow_count; i++) {
		if (strpbrk(what->allow[i], "\r\n") ||
		    !trust_grant_parse(c, what->allow[i], &ignored, e))
			return err_set(e, ERR_REMOTE,
				       "the operator's grant has an invalid entry for 'allow'");
		buf_printf(&text, "%s\n", what->allow[i]);
	}
	return fs_replace(c->allow_file, buf_text(&text), text.len, FS_PUBLIC, e);
}

/* ---- the CA of the operators ---- */

struct authorities {
	const struct der *certs;
	size_t count;
};

static bool read_authorities(const char *pem, size_t len, struct arena *a, struct authorities *out,
			     struct err *e)
{
	return pem_read_certs(pem, len, a, &out->certs, &out->count, e) &&
	       (out->count || err_set(e, ERR_INPUT, "it holds no certificate"));
}

static bool has_all(const struct authorities *there, const struct authorities *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct der *w = &wanted->certs[i];
		bool found = false;

		for (size_t k = 0; k < there->count && !found; k++)
			found = there->certs[k].len == w->len &&
				!memcmp(there->certs[k].bytes, w->bytes, w->len);
		if (!found)
			return false;
	}
	return true;
}

static bool grant_authority(struct agent_config *c, const struct trust_grant *what,
			    struct receipt *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) text = { 0 };
	struct authorities wanted = { 0 };
	struct authorities there = { 0 };
	struct err why = { 0 };

	if (!read_authorities(what->authority, strlen(what->authority), &a, &wanted, e))
		return err_in(e, "the authority of the operator");
	if (!trusted_file_text(c->client_ca, INPUT_FILE_LIMIT, &text, &why)) {
		if (why.code != ERR_MISSING) {
			*e = why;
			return false;
		}
		pem_add_certs(&text, wanted.certs, wanted.count);
		return fs_replace(c->client_ca, buf_text(&text), text.len, FS_PUBLIC, e);
	}
	if (read_authorities(buf_text(&text), text.len, &a, &there, &why) &&
	    has_all(&there, &wanted))
		return true;
	trust_grant_note(
		c, r,
		arena_printf(&a, "'%s' does not hold the authority of this operator: put it there",
			     c->client_ca));
	return true;
}

bool trust_grant_write(struct agent_config *c, const struct trust_grant *what, struct receipt *r,
		       struct err *e)
{
	struct err why = { 0 };

	if (!grant_authority(c, what, r, e))
		return false;
	if (!c->allow_file || trust_grant_read(c, &why))
		return note_missing(c, what, r, e);
	if (why.code == ERR_MISSING)
		return write_allowed(c, what, e);
	trust_grant_note(c, r, why.text);
	return true;
}
