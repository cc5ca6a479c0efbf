/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the network half of an agent sends to the half that installs: frames
 * on a channel, questions in them, and in those requests with an order.  An
 * input that begins with "order" is the fields of one, a line each, which is
 * signed here by an operator and carried out in a folder of this process.
 */
#include "harness.h"

#include "agent/install_half.h"
#include "agent/ipc.h"
#include "agent/signer_cache.h"
#include "base/fs.h"
#include "base/text.h"
#include "pki/pair.h"
#include "pki/signature.h"
#include "wire/order.h"
#include "wire/request.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OWN_KEY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* ---- the agent ---- */

static struct agent_config config;
static struct agent_component components[2];
static struct signer_cache *signers;
static struct signing_key *signing;
static struct buf authority;

static const char *at_folder(const char *name)
{
	return arena_printf(&config.arena, "%s/%s", fuzz_folder(), name);
}

static void open_agent(void)
{
	static struct allowed_client caller = { .name = "CN=shop.example.com" };
	struct err e = { 0 };

	if (signers)
		return;
	components[0] = (struct agent_component){ .name = "edge/e1",
						  .install = { .directory = at_folder("site") } };
	components[1] =
		(struct agent_component){ .name = "web",
					  .version = { .kind = VERSION_TEXT, .text = "1.2" },
					  .install = { .certificate = at_folder("web.pem"),
						       .key = at_folder("web.key") } };
	config.directory = fuzz_folder();
	config.path = at_folder("agent.yaml");
	config.certificate = at_folder("agent.pem");
	config.key = at_folder("agent.key");
	config.client_ca = at_folder("ca.pem");
	config.state = at_folder("state");
	config.clients = &caller;
	config.client_count = 1;
	config.components = components;
	config.component_count = 2;
	HOLDS(fs_make_private_dir(config.state, &e));
	pem_add_certs(&authority, fuzz_authority()->set.certs, 1);
	fuzz_file("ca.pem", authority.data, authority.len);
	signers = signer_cache_new(&config, &authority);
	HOLDS(signing_key_open(&fuzz_pair()->key, &signing, &e));
}

static void ask(struct message *m)
{
	AUTO(half_request)
	q = { .config = &config, .signers = signers, .spki = OWN_KEY };
	AUTO(response) answer = { 0 };
	struct err e = { 0 };

	if (!half_request_read(m, &q, &e)) {
		HOLDS(e.code != ERR_NONE);
		return;
	}
	half_request_serve(&q, &answer);
	HOLDS(answer.status >= 200 && answer.status < 600 && answer.body.len);
}

/* ---- frames ---- */

static void take_frames(const uint8_t *bytes, size_t len)
{
	AUTO(ipc) channel = NO_CHANNEL;
	bool whole = true;
	int ends[2];
	struct err e = { 0 };

	HOLDS(ipc_pair(ends, &e));
	HOLDS(write(ends[1], bytes, len) == (ssize_t)len);
	close(ends[1]);
	channel = ipc_of(ends[0]);
	while (whole) {
		AUTO(message) m = { 0 };

		if (!ipc_take(&channel, &m, &whole, &e))
			break;
		if (whole)
			ask(&m);
	}
}

/* ---- orders ---- */

static const char *line(struct feed *f, struct arena *a)
{
	const uint8_t *end = f->left ? memchr(f->at, '\n', f->left) : NULL;
	size_t len = end ? (size_t)(end - f->at) : f->left;
	const char *text = arena_strndup(a, (const char *)f->at, len);

	f->at += len + !!end;
	f->left -= len + !!end;
	return text_is_utf8(text, strlen(text)) ? text : "?";
}

static const char *hash_of(const char *text)
{
	if (!strcmp(text, "ours"))
		return fuzz_pair()->facts.fingerprint;
	return strcmp(text, "none") ? text : NULL;
}

static bool has(const char *flags, char flag)
{
	return strchr(flags, flag) != NULL;
}

/* The route of the question need not be that of the order. */
static void ask_signed(const struct order *o, unsigned route, bool with_pair)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) body = { 0 };
	AUTO(message) m = { .kind = MESSAGE_REQUEST, .number = 1 };
	const struct pair *p = fuzz_pair();
	const char *text = order_text(o, &a);
	const char *whole = arena_printf(&a, "%s%s", ORDER_PURPOSE, text);
	struct order_request r = { .order = text,
				   .order_len = strlen(text),
				   .signer = p->set.certs,
				   .signer_count = p->set.count,
				   .has_pair = with_pair,
				   .set = p->set };
	struct err e = { 0 };
	struct fields f;
	size_t name_len = strlen(o->component);

	HOLDS(signing_key_sign(signing, (struct der){ (const unsigned char *)whole, strlen(whole) },
			       &a, &r.signature, &e));
	order_request_write(&r, &p->key, &body);
	f = fields_begin(&m.body, 16 + name_len + body.len);
	fields_put_number(&f, route);
	fields_put_number(&f, name_len);
	fields_put(&f, o->component, name_len);
	fields_put(&f, body.bytes, body.len);
	ask(&m);
}

static void carry_out(struct feed *f)
{
	AUTO(arena) a = { 0 };
	const char *flags = line(f, &a);
	struct order o = { .component = line(f, &a) };

	o.lineage = line(f, &a);
	o.sequence = atoll(line(f, &a));
	o.fingerprint = hash_of(line(f, &a));
	o.replaces = hash_of(line(f, &a));
	o.expires = (int64_t)FUZZ_NOW + atoi(line(f, &a));
	o.action = *flags ? (unsigned)(*flags - '0') % ORDER_ACTION_COUNT : 0;
	o.agent = has(flags, 'x') ? "other" : OWN_KEY;
	o.adopt = has(flags, 'a');
	o.rollback = has(flags, 'r');
	o.self = has(flags, 's');
	if (!o.fingerprint)
		o.fingerprint = "";
	if (o.action == ORDER_STAGE)
		o.pair = pair_digest(&fuzz_pair()->set, &fuzz_pair()->key, &a);
	ask_signed(&o, has(flags, 'w') ? ROUTE_COMMIT : route_of(o.action),
		   o.action == ORDER_STAGE || has(flags, 'p'));
}

static int forget(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	if (at->level && strcmp(path, config.client_ca) && strcmp(path, config.state))
		remove(path);
	return 0;
}

/* Nothing is there when an input begins. */
static void forget_all(void)
{
	HOLDS(!nftw(fuzz_folder(), forget, 16, FTW_DEPTH | FTW_PHYS));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	static const char mark[] = "order";
	struct feed f = { bytes, len };

	open_agent();
	if (len < 6 || memcmp(bytes, mark, 5)) {
		take_frames(bytes, len);
		return;
	}
	forget_all();
	for (int i = 0; i < 6 && f.left > 5 && !memcmp(f.at, mark, 5); i++) {
		f.at += 5;
		f.left -= 5;
		carry_out(&f);
	}
}

/* ---- seeds ---- */

static void seed_frame(unsigned route, const char *name, const char *body)
{
	AUTO(secret) fields = { 0 };
	AUTO(buf) out = { 0 };
	struct fields f = fields_begin(&fields, 16 + strlen(name) + strlen(body));
	struct ipc_header head = { MESSAGE_REQUEST, 1, 0 };

	fields_put_number(&f, route);
	fields_put_number(&f, strlen(name));
	fields_put(&f, name, strlen(name));
	fields_put(&f, body, strlen(body));
	head.len = (uint32_t)fields.len;
	buf_add(&out, &head, sizeof(head));
	buf_add(&out, fields.bytes, fields.len);
	seed(out.data, out.len);
}

#define STAGE "order0\nedge/e1\n5f2c\n1\nours\nnone\n100\n"
#define COMMIT "order1\nedge/e1\n5f2c\n1\nours\n\n100\n"

void fuzz_seeds(void)
{
	seed_frame(ROUTE_COMPONENTS, "", "");
	seed_frame(ROUTE_COMPONENT, "web", "");
	seed_frame(ROUTE_COMMIT, "web", "{\"order\":\"\"}");
	seed_frame(ROUTE_STAGE, "nobody", "");
	seed_text(STAGE);
	seed_text(STAGE COMMIT);
	seed_text(STAGE "order2\nedge/e1\n5f2c\n1\nours\n\n100\n");
	seed_text(STAGE COMMIT "order3\nedge/e1\n5f2c\n1\nours\nours\n100\n"
			       "order4r\nedge/e1\n5f2c\n2\n\nours\n100\n");
	seed_text("order0\nweb\n5f2c\n3\nours\n\n100\n"
		  "order1\nweb\n5f2c\n3\nours\n\n100\n"
		  "order1a\nweb\nbeef\n9\nours\nours\n100\n");
	seed_text("order1x\nweb\n5f2c\n3\nours\n\n100\n");
	seed_text("order1\nweb\n5f2c\n3\nours\n\n-100\n");
}
