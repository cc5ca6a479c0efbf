/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's key as the network half has it: a channel to its holder, who
 * answers at once.  When an answer is late only the handshake that needed it
 * fails, and those that come until it is there: the holder may be waiting for
 * a disk.  When the holder has ended, or answers something else, nothing can
 * be done without it any more.
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
	uint32_t answered; /* what lies between is late */
	bool broken;
};

/* False: late, or broken. */
bool key_proxy_ask(struct key_proxy *k, struct message *question, struct message *answer);

/* It must outlive the holder. */
struct tls_key_holder key_proxy_holder(struct key_proxy *k);

#endif
