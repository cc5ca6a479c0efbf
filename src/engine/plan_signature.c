/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan_signature.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/number.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "base/vec.h"
#include "crypto/crypto.h"
#include "pki/pair.h"
#include "pki/signature.h"
#include "json/record.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define SIGNATURE_FORMAT "1.0"
#define APPROVED ".approved."

enum {
	SIGNATURE_FILE_LIMIT = 64 * 1024,
	PUBLIC_KEY_LIMIT = 4096,
	FILES_LIMIT = 1000, /* of approvals beside a plan */
};

struct plan_signer {
	struct arena arena;
	struct signing_key *key;
	struct der spki;
	char digest[SHA256_TEXT];
};

enum signed_as {
	SIGNED_AS_APPROVAL,
	SIGNED_AS_MAKER
};
static const char *const signed_as_names[] = { "approval", "maker", NULL };
static const char *const purposes[] = { "certfleet-approval-1\n", "certfleet-plan-1\n" };

struct plan_signature {
	unsigned as;
	const char *name; /* of the signer; not signed, and believed of no one */
	const char *hash;
	const char *lineage;
	int64_t serial;
	int64_t expires; /* 0: with the plan */
	struct der spki;
	struct der signature;
};

static const struct member plan_signature_members[] = {
	CONSTANT_MEMBER("format_version", SIGNATURE_FORMAT),
	CHOICE_MEMBER("signed_as", struct plan_signature, as, signed_as_names),
	TEXT_MEMBER("name", struct plan_signature, name, .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("plan_sha256", struct plan_signature, hash),
	TEXT_MEMBER("lineage", struct plan_signature, lineage),
	NUMBER_MEMBER("serial", struct plan_signature, serial, 0, NUMBER_LIMIT - 1),
	TIME_MEMBER("expires", struct plan_signature, expires, .absent = ABSENT_NULL),
	BYTES_MEMBER("public_key", struct plan_signature, spki.bytes, spki.len,
		     .most = PUBLIC_KEY_LIMIT),
	BYTES_MEMBER("signature", struct plan_signature, signature.bytes, signature.len,
		     .most = SIGNATURE_LIMIT),
	{ 0 },
};

/* ---- keys ---- */

bool plan_signer_open(const char *path, struct plan_signer **out, struct err *e)
{
	AUTO(plan_signer) s = xcalloc(1, sizeof(*s));
	AUTO(secret) key = { 0 };

	if (!pem_file_key(path, NULL, &key, e) || !signing_key_open(&key, &s->key, e) ||
	    !signing_key_public(s->key, &s->arena, &s->spki, e))
		return err_in(e, "cannot sign with '%s'", path);
	if (!public_key_signs_plans(s->spki))
		return err_set(e, ERR_INPUT, "cannot sign with '%s': " PLAN_KEY_KINDS, path);
	sha256_text(s->spki.bytes, s->spki.len, s->digest);
	*out = TAKE(s);
	return true;
}

void plan_signer_close(struct plan_signer *s)
{
	if (!s)
		return;
	signing_key_close(s->key);
	arena_release(&s->arena);
	free(s);
}

const char *plan_signer_key(const struct plan_signer *s)
{
	return s->digest;
}

/* ---- writing ---- */

static struct der signed_text(const struct plan_signature *s, struct arena *a)
{
	const char *text = arena_printf(a, "%s%s\n%s\n%" PRId64 "\n%" PRId64 "\n", purposes[s->as],
					s->hash, s->lineage, s->serial, s->expires);

	return (struct der){ (const unsigned char *)text, strlen(text) };
}

static bool signature_write(const struct plan_signer *s, struct plan_signature *d,
			    const struct plan_identity *plan, const char *path, struct err *e)
{
	AUTO(arena) a = { 0 };

	d->hash = plan->hash;
	d->lineage = plan->lineage;
	d->serial = plan->serial;
	d->spki = s->spki;
	if (!signing_key_sign(s->key, signed_text(d, &a), &a, &d->signature, e))
		return false;

	AUTO(json) json = json_encode(plan_signature_members, d);
	AUTO(str) text = json_dumps(json, JSON_INDENT(2));

	return fs_replace(path, text, strlen(text), FS_PUBLIC, e) ||
	       err_in(e, "cannot write the signature");
}

static const char *maker_path(const struct plan_identity *plan, struct arena *a)
{
	return arena_printf(a, "%s.signed", plan->path);
}

bool plan_sign(const struct plan_signer *s, const struct plan_identity *plan, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct plan_signature d = { .as = SIGNED_AS_MAKER };

	return signature_write(s, &d, plan, maker_path(plan, &a), e);
}

bool plan_approve(const struct plan_signer *s, const struct plan_identity *plan,
		  const struct approval *as, struct arena *a, const char **path, struct err *e)
{
	struct plan_signature d = { .as = SIGNED_AS_APPROVAL,
				    .name = as->name,
				    .expires = as->expires };

	*path = arena_printf(a, "%s" APPROVED "%s", plan->path, as->name);
	return signature_write(s, &d, plan, *path, e);
}

/* ---- reading ---- */

/* Nothing of it is believed yet. */
static bool signature_read(const char *path, struct arena *a, struct plan_signature *out,
			   struct err *e)
{
	AUTO(buf) text = { 0 };

	if (!fs_read(path, SIGNATURE_FILE_LIMIT, &text, e))
		return false;

	AUTO(json) json = json_parse(text.data, text.len);

	return (json_is_object(json) && json_decode(plan_signature_members, json, a, out, e)) ||
	       err_set(e, ERR_INPUT, "it is not a signature of a plan");
}

/* Whether it is what it says, of this plan, and by its key. */
static bool signature_fits(const struct plan_signature *s, enum signed_as as,
			   const struct plan_identity *plan, struct err *e)
{
	AUTO(arena) a = { 0 };

	if (!public_key_signs_plans(s->spki))
		return err_set(e, ERR_INPUT, "its key is of another kind; " PLAN_KEY_KINDS);
	if (s->as != as)
		return err_set(e, ERR_INPUT, "it is a signature for another purpose");
	if (strcmp(s->lineage, plan->lineage) != 0)
		return err_set(e, ERR_INPUT, "it is for another lineage of the state");
	if (s->serial != plan->serial)
		return err_set(e, ERR_INPUT,
			       "it is for serial %" PRId64 " of the state, not %" PRId64, s->serial,
			       plan->serial);
	if (strcmp(s->hash, plan->hash) != 0)
		return err_set(e, ERR_INPUT, "it is for another plan");
	return signature_check(s->spki, signed_text(s, &a), s->signature, e);
}

bool plan_check_maker(const struct plan_identity *plan, const char *maker, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct plan_signature s = { 0 };
	char key[SHA256_TEXT];
	bool good = signature_read(maker_path(plan, &a), &a, &s, e);

	if (good) {
		sha256_text(s.spki.bytes, s.spki.len, key);
		good = (!strcmp(key, maker) ||
			err_set(e, ERR_INPUT, "it is by another key than the plan says")) &&
		       signature_fits(&s, SIGNED_AS_MAKER, plan, e);
	}
	if (good)
		return true;
	e->code = ERR_STALE;
	return err_in(e, "the signature of the plan's maker, '%s'", maker_path(plan, &a));
}

/* ---- approvals beside a plan ---- */

struct approvals_search {
	const struct plan_identity *plan;
	const struct approval_rules *rules;
	const char *maker;
	int64_t now;
	struct arena *arena;
	VEC(struct approval) found;
	VEC(const char *) notes;
};

static bool approval_counts(struct approvals_search *s, const char *path, struct approval *out,
			    struct err *e)
{
	struct plan_signature d = { 0 };
	const struct approval_signer *signer = NULL;
	char when[TIME_TEXT];
	char key[SHA256_TEXT];

	if (!signature_read(path, s->arena, &d, e))
		return false;
	sha256_text(d.spki.bytes, d.spki.len, key);
	signer = approval_signer(s->rules, key);
	if (!signer)
		return err_set(e, ERR_INPUT,
			       "its key is of none of the signers as of the last completed run");
	if (s->maker && !strcmp(s->maker, key))
		return err_set(e, ERR_INPUT, "it is by the plan's maker, '%s'", signer->name);
	if (!signature_fits(&d, SIGNED_AS_APPROVAL, s->plan, e))
		return false;
	if (d.expires <= s->now)
		return err_set(e, ERR_INPUT, "it expired on %s", time_format(d.expires, when));
	*out = (struct approval){ signer->name, signer->key, d.expires };
	return true;
}

static void approval_try(struct approvals_search *s, const char *path)
{
	struct approval one = { 0 };
	struct err e = { 0 };

	if (!approval_counts(s, path, &one, &e)) {
		VEC_PUSH(&s->notes, s->arena,
			 arena_printf(s->arena, "'%s' does not count: %s",
				      text_escaped(s->arena, path), e.text));
		return;
	}
	vec_each (known, &s->found)
		if (!strcmp(known->key, one.key))
			return;
	VEC_PUSH(&s->found, s->arena, one);
}

static const char *plan_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool plan_find_approvals(const struct plan_identity *plan, const struct approval_rules *rules,
			 const char *maker, struct arena *a, struct approvals_found *out,
			 struct err *e)
{
	const char *prefix = arena_printf(a, "%s" APPROVED, plan_base(plan->path));
	size_t len = strlen(prefix);
	struct approvals_search s = {
		.plan = plan, .rules = rules, .maker = maker, .now = clock_now(), .arena = a
	};
	size_t count = 0;
	const char *directory =
		arena_strndup(a, plan->path, (size_t)(plan_base(plan->path) - plan->path));
	DIR *dir = opendir(*directory ? directory : ".");

	if (!dir)
		return err_sys(e, "cannot look for approvals in '%s'", directory);
	for (const struct dirent *d = readdir(dir); d && count < FILES_LIMIT; d = readdir(dir)) {
		if (strncmp(d->d_name, prefix, len) != 0 || !d->d_name[len])
			continue;
		count++;
		approval_try(&s, arena_printf(a, "%s%s", directory, d->d_name));
	}
	closedir(dir);
	*out = (struct approvals_found){ s.found.items, s.found.count, s.notes.items,
					 s.notes.count };
	return true;
}
