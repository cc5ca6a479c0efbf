/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files that are read by hand: pidfiles, secrets and passphrases,
 * tokens, what an agent was told last.  No process is signalled.
 */
#include "harness.h"

#include "agent/order_log.h"
#include "crypto/passphrase.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "install/activate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int __wrap_pidfd_open(pid_t pid, unsigned flags);
int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
	(void)flags;
	HOLDS(pid > 1);
	errno = ESRCH;
	return -1;
}

static void read_pidfile(const char *path)
{
	const struct activate how = { .kind = ACTIVATE_SIGNAL, .signal = SIGHUP, .pidfile = path };
	const struct activation_order o = { .how = &how, .component = "c" };
	AUTO(arena) a = { 0 };
	const char *executable = NULL;
	struct err e = { 0 };

	HOLDS(!install_activate(&o, &a, &executable, &e) && e.code != ERR_NONE);
}

static void read_secret(const struct secret_ref *ref)
{
	struct engine engine = { .beneath = -1 };
	const struct secret *out = NULL;
	struct err e = { 0 };

	TRY(engine_secret(&engine, ref, &out, &e));
	engine_forget_secrets(&engine);
	arena_release(&engine.arena);
}

/* setenv() would keep each value for ever. */
static void set_variable(const char *text, size_t len)
{
	static char variable[4096] = "CERTFLEET_FUZZ=";
	const size_t head = sizeof("CERTFLEET_FUZZ=") - 1;

	len = strnlen(text, len < 4000 ? len : 4000);
	memcpy(variable + head, text, len);
	variable[head + len] = '\0';
	HOLDS(!putenv(variable));
}

static void read_secrets(const char *path, const char *text, size_t len)
{
	const struct secret_ref file = { .kind = SECRET_FILE, .name = path };
	const struct secret_ref env = { .kind = SECRET_ENV, .name = "CERTFLEET_FUZZ" };
	AUTO(secret) passphrase = { 0 };
	struct err e = { 0 };

	read_secret(&file);
	set_variable(text, len);
	read_secret(&env);
	secret_copy(&passphrase, text, len);
	TRY(passphrase_is_strong(&passphrase, &e));
}

static void read_ordered(const void *bytes, size_t len)
{
	const struct agent_config config = { .state = fuzz_folder() };
	AUTO(arena) a = { 0 };
	struct order_record o = { 0 };
	struct err e = { 0 };

	HOLDS(!chmod(fuzz_file("web.json", bytes, len), 0600));
	if (order_log_read(&config, "web", &a, &o, &e) && o.lineage)
		HOLDS(o.end < ORDER_END_COUNT && o.sequence > 0);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(secret) text = secret_of(bytes, len);
	const char *path = fuzz_file("small", bytes, len);

	HOLDS(!chmod(path, 0600));
	read_pidfile(path);
	read_secrets(path, (const char *)text.bytes, len);
	read_ordered(bytes, len);
}

void fuzz_seeds(void)
{
	seed_text("4194303\n");
	seed_text("17 \r\n/var/lib/postgresql\n");
	seed_text("1\n");
	seed_text("correct horse battery staple\r\n");
	seed_text(
		"{\"end\":\"open\",\"expires\":1800000000,\"fingerprint\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"lineage\":\"5f2c\",\"sequence\":7}");
	seed_many("", "[", "");
	seed_many("", "{\"a\":", "");
	seed_many("[", "1,", "1]");
	seed_many("{\"a\":\"", "\\u0041", "\"}");
}
