/* SPDX-License-Identifier: Apache-2.0 */
/* The starter fleet file: what is written is read back as it was said. */
#include "config/starter.h"

#include "test.h"

#include "config/load.h"

#include <string.h>

/* Stands in for pki/. */
static bool any_subject(const char *text, struct arena *a, const char **canonical, const char **cn,
			struct err *e)
{
	const char *found = strstr(text, "CN=");

	(void)e;
	*canonical = arena_strdup(a, text);
	*cn = found ? arena_strndup(a, found + 3, strcspn(found + 3, ",")) : NULL;
	return true;
}

struct page {
	struct arena a;
	struct starter starter;
	struct buf text;
	struct fleet fleet;
};

static void page_release(struct page *p)
{
	fleet_release(&p->fleet);
	buf_release(&p->text);
	arena_release(&p->a);
}
AUTO_STRUCT(page, struct page, page_release)

static void page_init(struct page *p)
{
	p->starter = (struct starter){ .schema = "fleet.schema.json",
				       .fleet = "shop",
				       .passphrase = "secrets/backup.pass" };
}

static void add_certificate(struct page *p, struct starter_certificate c)
{
	VEC_PUSH(&p->starter.certificates, &p->a, c);
}

static void add_component(struct page *p, struct starter_component c)
{
	VEC_PUSH(&p->starter.components, &p->a, c);
}

/* Reads what is rendered as a fleet file. */
static void page_read(struct page *p, bool whole)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) why = { 0 };
	struct err e = { 0 };

	p->text.len = 0;
	starter_render(&p->starter, whole, &p->text);
	fleet_release(&p->fleet);
	p->fleet = (struct fleet){ 0 };
	if (load_fleet_text("certfleet.yaml", &p->text, any_subject, &p->fleet, &diags, &e))
		return;
	diag_render(&diags, &why);
	fail_msg("%s\n%s\n%s", e.text, buf_text(&why), buf_text(&p->text));
}

static bool says(const struct page *p, const char *words)
{
	return strstr(buf_text(&p->text), words) != NULL;
}

static const struct starter_certificate site = { .name = "site", .subject = "CN=site.example" };

static struct starter_component front(const struct starter_key *activate, size_t count)
{
	static const char *const directory[] = { "tls/front" };
	static const struct starter_key deliver = { "directory", directory, 1, false };

	return (struct starter_component){ .name = "front",
					   .certificate = "site",
					   .driver = "files",
					   .deliver = &deliver,
					   .deliver_count = 1,
					   .activate = activate,
					   .activate_count = count };
}

TEST(every_text_is_read_back_as_it_was_given)
{
	static const char *const words[] = { "sh",      "-c",
					     "a: b #c", "yes",
					     "NULL",    "1.20",
					     "0640",    "~",
					     " edge ",  "'\"\\",
					     "${each}", "$${x}",
					     "$HOME",   "[a, b]",
					     "{a: b}",  "*alias",
					     "&anchor", "!tag",
					     "%x",      "@x",
					     "`x`",     "- x",
					     "? x",     "| x",
					     "> x",     "\xc3\xa4 \xe2\x82\xac",
					     "a=b",     "--" };
	size_t count = sizeof(words) / sizeof(*words);
	const struct starter_key command = { "command", words, count, true };
	AUTO(page) p = { 0 };

	page_init(&p);
	add_certificate(&p, site);
	add_component(&p, front(&command, 1));
	page_read(&p, false);
	assert_int_equal(p.fleet.component_count, 1);

	const char *const *argv = p.fleet.components[0].activate.argv;

	for (size_t i = 0; i < count; i++)
		assert_string_equal(argv[i], words[i]);
	assert_null(argv[count]);
}

TEST(names_and_subjects_that_need_quotes_are_read_back)
{
	static const char *const names[] = { "site.example", "*.site.example", "10.0.0.5" };
	AUTO(page) p = { 0 };

	page_init(&p);
	p.starter.issuer = "no";
	p.starter.validity = "30d";
	add_certificate(&p, (struct starter_certificate){ .name = "yes",
							  .subject = "CN=a, O=\"B: #1\"",
							  .names = names,
							  .name_count = 3 });
	page_read(&p, false);
	assert_string_equal(p.fleet.certificates[0].name, "yes");
	assert_string_equal(p.fleet.certificates[0].subject, "CN=a, O=\"B: #1\"");
	assert_int_equal(p.fleet.certificates[0].name_count, 3);
	assert_string_equal(p.fleet.certificates[0].issuer->name, "no");
	assert_int_equal(p.fleet.certificates[0].validity, 30 * 24 * 3600);
}

TEST(where_a_file_was_found_ends_no_comment)
{
	AUTO(page) p = { 0 };

	page_init(&p);
	add_certificate(&p, (struct starter_certificate){
				    .name = "site",
				    .subject = "CN=site.example",
				    .found = "a\nissuers: {evil: {subject: CN=evil}}" });
	page_read(&p, false);
	assert_int_equal(p.fleet.issuer_count, 0);
	assert_true(says(&p, "# a\\x0aissuers: {evil"));
}

TEST(what_has_no_place_yet_is_commented_out_and_is_there_as_a_whole)
{
	AUTO(page) p = { 0 };
	struct starter_certificate pending = site;
	struct starter_component nowhere = front(NULL, 0);

	page_init(&p);
	p.starter.issuer = "shop-ca";
	pending.pending = true;
	nowhere.driver = NULL;
	nowhere.port = "127.0.0.1:443";
	add_certificate(&p, pending);
	add_component(&p, nowhere);
	page_read(&p, false);
	assert_int_equal(p.fleet.issuer_count, 0);
	assert_int_equal(p.fleet.certificate_count, 0);
	assert_int_equal(p.fleet.component_count, 0);
	assert_true(says(&p, "#     deliver: {files: {certificate: /FILL/IN/fullchain.pem"));
	page_read(&p, true);
	assert_int_equal(p.fleet.issuer_count, 1);
	assert_int_equal(p.fleet.certificate_count, 1);
	assert_int_equal(p.fleet.component_count, 1);
	assert_int_equal(p.fleet.components[0].verify_count, 1);
	assert_false(says(&p, "Fill in 'deliver'"));
}

TEST(an_import_is_written_with_its_files_password_and_trust)
{
	static const char *const files[] = { "a b.pem", "key.pem" };
	AUTO(page) p = { 0 };

	page_init(&p);
	add_certificate(&p, (struct starter_certificate){ .name = "vendor",
							  .subject = "CN=vendor.example",
							  .names = files,
							  .name_count = 1,
							  .form = "pem",
							  .files = files,
							  .file_count = 2,
							  .password = "secrets/vendor.pass",
							  .no_anchor = true });
	page_read(&p, false);
	assert_int_equal(p.fleet.certificates[0].import.kind, IMPORT_PEM);
	assert_non_null(
		strstr(p.fleet.certificates[0].import.password.name, "/secrets/vendor.pass"));
	assert_true(says(&p, "trust: none   # its chain ends before its root"));
	assert_true(says(&p, "    #   subject: \"CN=vendor.example\"\n"));
}

TEST(who_certfleet_is_to_hosts_is_written_for_drivers_that_ask)
{
	static const char *const url[] = { "sftp://a@b.example" };
	static const char *const directory[] = { "/etc/tls" };
	const struct starter_key sftp[] = { { "url", url, 1, false },
					    { "directory", directory, 1, false } };
	AUTO(page) p = { 0 };
	struct starter_component over_ssh = front(NULL, 0);
	struct starter_component by_agent = front(NULL, 0);

	page_init(&p);
	add_certificate(&p, site);
	page_read(&p, false);
	assert_false(says(&p, "\naccess:\n"));
	over_ssh.driver = "sftp";
	over_ssh.deliver = sftp;
	over_ssh.deliver_count = 2;
	add_component(&p, over_ssh);
	page_read(&p, false);
	assert_non_null(strstr(p.fleet.access.ssh.known_hosts, "/known_hosts"));
	assert_null(p.fleet.access.agent.certificate);
	by_agent.name = "edge";
	by_agent.driver = "agent";
	by_agent.deliver_count = 0;
	by_agent.place = "https://edge.example:7443";
	add_component(&p, by_agent);
	page_read(&p, false);
	assert_non_null(strstr(p.fleet.access.agent.certificate, "/operator.pem"));
}

TEST(without_components_an_example_is_commented_out_and_restarts_are_as_said)
{
	AUTO(page) p = { 0 };

	page_init(&p);
	add_certificate(&p, site);
	page_read(&p, false);
	assert_int_equal(p.fleet.component_count, 0);
	assert_true(says(&p, "# components:\n"));
	assert_true(says(&p, "#     deliver: {files: {directory: /etc/tls/web1}}"));
	assert_int_equal(fleet_role(&p.fleet, "servers")->restart.when, RESTART_IMMEDIATE);
	p.starter.postponed = true;
	page_read(&p, false);
	assert_int_equal(fleet_role(&p.fleet, "servers")->restart.when, RESTART_POSTPONED);
}
