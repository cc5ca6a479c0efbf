/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `command`: programs of the user's own, run on this machine, one
 * after the other, in the directory of the fleet file.
 *
 * Every verb runs the program of its name, by the rules of drivers/declared.h.
 * Status 0 is success; else the last line of its stderr is the cause.  It is
 * told by its environment, never by an argument:
 *
 *	CERTFLEET_COMPONENT     the component's full name
 *	CERTFLEET_CERTIFICATE   its certificate; not for `remove`
 *	CERTFLEET_FINGERPRINT   SHA-256 of the leaf, hex; not for `probe`
 *	CERTFLEET_PAIR          a directory with the pair (drivers/pair_directory.h):
 *	                        for `stage` and `commit`; for `revert` when the state
 *	                        has it
 *
 * `probe` prints the fingerprint of the installed leaf, or its certificate as
 * PEM, or nothing when nothing is installed.
 *
 * A stop ends a probe; a change goes on to its end or deadline.  A private key
 * cannot be read back.
 */
#include "drivers/driver_table.h"

#include "base/child.h"
#include "base/redact.h"
#include "base/text.h"
#include "drivers/declared.h"
#include "drivers/pair_directory.h"
#include "install/supervisor.h"
#include "json/record.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct commands *commands_of(const struct job *j)
{
	return j->component->deliver.command;
}

/* "NAME=value", without those that have none. */
static const char *const *command_env(const struct job *j, enum declared_verb verb,
				      const char *pair)
{
	const struct certificate *certificate = j->component->certificate;
	const char *const values[][2] = {
		{ "CERTFLEET_COMPONENT", j->component->name },
		{ "CERTFLEET_CERTIFICATE", certificate ? certificate->name : NULL },
		{ "CERTFLEET_FINGERPRINT", verb == DECLARED_PROBE ? NULL : j->fingerprint },
		{ "CERTFLEET_PAIR", pair },
	};
	size_t most = sizeof(values) / sizeof(*values);
	const char **env = arena_array(j->arena, most + 1, sizeof(*env));
	size_t count = 0;

	for (size_t i = 0; i < most; i++)
		if (values[i][1])
			env[count++] = arena_printf(j->arena, "%s=%s", values[i][0], values[i][1]);
	return env;
}

/* Adds the last line of what it complained of, without anything like a key. */
static void add_cause(const struct job *j, const struct buf *complaint, struct err *e)
{
	const char *shown = redact_last_line(buf_text(complaint), complaint->len, j->arena);

	if (*shown)
		err_set(e, e->code, "%s: %s", arena_strdup(j->arena, e->text), shown);
}

static bool command_run(struct job *j, enum declared_verb verb, struct buf *out, struct err *e)
{
	bool takes_pair = verb == DECLARED_STAGE || verb == DECLARED_COMMIT;
	AUTO(buf) complaint = { 0 };
	const char *pair = NULL;
	struct child c = { .argv = commands_of(j)->argv[verb],
			   .directory = j->directory,
			   .timeout_ms = commands_of(j)->timeout * 1000,
			   .sees_key = true,
			   .finishes = verb != DECLARED_PROBE,
			   .complaint = &complaint };
	struct err left = { 0 };
	bool done = false;

	if (takes_pair && (!j->set || !j->key))
		return err_set(e, ERR_MISSING, "the pair %.12s is not in the state",
			       j->fingerprint);
	if ((takes_pair || verb == DECLARED_REVERT) && j->set && j->key &&
	    !pair_directory_make(j->private_directory, j->set, j->key, j->arena, &pair, e))
		return false;
	c.extra_env = command_env(j, verb, pair);
	j->began |= verb != DECLARED_PROBE;
	done = child_run(&c, out, e);
	if (!done && e->code == ERR_REMOTE)
		add_cause(j, &complaint, e);
	wipe(complaint.data, complaint.len);
	if (!done)
		err_in(e, "'%s'", declared_verb_names[verb]);
	if (!pair || pair_directory_remove(j->private_directory, &left))
		return done;
	if (done)
		*e = left;
	return false;
}

static bool ask_installed(struct job *j, const char **installed, struct err *e)
{
	AUTO(buf) out = { .limit = CHILD_OUTPUT_LIMIT + 1 };
	char *text = NULL;
	static const char openssl[] = "sha256 Fingerprint=";
	size_t prefix = sizeof(openssl) - 1;
	size_t len = 0;

	if (!command_run(j, DECLARED_PROBE, &out, e))
		return false;
	text = arena_strdup(j->arena, buf_text(&out));
	text += strspn(text, " \t\r\n");
	for (len = strlen(text); len && isspace((unsigned char)text[len - 1]);)
		text[--len] = '\0';
	if (!strncasecmp(text, openssl, prefix))
		text += prefix;
	*installed = declared_leaf(text, j->arena);
	return *installed ||
	       err_set(e, ERR_REMOTE,
		       "'probe' prints neither a SHA-256 fingerprint nor a certificate");
}

static bool command_probe(struct job *j, struct err *e)
{
	const char *installed = NULL;

	if (!ask_installed(j, &installed, e))
		return false;
	j->seen.online = true;
	j->seen.installed = installed;
	return true;
}

/* Looks at what is installed, where the verb depends on it. */
static bool command_is_due(struct job *j, const struct declared_list *changes, bool *due,
			   struct err *e)
{
	const char *installed = NULL;
	bool asks = j->verb == DRIVER_COMMIT || j->verb == DRIVER_REMOVE ||
		    (!changes->count && (j->verb == DRIVER_STAGE || j->verb == DRIVER_ACTIVATE));

	*due = true;
	if (!asks)
		return true;
	if (!ask_installed(j, &installed, e))
		return false;
	if (j->verb == DRIVER_COMMIT)
		return declared_commit(j, installed, due, e);
	if (j->verb == DRIVER_REMOVE)
		*due = declared_remove(j, installed);
	return j->verb != DRIVER_ACTIVATE || declared_activate(j, installed, e);
}

static bool command_change(struct job *j, struct err *e)
{
	struct declared d = { .what = "command", .revert_to_something = true };
	struct declared_list changes = { 0 };
	bool due = false;

	j->began = false; /* a probe changes nothing */
	for (unsigned verb = 0; verb < DECLARED_COUNT; verb++)
		d.verbs |= commands_of(j)->argv[verb] ? 1U << verb : 0;
	if (!declared_changes(&d, j, &changes, e) || !command_is_due(j, &changes, &due, e))
		return false;
	for (size_t i = 0; due && i < changes.count; i++)
		if (!command_run(j, changes.verbs[i], NULL, e))
			return false;
	return true;
}

/* A program that activates. */
static bool command_supervised(const struct job *j, struct supervised *out)
{
	const struct commands *c = commands_of(j);

	*out = (struct supervised){
		.directory = driver_records(j->private_directory, j->arena),
		.process = j->component->process,
		.component = j->component->name,
		.fingerprint = j->fingerprint,
		.argv = c->argv[DECLARED_ACTIVATE],
		.env = command_env(j, DECLARED_ACTIVATE, NULL),
		.place = j->directory,
		.timeout_ms = c->timeout * 1000,
		.sees_key = true,
	};
	return out->argv != NULL;
}

static bool command_read(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_MISSING, "its key cannot be read by a command");
}

/* Only what a component that left the fleet file needs. */
static const struct member kept_commands_members[] = {
	WORDS_MEMBER("probe", struct commands, argv[DECLARED_PROBE], .least = 1),
	WORDS_MEMBER("remove", struct commands, argv[DECLARED_REMOVE], .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("timeout", struct commands, timeout, 1, 24 * 60 * 60),
	{ 0 },
};

static const struct member kept_command[] = {
	POINTER_MEMBER("command", struct deliver, command, kept_commands_members,
		       .absent = ABSENT_OMITTED),
	{ 0 },
};

const struct driver command_driver = {
	.kept = kept_command,
	.calls = {
		[DRIVER_PROBE] = command_probe,
		[DRIVER_STAGE] = command_change,
		[DRIVER_COMMIT] = command_change,
		[DRIVER_ABORT] = command_change,
		[DRIVER_ACTIVATE] = command_change,
		[DRIVER_REVERT] = command_change,
		[DRIVER_REMOVE] = command_change,
		[DRIVER_READ] = command_read,
	},
	.supervised = command_supervised,
	.takes_pair = true,
};
