/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a state: a database that somebody could have changed. */
#include "harness.h"

#include "state/backend.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATH = 600
};

static void list(const char *path)
{
	AUTO(arena) a = { 0 };
	struct backend *b = NULL;
	struct stored_record *records = NULL;
	struct stored_record one = { 0 };
	size_t count = 0;
	struct err e = { 0 };

	if (!sqlite_backend_open(path, false, &b, &e)) {
		HOLDS(e.code != ERR_NONE && *e.text);
		return;
	}
	if (b->ops->list(b, "", &a, &records, &count, &e))
		for (size_t i = 0; i < count; i++)
			HOLDS(records[i].key && records[i].value);
	TRY(b->ops->get(b, "meta", &a, &one, &e));
	b->ops->close(b);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	char folder[PATH];

	snprintf(folder, sizeof(folder), "%s/state", fuzz_folder());
	mkdir(folder, 0700);
	HOLDS(!chmod(fuzz_file("state/state.db", bytes, len), 0600));
	list(folder);
}

void fuzz_seeds(void)
{
	AUTO(arena) a = { 0 };
	const char *path = arena_printf(&a, "%s/made", fuzz_folder());
	const struct record_write writes[] = { { "meta", "{\"format\":1}" }, { "a/1", "{}" } };
	const struct transaction t = { .writes = writes, .write_count = 2 };
	struct backend *b = NULL;
	int64_t revision = 0;
	struct err e = { 0 };

	HOLDS(sqlite_backend_open(path, true, &b, &e) && b->ops->transact(b, &t, &revision, &e));
	b->ops->close(b);
	seed_files(path, "state.db");
	seed_text("SQLite format 3");
}
