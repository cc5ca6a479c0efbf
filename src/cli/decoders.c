/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "agent/signer_cache.h"
#include "appmon/appmon_read.h"
#include "bundle/bundle.h"
#include "bundle/pem_zip.h"
#include "pki/csr.h"
#include "pki/foreign.h"
#include "pki/import.h"

decode_fn *const decoders[] = {
	import_decode,
	csr_decode,
	foreign_decode_facts,
	foreign_decode_key,
	foreign_decode_pair,
	foreign_decode_complete,
	signers_decode,
	bundle_decode_head,
	bundle_decode_outer,
	bundle_decode_keys,
	appmon_decode,
	pem_zip_decode,
	NULL,
};
