/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery by programs of the user's own: keys, and rules of the component. */
#include "config/build.h"
#include "config/rows.h"
#include "config/schema.h"
#include "config/writer.h"

#include <stddef.h>

static bool read_program(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	return argv_type.read(ld, f, n, slot);
}

static void write_program(struct writer *w, const struct field *f, const void *slot)
{
	const char *const *argv = *(const char *const *const *)slot;

	if (argv)
		put_text(w, "run", f->key);
	put_words(w, "argv", argv);
}

static const struct field_type verb_program_type = { read_program, SHAPE_LIST, NULL,
						     .write = write_program };

#define PROGRAM(name, verb, h, ...)                                                      \
	FIELD(struct commands, name, argv[verb], const char *const *, verb_program_type, \
	      .param = &arguments, .help = h, ##__VA_ARGS__)

static const struct field commands_fields[] = {
	PROGRAM("probe", DECLARED_PROBE,
		"prints the SHA-256 fingerprint of the installed leaf, or the certificate as PEM, or nothing",
		.required = true),
	PROGRAM("stage", DECLARED_STAGE,
		"puts the new pair beside the old one; when left out, commit does all"),
	PROGRAM("commit", DECLARED_COMMIT, "makes the new pair the installed one",
		.required = true),
	PROGRAM("abort", DECLARED_ABORT, "removes the staged pair; nothing when left out"),
	PROGRAM("activate", DECLARED_ACTIVATE,
		"takes the installed pair into use; when left out, the commit has done so"),
	PROGRAM("revert", DECLARED_REVERT,
		"puts the former pair back; when left out, the former pair is staged and committed again"),
	PROGRAM("remove", DECLARED_REMOVE, "for retire: removes the pair"),
	DURATION(struct commands, "timeout", timeout, waits,
		 "how long each may take; 60s when left out", .canonical = "run_timeout"),
	{ 0 },
};
static bool commands_component_check(struct loader *ld, const struct draft *d,
				     const struct component_form *form)
{
	const struct commands *c = form->deliver.command;
	const struct node *activate = node_find(d->value, "activate");

	if (activate && c->argv[DECLARED_ACTIVATE])
		return config_error(ld, activate,
				    "'activate' here and in its 'deliver' exclude each other");
	return !form->retire.remove || c->argv[DECLARED_REMOVE] ||
	       config_error(ld, node_find(d->value, "retire"),
			    "missing command 'remove' in its 'deliver'");
}

const struct record commands_record = {
	.name = "command",
	.fields = commands_fields,
	.size = sizeof(struct commands),
	.preset = &(const struct commands){ .timeout = 60 },
	.component_check = commands_component_check,
	.help = "programs on this machine, told by CERTFLEET_PAIR and other variables what to do",
};
