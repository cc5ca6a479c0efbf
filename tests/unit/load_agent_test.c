/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"
#include "test.h"

#include "base/fs.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

/* Stands in for pki/. */
static bool simple_subject(const char *text, struct arena *a, const char **canonical,
			   const char **cn, struct err *e)
{
	if (!strchr(text, '='))
		return err_set(e, ERR_INPUT, "no '='");
	*canonical = arena_strdup(a, text);
	*cn = NULL;
	return true;
}

#define SPKI "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEAD                                                                 \
	"certfleet-agent: 1\n"                                               \
	"listen: 0.0.0.0:7443\n"                                             \
	"tls: {certificate: agent.pem, key: agent.key, client_ca: ops.pem, " \
	"allow: [\"spki:" SPKI "\", \"CN=ops, O=Shop\"]}\n"

static bool load(const char *text, struct agent_config *c, char *said)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	bool good = false;

	assert_true(fs_replace(path, text, strlen(text), FS_PUBLIC, &e));
	good = load_agent(path, simple_subject, c, &diags, &e);
	diag_render(&diags, &out);
	snprintf(said, 1024, "%s", buf_text(&out));
	assert_int_equal(e.code, good ? ERR_NONE : ERR_INPUT);
	return good;
}

TEST(a_whole_configuration_is_read)
{
	AUTO(agent_config) c = { 0 };
	char said[1024];
	const struct agent_component *edge = NULL;

	assert_true(load(HEAD "user: nobody\n"
			      "components:\n"
			      "  web: {install: {directory: tls/web}}\n"
			      "  edge/e1.example.com:\n"
			      "    version: {command: [nginx, -v]}\n"
			      "    install: {certificate: a.crt, key: a.key}\n"
			      "    activate: {signal: HUP, pidfile: /run/nginx.pid}\n"
			      "    check: {tls: \"127.0.0.1:443\"}\n",
			 &c, said));
	assert_string_equal(c.host, "0.0.0.0");
	assert_int_equal(c.port, 7443);
	assert_string_equal(c.user, "nobody");
	assert_string_equal(c.state, "/var/lib/certfleet-agent");
	assert_int_equal(c.client_count, 2);
	assert_string_equal(c.clients[0].spki, SPKI);
	assert_string_equal(c.clients[1].name, "CN=ops, O=Shop");
	assert_int_equal(c.component_count, 2);
	edge = agent_component(&c, "edge/e1.example.com");
	assert_non_null(edge);
	assert_int_equal(edge->version.kind, VERSION_COMMAND);
	assert_string_equal(edge->version.argv[1], "-v");
	assert_int_equal(edge->activate.kind, ACTIVATE_SIGNAL);
	assert_int_equal(edge->check[0].port, 443);
	assert_null(agent_component(&c, "edge"));
}

static void refused(const char *text, const char *why)
{
	AUTO(agent_config) c = { 0 };
	char said[1024];

	assert_false(load(text, &c, said));
	if (!strstr(said, why))
		fail_msg("no '%s' in: %s", why, said);
}

TEST(every_mistake_has_its_words)
{
#define ONE HEAD "components: {web: {install: {directory: /tls}}}\n"
	refused("certfleet-agent: 1\n", "missing key 'tls'");
	refused("certfleet-agent: 2\n", "'certfleet-agent' must be 1");
	refused(HEAD "components: {}\n", "takes 1 to 10000 entries, not 0");
	refused(HEAD "components: {\"a/b/c\": {install: {directory: /t}}}\n",
		"'a/b/c' is not the name of a component");
	refused(HEAD "components: {web: {}}\n", "missing key 'install'");
	refused(HEAD "components:\n  a: {install: {directory: /t}}\n"
		     "  b: {install: {directory: /t}}\n",
		"'b' writes '/t', and so does 'a'");
	refused(ONE "usr: x\n", "unknown key 'usr', did you mean 'user'?");
	refused("certfleet-agent: 1\nlisten: 1:2:3\n", "'listen' must be");
	refused("certfleet-agent: 1\ntls: {allow: [\"spki:12\"]}\n", "64 digits of 0-9 a-f");
	refused("certfleet-agent: 1\ntls: {allow: [ops]}\n",
		"'allow' takes \"spki:SHA-256\" or a complete name");
	refused("certfleet-agent: 1\ntls: {allow: []}\n", "takes 1 to 64 items, not 0");
	refused(HEAD "components: {w: {install: {directory: /t}, version: {command: [a/b]}}}\n",
		"a command begins with an absolute path or a bare name");
	refused("- a\n", "an agent's configuration is a mapping");
}

TEST(who_may_call_can_be_in_a_file)
{
#define TLS                                               \
	"certfleet-agent: 1\nlisten: 127.0.0.1:1\n"       \
	"components: {web: {install: {directory: /t}}}\n" \
	"tls: {certificate: a, key: b, client_ca: c, "
	AUTO(agent_config) c = { 0 };
	char said[1024];

	assert_true(load(TLS "allow_file: /etc/allow}\n", &c, said));
	assert_string_equal(c.allow_file, "/etc/allow");
	assert_int_equal(c.client_count, 0);
	refused(TLS "}\n", "missing key 'allow', or 'allow_file'");
	refused(TLS "allow: [CN=ops], allow_file: x}\n",
		"'allow_file' and 'allow' exclude each other");
}

TEST(a_file_that_is_not_there_is_missing)
{
	AUTO(agent_config) c = { 0 };
	AUTO(diags) diags = { 0 };
	struct err e = { 0 };

	assert_false(load_agent("/nonexistent/agent.yaml", simple_subject, &c, &diags, &e));
	assert_int_equal(e.code, ERR_MISSING);
}

static int name_file(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/load-agent-%d.yaml", (int)getpid());
	return 0;
}

static int drop_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

TEST_GROUP(name_file, drop_file)
