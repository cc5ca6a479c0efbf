/* SPDX-License-Identifier: Apache-2.0 */
#include "appmon/appmon_read.h"

#include "base/text.h"
#include "base/vec.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

AUTO_TYPE(xml_parser, xmlParserCtxtPtr, xmlFreeParserCtxt)
AUTO_TYPE(xml_tree, xmlDocPtr, xmlFreeDoc)
AUTO_TYPE(xml_text, xmlChar *, xmlFree)

#define SELF_MONITORING "Dynatrace Self-Monitoring"

/* ---- the tree ---- */

/* A DOCTYPE is where entities are declared, and no answer of the Server has one. */
static void xml_refuse_doctype(void *ctx, const xmlChar *name, const xmlChar *external,
			       const xmlChar *system)
{
	xmlParserCtxtPtr parser = ctx;

	(void)name;
	(void)external;
	(void)system;
	parser->_private = parser;
	xmlStopParser(parser);
}

static bool xml_fail(xmlParserCtxtPtr parser, struct err *e)
{
	const xmlError *why = xmlCtxtGetLastError(parser);
	const char *text = why && why->message ? why->message : "unknown error";
	AUTO(buf) shown = { 0 };

	if (parser->_private)
		return err_set(e, ERR_REMOTE, "it is XML with a DOCTYPE, which is not read");
	text_escape(&shown, text, strcspn(text, "\n"));
	return err_set(e, ERR_REMOTE, "it is no XML: line %d: %s", why ? why->line : 0,
		       buf_text(&shown));
}

/* Without XML_PARSE_HUGE libxml2 ends at a depth of 256. */
static bool xml_parse(struct span body, xmlDocPtr *out, struct err *e)
{
	AUTO(xml_parser) parser = xmlNewParserCtxt();
	AUTO(xml_tree) tree = NULL;

	if (!parser)
		abort(); /* as base/alloc.h does */
	parser->sax->internalSubset = xml_refuse_doctype;
	tree = xmlCtxtReadMemory(parser, body.bytes, (int)body.len, NULL, NULL,
				 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					 XML_PARSE_NOCDATA);
	if (parser->_private || !tree || !xmlDocGetRootElement(tree))
		return xml_fail(parser, e);
	*out = TAKE(tree);
	return true;
}

static bool xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

static const char *xml_attribute(xmlNode *node, const char *name, struct arena *a)
{
	AUTO(xml_text) value = xmlGetNoNsProp(node, (const xmlChar *)name);

	return value ? arena_strdup(a, (const char *)value) : NULL;
}

static xmlNode *xml_child(const xmlNode *node, const char *name)
{
	for (xmlNode *child = node->children; child; child = child->next)
		if (xml_is(child, name))
			return child;
	return NULL;
}

/* The text of a child; NULL: there is none, or it is empty. */
static const char *xml_field(const xmlNode *node, const char *name, struct arena *a)
{
	xmlNode *child = xml_child(node, name);
	AUTO(xml_text) text = child ? xmlNodeGetContent(child) : NULL;

	return text && *text ? arena_strdup(a, (const char *)text) : NULL;
}

static bool xml_flag(const xmlNode *node, const char *name, bool otherwise, struct arena *a)
{
	const char *text = xml_field(node, name, a);

	return text ? !strcmp(text, "true") : otherwise;
}

/* ---- collectors ---- */

/* What a path segment stands for; NULL: no text, or broken. */
static const char *xml_unescaped(const char *segment, struct arena *a)
{
	char *text = arena_strdup(a, segment);
	char *to = text;

	for (const char *from = segment; *from; from++) {
		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		char hex[] = { from[1], from[1] ? from[2] : '\0', '\0' };

		if (!text_unhex(hex, to++, 1))
			return NULL;
		from += 2;
	}
	*to = '\0';
	return *text && text_is_utf8(text, (size_t)(to - text)) ? text : NULL;
}

static const char *xml_id(xmlNode *node, const struct appmon_collector *c, struct arena *a)
{
	const char *href = xml_attribute(node, "href", a);
	const char *segment = href ? strrchr(href, '/') : NULL;
	const char *id = segment ? xml_unescaped(segment + 1, a) : NULL;

	/* what follows names another thing than a collector on a host */
	return id && strchr(id, '@') && strlen(id) <= 2 * APPMON_NAME_LIMIT
		       ? id
		       : arena_printf(a, "%s@%s", c->name, c->host);
}

static bool xml_collector(xmlNode *node, struct arena *a, struct appmon_collector *out,
			  struct err *e)
{
	*out = (struct appmon_collector){
		.name = xml_field(node, "name", a),
		.host = xml_field(node, "host", a),
		.version = xml_field(node, "version", a),
		.connected = xml_flag(node, "connected", true, a),
		.embedded = xml_flag(node, "embedded", false, a),
	};
	if (!out->name || !out->host)
		return err_set(e, ERR_REMOTE, "a collector has no %s: line %ld",
			       out->name ? "host" : "name", xmlGetLineNo(node));
	if (strlen(out->name) > APPMON_NAME_LIMIT || strlen(out->host) > APPMON_NAME_LIMIT)
		return err_set(e, ERR_REMOTE, "a name has more than %d bytes: line %ld",
			       APPMON_NAME_LIMIT, xmlGetLineNo(node));
	out->id = xml_id(node, out, a);
	return true;
}

static bool xml_collectors(xmlNode *root, struct arena *a, struct appmon_document *out,
			   struct err *e)
{
	VEC(struct appmon_collector) list = { 0 };
	size_t count = 0;

	for (xmlNode *node = root->children; node; node = node->next) {
		struct appmon_collector c = { 0 };

		if (!xml_is(node, "collectorinformation"))
			continue;
		if (count++ >= APPMON_COLLECTOR_LIMIT)
			return err_set(e, ERR_REMOTE, "it lists more than %d collectors",
				       APPMON_COLLECTOR_LIMIT);
		if (!xml_collector(node, a, &c, e))
			return false;
		if (strcmp(c.name, SELF_MONITORING) != 0)
			VEC_PUSH(&list, a, c);
	}
	out->form = APPMON_COLLECTORS;
	out->collectors = list.items;
	out->collector_count = list.count;
	return true;
}

/* ---- agents ---- */

/* Counts those that are alike, in place. */
static size_t xml_count_alike(struct appmon_agents *list, size_t count)
{
	size_t made = 0;

	if (count)
		qsort(list, count, sizeof(*list), text_compare_two);
	for (size_t i = 0; i < count; i++) {
		if (made && !text_compare_two(&list[made - 1], &list[i]))
			list[made - 1].count++;
		else
			list[made++] = list[i];
	}
	return made;
}

/* An agent that is not connected loses nothing. */
static bool xml_agents(xmlNode *root, struct arena *a, struct appmon_document *out, struct err *e)
{
	VEC(struct appmon_agents) list = { 0 };
	size_t count = 0;

	for (xmlNode *node = root->children; node; node = node->next) {
		struct appmon_agents one = { .count = 1 };
		const xmlNode *of = NULL;

		if (!xml_is(node, "agentinformation"))
			continue;
		if (count++ >= APPMON_AGENT_LIMIT)
			return err_set(e, ERR_REMOTE, "it lists more than %d agents",
				       APPMON_AGENT_LIMIT);
		of = xml_child(node, "collectorinformation");
		one.name = of ? xml_field(of, "name", a) : NULL;
		one.host = of ? xml_field(of, "host", a) : NULL;
		if (!one.name)
			one.name = xml_field(node, "collectorName", a);
		if (one.name && xml_flag(node, "connected", true, a))
			VEC_PUSH(&list, a, one);
	}
	out->form = APPMON_AGENTS;
	out->agents_count = xml_count_alike(list.items, list.count);
	out->agents = list.items;
	return true;
}

/* ---- documents ---- */

static bool xml_result(xmlNode *root, struct arena *a, struct appmon_document *out, struct err *e)
{
	out->form = APPMON_RESULT;
	out->value = xml_attribute(root, "value", a);
	return out->value || err_set(e, ERR_REMOTE, "its <result> has no value");
}

static bool xml_error(xmlNode *root, struct arena *a, struct appmon_document *out, struct err *e)
{
	(void)e;
	out->form = APPMON_ERROR;
	out->reason = xml_attribute(root, "reason", a);
	return true;
}

bool appmon_xml_read(struct span body, struct arena *a, struct appmon_document *out, struct err *e)
{
	static const struct {
		const char *root;
		bool (*read)(xmlNode *root, struct arena *a, struct appmon_document *out,
			     struct err *e);
	} rows[] = {
		{ "result", xml_result },
		{ "error", xml_error },
		{ "collectors", xml_collectors },
		{ "agents", xml_agents },
	};
	AUTO(xml_tree) tree = NULL;
	xmlNode *root = NULL;
	AUTO(buf) shown = { 0 };

	if (body.len > APPMON_TEXT_LIMIT)
		return err_set(e, ERR_REMOTE, "it has more than %d bytes", APPMON_TEXT_LIMIT);
	if (!xml_parse(body, &tree, e))
		return false;
	root = xmlDocGetRootElement(tree);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (xml_is(root, rows[i].root))
			return rows[i].read(root, a, out, e);
	text_escape(&shown, (const char *)root->name, strlen((const char *)root->name));
	return err_set(e, ERR_REMOTE, "it is XML of <%s>", buf_text(&shown));
}

const char *appmon_xml_config_name(struct span file, struct arena *a)
{
	AUTO(xml_tree) tree = NULL;
	struct err ignored = { 0 };
	xmlNode *config = NULL;

	if (!xml_parse(file, &tree, &ignored))
		return NULL;
	config = xml_child(xmlDocGetRootElement(tree), "collectorconfig");
	return config ? xml_attribute(config, "name", a) : NULL;
}
