/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prober alone, asked as the engine asks it: one handshake with port PORT
 * of COUNT loopback addresses.
 *
 *	probe_run PORT COUNT
 */
#include "pki/tls.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	AUTO(arena) a = { 0 };
	int port = argc == 3 ? atoi(argv[1]) : 0;
	int count = argc == 3 ? atoi(argv[2]) : 0;
	struct tls_probe *probes = arena_array(&a, (size_t)count, sizeof(*probes));
	struct err e = { 0 };

	for (int i = 0; i < count; i++)
		probes[i] = (struct tls_probe){
			.host = arena_printf(&a, "127.1.%d.%d", i / 250, i % 250 + 1),
			.port = (uint16_t)port,
			.server_name = "site.example.test",
		};
	if (!tls_probe_all(probes, (size_t)count, &a, &e)) {
		fprintf(stderr, "probe_run: %s\n", e.text);
		return 1;
	}
	for (int i = 0; i < count; i++)
		if (!probes[i].completed) {
			fprintf(stderr, "probe_run: %s\n", probes[i].error);
			return 1;
		}
	return 0;
}
