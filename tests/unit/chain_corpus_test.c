/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of another project's generator, with its judgement of each: a leaf, its
 * authorities, the anchors, a time, a name and a purpose.  Judged as a plan judges
 * an import: chain up to an anchor, dates, purpose, name.
 */
#include "base/clock.h"
#include "base/sandbox.h"
#include "corpus_fixture.h"
#include "model/client_view.h"
#include "pki/foreign.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

enum {
	CERTS_LIMIT = 64,
};

/* The certificates of a case, leaf first. */
struct chain_case {
	json_t *row;
	struct arena arena;
	struct der given[CERTS_LIMIT];
	size_t count;
	struct der trusted[CERTS_LIMIT];
	size_t trusted_count;
	int64_t at;
};

static bool add_text(struct chain_case *c, const json_t *text, struct der *list, size_t *count,
		     struct err *e)
{
	const struct der *certs = NULL;
	size_t found = 0;

	if (!pem_read_certs(json_string_value(text), json_string_length(text), &c->arena, &certs,
			    &found, e))
		return false;
	if (*count + found > CERTS_LIMIT)
		return err_set(e, ERR_INPUT, "more than %d certificates", CERTS_LIMIT);
	for (size_t i = 0; i < found; i++)
		list[(*count)++] = certs[i];
	return true;
}

static bool add_list(struct chain_case *c, const char *key, struct der *list, size_t *count,
		     struct err *e)
{
	json_t *text = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(c->row, key), i,
			   text) if (!add_text(c, text, list, count, e)) return false;
	return true;
}

static bool reaches_anchor(const struct chain_case *c)
{
	for (size_t i = 0; i < c->trusted_count; i++) {
		const struct cert_set set = { c->given, 1, c->trusted[i] };

		if (presented_is_complete(c->given + 1, c->count - 1, &set, c->at))
			return true;
	}
	return false;
}

static bool check_leaf(struct chain_case *c, struct err *e)
{
	const json_t *name = json_object_get(c->row, "expected_peer_name");
	const char *kind = corpus_field(name, "kind");
	const char *value = corpus_field(name, "value");
	struct cert_facts leaf = { 0 };
	const char *refusal = NULL;

	if (!cert_read_facts(c->given[0], &c->arena, &leaf, e))
		return false;
	if (c->at < leaf.not_before || c->at > leaf.not_after)
		return err_set(e, ERR_INPUT, "its leaf is not valid at that time");

	const struct client_view view = { .names = leaf.names,
					  .name_count = leaf.name_count,
					  .purpose = leaf.purpose };
	const struct verify port = { .host = value,
				     .server_name = !strcmp(kind, "DNS") ? value : NULL };

	if (!strcmp(corpus_field(c->row, "purpose"), "clientAuth") &&
	    !(leaf.purpose & PURPOSE_CLIENT))
		return err_set(e, ERR_INPUT, "its leaf is not for clients");
	if (*value)
		refusal = refusal_by_port(&view, &port, &c->arena);
	return !refusal || err_set(e, ERR_INPUT, "%s", refusal);
}

/* In the child. */
static bool judge_chain(void *ctx, struct buf *answer, struct err *e)
{
	struct chain_case *c = ctx;

	buf_puts(answer, "judged");
	if (!add_text(c, json_object_get(c->row, "peer_certificate"), c->given, &c->count, e) ||
	    !add_list(c, "untrusted_intermediates", c->given, &c->count, e) ||
	    !add_list(c, "trusted_certs", c->trusted, &c->trusted_count, e) || !check_leaf(c, e))
		return false;
	return reaches_anchor(c) || err_set(e, ERR_INPUT, "its chain reaches no anchor");
}

static void judge_case(struct corpus_case *c)
{
	struct chain_case chain = { .row = c->row };
	const struct sandbox_work work = { judge_chain, &chain, SANDBOX_SECONDS };
	const char *at = corpus_field(c->row, "validation_time");
	const char *expect = corpus_field(c->row, "expected_result");
	AUTO(secret) answer = { 0 };
	char seconds[TIME_TEXT];
	struct err e = { 0 };

	/* all of them are in UTC, some with a fraction */
	snprintf(seconds, sizeof(seconds), "%.19sZ", at);
	if (!time_parse(seconds, &chain.at))
		chain.at = clock_now();

	bool good = sandbox_work(&work, &answer, &e);
	bool over = !good && (strstr(e.text, "signal") || strstr(e.text, "processor time"));

	c->right = !over && good == !strcmp(expect, "SUCCESS");
	snprintf(c->got, sizeof(c->got), "%s expected, %s%s", expect,
		 good ? "accepted" : "refused: ", e.text);
}

TEST(chains_are_judged_as_another_project_judges_them)
{
	struct corpus_score s = { 0 };

	corpus_score("chains", "cases.jsonl", judge_case, &s);
	/* name constraints, path lengths and CRLs are not looked at here */
	assert_in_range(corpus_misses(&s, "core"), 0, 119);
}
