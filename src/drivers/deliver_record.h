/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery record: how a component was reached, as JSON text in the state, so
 * that a component can be retired after it left the fleet file.  Each driver has
 * its part in `kept` of its struct driver; rows that several need are here.
 */
#ifndef DRIVERS_DELIVER_RECORD_H
#define DRIVERS_DELIVER_RECORD_H

#include "json/record.h"

json_t *write_secret_ref(const void *slot, size_t index);
bool read_secret_ref(const json_t *value, struct arena *a, void *slot);

/* The reference, never the secret. */
#define SECRET_REF_MEMBER(key, holder, member)                                \
	CUSTOM_MEMBER(key, holder, member, write_secret_ref, read_secret_ref, \
		      .absent = ABSENT_OMITTED)

/* Server trust anchor and client credentials. */
#define ACCESS_MEMBERS(holder)                                                                    \
	TEXT_MEMBER("ca", holder, access.ca, .absent = ABSENT_OMITTED),                           \
		TEXT_MEMBER("certificate", holder, access.certificate, .absent = ABSENT_OMITTED), \
		SECRET_REF_MEMBER("own_key", holder, access.key),                                 \
		TEXT_MEMBER("user", holder, access.user, .absent = ABSENT_OMITTED),               \
		SECRET_REF_MEMBER("password", holder, access.password)

#endif
