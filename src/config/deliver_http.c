/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery by requests to an API, and activation by one request. */
#include "config/deliver_http.h"

#include "config/build.h"
#include "config/placeholder.h"

#include <string.h>
#include <strings.h>

enum {
	NOTHING = 1 << MATERIAL_TEXT,
	FINGERPRINT = NOTHING | 1 << MATERIAL_FINGERPRINT,
	PAIR = ((1 << MATERIAL_COUNT) - 1) & ~((1 << MATERIAL_CERTIFICATE) - 1),
	ALL = FINGERPRINT | PAIR,
	NOTICE = NOTHING | 1 << MATERIAL_FLEET | 1 << MATERIAL_RUN | 1 << MATERIAL_OUTCOME |
		 1 << MATERIAL_LINES | 1 << MATERIAL_SUMMARY,
	KEYS = 1 << MATERIAL_KEY | 1 << MATERIAL_COMBINED | 1 << MATERIAL_PKCS12
};

/* Materials of a pair that are available for each request. */
static const unsigned known[] = {
	[DECLARED_PROBE] = NOTHING,        [DECLARED_STAGE] = ALL,
	[DECLARED_COMMIT] = ALL,           [DECLARED_ABORT] = FINGERPRINT,
	[DECLARED_ACTIVATE] = FINGERPRINT, [DECLARED_REVERT] = ALL,
	[DECLARED_REMOVE] = NOTHING,
};
_Static_assert(sizeof(known) / sizeof(*known) == DECLARED_COUNT, "every verb needs its row");

/* ---- materials in the texts of a request ---- */

static unsigned materials_of(const struct http_text *t)
{
	unsigned found = NOTHING;

	for (size_t i = 0; i < t->count; i++)
		found |= 1U << t->pieces[i].what;
	return found;
}

static unsigned materials_in(const struct http_request *r)
{
	unsigned found =
		materials_of(&r->url.path) | materials_of(&r->body) | materials_of(&r->json);

	for (size_t i = 0; i < r->header_count; i++)
		found |= materials_of(&r->headers[i].text);
	return found;
}

static bool check_materials(struct loader *ld, const struct node *at, const struct http_request *r,
			    unsigned allowed)
{
	unsigned strange = materials_in(r) & ~allowed;

	if (!strange)
		return true;
	for (int m = MATERIAL_FINGERPRINT; m < MATERIAL_COUNT; m++)
		if (strange & 1U << m)
			return config_error(ld, at, "'${%s}' is not known in this request",
					    material_names[m]);
	return true;
}

/* ---- all requests of a delivery ---- */

static const struct node *request_node(const struct node *n, int verb)
{
	return node_find(n, declared_verb_names[verb]);
}

static bool check_origin(struct loader *ld, const struct node *n, const struct http *form, int verb)
{
	const char *origin = form->requests[verb]->url.origin;
	const struct node *url = node_find(request_node(n, verb), "url");
	const struct node *commit = node_find(request_node(n, DECLARED_COMMIT), "url");

	return !strcmp(origin, form->origin) ||
	       config_error(ld, url,
			    "all requests of one delivery go to one origin, '%s', not '%s'",
			    as_written(ld, commit, form->origin), as_written(ld, url, origin));
}

static bool has_authorization(const struct http_request *r)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (!strcasecmp(r->headers[i].name, "Authorization"))
			return true;
	return false;
}

static bool check_login(struct loader *ld, const struct node *at, const struct http_access *access,
			const struct http_request *r)
{
	return !access->user || !has_authorization(r) ||
	       config_error(ld, at, "'user' and a header 'Authorization' exclude each other");
}

static bool check_requests(struct loader *ld, const struct node *n, const struct http *form)
{
	bool good = true;

	for (int verb = 0; verb < DECLARED_COUNT; verb++) {
		const struct http_request *r = form->requests[verb];
		const struct node *at = request_node(n, verb);

		if (r)
			good &= check_origin(ld, n, form, verb) &&
				check_materials(ld, at, r, known[verb]) &&
				check_login(ld, at, &form->access, r);
	}
	return good;
}

static unsigned sent(const struct http *form, enum declared_verb verb)
{
	return form->requests[verb] ? materials_in(form->requests[verb]) : 0;
}

/* A key that is never sent cannot be served. */
static bool check_sent(struct loader *ld, const struct node *n, const struct http *form)
{
	unsigned all = sent(form, DECLARED_STAGE) | sent(form, DECLARED_COMMIT);
	unsigned any = all | sent(form, DECLARED_REVERT);
	bool has_password = form->pkcs12_password.kind != SECRET_NONE;

	if (!(all & KEYS))
		return config_error(
			ld, n,
			"neither 'stage' nor 'commit' sends the key: '${key}', '${combined}' or '${pkcs12}'");
	return !(any & 1U << MATERIAL_PKCS12) || has_password ||
	       config_error(ld, n, "missing key 'pkcs12_password', which protects '${pkcs12}'");
}

static bool is_tls(const char *origin)
{
	return !strncmp(origin, "https:", 6);
}

bool http_check(struct loader *ld, const struct node *n, void *out)
{
	struct http *form = out;

	form->origin = form->requests[DECLARED_COMMIT]->url.origin;
	return access_check(ld, n, &form->access, is_tls(form->origin)) &&
	       check_requests(ld, n, form) && check_sent(ld, n, form);
}

/* ---- activate: {http: ...} ---- */

bool call_check(struct loader *ld, const struct node *n, void *out)
{
	struct call_form *form = out;
	struct http_request request;
	unsigned methods = 0;

	for (unsigned m = 0; m <= HTTP_PUT; m++) {
		if (!form->urls[m].origin)
			continue;
		form->request.method = m;
		form->request.url = form->urls[m];
		methods++;
	}
	if (methods != 1)
		return config_error(ld, n, "exactly one of 'post', 'get', 'put' is expected here");
	request = request_of(&form->request);
	return request_check(ld, n, &form->request) &&
	       access_check(ld, n, &form->access, is_tls(request.url.origin)) &&
	       check_login(ld, n, &form->access, &request) &&
	       check_materials(ld, n, &request, FINGERPRINT);
}

/* ---- notify: {http: ...} ---- */

bool notify_http_check(struct loader *ld, const struct node *n, void *out)
{
	static const struct http_piece summary = { .what = MATERIAL_SUMMARY, .is_value = true };
	struct notify_http_form *form = out;
	struct http_request request;

	if (!form->request.body.count && !form->request.json.count &&
	    form->request.method != HTTP_GET)
		form->request.json = (struct http_text){ &summary, 1 };
	request = request_of(&form->request);
	return request_check(ld, n, &form->request) &&
	       access_check(ld, n, &form->access, is_tls(request.url.origin)) &&
	       check_login(ld, n, &form->access, &request) &&
	       check_materials(ld, n, &request, NOTICE);
}

static bool deliver_http_read_call(struct loader *ld, const struct field *f, const struct node *n,
				   void *slot)
{
	struct call_form form;
	struct http_call *call = NULL;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	if (!record_read(ld, f->param, n, &form))
		return false;
	call = ARENA_NEW(&ld->fleet.arena, struct http_call);
	call->access = form.access;
	call->request = request_of(&form.request);
	*(const struct http_call **)slot = call;
	return true;
}

/* ---- rules that involve the component ---- */

bool http_component_check(struct loader *ld, const struct draft *d,
			  const struct component_form *form)
{
	const struct http *http = form->deliver.http;
	const struct node *deliver = node_find(d->value, "deliver");

	if (!http->requests[DECLARED_PROBE] && !form->verify.count)
		return config_error(
			ld, deliver ? deliver : d->value,
			"nothing can tell which pair it has: give 'probe' here, or 'verify' to the component");
	return !form->retire.remove || http->requests[DECLARED_REMOVE] ||
	       config_error(ld, node_find(d->value, "retire"),
			    "missing request 'remove' in its 'deliver'");
}

/* http: origins are on this machine: without TLS, keys must not leave it. */
const char *unless_local(const char *url)
{
	return is_tls(url) ? url : NULL;
}

void http_locate(struct arena *a, struct deliver *d)
{
	(void)a;
	d->access = &d->http->access;
	d->remote = unless_local(d->http->origin);
}

const struct field_type call_type = { deliver_http_read_call, SHAPE_RECORD, NULL };
