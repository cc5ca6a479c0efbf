/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/zip.h"

#include "base/secret.h"

#include <stdint.h>
#include <string.h>

/* APPNOTE 4.3: signatures as little-endian numbers, sizes without names. */
enum {
	LOCAL_SIGNATURE = 0x04034b50,
	CENTRAL_SIGNATURE = 0x02014b50,
	DESCRIPTOR_SIGNATURE = 0x08074b50,
	END_SIGNATURE = 0x06054b50,

	LOCAL_BYTES = 30,
	CENTRAL_BYTES = 46,
	DESCRIPTOR_BYTES = 16,
	END_BYTES = 22,

	FLAG_DESCRIPTOR = 1 << 3,
	/* encrypted, deflate level, descriptor, UTF-8 */
	FLAGS_ALLOWED = 1 << 0 | 3 << 1 | FLAG_DESCRIPTOR | 1 << 11,
};

/*
 * Extra fields for times, Unix owner and WinZip's AES; other ones may hold a
 * second name.
 */
static const uint16_t allowed_extras[] = { 0x5455, 0x7875, 0x9901 };

/* Bytes not parsed yet. */
struct rest {
	const uint8_t *at;
	size_t left;
};

/* Common part of the local and the central header of an entry. */
struct zip_header {
	uint16_t needed;
	uint16_t flags;
	uint16_t method;
	uint32_t time; /* and date */
	uint32_t checksum;
	uint32_t packed;
	uint32_t size;
	const uint8_t *name;
	uint16_t name_len;
};

static uint16_t number16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t number32(const uint8_t *at)
{
	return (uint32_t)number16(at) | (uint32_t)number16(at + 2) << 16;
}

/* Takes `len` bytes; NULL when fewer are left. */
static const uint8_t *zip_layout_take(struct rest *r, size_t len)
{
	const uint8_t *taken = r->at;

	if (len > r->left)
		return NULL;
	r->at += len;
	r->left -= len;
	return taken;
}

static const uint8_t *take_signed(struct rest *r, size_t len, uint32_t signature)
{
	const uint8_t *taken = zip_layout_take(r, len);

	return taken && number32(taken) == signature ? taken : NULL;
}

static bool extra_is_allowed(uint16_t id)
{
	for (size_t i = 0; i < sizeof(allowed_extras) / sizeof(*allowed_extras); i++)
		if (allowed_extras[i] == id)
			return true;
	return false;
}

static bool take_extras(struct rest *r, uint16_t len)
{
	struct rest extras = { zip_layout_take(r, len), len };

	if (!extras.at)
		return false;
	while (extras.left) {
		const uint8_t *head = zip_layout_take(&extras, 4);

		if (!head || !extra_is_allowed(number16(head)) ||
		    !zip_layout_take(&extras, number16(head + 2)))
			return false;
	}
	return true;
}

/* Parses the common part at `at`, with name and extra fields from `r`. */
static bool zip_layout_take_header(struct rest *r, const uint8_t *at, struct zip_header *out)
{
	*out = (struct zip_header){
		.needed = number16(at),
		.flags = number16(at + 2),
		.method = number16(at + 4),
		.time = number32(at + 6),
		.checksum = number32(at + 10),
		.packed = number32(at + 14),
		.size = number32(at + 18),
		.name_len = number16(at + 22),
	};
	out->name = zip_layout_take(r, out->name_len);
	return out->name && !(out->flags & ~FLAGS_ALLOWED) && take_extras(r, number16(at + 24));
}

/* With a data descriptor after the data, a local number may be 0. */
static bool same_number(const struct zip_header *local, uint32_t before, uint32_t due)
{
	return before == due || (before == 0 && local->flags & FLAG_DESCRIPTOR);
}

static bool same_header(const struct zip_header *local, const struct zip_header *central)
{
	return local->needed == central->needed && local->flags == central->flags &&
	       local->method == central->method && local->time == central->time &&
	       same_number(local, local->checksum, central->checksum) &&
	       same_number(local, local->packed, central->packed) &&
	       same_number(local, local->size, central->size) &&
	       local->name_len == central->name_len &&
	       memcmp(local->name, central->name, local->name_len) == 0;
}

/*
 * Takes the entry at the front of `r`, data included, if it matches its central
 * header.
 */
static bool take_local(struct rest *r, const struct zip_header *central)
{
	struct zip_header local = { 0 };
	const uint8_t *head = take_signed(r, LOCAL_BYTES, LOCAL_SIGNATURE);

	if (!head || !zip_layout_take_header(r, head + 4, &local) ||
	    !same_header(&local, central) || !zip_layout_take(r, central->packed))
		return false;
	if (!(local.flags & FLAG_DESCRIPTOR))
		return true;

	const uint8_t *tail = take_signed(r, DESCRIPTOR_BYTES, DESCRIPTOR_SIGNATURE);

	return tail && number32(tail + 4) == central->checksum &&
	       number32(tail + 8) == central->packed && number32(tail + 12) == central->size;
}

/*
 * Takes a central header and its entry: comment length and disk number must be
 * 0, the offset that of the entry.
 */
static bool take_central(struct rest *directory, struct rest *data, size_t offset,
			 const struct bundle_entry *found)
{
	struct zip_header central = { 0 };
	const uint8_t *head = take_signed(directory, CENTRAL_BYTES, CENTRAL_SIGNATURE);

	return head && zip_layout_take_header(directory, head + 6, &central) &&
	       number32(head + 32) == 0 && number32(head + 42) == offset &&
	       central.size == found->len && central.name_len == strlen(found->name) &&
	       !memcmp(central.name, found->name, central.name_len) && take_local(data, &central);
}

/* Splits off the directory, whose end record must end the archive. */
static bool split(struct bytes zip, size_t count, struct rest *data, struct rest *directory)
{
	struct rest all = { zip.data, zip.len };

	if (zip.len < END_BYTES)
		return false;

	const uint8_t *end = all.at + zip.len - END_BYTES;
	size_t size = number32(end + 12);
	size_t offset = number32(end + 16);

	if (number32(end) != END_SIGNATURE || number32(end + 4) != 0 ||
	    number16(end + 8) != count || number16(end + 10) != count || number16(end + 20) != 0 ||
	    offset > zip.len - END_BYTES || size != zip.len - END_BYTES - offset)
		return false;
	*data = (struct rest){ zip_layout_take(&all, offset), offset };
	*directory = (struct rest){ zip_layout_take(&all, size), size };
	return true;
}

bool zip_layout_check(struct bytes zip, const struct entries *found, struct err *e)
{
	struct rest data = { 0 };
	struct rest directory = { 0 };

	if (!split(zip, found->count, &data, &directory))
		return err_set(
			e, ERR_INPUT,
			"the archive does not end with its directory, or that names other entries than there are");
	for (size_t i = 0; i < found->count; i++) {
		size_t offset = (size_t)(data.at - (const uint8_t *)zip.data);

		if (!take_central(&directory, &data, offset, &found->items[i]))
			return err_set(e, ERR_INPUT,
				       "entry '%s' differs from the directory of the archive",
				       found->items[i].name);
	}
	return (data.left == 0 && directory.left == 0) ||
	       err_set(e, ERR_INPUT, "the archive has bytes that belong to no entry");
}

/* ---- joining ---- */

static void zip_put_number(uint8_t *at, size_t bytes, size_t number)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

/* Part of an archive under construction. */
struct zip_part {
	struct rest data;
	struct rest directory;
	size_t count;
};

static bool part_read(const struct secret *zip, struct zip_part *out)
{
	if (zip->len < END_BYTES)
		return false;
	out->count = number16(zip->bytes + zip->len - END_BYTES + 8);
	return split((struct bytes){ zip->bytes, zip->len }, out->count, &out->data,
		     &out->directory);
}

static void add_rest(struct secret *out, struct rest r)
{
	memcpy(out->bytes + out->len, r.at, r.left);
	out->len += r.left;
}

/* Adds the directory of a part whose data begin at `offset`. */
static bool add_directory(struct secret *out, struct rest directory, size_t offset)
{
	uint8_t *to = out->bytes + out->len;

	add_rest(out, directory);
	while (directory.left) {
		const uint8_t *head = take_signed(&directory, CENTRAL_BYTES, CENTRAL_SIGNATURE);

		if (!head ||
		    !zip_layout_take(&directory, (size_t)number16(head + 28) + number16(head + 30) +
							 number16(head + 32)))
			return false;
		zip_put_number(to + 42, 4, number32(head + 42) + offset);
		to += directory.at - head;
	}
	return true;
}

static void add_end(struct secret *out, size_t count, size_t offset)
{
	uint8_t *end = out->bytes + out->len;

	zip_put_number(end, 4, END_SIGNATURE);
	zip_put_number(end + 8, 2, count);
	zip_put_number(end + 10, 2, count);
	zip_put_number(end + 12, 4, out->len - offset);
	zip_put_number(end + 16, 4, offset);
	out->len += END_BYTES;
}

bool zip_join(const struct secret *parts, size_t count, struct secret *out, struct err *e)
{
	AUTO(secret) zip = { 0 };
	struct zip_part part = { 0 };
	size_t room = END_BYTES;
	size_t entries = 0;
	size_t offset = 0;
	bool good = true;

	for (size_t i = 0; i < count; i++)
		room += parts[i].len;
	secret_alloc(&zip, room);
	zip.len = 0;
	for (size_t i = 0; i < count && good; i++) {
		good = part_read(&parts[i], &part);
		if (good)
			add_rest(&zip, part.data);
	}

	const size_t data = zip.len;

	for (size_t i = 0; i < count && good; i++) {
		good = part_read(&parts[i], &part) && add_directory(&zip, part.directory, offset);
		offset += part.data.left;
		entries += part.count;
	}
	if (!good)
		return err_set(e, ERR_CRYPTO, "cannot join the parts of the archive");
	add_end(&zip, entries, data);
	*out = TAKE(zip);
	return true;
}
