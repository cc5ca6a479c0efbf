/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers against scripted HTTP answers, with three pairs and some secrets. */
#ifndef DRIVER_FIXTURE_H
#define DRIVER_FIXTURE_H

#include "base/text.h"
#include "drivers/driver.h"
#include "install_fixture.h"
#include "model/http_spec.h"
#include "remote_server.h"

#include <jansson.h>

extern struct drivers *drivers;
int open_drivers(void **state);
int close_drivers(void **state);
struct server *answers(struct server like);

/* "HTTP/1.1 STATUS" with a body; texts live as long as the process. */
const char *reply(const char *status, const char *body);

const char *dumped(json_t *json);
const char *certs_pem(const struct pair *p);
const char *leaf_pem(const struct pair *p);
const char *key_pem(const struct pair *p);

/* As it stands in a JSON string. */
const char *in_json(const char *text);

struct job run(const struct component *c, enum driver_verb verb, const struct pair *p);
struct job commit_over(const struct component *c, const struct pair *p,
		       const struct pair *replaces);
void assert_done(const struct job *job);
void assert_failed(const struct job *job, enum err_code code, const char *words);
void assert_asked(const char *requests, const char *words);
struct job job_of(const struct component *c, enum driver_verb verb, const struct pair *p);

#endif
