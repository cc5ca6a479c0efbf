/* SPDX-License-Identifier: Apache-2.0 */
/* What an AppMon Server answers: XML, JSON, and the ZIP of its support archive. */
#include "harness.h"

#include "appmon/appmon_read.h"
#include "base/text.h"
#include "bundle/zip.h"

static void check_text(const char *text)
{
	HOLDS(text && text_is_utf8(text, strlen(text)));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) exact = secret_of(bytes, len);
	struct appmon_document d = { 0 };
	struct err e = { 0 };
	bool good = appmon_read((struct span){ exact.bytes, len }, &a, &d, &e);

	HOLDS(good == (e.code == ERR_NONE));
	if (!good)
		return;
	HOLDS(d.collector_count <= APPMON_COLLECTOR_LIMIT);
	for (size_t i = 0; i < d.collector_count; i++) {
		AUTO(buf) path = { 0 };

		check_text(d.collectors[i].name);
		check_text(d.collectors[i].host);
		check_text(d.collectors[i].id);
		appmon_add_id(&path, d.collectors[i].id);
		HOLDS(strspn(buf_text(&path),
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-%@") ==
		      path.len);
	}
	for (size_t i = 0; i < d.start_count; i++)
		HOLDS(d.starts[i].started > 0);
	if (appmon_permission(d.reason, &a))
		HOLDS(*appmon_permission(d.reason, &a));
}

static void seed_archive(void)
{
	static const char start[] = "eclipse.startTime=1700000000000\n";
	static const char config[] = "<dynatrace><collectorconfig name=\"n\"/></dynatrace>";
	struct bundle_entry items[] = {
		{ "Collector/h/c/1/component.properties", start, strlen(start) },
		{ "Collector/h/c/1/conf/collector.config.xml", config, strlen(config) },
	};
	const struct entries list = { .items = items, .count = 2 };
	AUTO(buf) packed = { 0 };
	struct err e = { 0 };

	HOLDS(zip_pack(&list, NULL, &packed, &e));
	seed(packed.data, packed.len);
}

void fuzz_seeds(void)
{
	seed_archive();
	seed_text("<result value=\"6.3.10.1010\"/>");
	seed_text("<error reason=\"Permission denied: Shutdown or Restart;\"/>");
	seed_text("{\"status\": \"success\"}");
	seed_text("{\"code\": 403, \"message\": \"Permission denied: a,\"}");
	seed_text(
		"<collectors href=\"x\"><collectorinformation href=\"x/a%20b@h\"><name>a b</name><host>h</host><connected>true</connected><embedded>false</embedded><version>6.3.4.1034</version></collectorinformation></collectors>");
	seed_text(
		"<agents><agentinformation><connected>true</connected><collectorinformation><name>n</name><host>h</host></collectorinformation></agentinformation></agents>");
	seed_text("<!DOCTYPE a [<!ENTITY b \"c\">]><collectors>&b;</collectors>");
	seed_many("<collectors>",
		  "<collectorinformation><name>n</name><host>h</host></collectorinformation>",
		  "</collectors>");
	seed_many("<collectors>", "<a>", "");
}
