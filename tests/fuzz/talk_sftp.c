/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another machine shows over SFTP, and what our script says there: for
 * each thing that was asked its result, kind, mode, owner and status, then
 * its text.
 */
#include "talk.h"

#include "drivers/driver_table.h"

static const struct talk_partner partners[] = {
	{ .driver = &sftp_driver,
	  .deliver = "{sftp: {url: \"sftp://deploy@web7.example:22\", directory: /etc/tls/site}}",
	  .activate = "{command: [sudo, systemctl, reload, nginx]}" },
};

void fuzz_one(const uint8_t *bytes, size_t len)
{
	talk(&partners[0], bytes, len);
}

#define NEXT "\n---\n"
#define WHO "01000certfleet uid 0\ncertfleet groups 0 4 27\n" NEXT
#define VERSION "0020%C" NEXT "0020" NEXT "0020%C" NEXT "0020%K" NEXT "0020%A" NEXT
#define DIRECTORY "0110" NEXT

/* As they are asked: who, /etc, /etc/tls, store, list, staged, site, ... */
void fuzz_seeds(void)
{
	/* nothing is there yet */
	talk_seed("00" WHO DIRECTORY DIRECTORY "1000" NEXT "1000" NEXT "1000" NEXT "1000" NEXT
		  "1000" NEXT "1000" NEXT "1000" NEXT "00" WHO "0001000" NEXT "0020%C" NEXT
		  "0020%K" NEXT "0020%C" NEXT "0020%K" NEXT "00" WHO);
	/* a version is staged and on */
	talk_seed("00" WHO DIRECTORY DIRECTORY DIRECTORY "0000%f\ncurrent\n.new\nfound-1" NEXT
		  "0200%f" NEXT "0200.site.certfleet/%f" NEXT "0200" NEXT
		  "0200.site.certfleet/%f" NEXT "1000" NEXT "00" VERSION VERSION "00" WHO);
	/* a version is staged and nothing is on */
	talk_seed("00" WHO DIRECTORY DIRECTORY DIRECTORY "0000%f\nstaged" NEXT "0200%f" NEXT
		  "1000" NEXT "1000" NEXT "1000" NEXT "1000" NEXT "00" VERSION "00" WHO);
	/* a real directory of somebody else */
	talk_seed("00" WHO DIRECTORY DIRECTORY "1000" NEXT "1000" NEXT "1000" NEXT
		  "1000" NEXT DIRECTORY "2000not a link" NEXT
		  "0000fullchain.pem\nkey.pem\nnotes" NEXT "000020%C" NEXT "0020%K" NEXT
		  "0020hello" NEXT);
	/* the same, and a version is staged beside it */
	talk_seed("00" WHO DIRECTORY DIRECTORY DIRECTORY "0000%f\nstaged" NEXT "0200%f" NEXT
		  "2000not a link" NEXT DIRECTORY "2000not a link" NEXT
		  "0000fullchain.pem\nkey.pem" NEXT "000020%C" NEXT "0020%K" NEXT VERSION "00" WHO);
	/* a real directory that holds one name twice */
	talk_seed("00" WHO DIRECTORY DIRECTORY "1000" NEXT "1000" NEXT "1000" NEXT
		  "2000not a link" NEXT DIRECTORY "2000not a link" NEXT "0000key.pem\nkey.pem" NEXT
		  "000020%K" NEXT "0020%K" NEXT);
	/* a script that fails without a word */
	talk_seed("00" WHO DIRECTORY DIRECTORY "1000" NEXT "1000" NEXT "1000" NEXT "1000" NEXT
		  "1000" NEXT "1000" NEXT "1000" NEXT "0020003" NEXT);
	talk_seed("0020000This account is not available" NEXT);
	talk_seed("0001000certfleet uid 7\ncertfleet lacks flock\n"
		  "certfleet closed /etc/tls\n" NEXT DIRECTORY);
	talk_seed("80");
	seed_many("00100" WHO DIRECTORY DIRECTORY DIRECTORY "0000", "a\n", "");
	seed_many("0010001000", "certfleet groups 1\n", "");
	seed_many("0010001000certfleet uid 0\ncertfleet groups ", "1 ", "");
}
