/* SPDX-License-Identifier: Apache-2.0 */
#include "config/starter.h"

#include "base/text.h"
#include "config/quote.h"
#include "model/fleet.h"

#include <string.h>
#include <strings.h>

#define ROLE "servers"

/* Whether YAML takes the text as this text without quotes. */
static bool starter_is_plain(const char *text)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no",
					     "on",   "off",   "y",    "n",   NULL };

	for (const char *const *w = words; *w; w++)
		if (!strcasecmp(text, *w))
			return false;
	return *text && strchr("/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *text) &&
	       strspn(text, "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       strlen(text);
}

/* A literal: "${" is no placeholder. */
static void put_scalar(const char *text, struct buf *out)
{
	AUTO(buf) literal = { 0 };

	if (starter_is_plain(text)) {
		buf_puts(out, text);
		return;
	}
	for (const char *at = text; *at; at++) {
		if (at[0] == '$' && at[1] == '{')
			buf_putc(&literal, '$');
		buf_putc(&literal, *at);
	}
	buf_putc(out, '"');
	quote_json(out, buf_text(&literal));
	buf_putc(out, '"');
}

static void put_scalars(const char *const *texts, size_t count, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? ", " : "");
		put_scalar(texts[i], out);
	}
	buf_putc(out, ']');
}

/* "{certificate: a.pem, key: b.pem}" */
static void put_keys(const struct starter_key *keys, size_t count, struct buf *out)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s%s: ", i ? ", " : "", keys[i].key);
		if (keys[i].list)
			put_scalars(keys[i].values, keys[i].count, out);
		else
			put_scalar(keys[i].values[0], out);
	}
	buf_putc(out, '}');
}

/* A line "    KEY: VALUE". */
static void put_line_scalar(const char *key, const char *value, struct buf *out)
{
	buf_printf(out, "    %s: ", key);
	put_scalar(value, out);
	buf_putc(out, '\n');
}

/* ---- certificates ---- */

static void put_issued(const struct starter *s, const struct starter_certificate *c,
		       struct buf *out)
{
	put_line_scalar("subject", c->subject, out);
	if (c->name_count) {
		buf_puts(out, "    names: ");
		put_scalars(c->names, c->name_count, out);
		buf_putc(out, '\n');
	}
	put_line_scalar("issuer", s->issuer ? s->issuer : "self", out);
	if (s->validity)
		put_line_scalar("validity", s->validity, out);
	else
		buf_puts(out, "    validity: 90d\n");
	buf_puts(out, "    # renew_before: 30d   # a third of its lifetime when left out\n");
}

static void starter_put_import(const struct starter_certificate *c, struct buf *out)
{
	buf_printf(out, "    import: {%s: ", c->form);
	if (c->file_count == 1)
		put_scalar(c->files[0], out);
	else
		put_scalars(c->files, c->file_count, out);
	if (c->password) {
		buf_puts(out, ", password: {file: ");
		put_scalar(c->password, out);
		buf_putc(out, '}');
	}
	buf_puts(out, "}\n");
	if (c->no_anchor)
		buf_puts(out, "    trust: none   # its chain ends before its root\n");
}

/* What would have certfleet renew what was found. */
static void put_instead(const struct starter *s, const struct starter_certificate *c,
			struct buf *out)
{
	buf_puts(out,
		 "    # To have certfleet renew it, write this instead of 'import' and 'trust':\n");
	buf_puts(out, "    #   subject: ");
	put_scalar(c->subject, out);
	buf_puts(out, "\n    #   names: ");
	put_scalars(c->names, c->name_count, out);
	buf_printf(out, "\n    #   issuer: %s\n", s->issuer ? s->issuer : "self");
}

static void starter_put_certificate(const struct starter *s, const struct starter_certificate *c,
				    struct buf *out)
{
	buf_puts(out, "  ");
	put_scalar(c->name, out);
	buf_puts(out, ":\n");
	if (c->found) {
		buf_puts(out, "    # ");
		text_escape(out, c->found, strlen(c->found));
		buf_putc(out, '\n');
	}
	if (!c->form) {
		put_issued(s, c, out);
		return;
	}
	starter_put_import(c, out);
	if (c->subject)
		put_instead(s, c, out);
}

/* ---- components ---- */

static void put_deliver(const struct starter_component *c, struct buf *out)
{
	if (!c->driver) {
		buf_puts(
			out,
			"    deliver: {files: {certificate: /FILL/IN/fullchain.pem, key: /FILL/IN/key.pem}}\n");
		return;
	}
	buf_printf(out, "    deliver: {%s: ", c->driver);
	if (c->deliver_count)
		put_keys(c->deliver, c->deliver_count, out);
	else
		put_scalar(c->place, out);
	buf_puts(out, "}\n");
}

static bool activates_itself(const struct starter_component *c)
{
	return c->driver && strcmp(c->driver, "files") != 0 && strcmp(c->driver, "sftp") != 0;
}

static void starter_put_component(const struct starter_component *c, struct buf *out)
{
	buf_puts(out, "  ");
	put_scalar(c->name, out);
	buf_puts(out, ":\n    role: " ROLE "\n");
	put_line_scalar("certificate", c->certificate, out);
	put_deliver(c, out);
	if (c->activate_count) {
		buf_puts(out, "    activate: ");
		put_keys(c->activate, c->activate_count, out);
		buf_putc(out, '\n');
	} else if (!activates_itself(c)) {
		buf_puts(
			out,
			"    # How its process takes a new pair into use; nothing when it watches its files:\n"
			"    # activate: {unit: NAME.service}\n");
	}
	if (c->port) {
		buf_puts(out, "    verify: {tls: ");
		put_scalar(c->port, out);
		if (c->starttls)
			buf_printf(out, ", starttls: %s", c->starttls);
		buf_puts(out, "}\n");
	} else {
		buf_puts(out, "    # The port that must serve it:\n"
			      "    # verify: {tls: \"HOST:PORT\"}\n");
	}
}

/* ---- the file ---- */

/* Appends lines, each behind a '#' when they are commented out. */
static void put_lines(const struct buf *lines, bool comment, struct buf *out)
{
	const char *at = buf_text(lines);

	while (*at) {
		size_t len = strcspn(at, "\n");

		buf_puts(out, comment ? "# " : "");
		buf_add(out, at, len);
		buf_putc(out, '\n');
		at += len + (at[len] == '\n');
	}
}

static void put_certificates(const struct starter *s, bool whole, struct buf *out)
{
	bool live = false;

	vec_each (c, &s->certificates)
		live |= whole || !c->pending;
	buf_puts(out, live ? "\ncertificates:\n" : "\n# certificates:\n");
	vec_each (c, &s->certificates) {
		AUTO(buf) lines = { 0 };

		starter_put_certificate(s, c, &lines);
		put_lines(&lines, !whole && c->pending, out);
	}
}

static const struct starter_component example = {
	.name = "web1",
	.driver = "files",
	.deliver = &(const struct starter_key){ "directory",
						&(const char *const){ "/etc/tls/web1" }, 1, false },
	.deliver_count = 1,
};

static void put_components(const struct starter *s, bool whole, struct buf *out)
{
	bool live = false;

	vec_each (c, &s->components)
		live |= whole || c->driver;
	buf_puts(
		out,
		"\n# Where the pairs go. A pair counts as in use once the port has presented it in\n"
		"# a completed handshake.\n");
	buf_puts(out, live ? "components:\n" : "# components:\n");
	vec_each (c, &s->components) {
		AUTO(buf) lines = { 0 };
		bool pending = !whole && !c->driver;

		starter_put_component(c, &lines);
		if (pending)
			buf_puts(
				out,
				"# Fill in 'deliver', then remove the '# ' before each line that belongs to it: here,\n"
				"# at its certificate and at the issuer.\n");
		put_lines(&lines, pending, out);
	}
	if (!s->components.count && s->certificates.count && !whole) {
		AUTO(buf) lines = { 0 };
		struct starter_component c = example;

		c.certificate = s->certificates.items[0].name;
		starter_put_component(&c, &lines);
		put_lines(&lines, true, out);
	}
}

/* For the drivers that need to know who certfleet is. */
static void put_access(const struct starter *s, struct buf *out)
{
	bool ssh = false;
	bool agent = false;

	vec_each (c, &s->components) {
		ssh |= text_equal(c->driver, "sftp");
		agent |= text_equal(c->driver, "agent");
	}
	if (!ssh && !agent)
		return;
	buf_puts(out, "\n# Who certfleet is towards the hosts: put these files there.\naccess:\n");
	if (ssh)
		buf_puts(out, "  ssh: {key: secrets/ssh_key, known_hosts: known_hosts}\n");
	if (agent)
		buf_puts(
			out,
			"  agent: {certificate: operator.pem, key: secrets/operator.key, ca: agents-ca.pem}\n");
}

static void starter_put_issuer(const struct starter *s, bool whole, struct buf *out)
{
	bool used = false;

	vec_each (c, &s->certificates)
		used |= !c->form && (whole || !c->pending);
	if (!s->issuer)
		return;
	AUTO(buf) lines = { 0 };

	buf_puts(&lines, "issuers:\n  ");
	put_scalar(s->issuer, &lines);
	buf_printf(&lines, ":\n    subject: \"CN=%s CA\"\n    publish: %s.pem\n", s->fleet,
		   s->issuer);
	buf_puts(
		out,
		"\n# An authority that certfleet makes and keeps. 'publish' is the file for those who\n"
		"# are to trust what it signs.\n");
	put_lines(&lines, !used, out);
}

void starter_render(const struct starter *s, bool whole, struct buf *out)
{
	buf_printf(out, "# yaml-language-server: $schema=%s\n", s->schema);
	buf_puts(out,
		 "# 'certfleet plan' says what would change and why, 'certfleet apply' does it.\n"
		 "# All keys: man certfleet.yaml\n"
		 "certfleet: 1\n"
		 "fleet: ");
	put_scalar(s->fleet, out);
	buf_puts(
		out,
		"\n\n# A bundle of all keys is here before a key goes anywhere. The passphrase opens\n"
		"# it, and the state: without a copy of it elsewhere the keys can be lost.\n"
		"backup:\n  directory: backups\n  passphrase: {file: ");
	put_scalar(s->passphrase, out);
	buf_puts(out, "}\n");
	put_access(s, out);
	starter_put_issuer(s, whole, out);
	if (s->certificates.count)
		put_certificates(s, whole, out);
	buf_printf(
		out,
		"\n# When components are restarted: immediate, one at a time unless 'max_unavailable'\n"
		"# says more; or postponed, until they are restarted otherwise.\n"
		"roles:\n  " ROLE ":\n    restart: {when: %s}\n",
		restart_when_names[s->postponed ? RESTART_POSTPONED : RESTART_IMMEDIATE]);
	put_components(s, whole, out);
}
