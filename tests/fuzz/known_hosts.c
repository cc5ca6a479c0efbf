/* SPDX-License-Identifier: Apache-2.0 */
/* The list of SSH hosts, against a host that showed a key (harness.c). */
#include "harness.h"

#include "remote/ssh_internal.h"

#include <stdlib.h>

void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct ssh s = { .fd = -1,
			 .login = { .user = "deploy", .host = "web7.example.com", .port = 22 } };
	struct err e = { 0 };

	s.login.known_hosts = fuzz_file("known_hosts", bytes, len);
	s.session = libssh2_session_init();
	HOLDS(s.session);
	if (ssh_host_expect(&s, &e))
		TRY(ssh_host_check(&s, &e));
	if (s.hosts)
		libssh2_knownhost_free(s.hosts);
	libssh2_session_free(s.session);
	arena_release(&s.own);
}

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"

void fuzz_seeds(void)
{
	seed_text("# hosts\nweb7.example.com ssh-ed25519 " KEY " comment\n");
	seed_text("[web7.example.com]:22,10.0.0.1 ssh-ed25519 " KEY "\r\n");
	seed_text("@revoked * ssh-ed25519 " KEY "\n");
	seed_text("@cert-authority *.example.com ssh-rsa AAAAB3NzaC1yc2E\n");
	seed_text("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 " KEY
		  "\n");
	seed_text("web7.example.com 1024 35 1234567890\n"
		  "other ecdsa-sha2-nistp256 AAAAE2VjZHNh\n");
	seed_many("", "a ssh-rsa AAAAB3NzaC1yc2E=\n", "");
	seed_many("",
		  "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 AAAA\n",
		  "");
	seed_many("", "@revoked ", "");
	seed_many("", "@revoked\n", "");
	seed_many("", "\n", "");
	seed_many("", "a,", " ssh-rsa AAAA\n");
}
