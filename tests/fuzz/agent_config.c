/* SPDX-License-Identifier: Apache-2.0 */
/* agent.yaml, and the list of whom an agent obeys. */
#include "harness.h"

#include "agent/trust_grant.h"
#include "config/load.h"
#include "pki/issue.h"

static void read_allowed(struct agent_config *c, const char *text, size_t len)
{
	struct err e = { 0 };

	c->allow_file = fuzz_file("operators.allow", text, len);
	c->clients = NULL;
	c->client_count = 0;
	TRY(trust_grant_read(c, &e));
}

/* The configuration, a line "---", and the list. */
void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	AUTO(arena) a = { 0 };
	AUTO(agent_config) config = { 0 };
	AUTO(diags) diags = { 0 };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	size_t size = 0;
	const char *text = feed_part(&f, &a, &size);
	const char *path = fuzz_file("agent.yaml", text, size);
	bool good = load_agent(path, subject_canonical, &config, &diags, &e);

	HOLDS(good == (e.code == ERR_NONE));
	diag_render(&diags, &out);
	text = feed_part(&f, &a, &size);
	if (good)
		read_allowed(&config, text, size);
}

void fuzz_seeds(void)
{
	seed_files("examples/agent", ".yaml");
	seed_text(
		"certfleet-agent: 1\n"
		"listen: 0.0.0.0:7443\n"
		"tls: {certificate: agent.pem, key: agent.key, client_ca: ca.pem, allow_file: operators.allow}\n"
		"user: nobody\n"
		"components:\n"
		"  web:\n"
		"    version: {command: [nginx, -v]}\n"
		"    install: {directory: /etc/nginx/tls/site}\n"
		"    activate: {signal: HUP, pidfile: /run/nginx.pid}\n"
		"    check: {tls: \"127.0.0.1:443\", starttls: smtp}\n"
		"  own: {install: {certificate: agent.pem, key: agent.key}}\n"
		"---\n"
		"# who\n"
		"spki:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"CN=ops,O=Example\n");
	seed_text(
		"certfleet-agent: 1\n"
		"listen: \"[::1]:7443\"\n"
		"tls: {certificate: a.pem, key: a.key, client_ca: ca.pem, allow: [\"CN=ops\"]}\n"
		"state: /var/lib/certfleet-agent\n"
		"components:\n"
		"  web: {version: {file: /etc/v}, install: {certificate: /a, key: /b, owner: mail, mode: 640}, activate: {command: [systemctl, reload, web], timeout: 2m}}\n");
	seed_many("certfleet-agent: 1\ncomponents:\n", "  a: {}\n", "");
	seed_many(
		"certfleet-agent: 1\nlisten: 0.0.0.0:1\ntls: {certificate: a, key: b, client_ca: c, allow_file: d}\ncomponents: {a: {install: {directory: /a}}}\n---\n",
		"CN=a\n", "");
}
