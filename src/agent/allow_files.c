/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trust_grant.h"

#include "base/alloc.h"
#include "base/diag.h"
#include "base/trusted_file.h"
#include "config/load.h"
#include "pki/client_auth.h"
#include "pki/issue.h"
#include "pki/pair.h"

#include <string.h>

enum grant_file {
	GRANT_CONFIG,
	GRANT_ALLOW,
	GRANT_AUTHORITY,
	GRANT_FILES
};

struct allow_files {
	const struct agent_config *start;
	struct agent_config now;
	struct buf authority;
	struct file_stamp stamps[GRANT_FILES];
	uint64_t revision;
	bool closed; /* no client is allowed */
};

/* ---- reading ---- */

/* Copies the keys that a configuration without a file keeps for good. */
static void take_list(const struct agent_config *from, struct agent_config *to)
{
	*to = (struct agent_config){ .client_ca = from->client_ca,
				     .allow_file = from->allow_file,
				     .clients = from->clients,
				     .client_count = from->client_count };
}

/*
 * Checks that the grants are usable: with unusable ones all clients would be
 * refused without a reason.
 */
static bool allow_files_read_all(const struct agent_config *start, struct agent_config *config,
				 struct buf *authority, struct err *e)
{
	AUTO(client_auth) tried = NULL;
	AUTO(diags) diags = { 0 };

	if (!start->path)
		take_list(start, config);
	else if (!load_agent(start->path, subject_canonical, config, &diags, e))
		return false;
	if (!trust_grant_read(config, e))
		return false;
	if (!trusted_file_text(config->client_ca, INPUT_FILE_LIMIT, authority, e))
		return err_in(e, "cannot read the list of allowed clients");
	return client_auth_new(config, authority->data, authority->len, &tried, e) ||
	       err_in(e, "'%s'", config->client_ca);
}

static bool take_stamps(const struct allow_files *g, struct file_stamp out[GRANT_FILES],
			struct err *e)
{
	const char *const paths[GRANT_FILES] = {
		[GRANT_CONFIG] = g->start->path,
		[GRANT_ALLOW] = g->now.allow_file,
		[GRANT_AUTHORITY] = g->now.client_ca,
	};

	for (size_t i = 0; i < GRANT_FILES; i++) {
		AUTO(trusted_file) f = { 0 };

		if (paths[i] && !trusted_file_open(paths[i], TRUSTED_PUBLIC, &f, e))
			return false;
		out[i] = f.stamp;
	}
	return true;
}

/* ---- life cycle ---- */

bool allow_files_open(const struct agent_config *config, struct allow_files **out, struct err *e)
{
	AUTO(allow_files) g = xcalloc(1, sizeof(*g));

	g->start = config;
	take_list(config, &g->now);
	/* before reading the files, so that the next refresh sees a change meanwhile */
	if (!take_stamps(g, g->stamps, e))
		return err_in(e, "cannot read the list of allowed clients");
	if (!allow_files_read_all(config, &g->now, &g->authority, e))
		return false;
	g->revision = 1;
	*out = TAKE(g);
	return true;
}

void allow_files_free(struct allow_files *g)
{
	if (!g)
		return;
	agent_config_release(&g->now);
	buf_release(&g->authority);
	free(g);
}

/* ---- changes ---- */

/* Keeps the paths, so that repaired files are noticed. */
static bool grants_close(struct allow_files *g)
{
	if (g->closed)
		return false;
	g->now.clients = NULL;
	g->now.client_count = 0;
	buf_release(&g->authority);
	g->authority = (struct buf){ 0 };
	g->closed = true;
	g->revision++;
	return true;
}

bool allow_files_refresh(struct allow_files *g, struct err *why)
{
	struct file_stamp stamps[GRANT_FILES] = { 0 };
	AUTO(agent_config) config = { 0 };
	AUTO(buf) authority = { 0 };
	size_t same = 0;

	*why = (struct err){ 0 };
	if (!take_stamps(g, stamps, why)) {
		memset(g->stamps, 0, sizeof(g->stamps));
		return grants_close(g);
	}
	while (same < GRANT_FILES && file_stamp_is_same(&g->stamps[same], &stamps[same]))
		same++;
	if (same == GRANT_FILES)
		return false;
	memcpy(g->stamps, stamps, sizeof(stamps));
	if (!allow_files_read_all(g->start, &config, &authority, why))
		return grants_close(g);
	/* when the paths have changed the next refresh reads once more: harmless */
	agent_config_release(&g->now);
	buf_release(&g->authority);
	g->now = TAKE(config);
	g->authority = TAKE(authority);
	g->closed = false;
	g->revision++;
	return true;
}

uint64_t allow_files_revision(const struct allow_files *g)
{
	return g->revision;
}

const struct agent_config *allow_files_config(const struct allow_files *g)
{
	return &g->now;
}

const struct buf *allow_files_authority(const struct allow_files *g)
{
	return &g->authority;
}
