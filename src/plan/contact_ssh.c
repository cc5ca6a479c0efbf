/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/contact_list.h"

#include <string.h>

/* SSH credentials and trusted host keys. */
void contact_add_ssh(struct contact_list *c, const struct ssh_access *ssh)
{
	contact_add_secret(c, &ssh->key);
	contact_add_secret(c, &ssh->passphrase);
	if (ssh->known_hosts)
		contact_add(c, CONTACT_SECRET,
			    contact_trusted(c, "keys of hosts", ssh->known_hosts));
}

/* sftp://USER@HOST:PORT */
static const char *where(const struct contact_list *c, const struct sftp *s)
{
	return arena_printf(&c->d->scratch, "sftp://%s@%s", s->user, s->origin + strlen("sftp://"));
}

void contact_add_sftp(struct contact_list *c, const struct deliver *d)
{
	const char *host = where(c, &d->sftp);
	const char *paths[INSTALL_PATHS];

	contact_add(c, CONTACT_KEYS, host);
	if (d->sftp.host_key)
		contact_add(
			c, CONTACT_SECRET,
			arena_printf(&c->d->scratch, "key of host %s %s", host, d->sftp.host_key));
	for (size_t n = install_paths(&d->files, paths); n > 0; n--)
		contact_add(c, CONTACT_PATH,
			    arena_printf(&c->d->scratch, "%s%s", host, paths[n - 1]));
}

/* No ambiguity with the command: a word with a parenthesis would be quoted. */
const char *contact_there(const struct contact_list *c, const struct deliver *d, const char *what)
{
	if (d->kind != DRIVER_SFTP)
		return what;
	return arena_printf(&c->d->scratch, "%s (on %s)", what, where(c, &d->sftp));
}
