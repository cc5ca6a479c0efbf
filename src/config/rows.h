/* SPDX-License-Identifier: Apache-2.0 */
/* Macros for the rows of the tables of keys (config/schema*.c). */
#ifndef CONFIG_ROWS_H
#define CONFIG_ROWS_H

#include "config/fields.h"
#include "config/values.h"

#define TEXT(T, k, m, h, ...) FIELD(T, k, m, const char *, text_type, .help = h, ##__VA_ARGS__)
#define HOST(T, k, m, h, ...) FIELD(T, k, m, const char *, host_type, .help = h, ##__VA_ARGS__)
#define OBJECT_KEY(T, k, m, h, ...) \
	FIELD(T, k, m, const char *, object_key_type, .help = h, ##__VA_ARGS__)
#define OBJECT_NAME(T, k, m, h, ...) \
	FIELD(T, k, m, const char *, object_name_type, .help = h, ##__VA_ARGS__)
#define ACCOUNT(T, k, m, h, ...) \
	FIELD(T, k, m, const char *, account_type, .help = h, ##__VA_ARGS__)
#define NAME(T, k, m, h, ...) FIELD(T, k, m, const char *, name_type, .help = h, ##__VA_ARGS__)
#define PATH(T, k, m, h, ...) FIELD(T, k, m, const char *, path_type, .help = h, ##__VA_ARGS__)
#define FLAG(T, k, m, h, ...) FIELD(T, k, m, bool, flag_type, .help = h, ##__VA_ARGS__)
#define COUNT(T, k, m, b, h, ...) \
	FIELD(T, k, m, unsigned, count_type, .param = &(b), .help = h, ##__VA_ARGS__)
#define DURATION(T, k, m, b, h, ...) \
	FIELD(T, k, m, int64_t, duration_type, .param = &(b), .help = h, ##__VA_ARGS__)
/* For an enum, which is read as unsigned; `names` is in the order of its values. */
#define CHOICE(T, k, m, names, h, ...) \
	FIELD(T, k, m, unsigned, choice_type, .param = names, .help = h, ##__VA_ARGS__)
#define LIST(T, k, m, type, of, h, ...) \
	FIELD(T, k, m, struct items, type, .param = &(of), .help = h, ##__VA_ARGS__)
/* A program to run, and its arguments. */
#define ARGV(T, k, m, h, ...)                                                          \
	FIELD(T, k, m, const char *const *, argv_type, .param = &arguments, .help = h, \
	      ##__VA_ARGS__)
#define LATER(T, k, m, value, h, ...) \
	FIELD(T, k, m, const struct node *, later_type, .param = &(value), .help = h, ##__VA_ARGS__)
#define NAMED(T, k, m, record, h) \
	FIELD(T, k, m, struct section *, named_type, .param = &(record), .help = h)

#define SECRET(T, k, m, h, ...)                                                            \
	FIELD(T, k, m, struct secret_ref, secret_type, .param = &secret_record, .help = h, \
	      ##__VA_ARGS__)

/*
 * Rows for the paths of a pair; `in` leads to the struct install ("files." or
 * nothing), `path` is the macro that makes the row of one path.
 */
#define INSTALL_ROWS(T, in, path)                                                                \
	path(T, "directory", in directory,                                                       \
	     "leaf.pem, chain.pem, fullchain.pem, key.pem and ca.pem behind "                    \
	     "one switched link"),                                                               \
		path(T, "certificate", in certificate, "the leaf and the certificates above it", \
		     .canonical = "certificate_file"),                                           \
		path(T, "key", in key, "the private key", .canonical = "key_file"),              \
		path(T, "leaf", in leaf, "the leaf alone", .canonical = "leaf_file"),            \
		path(T, "chain", in chain, "the certificates above the leaf",                    \
		     .canonical = "chain_file"),                                                 \
		path(T, "ca", in ca, "the root, when it is known", .canonical = "ca_file"),      \
		path(T, "combined", in combined, "leaf, chain and key",                          \
		     .canonical = "combined_file"),                                              \
		UNSUPPORTED("pkcs12"),                                                           \
		ACCOUNT(T, "owner", in owner, "owner of the files that hold the key"),           \
		ACCOUNT(T, "group", in group, "group of the files that hold the key"),           \
		FIELD(T, "mode", in mode, mode_t, mode_type,                                     \
		      .help = "mode of the files that hold the key; \"0600\" when "              \
			      "new"),                                                            \
		FIELD(T, "link", in plain, bool, unless_type,                                    \
		      .help = "false: plain files, written one after the other, the key first, " \
			      "for mounts and chroots (default: true)",                          \
		      .canonical = "plain"),                                                     \
		FLAG(T, "unsafe_directory", in unsafe_directory,                                 \
		     "accepts directories that others can write"),                               \
		FLAG(T, "replace", in replace, "replaces files that hold no certificate or key")

extern const struct bounds waits;      /* from a second to a day */
extern const struct list_of arguments; /* of a command */

#endif
