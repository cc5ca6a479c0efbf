/* SPDX-License-Identifier: Apache-2.0 */
#include "appmon/appmon_read.h"
#include "test.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>"
#define LISTED                                                                                 \
	HEAD "<collectors href=\"https://dt:8021/rest/management/collectors\">"                \
	     "<collectorinformation href=\"https://dt:8021/rest/management/collectors/"        \
	     "one%20%2B@h1\"><name>one +</name><host>h1</host><connected>true</connected>"     \
	     "<embedded>false</embedded><version>6.3.4.1034</version><local>false</local>"     \
	     "</collectorinformation>"                                                         \
	     "<collectorinformation><name>two</name><host>h2</host></collectorinformation>"    \
	     "<collectorinformation href=\"x/Embedded%20Collector%40dt\"><name>Embedded Coll"  \
	     "ector</name><host>dt</host><connected>true</connected><embedded>true</embedded>" \
	     "</collectorinformation>"                                                         \
	     "<collectorinformation href=\"x/Dynatrace%20Self-Monitoring@dt\"><name>Dynatrace" \
	     " Self-Monitoring</name><host>dt</host></collectorinformation></collectors>"

static bool reads_bytes(const void *bytes, size_t len, struct arena *a, struct appmon_document *d,
			struct err *e)
{
	*d = (struct appmon_document){ 0 };
	*e = (struct err){ 0 };
	return appmon_read((struct span){ bytes, len }, a, d, e);
}

static bool reads(const char *text, struct arena *a, struct appmon_document *d, struct err *e)
{
	return reads_bytes(text, strlen(text), a, d, e);
}

static void refuses(const char *text, const char *words)
{
	AUTO(arena) a = { 0 };
	struct appmon_document d = { 0 };
	struct err e = { 0 };

	assert_false(reads(text, &a, &d, &e));
	assert_says(&e, words);
}

TEST(a_list_has_what_the_server_tells_of_each_collector)
{
	AUTO(arena) a = { 0 };
	struct appmon_document d = { 0 };
	struct err e = { 0 };

	must(reads(LISTED, &a, &d, &e), &e);
	assert_int_equal(d.form, APPMON_COLLECTORS);
	assert_int_equal(d.collector_count, 3); /* without the self-monitoring */
	assert_string_equal(d.collectors[0].name, "one +");
	assert_string_equal(d.collectors[0].host, "h1");
	assert_string_equal(d.collectors[0].id, "one +@h1");
	assert_string_equal(d.collectors[0].version, "6.3.4.1034");
	assert_true(d.collectors[0].connected);
	assert_false(d.collectors[0].embedded);
	assert_true(d.collectors[2].embedded);
	assert_string_equal(d.collectors[2].id, "Embedded Collector@dt");
}

TEST(every_field_but_name_and_host_may_be_missing)
{
	AUTO(arena) a = { 0 };
	struct appmon_document d = { 0 };
	struct err e = { 0 };

	must(reads(LISTED, &a, &d, &e), &e);
	assert_null(d.collectors[1].version);
	assert_string_equal(d.collectors[1].id, "two@h2");
	assert_true(d.collectors[1].connected); /* the list is of those */
	refuses("<collectors><collectorinformation><name>n</name></collectorinformation></collectors>",
		"no host");
	refuses("<collectors><collectorinformation><host>h</host></collectorinformation></collectors>",
		"no name");
}

TEST(an_href_that_names_no_collector_is_not_used)
{
	static const char *const hrefs[] = {
		"x/%zz@h", "x/%ff@h", "x/", "x/name", "x/%", "%2", ""
	};

	for (size_t i = 0; i < sizeof(hrefs) / sizeof(*hrefs); i++) {
		AUTO(arena) a = { 0 };
		struct appmon_document d = { 0 };
		struct err e = { 0 };
		const char *text = arena_printf(
			&a,
			"<collectors><collectorinformation href=\"%s\"><name>n</name><host>h</host></collectorinformation></collectors>",
			hrefs[i]);

		must(reads(text, &a, &d, &e), &e);
		assert_string_equal(d.collectors[0].id, "n@h");
	}
}

TEST(an_id_is_encoded_but_for_the_last_at)
{
	AUTO(buf) path = { 0 };

	appmon_add_id(&path, "a b+%/\xc3\xa9@home@h:1");
	assert_string_equal(buf_text(&path), "a%20b%2B%25%2F%C3%A9%40home@h%3A1");
}

TEST(agents_are_counted_by_their_collector)
{
	AUTO(arena) a = { 0 };
	struct appmon_document d = { 0 };
	struct err e = { 0 };

	must(reads(HEAD
		   "<agents><agentinformation><name>a</name><collectorName>one</collectorName><collectorinformation><name>one</name><host>h1</host></collectorinformation></agentinformation><agentinformation><name>b</name><connected>true</connected><collectorinformation><name>one</name><host>h1</host></collectorinformation></agentinformation><agentinformation><name>c</name><collectorName>two</collectorName></agentinformation><agentinformation><name>d</name><connected>false</connected><collectorName>two</collectorName></agentinformation></agents>",
		   &a, &d, &e),
	     &e);
	assert_int_equal(d.form, APPMON_AGENTS);
	assert_int_equal(d.agents_count, 2);
	assert_string_equal(d.agents[0].name, "one");
	assert_string_equal(d.agents[0].host, "h1");
	assert_int_equal(d.agents[0].count, 2);
	assert_string_equal(d.agents[1].name, "two");
	assert_null(d.agents[1].host);
	assert_int_equal(d.agents[1].count, 1);
}

TEST(results_and_errors_of_both_generations_are_told_apart)
{
	static const struct {
		const char *body;
		enum appmon_form form;
		bool good;
	} rows[] = {
		{ HEAD "<result value=\"true\"/>", APPMON_RESULT, true },
		{ HEAD "<result value=\"false\"/>", APPMON_RESULT, false },
		{ HEAD "<result value=\"6.3.10.1010\"/>", APPMON_RESULT, false },
		{ " {\"status\": \"success\"}", APPMON_RESULT, true },
		{ "{\"status\": \"fail\"}", APPMON_RESULT, false },
		{ HEAD "<error reason=\"none\"/>", APPMON_ERROR, false },
		{ "{\"code\": 404, \"message\": \"none\"}", APPMON_ERROR, false },
		{ HEAD "<collectors/>", APPMON_COLLECTORS, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(arena) a = { 0 };
		struct appmon_document d = { 0 };
		struct err e = { 0 };

		must(reads(rows[i].body, &a, &d, &e), &e);
		assert_int_equal(d.form, rows[i].form);
		assert_int_equal(appmon_succeeded(&d), rows[i].good);
		if (d.form == APPMON_ERROR)
			assert_string_equal(d.reason, "none");
	}
}

TEST(a_refusal_names_the_permission)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(appmon_permission("Permission denied: Shutdown or Restart; x", &a),
			    "Shutdown or Restart");
	assert_string_equal(
		appmon_permission("Administrative Permission denied: Administrator, x", &a),
		"Administrator");
	assert_null(appmon_permission("Permission denied: ;", &a));
	assert_null(appmon_permission("no", &a));
	assert_null(appmon_permission(NULL, &a));
}

/* ---- hostile ones ---- */

TEST(a_doctype_is_refused_before_its_entities_are_read)
{
	refuses("<!DOCTYPE b [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;\">]><collectors><collectorinformation><name>&d;</name><host>h</host></collectorinformation></collectors>",
		"DOCTYPE");
	refuses("<!DOCTYPE b [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><collectors><collectorinformation><name>&x;</name><host>h</host></collectorinformation></collectors>",
		"DOCTYPE");
	refuses("<!DOCTYPE collectors SYSTEM \"http://127.0.0.1:1/x.dtd\"><collectors/>",
		"DOCTYPE");
	refuses("<collectors><collectorinformation><name>&x;</name></collectorinformation></collectors>",
		"no XML");
}

TEST(what_is_no_answer_of_a_server_is_refused)
{
	refuses("", "empty");
	refuses(" \n", "empty");
	refuses("<surprise/>", "<surprise>");
	refuses("<html><body><p>Please log in<br></body></html>", "no XML");
	refuses("<result/>", "no value");
	refuses("{}", "without");
	refuses("{\"status\": ", "no JSON");
	refuses("[\"status\"]", "no XML");
	refuses("<collectors><collectorinformation><name>\xff\xfe</name></collectorinformation></collectors>",
		"no XML");
	refuses("PK\3\4 and no more", "no intact ZIP");
}

TEST(a_document_cut_anywhere_is_refused)
{
	AUTO(arena) a = { 0 };

	for (size_t len = 0; len < strlen(LISTED); len++) {
		struct appmon_document d = { 0 };
		struct err e = { 0 };
		/* exactly as long, so that reading past it shows */
		AUTO(secret) cut = { 0 };

		secret_copy(&cut, LISTED, len);
		assert_false(appmon_xml_read((struct span){ cut.bytes, len }, &a, &d, &e));
		assert_int_not_equal(e.code, ERR_NONE);
	}
}

/* `before`, then as many of `unit` as are said, then `after`. */
static void repeat(struct buf *out, const char *before, const char *unit, size_t times,
		   const char *after)
{
	buf_puts(out, before);
	for (size_t i = 0; i < times; i++)
		buf_puts(out, unit);
	buf_puts(out, after);
}

TEST(a_document_has_limits)
{
#define ONE "<collectorinformation><name>n</name><host>h</host></collectorinformation>"
	static const struct {
		const char *before, *unit, *after;
		size_t times;
		const char *words; /* NULL: within the limits */
	} rows[] = {
		{ "<collectors>", ONE, "</collectors>", APPMON_COLLECTOR_LIMIT, NULL },
		{ "<collectors>", ONE, "</collectors>", APPMON_COLLECTOR_LIMIT + 1, "collectors" },
		{ "<collectors>", " ", "</collectors>", APPMON_TEXT_LIMIT - 25, NULL },
		{ "<collectors>", " ", "</collectors>", APPMON_TEXT_LIMIT - 24, "bytes" },
		{ "<collectors>", "<a>", "", 300, "no XML" },
		{ "<collectors><collectorinformation><host>h</host><name>", "n",
		  "</name></collectorinformation></collectors>", APPMON_NAME_LIMIT + 1, "bytes" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(arena) a = { 0 };
		AUTO(buf) text = { 0 };
		struct appmon_document d = { 0 };
		struct err e = { 0 };
		bool good = false;

		repeat(&text, rows[i].before, rows[i].unit, rows[i].times, rows[i].after);
		good = reads_bytes(buf_text(&text), text.len, &a, &d, &e);
		if (rows[i].words)
			assert_says(&e, rows[i].words);
		else
			must(good, &e);
	}
}

/* ---- archives ---- */

struct zipped {
	const char *name;
	const char *text;
};

static size_t zip(const struct zipped *files, char *out, size_t room)
{
	struct archive *made = archive_write_new();
	size_t used = 0;

	assert_int_equal(archive_write_set_format_zip(made), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(made, 1);
	assert_int_equal(archive_write_open_memory(made, out, room, &used), ARCHIVE_OK);
	for (; files->name; files++) {
		struct archive_entry *head = archive_entry_new();

		archive_entry_set_pathname(head, files->name);
		archive_entry_set_filetype(head, AE_IFREG);
		archive_entry_set_size(head, (la_int64_t)strlen(files->text));
		assert_int_equal(archive_write_header(made, head), ARCHIVE_OK);
		archive_write_data(made, files->text, strlen(files->text));
		archive_entry_free(head);
	}
	archive_write_close(made);
	archive_write_free(made);
	return used;
}

#define CONFIG_OF(name) \
	"<dynatrace version=\"6.3\"><collectorconfig name=\"" name "\"/></dynatrace>"

static const struct zipped archived[] = {
	{ "Server/dt/server/1/conf/server.config.xml", "<dynatrace/>" },
	{ "Collector/h1/collector/17/component.properties", "#x\r\neclipse.startTime=1700\r\n" },
	{ "Collector/h2/collector/17/conf/collector.config.xml", CONFIG_OF("two") },
	{ "Collector/h1/collector/17/conf/collector.config.xml", CONFIG_OF("one") },
	{ "Collector/h2/collector/17/component.properties", "a=b\n eclipse.startTime : 1800\n" },
	{ "Collector/h3/collector/9/component.properties", "eclipse.startTime=x" },
	{ "Collector/h3/collector/9/conf/collector.config.xml", CONFIG_OF("three") },
	{ "Collector/h4/collector/9/conf/collector.config.xml", "<!DOCTYPE a><dynatrace/>" },
	{ "Collector/h4/collector/9/component.properties", "eclipse.startTime=1900" },
	{ "Collector/component.properties", "eclipse.startTime=1900" },
	{ 0 },
};

TEST(an_archive_has_the_start_times_of_collectors)
{
	AUTO(arena) a = { 0 };
	struct appmon_document d = { 0 };
	struct err e = { 0 };
	char bytes[8192];
	size_t len = zip(archived, bytes, sizeof(bytes));

	must(reads_bytes(bytes, len, &a, &d, &e), &e);
	assert_int_equal(d.form, APPMON_ARCHIVE);
	assert_int_equal(d.start_count, 2);
	assert_string_equal(d.starts[0].name, "one");
	assert_string_equal(d.starts[0].host, "h1");
	assert_int_equal(d.starts[0].started, 1700);
	assert_string_equal(d.starts[1].name, "two");
	assert_int_equal(d.starts[1].started, 1800);
}

TEST(an_archive_cut_anywhere_is_read_or_refused_as_a_whole)
{
	AUTO(arena) a = { 0 };
	char bytes[8192];
	size_t whole = zip(archived, bytes, sizeof(bytes));

	for (size_t len = 0; len < whole; len++) {
		struct appmon_document d = { 0 };
		struct err e = { 0 };
		AUTO(secret) cut = { 0 };

		secret_copy(&cut, bytes, len);
		if (!appmon_archive_read((struct span){ cut.bytes, len }, &a, &d, &e))
			assert_int_not_equal(e.code, ERR_NONE);
	}
}
