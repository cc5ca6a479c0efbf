/* SPDX-License-Identifier: Apache-2.0 */
#include "config/agent_load.h"

#include "config/build.h"
#include "config/load.h"
#include "config/netname.h"
#include "config/pathname.h"
#include "config/values.h"

#include <string.h>

enum {
	SPKI_DIGITS = 64,
	ACTIVATE_SECONDS = 60,
};

static const char default_state[] = "/var/lib/certfleet-agent";

/* ---- allowed clients ---- */

static bool parse_spki(const char *hex, struct arena *a, struct allowed_client *out, struct err *e)
{
	if (strlen(hex) != SPKI_DIGITS || strspn(hex, "0123456789abcdef") != SPKI_DIGITS)
		return err_set(
			e, ERR_INPUT,
			"'spki:' is followed by the SHA-256 of a public key, 64 digits of 0-9 a-f");
	*out = (struct allowed_client){ .spki = arena_strdup(a, hex) };
	return true;
}

bool allowed_client_parse(const char *text, const struct allowed_client_arena *to,
			  struct allowed_client *out, struct err *e)
{
	const char *name = NULL;
	const char *cn = NULL;

	if (!strncmp(text, "spki:", 5))
		return parse_spki(text + 5, to->arena, out, e);
	if (!to->subject(text, to->arena, &name, &cn, e))
		return err_in(
			e,
			"'allow' takes \"spki:SHA-256\" or a complete name like \"CN=ops, O=Example\"");
	*out = (struct allowed_client){ .name = name };
	return true;
}

static bool agent_load_read_caller(struct loader *ld, const struct field *f, const struct node *n,
				   void *slot)
{
	const struct allowed_client_arena to = { ld->subject, &ld->fleet.arena };
	const char *text = NULL;
	struct err e = { 0 };

	if (!value_text(ld, f, n, &text))
		return false;
	return allowed_client_parse(text, &to, slot, &e) || config_error(ld, n, "%s", e.text);
}

const struct field_type allowed_client_type = { agent_load_read_caller, SHAPE_TEXT, NULL,
						.words = "spki:... or distinguished name" };

bool agent_tls_check(struct loader *ld, const struct node *n, void *out)
{
	const struct agent_tls_form *form = out;
	const struct node *file = node_find(n, "allow_file");

	if (form->clients.count && file)
		return config_error(ld, file, "'allow_file' and 'allow' exclude each other");
	return form->clients.count || file ||
	       config_error(ld, n, "missing key 'allow', or 'allow_file'");
}

/* ---- components ---- */

static struct agent_version agent_load_version_of(const struct agent_version_form *form)
{
	if (form->text)
		return (struct agent_version){ .kind = VERSION_TEXT, .text = form->text };
	if (form->file)
		return (struct agent_version){ .kind = VERSION_FILE, .text = form->file };
	if (form->command)
		return (struct agent_version){ .kind = VERSION_COMMAND, .argv = form->command };
	return (struct agent_version){ .kind = VERSION_NONE };
}

/* "NAME" or "GROUP/ITEM" (an item has no '/' and no control characters). */
static bool agent_load_is_full_name(struct loader *ld, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (!name_is_valid(arena_strndup(&ld->work, text, len)))
		return false;
	if (!slash)
		return true;

	size_t item = strlen(++slash);

	return item && item <= ITEM_LIMIT && !strchr(slash, '/') && *slash != ' ' &&
	       slash[item - 1] != ' ' &&
	       strcspn(slash,
		       "\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f") ==
		       item;
}

static bool agent_load_read_component(struct loader *ld, const struct node *key,
				      struct agent_component *out)
{
	struct agent_component_form form;

	if (!agent_load_is_full_name(ld, key->text))
		return config_error(
			ld, key,
			"'%s' is not the name of a component, which is NAME or GROUP/ITEM, as in the fleet file",
			shown(ld, key->text));
	if (!record_read(ld, &agent_component_record, pair_value(key), &form))
		return false;
	if (!form.activate.timeout)
		form.activate.timeout = ACTIVATE_SECONDS;
	*out = (struct agent_component){
		.name = arena_strdup(&ld->fleet.arena, key->text),
		.version = agent_load_version_of(&form.version),
		.install = form.install,
		.activate = form.activate,
		.check = form.check.list,
		.check_count = form.check.count,
	};
	return true;
}

/* Refuses a path that two components would write. */
static bool check_places(struct loader *ld, const struct node *key, const struct agent_component *c,
			 struct lookup *places)
{
	const struct install *at = &c->install;
	const char *const paths[] = { at->directory, at->certificate, at->key,     at->leaf,
				      at->chain,     at->ca,          at->combined };
	bool good = true;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const char *other = paths[i] ? lookup_add(places, paths[i], c->name) : NULL;

		if (other)
			good = config_error(ld, key, "'%s' writes '%s', and so does '%s'",
					    shown(ld, c->name), shown(ld, paths[i]),
					    shown(ld, other));
	}
	return good;
}

static bool read_components(struct loader *ld, const struct field *f, const struct node *n,
			    void *slot)
{
	AUTO(lookup) places = { 0 };
	struct agent_component *list = NULL;
	bool good = true;
	size_t count = 0;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping of names");
	if (!n->count || n->count > AGENT_COMPONENT_LIMIT)
		return config_error(ld, n, "'%s' takes 1 to %d entries, not %u", f->key,
				    AGENT_COMPONENT_LIMIT, n->count);
	list = arena_array(&ld->fleet.arena, n->count, sizeof(*list));
	node_pairs(key, n)
	{
		struct agent_component *c = &list[count++];

		good &= agent_load_read_component(ld, key, c) && check_places(ld, key, c, &places);
	}
	if (!good)
		return false;
	sort_by_name(list, count, sizeof(*list));
	*(struct items *)slot = (struct items){ list, count };
	return true;
}

const struct field_type agent_components_type = {
	read_components, SHAPE_NAMED, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[^/]{1,128})?$"
};

/* ---- the whole file ---- */

static void agent_load_read_agent(struct loader *ld, const struct node *root,
				  struct agent_config *out)
{
	struct agent_form form;

	if (root->kind != NODE_MAPPING) {
		config_error(ld, root, "an agent's configuration is a mapping, not %s",
			     node_kind_words(root));
		return;
	}
	if (!record_read(ld, &agent_record, root, &form))
		return;
	*out = (struct agent_config){
		.path = ld->fleet.path,
		.directory = ld->fleet.directory,
		.listen = form.listen,
		.certificate = form.tls.certificate,
		.key = form.tls.key,
		.client_ca = form.tls.client_ca,
		.clients = form.tls.clients.list,
		.client_count = form.tls.clients.count,
		.allow_file = form.tls.allow_file,
		.user = form.user,
		.state = form.state ? form.state : default_state,
		.shares_state = !form.state,
		.components = form.components.list,
		.component_count = form.components.count,
	};
	/* the address was checked when it was read */
	(void)host_port_parse(&ld->fleet.arena, form.listen, &out->host, &out->port);
}

bool load_agent(const char *path, subject_fn *subject, struct agent_config *out,
		struct diags *diags, struct err *e)
{
	AUTO(loader)
	ld = { .dirfd = -1, .trusted = true, .diags = diags, .subject = subject };
	size_t before = diags->errors;
	const struct node *root = NULL;

	if (!source_read_main(&ld, path, e))
		return err_in(e, "cannot read the agent's configuration");
	if (yaml_parse(&ld, 0, &root))
		agent_load_read_agent(&ld, root, out);

	size_t mistakes = diags->errors - before;

	/* in any case: the diagnostics quote text in the arena */
	out->arena = TAKE(ld.fleet.arena);
	return !mistakes || err_set(e, ERR_INPUT, "'%s' is invalid: %zu mistake%s", path, mistakes,
				    mistakes == 1 ? "" : "s");
}
