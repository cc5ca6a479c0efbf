/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel of handshakes between the halves of an agent: what the half
 * with the key answers, and what it is asked to sign.
 */
#include "harness.h"

#include "agent/network_half.h"
#include "pki/pair.h"

#include <sys/socket.h>
#include <unistd.h>

/* The other half has said all of this before anything is asked. */
static void ask_all(const uint8_t *bytes, size_t len)
{
	AUTO(arena) a = { 0 };
	struct ipc key = NO_CHANNEL;
	const struct tls_key_holder holder = key_proxy_holder(&key);
	const struct tls_signing what = { .text = { bytes, len } };
	struct tls_identity identity = { 0 };
	struct der signature = { 0 };
	uint64_t revision = 0;
	int ends[2];
	struct err e = { 0 };

	HOLDS(ipc_pair(ends, &e));
	HOLDS(write(ends[1], bytes, len) == (ssize_t)len);
	shutdown(ends[1], SHUT_WR);
	key = ipc_of(ends[0]);
	if (holder.revision(holder.ctx, &revision) && holder.identity(holder.ctx, &a, &identity))
		(void)holder.sign(holder.ctx, &what, &a, &signature);
	ipc_release(&key);
	close(ends[1]);
}

static void sign(const uint8_t *bytes, size_t len)
{
	static struct tls_key *key;
	struct feed f = { bytes, len };
	AUTO(arena) a = { 0 };
	struct tls_signing what = { .revision = 1 };
	struct der signature = { 0 };
	struct err e = { 0 };

	if (!key)
		HOLDS(tls_key_open(&fuzz_pair()->key, &key, &e));
	what.algorithm = (int)feed_byte(&f);
	what.hashed = feed_byte(&f) & 1;
	what.text = (struct der){ f.at, f.left };
	TRY(tls_key_sign(key, &what, &a, &signature, &e));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	ask_all(bytes, len);
	sign(bytes, len);
}

/* ---- seeds ---- */

static void frame(struct buf *out, uint32_t kind, uint32_t number, const struct secret *body)
{
	const struct ipc_header head = { kind, number, (uint32_t)body->len };

	buf_add(out, &head, sizeof(head));
	buf_add(out, body->bytes, body->len);
}

static void seed_answers(void)
{
	const struct der leaf = fuzz_pair()->set.certs[0];
	AUTO(secret) revision = { 0 };
	AUTO(secret) identity = { 0 };
	AUTO(buf) out = { 0 };
	struct fields f = fields_begin(&revision, 8);

	fields_put_number(&f, 1);
	f = fields_begin(&identity, 16 + leaf.len);
	fields_put_number(&f, 1);
	fields_put_number(&f, leaf.len);
	fields_put(&f, leaf.bytes, leaf.len);
	frame(&out, MESSAGE_REVISION, 1, &revision);
	frame(&out, MESSAGE_IDENTITY, 2, &identity);
	frame(&out, MESSAGE_SIGN, 3, &revision);
	seed(out.data, out.len);
}

void fuzz_seeds(void)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	AUTO(buf) out = { 0 };

	seed_answers();
	buf_add(&out, "\x0f\x00", 2); /* GNUTLS_SIGN_EDDSA_ED25519 or so */
	for (int i = 0; i < 64; i++)
		buf_putc(&out, ' ');
	buf_add(&out, context, sizeof(context));
	buf_puts(&out, "0123456789abcdef0123456789abcdef");
	seed(out.data, out.len);
}
