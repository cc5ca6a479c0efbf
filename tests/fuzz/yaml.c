/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML text as nodes. */
#include "harness.h"

#include "base/fs.h"
#include "config/loader.h"
#include "pki/issue.h"

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(diags) diags = { 0 };
	AUTO(loader)
	ld = { .dirfd = -1, .diags = &diags, .subject = subject_canonical };
	const struct node *root = NULL;
	AUTO(buf) out = { 0 };
	uint16_t source = source_add(&ld, (struct source){ .name = "a.yaml",
							   .path = "a.yaml",
							   .directory = "/",
							   .text = (char *)bytes,
							   .len = len });

	source_quotable(&ld, source);
	if (yaml_parse(&ld, source, &root))
		HOLDS(root);
	else
		HOLDS(diags.errors);
	diag_render(&diags, &out);
}

void fuzz_seeds(void)
{
	seed_files("tests/config", ".case");
	seed_text("&a {b: [1, 0x1f, .5, ~, true, \"\\u00e9\\n\", 'it''s']}\n");
	seed_text("a: &x {k: v}\nb: {<<: *x, l: |-\n  text\n  more\n}\n");
	seed_text("a: &x {k: v}\nb:\n  <<: [*x, *x]\n  l: >+\n    folded\n\n");
	seed_text("%YAML 1.2\n---\n? a\n: - - b\n  - c: d # e\n...\n");
	seed_many("a: ", "[", "");
	seed_many("a: ", "{b: ", "");
	seed_many("", "- ", "a");
	seed_many("a: &a [1]\nb:\n", "- *a\n", "");
	seed_many("a: &a {k: v}\nb:\n", "- <<: *a\n", "");
	seed_many("", "a: b\n", "");
	seed_many("", "#\n", "");
	seed_many("a: \"", "\\n", "\"");
	seed_many("a: |\n", "  \n", "");
	seed_many("", "? a\n", "");
	seed_many("&a ", "&a ", "");
	seed_many("a: {", "k, ", "}");
	seed_many("", "'", "");
	seed_many("", " ", "a");
}
