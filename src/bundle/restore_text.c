/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/assembly.h"

#include "base/clock.h"
#include "base/text.h"
#include "bundle/bundle_layout.h"

#include <inttypes.h>
#include <string.h>

static const char how_to_open[] =
	"2. Unpack the keys. openssl asks for the backup passphrase; it is never\n"
	"   seen in an argument or written to a file:\n"
	"\n";

static const char how_to_open_others[] =
	"   Any of several passphrases opens this bundle, and each line is for\n"
	"   one of them: answer with yours until openssl no longer says\n"
	"   \"bad decrypt\".\n"
	"\n";

static const char how_to_take[] = "2. Unpack the keys. THEY ARE NOT ENCRYPTED in this bundle:\n"
				  "\n"
				  "    7z x -y keys.zip\n"
				  "\n";

static const char where_it_is[] =
	"3. Each key is now beside its certificate:\n"
	"\n"
	"   certificates/NAME/leaf.pem           the certificate\n"
	"   certificates/NAME/chain.pem          what a server sends after it\n"
	"   certificates/NAME/key.pem            its private key\n"
	"   certificates/NAME/NUMBER/...         earlier generations of it\n"
	"   issuers/NAME/...                     authorities, the same way\n"
	"   config/...                           the fleet file and what it includes\n"
	"\n"
	"   In names, bytes other than letters, digits and . _ - are %XX. A\n"
	"   file that is not there was not needed, or its key is kept elsewhere.\n";

static const char what_is_checked[] =
	"\n"
	"manifest.json says what everything is and has the SHA-256 of each file.\n"
	"'certfleet backup verify' checks each step, which unpacking by hand does\n"
	"not.\n";

static void add_first(const struct bundle *b, const char *file, struct buf *out)
{
	char when[TIME_TEXT];

	buf_puts(out, "Backup of the certificates and keys of fleet '");
	text_escape(out, b->fleet, strlen(b->fleet));
	buf_printf(out, "',\nmade by certfleet at %s (serial %" PRId64 ").\n\n",
		   time_format(b->created, when), b->serial);
	buf_printf(out,
		   "With certfleet, in the directory of the fleet file:\n"
		   "'certfleet backup restore %s'\n"
		   "rebuilds the state with all keys. Without a fleet file, add '--config .'\n"
		   "for the one in this bundle.\n\n",
		   file);
	buf_printf(out,
		   "Without certfleet you need 7z (p7zip) and openssl 1.1.1 or later.\n\n"
		   "1. Unpack this file into a new directory that only you can read:\n\n"
		   "    umask 077\n"
		   "    mkdir restore && cd restore\n"
		   "    7z x ../%s\n\n",
		   file);
}

/* The commands that show whether a key belongs to its certificate, for the first one. */
static void add_comparison(const struct bundle *b, struct buf *out)
{
	AUTO(arena) a = { 0 };
	size_t i = 0;

	while (i < b->item_count && (!b->items[i].key_pem.len || !*b->items[i].leaf_pem))
		i++;
	if (i == b->item_count)
		return;

	const char *directory = layout_directory(b, i, &a);

	buf_printf(out,
		   "   To see that a key belongs to its certificate, compare:\n\n"
		   "    openssl pkey -in %s/key.pem -pubout\n"
		   "    openssl x509 -in %s/leaf.pem -noout -pubkey\n",
		   directory, directory);
}

void restore_text(const struct bundle *b, size_t recipients, struct buf *out)
{
	AUTO(arena) a = { 0 };

	add_first(b, bundle_file_name(b, &a), out);
	buf_puts(out, recipients ? how_to_open : how_to_take);
	for (size_t i = 0; i < recipients; i++)
		buf_printf(
			out,
			"    openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -in %s | cut -c1-64 | 7z x -y keys.zip%s\n",
			layout_recipient(i, &a), i + 1 < recipients ? " ||" : "");
	if (recipients)
		buf_puts(out, "\n");
	if (recipients > 1)
		buf_puts(out, how_to_open_others);
	buf_puts(out, where_it_is);
	add_comparison(b, out);
	buf_puts(out, what_is_checked);
}
