/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the commands that open a bundle. */
#ifndef CLI_BUNDLE_OPTION_H
#define CLI_BUNDLE_OPTION_H

#include "base/err.h"
#include "bundle/bundle.h"
#include "cli/options.h"
#include "cli/session.h"

#include <stdbool.h>

struct bundle_options {
	const char *passphrase_file;
	const char *passphrase_env;
	bool structure; /* ask for no passphrase; only 'backup verify' has the option */
};
#define BUNDLE_OPTIONS(T, member)                                                            \
	TEXT(T, member.passphrase_file, .name = "passphrase-file", .argument = "FILE",       \
	     .help = "open it with the passphrase in FILE"),                                 \
		TEXT(T, member.passphrase_env, .name = "passphrase-env", .argument = "NAME", \
		     .help = "open it with the passphrase in variable NAME")

/* A paragraph of the commands' help. */
#define BUNDLE_HELP                                                                   \
	"BUNDLE is a path, the name of a bundle in the backup directory, 'latest',\n" \
	"or the URL of a copy, as sftp://USER@HOST/DIR/NAME or .../latest. Without\n" \
	"an option the passphrases of the fleet file in the working directory are\n"  \
	"tried."

/* Whether at most one of them is given; else ERR_USAGE. */
MUST_CHECK bool bundle_option_check(const struct bundle_options *o, struct err *e);
/* The passphrase they name, in the session's arena; SECRET_NONE: none of them is given. */
const struct secret_ref *bundle_option_secret(struct session *s, const struct bundle_options *o);
/*
 * Opens the bundle named `word` and checks all of it.  Loads the fleet file if it is
 * needed and there, and opens the engine without a state.  `path`, in the
 * session's arena: where the bundle was found.
 */
MUST_CHECK bool bundle_option_open(struct session *s, const struct bundle_options *o,
				   const char *word, struct bundle *out, const char **path,
				   struct err *e);

#endif
