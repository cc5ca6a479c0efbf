/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "base/exit_status.h"

#include "base/program_version.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Options of every command. */
struct common {
	const char *directory;
	const char *file;
	int color;
	bool quiet;
	bool verbose;
	bool version;
	bool help;
};

static const char *const colors[] = {
	[COLOR_AUTO] = "auto",
	[COLOR_ALWAYS] = "always",
	[COLOR_NEVER] = "never",
	NULL,
};

const struct option common_options[] = {
	TEXT(struct common, directory, .name = "directory", .letter = 'C', .argument = "DIR",
	     .help = "work in this directory"),
	TEXT(struct common, file, .name = "file", .letter = 'f', .argument = "FILE",
	     .help = "the fleet file, when it is not certfleet.yaml"),
	CHOICE(struct common, color, .name = "color", .argument = "WHEN", .choices = colors,
	       .help = "auto, always or never"),
	FLAG(struct common, quiet, .name = "quiet", .help = "only what was asked for, and errors"),
	FLAG(struct common, verbose, .name = "verbose", .help = "tell more"),
	FLAG(struct common, version, .name = "version", .help = "show the version"),
	FLAG(struct common, help, .name = "help", .letter = 'h', .help = "show this help"),
	{ 0 },
};

/* A command line while it is parsed. */
struct command_words {
	struct arena *arena;
	struct common common;
	const struct command *command; /* NULL: no command given */
	const char *group;             /* "backup" without a second word; NULL */
	void *options;
	struct texts words;
};

/* ---- finding the command ---- */

static bool unknown_command(struct arena *a, const char *word, struct err *e)
{
	VEC(const char *) names = { 0 };

	for (size_t i = 0; commands[i]; i++)
		VEC_PUSH(&names, a,
			 arena_strndup(a, commands[i]->name, strcspn(commands[i]->name, " ")));
	VEC_PUSH(&names, a, NULL);

	const char *near = text_nearest(word, names.items);

	if (near)
		return err_set(e, ERR_USAGE, "unknown command '%s', did you mean '%s'?",
			       text_escaped(a, word), near);
	return err_set(e, ERR_USAGE, "unknown command '%s'; 'certfleet --help' lists them",
		       text_escaped(a, word));
}

static const struct command *cli_named(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static bool is_group(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; commands[i]; i++)
		if (!strncmp(commands[i]->name, word, len) && commands[i]->name[len] == ' ')
			return true;
	return false;
}

/* "plan show" is a command of its own; with any other word the command is "plan". */
static bool find_command(struct command_words *l, char *const *argv, size_t *used, struct err *e)
{
	const struct command *two =
		argv[1] ? cli_named(arena_printf(l->arena, "%s %s", argv[0], argv[1])) : NULL;

	l->command = two ? two : cli_named(argv[0]);
	*used = two ? 2 : 1;
	if (l->command && !l->command->run && l->command->summary)
		l->command = NULL;
	else if (l->command && !l->command->run)
		return err_set(e, ERR_USAGE, "'%s' is not supported by this version yet",
			       l->command->name);
	if (l->command)
		return true;
	if (!is_group(argv[0]))
		return unknown_command(l->arena, argv[0], e);
	l->group = argv[0];
	return true;
}

static bool check_words(const struct command_words *l, struct err *e)
{
	const struct command *c = l->command;

	if (l->words.count < c->words_least)
		return err_set(e, ERR_USAGE, "'%s' needs %s", c->name, c->words);
	if (l->words.count > c->words_most)
		return err_set(e, ERR_USAGE, "unexpected argument '%s'",
			       text_escaped(l->arena, l->words.items[c->words_most]));
	/* beside a saved plan, --file names the fleet file it is applied to */
	if (l->common.file && l->words.count && !strcmp(c->words, "[FILE]"))
		return err_set(e, ERR_USAGE, "'--file' cannot be given together with '%s'",
			       text_escaped(l->arena, l->words.items[0]));
	return true;
}

/* Error for "backup" alone, or with an unknown second word. */
static bool needs_second(const struct command_words *l, struct err *e)
{
	AUTO(buf) known = { 0 };
	size_t len = strlen(l->group);

	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->run && !strncmp(commands[i]->name, l->group, len) &&
		    commands[i]->name[len] == ' ')
			buf_printf(&known, "%s%s", known.len ? ", " : "",
				   commands[i]->name + len + 1);
	if (l->words.count)
		return err_set(e, ERR_USAGE, "unknown command '%s %s', it is one of: %s", l->group,
			       text_escaped(l->arena, l->words.items[0]), buf_text(&known));
	return err_set(e, ERR_USAGE, "'%s' needs one of: %s", l->group, buf_text(&known));
}

static bool read_rest(struct command_words *l, char *const *argv, struct err *e)
{
	const struct command *c = l->command;
	static const struct option none[] = { { 0 } };
	const struct option_set sets[] = {
		{ common_options, &l->common },
		{ c && c->options ? c->options : none, l->options },
	};
	struct parse p = { .arena = l->arena,
			   .sets = sets,
			   .set_count = sizeof(sets) / sizeof(*sets) };
	size_t used = 0;

	if (!options_parse(&p, argv, &used, e))
		return false;
	l->words = p.words;
	if (l->common.help || l->common.version)
		return true;
	if (!c)
		return needs_second(l, e);
	return check_words(l, e);
}

static bool cli_read_line(struct command_words *l, char *const *argv, struct err *e)
{
	const struct option_set set = { common_options, &l->common };
	struct parse p = { .arena = l->arena, .sets = &set, .set_count = 1, .stop_at_word = true };
	size_t used = 0;
	size_t more = 0;
	size_t said = 0;

	if (!options_parse(&p, argv, &used, e))
		return false;
	argv += used;
	if (*argv && !strcmp(*argv, "help")) {
		l->common.help = true;
		argv++;
	}
	if (!*argv)
		return l->common.help || l->common.version ||
		       err_set(e, ERR_USAGE, "no command is named; 'certfleet --help' lists them");
	if (!find_command(l, argv, &more, e))
		return false;
	if (l->command)
		l->options = arena_alloc(l->arena, l->command->options_size);
	if (read_rest(l, argv + more, e))
		return true;
	said = strlen(e->text);
	snprintf(e->text + said, sizeof(e->text) - said, "; see 'certfleet %s --help'",
		 l->command ? l->command->name : l->group);
	return false;
}

/* ---- running the command ---- */

static bool cli_run_command(struct session *s, const struct command_words *l, int *status,
			    struct err *e)
{
	struct call call = { .options = l->options,
			     .words = l->words.items,
			     .word_count = l->words.count };

	if (l->common.directory && chdir(l->common.directory) < 0) {
		err_sys(e, "cannot work in '%s'", text_escaped(l->arena, l->common.directory));
		e->code = ERR_USAGE;
		return err_remedy(e, "name the directory of the fleet file with -C");
	}
	s->file = l->common.file ? l->common.file : FLEET_FILE;
	s->file_named = l->common.file != NULL;
	s->directory = l->common.directory;
	return session_prepare(s, l->command, &call, e) && l->command->run(s, &call, status, e);
}

static bool run_line(struct session *s, const struct command_words *l, int *status, struct err *e)
{
	AUTO(buf) text = { 0 };

	if (l->common.help && l->command)
		help_command(l->command, &text);
	else if (l->common.help)
		help_commands(l->group, &text);
	else if (l->common.version)
		buf_puts(&text, "certfleet " CERTFLEET_VERSION "\n");
	else
		return cli_run_command(s, l, status, e);
	term_print(&s->terminal, &text);
	return true;
}

/* Success counts only once the output is written. */
static int cli_finish(struct session *s, int status)
{
	struct err e = { 0 };

	if (terminal_close(&s->terminal, &e))
		return status;
	/* `plan | head` is no error */
	if (!s->terminal.left)
		terminal_error(&s->terminal, "%s", e.text);
	if (status)
		return status;
	return s->changed ? EXIT_PARTLY : err_exit_status(e.code);
}

int cli_main(int argc, char **argv)
{
	process_setup();

	AUTO(session) s = { 0 };
	struct command_words line = { .arena = &s.arena };
	struct err e = { 0 };
	int status = 0;
	bool good = decoder_start(decoders, &e);

	stop_install();
	good = good && cli_read_line(&line, argv + (argc > 0), &e);

	terminal_open(&s.terminal, (enum color)line.common.color, line.common.quiet);
	s.verbose = line.common.verbose;
	if (!good || !run_line(&s, &line, &status, &e)) {
		terminal_error(&s.terminal, "%s", e.text);
		status = err_exit_status(e.code);
	}
	return cli_finish(&s, status);
}
