/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_verdict.h"

#include <string.h>

/*
 * Of several addresses that serve the same leaf the one with the least above
 * it counts: it may lack what others have.
 */
static void take_chain(struct tls_probe *p, const struct tls_outcome *o)
{
	if (p->chain && o->above_count >= p->above_count)
		return;
	p->chain = o->chain;
	p->above = o->above;
	p->above_count = o->above_count;
}

void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p,
		     const struct tls_outcome *o)
{
	if (p->error)
		return;
	if (o->completed && !p->fingerprint) {
		p->fingerprint = o->fingerprint;
		take_chain(p, o);
		p->not_after = o->not_after;
	} else if (o->completed) {
		if (strcmp(p->fingerprint, o->fingerprint) == 0)
			take_chain(p, o);
		else if (!p->other)
			p->other = o->fingerprint;
	} else if (!o->unreachable) {
		p->error = o->error;
	} else if (!v->unreachable) {
		v->unreachable = o->error;
	}
}

void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p)
{
	p->completed = !p->error && p->fingerprint;
	if (p->completed)
		return;
	if (!p->error)
		p->error = v->unreachable;
	p->fingerprint = NULL;
	p->other = NULL;
	p->chain = NULL;
	p->above = NULL;
	p->above_count = 0;
	p->not_after = 0;
}
