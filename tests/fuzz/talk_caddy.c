/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin API of a Caddy answers. */
#include "talk.h"

#include "drivers/driver_table.h"

static const struct talk_partner partner = {
	.driver = &caddy_driver,
	.deliver = "{caddy: {admin: \"http://127.0.0.1:2019\", id: site}}",
};

void fuzz_one(const uint8_t *bytes, size_t len)
{
	talk(&partner, bytes, len);
}

#define NEXT "\n---\n"
#define OBJECT                                                       \
	"01{\"@id\":\"site\",\"certificate\":\"%c\",\"key\":\"%k\"," \
	"\"tags\":[\"a\"]}"

void fuzz_seeds(void)
{
	talk_seed(OBJECT NEXT "00" NEXT OBJECT);
	talk_seed("01{\"@id\":\"site\",\"certificate\":\"-----\",\"key\":\"-----\"}" NEXT
		  "00" NEXT OBJECT);
	talk_seed("20{\"error\":\"unknown object ID 'site'\"}" NEXT);
	talk_seed(OBJECT NEXT "30{\"error\":\"stale\"}" NEXT);
	talk_seed(OBJECT NEXT "50{\"error\":\"-----BEGIN\"}" NEXT);
	talk_seed("80");
}
