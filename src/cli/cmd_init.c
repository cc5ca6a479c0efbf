/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/diag.h"
#include "base/fs.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "cli/command.h"
#include "cli/init_answers.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "config/load.h"
#include "config/starter.h"
#include "pki/issue.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRETS "secrets"
#define PASSPHRASE SECRETS "/backup.pass"
#define SCHEMA "share/certfleet/fleet.schema.json"

enum {
	PASSPHRASE_BYTES = 20,
	PASSPHRASE_LIMIT = 4096,
};

struct init_options {
	const char *fleet;
	const char *subject;
	const char *names;
	const char *issuer;
	const char *validity;
	const char *import;
	const char *password_file;
	const char *restart;
	struct texts components;
	struct texts activate;
	struct texts verify;
	struct texts from_files;
	struct texts from_probe;
	const char *out;
};

static const struct option options[] = {
	TEXT(struct init_options, fleet, .name = "fleet", .argument = "NAME",
	     .help = "name of the fleet; that of its directory when left out"),
	TEXT(struct init_options, subject, .name = "subject", .argument = "DN",
	     .help = "who the certificate is issued to: CN=shop.example.com"),
	TEXT(struct init_options, names, .name = "names", .argument = "N,...",
	     .help = "DNS names, IP addresses ... that clients use; its CN\n"
		     "                          when left out"),
	TEXT(struct init_options, issuer, .name = "issuer", .argument = "self|NEW",
	     .help = "who signs it: itself, or a new authority of this name"),
	TEXT(struct init_options, validity, .name = "validity", .argument = "DURATION",
	     .help = "how long it is valid; 90d when left out"),
	TEXT(struct init_options, import, .name = "import", .argument = "FILE",
	     .help = "the certificate with its key, made elsewhere: PEM,\n"
		     "                          PKCS#12 or a ZIP of PEM files"),
	TEXT(struct init_options, password_file, .name = "password-file", .argument = "FILE",
	     .help = "holds the password of --import"),
	TEXTS(struct init_options, components, .name = "component", .argument = "NAME=PLACE",
	      .help = "where the pair goes"),
	TEXTS(struct init_options, activate, .name = "activate", .argument = "NAME=HOW",
	      .help = "how its process takes a new pair into use:\n"
		      "                          unit:UNIT, signal:HUP:PIDFILE, reload:PROGRAM\n"
		      "                          WORD..., or command:PROGRAM WORD... (a restart);\n"
		      "                          quotes hold a word together, nothing is expanded"),
	TEXTS(struct init_options, verify, .name = "verify", .argument = "NAME=PORT",
	      .help = "the port that must then serve it: HOST:PORT, or\n"
		      "                          HOST:PORT/postgres with STARTTLS"),
	TEXT(struct init_options, restart, .name = "restart", .argument = "WHEN",
	     .help = "immediate or postponed"),
	TEXTS(struct init_options, from_files, .name = "from-files", .argument = "CERT,KEY[@PORT]",
	      .help = "adopt what runs today: the pair stays where it lies"),
	TEXTS(struct init_options, from_probe, .name = "from-probe", .argument = "PORT",
	      .help = "take names and port from what HOST:PORT serves"),
	TEXT(struct init_options, out, .name = "out", .argument = "FILE",
	     .help = "the fleet file to write; certfleet.yaml when left out"),
	{ 0 },
};

/* One init from its answers to the files. */
struct beginning {
	struct session *s;
	const struct init_options *o;
	struct answers answers;
	struct buf text;        /* of the fleet file */
	const char *passphrase; /* path of the file with it */
	bool made_passphrase;
	bool made_secrets; /* the directory of that file */
};

static void beginning_release(struct beginning *b)
{
	buf_release(&b->text);
}
AUTO_STRUCT(beginning, struct beginning, beginning_release)

/* ---- answers ---- */

static bool take_one(struct answers *a, const char *text,
		     bool (*take)(struct answers *a, const char *text, struct err *e),
		     struct err *e)
{
	return !text || take(a, text, e);
}

static bool take_each(struct answers *a, const struct texts *list,
		      bool (*take)(struct answers *a, const char *text, struct err *e),
		      struct err *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (!take(a, list->items[i], e))
			return false;
	return true;
}

static bool answers_fleet(struct answers *a, const char *text, struct err *e)
{
	/* a fleet's name is as an issuer's: the issuer that is made is called after it */
	if (!answers_issuer(a, text, e))
		return err_set(
			e, ERR_USAGE,
			"'--fleet' is a name, which has up to 64 of A-Z a-z 0-9 . _ -, not '%s'",
			text_escaped(a->arena, text));
	a->starter.fleet = text;
	a->starter.issuer = arena_printf(a->arena, "%.60s-ca", text);
	return true;
}

static bool take_options(struct beginning *b, struct err *e)
{
	const struct init_options *o = b->o;
	struct answers *a = &b->answers;
	bool adopts = o->from_files.count || o->from_probe.count;

	if (o->subject && o->import)
		return err_set(
			e, ERR_USAGE,
			"'--subject' has a certificate made, '--import' takes one; give one of them");
	if (adopts && (o->subject || o->import || o->components.count))
		return err_set(
			e, ERR_USAGE,
			"'--from-files' and '--from-probe' find certificates and components; leave out --subject, --import and --component");
	if (o->names && !o->subject)
		return err_set(e, ERR_USAGE, "'--names' goes with --subject");
	return take_one(a, o->fleet, answers_fleet, e) &&
	       take_one(a, o->subject, answers_subject, e) &&
	       take_one(a, o->import, answers_import, e) &&
	       take_one(a, o->password_file, answers_password_file, e) &&
	       take_one(a, o->names, answers_names, e) &&
	       take_one(a, o->issuer, answers_issuer, e) &&
	       take_one(a, o->validity, answers_validity, e) &&
	       take_one(a, o->restart, answers_restart, e) &&
	       take_each(a, &o->from_files, answers_from_files, e) &&
	       (!o->from_probe.count || answers_from_probes(a, &o->from_probe, e)) &&
	       take_each(a, &o->components, answers_component, e) &&
	       take_each(a, &o->activate, answers_activate, e) &&
	       take_each(a, &o->verify, answers_verify, e);
}

static const char *const *given_options(struct beginning *b)
{
	VEC(const char *) names = { 0 };

	for (const struct option *o = options; o->name; o++)
		if (o->kind == OPTION_TEXT &&
		    *(const char *const *)((const char *)b->o + o->offset))
			VEC_PUSH(&names, &b->s->arena, o->name);
	VEC_PUSH(&names, &b->s->arena, NULL);
	return names.items;
}

/* Whether the answers so far make a valid fleet file, whose loader judges them all. */
static bool check_answers(void *ctx, struct err *e)
{
	struct beginning *b = ctx;
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	AUTO(buf) text = { 0 };

	starter_render(&b->answers.starter, true, &text);
	if (load_fleet_text(b->answers.path, &text, subject_canonical, &fleet, &diags, e))
		return true;
	vec_each (d, &diags.list) {
		if (!d->warning)
			return err_set(e, ERR_USAGE, "%s", d->text);
	}
	return false;
}

static bool collect_answers(struct beginning *b, struct err *e)
{
	const struct starter *s = &b->answers.starter;
	struct interview i = { &b->s->terminal, &b->answers, NULL, check_answers, b };
	bool adopts = b->o->from_files.count || b->o->from_probe.count;

	if (!take_options(b, e))
		return false;
	if (!adopts && (!s->certificates.count || !s->components.count) &&
	    b->s->terminal.interactive) {
		i.given = given_options(b);
		return init_ask(&i, e);
	}
	if (!s->certificates.count)
		return err_set(
			e, ERR_USAGE,
			"there is no terminal to ask on, so say which certificate there is to be: --subject DN or --import FILE, and --component NAME=PLACE for where it goes; or adopt what runs with --from-files CERT,KEY@HOST:PORT or --from-probe HOST:PORT");
	return check_answers(b, e);
}

/* ---- files ---- */

/* Where the schema of this program is installed, for editors. */
static const char *schema_path(struct arena *a)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	const char *path = NULL;

	if (len > 0) {
		program[len] = '\0';
		path = arena_printf(a, "%s/" SCHEMA, fs_dirname(a, fs_dirname(a, program)));
	}
	return path && access(path, F_OK) == 0 ? path : "/usr/local/" SCHEMA;
}

static bool check_free(const struct beginning *b, struct err *e)
{
	struct stat st;

	return lstat(b->answers.path, &st) < 0 ||
	       err_set(e, ERR_USAGE,
		       "'%s' is there already, and init overwrites nothing; name another with --out",
		       text_escaped(b->answers.arena, b->answers.path));
}

/* One that is there stays: bundles and a state may be made with it. */
static bool write_passphrase(struct beginning *b, struct err *e)
{
	const char *directory = fs_dirname(b->answers.arena, b->passphrase);
	unsigned char random[PASSPHRASE_BYTES];
	char text[2 * PASSPHRASE_BYTES + 2];
	struct stat st;
	bool good = false;

	b->made_secrets = lstat(directory, &st) < 0;
	if (!fs_make_private_dir(directory, e))
		return false;
	if (lstat(b->passphrase, &st) == 0) {
		AUTO(secret) known = { 0 };

		return trusted_file_read(b->passphrase, TRUSTED_KEY, PASSPHRASE_LIMIT, &known, e);
	}
	random_bytes(random, sizeof(random));
	text_hex(random, sizeof(random), text);
	text[2 * PASSPHRASE_BYTES] = '\n';
	good = fs_create(b->passphrase, text, 2 * PASSPHRASE_BYTES + 1, FS_PRIVATE, e);
	wipe(random, sizeof(random));
	wipe(text, sizeof(text));
	b->made_passphrase = good;
	return good;
}

/* Removes what this init made, when it cannot be finished. */
static void take_back(const struct beginning *b)
{
	const char *directory = fs_dirname(b->answers.arena, b->passphrase);

	if (b->made_passphrase)
		unlink(b->passphrase);
	if (b->made_secrets) {
		unlink(arena_printf(b->answers.arena, "%s/.gitignore", directory));
		rmdir(directory);
	}
}

static bool cmd_init_write(struct beginning *b, struct err *e)
{
	bool good = stop_permits(e) && write_passphrase(b, e) &&
		    fs_create(b->answers.path, b->text.data, b->text.len, FS_PUBLIC, e);

	if (!good)
		take_back(b);
	return good;
}

/* ---- what to do next ---- */

/* The line of the `nth` component that is to be filled in, from 0. */
static size_t line_to_fill(const struct beginning *b, size_t nth)
{
	size_t line = 1;

	for (const char *at = buf_text(&b->text); *at; at += strcspn(at, "\n") + 1, line++)
		if (!strncmp(at, "#     deliver: {files: {certificate: /FILL/", 43) && !nth--)
			return line;
	return 0;
}

static void add_to_fill(const struct beginning *b, struct buf *out)
{
	const struct starter *s = &b->answers.starter;
	size_t nth = 0;

	vec_each (c, &s->components) {
		if (c->driver)
			continue;
		buf_puts(out, "to fill in: ");
		text_escape(out, b->answers.path, strlen(b->answers.path));
		buf_printf(out, ":%zu: 'deliver' of '%s', which is commented out until then\n",
			   line_to_fill(b, nth++), c->name);
	}
}

/* What the first plan would do to what runs today; nothing when it cannot be made now. */
static void add_first_plan(struct beginning *b, struct buf *out)
{
	AUTO(planned) p = { 0 };
	const struct planning how = { .now = clock_now(), .at = clock_now() };
	struct err why = { 0 };
	size_t touched = 0;

	if (!session_load(b->s, b->answers.path, &why) || !session_read(b->s, &why) ||
	    !planning_make(b->s, &how, &p, &why)) {
		terminal_error(&b->s->terminal, "the first plan cannot be made now: %s", why.text);
		return;
	}
	for (size_t i = 0; i < p.plan.step_count; i++)
		touched += p.plan.steps[i].component != NULL;
	if (touched)
		buf_puts(
			out,
			"the first plan changes components: what a port serves is not what its files hold\n");
	else if (p.plan.step_count)
		buf_puts(
			out,
			"the first plan changes no component: it takes the pairs over and writes a bundle\n");
	else
		buf_puts(out, "the first plan is empty\n");
}

/* The argument of a command, unless it is what the command takes by itself. */
static void init_add_file(const char *path, struct buf *out)
{
	if (!strcmp(path, FLEET_FILE))
		return;
	buf_putc(out, ' ');
	text_shell_word(out, path);
}

static void tell_end(struct beginning *b)
{
	const char *path = b->answers.path;
	bool adopts = b->o->from_files.count || b->o->from_probe.count;
	AUTO(buf) text = { 0 };

	buf_puts(&text, "wrote ");
	text_escape(&text, path, strlen(path));
	buf_puts(&text, b->made_passphrase
				? "\nwrote a random passphrase for state and backups into "
				: "\nthe passphrase for state and backups is the one in ");
	text_escape(&text, b->passphrase, strlen(b->passphrase));
	buf_puts(&text, ": keep a copy elsewhere\n");
	add_to_fill(b, &text);
	if (adopts)
		add_first_plan(b, &text);
	buf_puts(&text, "next: certfleet plan");
	init_add_file(path, &text);
	buf_puts(&text, ", then certfleet apply");
	init_add_file(path, &text);
	buf_putc(&text, '\n');
	term_print(&b->s->terminal, &text);
}

static bool cmd_init_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct init_options *o = call->options;
	AUTO(beginning) b = { .s = s, .o = o };

	(void)status;
	answers_init(&b.answers, &s->arena, o->out ? o->out : s->file);
	b.answers.starter.schema = schema_path(&s->arena);
	b.answers.starter.passphrase = PASSPHRASE;
	b.passphrase = fs_relative_to(&s->arena, b.answers.path, PASSPHRASE);
	if (!check_free(&b, e) || !collect_answers(&b, e))
		return false;
	starter_render(&b.answers.starter, false, &b.text);
	if (!cmd_init_write(&b, e))
		return false;
	tell_end(&b);
	return true;
}

const struct command command_init = {
	.name = "init",
	.words = "",
	.summary = "write a fleet file to begin with",
	.help = "On a terminal it asks for what no option gives. It writes the fleet file and,\n"
		"into " PASSPHRASE ", which git ignores, a random passphrase for state\n"
		"and backups; it overwrites nothing. PLACE is files:DIRECTORY,\n"
		"files:CERTIFICATE,KEY, sftp:USER@HOST,DIRECTORY, agent:https://HOST:PORT,\n"
		"haproxy:SOCKET,FILE, caddy:URL,ID, etcd:URL,KEY or handoff:FILE.\n\n"
		"--from-files adopts a pair that is in use: the first plan changes no component.\n"
		"--from-probe knows no files: it leaves the line 'deliver' for you to fill in.",
	.options = options,
	.options_size = sizeof(struct init_options),
	.run = cmd_init_run,
};
