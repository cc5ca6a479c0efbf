/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of one prober, and how often it had connected when each of them ended. */
#ifndef TOGETHER_FIXTURE_H
#define TOGETHER_FIXTURE_H

#include "tls_fixture.h"

#include "base/alloc.h"
#include "pki/tls_prober.h"

enum {
	TOGETHER_LIMIT = 512
};

struct together {
	struct loop *loop;
	struct tls_prober *prober;
	struct arena *arena;
	size_t ended;
	struct {
		const struct tls_probe *probe;
		int connects;
	} ends[TOGETHER_LIMIT];
};

struct together_task {
	struct together *all;
	struct tls_probe *probe;
};

void together_open(struct together *t, struct arena *a);
void together_close(struct together *t);
/* The task of one probe. */
void together_main(void *ctx);
void together_add(struct together *t, struct tls_probe *probe);

#endif
