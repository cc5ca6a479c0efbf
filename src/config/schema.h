/* SPDX-License-Identifier: Apache-2.0 */
/* The field tables: every accepted key of the fleet file, once. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/fields.h"

extern const struct record fleet_record;   /* struct fleet_form */
extern const struct record include_record; /* struct fleet_form */
extern const struct record state_record;   /* struct state_policy */
extern const struct record issuer_record;  /* struct issuer_form */
extern const struct record certificate_record;
extern const struct record role_record;
extern const struct record component_record;
extern const struct record csv_record;      /* struct csv_form */
extern const struct record secret_record;   /* struct secret_form */
extern const struct record deliver_record;  /* struct deliver */
extern const struct record sftp_record;     /* the whole struct deliver */
extern const struct record commands_record; /* struct commands */
extern const struct record handoff_record;  /* struct handoff */
extern const struct record access_record;   /* struct fleet_access */
extern const struct record install_record;  /* struct install */
extern const struct key_rule install_rules[];
extern const struct record activate_record; /* struct activate_form */
/* without 'http', for an agent on the component's host */
extern const struct record host_activate_record;
extern const struct list_of verify_items; /* of struct verify */

/* Values that are read once their component is known. */
extern const struct field subject_value;  /* const char * */
extern const struct field export_value;   /* const char * */
extern const struct field names_value;    /* struct items of struct san */
extern const struct field deliver_value;  /* struct deliver */
extern const struct field activate_value; /* struct activate */
extern const struct field verify_value;   /* struct items of struct verify */
extern const struct field host_value;     /* const char * */
extern const struct field program_value;  /* const char * */
extern const struct field item_value;     /* const char * */
extern const struct field after_value;    /* struct items of const char * */
extern const struct field include_value;  /* struct items of const char * */

/* Codes of preconditions that can ask (plan/codes.h). */
extern const char *const acknowledge_codes[];
extern const char *const issuer_use_names[];
extern const char *const key_rotation_names[];
extern const char *const presence_names[];
extern const char *const signal_names[];
extern const int signal_numbers[];

#endif
