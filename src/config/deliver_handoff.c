/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery by a person, who imports a file: keys, and the rule of the password. */
#include "config/policy.h"
#include "config/rows.h"
#include "config/schema.h"

static const struct field handoff_fields[] = {
	PATH(struct handoff, "file", file, "the file that a person imports into the product",
	     .required = true),
	CHOICE(struct handoff, "format", format, handoff_format_names,
	       "zip: certificate.pem and key.pem, without password; pem: all in one file; pkcs12"),
	SECRET(struct handoff, "password", password, "with pkcs12: opens the file"),
	{ 0 },
};

static bool handoff_check(struct loader *ld, const struct node *n, void *out)
{
	const struct handoff *h = out;
	const struct node *password = node_find(n, "password");

	if (h->format == HANDOFF_PKCS12)
		return password ||
		       config_error(ld, n, "missing key 'password', which opens the PKCS#12 file");
	return !password ||
	       config_error(
		       ld, password,
		       "'password' goes with 'format: pkcs12': a zip or pem file is imported without one");
}

const struct record handoff_record = {
	.name = "handoff",
	.fields = handoff_fields,
	.size = sizeof(struct handoff),
	.check = handoff_check,
	.help = "a file that a person imports into the product; the run waits for that",
};
