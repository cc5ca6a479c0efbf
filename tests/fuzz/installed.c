/* SPDX-License-Identifier: Apache-2.0 */
/* Files that stand where a pair shall be delivered to, on this machine. */
#include "harness.h"

#include "install/install.h"
#include "pki/pair.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = { "cert.pem", "key.pem", "chain.pem", "all.pem" };

static const char *at_folder(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", fuzz_folder(), name);
}

static void look(const struct install *i)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) key = { 0 };
	struct observation seen = { 0 };
	struct cert_set set = { 0 };
	struct err e = { 0 };

	install_probe(i, &a, &seen);
	HOLDS(seen.installed || seen.error);
	if (install_read(i, &a, &set, &key, &e))
		HOLDS(set.count);
}

/* Certificate, key, chain and all in one, with a line "---" between. */
void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	AUTO(arena) a = { 0 };
	const struct install paths = { .certificate = at_folder(&a, names[0]),
				       .key = at_folder(&a, names[1]),
				       .chain = at_folder(&a, names[2]) };
	const struct install one = { .combined = at_folder(&a, names[3]) };

	for (int i = 0; i < 4; i++) {
		size_t size = 0;
		const char *text = feed_part(&f, &a, &size);

		if (*text || size)
			HOLDS(!chmod(fuzz_file(names[i], text, size), 0600));
		else
			unlink(at_folder(&a, names[i]));
	}
	look(&paths);
	look(&one);
}

void fuzz_seeds(void)
{
	const struct pair *p = fuzz_pair();
	AUTO(buf) out = { 0 };
	AUTO(secret) key = { 0 };

	pem_add_certs(&out, p->set.certs, p->set.count);
	buf_puts(&out, "\n---\n");
	pem_add_key(&key, &p->key);
	buf_add(&out, key.bytes, key.len);
	buf_puts(&out, "\n---\n");
	pem_add_certs(&out, &p->set.anchor, 1);
	buf_puts(&out, "\n---\n");
	seed(out.data, out.len);
	buf_add(&out, key.bytes, key.len);
	pem_add_certs(&out, p->set.certs, p->set.count);
	seed(out.data, out.len);
	seed_text("hello\n---\n\n---\nworld");
	seed_much_pem();
}
