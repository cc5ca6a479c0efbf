/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs, a directory of its own for each test, and a look at paths the way a
 * server looks: by name, following links.
 */
#ifndef INSTALL_FIXTURE_H
#define INSTALL_FIXTURE_H

#include "base/fs.h"
#include "install/install.h"
#include "pki/issue.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Three pairs under one authority, made once. */
extern struct pair old_pair;
extern struct pair new_pair;
extern struct pair third_pair;

extern char root[256]; /* directory of one test */
extern struct arena test_arena;

int make_pairs(void **state);
int drop_pairs(void **state);
int open_root(void **state);
int close_root(void **state);
const char *at_root(const char *name);
struct install directory_form(void);
struct install path_form(void);
/* The key is in a directory that others cannot enter; the parents are to be made. */
struct install split_form(void);
void make_split_homes(void);
/* Nobody needs the key's directory for the certificate, and no link is absolute. */
void assert_split(void);
/* As certfleet once did it: one store beside the key, and absolute links. */
void plant_former_layout(const struct install *i, const struct pair *p);
struct install_pair as_placed(const struct pair *p);
bool stage(const struct install *i, const struct pair *p, struct err *e);
bool deploy(const struct install *i, const struct pair *p, struct err *e);
void write_file(const char *path, const void *bytes, size_t len, mode_t mode);
void write_text(const char *path, const char *text);
void write_certs(const char *path, const struct pair *p);
void write_key(const char *path, const struct pair *p, mode_t mode);
struct observation probe(const struct install *i);
void assert_installed(const struct install *i, const struct pair *p);

/* What a server has that opens these paths now: "" nothing, NULL broken. */
const char *served_from(const char *cert, const char *key);
const char *served(const struct install *i);
void assert_served(const struct install *i, const struct pair *p);

/* ---- what is not ours ---- */

/* Files, links and a directory in the directory form's, which exists. */
void put_others(void);
void assert_reads(const char *name, const char *text);
/* Whoever reads them there still can. */
void assert_others(void);

/* ---- files of another user ---- */

enum {
	STRANGER_ID = 65534
};

void needs_root(void);
void give_to_stranger(const char *path);

/* A directory in the root of the test, whatever the umask. */
const char *make_dir(const char *name, mode_t mode);

/*
 * A whole pair that somebody has put there: the key is in NAME.key, or in
 * key.pem of directory NAME.
 */
void plant_files(const struct install *i);
void plant_directory(const struct install *i, mode_t mode);
unsigned owner_of(const char *path);
bool exists(const char *path);
mode_t mode_of(const char *path);

/* An ACL by which user 33 may read as well; has_acl: any. */
void set_acl(const char *path);
bool has_acl(const char *path);
/* Whether that user can open it for reading. */
bool opens_as(uid_t user, const char *path);

#endif
