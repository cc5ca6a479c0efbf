/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle_fixture.h"

static const char *const fixture_components[] = { "edge/e1", "front" };

struct bundle_item fixture_items[] = {
	{ .name = "shop",
	  .number = 2,
	  .fingerprint = HASH_B,
	  .spki = HASH_A,
	  .source = "issued",
	  .subject = "CN=shop.example.com",
	  .not_after = "2027-02-21T08:00:00Z",
	  .components = fixture_components,
	  .component_count = 2,
	  .leaf_pem = "-----BEGIN leaf of shop 2\n",
	  .chain_pem = "-----BEGIN chain of shop 2\n",
	  .anchor = HASH_B,
	  .record = "{\"b\":1,\"a\":[true,null,\"\\u00e9\"]}" },
	{ .name = "shop",
	  .number = 1,
	  .fingerprint = HASH_A,
	  .spki = HASH_B,
	  .source = "imported",
	  .leaf_pem = "leaf of shop 1\n" },
	{ .name = "per-host/edge/e 1",
	  .number = 7,
	  .fingerprint = HASH_A,
	  .source = "found",
	  .leaf_pem = "leaf of e1\n",
	  .chain_pem = "chain of e1\n" },
	{ .name = "shop", .is_issuer = true, .number = 1, .leaf_pem = "leaf of the issuer\n" },
};

struct bundle_file fixture_files[] = {
	{ "certfleet.yaml", "certfleet: 1\n", 13 },
	{ "../common.yaml", "a\0b", 3 },
	{ "/etc/empty.yaml", "", 0 },
};

struct bundle_anchor fixture_anchors[] = {
	{ HASH_B, "-----BEGIN root B\n" },
	{ HASH_A, "-----BEGIN root A\n" },
};

struct bundle_record fixture_records[] = {
	{ "component/front", "{\"name\":\"front\",\"order_given\":7}" },
	{ "accepted", "{\"keys\":[]}" },
};

struct bundle fixture_bundle(void)
{
	fixture_items[0].key_pem = SECRET_OF(KEY_MARK " of shop 2\n");
	fixture_items[1].key_pem = SECRET_OF(KEY_MARK " of shop 1\n");
	fixture_items[2].key_pem = (struct secret){ 0 };
	fixture_items[3].key_pem = SECRET_OF(KEY_MARK " of the issuer\n");
	return (struct bundle){
		.fleet = "shop",
		.lineage = "5f2c",
		.serial = 42,
		.created = 1795420800,
		.items = fixture_items,
		.item_count = 4,
		.files = fixture_files,
		.file_count = 3,
		.fleet_file = "certfleet.yaml",
		.anchors = fixture_anchors,
		.anchor_count = 2,
		.records = fixture_records,
		.record_count = 2,
	};
}
