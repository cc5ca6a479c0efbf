/* SPDX-License-Identifier: Apache-2.0 */
/* The questions of `certfleet init` on a terminal. */
#include "cli/init_answers.h"

#include "base/text.h"
#include "cli/terminal.h"
#include "config/netname.h"
#include "pki/issue.h"

#include <stdio.h>
#include <string.h>

typedef bool take_fn(struct answers *a, const char *text, struct err *e);
typedef bool skip_fn(const struct answers *a);
typedef const char *preset_fn(const struct answers *a);

struct question {
	const char *explain;
	const char *prompt;
	skip_fn *skip;     /* NULL: always asked */
	preset_fn *preset; /* what an empty answer means; "": nothing; NULL: it needs one */
	take_fn *take;
	const char *given; /* the option that answers it as well */
};

static const struct starter_certificate *asked_certificate(const struct answers *a)
{
	return a->starter.certificates.count ? &a->starter.certificates.items[0] : NULL;
}

static bool is_subject_known(const struct answers *a)
{
	return asked_certificate(a) && asked_certificate(a)->subject;
}

static bool is_imported(const struct answers *a)
{
	return asked_certificate(a) && asked_certificate(a)->form;
}

static bool is_not_pkcs12(const struct answers *a)
{
	return !is_imported(a) || strcmp(asked_certificate(a)->form, "pkcs12") != 0;
}

static const char *nothing(const struct answers *a)
{
	(void)a;
	return "";
}

/* What certfleet takes for the names when none are said. */
static const char *preset_names(const struct answers *a)
{
	const char *canonical = NULL;
	const char *cn = NULL;
	struct err ignored = { 0 };

	if (!subject_canonical(asked_certificate(a)->subject, a->arena, &canonical, &cn, &ignored))
		return NULL;
	return is_host_name(cn) || ip_canonical(a->arena, cn) ? cn : NULL;
}

static const char *preset_issuer(const struct answers *a)
{
	return a->starter.issuer;
}

static const char *preset_validity(const struct answers *a)
{
	(void)a;
	return "90d";
}

static const char *preset_restart(const struct answers *a)
{
	(void)a;
	return "immediate";
}

static const struct question certificate_questions[] = {
	{ "Is there a certificate with its key already, made elsewhere? Then its file: PEM,\n"
	  "PKCS#12 or a ZIP of PEM files. Without one certfleet makes the certificate.",
	  "import", is_subject_known, nothing, answers_import, "import" },
	{ "The file that holds the password of that file, readable by you alone.", "password file",
	  is_not_pkcs12, nothing, answers_password_file, "password-file" },
	{ "Who is the certificate issued to? A name like CN=shop.example.com, O=Example Shop.",
	  "subject", is_imported, NULL, answers_subject, "subject" },
	{ "Which names do clients use? DNS names, IP addresses, URIs, e-mail addresses, with\n"
	  "commas between them.",
	  "names", is_imported, preset_names, answers_names, "names" },
	{ "Who signs it? 'self', or the name of a new authority that certfleet makes and keeps.",
	  "issuer", is_imported, preset_issuer, answers_issuer, "issuer" },
	{ "How long is it valid? It is renewed when a third of that is left.", "validity",
	  is_imported, preset_validity, answers_validity, "validity" },
};

static const struct question restart_question = {
	"When is a process restarted that does not take a new pair by itself? 'immediate',\n"
	"one at a time, or 'postponed' until it is restarted otherwise.",
	"restarts",
	NULL,
	preset_restart,
	answers_restart,
	"restart",
};

/* ---- asking ---- */

static void ask_put(struct interview *i, const char *text)
{
	AUTO(buf) lines = { 0 };

	buf_printf(&lines, "%s\n", text);
	term_error(i->terminal, &lines);
}

/* The answer without blanks around it; false when there is none any more. */
static bool read_answer(struct interview *i, const char *prompt, const char *preset,
			const char **out, struct err *e)
{
	AUTO(buf) answer = { 0 };
	AUTO(buf) shown = { 0 };
	struct arena *a = i->answers->arena;
	const char *text = NULL;
	size_t len = 0;

	buf_printf(&shown, "  %s", prompt);
	if (preset && *preset) {
		buf_puts(&shown, " [");
		text_escape(&shown, preset, strlen(preset));
		buf_putc(&shown, ']');
	}
	buf_putc(&shown, ':');
	if (!terminal_line(i->terminal, buf_text(&shown), &answer))
		return err_set(e, ERR_STOPPED, "stopped as asked, nothing was written");
	text = buf_text(&answer) + strspn(buf_text(&answer), " \t");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	*out = len || !preset ? arena_strndup(a, text, len) : preset;
	return true;
}

/* An answer changes entries in their place. */
static struct starter starter_copy(const struct starter *s, struct arena *a)
{
	struct starter copy = *s;

	copy.certificates.items = NULL;
	copy.certificates.count = copy.certificates.room = 0;
	copy.components.items = NULL;
	copy.components.count = copy.components.room = 0;
	vec_each (c, &s->certificates)
		VEC_PUSH(&copy.certificates, a, *c);
	vec_each (c, &s->components)
		VEC_PUSH(&copy.components, a, *c);
	return copy;
}

/* Takes an answer; false and the reason on the terminal when it is to be asked again. */
static bool try_answer(struct interview *i, take_fn *take, const char *text)
{
	struct answers *a = i->answers;
	const struct starter before = starter_copy(&a->starter, a->arena);
	struct err why = { 0 };

	if (take(a, text, &why) && i->check(i->check_ctx, &why))
		return true;
	a->starter = before;
	terminal_error(i->terminal, "%s", why.text);
	return false;
}

static bool ask(struct interview *i, const struct question *q, struct err *e)
{
	const char *preset = q->preset ? q->preset(i->answers) : NULL;
	const char *text = NULL;

	ask_put(i, q->explain);
	for (;;) {
		if (!read_answer(i, q->prompt, preset, &text, e))
			return false;
		if (!*text && preset)
			return true;
		if (!*text)
			terminal_error(i->terminal, "this has no default; Ctrl-C ends it");
		else if (try_answer(i, q->take, text))
			return true;
	}
}

static bool is_given(const struct interview *i, const struct question *q)
{
	for (const char *const *g = i->given; *g; g++)
		if (!strcmp(*g, q->given))
			return true;
	return false;
}

/* ---- components ---- */

/* "NAME=" before an answer of the component that was named last. */
static bool take_of_last(struct answers *a, const char *text, take_fn *take, struct err *e)
{
	const struct starter *s = &a->starter;
	const char *name = s->components.items[s->components.count - 1].name;

	return take(a, arena_printf(a->arena, "%s=%s", name, text), e);
}

static bool take_activate(struct answers *a, const char *text, struct err *e)
{
	return take_of_last(a, text, answers_activate, e);
}

static bool take_verify(struct answers *a, const char *text, struct err *e)
{
	return take_of_last(a, text, answers_verify, e);
}

static const struct question of_component[] = {
	{ "How does its process take a new pair into use? Like unit:nginx.service,\n"
	  "signal:HUP:/run/nginx.pid, reload:PROGRAM WORD..., or command:PROGRAM WORD... which\n"
	  "restarts it. Nothing when it watches its files, or is swapped by its driver.",
	  "activate", NULL, nothing, take_activate, "activate" },
	{ "Which TLS port must then serve it? Like 127.0.0.1:443, or db1:5433/postgres where TLS\n"
	  "begins with STARTTLS.",
	  "port", NULL, nothing, take_verify, "verify" },
};

static bool ask_components(struct interview *i, struct err *e)
{
	AUTO(buf) forms = { 0 };
	const struct starter *s = &i->answers->starter;
	const char *text = NULL;

	buf_puts(&forms,
		 "Where does the pair go? NAME=PLACE for each component; an empty line ends it.\n"
		 "PLACE is\n");
	answers_drivers(&forms);
	term_error(i->terminal, &forms);
	for (;;) {
		size_t before = s->components.count;

		if (!read_answer(i, "component", "", &text, e))
			return false;
		if (!*text)
			return true;
		if (!try_answer(i, answers_component, text) || s->components.count == before)
			continue;
		for (size_t k = 0; k < sizeof(of_component) / sizeof(*of_component); k++)
			if (!ask(i, &of_component[k], e))
				return false;
	}
}

bool init_ask(struct interview *i, struct err *e)
{
	ask_put(i,
		"This writes a fleet file to begin with. Enter takes what stands in [brackets];\n"
		"Ctrl-C ends it, and nothing is written.\n");
	for (size_t k = 0; k < sizeof(certificate_questions) / sizeof(*certificate_questions);
	     k++) {
		const struct question *q = &certificate_questions[k];

		if (!is_given(i, q) && !(q->skip && q->skip(i->answers)) && !ask(i, q, e))
			return false;
	}
	if (!i->answers->starter.components.count && !ask_components(i, e))
		return false;
	return is_given(i, &restart_question) || ask(i, &restart_question, e);
}
