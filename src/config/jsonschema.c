/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include "config/agent_load.h"
#include "config/schema.h"
#include "config/values.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *jsonschema_describe(const struct field *f, json_t *defs);

static json_t *text_with(const char *pattern)
{
	json_t *s = json_pack("{s:s}", "type", "string");

	if (pattern)
		json_object_set_new(s, "pattern", json_string(pattern));
	return s;
}

static json_t *integer_within(const struct bounds *b)
{
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)b->least,
			 "maximum", (json_int_t)b->most);
}

static json_t *choice_of(const char *const *names)
{
	json_t *list = json_array();

	for (; *names; names++)
		json_array_append_new(list, json_string(*names));
	return json_pack("{s:o}", "enum", list);
}

static json_t *record_ref(const struct record *r, json_t *defs);

static json_t *list_of(const struct list_of *of, json_t *defs)
{
	json_t *s = json_pack("{s:s, s:o}", "type", "array", "items",
			      jsonschema_describe(of->item, defs));

	if (of->least)
		json_object_set_new(s, "minItems", json_integer((json_int_t)of->least));
	json_object_set_new(s, "maxItems", json_integer((json_int_t)of->most));
	return s;
}

static json_t *one_of(json_t *a, json_t *b)
{
	return json_pack("{s:[o, o]}", "oneOf", a, b);
}

/* Not oneOf, so that a mistake in the mapping is reported where it is. */
static json_t *text_or(const char *pattern, json_t *record)
{
	return json_pack("{s:{s:s}, s:o, s:o}", "if", "type", "string", "then", text_with(pattern),
			 "else", record);
}

static json_t *jsonschema_texts(void)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", text_with(NULL));
}

static json_t *jsonschema_named(const struct field *f, json_t *defs)
{
	const char *pattern = f->type->pattern ? f->type->pattern : NAME_PATTERN;

	return json_pack("{s:s, s:o, s:o}", "type", "object", "propertyNames", text_with(pattern),
			 "additionalProperties", record_ref(f->param, defs));
}

static json_t *jsonschema_describe(const struct field *f, json_t *defs)
{
	const struct field_type *t = f->type;

	switch (t->shape) {
	case SHAPE_TEXT:
		return text_with(t->pattern);
	case SHAPE_FLAG:
		return json_pack("{s:s}", "type", "boolean");
	case SHAPE_COUNT:
		return integer_within(f->param);
	case SHAPE_VERSION:
		return json_pack("{s:i}", "const", 1);
	case SHAPE_COUNT_OR_TEXT:
		return one_of(integer_within(f->param), text_with(t->pattern));
	case SHAPE_CHOICE:
		return choice_of(f->param);
	case SHAPE_LIST:
		return list_of(f->param, defs);
	case SHAPE_ONE_OR_LIST:
		return one_of(jsonschema_describe(((const struct list_of *)f->param)->item, defs),
			      list_of(f->param, defs));
	case SHAPE_RECORD:
		return record_ref(f->param, defs);
	case SHAPE_TEXT_OR_RECORD:
		return text_or(t->pattern, record_ref(f->param, defs));
	case SHAPE_TEXTS_OR_RECORD:
		return one_of(jsonschema_texts(), record_ref(f->param, defs));
	case SHAPE_NAMED:
		return jsonschema_named(f, defs);
	case SHAPE_LATER:
		return jsonschema_describe(f->param, defs);
	case SHAPE_MAP:
		return json_pack("{s:s, s:o}", "type", "object", "additionalProperties",
				 jsonschema_describe(f->param, defs));
	case SHAPE_ANY:
		return json_object();
	}
	abort();
}

static void add_properties(const struct record *r, json_t *schema, json_t *defs)
{
	json_t *properties = json_object();
	json_t *required = json_array();

	for (const struct field *f = r->fields; f->key; f++) {
		if (f->unsupported)
			continue;

		json_t *value = jsonschema_describe(f, defs);

		AUTO(buf) usual = { 0 };

		json_object_set_new(value, "description", json_string(f->help));
		field_default(r, f, &usual);
		if (usual.len && f->type->shape == SHAPE_COUNT)
			json_object_set_new(value, "default", json_integer(atoll(usual.data)));
		else if (usual.len)
			json_object_set_new(value, "default", json_string(usual.data));
		json_object_set_new(properties, f->key, value);
		if (f->required)
			json_array_append_new(required, json_string(f->key));
	}
	json_object_set_new(schema, "properties", properties);
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
}

static json_t *required_keys(const char *a, const char *b)
{
	return b ? json_pack("{s:[s, s]}", "required", a, b) : json_pack("{s:[s]}", "required", a);
}

/* Each rule is a schema of its own, so that an editor marks the record that breaks it. */
static void add_rules(const struct key_rule *rules, json_t *schema)
{
	json_t *all = json_array();

	for (; rules && rules->relation != KEYS_END; rules++) {
		const char *const *keys = rules->keys;
		json_t *one = json_array();

		for (size_t i = 0; keys[i]; i++) {
			if (rules->relation == KEYS_ONE_OF)
				json_array_append_new(one, required_keys(keys[i], NULL));
			else if (i && rules->relation == KEYS_TOGETHER)
				json_array_append_new(all,
						      json_pack("{s:{s:[s]}}", "dependentRequired",
								keys[0], keys[i]));
			else if (i)
				json_array_append_new(
					all,
					json_pack("{s:o}", "not", required_keys(keys[0], keys[i])));
		}
		if (rules->relation == KEYS_ONE_OF)
			json_array_append_new(all, json_pack("{s:O}", "oneOf", one));
		json_decref(one);
	}
	if (json_array_size(all))
		json_object_set(schema, "allOf", all);
	json_decref(all);
}

static void fill_record(const struct record *r, json_t *schema, json_t *defs)
{
	json_object_set_new(schema, "description", json_string(r->help));
	json_object_set_new(schema, "type", json_string("object"));
	add_properties(r, schema, defs);
	if (r->extensions)
		json_object_set_new(schema, "patternProperties", json_pack("{s:b}", "^x-", 1));
	if (r->one_key) {
		json_object_set_new(schema, "minProperties", json_integer(1));
		json_object_set_new(schema, "maxProperties", json_integer(1));
	}
	json_object_set_new(schema, "additionalProperties", json_false());
	add_rules(r->rules, schema);
}

/* Adds the record to the definitions, once, and returns a reference to it. */
static json_t *record_ref(const struct record *r, json_t *defs)
{
	if (!json_object_get(defs, r->name)) {
		json_t *schema = json_object();

		json_object_set_new(defs, r->name, schema);
		fill_record(r, schema, defs);
	}
	return json_pack("{s:s+}", "$ref", "#/$defs/", r->name);
}

/* Takes the references to `schema`, which selects the form of the file, and `defs`. */
static void print(const char *id, const char *title, json_t *schema, json_t *defs, struct buf *out)
{
	json_t *file = json_pack("{s:s, s:s, s:s, s:s}", "$schema",
				 "https://json-schema.org/draft/2020-12/schema", "$id", id, "title",
				 title, "type", "object");

	json_object_update(file, schema);
	json_object_set_new(file, "$defs", defs);

	char *text = json_dumps(file, JSON_INDENT(2));

	if (!text)
		abort();
	buf_puts(out, text);
	buf_puts(out, "\n");
	free(text);
	json_decref(schema);
	json_decref(file);
}

/* By `fleet`, so that a mistake is reported where it is and not for the whole file. */
void schema_print(struct buf *out)
{
	json_t *defs = json_object();
	json_t *main_file = record_ref(&fleet_record, defs);
	json_t *part = record_ref(&include_record, defs);

	print("urn:certfleet:fleet-file:1", "certfleet fleet file",
	      json_pack("{s:{s:[s]}, s:o, s:o}", "if", "required", "fleet", "then", main_file,
			"else", part),
	      defs, out);
}

void schema_print_agent(struct buf *out)
{
	json_t *defs = json_object();
	json_t *file = record_ref(&agent_record, defs);

	print("urn:certfleet:agent-configuration:1", "certfleet agent configuration", file, defs,
	      out);
}
