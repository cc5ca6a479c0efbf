/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_file.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "cli/overwrite.h"
#include "cli/planning.h"
#include "engine/plan_signature.h"
#include "engine/saved_plan.h"
#include "plan/planner.h"
#include "json/value.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SAVED_LIMIT = 256 * 1024 * 1024,
	CLOCK_TOLERANCE = 60,
};

void saved_release(struct saved *s)
{
	plan_release(&s->plan);
	s->fleet_file = NULL;
}

static bool is_saved_plan(const char *text)
{
	return *text == '{' && strstr(text, "\"format_version\"");
}

bool saved_may_write(const char *path, struct err *e)
{
	return overwrite_check(path, "saved plan", is_saved_plan, e);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool saved_is_of(const struct saved *s, const char *fleet_file, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *name = last_part(fleet_file);

	/* in the form that saved_write() writes */
	AUTO(json) text = json_text(name);

	return !strcmp(s->fleet_file, json_string_value(text)) ||
	       err_set(e, ERR_STALE,
		       "the plan was made from the fleet file '%s', this one is '%s'; name the right one with --file, or make a new plan",
		       text_escaped(&a, s->fleet_file), text_escaped(&a, name));
}

bool saved_check_age(const struct plan *saved, struct err *e)
{
	int64_t age = clock_now() - saved->at;
	char words[DURATION_TEXT];
	char limit[DURATION_TEXT];

	if (age > saved->valid_for)
		return err_set(
			e, ERR_STALE,
			"the plan is %s old, and was made to be valid for %s; make a new plan",
			duration_about(age, words), duration_words(saved->valid_for, limit));
	if (age < -CLOCK_TOLERANCE)
		return err_set(
			e, ERR_STALE,
			"the plan was made in the future; set the clock, or make a new plan");
	return true;
}

bool saved_write(const char *path, const struct plan *p, const char *fleet_file, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct plan saved = plan_saved_form(p, &a);
	AUTO(json) json = plan_to_json(&saved);

	json_object_set_new(json, "fleet_file", json_text(last_part(fleet_file)));

	AUTO(str) text = json_dumps(json, JSON_INDENT(2));

	if (!fs_replace(path, text, strlen(text), FS_PRIVATE, e))
		return err_in(e, "cannot save the plan");
	return true;
}

bool saved_read(const char *path, struct saved *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) text = { 0 };
	AUTO(saved) s = { 0 };
	json_error_t error;
	const char *shown = text_escaped(&a, path);

	if (!fs_read(path, SAVED_LIMIT, &text, e)) {
		e->code = ERR_INPUT;
		return false;
	}

	AUTO(json) json = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return err_set(e, ERR_INPUT, "'%s' is not a saved plan: it is not JSON, line %d",
			       shown, error.line);

	const char *fleet_file = json_string_value(json_object_get(json, "fleet_file"));

	if (!fleet_file)
		return err_set(
			e, ERR_INPUT,
			"'%s' is not a saved plan: it names no fleet_file; 'certfleet plan --out' makes one",
			shown);
	fleet_file = arena_strdup(&a, fleet_file);
	/* the rest is exactly the output of `plan --json` */
	json_object_del(json, "fleet_file");
	if (!plan_from_json(json, &s.plan, e)) {
		e->code = ERR_INPUT;
		return err_in(e, "'%s' is not a saved plan", shown);
	}
	s.fleet_file = arena_strdup(&s.plan.arena, fleet_file);
	*out = TAKE(s);
	return true;
}

struct plan_identity saved_identity(const char *path, const struct plan *saved, struct arena *a)
{
	return (struct plan_identity){ .path = path,
				       .hash = plan_hash(plan_line(saved, a), a),
				       .lineage = saved->lineage,
				       .serial = saved->serial };
}

bool saved_is_one(const char *path)
{
	AUTO(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char begin[64] = "";
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    read(fd, begin, sizeof(begin) - 1) <= 0)
		return false;
	return begin[strspn(begin, " \t\r\n")] == '{';
}
