/* SPDX-License-Identifier: Apache-2.0 */
#include "config/notify_types.h"

#include "base/text.h"
#include "config/deliver_http.h"
#include "config/forms.h"

bool notify_check(struct loader *ld, const struct node *n, void *out)
{
	const struct notify_form *form = out;

	return !form->command != !form->http ||
	       config_error(ld, n, "exactly one of 'command', 'http' is expected here");
}

static const char *command_name(struct arena *a, const char *const *argv)
{
	AUTO(buf) out = { 0 };

	text_shell_words(&out, argv);
	return arena_strdup(a, buf_text(&out));
}

static void take_request(struct arena *a, const struct notify_http_form *form, struct notify *out)
{
	struct http_call *call = ARENA_NEW(a, struct http_call);

	*call = (struct http_call){ form->access, request_of(&form->request) };
	out->http = call;
	out->secret_path = form->path;
	out->name = arena_printf(a, "%s %s", http_method_names[call->request.method],
				 http_url_text(&call->request.url, a));
}

const struct notify *notify_from(struct loader *ld, const struct items *forms)
{
	struct arena *a = &ld->fleet.arena;
	struct notify *list = arena_array(a, forms->count, sizeof(*list));

	for (size_t i = 0; i < forms->count; i++) {
		const struct notify_form *form = (const struct notify_form *)forms->list + i;

		list[i] = (struct notify){ .on = form->on,
					   .argv = form->command,
					   .timeout = form->timeout };
		if (form->http)
			take_request(a, form->http, &list[i]);
		else
			list[i].name = command_name(a, form->command);
	}
	return list;
}
