/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manual pages: `manual FILE.in` writes the page on stdout, in man(7).
 *
 * A source is prose in which
 *
 *	# and ##	begin a section and a subsection
 *	an empty line	begins a paragraph
 *	`word`		is literal, _word_ a placeholder
 *	```		stands before and after an example, which is copied
 *	.MACRO		is of man(7); of its arguments only `word` is changed
 *
 * and a line that begins with @ becomes a list made from the tables of the
 * program, so that no key, option or status is missing from the manual or
 * outlives the code:
 *
 *	@title NAME SECTION DATE	the head of the page
 *	@keys RECORD [KEY ...]	keys of a mapping of the fleet file, or some of them
 *	@agent-keys RECORD	keys of a mapping of an agent's configuration
 *	@commands		all commands
 *	@command NAME		one command and its options
 *	@options		options of every command
 *	@statuses		exit statuses
 *	@preconditions		precondition codes
 *	@roles TOPOLOGY		preset roles of a topology
 */
#include "base/auto.h"
#include "base/exit_status.h"
#include "base/fs.h"
#include "base/program_version.h"
#include "cli/cli.h"
#include "config/agent_load.h"
#include "config/schema.h"
#include "config/topology.h"
#include "plan/codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOURCE_LIMIT = 1 << 20
};

/* Where a page stands. */
struct manual_page {
	const char *path;
	unsigned line;
	bool example;   /* inside of ``` */
	bool paragraph; /* an empty line came before */
	bool heading;   /* nothing followed the heading yet */
	struct buf out;
};

static void stop_at(const struct manual_page *p, const char *what, const char *text)
{
	fprintf(stderr, "%s:%u: %s '%s'\n", p->path, p->line, what, text);
	exit(EXIT_FAILURE);
}

/* ---- text ---- */

/* One byte as it is: neither an escape nor a typographer's hyphen or quote. */
static void page_byte(struct buf *out, char c)
{
	static const char *const names[] = { ['\\'] = "\\e",  ['-'] = "\\-",   ['\''] = "\\(aq",
					     ['^'] = "\\(ha", ['~'] = "\\(ti", ['`'] = "\\(ga" };
	const char *name = (unsigned char)c < sizeof(names) / sizeof(*names) ? names[(int)c] : NULL;

	if (name)
		buf_puts(out, name);
	else
		buf_putc(out, c);
}

static void page_verbatim(struct buf *out, const char *text)
{
	if (*text == '.')
		buf_puts(out, "\\&");
	for (; *text; text++)
		page_byte(out, *text);
}

/*
 * Text with `literal` words and _placeholders_.  Blanks and line breaks become
 * one blank, since help texts are indented for the terminal.  A macro's line
 * keeps the bytes that mean something to it.
 */
static void page_text(struct manual_page *p, const char *text, bool macro)
{
	bool literal = false;
	bool variable = false;

	if (!macro && *text == '.')
		buf_puts(&p->out, "\\&");
	for (const char *at = text; *at; at++) {
		bool blank = *at == ' ' || *at == '\n' || *at == '\t';

		if (*at == '`') {
			literal = !literal;
			buf_puts(&p->out, literal ? "\\fB" : "\\fR");
		} else if (*at == '_' && !literal) {
			variable = !variable;
			buf_puts(&p->out, variable ? "\\fI" : "\\fR");
		} else if (blank) {
			if (at == text || !strchr(" \n\t", at[-1]))
				buf_putc(&p->out, ' ');
		} else if (macro && !literal) {
			buf_putc(&p->out, *at);
		} else {
			page_byte(&p->out, *at);
		}
	}
	buf_putc(&p->out, '\n');
	if (literal || variable)
		stop_at(p, "no end of ` or _ in", text);
}

/* Text of a table, in which an underscore is one; 'word' is literal. */
static void page_help(struct manual_page *p, const char *text)
{
	AUTO(buf) marked = { 0 };
	bool literal = false;

	for (const char *at = text; *at; at++) {
		bool opens = *at == '\'' && !literal && (at == text || strchr(" (\n", at[-1])) &&
			     strchr(at + 1, '\'');
		bool closes = *at == '\'' && literal;

		if (*at == '`' || opens || closes)
			literal = !literal;
		if (opens || closes)
			buf_putc(&marked, '`');
		else if (*at == '_' && !literal)
			buf_puts(&marked, "`_`");
		else
			buf_putc(&marked, *at);
	}
	page_text(p, buf_text(&marked), false);
}

/* An item of a list: the word, and behind it what is not literal. */
static void begin_item(struct manual_page *p, const char *word, const char *rest)
{
	buf_puts(&p->out, ".TP\n\\fB");
	page_verbatim(&p->out, word);
	buf_puts(&p->out, "\\fR");
	page_verbatim(&p->out, rest);
	buf_putc(&p->out, '\n');
}

/* ---- keys ---- */

/* The mapping that a value is made of, or NULL. */
static const struct record *inner_record(const struct field *f)
{
	switch (f->type->shape) {
	case SHAPE_RECORD:
	case SHAPE_TEXT_OR_RECORD:
	case SHAPE_TEXTS_OR_RECORD:
	case SHAPE_NAMED:
		return f->param;
	case SHAPE_LIST:
	case SHAPE_ONE_OR_LIST:
		return inner_record(((const struct list_of *)f->param)->item);
	case SHAPE_MAP:
	case SHAPE_LATER:
		return inner_record(f->param);
	case SHAPE_TEXT:
	case SHAPE_FLAG:
	case SHAPE_COUNT:
	case SHAPE_VERSION:
	case SHAPE_COUNT_OR_TEXT:
	case SHAPE_CHOICE:
	case SHAPE_ANY:
		return NULL;
	}
	abort();
}

static const struct record *record_named(const struct record *r, const char *name)
{
	const struct record *found = !strcmp(r->name, name) ? r : NULL;

	for (const struct field *f = r->fields; f->key && !found; f++) {
		const struct record *inner = f->unsupported ? NULL : inner_record(f);

		found = inner ? record_named(inner, name) : NULL;
	}
	return found;
}

/* Appends the type of a value, in words. */
static void add_type(const struct field *f, struct buf *out)
{
	const struct list_of *of = f->param;
	const struct bounds *b = f->param;
	const char *const *names = f->param;

	if (f->type->words) {
		buf_puts(out, f->type->words);
		return;
	}
	switch (f->type->shape) {
	case SHAPE_TEXT:
	case SHAPE_ANY:
		buf_puts(out, "text");
		return;
	case SHAPE_FLAG:
		buf_puts(out, "true or false");
		return;
	case SHAPE_VERSION:
		buf_puts(out, "1");
		return;
	case SHAPE_COUNT:
	case SHAPE_COUNT_OR_TEXT:
		buf_printf(out, "number from %lld to %lld", (long long)b->least,
			   (long long)b->most);
		return;
	case SHAPE_CHOICE:
		for (; *names; names++)
			buf_printf(out, "%s%s", *names, names[1] ? " | " : "");
		return;
	case SHAPE_ONE_OR_LIST:
		add_type(of->item, out);
		buf_puts(out, ", or ");
		/* fallthrough */
	case SHAPE_LIST:
		buf_puts(out, "list of ");
		add_type(of->item, out);
		buf_puts(out, of->item->type->shape == SHAPE_RECORD ? "s" : "");
		return;
	case SHAPE_NAMED:
		buf_puts(out, "mapping of names to mappings");
		return;
	case SHAPE_TEXTS_OR_RECORD:
		buf_puts(out, "list of text, or mapping");
		return;
	case SHAPE_RECORD:
	case SHAPE_TEXT_OR_RECORD:
	case SHAPE_MAP:
		buf_puts(out, "mapping");
		return;
	case SHAPE_LATER:
		add_type(f->param, out);
		return;
	}
}

/* Whether a key is among the words, or there are none. */
static bool is_listed(const char *words, const char *key)
{
	AUTO(buf) all = { 0 };
	AUTO(buf) one = { 0 };

	buf_printf(&all, "%s ", words);
	buf_printf(&one, " %s ", key);
	return !*words || strstr(buf_text(&all), buf_text(&one));
}

/* `words`: the name of the mapping, and the keys that are wanted. */
static void page_keys(struct manual_page *p, const struct record *root, const char *words)
{
	char name[64] = "";
	int used = 0;
	const struct record *r = NULL;

	if (sscanf(words, "%63s%n", name, &used) == 1)
		r = record_named(root, name);
	if (!r)
		stop_at(p, "no mapping is called", name);
	for (const struct field *f = r->fields; f->key; f++) {
		AUTO(buf) type = { 0 };
		AUTO(buf) usual = { 0 };

		if (f->unsupported || !is_listed(words + used, f->key))
			continue;
		buf_puts(&type, ": ");
		add_type(f, &type);
		field_default(r, f, &usual);
		if (usual.len)
			buf_printf(&type, "; default %s", usual.data);
		if (f->required)
			buf_puts(&type, "; required");
		begin_item(p, f->key, buf_text(&type));
		page_help(p, f->help);
	}
}

/* ---- commands, options, statuses, codes ---- */

static void page_options(struct manual_page *p, const struct option *options)
{
	for (const struct option *o = options; o->name; o++) {
		if (o->kind == OPTION_LATER)
			continue;
		buf_puts(&p->out, ".TP\n");
		if (o->letter)
			buf_printf(&p->out, "\\fB\\-%c\\fR, ", o->letter);
		buf_puts(&p->out, "\\fB\\-\\-");
		page_verbatim(&p->out, o->name);
		buf_printf(&p->out, "\\fR%s\\fI%s\\fR\n", o->argument ? " " : "",
			   o->argument ? o->argument : "");
		page_help(p, o->help);
	}
}

/* The command's line, what its help says, and its options. */
static void page_command(struct manual_page *p, const char *name)
{
	const struct command *const *at = commands;

	while (*at && (strcmp((*at)->name, name) != 0 || !(*at)->run))
		at++;
	if (!*at)
		stop_at(p, "no command is called", name);

	const struct command *c = *at;

	buf_puts(&p->out, ".SS \"certfleet ");
	page_verbatim(&p->out, c->name);
	buf_puts(&p->out, c->options ? " [option ...] " : " ");
	page_verbatim(&p->out, c->words);
	buf_puts(&p->out, "\"\n");
	page_help(p, c->summary);
	for (const char *text = c->help; text;) {
		const char *end = strstr(text, "\n\n");
		AUTO(buf) paragraph = { 0 };

		buf_add(&paragraph, text, end ? (size_t)(end - text) : strlen(text));
		buf_puts(&p->out, ".PP\n");
		page_help(p, buf_text(&paragraph));
		text = end ? end + 2 : NULL;
	}
	if (c->options)
		page_options(p, c->options);
}

static void page_commands(struct manual_page *p)
{
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->run)
			continue;
		AUTO(buf) words = { 0 };

		buf_printf(&words, "%s%s", *commands[i]->words ? " " : "", commands[i]->words);
		begin_item(p, commands[i]->name, buf_text(&words));
		page_help(p, commands[i]->summary);
	}
}

static void page_statuses(struct manual_page *p)
{
	for (const struct exit_status_row *r = exit_status_rows; r->meaning; r++) {
		buf_printf(&p->out, ".TP\n\\fB%d\\fR\n", (int)r->status);
		page_help(p, r->meaning);
	}
}

static void page_preconditions(struct manual_page *p)
{
	for (size_t i = 0; i < CODE_COUNT; i++) {
		AUTO(buf) severity = { 0 };

		if (!code_rows[i].meaning)
			continue;
		buf_printf(&severity, " (%s)", severity_names[code_rows[i].severity]);
		begin_item(p, code_rows[i].name, buf_text(&severity));
		page_help(p, code_rows[i].meaning);
	}
}

/* ---- topologies ---- */

static void add_list(const char *const *words, const char *around, struct buf *out)
{
	for (size_t i = 0; words[i]; i++)
		buf_printf(out, "%s%s%s%s", i ? ", " : "", around, words[i], around);
}

/* What the role is as if it were written, then the keys that may be. */
static void page_role(struct manual_page *p, const struct preset_role *r)
{
	const struct restart_form *restart = &r->form.restart;
	AUTO(buf) text = { 0 };

	if (r->waits_for_start)
		buf_puts(&text, "Nothing restarts it: it takes the pair at its next start.\n");
	else
		buf_printf(
			&text,
			"`restart: {when: %s, max_unavailable: %u%s, on_failure: %s, timeout: %llds}`;\n",
			restart_when_names[restart->restart.when], restart->max_unavailable.count,
			restart->max_unavailable.is_percent ? "%" : "",
			on_failure_names[restart->restart.on_failure],
			(long long)restart->restart.timeout);
	if (r->form.version.minimum)
		buf_printf(&text, "`version: {minimum: \"%s\", same: %s}`;\n",
			   r->form.version.minimum, r->form.version.same ? "true" : "false");
	buf_printf(&text, "`offline: %s`;\n`after: [", offline_policy_names[r->form.offline]);
	add_list(r->after, "", &text);
	buf_puts(&text, "]`.\nTo be changed: ");
	add_list(r->changes, "`", &text);
	buf_puts(&text, ".");
	begin_item(p, r->name, "");
	page_help(p, buf_text(&text));
}

static void page_roles(struct manual_page *p, const char *topology)
{
	const struct preset_role *r = NULL;

	for (int t = 0; t < TOPOLOGY_COUNT; t++)
		if (!strcmp(topology_names[t], topology))
			r = topology_roles((enum topology)t);
	if (!r)
		stop_at(p, "no topology with roles is called", topology);
	for (; r->name; r++)
		page_role(p, r);
}

/* ---- lines ---- */

/* Words are neither hyphenated nor spread out: they are searched for. */
static void page_title(struct manual_page *p, const char *name)
{
	buf_printf(&p->out,
		   ".TH %s \"certfleet %s\" \"certfleet manual\"\n.nr HY 0\n.hy 0\n.ad l\n", name,
		   CERTFLEET_VERSION);
}

static void page_list(struct manual_page *p, const char *directive)
{
	char kind[32] = "";
	char name[64] = "";

	if (sscanf(directive, "@%31s %63[^\n]", kind, name) < 1)
		stop_at(p, "not a list:", directive);
	if (!strcmp(kind, "title"))
		page_title(p, name);
	else if (!strcmp(kind, "keys"))
		page_keys(p, &fleet_record, name);
	else if (!strcmp(kind, "agent-keys"))
		page_keys(p, &agent_record, name);
	else if (!strcmp(kind, "command"))
		page_command(p, name);
	else if (!strcmp(kind, "commands"))
		page_commands(p);
	else if (!strcmp(kind, "options"))
		page_options(p, common_options);
	else if (!strcmp(kind, "statuses"))
		page_statuses(p);
	else if (!strcmp(kind, "preconditions"))
		page_preconditions(p);
	else if (!strcmp(kind, "roles"))
		page_roles(p, name);
	else
		stop_at(p, "unknown list", kind);
}

static void page_fence(struct manual_page *p)
{
	if (!p->example && !p->heading)
		buf_puts(&p->out, ".PP\n");
	buf_puts(&p->out, p->example ? ".EE\n.RE\n" : ".RS 4\n.EX\n");
	p->example = !p->example;
	p->heading = false;
	p->paragraph = !p->example;
}

static void page_line(struct manual_page *p, const char *line)
{
	size_t level = strspn(line, "#");

	if (!strncmp(line, "```", 3)) {
		page_fence(p);
	} else if (p->example) {
		page_verbatim(&p->out, line);
		buf_putc(&p->out, '\n');
	} else if (!*line) {
		p->paragraph = true;
	} else if (level) {
		buf_puts(&p->out, level == 1 ? ".SH " : ".SS ");
		page_text(p, line + level + 1, false);
		p->heading = true;
		p->paragraph = false;
	} else {
		if (p->paragraph && !p->heading && *line != '.' && *line != '@')
			buf_puts(&p->out, ".PP\n");
		p->paragraph = p->heading = false;
		if (*line == '@')
			page_list(p, line);
		else
			page_text(p, line, *line == '.');
	}
}

int main(int argc, char **argv)
{
	AUTO(buf) source = { 0 };
	struct manual_page p = { .path = argc > 1 ? argv[1] : "" };
	struct err e = { 0 };

	if (!fs_read(p.path, SOURCE_LIMIT, &source, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return EXIT_FAILURE;
	}
	for (char *line = source.data; line && *line;) {
		char *end = strchrnul(line, '\n');
		char *next = *end ? end + 1 : end;

		*end = '\0';
		p.line++;
		page_line(&p, line);
		line = next;
	}
	fwrite(buf_text(&p.out), 1, p.out.len, stdout);
	buf_release(&p.out);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
