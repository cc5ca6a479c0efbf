/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of single values, and of lists and mappings. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/fields.h"

#include <stdbool.h>
#include <stdint.h>

#define NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

/* Each type, with the member it writes. */
extern const struct field_type text_type; /* const char * */
/* the same, with different quoting for the values of placeholders */
extern const struct field_type argument_type; /* of a command */
extern const struct field_type program_type;  /* first word of a command */
extern const struct field_type subject_type;
extern const struct field_type host_type;
extern const struct field_type object_key_type;  /* in etcd or Caddy */
extern const struct field_type object_name_type; /* of a component */
extern const struct field_type account_type;     /* of a user or a group */
extern const struct field_type name_type;        /* const char * */
extern const struct field_type path_type;        /* const char *, absolute */
extern const struct field_type file_type;        /* the same, as written */
extern const struct field_type variable_type;    /* const char * */
extern const struct field_type flag_type;        /* bool */
extern const struct field_type unless_type;      /* bool, true when false is said */
extern const struct field_type count_type;       /* unsigned; struct bounds */
extern const struct field_type duration_type;    /* int64_t; struct bounds */
extern const struct field_type day_type;         /* int64_t; its end, at most 90 days ahead */
extern const struct field_type choice_type;      /* unsigned; names */
extern const struct field_type mode_type;        /* mode_t */
extern const struct field_type version_type;     /* unsigned */
extern const struct field_type list_type;        /* struct items */
extern const struct field_type argv_type;        /* const char *const *: a program, its arguments */
extern const struct field_type one_or_list_type;
extern const struct field_type ended_list_type; /* const T *: ends with NULL or 0 */
extern const struct field_type record_type;     /* type of the record */
extern const struct field_type own_record_type; /* const T *: a record in a struct of its own */
extern const struct field_type later_type;      /* const struct node *, read later */
extern const struct field_type named_type;      /* struct section *, which must be set */

/* Checks for one line that is not empty; placeholders stay in n->text. */
bool value_raw(struct loader *ld, const struct field *f, const struct node *n);
/*
 * Text with its placeholders replaced, quoted for the grammar of the field's
 * type; one line, not empty.
 */
bool value_text(struct loader *ld, const struct field *f, const struct node *n, const char **out);
/* The same as an absolute path; relative to the file that contains it. */
bool value_path(struct loader *ld, const struct field *f, const struct node *n, const char **out);
bool name_is_valid(const char *name);
/* A duration like "90d", within the bounds of the field. */
bool value_duration(struct loader *ld, const struct field *f, const struct node *n, int64_t *out);

#endif
