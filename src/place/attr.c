/* SPDX-License-Identifier: Apache-2.0 */
#include "place/attr.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

enum {
	ACCOUNT_ROOM = 16 * 1024,
	INHERITED_KEY_MODE = 0640,
	INHERITED_CERTIFICATE_MODE = 0664,
};

static bool find_owner(const char *name, uid_t *out, struct err *e)
{
	char room[ACCOUNT_ROOM];
	struct passwd entry;
	struct passwd *found = NULL;

	if (!name)
		return true;
	if (getpwnam_r(name, &entry, room, sizeof(room), &found) || !found)
		return err_set(e, ERR_INPUT,
			       "there is no user '%s' on this machine", name);
	*out = found->pw_uid;
	return true;
}

static bool find_group(const char *name, gid_t *out, struct err *e)
{
	char room[ACCOUNT_ROOM];
	struct group entry;
	struct group *found = NULL;

	if (!name)
		return true;
	if (getgrnam_r(name, &entry, room, sizeof(room), &found) || !found)
		return err_set(e, ERR_INPUT,
			       "there is no group '%s' on this machine", name);
	*out = found->gr_gid;
	return true;
}

/* What the existing file had, as far as we are able to give it again. */
static void inherit(const struct piece *p, mode_t mask, struct fs_attr *attr)
{
	bool is_root = geteuid() == 0;

	if (!p->there || p->error)
		return;
	attr->mode = p->attr.mode & mask;
	if (is_root)
		attr->owner = p->attr.owner;
	if (is_root || group_member(p->attr.group))
		attr->group = p->attr.group;
}

static const struct piece *first_there(const struct pieces *seen,
				       const enum part *order, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (seen->parts[order[i]].there)
			return &seen->parts[order[i]];
	return &seen->parts[order[count - 1]];
}

bool attrs_want(const struct install *i, const struct pieces *seen,
		struct attrs *out, struct err *e)
{
	static const enum part keys[] = { PART_KEY, PART_COMBINED };
	static const enum part certs[] = { PART_FULLCHAIN, PART_LEAF,
					   PART_CHAIN };
	struct attrs wanted = { .key = FS_PRIVATE, .certificate = FS_PUBLIC };

	inherit(first_there(seen, keys, 2), INHERITED_KEY_MODE, &wanted.key);
	inherit(first_there(seen, certs, 3), INHERITED_CERTIFICATE_MODE,
		&wanted.certificate);
	if (i->mode)
		wanted.key.mode = i->mode;
	if (!find_owner(i->owner, &wanted.key.owner, e) ||
	    !find_owner(i->owner, &wanted.certificate.owner, e) ||
	    !find_group(i->group, &wanted.key.group, e) ||
	    !find_group(i->group, &wanted.certificate.group, e))
		return false;
	*out = wanted;
	return true;
}
