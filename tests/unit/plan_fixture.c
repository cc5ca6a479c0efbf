/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_fixture.h"

void world_release(struct world *w)
{
	arena_release(&w->a);
}

const char *world_fingerprint(struct arena *a, const char *label)
{
	uint64_t hash = 14695981039346656037u;

	for (const char *c = label; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	return arena_printf(a, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, hash,
			    hash ^ 0x5555, hash ^ 0xaaaa, ~hash);
}

MUST_CHECK bool world_plan(struct world *w, struct plan *p, struct err *e)
{
	const struct plan_input in = {
		.fleet = &w->fleet,
		.snapshot = &w->snapshot,
		.at = WORLD_NOW,
		.spec_digest = world_fingerprint(&w->a, "spec"),
		.choices = w->choices,
	};

	return plan_make(&in, p, e);
}

char *world_json(const struct plan *p)
{
	json_t *json = plan_to_json(p);
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

void world_init(struct world *w, size_t count)
{
	struct arena *a = &w->a;

	w->issuers = arena_array(a, 1, sizeof(*w->issuers));
	w->issuers[0] = (struct issuer){ .name = "ca",
					 .kind = ISSUER_MANAGED,
					 .subject = "CN=ca",
					 .validity = 3650 * (int64_t)DAY,
					 .key = KEY_ECDSA_P384 };
	w->names[0] = (struct san){ NAME_DNS, "web" };
	w->certificates = arena_array(a, 1, sizeof(*w->certificates));
	w->certificates[0] = (struct certificate){ .name = "web",
						   .subject = "CN=web",
						   .issuer = w->issuers,
						   .validity = 90 * DAY,
						   .purpose = PURPOSE_SERVER,
						   .names = w->names,
						   .name_count = 1 };
	w->roles = arena_array(a, 1, sizeof(*w->roles));
	w->roles[0] = (struct role){ .name = "", .restart = { .max_unavailable = 1 } };
	w->components = arena_array(a, count, sizeof(*w->components));
	w->seen = arena_array(a, count, sizeof(*w->seen));
	for (size_t i = 0; i < count; i++) {
		const char *name = arena_printf(a, "c%05zu", i);
		struct verify *verify = ARENA_NEW(a, struct verify);

		*verify = (struct verify){ .address = "h:443", .host = "h", .server_name = "web" };
		w->components[i] = (struct component){
			.name = name,
			.role = w->roles,
			.certificate = w->certificates,
			.process = name,
			.deliver.files.directory = arena_printf(a, "/tls/%s", name),
			.activate = { .kind = ACTIVATE_SIGNAL,
				      .signal = SIGHUP,
				      .pidfile = "/run/web.pid" },
			.verify = verify,
			.verify_count = 1,
		};
		w->seen[i] = (struct component_seen){
			.name = name, .now.online = true, .now.installed = "", .now.served = ""
		};
	}
	w->fleet = (struct fleet){
		.name = "test",
		.directory = "/",
		.state.path = "/state",
		.backup.directory = "/backups",
		.issuers = w->issuers,
		.issuer_count = 1,
		.certificates = w->certificates,
		.certificate_count = 1,
		.roles = w->roles,
		.role_count = 1,
		.components = w->components,
		.component_count = count,
	};
	w->snapshot =
		(struct snapshot){ .lineage = "", .components = w->seen, .component_count = count };
}
