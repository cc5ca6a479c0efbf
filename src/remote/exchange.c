/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/exchange.h"

#include "remote/ssh.h"

void exchange_clear(struct exchange *x)
{
	secret_release(&x->body);
	secret_release(&x->reply);
	if (x->ssh)
		ssh_ask_clear(x->ssh);
	*x = (struct exchange){ 0 };
}
