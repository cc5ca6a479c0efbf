/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/etcd_session.h"

#include "base/text.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <string.h>

const struct etcd_entry etcd_entries[ETCD_ENTRIES] = {
	{ "certificate", FILE_KIND_LEAF },    { "chain", FILE_KIND_CHAIN },
	{ "fullchain", FILE_KIND_FULLCHAIN }, { "key", FILE_KIND_KEY },
	{ "fingerprint", FILE_KIND_COUNT },
};

void etcd_job_pieces(const struct job *j, struct pair_files *out)
{
	unsigned parts = 0;

	for (size_t i = 0; i < ETCD_ENTRIES; i++)
		if (etcd_entries[i].part != FILE_KIND_COUNT)
			parts |= 1U << etcd_entries[i].part;
	pair_files_of_pair(out, parts, j->set, j->key);
}

void etcd_entry_value(const struct job *j, const struct pair_files *pieces,
		      const struct etcd_entry *entry, struct secret *out)
{
	if (entry->part == FILE_KIND_COUNT)
		text_base64_secret(out, j->fingerprint, strlen(j->fingerprint));
	else
		text_base64_secret(out, pieces->parts[entry->part].bytes.bytes,
				   pieces->parts[entry->part].bytes.len);
}

static void put_part(struct driver_session *v, const struct etcd_entry *entry)
{
	struct etcd_session *t = etcd_session(v);
	const char *name = etcd_name(v, entry->name);
	const json_t *found = etcd_find(t->reply, name);
	AUTO(secret) text = { 0 };

	if (found && etcd_plain(found, &text))
		reported_pair_set(&t->held, entry->part, name, &text);
	else
		reported_pair_missing(&t->held, entry->part, name);
}

/* Entries written in one transaction have the same revision; returns the damage or NULL. */
static const char *written_apart(const struct driver_session *v)
{
	const struct etcd_session *t = etcd_session(v);
	const char *first = etcd_revision(etcd_find(t->reply, etcd_name(v, etcd_entries[0].name)));

	for (size_t i = 1; i < ETCD_ENTRIES; i++) {
		const char *name = etcd_name(v, etcd_entries[i].name);

		if (strcmp(etcd_revision(etcd_find(t->reply, name)), first))
			return arena_printf(v->job->arena,
					    "'%s' was not written together with the certificate",
					    name);
	}
	return NULL;
}

void etcd_judge(struct driver_session *v, bool with_key)
{
	struct etcd_session *t = etcd_session(v);
	struct installed_pair *verdict = &t->held.verdict;

	for (size_t i = 0; i < ETCD_ENTRIES; i++)
		if (etcd_entries[i].part != FILE_KIND_COUNT &&
		    (with_key || etcd_entries[i].part != FILE_KIND_KEY))
			put_part(v, &etcd_entries[i]);
	reported_pair_check(&t->held, v->job->arena);
	if (verdict->fingerprint && *verdict->fingerprint && !verdict->damage)
		verdict->damage = written_apart(v);
}

bool etcd_holds(const struct driver_session *v, const char *fingerprint)
{
	return reported_pair_is(&etcd_session(v)->held, fingerprint);
}

const char *etcd_leaf(const struct driver_session *v, const char *name)
{
	const json_t *found = etcd_find(etcd_session(v)->reply, name);
	struct cert_facts facts = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	AUTO(secret) text = { 0 };
	struct err ignored = { 0 };

	if (!found || !etcd_plain(found, &text) ||
	    !pem_read_certs((const char *)text.bytes, text.len, v->arena, &certs, &count,
			    &ignored) ||
	    !count || !foreign_cert(certs[0], v->arena, &facts, &ignored))
		return "";
	return facts.fingerprint;
}
