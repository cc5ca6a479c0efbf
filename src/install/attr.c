/* SPDX-License-Identifier: Apache-2.0 */
#include "install/attr.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ACCOUNT_ROOM = 16 * 1024,
	INHERITED_KEY_MODE = 0640,
	INHERITED_CERTIFICATE_MODE = 0664,
};

static const enum file_kind key_files[] = { FILE_KIND_KEY, FILE_KIND_COMBINED };
/* The last is a combined one alone: then it says both. */
static const enum file_kind certificate_files[] = { FILE_KIND_FULLCHAIN, FILE_KIND_LEAF,
						    FILE_KIND_CHAIN, FILE_KIND_COMBINED };

/* A number is itself, as chown(1) takes it. */
static bool is_number(const char *name, unsigned *out)
{
	char *end = NULL;
	unsigned long long number = 0;

	if (*name < '0' || *name > '9')
		return false;
	number = strtoull(name, &end, 10);
	if (*end || number >= UINT_MAX)
		return false;
	*out = (unsigned)number;
	return true;
}

static bool find_owner(const char *name, uid_t *out, struct err *e)
{
	char room[ACCOUNT_ROOM];
	struct passwd entry;
	struct passwd *found = NULL;

	if (!name)
		return true;
	if (getpwnam_r(name, &entry, room, sizeof(room), &found) || !found)
		return is_number(name, out) ||
		       err_set(e, ERR_INPUT,
			       "there is no user '%s' on this machine; create the user, or correct 'owner'",
			       name);
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
		return is_number(name, out) ||
		       err_set(e, ERR_INPUT,
			       "there is no group '%s' on this machine; create the group, or correct 'group'",
			       name);
	*out = found->gr_gid;
	return true;
}

static bool is_member(const struct attr_account *account, gid_t group)
{
	for (size_t i = 0; i < account->group_count; i++)
		if (account->groups[i] == group)
			return true;
	return false;
}

/* What the existing file had, as far as it can be given again. */
static void inherit(const struct pair_file *p, mode_t mask, const struct trust *t,
		    const struct attr_account *account, struct fs_attr *attr)
{
	bool is_root = account->user == 0;

	if (!p->there || p->error || !file_trust_lends(t, p->attr))
		return;
	attr->mode = p->attr.mode & mask;
	if (is_root)
		attr->owner = p->attr.owner;
	if (is_root || is_member(account, p->attr.group))
		attr->group = p->attr.group;
}

/*
 * ACL and label are those of the file that is replaced, whoever set them.  The group's
 * part of a mode limits the ACL, so it comes with it.
 */
static void inherit_labels(const struct pair_file *p, mode_t mask, const struct trust *t,
			   struct fs_attr *attr)
{
	if (!p->there || p->error || !file_trust_lends(t, p->attr))
		return;
	attr->label = p->attr.label;
	attr->acl = p->attr.acl;
	if (attr->acl)
		attr->mode = (attr->mode & ~(mode_t)S_IRWXG) | (p->attr.mode & mask & S_IRWXG);
}

static void attr_hand_over(const struct attr_account *account, struct fs_attr *attr)
{
	if (account->owner != (uid_t)-1)
		attr->owner = account->owner;
	if (account->group != (gid_t)-1)
		attr->group = account->group;
}

static const struct pair_file *first_there(const struct pair_files *seen,
					   const enum file_kind *order, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (seen->parts[order[i]].there)
			return &seen->parts[order[i]];
	return &seen->parts[order[count - 1]];
}

struct trust trust_of_account(const struct install *i, const struct attr_account *account)
{
	return (struct trust){ .us = account->user,
			       .owner = account->owner,
			       .unsafe = i->unsafe_directory };
}

static bool attr_check_files(const struct trust *t, const struct pair_files *seen,
			     const char *const names[FILE_KIND_COUNT], struct err *e)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (seen->parts[part].there &&
		    !file_trust_file(t, names[part], seen->parts[part].attr, e))
			return false;
	return true;
}

/* ---- as they were set ---- */

static void put_attr(struct buf *out, const char *word, struct fs_attr attr)
{
	buf_printf(out, "%s=%o:%u:%u", word, (unsigned)attr.mode, (unsigned)attr.owner,
		   (unsigned)attr.group);
}

const char *attrs_text(const struct pair_files *c, struct arena *a)
{
	AUTO(buf) out = { 0 };

	put_attr(&out, "key", first_there(c, key_files, 2)->attr);
	put_attr(&out, ",certificate", first_there(c, certificate_files, 4)->attr);
	return arena_strdup(a, buf_text(&out));
}

static bool attrs_read(const char *text, struct attrs *out)
{
	unsigned n[6] = { 0 };
	int end = 0;

	if (sscanf(text, "key=%o:%u:%u,certificate=%o:%u:%u%n", &n[0], &n[1], &n[2], &n[3], &n[4],
		   &n[5], &end) != 6 ||
	    text[end] || n[0] > 0777 || n[3] > 0777)
		return false;
	*out = (struct attrs){ .key = { .mode = n[0], .owner = n[1], .group = n[2] },
			       .certificate = { .mode = n[3], .owner = n[4], .group = n[5] } };
	return true;
}

void attr_limit(const struct attr_account *account, struct fs_attr *attr)
{
	if (account->user == 0)
		return;
	attr->owner = (uid_t)-1;
	if (!is_member(account, attr->group))
		attr->group = (gid_t)-1;
}

/* Whom a key was given to once, but no longer is by name, is asked about again. */
static bool attrs_as_set(const struct trust *t, const struct attr_account *account,
			 struct attrs *out)
{
	struct attrs set;

	if (!account->set || !attrs_read(account->set, &set) || !file_trust_lends(t, set.key) ||
	    !file_trust_lends(t, set.certificate))
		return false;
	attr_limit(account, &set.key);
	attr_limit(account, &set.certificate);
	*out = set;
	return true;
}

static const char *attr_flaw_of(const char *name, struct fs_attr wanted, struct fs_attr found,
				const struct attr_account *account, struct arena *a)
{
	uid_t owner = wanted.owner == (uid_t)-1 ? account->user : wanted.owner;

	if (found.owner != owner)
		return arena_printf(a, "'%s' belongs to user %u, not to user %u", name,
				    (unsigned)found.owner, (unsigned)owner);
	if (wanted.group != (gid_t)-1 && found.group != wanted.group)
		return arena_printf(a, "'%s' belongs to group %u, not to group %u", name,
				    (unsigned)found.group, (unsigned)wanted.group);
	if (found.mode != wanted.mode)
		return arena_printf(a, "'%s' has mode %04o, not %04o", name, (unsigned)found.mode,
				    (unsigned)wanted.mode);
	return NULL;
}

const char *attrs_flaw(const struct attrs *wanted, const struct pair_files *seen,
		       const char *const names[FILE_KIND_COUNT], const struct attr_account *account,
		       struct arena *a)
{
	const char *flaw = NULL;

	for (int part = 0; part < FILE_KIND_COUNT && !flaw; part++)
		if (seen->parts[part].there)
			flaw = attr_flaw_of(names[part],
					    PARTS_WITH_KEY & 1 << part ? wanted->key
								       : wanted->certificate,
					    seen->parts[part].attr, account, a);
	return flaw;
}

bool attrs_of_account(const struct install *i, const struct pair_files *seen,
		      const char *const names[FILE_KIND_COUNT], const struct attr_account *account,
		      struct attrs *out, struct err *e)
{
	const struct trust trust = trust_of_account(i, account);
	const struct pair_file *key = first_there(seen, key_files, 2);
	const struct pair_file *certificate = first_there(seen, certificate_files, 3);

	if (!attrs_as_set(&trust, account, out)) {
		if (!attr_check_files(&trust, seen, names, e))
			return false;
		*out = (struct attrs){ .key = FS_PRIVATE, .certificate = FS_PUBLIC };
		inherit(key, INHERITED_KEY_MODE, &trust, account, &out->key);
		inherit(certificate, INHERITED_CERTIFICATE_MODE, &trust, account,
			&out->certificate);
	}
	inherit_labels(key, INHERITED_KEY_MODE, &trust, &out->key);
	inherit_labels(certificate, INHERITED_CERTIFICATE_MODE, &trust, &out->certificate);
	if (i->mode)
		out->key.mode = i->mode;
	attr_hand_over(account, &out->key);
	attr_hand_over(account, &out->certificate);
	return true;
}

static void find_groups(struct attr_account *us, struct arena *a)
{
	int count = getgroups(0, NULL);
	gid_t *groups = arena_array(a, (size_t)count + 1, sizeof(*groups));

	count = getgroups(count, groups);
	if (count < 0)
		count = 0;
	groups[count] = getegid();
	us->groups = groups;
	us->group_count = (size_t)count + 1;
}

bool account_here(const struct install *i, struct arena *a, struct attr_account *out, struct err *e)
{
	*out = (struct attr_account){ .user = geteuid(), .owner = (uid_t)-1, .group = (gid_t)-1 };
	find_groups(out, a);
	return find_owner(i->owner, &out->owner, e) && find_group(i->group, &out->group, e);
}
