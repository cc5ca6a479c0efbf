/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the model from the entries of the sections, in this order: issuers
 * and roles, the forms of certificates, components, certificates.  Each step
 * goes on past mistakes.
 */
#ifndef CONFIG_BUILD_H
#define CONFIG_BUILD_H

#include "config/forms.h"
#include "config/loader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A component while it is built: everything that is not in the model. */
struct draft {
	const struct node *key;
	const struct node *value;
	struct certificate_form *form;
	struct role_form *role;
	const char *certificate; /* full name */
	struct scope scope;      /* with `csv` its name must not appear in messages */
};

struct build {
	struct issuer *issuers;
	struct role *roles;
	struct component *components; /* not sorted until link_components() */
	struct draft *drafts;         /* one for each component */
	struct certificate *certificates;
	size_t certificate_count;
};

void build_issuers(struct loader *ld, struct build *b);
void build_roles(struct loader *ld, struct build *b);
void read_certificates(struct loader *ld);
void build_components(struct loader *ld, struct build *b);
void build_certificates(struct loader *ld, struct build *b);
/* Sorts components and points them to their certificates. */
void link_components(struct loader *ld, struct build *b);

/* The canonical form and commonName of a subject. */
bool subject_read(struct loader *ld, const struct node *n, const char **canonical, const char **cn);
/* Sorts in byte order by the first member, the name. */
void sort_by_name(void *items, size_t count, size_t size);
/* Reports "a certificate 'x' is not defined, did you mean..."; returns false. */
bool report_dangling(struct loader *ld, const struct node *at, const char *what,
		     const struct section *section);
/* A sample component, to check entries that no component uses. */
struct scope sample_scope(void);
/* "component 'edge/e1'", for a message; never shows a cell of a CSV file. */
const char *draft_words(struct loader *ld, const struct draft *d, const struct component *c);

extern const struct issuer issuer_self;

#endif
