/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet file with its includes and CSV inventories, as in tests/config. */
#include "harness.h"

#include "base/fs.h"
#include "config/load.h"
#include "pki/issue.h"

#include <stdio.h>
#include <unistd.h>

enum {
	FILES = 4
};

static const char *const others[FILES] = { "certfleet.yaml", "a.yaml",
					   "hosts.csv", "b.yaml" };

/* A name that is not one of ours would lead out of the folder. */
static const char *name_of(const char *line, size_t len, size_t number)
{
	for (size_t i = 0; i < FILES; i++)
		if (strlen(others[i]) == len && !memcmp(others[i], line, len))
			return others[i];
	return number < FILES ? others[number] : NULL;
}

static void write_files(struct feed *f)
{
	static const char head[] = "--- file ";
	size_t number = 0;

	for (size_t i = 0; i < FILES; i++) {
		AUTO(arena) a = { 0 };

		unlink(arena_printf(&a, "%s/%s", fuzz_folder(), others[i]));
	}
	while (f->left > sizeof(head) - 1 &&
	       !memcmp(f->at, head, sizeof(head) - 1)) {
		const uint8_t *line = f->at + sizeof(head) - 1;
		const uint8_t *end = f->at + f->left;
		const uint8_t *body = memchr(line, '\n', (size_t)(end - line));
		const uint8_t *next = NULL;
		const char *name = NULL;

		if (!body)
			return;
		next = memmem(body, (size_t)(end - body), "\n--- ", 5);
		next = next ? next + 1 : end;
		name = name_of((const char *)line, (size_t)(body - line),
			       number++);
		if (name)
			fuzz_file(name, body + 1,
				  next > body + 1 ? (size_t)(next - body - 1)
						  : 0);
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
	bool good = beneath ? load_fleet_beneath(path, subject_canonical,
						 &fleet, &diags, &e)
			    : load_fleet(path, subject_canonical, &fleet,
					 &diags, &e);

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
}

void fuzz_seeds(void)
{
	seed_files("tests/config", ".case");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\ncomponents:\n",
		  "  c: {certificate: a}\n", "");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\ncomponents:\n  c: "
		  "{certificate: a, each: [",
		  "a, ", "b]}\n");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\ncomponents:\n  c: "
		  "{certificate: a, each: [\"",
		  "[1-9]", "\"]}\n");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\ncomponents:\n  c: "
		  "{certificate: a, host: \"",
		  "${each}", "\"}\n");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\nroles:\n",
		  "  r: {after: [r, s, t]}\n", "");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\ninclude: [",
		  "a.yaml, ", "]\n");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\n",
		  "x-a: 1\n", "");
	seed_many("--- file certfleet.yaml\ncertfleet: 1\nfleet: f\nbackup: "
		  "{passphrase: {env: CERTFLEET_P}}\ncertificates:\n  a: "
		  "{subject: CN=a.example, issuer: self}\ncomponents:\n  c: "
		  "{each: {csv: hosts.csv, name: n}, certificate: a, deliver: "
		  "{files: {directory: \"/a/${each}\"}}}\n--- file "
		  "hosts.csv\nn\n",
		  "a\n", "");
}
