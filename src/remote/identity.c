/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/identity.h"

#include "base/alloc.h"
#include "base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
	PATH_ROOM = 32, /* for "/proc/self/fd/N" */
};

/* A memfd and its path; "": no file. */
struct unnamed {
	int fd;
	char path[PATH_ROOM];
};

struct identity {
	struct unnamed authorities;
	struct unnamed certificate;
	struct unnamed key;
};

static bool identity_prepare(struct unnamed *u, const struct secret *text, struct err *e)
{
	if (!text)
		return true;
	u->fd = memfd_create("identity", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (u->fd < 0)
		return err_sys(e, "cannot keep a file in memory");
	if (fchmod(u->fd, 0600) || !fd_write_all(u->fd, text->bytes, text->len) ||
	    fcntl(u->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return err_sys(e, "cannot fill a file in memory");
	snprintf(u->path, sizeof(u->path), "/proc/self/fd/%d", u->fd);
	return true;
}

bool identity_new(const struct identity_texts *texts, struct identity **out, struct err *e)
{
	AUTO(identity) i = xcalloc(1, sizeof(*i));

	*i = (struct identity){ { -1, "" }, { -1, "" }, { -1, "" } };
	if (!identity_prepare(&i->authorities, texts->authorities, e) ||
	    !identity_prepare(&i->certificate, texts->certificate, e) ||
	    !identity_prepare(&i->key, texts->key, e))
		return false;
	*out = TAKE(i);
	return true;
}

static void identity_drop(struct unnamed *u)
{
	if (u->fd >= 0)
		close(u->fd);
}

void identity_free(struct identity *i)
{
	if (!i)
		return;
	identity_drop(&i->authorities);
	identity_drop(&i->certificate);
	identity_drop(&i->key);
	free(i);
}

static const char *identity_path_of(const struct unnamed *u)
{
	return *u->path ? u->path : NULL;
}

const char *identity_authorities(const struct identity *i)
{
	return identity_path_of(&i->authorities);
}

const char *identity_certificate(const struct identity *i)
{
	return identity_path_of(&i->certificate);
}

const char *identity_key(const struct identity *i)
{
	return identity_path_of(&i->key);
}
