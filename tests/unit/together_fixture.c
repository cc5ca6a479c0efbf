/* SPDX-License-Identifier: Apache-2.0 */
#include "together_fixture.h"

#include "connect_count.h"

void together_open(struct together *t, struct arena *a)
{
	struct err e = { 0 };

	*t = (struct together){ .loop = loop_new(TLS_PROBES_AT_ONCE), .arena = a };
	must(tls_prober_new(t->loop, &t->prober, &e), &e);
	connects = 0;
}

void together_close(struct together *t)
{
	tls_prober_free(t->prober);
	loop_free(t->loop);
}

void together_main(void *ctx)
{
	struct together_task *task = ctx;
	struct together *t = task->all;
	struct err e = { 0 };

	if (!tls_prober_ask(t->prober, task->probe, t->arena, &e))
		task->probe->error = "stopped";
	t->ends[t->ended].probe = task->probe;
	t->ends[t->ended++].connects = connects;
}

void together_add(struct together *t, struct tls_probe *probe)
{
	struct together_task *task = ARENA_NEW(t->arena, struct together_task);

	*task = (struct together_task){ t, probe };
	loop_add(t->loop, NULL, together_main, task);
}
