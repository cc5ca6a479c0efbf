/* SPDX-License-Identifier: Apache-2.0 */
#include "model/secret_ref.h"

#include "base/text.h"

bool secret_ref_equal(const struct secret_ref *a, const struct secret_ref *b)
{
	return a->kind == b->kind && text_equal(a->name, b->name) && words_equal(a->argv, b->argv);
}
