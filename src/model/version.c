/* SPDX-License-Identifier: Apache-2.0 */
#include "model/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Rank of a part after a common prefix, from older to newer. */
enum rank {
	RANK_TILDE,    /* ~bpo12 */
	RANK_BEFORE,   /* rc1 */
	RANK_END,      /* end of the version */
	RANK_REVISION, /* -1, +deb12u1 */
	RANK_LETTER,   /* k of 1.1.1k */
	RANK_NUMBER,   /* .1 */
};

struct version_part {
	enum rank rank;
	bool digits;
	const char *text; /* without the separator */
	size_t len;
};

/* Pre-release words by stage, from the earliest to the latest. */
static const struct {
	const char *word;
	int stage;
} words_before[] = {
	{ "dev", 0 },   { "nightly", 0 }, { "snapshot", 0 }, { "ea", 1 },
	{ "alpha", 1 }, { "beta", 2 },    { "m", 3 },        { "milestone", 3 },
	{ "pre", 4 },   { "cr", 5 },      { "preview", 4 },  { "rc", 5 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- parts ---- */

/* Stage of a pre-release word; -1: none. */
static int stage_of(const struct version_part *p)
{
	for (size_t i = 0; i < sizeof(words_before) / sizeof(*words_before); i++)
		if (strlen(words_before[i].word) == p->len &&
		    !strncasecmp(words_before[i].word, p->text, p->len))
			return words_before[i].stage;
	return -1;
}

static enum rank rank_of(const struct version_part *p, char separator)
{
	bool lonely = p->len == 1 && !separator; /* m of 1.1.1m is no M1 */

	if (separator == '~')
		return RANK_TILDE;
	if (!p->digits && !lonely && stage_of(p) >= 0)
		return RANK_BEFORE;
	if (separator && strchr("-+_", separator))
		return RANK_REVISION;
	return p->digits ? RANK_NUMBER : RANK_LETTER;
}

static struct version_part next_part(const char **at)
{
	const char *begin = *at;
	char separator = '\0';

	while (*begin && !is_digit(*begin) && !is_letter(*begin))
		separator = *begin++;

	struct version_part p = { .rank = RANK_END, .digits = is_digit(*begin), .text = begin };

	while (p.digits ? is_digit(begin[p.len]) : is_letter(begin[p.len]))
		p.len++;
	*at = begin + p.len;
	if (p.len)
		p.rank = rank_of(&p, separator);
	return p;
}

/* ---- comparison ---- */

static int compare_numbers(struct version_part a, struct version_part b)
{
	while (a.len && *a.text == '0') {
		a.text++;
		a.len--;
	}
	while (b.len && *b.text == '0') {
		b.text++;
		b.len--;
	}
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return strncmp(a.text, b.text, a.len);
}

static int compare_words(const struct version_part *a, const struct version_part *b)
{
	size_t shorter = a->len < b->len ? a->len : b->len;
	int order = strncasecmp(a->text, b->text, shorter);

	if (a->rank == RANK_BEFORE)
		return stage_of(a) - stage_of(b);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* Compares parts of equal rank. */
static int compare_parts(const struct version_part *a, const struct version_part *b)
{
	if (a->digits != b->digits)
		return a->digits ? 1 : -1;
	return a->digits ? compare_numbers(*a, *b) : compare_words(a, b);
}

/* ".0" adds nothing: 1.20 is 1.20.0. */
static bool is_nothing(const struct version_part *p)
{
	const struct version_part zero = { .text = "" };

	return p->rank == RANK_NUMBER && !compare_numbers(*p, zero);
}

static const char *epoch_end(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len && text[len] == ':' ? text + len + 1 : NULL;
}

/* Skips an epoch that only one version has. */
static void skip_epochs(const char **a, const char **b)
{
	const char *end_a = epoch_end(*a);
	const char *end_b = epoch_end(*b);

	if (end_a && !end_b)
		*a = end_a;
	if (end_b && !end_a)
		*b = end_b;
}

int version_compare(const char *a, const char *b)
{
	skip_epochs(&a, &b);

	struct version_part pa = next_part(&a);
	struct version_part pb = next_part(&b);

	for (;;) {
		int order = (int)pa.rank - (int)pb.rank;

		if (order && is_nothing(&pa)) {
			pa = next_part(&a);
			continue;
		}
		if (order && is_nothing(&pb)) {
			pb = next_part(&b);
			continue;
		}
		if (!order && pa.rank != RANK_END)
			order = compare_parts(&pa, &pb);
		if (order || pa.rank == RANK_END)
			return order;
		pa = next_part(&a);
		pb = next_part(&b);
	}
}

/* ---- extraction from text ---- */

/* Whether a version starts here: a digit not inside a word; "v1" counts too. */
static bool begins_at(const char *text, const char *at)
{
	if (!is_digit(*at))
		return false;
	if (at > text && (at[-1] == 'v' || at[-1] == 'V'))
		at--;
	return at == text || (!is_digit(at[-1]) && !is_letter(at[-1]));
}

static size_t length_at(const char *at)
{
	size_t len = 0;

	while (is_digit(at[len]) || is_letter(at[len]) || (at[len] && strchr(".+~-_:", at[len])))
		len++;
	while (len && !is_digit(at[len - 1]) && !is_letter(at[len - 1]))
		len--;
	return len;
}

const char *version_in(const char *text, struct arena *a)
{
	for (const char *at = text; *at; at++)
		if (begins_at(text, at))
			return arena_strndup(a, at, length_at(at));
	return NULL;
}
