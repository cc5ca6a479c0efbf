/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/assembly.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

static const char how_to_unpack[] =
	"1. Unpack this file into a new directory that only you can read:\n"
	"\n"
	"    umask 077\n"
	"    mkdir restore && cd restore\n"
	"    7z x ../BUNDLE.zip\n"
	"\n";

static const char how_to_open[] =
	"2. Unpack the keys. openssl asks once for the backup passphrase; it\n"
	"   is never seen in an argument or written to a file:\n"
	"\n"
	"    openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -in recipients/0.enc | cut -c1-64 | 7z x keys.zip\n"
	"\n";

static const char how_to_open_others[] =
	"   Each file in recipients/ is for one passphrase and opens the same\n"
	"   keys. If yours does not fit 0.enc (\"bad decrypt\"), remove what\n"
	"   7z left behind and try the others.\n"
	"\n";

static const char how_to_take[] = "2. Unpack the keys. THEY ARE NOT ENCRYPTED in this bundle:\n"
				  "\n"
				  "    7z x keys.zip\n"
				  "\n";

static const char where_it_is[] =
	"3. Each key is now beside its certificate:\n"
	"\n"
	"    certificates/NAME/leaf.pem           the certificate\n"
	"    certificates/NAME/chain.pem          what a server sends after it\n"
	"    certificates/NAME/key.pem            its private key\n"
	"    certificates/NAME/NUMBER/...         earlier generations of it\n"
	"    issuers/NAME/...                     authorities, the same way\n"
	"    config/...                           the fleet file and what it includes\n"
	"\n"
	"   In names, bytes other than letters, digits and . _ - are %XX. A\n"
	"   file that is not there was not needed, or its key is kept elsewhere.\n"
	"   To see that a key belongs to its certificate, compare:\n"
	"\n"
	"    openssl pkey -in certificates/NAME/key.pem -pubout\n"
	"    openssl x509 -in certificates/NAME/leaf.pem -noout -pubkey\n"
	"\n"
	"manifest.json says what everything is and has the SHA-256 of each file.\n"
	"'certfleet backup verify' checks each step, which unpacking by hand does\n"
	"not.\n";

void restore_text(const struct bundle *b, size_t recipients, struct buf *out)
{
	char when[TIME_TEXT];

	buf_puts(out, "Backup of the certificates and keys of fleet '");
	text_escape(out, b->fleet, strlen(b->fleet));
	buf_printf(out, "',\nmade by certfleet at %s (serial %" PRId64 ").\n",
		   time_format(b->created, when), b->serial);
	buf_puts(out, "You need 7z (p7zip) and openssl 1.1.1 or later, not certfleet.\n\n");
	buf_puts(out, how_to_unpack);
	buf_puts(out, recipients ? how_to_open : how_to_take);
	if (recipients > 1)
		buf_puts(out, how_to_open_others);
	buf_puts(out, where_it_is);
}
