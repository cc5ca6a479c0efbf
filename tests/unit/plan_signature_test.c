/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures beside a saved plan: which count, and that no other does. */
#include "engine/plan_signature.h"

#include "folder_fixture.h"
#include "test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/issue.h"
#include "pki/pair.h"
#include "pki/signature.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER_HASH "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct plan_identity plan;
static struct plan_signer *alice;
static struct plan_signer *bob;
static struct approval_signer signers[2];
static const struct approval_rules rules = { 2, 1, signers, 2 };

static void make_key(const char *name, enum key_type type, struct secret *key)
{
	AUTO(secret) pem = { 0 };
	struct err e = { 0 };

	must(key_generate(type, key, &e), &e);
	pem_add_key(&pem, key);
	must(fs_replace(in(name), pem.bytes, pem.len, FS_PRIVATE, &e), &e);
}

static struct plan_signer *signer_of(const char *name, enum key_type type)
{
	AUTO(secret) key = { 0 };
	struct plan_signer *s = NULL;
	struct err e = { 0 };

	make_key(name, type, &key);
	must(plan_signer_open(in(name), &s, &e), &e);
	return s;
}

static int begin(void **state)
{
	static char path[128];

	if (folder_setup(state) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s", in("p.plan"));
	plan = (struct plan_identity){ path, HASH, "0123abcd", 7 };
	alice = signer_of("alice.key", KEY_ED25519);
	bob = signer_of("bob.key", KEY_ECDSA_P256);
	signers[0] = (struct approval_signer){ "alice", plan_signer_key(alice) };
	signers[1] = (struct approval_signer){ "bob", plan_signer_key(bob) };
	return 0;
}

static int end(void **state)
{
	plan_signer_close(alice);
	plan_signer_close(bob);
	return folder_teardown(state);
}

static void approve(const struct plan_signer *by, const struct plan_identity *of, const char *name,
		    int64_t expires)
{
	AUTO(arena) a = { 0 };
	const struct approval as = { .name = name, .expires = expires };
	const char *path = NULL;
	struct err e = { 0 };

	must(plan_approve(by, of, &as, &a, &path, &e), &e);
}

/* How many count; `note` has to be said of one that does not, NULL: of none is anything said. */
static size_t counted(const char *maker, const char *note)
{
	AUTO(arena) a = { 0 };
	struct approvals_found found = { 0 };
	struct err e = { 0 };
	bool told = !note;

	must(plan_find_approvals(&plan, &rules, maker, &a, &found, &e), &e);
	if (!note && found.note_count)
		fail_msg("%s", found.notes[0]);
	for (size_t i = 0; note && i < found.note_count; i++)
		told |= strstr(found.notes[i], note) != NULL;
	if (!told)
		fail_msg("none of %zu notes says '%s', the first is: %s", found.note_count, note,
			 found.note_count ? found.notes[0] : "");
	return found.count;
}

static int64_t tomorrow(void)
{
	return clock_now() + 24 * 3600;
}

TEST(an_approval_of_each_signer_counts_once)
{
	approve(alice, &plan, "alice", tomorrow());
	assert_int_equal(counted(NULL, NULL), 1);
	approve(alice, &plan, "alice.again", tomorrow());
	assert_int_equal(counted(NULL, NULL), 1);
	approve(bob, &plan, "bob", tomorrow());
	assert_int_equal(counted(NULL, NULL), 2);
}

TEST(an_approval_counts_until_the_second_in_which_it_expires)
{
	int64_t now = 0;
	size_t before = 0;

	/* again when the second has passed meanwhile */
	do {
		now = clock_now();
		approve(alice, &plan, "alice", now + 1);
		before = now == clock_now() ? counted(NULL, NULL) : 0;
	} while (now != clock_now());
	assert_int_equal(before, 1);
	while (clock_now() == now)
		usleep(10 * 1000);
	assert_int_equal(counted(NULL, "it expired on "), 0);
	approve(alice, &plan, "alice", 0);
	assert_int_equal(counted(NULL, "p.plan.approved.alice' does not count"), 0);
}

TEST(an_approval_of_another_plan_lineage_or_serial_does_not_count)
{
	const struct {
		struct plan_identity of;
		const char *note;
	} others[] = {
		{ { plan.path, OTHER_HASH, plan.lineage, plan.serial }, "it is for another plan" },
		{ { plan.path, plan.hash, "0123abce", plan.serial },
		  "it is for another lineage of the state" },
		{ { plan.path, plan.hash, plan.lineage, plan.serial + 1 },
		  "it is for serial 8 of the state, not 7" },
		{ { plan.path, plan.hash, plan.lineage, plan.serial - 1 },
		  "it is for serial 6 of the state, not 7" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		approve(alice, &others[i].of, "alice", tomorrow());
		assert_int_equal(counted(NULL, others[i].note), 0);
	}
}

/* ---- what somebody else writes there ---- */

static void read_approval(const char *name, struct buf *out)
{
	struct err e = { 0 };

	must(fs_read(in(name), 64 * 1024, out, &e), &e);
}

static void write_approval(const char *name, const char *text, size_t len)
{
	struct err e = { 0 };

	must(fs_replace(in(name), text, len, FS_PUBLIC, &e), &e);
}

static void write_json(const char *name, const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2));

	write_approval(name, text, strlen(text));
	free(text);
}

TEST(a_truncated_approval_never_counts)
{
	AUTO(buf) whole = { 0 };

	approve(alice, &plan, "alice", tomorrow());
	read_approval("p.plan.approved.alice", &whole);
	for (size_t len = 0; len < whole.len; len++) {
		write_approval("p.plan.approved.alice", buf_text(&whole), len);
		assert_int_equal(counted(NULL, "not a signature of a plan"), 0);
	}
	write_approval("p.plan.approved.alice", buf_text(&whole), whole.len);
	assert_int_equal(counted(NULL, NULL), 1);
}

TEST(an_approval_with_one_value_that_was_changed_or_taken_away_never_counts)
{
	static const char *const keys[] = { "format_version", "signed_as", "plan_sha256",
					    "lineage",        "expires",   "public_key",
					    "signature" };
	AUTO(buf) whole = { 0 };
	json_t *json = NULL;

	approve(alice, &plan, "alice", tomorrow());
	read_approval("p.plan.approved.alice", &whole);
	json = json_loadb(buf_text(&whole), whole.len, 0, NULL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		json_t *changed = json_deep_copy(json);
		char *text = strdup(json_string_value(json_object_get(json, keys[i])));
		size_t len = strlen(text);

		for (size_t k = 0; k < len; k++) {
			char was = text[k];

			text[k] = was == '1' ? '2' : '1';
			json_object_set_new(changed, keys[i], json_string(text));
			write_json("p.plan.approved.alice", changed);
			/* bits of base64 that end no byte mean nothing */
			if (was != text[k] && !(k + 3 >= len && text[len - 1] == '='))
				assert_int_equal(counted(NULL, "does not count"), 0);
			text[k] = was;
		}
		json_object_del(changed, keys[i]);
		write_json("p.plan.approved.alice", changed);
		assert_int_equal(counted(NULL, "does not count"), 0);
		free(text);
		json_decref(changed);
	}
	json_object_set_new(json, "serial", json_integer(8));
	write_json("p.plan.approved.alice", json);
	assert_int_equal(counted(NULL, "it is for serial 8"), 0);
	json_object_set_new(json, "serial", json_integer(7));
	/* the name is believed of no one, and what is not known means nothing */
	json_object_set_new(json, "name", json_string("mallory"));
	json_object_set_new(json, "approved_by", json_string("everybody"));
	write_json("p.plan.approved.alice", json);
	assert_int_equal(counted(NULL, NULL), 1);
	json_decref(json);
}

TEST(what_is_no_file_of_a_fair_size_is_told_and_no_approval)
{
	char *big = xcalloc(1, 65 * 1024);

	memset(big, ' ', 65 * 1024);
	write_approval("p.plan.approved.big", big, 65 * 1024);
	free(big);
	assert_int_equal(counted(NULL, "p.plan.approved.big' does not count"), 0);
	assert_int_equal(unlink(in("p.plan.approved.big")), 0);
	assert_int_equal(mkdir(in("p.plan.approved.folder"), 0700), 0);
	assert_int_equal(counted(NULL, "p.plan.approved.folder' does not count"), 0);
	assert_int_equal(rmdir(in("p.plan.approved.folder")), 0);
	assert_int_equal(mkfifo(in("p.plan.approved.pipe"), 0600), 0);
	assert_int_equal(counted(NULL, "p.plan.approved.pipe' does not count"), 0);
	assert_int_equal(unlink(in("p.plan.approved.pipe")), 0);
	for (const char *const *text =
		     (const char *const[]){ "", "null", "[]", "{}", "{\"a\":", NULL };
	     *text; text++) {
		write_approval("p.plan.approved.odd", *text, strlen(*text));
		assert_int_equal(counted(NULL, "not a signature of a plan"), 0);
	}
}

TEST(only_files_beside_the_plan_with_its_name_are_looked_at)
{
	AUTO(buf) whole = { 0 };

	approve(alice, &plan, "alice", tomorrow());
	read_approval("p.plan.approved.alice", &whole);
	assert_int_equal(unlink(in("p.plan.approved.alice")), 0);
	write_approval("p.plan.approved.", buf_text(&whole), whole.len);
	write_approval("q.plan.approved.alice", buf_text(&whole), whole.len);
	write_approval("p.plan.signed", buf_text(&whole), whole.len);
	assert_int_equal(counted(NULL, NULL), 0);
}

/* ---- whose key it is ---- */

TEST(an_approval_by_no_signer_or_by_the_maker_does_not_count)
{
	AUTO(plan_signer) mallory = signer_of("mallory.key", KEY_ED25519);

	approve(mallory, &plan, "alice", tomorrow());
	assert_int_equal(counted(NULL, "its key is of none of the signers"), 0);
	approve(alice, &plan, "alice", tomorrow());
	assert_int_equal(counted(plan_signer_key(alice), "it is by the plan's maker, 'alice'"), 0);
	approve(bob, &plan, "bob", tomorrow());
	assert_int_equal(counted(plan_signer_key(alice), "it is by the plan's maker"), 1);
}

TEST(a_key_of_another_kind_signs_no_plan_although_the_rules_have_it)
{
	AUTO(secret) key = { 0 };
	AUTO(signing_key) rsa = NULL;
	AUTO(arena) a = { 0 };
	AUTO(buf) whole = { 0 };
	struct plan_signer *refused = NULL;
	struct der spki = { 0 };
	struct der signature = { 0 };
	char digest[SHA256_TEXT];
	int64_t expires = tomorrow();
	struct err e = { 0 };
	json_t *json = NULL;
	AUTO(buf) public = { 0 };
	AUTO(buf) signed_text = { 0 };

	make_key("rsa.key", KEY_RSA_2048, &key);
	assert_false(plan_signer_open(in("rsa.key"), &refused, &e));
	assert_non_null(strstr(e.text, PLAN_KEY_KINDS));
	must(signing_key_open(&key, &rsa, &(struct err){ 0 }), &(struct err){ 0 });
	must(signing_key_public(rsa, &a, &spki, &(struct err){ 0 }), &(struct err){ 0 });

	const char *text =
		arena_printf(&a, "certfleet-approval-1\n%s\n%s\n%" PRId64 "\n%" PRId64 "\n",
			     plan.hash, plan.lineage, plan.serial, expires);

	must(signing_key_sign(rsa, (struct der){ (const unsigned char *)text, strlen(text) }, &a,
			      &signature, &(struct err){ 0 }),
	     &(struct err){ 0 });
	sha256_text(spki.bytes, spki.len, digest);
	signers[0].key = digest;
	approve(alice, &plan, "alice", expires);
	read_approval("p.plan.approved.alice", &whole);
	json = json_loadb(buf_text(&whole), whole.len, 0, NULL);
	text_base64(&public, spki.bytes, spki.len);
	text_base64(&signed_text, signature.bytes, signature.len);
	json_object_set_new(json, "public_key", json_string(buf_text(&public)));
	json_object_set_new(json, "signature", json_string(buf_text(&signed_text)));
	write_json("p.plan.approved.alice", json);
	json_decref(json);
	assert_int_equal(counted(NULL, "its key is of another kind"), 0);
}

/* ---- the maker ---- */

static void refuse_maker(const char *maker, const char *why)
{
	struct err e = { 0 };

	assert_false(plan_check_maker(&plan, maker, &e));
	assert_int_equal(e.code, ERR_STALE);
	assert_says(&e, "the signature of the plan's maker");
	assert_says(&e, why);
}

TEST(the_makers_signature_is_of_this_plan_by_that_key_and_no_approval)
{
	AUTO(buf) whole = { 0 };
	struct plan_identity other = plan;
	struct err e = { 0 };

	refuse_maker(plan_signer_key(alice), "No such file");
	must(plan_sign(alice, &plan, &e), &e);
	must(plan_check_maker(&plan, plan_signer_key(alice), &e), &e);
	refuse_maker(plan_signer_key(bob), "it is by another key than the plan says");
	other.hash = OTHER_HASH;
	must(plan_sign(alice, &other, &e), &e);
	refuse_maker(plan_signer_key(alice), "it is for another plan");
	other = plan;
	other.lineage = "0123abce";
	must(plan_sign(alice, &other, &e), &e);
	refuse_maker(plan_signer_key(alice), "it is for another lineage");
	approve(alice, &plan, "alice", tomorrow());
	read_approval("p.plan.approved.alice", &whole);
	write_approval("p.plan.signed", buf_text(&whole), whole.len);
	refuse_maker(plan_signer_key(alice), "it is a signature for another purpose");
	must(plan_sign(alice, &plan, &e), &e);
	whole.len = 0;
	read_approval("p.plan.signed", &whole);
	write_approval("p.plan.approved.alice", buf_text(&whole), whole.len);
	assert_int_equal(counted(NULL, "it is a signature for another purpose"), 0);
	for (size_t len = 0; len < whole.len; len += 7) {
		write_approval("p.plan.signed", buf_text(&whole), len);
		refuse_maker(plan_signer_key(alice), "it is not a signature of a plan");
	}
}

TEST_EACH(begin, end)
