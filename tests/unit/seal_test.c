/* SPDX-License-Identifier: Apache-2.0 */
#include "state/seal.h"
#include "test.h"

#include "state_fixture.h"

#include "base/text.h"

static const char spki_1[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char spki_2[] = "2222222222222222222222222222222222222222222222222222222222222222";

static void assert_key(struct state *s, const char *spki)
{
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	must(state_key(s, spki, &key, &e), &e);
	assert_int_equal(key.len, strlen(KEY_TEXT));
	assert_memory_equal(key.bytes, KEY_TEXT, key.len);
}

static void assert_no_key(struct state *s, const char *spki, enum err_code code, const char *word)
{
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	assert_false(state_key(s, spki, &key, &e));
	assert_null(key.bytes);
	if (e.code != code || !strstr(e.text, word))
		fail_msg("%d: %s", e.code, e.text);
}

static const char *key_record(struct arena *a, const char *spki)
{
	return arena_printf(a, "key/%s", spki);
}

TEST(a_sealed_key_opens_with_the_passphrase)
{
	struct place *p = *state;
	AUTO(buf) base64 = { 0 };
	struct state *s = must_open_state(p, true);

	must_unseal(s);
	must_keep_key(s, spki_1);
	assert_key(s, spki_1);
	state_close(s);
	s = must_open_state(p, false);
	assert_true(state_has_key(s, spki_1));
	assert_false(state_has_key(s, spki_2));
	assert_no_key(s, spki_1, ERR_INPUT, "locked");
	must_unseal(s);
	assert_key(s, spki_1);
	assert_no_key(s, spki_2, ERR_MISSING, spki_2);
	state_close(s);
	text_base64(&base64, KEY_TEXT, strlen(KEY_TEXT));
	assert_false(is_in_files(p, KEY_TEXT));
	assert_false(is_in_files(p, buf_text(&base64)));
}

TEST(no_key_is_kept_before_unsealing)
{
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	secret_copy(&key, KEY_TEXT, strlen(KEY_TEXT));
	assert_false(change_key(c, spki_1, &key, &e));
	assert_int_equal(e.code, ERR_INPUT);
	state_close(s);
}

static void assert_not_unsealed(struct state *s, const char *text, enum err_code code,
				const char *word)
{
	AUTO(secret) passphrase = { 0 };
	struct err e = { 0 };

	if (text)
		secret_copy(&passphrase, text, strlen(text));
	assert_false(state_unseal(s, text ? &(struct seal_secret){ &passphrase } : NULL, &e));
	if (e.code != code || !strstr(e.text, word))
		fail_msg("%d: %s", e.code, e.text);
	assert_no_key(s, spki_1, ERR_INPUT, "locked");
}

TEST(a_wrong_passphrase_is_refused)
{
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	must_keep_key(s, spki_1);
	assert_not_unsealed(s, "correct horse battery stable", ERR_INPUT,
			    "does not open the state");
	assert_not_unsealed(s, "", ERR_INPUT, "does not open the state");
	must_unseal(s);
	assert_key(s, spki_1);
	state_close(s);
}

TEST(a_weak_passphrase_seals_nothing)
{
	struct state *s = must_open_state(*state, true);

	assert_not_unsealed(s, "short", ERR_INPUT, "shorter than 16");
	state_close(s);
	s = must_open_state(*state, true);
	must_unseal(s); /* there is no seal yet */
	state_close(s);
}

TEST(a_sealed_state_wants_its_passphrase)
{
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	assert_not_unsealed(s, NULL, ERR_INPUT, "sealed");
	state_close(s);
}

TEST(an_unsealed_key_in_a_sealed_state_is_refused)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	state_close(s);
	set_record(*state, key_record(&a, spki_1), "{\"unsealed\":\"AAAA\"}");
	s = must_open_state(*state, false);
	must_unseal(s);
	assert_no_key(s, spki_1, ERR_IO, "not sealed");
	state_close(s);
}

TEST(a_sealed_key_opens_under_its_own_record_only)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	must_keep_key(s, spki_1);
	state_close(s);
	set_record(*state, key_record(&a, spki_2), get_record(*state, key_record(&a, spki_1), &a));
	s = must_open_state(*state, false);
	must_unseal(s);
	assert_no_key(s, spki_2, ERR_CRYPTO, spki_2);
	assert_key(s, spki_1);
	state_close(s);
}

TEST(a_sealed_key_opens_in_its_own_lineage_only)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(secret) passphrase = { 0 };
	struct err e = { 0 };

	must_unseal(s);
	must_keep_key(s, spki_1);
	char *lineage = arena_strdup(&a, state_lineage(s));

	state_close(s);
	char *meta = arena_strdup(&a, get_record(*state, "meta", &a));
	char *at = strstr(meta, lineage);

	assert_non_null(at);
	*at = *at == '0' ? '1' : '0';
	set_record(*state, "meta", meta);
	s = must_open_state(*state, false);
	secret_copy(&passphrase, PASSPHRASE, strlen(PASSPHRASE));
	assert_false(state_unseal(s, &(struct seal_secret){ &passphrase }, &e));
	assert_int_equal(e.code, ERR_INPUT);
	state_close(s);
}

TEST(a_changed_bit_in_a_sealed_key_is_refused)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	must_keep_key(s, spki_1);
	state_close(s);
	char *value = arena_strdup(&a, get_record(*state, key_record(&a, spki_1), &a));
	char *at = value + 40;

	*at = *at == 'A' ? 'B' : 'A';
	set_record(*state, key_record(&a, spki_1), value);
	s = must_open_state(*state, false);
	must_unseal(s);
	assert_no_key(s, spki_1, ERR_CRYPTO, spki_1);
	state_close(s);
}

TEST(a_damaged_key_record_is_named)
{
	static const char *const bad[] = { "x", "{}", "{\"sealed\":7}", "{\"sealed\":\"A\"}" };
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	state_close(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		set_record(*state, key_record(&a, spki_1), bad[i]);
		s = must_open_state(*state, false);
		must_unseal(s);
		assert_no_key(s, spki_1, ERR_IO, spki_1);
		state_close(s);
	}
}

TEST(too_many_rounds_are_refused_at_once)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);

	must_unseal(s);
	state_close(s);
	const char *meta = get_record(*state, "meta", &a);
	const char *at = strstr(meta, "\"rounds\":600000");

	assert_non_null(at);
	set_record(*state, "meta",
		   arena_printf(&a, "%.*s\"rounds\":10000001%s", (int)(at - meta), meta,
				at + strlen("\"rounds\":600000")));
	s = must_open_state(*state, false);
	assert_not_unsealed(s, PASSPHRASE, ERR_IO, "10000001");
	state_close(s);
}

TEST(an_unsealed_state_keeps_keys_openly)
{
	struct state *s = must_open_state(*state, true);
	struct err e = { 0 };

	assert_true(state_unseal(s, NULL, &e));
	must_keep_key(s, spki_1);
	state_close(s);
	s = must_open_state(*state, false);
	assert_true(state_unseal(s, NULL, &e));
	assert_key(s, spki_1);
	state_close(s);
}

TEST(a_first_seal_covers_what_lay_open)
{
	struct place *p = *state;
	AUTO(buf) base64 = { 0 };
	struct state *s = must_open_state(p, true);
	struct err e = { 0 };

	text_base64(&base64, KEY_TEXT, strlen(KEY_TEXT));
	assert_true(state_unseal(s, NULL, &e));
	must_keep_key(s, spki_1);
	must_keep_key(s, spki_2);
	assert_true(is_in_files(p, buf_text(&base64)));
	must_unseal(s);
	assert_false(is_in_files(p, buf_text(&base64)));
	assert_key(s, spki_1);
	state_close(s);
	s = must_open_state(p, false);
	must_unseal(s);
	assert_key(s, spki_2);
	state_close(s);
}

static bool unseals_by_key(struct state *s, size_t len, int first, struct err *e)
{
	AUTO(secret) key = { 0 };

	secret_alloc(&key, len);
	key.bytes[0] = (unsigned char)first;
	key.bytes[len - 1] = '\n';
	return state_unseal(s, &(struct seal_secret){ &key, .is_key = true }, e);
}

TEST(a_key_file_seals_as_a_passphrase_does)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct err e = { 0 };

	must(unseals_by_key(s, 32, 7, &e), &e);
	must_keep_key(s, spki_1);
	state_close(s);
	assert_non_null(strstr(get_record(*state, "meta", &a), "\"kdf\":\"hkdf-sha256\""));
	s = must_open_state(*state, false);
	assert_not_unsealed(s, PASSPHRASE, ERR_INPUT, "under a key file, not under a passphrase");
	assert_false(unseals_by_key(s, 32, 8, &e));
	assert_non_null(strstr(e.text, "the key file does not open the state"));
	e = (struct err){ 0 };
	must(unseals_by_key(s, 32, 7, &e), &e);
	assert_key(s, spki_1);
	state_close(s);
}

TEST(a_key_file_of_another_size_seals_nothing)
{
	struct state *s = must_open_state(*state, true);

	for (size_t len = 31; len <= 33; len += 2) {
		struct err e = { 0 };

		assert_false(unseals_by_key(s, len, 7, &e));
		assert_int_equal(e.code, ERR_INPUT);
		assert_non_null(strstr(e.text, "exactly 32"));
	}
	assert_false(state_is_sealed(s));
	state_close(s);
}

TEST(a_state_is_sealed_anew_under_another_secret)
{
	struct place *p = *state;
	AUTO(arena) a = { 0 };
	AUTO(secret) other = { 0 };
	struct state *s = must_open_state(p, true);
	struct err e = { 0 };

	secret_copy(&other, "another battery staple", 22);
	must_unseal(s);
	must_keep_key(s, spki_1);
	must_keep_key(s, spki_2);
	const char *meta = get_record(p, "meta", &a);
	const char *key = get_record(p, key_record(&a, spki_2), &a);
	const char *wrapped = strstr(meta, "\"wrapped\":\"") + strlen("\"wrapped\":\"");

	must(state_reseal(s, &(struct seal_secret){ &other }, &e), &e);
	assert_key(s, spki_1);
	assert_false(is_in_files(p, arena_printf(&a, "%.40s", wrapped)));
	assert_false(is_in_files(p, arena_printf(&a, "%.40s", key + 12)));
	state_close(s);
	s = must_open_state(p, false);
	assert_not_unsealed(s, PASSPHRASE, ERR_INPUT, "does not open the state");
	must(state_unseal(s, &(struct seal_secret){ &other }, &e), &e);
	assert_key(s, spki_1);
	assert_key(s, spki_2);
	state_close(s);
}

TEST_EACH(make_place, remove_place)
