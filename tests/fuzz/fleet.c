/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet file with its includes and CSV inventories, as in tests/config. */
#include "harness.h"

#include "base/fs.h"
#include "config/each.h"
#include "config/load.h"
#include "pki/issue.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

enum {
	FILES = 8,
	NAME = 64,
	RANGE = 50,
};

/*
 * A million components may take their time, and a few bytes ask for them:
 * here a range is refused as too large from 50 on.
 */
bool __real_range_count(struct loader *ld, const struct node *n, uint64_t *number);
bool __wrap_range_count(struct loader *ld, const struct node *n, uint64_t *number);
bool __wrap_range_count(struct loader *ld, const struct node *n, uint64_t *number)
{
	if (!__real_range_count(ld, n, number))
		return false;
	if (*number > RANGE)
		*number = UINT32_MAX;
	return true;
}

/* What was written for this input. */
static char written[FILES][NAME];
static size_t count;

/* Nothing that would lead out of our folder. */
static bool is_safe(const char *name, size_t len)
{
	if (!len || len >= NAME || *name == '/' || memmem(name, len, "..", 2))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("./_-", name[i]))
			return false;
	return name[len - 1] != '/' && !memmem(name, len, "//", 2);
}

static void write_one(const char *name, size_t len, const uint8_t *bytes, size_t size)
{
	AUTO(arena) a = { 0 };
	char *path = written[count];
	FILE *f = NULL;
	struct err e = { 0 };

	if (!is_safe(name, len) || count == FILES)
		return;
	snprintf(path, NAME, "%.*s", (int)len, name);
	path = arena_printf(&a, "%s/%s", fuzz_folder(), path);
	if (!fs_make_dirs(fs_dirname(&a, path), 0700, &e))
		return;
	f = fopen(path, "w");
	if (!f)
		return;
	HOLDS(fwrite(bytes, 1, size, f) == size);
	HOLDS(!fclose(f));
	count++;
}

static void forget_files(void)
{
	while (count) {
		AUTO(arena) a = { 0 };

		unlink(arena_printf(&a, "%s/%s", fuzz_folder(), written[--count]));
	}
}

static void write_files(struct feed *f)
{
	static const char head[] = "--- file ";

	while (f->left > sizeof(head) - 1 && !memcmp(f->at, head, sizeof(head) - 1)) {
		const uint8_t *line = f->at + sizeof(head) - 1;
		const uint8_t *end = f->at + f->left;
		const uint8_t *body = memchr(line, '\n', (size_t)(end - line));
		const uint8_t *next = NULL;

		if (!body)
			return;
		next = memmem(body, (size_t)(end - body), "\n--- ", 5);
		next = next ? next + 1 : end;
		write_one((const char *)line, (size_t)(body - line), body + 1,
			  next > body ? (size_t)(next - body - 1) : 0);
		f->at = next;
		f->left = (size_t)(end - next);
	}
}

static void load(bool beneath)
{
	AUTO(arena) a = { 0 };
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	const char *path = arena_printf(&a, "%s/certfleet.yaml", fuzz_folder());
	bool good = beneath ? load_fleet_beneath(path, subject_canonical, &fleet, &diags, &e)
			    : load_fleet(path, subject_canonical, &fleet, &diags, &e);

	HOLDS(good == (e.code == ERR_NONE));
	diag_render(&diags, &out);
	if (good)
		fleet_canonical(&fleet, &out);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };

	write_files(&f);
	load(false);
	load(true);
	forget_files();
}

void fuzz_seeds(void)
{
	seed_files("tests/config", ".case");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\ncomponents:\n",
		"  c: {certificate: a}\n", "");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\ncomponents:\n  c: {certificate: a, each: [",
		"a, ", "b]}\n");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\ncomponents:\n  c: {certificate: a, each: [\"",
		"[1-9]", "\"]}\n");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\ncomponents:\n  c: {certificate: a, host: \"",
		"${each}", "\"}\n");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\nroles:\n",
		"  r: {after: [r, s, t]}\n", "");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\ninclude: [",
		"a.yaml, ", "]\n");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\n",
		"x-a: 1\n", "");
	seed_many(
		"--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: {passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: {subject: CN=a.example, issuer: self}\ncomponents:\n  c: {each: {csv: hosts.csv, name: n}, certificate: a, deliver: {files: {directory: \"/a/${each}\"}}}\n--- file hosts.csv\nn\n",
		"a\n", "");
}
