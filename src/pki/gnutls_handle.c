/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/gnutls_handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void datum_release(gnutls_datum_t *d)
{
	gnutls_free(d->data);
	*d = (gnutls_datum_t){ 0 };
}

void secret_datum_release(gnutls_datum_t *d)
{
	wipe(d->data, d->size);
	datum_release(d);
}

gnutls_datum_t datum_of(struct der der)
{
	return (gnutls_datum_t){ (unsigned char *)der.bytes, (unsigned)der.len };
}

gnutls_datum_t datum_of_secret(const struct secret *s)
{
	return (gnutls_datum_t){ s->bytes, (unsigned)s->len };
}

gnutls_datum_t datum_of_text(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned)strlen(text) };
}

const char *gnutls_words(int rc, char room[128])
{
	size_t len = (size_t)snprintf(room, 128, "%s", gnutls_strerror(rc));

	if (len > 127)
		len = 127;
	if (len && room[len - 1] == '.')
		room[len - 1] = '\0';
	return room;
}

bool err_gnutls(struct err *e, int rc, const char *fmt, ...)
{
	char words[128];
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(e, ERR_CRYPTO, "%s: %s", text, gnutls_words(rc, words));
}
