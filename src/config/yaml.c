/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include "base/buf.h"
#include "config/loader.h"
#include "config/syntax.h"

#include <string.h>
#include <yaml.h>

/* A list or mapping while it is read. */
struct yaml_frame {
	struct node node;
	size_t begin; /* of its items in `pending`, bytes */
	struct anchor *anchor;
	uint64_t size; /* nodes, aliases expanded */
	unsigned height;
	bool has_merge;
};

struct anchor {
	struct node *node; /* a copy, which aliases point to */
	uint64_t size;
	unsigned height;
	bool open; /* its node is not complete yet */
};

struct yaml_reader {
	struct loader *ld;
	uint16_t source;
	bool ascii;
	bool failed;
	bool done;
	unsigned documents;
	/* position of the last event: characters and bytes from the start */
	size_t chars;
	size_t bytes;
	size_t events;
	/* first and last line of the last quoted text over several lines, from 0 */
	size_t quote_first;
	size_t quote_last;
	uint64_t alias_nodes;
	struct lookup anchors;
	struct lookup keys; /* texts of keys below the names of a section */
	struct buf pending; /* items of the open frames, struct node */
	const struct node *root;
	struct yaml_frame frames[YAML_DEPTH];
	unsigned depth;
};

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* libyaml counts characters, nodes count bytes; events come nearly in order. */
static uint32_t offset_of(struct yaml_reader *r, size_t index)
{
	const struct source *s = &r->ld->sources.items[r->source];

	if (r->ascii)
		return (uint32_t)(index < s->len ? index : s->len);
	while (r->chars < index && r->bytes < s->len) {
		r->bytes++;
		while (r->bytes < s->len && is_continuation(s->text[r->bytes]))
			r->bytes++;
		r->chars++;
	}
	while (r->chars > index) {
		r->bytes--;
		while (is_continuation(s->text[r->bytes]))
			r->bytes--;
		r->chars--;
	}
	return (uint32_t)r->bytes;
}

static bool yaml_reject(struct yaml_reader *r, const struct node *at, const char *text)
{
	r->failed = true;
	return config_error(r->ld, at, "%s", text);
}

static struct node node_at(struct yaml_reader *r, const yaml_event_t *ev, enum node_kind kind)
{
	return (struct node){ .kind = (uint8_t)kind,
			      .source = r->source,
			      .at = offset_of(r, ev->start_mark.index) };
}

static struct node *node_copy(struct yaml_reader *r, const struct node *n)
{
	struct node *copy = ARENA_NEW(&r->ld->work, struct node);

	*copy = *n;
	return copy;
}

/* True when the next node of the innermost mapping is a key. */
static bool wants_key(const struct yaml_reader *r)
{
	const struct yaml_frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;

	return f && f->node.kind == NODE_MAPPING && f->node.count % 2 == 0;
}

/* A mapping counts keys and values until it is closed. */
static bool add_node(struct yaml_reader *r, const struct node *n, uint64_t size, unsigned height)
{
	if (!r->depth) {
		r->root = node_copy(r, n);
		return true;
	}

	struct yaml_frame *f = &r->frames[r->depth - 1];

	buf_add(&r->pending, n, sizeof(*n));
	f->node.count++;
	f->size += size;
	if (height >= f->height)
		f->height = height + 1;
	return true;
}

static struct anchor *add_anchor(struct yaml_reader *r, const yaml_char_t *name,
				 const struct node *n)
{
	if (!name)
		return NULL;

	struct anchor *a = ARENA_NEW(&r->ld->work, struct anchor);

	a->node = node_copy(r, n);
	a->size = 1;
	lookup_put(&r->anchors, arena_strdup(&r->ld->work, (const char *)name), a);
	return a;
}

static bool yaml_check_key(struct yaml_reader *r, struct node *n)
{
	n->flags |= NODE_KEY;
	if (n->kind == NODE_TEXT)
		return true;
	if (n->kind == NODE_LIST || n->kind == NODE_MAPPING)
		return yaml_reject(r, n, "a key is text; quote it");
	return config_error(r->ld, n, "the key '%s' is %s, not text; quote it",
			    shown(r->ld, n->text), node_kind_words(n));
}

/* Keys repeat, but for the names of what a section holds. */
static const char *yaml_key_text(struct yaml_reader *r, const char *text, size_t len)
{
	const char *known = lookup_find(&r->keys, text);

	if (known)
		return known;
	known = arena_strndup(&r->ld->work, text, len);
	if (r->depth > 2)
		lookup_add(&r->keys, known, known);
	return known;
}

static bool take_scalar(struct yaml_reader *r, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	bool key = wants_key(r);
	struct node n = node_at(r, ev, NODE_TEXT);

	if (ev->data.scalar.tag)
		return yaml_reject(r, &n, "tags are not supported; quote it");
	if (memchr(text, '\0', len))
		return yaml_reject(r, &n, "text cannot hold a NUL character");
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		n.flags |= NODE_PLAIN;
		n.kind = (uint8_t)scalar_kind(text, len);
	}
	n.text = key ? yaml_key_text(r, text, len) : arena_strndup(&r->ld->fleet.arena, text, len);
	n.count = (uint32_t)len;
	if (key)
		yaml_check_key(r, &n);
	add_anchor(r, ev->data.scalar.anchor, &n);
	if (key && n.flags & NODE_PLAIN && !strcmp(n.text, "<<"))
		r->frames[r->depth - 1].has_merge = true;
	return !r->failed && add_node(r, &n, 1, 0);
}

static bool take_alias(struct yaml_reader *r, const yaml_event_t *ev)
{
	struct node n = node_at(r, ev, NODE_ALIAS);
	const char *name = (const char *)ev->data.alias.anchor;
	const struct anchor *a = lookup_find(&r->anchors, name);

	if (!a) {
		r->failed = true;
		return config_error(r->ld, &n,
				    "no anchor '&%s' stands before this; quote it when it is text",
				    shown(r->ld, name));
	}
	if (a->open)
		return yaml_reject(r, &n, "an anchor cannot hold itself");
	if (r->depth + a->height > YAML_DEPTH)
		return yaml_reject(r, &n, "more than 64 levels");
	r->alias_nodes += a->size;
	if (r->alias_nodes > YAML_ALIAS_NODES)
		return yaml_reject(r, &n, "aliases expand to more than 1000000 nodes");
	if (wants_key(r)) {
		struct node copy = *a->node;

		yaml_check_key(r, &copy);
		return !r->failed && add_node(r, &copy, a->size, a->height);
	}
	n.aliased = a->node;
	return add_node(r, &n, a->size, a->height);
}

/* Common parts of list and mapping events. */
struct opening {
	enum node_kind kind;
	const yaml_char_t *anchor;
	const yaml_char_t *tag;
	bool flow;
};

static bool open_frame(struct yaml_reader *r, const yaml_event_t *ev, struct opening o)
{
	struct node n = node_at(r, ev, o.kind);

	if (o.tag)
		return yaml_reject(r, &n, "tags are not supported; remove it");
	if (r->depth == YAML_DEPTH)
		return yaml_reject(r, &n, "more than 64 levels");
	if (wants_key(r))
		return yaml_check_key(r, &n);
	if (o.flow)
		n.flags |= NODE_FLOW;

	struct anchor *a = add_anchor(r, o.anchor, &n);

	if (a)
		a->open = true;
	r->frames[r->depth++] =
		(struct yaml_frame){ .node = n, .begin = r->pending.len, .anchor = a, .size = 1 };
	return true;
}

static bool close_frame(struct yaml_reader *r)
{
	struct yaml_frame f = r->frames[--r->depth];
	size_t bytes = r->pending.len - f.begin;

	if (bytes)
		f.node.first =
			memcpy(arena_alloc(&r->ld->work, bytes), r->pending.data + f.begin, bytes);
	r->pending.len = f.begin;
	if (f.node.kind == NODE_MAPPING) {
		f.node.count /= 2;
		mapping_finish(r->ld, &f.node, f.has_merge);
	}
	if (f.anchor) {
		*f.anchor->node = f.node;
		f.anchor->open = false;
		f.anchor->size = f.size;
		f.anchor->height = f.height + 1;
	}
	return add_node(r, &f.node, f.size, f.height);
}

static bool open_document(struct yaml_reader *r, const yaml_event_t *ev)
{
	const struct node here = { .source = r->source, .at = offset_of(r, ev->start_mark.index) };

	if (r->documents++)
		return yaml_reject(r, &here, "a second document; a fleet file holds one");
	if (ev->data.document_start.tag_directives.start !=
	    ev->data.document_start.tag_directives.end)
		return yaml_reject(r, &here, "tags are not supported");
	return true;
}

/* Remembers a quoted text over several lines: an unclosed quote ends at the next quote. */
static void note_quote(struct yaml_reader *r, const yaml_event_t *ev)
{
	yaml_scalar_style_t style = ev->data.scalar.style;

	if ((style != YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
	     style != YAML_SINGLE_QUOTED_SCALAR_STYLE) ||
	    ev->start_mark.line == ev->end_mark.line)
		return;
	r->quote_first = ev->start_mark.line;
	r->quote_last = ev->end_mark.line;
}

static bool take_event(struct yaml_reader *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		note_quote(r, ev);
		return take_scalar(r, ev);
	case YAML_ALIAS_EVENT:
		return take_alias(r, ev);
	case YAML_SEQUENCE_START_EVENT:
		return open_frame(r, ev,
				  (struct opening){ NODE_LIST, ev->data.sequence_start.anchor,
						    ev->data.sequence_start.tag,
						    ev->data.sequence_start.style ==
							    YAML_FLOW_SEQUENCE_STYLE });
	case YAML_MAPPING_START_EVENT:
		return open_frame(r, ev,
				  (struct opening){ NODE_MAPPING, ev->data.mapping_start.anchor,
						    ev->data.mapping_start.tag,
						    ev->data.mapping_start.style ==
							    YAML_FLOW_MAPPING_STYLE });
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_frame(r);
	case YAML_DOCUMENT_START_EVENT:
		return open_document(r, ev);
	case YAML_STREAM_END_EVENT:
		r->done = true;
		return true;
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_NO_EVENT:
		break;
	}
	return true;
}

/* An unclosed construct is best reported where it begins. */
static bool begins_mistake(const yaml_parser_t *p)
{
	if (p->error != YAML_SCANNER_ERROR || !p->context)
		return false;
	return !strcmp(p->context, "while scanning a simple key") ||
	       (!strcmp(p->context, "while scanning a quoted scalar") &&
		strstr(p->problem, "unexpected"));
}

static bool report_syntax(struct yaml_reader *r, const yaml_parser_t *p)
{
	const struct yaml_frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;
	size_t index = begins_mistake(p) ? p->context_mark.index : p->problem_mark.index;
	size_t line = p->problem_mark.line;
	bool in_flow = f && f->node.flags & NODE_FLOW;
	bool earlier = p->error == YAML_PARSER_ERROR && p->context && p->context_mark.line < line;

	struct syntax_error error = {
		.problem = p->problem ? p->problem : "unreadable",
		.at = p->error == YAML_READER_ERROR ? (uint32_t)p->problem_offset
						    : offset_of(r, index),
		.in_flow = in_flow,
		.bracket_line = in_flow && earlier ? p->context_mark.line + 1 : 0,
		.quote_line = r->quote_last && r->quote_last == line ? r->quote_first + 1 : 0,
	};

	syntax_report(r->ld, r->source, &error);
	return false;
}

static bool read_events(struct yaml_reader *r, yaml_parser_t *p)
{
	while (!r->done) {
		yaml_event_t ev;

		if (!yaml_parser_parse(p, &ev))
			return report_syntax(r, p);

		bool good = take_event(r, &ev);

		if (good && ++r->events > YAML_EVENTS) {
			const struct node here = { .source = r->source,
						   .at = offset_of(r, ev.start_mark.index) };
			good = yaml_reject(r, &here, "more than 16 million events");
		}
		yaml_event_delete(&ev);
		if (!good)
			return false;
	}
	return true;
}

typedef yaml_parser_t parser_auto_type;
static void parser_auto(yaml_parser_t *p)
{
	yaml_parser_delete(p);
}

bool yaml_parse(struct loader *ld, uint16_t source, const struct node **root)
{
	const struct source *s = &ld->sources.items[source];
	const struct node start = { .source = source };
	AUTO(parser) p;
	struct yaml_reader r = { .ld = ld, .source = source };
	size_t len = s->len;

	if (!yaml_parser_initialize(&p))
		abort();
	if (!syntax_check_bytes(ld, source, &r.ascii))
		return false;
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)s->text, len);

	bool good = read_events(&r, &p);

	lookup_release(&r.anchors);
	lookup_release(&r.keys);
	buf_release(&r.pending);
	if (!good)
		return false;
	if (!r.root)
		return config_error(ld, &start, "the file is empty");
	*root = r.root;
	return true;
}
