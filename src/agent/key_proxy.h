/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's key as the network half uses it: a channel to the installing
 * half, which signs at once.  A late answer fails only its own handshake and
 * those until it arrives: the installing half may be waiting for a disk.  When
 * the installing half has exited or answers anything else, the channel is
 * broken for good.
 */
#ifndef AGENT_KEY_PROXY_H
#define AGENT_KEY_PROXY_H

#include "agent/ipc.h"
#include "pki/tls_server.h"

#include <stdbool.h>
#include <stdint.h>

struct key_proxy {
	struct ipc channel;
	uint32_t asked;
	uint32_t answered; /* requests after this one are unanswered */
	bool broken;
};

/* False: the answer is late, or the channel is broken. */
bool key_proxy_ask(struct key_proxy *k, struct message *question, struct message *answer);

/* The proxy must outlive the holder. */
struct tls_key_holder key_proxy_holder(struct key_proxy *k);

#endif
