/* SPDX-License-Identifier: Apache-2.0 */
/* Read scope: a confined engine reads only inside the fleet file's directory. */
#include "base/fs.h"
#include "engine/internal.h"

bool engine_is_confined(const struct engine *en)
{
	return en->beneath >= 0;
}

/* Path relative to the fleet file's directory. */
static const char *from_inside(const struct engine *en, const char *path)
{
	return fs_beneath(en->fleet->directory, path);
}

bool engine_may_look(const struct engine *en, const char *path)
{
	return !engine_is_confined(en) || !fs_leads_out(en->beneath, from_inside(en, path));
}

bool engine_read(const struct engine *en, const char *path, size_t limit, struct secret *out,
		 struct err *e)
{
	if (engine_is_confined(en))
		return fs_read_secret_beneath(en->beneath, from_inside(en, path), limit, out, e);
	return fs_read_secret(path, limit, out, e);
}
