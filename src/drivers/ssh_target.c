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

	f->job = v->job;
	f->install = &v->job->component->deliver.files;
	f->arena = v->arena;
	f->versions.arena = v->arena;
	layout_make(f->install, f->arena, &f->layout);
	if (!f->layout.path_slot_count || !*f->layout.slots[0].name)
		return err_set(e, ERR_INPUT, "the component has no path to deliver to");
	f->store = ssh_target_path(f, f->layout.home, f->layout.store_name);
	if (!find_login(v, f, e))
		return false;
	*out = f;
	return true;
}

void ssh_target_release(struct ssh_target *f)
{
	if (!f)
		return;
	pair_files_release(&f->seen);
	vec_each (v, &f->read)
		pair_files_release(&(*v)->pieces);
	vec_each (w, &f->strangers)
		secret_release(&w->into->bytes);
}

/* ---- requests ---- */

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

/* ---- paths and slots ---- */

const char *ssh_target_path(const struct ssh_target *f, const char *directory, const char *name)
{
	return arena_printf(f->arena, "%s/%s", strcmp(directory, "/") ? directory : "", name);
}

const char *ssh_target_version_path(const struct ssh_target *f, const char *version)
{
	return ssh_target_path(f, f->store, version);
}

bool ssh_target_any_slot_is(const struct ssh_target *f, enum path_slot_state state)
{
	for (size_t i = 0; i < f->layout.path_slot_count; i++)
		if (f->states[i] == state)
			return true;
	return false;
}

bool ssh_target_is_ours(const struct ssh_target *f)
{
	for (size_t i = 0; i < f->layout.path_slot_count; i++)
		if (f->states[i] != PATH_SLOT_OURS)
			return false;
	return f->current != NULL;
}

bool ssh_target_is_at(const struct ssh_target *f, const char *version)
{
	return ssh_target_is_ours(f) && !strcmp(f->current, version);
}

const char *ssh_target_switch_path(const struct ssh_target *f)
{
	return f->layout.single ? ssh_target_version_path(f, STORE_CURRENT)
				: f->layout.slots[0].path;
}

const struct ssh_target_version *ssh_target_read_version(const struct ssh_target *f,
							 const char *version)
{
	vec_each (v, &f->read)
		if (!strcmp((*v)->name->name, version))
			return *v;
	return NULL;
}

bool ssh_target_check_version(const struct ssh_target *f, const char *version, struct fs_attr attr,
			      struct err *e)
{
	const struct trust trust = trust_of_account(f->install, &f->account);

	return f->no_shell ||
	       file_trust_directory(&trust, ssh_target_version_path(f, version), attr, e);
}
