/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: a loop that writes what an apply writes into N directories, 64 at
 * once, with the same fsyncs and renames, and knows nothing of certificates.
 * local_bare DIRECTORY N FILE: FILE is the content of each file.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	AT_ONCE = 64
};

#define CHECK(call)                    \
	do {                           \
		if ((call) < 0) {      \
			perror(#call); \
			exit(1);       \
		}                      \
	} while (0)

static const char *const names[] = { "leaf.pem", "chain.pem", "fullchain.pem", "key.pem",
				     "ca.pem" };
static char content[8192];
static size_t content_len;
static atomic_int next;
static int home;
static int count;

static void write_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CHECK(fd);
	CHECK(fchmod(fd, 0644));
	CHECK(write(fd, content, content_len));
	CHECK(fsync(fd));
	close(fd);
}

static void put_link(int dir, const char *name, const char *text)
{
	char temporary[64];

	snprintf(temporary, sizeof(temporary), ".%s.tmp", name);
	CHECK(symlinkat(text, dir, temporary));
	CHECK(renameat(dir, temporary, dir, name));
}

static void write_directory(int i)
{
	char name[64];
	char store_name[64];
	char text[128];

	snprintf(name, sizeof(name), "d%04d", i);
	snprintf(store_name, sizeof(store_name), ".%s.store", name);
	CHECK(mkdirat(home, store_name, 0755));
	CHECK(fsync(home));
	int store = openat(home, store_name, O_RDONLY | O_DIRECTORY);

	CHECK(store);
	CHECK(mkdirat(store, ".new", 0755));
	int dir = openat(store, ".new", O_RDONLY | O_DIRECTORY);

	CHECK(dir);
	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
		write_file(dir, names[k]);
	CHECK(fsync(dir));
	CHECK(renameat(store, ".new", store, "version"));
	put_link(store, "staged", "version");
	CHECK(fsync(store));

	put_link(store, "attributes", "key=600:0:0,certificate=644:0:0");
	snprintf(text, sizeof(text), "%s/version", store_name);
	put_link(home, name, text);
	CHECK(fsync(home));
	CHECK(unlinkat(store, "staged", 0));
	CHECK(fsync(store));
	close(dir);
	close(store);
}

static void *write_next(void *unused)
{
	for (int i = next++; i < count; i = next++)
		write_directory(i);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[AT_ONCE];
	FILE *f = argc == 4 ? fopen(argv[3], "re") : NULL;

	if (!f)
		return 64;
	content_len = fread(content, 1, sizeof(content), f);
	fclose(f);
	count = atoi(argv[2]);
	home = open(argv[1], O_RDONLY | O_DIRECTORY);
	CHECK(home);
	for (int i = 0; i < AT_ONCE; i++)
		CHECK(-pthread_create(&threads[i], NULL, write_next, NULL));
	for (int i = 0; i < AT_ONCE; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
