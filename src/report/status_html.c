/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status as one HTML page that asks the network for nothing.  status_page.html is
 * its frame, in which {{NAME}} stands for a part.  The content security policy lets the
 * browser run the page's own script and style, by their hashes, and nothing else.
 */
#include "base/text.h"
#include "crypto/crypto.h"
#include "report/status.h"
#include "json/value.h"

#include <string.h>

/* The text of a file of this folder. */
#define EMBED(name, file)                                                         \
	__asm__(".section .rodata\n" #name ":\n.incbin \"src/report/" file "\"\n" \
		".byte 0\n.previous\n");                                          \
	extern const char name[]

EMBED(status_page_frame, "status_page.html");
EMBED(status_page_style, "status_page.css");
EMBED(status_page_script, "status_page.js");

static void page_hash(struct buf *out, const char *text)
{
	uint8_t digest[SHA256_BYTES];

	sha256(text, strlen(text), digest);
	buf_puts(out, "'sha256-");
	text_base64(out, digest, sizeof(digest));
	buf_putc(out, '\'');
}

static void page_policy(const struct status *s, struct buf *out)
{
	(void)s;
	buf_puts(out, "default-src 'none'; base-uri 'none'; form-action 'none'; script-src ");
	page_hash(out, status_page_script);
	buf_puts(out, "; style-src ");
	page_hash(out, status_page_style);
}

static void page_fleet(const struct status *s, struct buf *out)
{
	/* a name of the fleet file has no character that HTML knows */
	text_escape(out, s->fleet->name, strlen(s->fleet->name));
}

static void page_style(const struct status *s, struct buf *out)
{
	(void)s;
	buf_puts(out, status_page_style);
}

static void page_script(const struct status *s, struct buf *out)
{
	(void)s;
	buf_puts(out, status_page_script);
}

static int page_harmless(const char *bytes, size_t len, void *ctx)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("<>&", bytes[i]) && bytes[i])
			buf_printf(ctx, "\\u%04x", (unsigned)bytes[i]);
		else
			buf_putc(ctx, bytes[i]);
	return 0;
}

/* Within JSON '<', '>' and '&' stand in strings alone: escaped, no text of it ends the element. */
static void page_data(const struct status *s, struct buf *out)
{
	AUTO(json) json = status_to_json(s);

	json_dump_callback(json, page_harmless, out, JSON_COMPACT | JSON_ENSURE_ASCII);
}

static const struct page_part {
	const char *name;
	void (*put)(const struct status *s, struct buf *out);
} parts[] = {
	{ "policy", page_policy }, { "fleet", page_fleet },   { "style", page_style },
	{ "data", page_data },     { "script", page_script },
};

void status_render_html(const struct status *s, struct buf *out)
{
	const char *at = status_page_frame;

	for (const char *mark = strstr(at, "{{"); mark; mark = strstr(at, "{{")) {
		size_t len = strcspn(mark + 2, "}");

		buf_add(out, at, (size_t)(mark - at));
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!strncmp(parts[i].name, mark + 2, len) && !parts[i].name[len])
				parts[i].put(s, out);
		at = mark + 2 + len + 2;
	}
	buf_puts(out, at);
}
