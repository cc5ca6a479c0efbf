/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one load_fleet() works on.  Every reader of this folder takes it as
 * its first argument, reports mistakes through it and then returns false.
 *
 * `fleet.arena` gets what the caller keeps; `work` holds nodes and forms and
 * dies with the load.
 */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/vec.h"
#include "config/load.h"
#include "config/lookup.h"
#include "config/yaml.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv;
struct certificate_form;
struct issuer_form;
struct role_form;

enum {
	COMPONENT_LIMIT = 100 * 1000,         /* of all groups together */
	EXPANDED_BYTES = 256 * 1024 * 1024,   /* what groups grow into */
	SOURCES_BYTES = 2 * 64 * 1024 * 1024, /* of all files together */
};

/* A file the fleet is read from. */
struct source {
	const char *name; /* as shown in messages */
	const char *path; /* relative to the fleet's directory */
	const char *directory;
	const char *text;
	size_t len;
	uint32_t diag;
	uint32_t *lines; /* where each begins; made when first needed */
	size_t line_count;
	const struct node *csv; /* where it is named as one; NULL: it is none */
};

/*
 * What `${...}` means at the moment.  A sample stands for any component: it
 * serves to check role defaults and certificates that nothing uses.
 */
struct scope {
	const char *name; /* full name of the component */
	const char *each; /* NULL outside a group */
	const char *host;
	const struct csv *csv;
	const char *const *cells;
	const struct node *item; /* where it is written; NULL: in no group */
	bool sample;
};

/* A named entry of issuers, certificates, roles or components. */
struct entry {
	const struct node *key;
	const struct node *value;
};

struct section {
	VEC(struct entry) entries;
	struct lookup names; /* ignoring case; to the key's node */
};

struct loader {
	struct fleet fleet;
	struct arena work;
	struct diags *diags;
	subject_fn *subject;
	const struct scope *scope; /* NULL: no placeholder means anything */
	VEC(struct source) sources;
	int dirfd;                      /* of the fleet's directory */
	bool beneath;                   /* nobody has reviewed the main file either */
	bool trusted;                   /* the main file is believed: its writer commands */
	size_t room;                    /* components that may still be added */
	size_t unexpanded;              /* bytes held before groups were expanded; 0: they
					   are not yet */
	size_t read;                    /* bytes of all files */
	bool full;                      /* that there is no more room was reported */
	VEC(const char *) secret_files; /* that secrets are read from */
	struct section issuers;
	struct section certificates;
	struct section roles;
	struct section components;
	struct lookup issuer_forms; /* name to form */
	struct lookup certificate_forms;
	struct lookup role_forms;
};

void loader_release(struct loader *ld);
AUTO_STRUCT(loader, struct loader, loader_release)

/* Room for one more message: what only serves a message can be left out. */
bool loader_can_report(const struct loader *ld);
/*
 * Whether the fleet may grow on: what is small as it is written can be large
 * once its groups are expanded.  Complains once.
 */
bool loader_has_room(struct loader *ld, const struct node *at);
/* `text` ready for a message. */
const char *shown(struct loader *ld, const char *text);

/* Both report at a node; the first returns false. */
bool complain(struct loader *ld, const struct node *at, const char *fmt, ...) PRINTF(3, 4);
void warn(struct loader *ld, const struct node *at, const char *fmt, ...) PRINTF(3, 4);
/* The line a node begins on. */
uint32_t line_of(struct loader *ld, const struct node *n);
/* Where byte `at` of a source stands. */
struct where source_where(struct loader *ld, uint16_t source, uint32_t at);

/*
 * Adds a file that was read; its text is copied into the fleet's arena.  A
 * source is never quoted until source_quotable() says that it may be.
 */
uint16_t source_add(struct loader *ld, struct source s);
void source_quotable(struct loader *ld, uint16_t source);
/* The file that everything begins with, number 0; its directory is opened. */
MUST_CHECK bool source_read_main(struct loader *ld, const char *path, struct err *e);
/* Reads `path`, written in source `from`, beneath the fleet's directory. */
bool source_read(struct loader *ld, const struct node *path, uint16_t *source);
/* The same of a CSV file, which is nothing that others may not read. */
bool source_read_csv(struct loader *ld, const struct node *path, uint16_t *source);
/* The number of a source read before under that path. */
bool source_known(const struct loader *ld, const char *path, uint16_t *source);

#endif
