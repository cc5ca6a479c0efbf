/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include "config/delivery.h"
#include "config/schema.h"
#include "config/topology.h"
#include "config/writer.h"

static void put_policies(struct writer *w, const struct fleet *f)
{
	const struct backup_policy *b = &f->backup;

	buf_puts(w->out, "state\n");
	write_rows(w, &state_record, &f->state);
	buf_puts(w->out, "backup\n");
	put_path(w, "directory", b->directory);
	for (size_t i = 0; i < b->passphrase_count; i++)
		put_secret(w, "passphrase", &b->passphrases[i]);
	for (size_t i = 0; i < b->copy_count; i++)
		put_text(w, "copy", b->copies[i].name);
	put_number(w, "keep", b->keep);
	put_flag(w, "unencrypted", b->unencrypted);
}

static void put_fleet_access(struct writer *w, const struct fleet_access *a)
{
	if (!a->agent.certificate && a->ssh.key.kind == SECRET_NONE && !a->webdav && !a->s3 &&
	    !a->appmon.origin)
		return;
	buf_puts(w->out, "access\n");
	write_rows(w, &access_record, a);
}

static void put_acknowledgement(struct writer *w, const struct standing_ack *k)
{
	buf_printf(w->out, "acknowledge %s\n", k->code);
	put_text(w, "on", k->on);
	put_number(w, "until", k->until);
	put_text(w, "reason", k->reason);
}

static void put_freezes(struct writer *w, const struct freeze *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_number(w, "freeze_from", list[i].from);
		put_number(w, "freeze_to", list[i].to);
		put_text(w, "freeze_reason", list[i].reason);
	}
}

static void put_windows(struct writer *w, const struct restart *p)
{
	for (size_t i = 0; i < p->window_count; i++) {
		put_number(w, "window_days", p->windows[i].days);
		put_number(w, "window_start", p->windows[i].start);
		put_number(w, "window_duration", p->windows[i].duration);
		put_text(w, "window_zone", p->windows[i].zone->name);
	}
	put_freezes(w, p->freezes, p->freeze_count);
}

static void put_approvals(struct writer *w, const struct approval_policy *p)
{
	if (!p->required)
		return;
	buf_puts(w->out, "approvals\n");
	put_number(w, "required", p->required);
	put_number(w, "for", p->about);
	for (size_t i = 0; i < p->signer_count; i++) {
		put_text(w, "signer", p->signers[i].name);
		put_path(w, "key", p->signers[i].key);
	}
}

static void put_notify(struct writer *w, const struct notify *n)
{
	buf_puts(w->out, "notify\n");
	for (unsigned i = 0; i < NOTIFY_OUTCOME_COUNT; i++)
		if (n->on & 1u << i)
			put_text(w, "on", notify_outcome_names[i]);
	put_number(w, "notify_timeout", n->timeout);
	put_words(w, "notify_command", n->argv);
	if (n->http)
		put_call(w, "notify", n->http);
	put_secret(w, "secret_path", &n->secret_path);
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
	static const char *const keys[] = {
		[IMPORT_FILE] = "file",     [IMPORT_PEM] = "pem", [IMPORT_DER] = "der",
		[IMPORT_PKCS12] = "pkcs12", [IMPORT_ZIP] = "zip",
	};

	for (size_t k = 0; k < i->file_count; k++)
		put_path(w, keys[i->kind], i->files[k]);
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
	if (c->spread)
		put_number(w, "spread", c->spread);
	put_flag(w, "server", c->purpose & PURPOSE_SERVER);
	put_flag(w, "client", c->purpose & PURPOSE_CLIENT);
	put_text(w, "commit", commit_order_names[c->commit]);
	put_path(w, "export", c->export);
	if (c->builtin) {
		put_flag(w, "builtin", true);
		return;
	}
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
	put_windows(w, p);
	put_flag(w, "not_restartable", r->no_restart);
	for (size_t i = 0; i < r->after_count; i++)
		put_text(w, "after", r->after[i]->name);
}

static void put_activate(struct writer *w, const struct activate *a)
{
	switch (a->kind) {
	case ACTIVATE_NONE:
		return;
	case ACTIVATE_SIGNAL:
		put_number(w, "signal", a->signal);
		put_path(w, "pidfile", a->pidfile);
		put_path(w, "exe", a->exe);
		break;
	case ACTIVATE_RELOAD:
		put_words(w, "reload", a->argv);
		break;
	case ACTIVATE_UNIT:
		put_text(w, "unit", a->unit);
		put_flag(w, "start", a->start);
		break;
	case ACTIVATE_COMMAND:
		put_words(w, "command", a->argv);
		break;
	case ACTIVATE_HTTP:
		put_call(w, "activate", a->http);
		break;
	case ACTIVATE_APPMON:
		put_text(w, "activate", "appmon");
		break;
	}
	put_number(w, "activate_timeout", a->timeout);
}

static void put_appmon(struct writer *w, const struct appmon_part *a)
{
	switch (a->kind) {
	case APPMON_NONE:
		return;
	case APPMON_SERVER:
		put_text(w, "appmon", "server");
		return;
	case APPMON_COLLECTOR:
		put_text(w, "collector", a->name);
		put_text(w, "collector_host", a->host);
		return;
	}
}

static void put_component(struct writer *w, const struct component *c)
{
	buf_printf(w->out, "component %s\n", c->name);
	put_text(w, "was", c->was);
	put_text(w, "host", c->host);
	put_text(w, "role", c->role->name);
	put_text(w, "certificate", c->certificate->name);
	put_text(w, "process", c->process);
	put_text(w, "quorum", c->quorum);
	write_row(w, driver_row(c->deliver.kind), &c->deliver);
	put_activate(w, &c->activate);
	for (size_t i = 0; i < c->verify_count; i++)
		write_rows(w, verify_items.item->param, &c->verify[i]);
	put_flag(w, "retire_remove", c->retire_remove);
	put_flag(w, "not_restartable", c->no_restart);
	put_flag(w, "must_run", c->must_run);
	if (c->presence)
		put_text(w, "presence", presence_names[c->presence - PRESENCE_REQUIRED]);
	put_appmon(w, &c->appmon);
	if (c->revert)
		put_words(w, "revert", c->revert);
}

void fleet_canonical(const struct fleet *f, struct buf *out)
{
	struct writer w = { f->directory, out };

	buf_printf(out, "certfleet 1\nfleet %s\n", f->name);
	if (f->topology != TOPOLOGY_NONE)
		buf_printf(out, "topology %s\n", topology_names[f->topology]);
	put_policies(&w, f);
	put_fleet_access(&w, &f->access);
	if (f->limits.components || f->limits.percent)
		buf_puts(out, "limits\n");
	if (f->limits.components)
		put_number(&w, "components_per_run", f->limits.components);
	if (f->limits.percent)
		put_number(&w, "percent_per_run", f->limits.percent);
	if (f->freeze_count)
		buf_puts(out, "freezes\n");
	put_freezes(&w, f->freezes, f->freeze_count);
	for (size_t i = 0; i < f->acknowledge_count; i++)
		put_acknowledgement(&w, &f->acknowledge[i]);
	put_approvals(&w, &f->approvals);
	for (size_t i = 0; i < f->notify_count; i++)
		put_notify(&w, &f->notify[i]);
	for (size_t i = 0; i < f->issuer_count; i++)
		put_issuer(&w, &f->issuers[i]);
	for (size_t i = 0; i < f->certificate_count; i++)
		put_certificate(&w, &f->certificates[i]);
	for (size_t i = 0; i < f->role_count; i++)
		put_role(&w, &f->roles[i]);
	for (size_t i = 0; i < f->component_count; i++)
		put_component(&w, &f->components[i]);
	for (size_t i = 0; i < f->absent_count; i++)
		put_component(&w, &f->absent[i]);
}
