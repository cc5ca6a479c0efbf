/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/api_identity.h"

#include "base/alloc.h"
#include "base/text.h"
#include "pki/pair.h"
#include "remote/identity.h"

#include <string.h>

struct known_identity {
	struct known_identity *next;
	struct http_access access; /* strings in the list's arena */
	struct identity *identity;
};

struct identities {
	struct arena arena;
	struct known_identity *first;
};

struct identities *identities_new(void)
{
	return xcalloc(1, sizeof(struct identities));
}

void identities_free(struct identities *list)
{
	if (!list)
		return;
	for (struct known_identity *k = list->first; k; k = k->next)
		identity_free(k->identity);
	arena_release(&list->arena);
	free(list);
}

/* ---- comparing and copying access keys ---- */

static bool api_identity_is_same(const struct http_access *a, const struct http_access *b)
{
	return text_equal(a->ca, b->ca) && text_equal(a->certificate, b->certificate) &&
	       secret_ref_equal(&a->key, &b->key);
}

static const char *keep_text(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : NULL;
}

static const char *const *keep_words(struct arena *a, const char *const *words)
{
	const char **copy = NULL;
	size_t count = 0;

	if (!words)
		return NULL;
	while (words[count])
		count++;
	copy = arena_array(a, count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_strdup(a, words[i]);
	return copy;
}

static struct http_access api_identity_store(struct arena *a, const struct http_access *from)
{
	return (struct http_access){
		.ca = keep_text(a, from->ca),
		.certificate = keep_text(a, from->certificate),
		.key = { .kind = from->key.kind,
			 .name = keep_text(a, from->key.name),
			 .argv = keep_words(a, from->key.argv) },
	};
}

/* ---- reading an identity ---- */

static bool open_identity(const struct driver_session *v, const struct http_access *a,
			  struct identity **out, struct err *e)
{
	AUTO(arena) scratch = { 0 };
	struct cert_set ignored = { 0 };
	AUTO(secret) ca = { 0 };
	AUTO(secret) certificate = { 0 };
	const struct secret *key = NULL;
	struct identity_texts texts = { 0 };

	if (a->ca && !pem_file_certs(a->ca, &scratch, &ca, &ignored, e))
		return false;
	if (a->certificate &&
	    (!pem_file_certs(a->certificate, &scratch, &certificate, &ignored, e) ||
	     !driver_secret(v, &a->key, &key, e)))
		return false;
	texts.authorities = a->ca ? &ca : NULL;
	texts.certificate = a->certificate ? &certificate : NULL;
	texts.key = key;
	return identity_new(&texts, out, e);
}

bool identities_find(struct identities *list, const struct driver_session *v,
		     const struct http_access *a, const struct identity **out, struct err *e)
{
	struct known_identity *k = list->first;
	struct identity *identity = NULL;

	*out = NULL;
	if (!a->ca && !a->certificate)
		return true;
	while (k && !api_identity_is_same(&k->access, a))
		k = k->next;
	if (k) {
		*out = k->identity;
		return true;
	}
	if (!open_identity(v, a, &identity, e)) {
		e->code = ERR_INPUT;
		return false;
	}
	k = ARENA_NEW(&list->arena, struct known_identity);
	*k = (struct known_identity){ list->first, api_identity_store(&list->arena, a), identity };
	list->first = k;
	*out = identity;
	return true;
}

/* ---- user and password ---- */

bool access_basic(const struct driver_session *v, const struct http_access *a, struct secret *out,
		  struct err *e)
{
	const struct secret *password = NULL;
	AUTO(secret) both = { 0 };

	if (!driver_secret(v, &a->password, &password, e))
		return false;
	secret_add(&both, a->user, strlen(a->user));
	secret_add(&both, ":", 1);
	secret_add(&both, password->bytes, password->len);
	secret_copy(out, "Basic ", 6);
	text_base64_secret(out, both.bytes, both.len);
	return true;
}
