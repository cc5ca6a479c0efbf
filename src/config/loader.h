/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loader: the state of one load_fleet().  Every reader of this folder takes
 * it as its first argument, reports mistakes through it and then returns false.
 *
 * `fleet.arena` holds what the caller keeps; `work` holds nodes and forms and
 * is released after the load.
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
	COMPONENT_LIMIT = 100 * 1000,         /* in all groups together */
	EXPANDED_BYTES = 256 * 1024 * 1024,   /* limit of memory for expanded groups */
	SOURCES_BYTES = 2 * 64 * 1024 * 1024, /* in all files together */
};

/* A file that is part of the fleet. */
struct source {
	const char *name; /* as shown in messages */
	const char *path; /* relative to the fleet's directory */
	const char *directory;
	const char *text;
	size_t len;
	uint32_t diag;
	uint32_t *lines; /* start of each line; built when first needed */
	size_t line_count;
	const struct node *csv; /* where it is named as a CSV file; NULL: it is none */
};

/*
 * The current meaning of `${...}`.  A sample stands for any component, to check
 * role defaults and certificates that no component uses.
 */
struct scope {
	const char *name; /* full name of the component */
	const char *each; /* NULL outside a group */
	const char *host;
	const struct csv *csv;
	const char *const *cells;
	const struct node *item; /* position of the item; NULL: not in a group */
	bool sample;
};

/* A named entry of issuers, certificates, roles or components. */
struct entry {
	const struct node *key;
	const struct node *value;
};

struct section {
	VEC(struct entry) entries;
	struct lookup names; /* case-insensitive; value: the key's node */
};

struct loader {
	struct fleet fleet;
	struct arena work;
	struct diags *diags;
	subject_fn *subject;
	const struct scope *scope; /* NULL: no placeholders allowed */
	VEC(struct source) sources;
	int dirfd;                      /* the fleet's directory */
	bool beneath;                   /* the main file was not reviewed either */
	bool trusted;                   /* the main file must be a trusted file */
	const struct buf *given;        /* text of the main file, which is not there; NULL */
	size_t room;                    /* number of components that may still be added */
	size_t unexpanded;              /* bytes held before groups are expanded; 0: not yet */
	size_t read;                    /* bytes of all files */
	bool full;                      /* lack of room has been reported */
	VEC(const char *) secret_files; /* files with secrets */
	VEC(const struct zone *) zones; /* that were read already */
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

/* False when no more diagnostics are kept: text for messages need not be made. */
bool loader_can_report(const struct loader *ld);
/*
 * False when the fleet has grown too large: a short fleet file can be large
 * once its groups are expanded.  Reports this once.
 */
bool loader_has_room(struct loader *ld, const struct node *at);
/* `text` escaped for a message. */
const char *shown(struct loader *ld, const char *text);

/* Report a mistake or a warning at a node; config_error() returns false. */
bool config_error(struct loader *ld, const struct node *at, const char *fmt, ...) PRINTF(3, 4);
void warn(struct loader *ld, const struct node *at, const char *fmt, ...) PRINTF(3, 4);
/* The line where a node begins. */
uint32_t line_of(struct loader *ld, const struct node *n);
/* The position of byte `at` in a source. */
struct where source_where(struct loader *ld, uint16_t source, uint32_t at);

/*
 * Adds a file; its text is copied into the fleet's arena.  A source is never
 * quoted in messages until source_quotable() is called.
 */
uint16_t source_add(struct loader *ld, struct source s);
void source_quotable(struct loader *ld, uint16_t source);
/* Reads the main file, source number 0, and opens its directory. */
MUST_CHECK bool source_read_main(struct loader *ld, const char *path, struct err *e);
/* Reads `path`, given in source `from`, beneath the fleet's directory. */
bool source_read(struct loader *ld, const struct node *path, uint16_t *source);
/* The same for a CSV file; with `beneath` it must be readable by others. */
bool source_read_csv(struct loader *ld, const struct node *path, uint16_t *source);
/* Finds a source that was read before under that path. */
bool source_known(const struct loader *ld, const char *path, uint16_t *source);

#endif
