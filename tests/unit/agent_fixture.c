/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"

#include "pki_fixture.h"

struct signatory signatories[WHO_COUNT];
struct pair operators;
struct pair own_pair;
struct pair next_pair;
struct buf authority_pem;
struct agent_config config;
struct signer_cache *signers;

void make_operator(const struct pair *ca, const struct operator_kind *o, struct pair *out)
{
	const struct san name = { NAME_DNS, "ops.example.com" };
	const struct certificate c = { .name = "ops",
				       .subject = o->subject,
				       .validity = DAY,
				       .names = &name,
				       .name_count = 1,
				       .purpose = o->purpose,
				       .key = KEY_ECDSA_P256 };

	make_leaf(&c, ca, time(NULL) - o->age, out);
}

int make_signatories(void **state)
{
	static const struct operator_kind kinds[WHO_COUNT] = {
		[OPS] = { "CN=ops,O=Example", PURPOSE_CLIENT, 0 },
		[NAMED] = { "CN=named,O=Example", PURPOSE_CLIENT, 0 },
		[STRANGER] = { "CN=ops,O=Example", PURPOSE_CLIENT, 0 },
		[SERVER] = { "CN=host,O=Example", PURPOSE_SERVER, 0 },
		[FORMER] = { "CN=former", PURPOSE_CLIENT, 30 * DAY },
		[LEAVING] = { "CN=leaving", PURPOSE_CLIENT, DAY - 300 },
		[UNLISTED] = { "CN=named", PURPOSE_CLIENT, 0 },
	};
	const struct operator_kind host = { "CN=agent", PURPOSE_SERVER, 0 };
	AUTO(pair) strangers = { 0 };
	struct err e = { 0 };

	if (make_pairs(state))
		return -1;
	make_authority("CN=Operators", KEY_ECDSA_P256, time(NULL) - 50 * DAY, &operators);
	make_authority("CN=Operators", KEY_ECDSA_P256, time(NULL) - 50 * DAY, &strangers);
	for (int i = 0; i < WHO_COUNT; i++) {
		make_operator(i == STRANGER ? &strangers : &operators, &kinds[i],
			      &signatories[i].pair);
		must(signing_key_open(&signatories[i].pair.key, &signatories[i].key, &e), &e);
	}
	make_operator(&strangers, &host, &own_pair);
	make_operator(&strangers, &host, &next_pair);
	pem_add_certs(&authority_pem, operators.set.certs, 1);
	return 0;
}

int drop_signatories(void **state)
{
	for (int i = 0; i < WHO_COUNT; i++) {
		signing_key_close(signatories[i].key);
		pair_release(&signatories[i].pair);
	}
	pair_release(&operators);
	pair_release(&own_pair);
	pair_release(&next_pair);
	buf_release(&authority_pem);
	return drop_pairs(state);
}

static void add_callers(void)
{
	static const enum who listed[] = { OPS, STRANGER, SERVER, FORMER, LEAVING };
	const size_t n = sizeof(listed) / sizeof(*listed);
	struct allowed_client *list = arena_array(&test_arena, n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i].spki = signatories[listed[i]].pair.facts.spki;
	list[n].name = "CN=named,O=Example";
	config.clients = list;
	config.client_count = n + 1;
}

struct activate counting(const char *script)
{
	const char **argv = arena_array(&test_arena, 4, sizeof(*argv));

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = arena_printf(&test_arena, "echo $CERTFLEET_FINGERPRINT >>%s/activated; %s", root,
			       script);
	return (struct activate){ .kind = ACTIVATE_COMMAND, .argv = argv, .timeout = 600 };
}

/* Sorted by name. */
static void add_components(void)
{
	struct agent_component *list = arena_array(&test_arena, 4, sizeof(*list));

	list[0] = (struct agent_component){ .name = "breaks",
					    .install = { .directory = at_root("breaks") },
					    .activate = counting("exit 3") };
	list[1] = (struct agent_component){ .name = "edge/e1",
					    .install = directory_form(),
					    .activate = counting("true") };
	list[2] = (struct agent_component){ .name = "self",
					    .install = { .certificate = at_root("agent.pem"),
							 .key = at_root("agent.key") } };
	list[3] = (struct agent_component){
		.name = "slow",
		.install = { .directory = at_root("slow") },
		/* until the test lets it, or is over */
		.activate = counting(arena_printf(
			&test_arena, "while test -d %s && ! test -e %s/go; do sleep 0.02; done",
			root, root)),
	};
	config.components = list;
	config.component_count = 4;
}

int open_agent(void **state)
{
	struct err e = { 0 };

	if (open_root(state))
		return -1;
	config = (struct agent_config){
		.directory = at_root("."),
		.certificate = at_root("agent.pem"),
		.key = at_root("agent.key"),
		.client_ca = at_root("operators.pem"),
		.state = at_root("state"),
	};
	add_callers();
	add_components();
	must(fs_make_private_dir(config.state, &e), &e);
	write_certs(config.certificate, &own_pair);
	write_key(config.key, &own_pair, 0600);
	write_file(config.client_ca, authority_pem.data, authority_pem.len, 0644);
	signers = signer_cache_new(&config, &authority_pem);
	return 0;
}

int close_agent(void **state)
{
	signer_cache_free(signers);
	return close_root(state);
}

const struct agent_component *component(const char *name)
{
	const struct agent_component *c = agent_component(&config, name);

	assert_non_null(c);
	return c;
}

size_t activations(void)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	size_t lines = 0;

	if (!fs_read(at_root("activated"), 1 << 20, &text, &e))
		return 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	return lines;
}

struct order order_to(enum order_action action)
{
	return (struct order){
		.action = action,
		.agent = own_pair.facts.spki,
		.component = "edge/e1",
		.lineage = LINEAGE,
		.sequence = 1,
		.fingerprint = new_pair.facts.fingerprint,
		.pair = action == ORDER_STAGE
				? pair_digest(&new_pair.set, &new_pair.key, &test_arena)
				: NULL,
		.replaces = "",
		.expires = time(NULL) + ORDER_LIFE,
	};
}

void name_pair(struct order *o, const struct pair *p)
{
	o->fingerprint = p->facts.fingerprint;
	if (o->action == ORDER_STAGE)
		o->pair = pair_digest(&p->set, &p->key, &test_arena);
}

/* The text as it is, with the signature of somebody; all in the arena. */
static struct order_request sign_text(enum who who, const char *text)
{
	const struct signatory *by = &signatories[who];
	const char *meant = arena_printf(&test_arena, ORDER_PURPOSE "%s", text);
	struct order_request r = { .order = text,
				   .order_len = strlen(text),
				   .signer = by->pair.set.certs,
				   .signer_count = by->pair.set.count };
	struct err e = { 0 };

	must(signing_key_sign(by->key, (struct der){ (const unsigned char *)meant, strlen(meant) },
			      &test_arena, &r.signature, &e),
	     &e);
	return r;
}

struct order_request sign(enum who who, const struct order *o)
{
	return sign_text(who, order_text(o, &test_arena));
}
