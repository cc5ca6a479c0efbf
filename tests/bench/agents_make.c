/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agents_make DIR COUNT PORT: a fleet of agents, each on a loopback address
 * of its own with a pair of its own: their configurations in DIR/NUMBER/, the
 * operator's identity, the fleet file, and the URLs for the bare loop.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "pki/issue.h"
#include "pki/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_up(const struct err *e)
{
	fprintf(stderr, "agents_make: %s\n", e->text);
	exit(1);
}

static void write_text(const char *path, const char *text, size_t len)
{
	struct err e = { 0 };

	if (!fs_replace(path, text, len, FS_PRIVATE, &e))
		give_up(&e);
}

static void write_pair(const char *base, const struct pair *p)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) certs = { 0 };
	AUTO(secret) key = { 0 };

	pem_add_certs(&certs, p->set.certs, p->set.count);
	pem_add_key(&key, &p->key);
	write_text(arena_printf(&a, "%s.pem", base), buf_text(&certs), certs.len);
	write_text(arena_printf(&a, "%s.key", base), (char *)key.bytes, key.len);
}

static struct authority *make_authority(const char *base, struct pair *p)
{
	const struct issuer issuer = { .subject = "CN=bench", .validity = 1000000 };
	AUTO(secret) key = { 0 };
	struct authority *made = NULL;
	struct err e = { 0 };

	if (!key_generate(KEY_ECDSA_P256, &key, &e) ||
	    !issue_authority(&issuer, &key, clock_now(), p, &e) ||
	    !authority_open(&key, &p->set, &made, &e))
		give_up(&e);
	write_pair(base, p);
	return made;
}

static void make_leaf(const char *base, const struct authority *by, const struct certificate *c,
		      char *spki)
{
	AUTO(secret) key = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	if (!key_generate(KEY_ECDSA_P256, &key, &e) ||
	    !issue_leaf(c, &key, by, clock_now(), &p, &e))
		give_up(&e);
	write_pair(base, &p);
	if (spki)
		strcpy(spki, p.facts.spki);
}

static const char *address_of(struct arena *a, int i)
{
	return arena_printf(a, "127.1.%d.%d", i / 250, i % 250 + 1);
}

static void make_agent(const struct authority *by, int i, const char *port, const char *spki)
{
	AUTO(arena) a = { 0 };
	const struct san name = { NAME_IP, address_of(&a, i) };
	const struct certificate c = { .subject = "CN=agent",
				       .validity = 1000000,
				       .names = &name,
				       .name_count = 1,
				       .purpose = PURPOSE_SERVER };
	const char *base = arena_printf(&a, "%04d", i);
	AUTO(buf) text = { 0 };

	mkdir(base, 0700);
	make_leaf(arena_printf(&a, "%s/agent", base), by, &c, NULL);
	buf_printf(
		&text,
		"certfleet-agent: 1\nlisten: %s:%s\n"
		"tls: {certificate: agent.pem, key: agent.key, client_ca: ../operators.pem, allow: [\"spki:%s\"]}\n"
		"state: state\ncomponents:\n"
		"  c: {install: {directory: tls}}\n",
		name.value, port, spki);
	write_text(arena_printf(&a, "%s/agent.yaml", base), buf_text(&text), text.len);
}

static void write_fleet(int count, const char *port)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) fleet = { 0 };
	AUTO(buf) urls = { 0 };

	buf_puts(&fleet, "certfleet: 1\nfleet: bench\n"
			 "state: {path: .certfleet, unsealed: true}\n"
			 "backup: {directory: backups, unencrypted: true}\n"
			 "access: {agent: {certificate: ops.pem, key: ops.key, ca: agents.pem}}\n"
			 "certificates:\n"
			 "  site: {subject: \"CN=site.example\", issuer: self}\n"
			 "roles: {r: {restart: {max_unavailable: 1000}}}\n"
			 "components:\n");
	for (int i = 0; i < count; i++) {
		buf_printf(
			&fleet,
			"  a%04d: {role: r, certificate: site, deliver: {agent: {url: \"https://%s:%s\", component: c}}}\n",
			i, address_of(&a, i), port);
		buf_printf(&urls, "https://%s:%s/v1/component/c\n", address_of(&a, i), port);
	}
	write_text("certfleet.yaml", buf_text(&fleet), fleet.len);
	write_text("urls", buf_text(&urls), urls.len);
}

int main(int argc, char **argv)
{
	const struct certificate ops = { .subject = "CN=ops",
					 .validity = 1000000,
					 .purpose = PURPOSE_CLIENT };
	AUTO(pair) operators = { 0 };
	AUTO(pair) agents = { 0 };
	char spki[65];

	if (argc != 4 || chdir(argv[1]))
		return 64;

	AUTO(authority) by_operators = make_authority("operators", &operators);
	AUTO(authority) by_agents = make_authority("agents", &agents);

	make_leaf("ops", by_operators, &ops, spki);
	for (int i = 0; i < atoi(argv[2]); i++)
		make_agent(by_agents, i, argv[3], spki);
	write_fleet(atoi(argv[2]), argv[3]);
	return 0;
}
