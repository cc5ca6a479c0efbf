/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ssh_target.h"

#include "model/fleet.h"

#include <string.h>

static bool find_login(struct driver_session *v, struct ssh_target *f, struct err *e)
{
	const struct ssh_access *a = &driver_access(v)->ssh;
	const struct sftp *s = &v->job->component->deliver.sftp;

	f->login = (struct ssh_login){
		.user = s->user,
		.host = s->host,
		.port = s->port,
		.known_hosts = a->known_hosts,
		.host_key = s->host_key,
	};
	if (a->key.kind == SECRET_NONE)
		return err_set(e, ERR_INPUT,
			       "there is no 'access: {ssh: {key: ...}}' to log in with");
	if (!driver_secret(v, &a->key, &f->login.key, e))
		return err_in(e, "cannot read the SSH key");
	if (a->passphrase.kind != SECRET_NONE &&
	    !driver_secret(v, &a->passphrase, &f->login.passphrase, e))
		return err_in(e, "cannot read the passphrase of the SSH key");
	return true;
}

bool ssh_target_new(struct driver_session *v, struct ssh_target **out, struct err *e)
{
	struct ssh_target *f = ARENA_NEW(v->arena, struct ssh_target);
	struct job *j = v->job;

	f->job = j;
	f->arena = v->arena;
	f->order = job_install_order(j);
	if (!view_make(&j->component->deliver.files, f->arena, &f->view, e) || !find_login(v, f, e))
		return false;
	*out = f;
	return true;
}

void ssh_target_release(struct ssh_target *f)
{
	if (!f)
		return;
	view_release(&f->view);
	vec_each (w, &f->wanted)
		secret_release(&w->into->bytes);
}

void ssh_target_add(struct ssh_target *f, struct ssh_op op)
{
	VEC_PUSH(&f->ops, f->arena, op);
}

void ssh_target_ask(struct ssh_target *f, struct exchange *ask)
{
	f->ask = ARENA_NEW(f->arena, struct ssh_ask);
	*f->ask = (struct ssh_ask){
		.login = &f->login, .arena = f->arena, .ops = f->ops.items, .count = f->ops.count
	};
	f->next = 0;
	memset(&f->ops, 0, sizeof(f->ops));
	ask->kind = EXCHANGE_SSH;
	ask->ssh = f->ask;
}

struct ssh_op *ssh_target_next(struct ssh_target *f)
{
	return &f->ask->ops[f->next++];
}

const char *ssh_target_path(const struct ssh_target *f, const char *directory, const char *name)
{
	return arena_printf(f->arena, "%s/%s", strcmp(directory, "/") ? directory : "", name);
}
