/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_verdict.h"

#include <string.h>

void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p,
		     const struct tls_outcome *o)
{
	if (p->error)
		return;
	if (o->completed && !p->fingerprint) {
		p->fingerprint = o->fingerprint;
		p->chain = o->chain;
		p->not_after = o->not_after;
	} else if (o->completed) {
		if (!p->other && strcmp(p->fingerprint, o->fingerprint) != 0)
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
	p->not_after = 0;
}
