/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starter fleet file that `certfleet init` writes: its text, with comments,
 * from the answers.  Texts are as the user gave them and are quoted here; whether
 * they are valid is for load_fleet_text() to say.
 */
#ifndef CONFIG_STARTER_H
#define CONFIG_STARTER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

/* A certificate to have: issued, or an import. */
struct starter_certificate {
	const char *name;
	const char *found; /* where it was found, for a comment; NULL: nowhere */
	const char *subject;
	const char *const *names;
	size_t name_count;
	const char *form;         /* "pem", "pkcs12" or "zip" of an import; NULL: issued */
	const char *const *files; /* of the import, relative to the fleet file */
	size_t file_count;
	const char *password; /* the file with the password of the import; NULL: none */
	bool no_anchor;       /* the chain of the import ends before its root */
	bool pending;         /* commented out, until its component can be delivered to */
};

/* A key of a flow mapping with its values: one text, or a list of them. */
struct starter_key {
	const char *key;
	const char *const *values;
	size_t count;
	bool list;
};

struct starter_component {
	const char *name;
	const char *certificate;
	const char *driver; /* NULL: to be filled in, so it is commented out */
	const struct starter_key *deliver;
	size_t deliver_count; /* 0: `place` alone */
	const char *place;
	const struct starter_key *activate;
	size_t activate_count; /* 0: not told */
	const char *port;      /* HOST:PORT that is verified; NULL: none */
	const char *starttls;  /* NULL: TLS from the start */
};

struct starter {
	const char *schema; /* for an editor */
	const char *fleet;
	const char *passphrase; /* the file with it */
	const char *issuer;     /* a new authority; NULL: self */
	const char *validity;   /* NULL: the default */
	bool postponed;         /* restarts wait until somebody else does them */
	VEC(struct starter_certificate) certificates;
	VEC(struct starter_component) components;
};

/*
 * Appends the text.  `whole`: also what is commented out, as it would be once it is
 * filled in, to have it checked.
 */
void starter_render(const struct starter *s, bool whole, struct buf *out);

#endif
