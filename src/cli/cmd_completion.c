/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for shells, made from the tables of commands and options.
 *
 * Every script finds the command of a line in the same way: options are skipped,
 * with their values, and words are joined as long as they are a command together
 * ("backup", "backup create").  What the tables have for that command is offered.
 */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/session.h"

#include <string.h>

/* Writes one option, or one command whose last word is `word`. */
typedef void put_option_fn(const struct option *o, struct buf *out);
typedef void put_word_fn(const struct command *c, const char *word, struct buf *out);

/* ---- what the tables have ---- */

/* `lead` stands before each. */
static void put_options(const struct option *list, const char *lead, put_option_fn *put,
			struct buf *out)
{
	for (const struct option *o = list; o && o->name; o++) {
		if (o->kind == OPTION_LATER)
			continue;
		buf_puts(out, lead);
		put(o, out);
	}
}

/* The words that may follow `name`: "" at the beginning of a line, "backup". */
static void put_next(const char *name, const char *lead, put_word_fn *put, struct buf *out)
{
	size_t len = strlen(name);

	for (size_t i = 0; commands[i]; i++) {
		const char *word = commands[i]->name;

		if (len && (strncmp(word, name, len) != 0 || word[len] != ' '))
			continue;
		word += len ? len + 1 : 0;
		if (!commands[i]->summary || strchr(word, ' '))
			continue;
		buf_puts(out, lead);
		put(commands[i], word, out);
	}
}

/* All commands, quoted, as patterns or as words. */
static void put_commands(const char *between, struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->summary)
			continue;
		buf_printf(out, "%s'%s'", before, commands[i]->name);
		before = between;
	}
}

/* All options with a value, as patterns: "-[Cf] | --directory | --file". */
static void put_letter(const struct option *o, struct buf *out)
{
	if (o->argument && o->letter)
		buf_putc(out, o->letter);
}

static void put_pattern(const struct option *o, struct buf *out)
{
	if (o->argument)
		buf_printf(out, " | --%s", o->name);
}

/* Whether one of the first `count` commands has an option of that name. */
static bool is_known(const char *name, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (const struct option *o = commands[i]->options; o && o->name; o++)
			if (!strcmp(o->name, name))
				return true;
	return false;
}

static void put_all_options(put_option_fn *put, struct buf *out)
{
	put_options(common_options, "", put, out);
	for (size_t i = 0; commands[i]; i++)
		for (const struct option *o = commands[i]->options; o && o->name; o++)
			if (!is_known(o->name, i))
				put(o, out);
}

static void put_valued(struct buf *out)
{
	buf_puts(out, "-[");
	put_all_options(put_letter, out);
	buf_puts(out, "]");
	put_all_options(put_pattern, out);
}

static void put_choices(const struct option *o, struct buf *out)
{
	for (size_t i = 0; o->choices[i]; i++)
		buf_printf(out, "%s%s", i ? " " : "", o->choices[i]);
}

/* Help inside of single quotes, on one line; bytes of `special` get a backslash. */
static void put_help(const char *help, const char *special, struct buf *out)
{
	for (const char *p = help; *p; p++) {
		if (*p == '\n' || (*p == ' ' && p > help && (p[-1] == ' ' || p[-1] == '\n')))
			continue;
		if (*p == '\'')
			buf_puts(out, "'\\'");
		else if (strchr(special, *p))
			buf_putc(out, '\\');
		buf_putc(out, *p);
	}
}

/* ---- bash ---- */

static void put_bash_option(const struct option *o, struct buf *out)
{
	buf_puts(out, o->name);
}

static void put_bash_word(const struct command *c, const char *word, struct buf *out)
{
	(void)c;
	buf_puts(out, word);
}

static void put_bash_values(const struct option *o, struct buf *out)
{
	if (!o->choices)
		return;
	buf_printf(out, "\t--%s) COMPREPLY=($(compgen -W '", o->name);
	put_choices(o, out);
	buf_puts(out, "' -- \"$word\")); return ;;\n");
}

static void put_bash_command(const char *name, const struct option *options, struct buf *out)
{
	buf_printf(out, "\t'%s') offered+='", name);
	put_next(name, " ", put_bash_word, out);
	put_options(options, " --", put_bash_option, out);
	buf_puts(out, "' ;;\n");
}

static void print_bash(struct buf *out)
{
	buf_puts(out,
		 "# shellcheck shell=bash\n"
		 "_certfleet()\n"
		 "{\n"
		 "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
		 "\tlocal command='' longer i offered='");
	put_options(common_options, " --", put_bash_option, out);
	buf_puts(out, "'\n"
		      "\t# the '=' of --option=value is a word of its own\n"
		      "\tcase $word in\n"
		      "\t=) word='' ;;\n"
		      "\t*) [ \"$before\" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]} ;;\n"
		      "\tesac\n"
		      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "\t\tlonger=\"$command${command:+ }${COMP_WORDS[i]}\"\n"
		      "\t\tcase ${COMP_WORDS[i]} in\n"
		      "\t\t");
	put_valued(out);
	buf_puts(out, ")\n"
		      "\t\t\ti=$((i + 1))\n"
		      "\t\t\t[ \"${COMP_WORDS[i]}\" != = ] || i=$((i + 1)) ;;\n"
		      "\t\tesac\n"
		      "\t\tcase $longer in\n"
		      "\t\t");
	put_commands(" | ", out);
	buf_puts(out, ") command=$longer ;;\n"
		      "\t\tesac\n"
		      "\tdone\n"
		      "\tcase $before in\n");
	put_all_options(put_bash_values, out);
	buf_puts(out, "\t");
	put_valued(out);
	buf_puts(out, ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
		      "\tesac\n"
		      "\tcase $command in\n");
	put_bash_command("", NULL, out);
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->summary)
			put_bash_command(commands[i]->name, commands[i]->options, out);
	buf_puts(out, "\tesac\n"
		      "\tCOMPREPLY=($(compgen -W \"$offered\" -- \"$word\"))\n"
		      "}\n"
		      "complete -o bashdefault -o default -F _certfleet certfleet\n");
}

/* ---- zsh ---- */

static void put_zsh_option(const struct option *o, struct buf *out)
{
	buf_printf(out, "'%s--%s%s[", o->kind == OPTION_TEXTS ? "*" : "", o->name,
		   o->argument ? "=" : "");
	put_help(o->help, "[]:\\", out);
	buf_putc(out, ']');
	if (o->argument)
		buf_printf(out, ":%s:", o->argument);
	if (o->choices) {
		buf_putc(out, '(');
		put_choices(o, out);
		buf_putc(out, ')');
	} else if (o->argument) {
		buf_puts(out, strcmp(o->argument, "DIR") != 0 ? "_files" : "_files -/");
	}
	buf_putc(out, '\'');
}

static void put_zsh_word(const struct command *c, const char *word, struct buf *out)
{
	buf_printf(out, "'%s:", word);
	put_help(c->summary, ":\\", out);
	buf_putc(out, '\'');
}

static void put_zsh_command(const char *name, const struct option *options, struct buf *out)
{
	buf_printf(out, "\t('%s')\n\t\toffered=(", name);
	put_next(name, "\n\t\t", put_zsh_word, out);
	buf_puts(out, ")\n\t\toptions+=(");
	put_options(options, "\n\t\t", put_zsh_option, out);
	buf_puts(out, ") ;;\n");
}

static void print_zsh(struct buf *out)
{
	buf_puts(out, "#compdef certfleet\n"
		      "_certfleet() {\n"
		      "\tlocal command longer i\n"
		      "\tlocal -a offered options\n"
		      "\tfor ((i = 2; i < CURRENT; i++)); do\n"
		      "\t\tlonger=\"$command${command:+ }$words[i]\"\n"
		      "\t\tcase $words[i] in\n"
		      "\t\t(");
	put_valued(out);
	buf_puts(out, ") ((i++)) ;;\n"
		      "\t\tesac\n"
		      "\t\tcase $longer in\n"
		      "\t\t(");
	put_commands(" | ", out);
	buf_puts(out, ") command=$longer ;;\n"
		      "\t\tesac\n"
		      "\tdone\n"
		      "\toptions=(");
	put_options(common_options, "\n\t\t", put_zsh_option, out);
	buf_puts(out, ")\n"
		      "\tcase $command in\n");
	put_zsh_command("", NULL, out);
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->summary)
			put_zsh_command(commands[i]->name, commands[i]->options, out);
	buf_puts(out, "\tesac\n"
		      "\t(( $#offered )) && _describe -t commands command offered\n"
		      "\t[[ -n $command ]] && options+=('*:file:_files') || options+=('*: :')\n"
		      "\t_arguments -S $options\n"
		      "}\n"
		      "if [[ $funcstack[1] = _certfleet ]]; then\n"
		      "\t_certfleet \"$@\"\n"
		      "else\n"
		      "\tcompdef _certfleet certfleet\n"
		      "fi\n");
}

/* ---- fish ---- */

static void put_fish_option(const struct option *o, struct buf *out)
{
	buf_printf(out, " -l %s", o->name);
	if (o->letter)
		buf_printf(out, " -s %c", o->letter);
	if (o->choices) {
		buf_puts(out, " -x -a '");
		put_choices(o, out);
		buf_putc(out, '\'');
	} else if (o->argument) {
		buf_puts(out, " -r");
	}
	buf_puts(out, " -d '");
	put_help(o->help, "\\", out);
	buf_puts(out, "'\n");
}

static void put_fish_word(const struct command *c, const char *word, struct buf *out)
{
	buf_printf(out, " -f -a %s -d '", word);
	put_help(c->summary, "\\", out);
	buf_puts(out, "'\n");
}

static void put_fish_command(const char *name, const struct option *options, struct buf *out)
{
	AUTO(buf) lead = { 0 };

	buf_printf(&lead, "complete -c certfleet -n '__certfleet_at \"%s\"'", name);
	put_next(name, buf_text(&lead), put_fish_word, out);
	put_options(options, buf_text(&lead), put_fish_option, out);
}

/* A pattern of fish is a word. */
static void put_fish_valued(const struct option *o, struct buf *out)
{
	if (o->argument && o->letter)
		buf_printf(out, " -%c", o->letter);
	if (o->argument)
		buf_printf(out, " --%s", o->name);
}

static void print_fish(struct buf *out)
{
	buf_puts(out, "function __certfleet_at\n"
		      "\tset -l command ''\n"
		      "\tset -l skip 0\n"
		      "\tfor word in (commandline -opc)[2..-1]\n"
		      "\t\tif test $skip = 1\n"
		      "\t\t\tset skip 0\n"
		      "\t\t\tcontinue\n"
		      "\t\tend\n"
		      "\t\tcontains -- $word");
	put_all_options(put_fish_valued, out);
	buf_puts(out, "\n\t\tand set skip 1\n"
		      "\t\tset -l longer (string trim -- \"$command $word\")\n"
		      "\t\tcontains -- $longer ");
	put_commands(" ", out);
	buf_puts(out, "\n\t\tand set command $longer\n"
		      "\tend\n"
		      "\ttest \"$command\" = \"$argv[1]\"\n"
		      "end\n");
	put_options(common_options, "complete -c certfleet", put_fish_option, out);
	put_fish_command("", NULL, out);
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->summary)
			put_fish_command(commands[i]->name, commands[i]->options, out);
}

/* ---- the command ---- */

static const struct shell {
	const char *name;
	void (*print)(struct buf *out);
} shells[] = {
	{ "bash", print_bash },
	{ "zsh", print_zsh },
	{ "fish", print_fish },
};

static bool cmd_completion_run(struct session *s, const struct call *call, int *status,
			       struct err *e)
{
	AUTO(buf) text = { 0 };

	(void)status;
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (!strcmp(shells[i].name, call->words[0]))
			shells[i].print(&text);
	if (!text.len)
		return err_set(e, ERR_USAGE, "the shell must be bash, zsh or fish, not '%s'",
			       text_escaped(&s->arena, call->words[0]));
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_completion = {
	.name = "completion",
	.words = "bash|zsh|fish",
	.summary = "print what completes command lines in a shell",
	.help = "bash and zsh take it at once: source <(certfleet completion bash)\nfish: certfleet completion fish | source\n'make install' puts all three where the shells look for them.",
	.words_least = 1,
	.words_most = 1,
	.run = cmd_completion_run,
};
