/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime API of an HAProxy answers. */
#include "talk.h"

#include "drivers/driver_table.h"

static const struct talk_partner partner = {
	.driver = &haproxy_driver,
	.deliver = "{haproxy: {socket: /run/haproxy.sock, certificate: %/site.pem}}",
};

/* The file that HAProxy loads holds our pair. */
static void install(void)
{
	struct job job = { .component = talk_component(&partner),
			   .fingerprint = fuzz_pair()->facts.fingerprint,
			   .set = &fuzz_pair()->set,
			   .key = &fuzz_pair()->key };
	AUTO(arena) a = { 0 };
	struct job *j = &job;

	j->arena = &a;
	j->verb = DRIVER_STAGE;
	drivers_run(talk_drivers, j, 1);
	HOLDS(j->done);
	j->verb = DRIVER_COMMIT;
	drivers_run(talk_drivers, j, 1);
	HOLDS(j->done);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	static bool installed;

	if (!installed)
		install();
	installed = true;
	talk(&partner, bytes, len);
}

#define NEXT "\n---\n"

void fuzz_seeds(void)
{
	AUTO(arena) a = { 0 };
	const char *show = arena_printf(&a,
					"00Name: HAProxy\nVersion: 2.6.12-1+deb12u1\n\n"
					"Filename: /site.pem\nStatus: Used\n"
					"SHA1 FingerPrint: %s\n",
					cert_sha1(fuzz_pair()->set.certs[0], &a));

	talk_seed(show);
	talk_seed(arena_printf(&a, "%s%s%s%s%s",
			       "00Transaction created for certificate /site.pem!\n" NEXT,
			       "00Committing /site.pem.\nSuccess!\n", NEXT, show, NEXT));
	talk_seed("00unable to load certificate\n" NEXT "00" NEXT);
	talk_seed("00Transaction updated for certificate\n" NEXT "00Can't commit\n" NEXT
		  "00Transaction aborted\n");
	talk_seed("00" NEXT);
	talk_seed("80");
	seed_many("00100", "Version: 1\n", "");
	seed_many("00100", "\n", "");
	seed_many("40100", "Transaction ", "");
}
