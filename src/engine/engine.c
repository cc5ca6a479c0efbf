/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "copies/copy.h"
#include "drivers/driver.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/lineage.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static bool engine_resolve(void *ctx, const struct secret_ref *ref, const struct secret **out,
			   struct err *e)
{
	return engine_secret(ctx, ref, out, e);
}

bool engine_open(const struct engine_options *o, struct engine **out, struct err *e)
{
	AUTO(engine) en = xcalloc(1, sizeof(*en));
	struct state_options options = {
		.path = o->fleet->state.path,
		.fleet = o->fleet->name,
		.create = o->apply,
		.holder = o->holder,
		.lock_wait_ms = o->lock_wait_ms,
	};

	en->fleet = o->fleet;
	en->apply = o->apply;
	en->drivers = drivers_new(&(const struct drivers_options){
		.access = &o->fleet->access,
		.directory = o->fleet->directory,
		.private_directory = o->apply ? o->fleet->state.path : NULL,
		.secret = engine_resolve,
		.stopping = engine_stopping,
		.ctx = en });
	en->listen = o->listen;
	en->listen_ctx = o->listen_ctx;
	en->beneath = -1;
	if (o->confined) {
		en->beneath = open(o->fleet->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (en->beneath < 0)
			return err_sys(e, "cannot open directory '%s'", o->fleet->directory);
	}
	if (o->stateless) {
		*out = TAKE(en);
		return true;
	}
	if (!engine_may_look(en, options.path)) {
		engine_note(
			en,
			"the state lies outside of the fleet file's directory, so the plan is made without a state");
		*out = TAKE(en);
		return true;
	}
	if (!state_open(&options, &en->state, e) && (o->apply || !err_ignore(e, ERR_MISSING)))
		return err_in(e, "cannot open the state '%s'", options.path);
	if (!lineage_check(en, e))
		return false;
	if (o->apply && (!drivers_clean(en->drivers, e) || !activations_await(en, e)))
		return false;
	*out = TAKE(en);
	return true;
}

void engine_close(struct engine *en)
{
	if (!en)
		return;
	if (en->beneath >= 0)
		close(en->beneath);
	drivers_free(en->drivers);
	copies_free(en->copies);
	state_close(en->state);
	engine_forget_secrets(en);
	engine_forget_imports(en);
	engine_forget_source(en);
	arena_release(&en->arena);
	free(en);
}

struct copies *engine_copies(struct engine *en)
{
	const struct copies_options options = { .ssh = &en->fleet->access.ssh,
						.directory = en->fleet->directory,
						.secret = engine_resolve,
						.ctx = en };

	if (!en->copies)
		en->copies = copies_new(&options);
	return en->copies;
}

struct state *engine_state(struct engine *en)
{
	return en->presumed ? NULL : en->state;
}

bool engine_seal_secret(struct engine *en, struct seal_secret *out, struct err *e)
{
	const struct fleet *f = en->fleet;
	const struct secret_ref *ref =
		f->state.seal.kind != SECRET_NONE ? &f->state.seal : &f->backup.passphrases[0];

	out->is_key = ref->kind == SECRET_KEY_FILE;
	if (engine_secret(en, ref, &out->secret, e))
		return true;
	/* a file that is not there is the user's input too */
	if (e->code == ERR_MISSING)
		e->code = ERR_INPUT;
	return false;
}

bool engine_unseal_state(struct engine *en, struct state *s, struct err *e)
{
	bool unsealed = en->fleet->state.unsealed;
	struct seal_secret secret = { 0 };

	if (!unsealed && !engine_seal_secret(en, &secret, e))
		return err_in(e, "cannot unseal the state");
	if (!state_unseal(s, unsealed ? NULL : &secret, e)) {
		if (e->code == ERR_INPUT)
			err_remedy(
				e,
				"use the one it was sealed with, or seal it anew with 'certfleet state reseal'");
		return err_in(e, "cannot unseal the state");
	}
	return true;
}

bool engine_unseal(struct engine *en, struct err *e)
{
	if (!en->unsealed && !engine_unseal_state(en, en->state, e))
		return false;
	en->unsealed = true;
	return true;
}

bool engine_check_seal(struct engine *en, struct err *e)
{
	return !en->state || !en->fleet->state.unsealed || !state_is_sealed(en->state) ||
	       engine_unseal_state(en, en->state, e);
}

bool engine_reseal(struct engine *en, const struct secret_ref *old, struct err *e)
{
	struct seal_secret from = { .is_key = old->kind == SECRET_KEY_FILE };
	struct seal_secret to = { 0 };

	if (!state_is_sealed(en->state))
		return err_set(
			e, ERR_INPUT,
			"the state has no seal; the next 'certfleet apply' seals it, unless the fleet file says 'unsealed: true'");
	if (en->fleet->state.unsealed)
		return err_set(
			e, ERR_INPUT,
			"the fleet file says 'unsealed: true'; name the new secret with 'seal'");
	if (!engine_secret(en, old, &from.secret, e) || !state_unseal(en->state, &from, e)) {
		if (e->code == ERR_MISSING)
			e->code = ERR_INPUT;
		err_remedy(e, "give the one it was sealed with");
		return err_in(e, "cannot open the state with the old secret");
	}
	if (!engine_seal_secret(en, &to, e))
		return err_in(e, "cannot seal the state anew");
	if (!state_reseal(en->state, &to, e))
		return false;
	en->unsealed = true;
	return true;
}

const char *engine_who(struct arena *a)
{
	const struct passwd *user = getpwuid(geteuid());
	char host[256] = "?";

	gethostname(host, sizeof(host) - 1);
	return arena_printf(a, "%s@%s", user ? user->pw_name : "?", host);
}

void engine_note(struct engine *en, const char *fmt, ...)
{
	char text[512];
	struct event event = { .kind = EVENT_NOTE, .at = clock_now(), .text = text };
	va_list args;

	if (!en->listen)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	en->listen(en->listen_ctx, &event);
}
