/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_handshake.h"

#include <string.h>

static void take_chain(struct tls_verdict *v, const struct tls_chain *chain)
{
	vec_each (known, &v->chains)
		if (strcmp(known->digest, chain->digest) == 0)
			return;
	VEC_PUSH(&v->chains, v->arena, *chain);
}

void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p, const union tls_address *address,
		     const struct tls_outcome *o)
{
	struct tls_family *f = address->any.sa_family == AF_INET6 ? &v->v6 : &v->v4;

	v->refused |= o->refused;
	v->other |= !o->unreachable;
	if (p->error)
		return;
	if (!o->completed) {
		if (!o->unreachable) {
			p->error = o->error;
			p->barred = o->barred;
			p->plain = o->plain;
		} else if (!f->unreachable) {
			f->unreachable = o->error;
		}
		return;
	}
	f->completes = true;
	if (!p->leaf.fingerprint)
		p->leaf = o->leaf;
	if (strcmp(p->leaf.fingerprint, o->leaf.fingerprint) == 0)
		take_chain(v, &o->chain);
	else if (!p->other.fingerprint)
		p->other = o->leaf;
}

void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p)
{
	/* the error of a family that may not be unreachable */
	if (!p->error && (v->v4.completes || !v->v6.completes))
		p->error = v->v4.unreachable;
	if (!p->error && (v->v6.completes || !v->v4.completes))
		p->error = v->v6.unreachable;
	p->refused = v->refused && !v->other;
	p->completed = !p->error && p->leaf.fingerprint;
	if (p->completed) {
		p->chains = v->chains.items;
		p->chain_count = v->chains.count;
		return;
	}
	p->leaf = (struct tls_leaf){ 0 };
	p->other = (struct tls_leaf){ 0 };
}
