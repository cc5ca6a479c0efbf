/* SPDX-License-Identifier: Apache-2.0 */
/* A CSV inventory. */
#include "harness.h"

#include "config/csv.h"

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(diags) diags = { 0 };
	AUTO(loader) ld = { .dirfd = -1, .diags = &diags };
	AUTO(buf) out = { 0 };
	struct csv csv = { 0 };
	size_t total = 0;
	uint16_t source = source_add(&ld, (struct source){ .name = "a.csv",
							   .path = "a.csv",
							   .directory = "/",
							   .text = (char *)bytes,
							   .len = len });

	if (!csv_parse(&ld, source, &csv))
		HOLDS(diags.errors);
	else
		for (size_t i = 0; i < csv.count; i++)
			for (size_t k = 0; k < csv.columns; k++)
				total += strlen(csv.rows[i].cells[k]);
	HOLDS(total <= len);
	diag_render(&diags, &out);
}

void fuzz_seeds(void)
{
	seed_text("name,host\ne1,e1.example\ne2,e2.example\n");
	seed_text("name,host\r\n\"e,1\",\"say \"\"so\"\"\"\r\n,\r\n");
	seed_text("\xef\xbb\xbfname\n\"two\nlines\"\n");
	seed_files("tests/config", ".case");
	seed_many("", ",", "\n");
	seed_many("name\n", "\n", "");
	seed_many("a,b\n", "1,2\n", "");
	seed_many("a\n", "\"\"", "");
	seed_many("a\n\"", "x\n", "\"");
	seed_many("", "\"", "");
}
