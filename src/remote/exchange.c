/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/exchange.h"

void exchange_clear(struct exchange *x)
{
	secret_release(&x->body);
	secret_release(&x->reply);
	*x = (struct exchange){ 0 };
}
