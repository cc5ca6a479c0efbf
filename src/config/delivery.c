/* SPDX-License-Identifier: Apache-2.0 */
#include "config/delivery.h"

#include "config/build.h"
#include "config/forms.h"
#include "config/netname.h"
#include "config/placeholder.h"
#include "config/schema.h"
#include "config/url.h"
#include "config/values.h"
#include "config/writer.h"
#include "model/activation.h"

#include <ctype.h>
#include <string.h>
#include <sys/un.h>

enum {
	SOCKET_PATH_LIMIT = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
	UNIT_LIMIT = 255,
};

static bool has_single_path(const struct install *i)
{
	return i->certificate || i->key || i->leaf || i->chain || i->ca || i->combined;
}

/* One file is replaced in one instant, whether a link leads to it or not. */
static void warn_of_plain(struct loader *ld, const struct node *n, const struct install *i)
{
	const char *paths[INSTALL_PATHS];

	if (i->plain && (i->directory || install_paths(i, paths) > 1))
		warn(ld, node_find(n, "link"),
		     "with 'link: false' the files are replaced one after the other, the key first, so a process that reads them meanwhile gets a mixed pair; without it they switch in one instant");
}

bool install_check(struct loader *ld, const struct node *n, void *out)
{
	const struct install *i = out;

	warn_of_plain(ld, n, i);
	if (i->directory && has_single_path(i))
		return config_error(ld, n, "'directory' and single paths exclude each other");
	if (i->directory && !strcmp(i->directory, "/"))
		return config_error(ld, n, "'directory' cannot be '/'");
	if (i->directory)
		return true;
	if (!has_single_path(i))
		return config_error(
			ld, n,
			"give 'directory', or paths: 'certificate' and 'key', or 'combined'");
	if (!i->key && !i->combined)
		return config_error(ld, n,
				    "missing key 'key', or 'combined' for everything in one file");
	if (!i->certificate && !i->leaf && !i->combined)
		return config_error(
			ld, n,
			"missing key 'certificate', or 'combined' for everything in one file");
	return true;
}

const struct field *driver_row(enum driver_kind kind)
{
	for (const struct field *f = deliver_record.fields; f->key; f++)
		if (!strcmp(f->key, driver_name(kind)))
			return f;
	return NULL;
}

bool deliver_check(struct loader *ld, const struct node *n, void *out)
{
	struct deliver *d = out;

	(void)ld;
	for (int kind = 0; kind < DRIVER_KIND_COUNT; kind++)
		if (node_find(n, driver_name((enum driver_kind)kind)))
			d->kind = (enum driver_kind)kind;
	if (d->kind == DRIVER_HAPROXY)
		d->files.combined = d->haproxy.certificate;
	return true;
}

/* ---- delivery over sockets ---- */

/* Without TLS nothing may leave this machine; the connection checks this again. */
static bool delivery_is_local(struct loader *ld, const char *address)
{
	const char *host = NULL;
	uint16_t port = 0;

	if (!host_port_parse(&ld->work, address, &host, &port))
		return false;
	return host_is_local(host);
}

static bool read_socket(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *text = NULL;

	if (!value_raw(ld, f, n))
		return false;
	if (strncmp(n->text, "tcp://", 6) != 0) {
		if (!value_path(ld, f, n, slot))
			return false;
		return strlen(*(const char **)slot) <= SOCKET_PATH_LIMIT ||
		       config_error(ld, n,
				    "'%s' is longer than the %d bytes a socket's path can have",
				    f->key, SOCKET_PATH_LIMIT);
	}
	if (!value_text(ld, f, n, &text))
		return false;
	*(const char **)slot = text;
	if (delivery_is_local(ld, text + 6) || placeholder_excuses(ld, n))
		return true;
	return config_error(
		ld, n,
		"'%s' must be a path, or tcp://HOST:PORT of this machine, because a key goes there, not '%s'",
		f->key, shown(ld, n->text));
}

/* The name is used in commands, where these characters are special. */
bool haproxy_check(struct loader *ld, const struct node *n, void *out)
{
	const struct haproxy *h = out;

	if (!strpbrk(h->certificate, " ;\\\"'<>#"))
		return true;
	return config_error(
		ld, node_find(n, "certificate"),
		"'certificate' holds a character that HAProxy's commands cannot name: '%s'",
		as_written(ld, node_find(n, "certificate"), h->certificate));
}

static bool read_https(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	static const char scheme[] = "https://";
	const char *text = NULL;
	const char *host = NULL;
	uint16_t port = 0;

	if (!value_text(ld, f, n, &text))
		return false;
	*(const char **)slot = text;
	if ((!strncmp(text, scheme, sizeof(scheme) - 1) &&
	     host_port_parse(&ld->work, text + sizeof(scheme) - 1, &host, &port)) ||
	    placeholder_excuses(ld, n))
		return true;
	return config_error(ld, n, "'%s' must be https://HOST:PORT, not '%s'", f->key,
			    shown(ld, n->text));
}

/* A URL, or a mapping. */
static bool read_agent_place(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	struct agent_place *out = slot;

	if (n->kind == NODE_TEXT)
		return read_https(ld, f, n, &out->url);
	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a URL or a mapping");
	return record_read(ld, f->param, n, out);
}

/* Refuses keys that belong in the agent's own configuration. */
bool agent_component_check(struct loader *ld, const struct draft *d,
			   const struct component_form *form)
{
	const struct node *activate = node_find(d->value, "activate");
	const struct node *retire = node_find(d->value, "retire");

	if (!ld->fleet.access.agent.certificate)
		return config_error(
			ld, d->value,
			"it is delivered to by an agent, but there is no 'access: {agent: ...}', which names certfleet's own certificate");
	if (activate && form->activate.kind != ACTIVATE_APPMON)
		return config_error(
			ld, activate,
			"'activate' is not for this driver: the agent's own configuration says it");
	if (form->retire.remove)
		return config_error(ld, retire, "an agent removes nothing; remove it on the host");
	return true;
}

void agent_locate(struct arena *a, struct deliver *d)
{
	(void)a;
	d->remote = d->agent.url;
}

static bool report_address(struct loader *ld, const struct field *f, const struct node *n)
{
	return config_error(ld, n, "'%s' must be HOST:PORT or \"[ADDRESS]:PORT\", not '%s'", f->key,
			    shown(ld, n->text));
}

static bool read_address(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *text = NULL;
	const char *host = NULL;
	uint16_t port = 0;

	if (!value_text(ld, f, n, &text))
		return false;
	if (!host_port_parse(&ld->work, text, &host, &port) && !placeholder_excuses(ld, n))
		return report_address(ld, f, n);
	*(const char **)slot = text;
	return true;
}

/* Skips the first name, which is the meaning of an absent key. */
static bool read_starttls(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	unsigned choice = 0;

	if (!choice_type.read(ld, f, n, &choice))
		return false;
	*(enum starttls_kind *)slot = choice + 1;
	return true;
}

static void write_starttls(struct writer *w, const struct field *f, const void *slot)
{
	enum starttls_kind kind = *(const enum starttls_kind *)slot;

	if (kind != STARTTLS_NONE)
		put_text(w, f->key, starttls_names[kind]);
}

static bool read_proxy_protocol(struct loader *ld, const struct field *f, const struct node *n,
				void *slot)
{
	if (n->kind == NODE_INTEGER && strcmp(n->text, "1") == 0)
		return config_error(ld, n, "'%s' must be 2, the only version that is sent", f->key);
	return count_type.read(ld, f, n, slot);
}

static void write_proxy_protocol(struct writer *w, const struct field *f, const void *slot)
{
	if (*(const unsigned *)slot)
		write_count(w, f, slot);
}

bool verify_check(struct loader *ld, const struct node *n, void *out)
{
	struct verify *v = out;
	struct arena *a = &ld->fleet.arena;

	(void)n;
	if (!host_port_parse(a, v->address, &v->host, &v->port))
		return true; /* only with a sample */
	if (!v->server_name && !ip_canonical(&ld->work, v->host))
		v->server_name = v->host;
	if (v->server_name && !is_host_name(v->server_name))
		return config_error(ld, node_find(n, "server_name"),
				    "'server_name' must be a DNS name, not '%s'",
				    shown(ld, node_find(n, "server_name")->text));
	return true;
}

/* Exactly one; what else belongs to it is checked by check_activate(). */
static const struct activate_way {
	const char *key;
	enum activate_kind kind;
} activate_ways[] = {
	{ "unit", ACTIVATE_UNIT },     { "signal", ACTIVATE_SIGNAL },
	{ "reload", ACTIVATE_RELOAD }, { "command", ACTIVATE_COMMAND },
	{ "http", ACTIVATE_HTTP },
};

/* Keys that need another one. */
static const struct {
	const char *key;
	const char *needs;
	const char *why;
} activate_needs[] = {
	{ "signal", "pidfile", ", which names the process to signal" },
	{ "pidfile", "signal", "" },
	{ "exe", "pidfile", ", which names the process to signal" },
	{ "start", "unit", ", which names what is started" },
};

static bool check_activate(struct loader *ld, const struct field *f, const struct node *n,
			   enum activate_kind *kind)
{
	const struct activate_way *found = NULL;

	for (size_t i = 0; i < sizeof(activate_needs) / sizeof(*activate_needs); i++)
		if (node_find(n, activate_needs[i].key) && !node_find(n, activate_needs[i].needs))
			return config_error(ld, n, "missing key '%s'%s", activate_needs[i].needs,
					    activate_needs[i].why);
	for (size_t i = 0; i < sizeof(activate_ways) / sizeof(*activate_ways); i++) {
		if (!node_find(n, activate_ways[i].key))
			continue;
		if (found)
			return config_error(ld, n, "'%s' and '%s' exclude each other", found->key,
					    activate_ways[i].key);
		found = &activate_ways[i];
	}
	if (!found)
		return config_error(ld, n, "give 'unit', 'signal' and 'pidfile', 'reload'%s",
				    f->param == &host_activate_record ? ", or 'command'"
								      : ", 'command', or 'http'");
	*kind = found->kind;
	return true;
}

/* An argument of systemctl. */
static bool read_unit(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	static const char marks[] = ":_.\\@-";
	const char *text = NULL;
	size_t len = 0;

	if (!value_text(ld, f, n, &text))
		return false;
	for (len = 0; isalnum((unsigned char)text[len]) || (text[len] && strchr(marks, text[len]));)
		len++;
	*(const char **)slot = text;
	if ((len && len <= UNIT_LIMIT && !text[len] && *text != '-') || placeholder_excuses(ld, n))
		return true;
	return config_error(ld, n, "'%s' must be the name of a systemd unit, not '%s'", f->key,
			    shown(ld, n->text));
}

static bool read_host_activate(struct loader *ld, const struct field *f, const struct node *n,
			       void *slot)
{
	struct activate_form form;
	enum activate_kind kind = ACTIVATE_NONE;

	if (!record_read(ld, f->param, n, &form) || !check_activate(ld, f, n, &kind))
		return false;
	*(struct activate *)slot = (struct activate){
		.kind = kind,
		.signal = form.pidfile ? signal_numbers[form.signal] : 0,
		.pidfile = form.pidfile,
		.exe = form.exe,
		.argv = kind == ACTIVATE_RELOAD ? form.reload : form.command,
		.unit = form.unit,
		.start = form.start,
		.http = form.http,
		.timeout = form.timeout,
	};
	return true;
}

/* The text "appmon", or a mapping. */
static bool read_activate(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	if (n->kind == NODE_MAPPING)
		return read_host_activate(ld, f, n, slot);
	if (n->kind != NODE_TEXT)
		return wrong_kind(ld, f, n, "a mapping, or appmon");
	if (strcmp(n->text, "appmon") != 0)
		return config_error(ld, n, "'%s' must be a mapping, or appmon, not '%s'", f->key,
				    shown(ld, n->text));
	*(struct activate *)slot = (struct activate){ .kind = ACTIVATE_APPMON };
	return true;
}

const struct field_type unit_type = { read_unit, SHAPE_TEXT, NULL, .words = "unit" };
const struct field_type activate_type = { read_activate, SHAPE_TEXT_OR_RECORD, "^appmon$",
					  .words = "mapping, or appmon" };
const struct field_type host_activate_type = { read_host_activate, SHAPE_RECORD, NULL };
const struct field_type https_type = { read_https, SHAPE_TEXT, NULL, GRAMMAR_ADDRESS,
				       .words = "URL" };
const struct field_type agent_place_type = {
	read_agent_place, SHAPE_TEXT_OR_RECORD,      NULL,
	GRAMMAR_ADDRESS,  .words = "URL or mapping", .write = write_nested
};
const struct field_type socket_type = {
	read_socket,         SHAPE_TEXT, NULL, GRAMMAR_ADDRESS, .words = "path or tcp://HOST:PORT",
	.write = write_place
};
/* or with a placeholder anywhere */
#define ADDRESS_PATTERN "^(.*\\$\\{.*|\\[[^\\]]+\\]:[0-9]{1,5}|[^\\[\\]:]+:[0-9]{1,5})$"
const struct field_type address_type = { read_address, SHAPE_TEXT, ADDRESS_PATTERN, GRAMMAR_ADDRESS,
					 .words = "HOST:PORT" };
const struct field_type starttls_type = { read_starttls, SHAPE_CHOICE, NULL,
					  .write = write_starttls };
const struct field_type proxy_protocol_type = { read_proxy_protocol, SHAPE_COUNT, NULL,
						.write = write_proxy_protocol };
