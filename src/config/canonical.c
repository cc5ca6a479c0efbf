/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include "base/fs.h"
#include "base/text.h"
#include "config/schema.h"
#include "config/writer.h"

#include <inttypes.h>

void put_text(struct writer *w, const char *field, const char *value)
{
	if (value)
		buf_printf(w->out, " %s=%s\n", field, value);
}

void put_number(struct writer *w, const char *field, int64_t value)
{
	buf_printf(w->out, " %s=%" PRId64 "\n", field, value);
}

static void put_flag(struct writer *w, const char *field, bool value)
{
	put_text(w, field, value ? "true" : NULL);
}

void put_path(struct writer *w, const char *field, const char *path)
{
	if (path)
		put_text(w, field, fs_beneath(w->directory, path));
}

/* Words that may contain blanks, on one line. */
static void put_words(struct writer *w, const char *field, const char *const *words)
{
	if (!words)
		return;
	buf_printf(w->out, " %s=", field);
	for (size_t i = 0; words[i]; i++) {
		buf_puts(w->out, i ? " " : "");
		text_percent(w->out, words[i]);
	}
	buf_puts(w->out, "\n");
}

void put_secret(struct writer *w, const char *field, const struct secret_ref *s)
{
	switch (s->kind) {
	case SECRET_NONE:
		return;
	case SECRET_ENV:
		buf_printf(w->out, " %s=env:%s\n", field, s->name);
		return;
	case SECRET_FILE:
		buf_printf(w->out, " %s=file:%s\n", field, fs_beneath(w->directory, s->name));
		return;
	case SECRET_COMMAND:
		put_words(w, field, s->argv);
		return;
	}
}

static void put_policies(struct writer *w, const struct fleet *f)
{
	const struct state_policy *s = &f->state;
	const struct backup_policy *b = &f->backup;

	buf_puts(w->out, "state\n");
	put_path(w, "path", s->path);
	put_secret(w, "seal", &s->seal);
	put_flag(w, "required", s->required);
	put_flag(w, "unsealed", s->unsealed);
	buf_puts(w->out, "backup\n");
	put_path(w, "directory", b->directory);
	for (size_t i = 0; i < b->passphrase_count; i++)
		put_secret(w, "passphrase", &b->passphrases[i]);
	put_number(w, "keep", b->keep);
	put_flag(w, "unencrypted", b->unencrypted);
}

static void put_issuer(struct writer *w, const struct issuer *i)
{
	buf_printf(w->out, "issuer %s\n", i->name);
	put_text(w, "was", i->was);
	put_text(w, "subject", i->subject);
	put_number(w, "validity", i->validity);
	put_text(w, "key", key_type_names[i->key]);
	put_path(w, "publish", i->publish);
	if (i->use != USE_CERTIFICATES)
		put_text(w, "use", issuer_use_names[i->use]);
}

static void put_import(struct writer *w, const struct import *i)
{
	for (size_t k = 0; k < i->file_count; k++)
		put_path(w, i->kind == IMPORT_PEM ? "pem" : "pkcs12", i->files[k]);
	put_secret(w, "password", &i->password);
}

static void put_certificate(struct writer *w, const struct certificate *c)
{
	buf_printf(w->out, "certificate %s\n", c->name);
	put_text(w, "was", c->was);
	if (c->renew_before.percent)
		put_number(w, "renew_before_percent", c->renew_before.percent);
	else if (c->renew_before.seconds)
		put_number(w, "renew_before", c->renew_before.seconds);
	put_flag(w, "server", c->purpose & PURPOSE_SERVER);
	put_flag(w, "client", c->purpose & PURPOSE_CLIENT);
	put_text(w, "commit", commit_order_names[c->commit]);
	if (c->import.kind != IMPORT_NONE) {
		put_import(w, &c->import);
		put_path(w, "trust_file", c->trust.file);
		if (c->trust.kind == TRUST_SYSTEM || c->trust.kind == TRUST_NONE)
			put_text(w, "trust", c->trust.kind == TRUST_NONE ? "none" : "system");
		return;
	}
	put_text(w, "subject", c->subject);
	put_text(w, "issuer", c->issuer->name);
	put_number(w, "validity", c->validity);
	for (size_t i = 0; i < c->name_count; i++)
		put_text(w, name_kind_names[c->names[i].kind], c->names[i].value);
	put_text(w, "key", key_type_names[c->key]);
	put_text(w, "key_rotation", key_rotation_names[c->rotation]);
}

static void put_role(struct writer *w, const struct role *r)
{
	const struct restart *p = &r->restart;

	buf_printf(w->out, "role %s\n", r->name);
	put_text(w, "version_minimum", r->version_minimum);
	put_flag(w, "version_same", r->version_same);
	put_text(w, "offline", offline_policy_names[r->offline]);
	put_text(w, "when", restart_when_names[p->when]);
	put_number(w, p->max_unavailable_is_percent ? "max_unavailable_percent" : "max_unavailable",
		   p->max_unavailable);
	put_number(w, "canary", p->canary);
	put_number(w, "pause", p->pause);
	put_number(w, "max_failures", p->max_failures);
	put_text(w, "on_failure", on_failure_names[p->on_failure]);
	put_number(w, "timeout", p->timeout);
	for (size_t i = 0; i < r->after_count; i++)
		put_text(w, "after", r->after[i]->name);
}

/* Only paths on this machine are relative to the checkout. */
static void put_install_path(struct writer *w, const struct deliver *d, const char *field,
			     const char *path)
{
	if (d->kind == DRIVER_SFTP)
		put_text(w, field, path);
	else
		put_path(w, field, path);
}

static void put_install(struct writer *w, const struct deliver *d)
{
	const struct install *i = &d->files;

	put_install_path(w, d, "directory", i->directory);
	put_install_path(w, d, "certificate_file", i->certificate);
	put_install_path(w, d, "key_file", i->key);
	put_install_path(w, d, "leaf_file", i->leaf);
	put_install_path(w, d, "chain_file", i->chain);
	put_install_path(w, d, "ca_file", i->ca);
	put_install_path(w, d, "combined_file", i->combined);
	put_text(w, "owner", i->owner);
	put_text(w, "group", i->group);
	if (i->mode)
		buf_printf(w->out, " mode=%04o\n", (unsigned)i->mode);
	put_flag(w, "unsafe_directory", i->unsafe_directory);
	put_flag(w, "replace", i->replace);
}

static void put_haproxy(struct writer *w, const struct haproxy *h)
{
	if (h->socket && *h->socket == '/')
		put_path(w, "haproxy_socket", h->socket);
	else
		put_text(w, "haproxy_socket", h->socket);
}

static void put_sftp(struct writer *w, const struct sftp *s)
{
	put_text(w, "sftp", s->origin);
	put_text(w, "sftp_user", s->user);
	put_text(w, "host_key", s->host_key);
}

static void put_agent(struct writer *w, const struct agent_place *a)
{
	put_text(w, "agent", a->url);
	put_text(w, "agent_component", a->component);
	put_flag(w, "agent_self", a->self);
}

static void put_commands(struct writer *w, const struct commands *c)
{
	for (unsigned verb = 0; verb < DECLARED_COUNT; verb++)
		if (c->argv[verb]) {
			put_text(w, "run", declared_verb_names[verb]);
			put_words(w, "argv", c->argv[verb]);
		}
	put_number(w, "run_timeout", c->timeout);
}

static void put_fleet_access(struct writer *w, const struct fleet_access *a)
{
	if (!a->agent.certificate && a->ssh.key.kind == SECRET_NONE)
		return;
	buf_puts(w->out, "access\n");
	put_path(w, "agent_certificate", a->agent.certificate);
	put_path(w, "agent_key", a->agent.key);
	put_path(w, "agent_ca", a->agent.ca);
	put_secret(w, "ssh_key", &a->ssh.key);
	put_secret(w, "ssh_passphrase", &a->ssh.passphrase);
	put_path(w, "ssh_known_hosts", a->ssh.known_hosts);
}

static void put_activate(struct writer *w, const struct activate *a)
{
	switch (a->kind) {
	case ACTIVATE_NONE:
		return;
	case ACTIVATE_SIGNAL:
		put_number(w, "signal", a->signal);
		put_path(w, "pidfile", a->pidfile);
		break;
	case ACTIVATE_COMMAND:
		put_words(w, "command", a->argv);
		break;
	case ACTIVATE_HTTP:
		put_call(w, a->http);
		break;
	}
	put_number(w, "activate_timeout", a->timeout);
}

static void put_component(struct writer *w, const struct component *c)
{
	buf_printf(w->out, "component %s\n", c->name);
	put_text(w, "was", c->was);
	put_text(w, "host", c->host);
	put_text(w, "role", c->role->name);
	put_text(w, "certificate", c->certificate->name);
	put_text(w, "process", c->process);
	put_install(w, &c->deliver);
	put_sftp(w, &c->deliver.sftp);
	put_haproxy(w, &c->deliver.haproxy);
	if (c->deliver.caddy)
		put_caddy(w, c->deliver.caddy);
	if (c->deliver.etcd)
		put_etcd(w, c->deliver.etcd);
	if (c->deliver.http)
		put_http(w, c->deliver.http);
	if (c->deliver.command)
		put_commands(w, c->deliver.command);
	put_agent(w, &c->deliver.agent);
	put_activate(w, &c->activate);
	for (size_t i = 0; i < c->verify_count; i++) {
		put_text(w, "tls", c->verify[i].address);
		put_text(w, "server_name", c->verify[i].server_name);
		if (c->verify[i].starttls)
			put_text(w, "starttls", starttls_names[c->verify[i].starttls]);
		put_number(w, "consecutive", c->verify[i].consecutive);
	}
	put_flag(w, "retire_remove", c->retire_remove);
}

void fleet_canonical(const struct fleet *f, struct buf *out)
{
	struct writer w = { f->directory, out };

	buf_printf(out, "certfleet 1\nfleet %s\n", f->name);
	put_policies(&w, f);
	put_fleet_access(&w, &f->access);
	for (size_t i = 0; i < f->issuer_count; i++)
		put_issuer(&w, &f->issuers[i]);
	for (size_t i = 0; i < f->certificate_count; i++)
		put_certificate(&w, &f->certificates[i]);
	for (size_t i = 0; i < f->role_count; i++)
		put_role(&w, &f->roles[i]);
	for (size_t i = 0; i < f->component_count; i++)
		put_component(&w, &f->components[i]);
}
