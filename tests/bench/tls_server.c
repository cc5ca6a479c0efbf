/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves one pair on a port of every loopback address, 127.0.0.0/8, and ends
 * each connection after its handshake, so that it costs no more than that.
 * Its threads are as many as a machine has cores to spare for it.
 *
 *	tls_server PORT CERTIFICATE KEY
 */
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	THREADS = 8,
	HANDSHAKE_MS = 120000 /* a slow client shall not fail */
};

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;

static void serve_one(int fd)
{
	gnutls_session_t session;
	char byte;
	int rc;

	gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_TICKETS);
	gnutls_priority_set(session, priorities);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, HANDSHAKE_MS);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	/* until the client goes, so that it is the one to close */
	if (rc >= 0)
		gnutls_record_recv(session, &byte, 1);
	gnutls_deinit(session);
	close(fd);
}

static void *serve(void *listener)
{
	for (;;) {
		int fd = accept(*(int *)listener, NULL, NULL);

		if (fd >= 0)
			serve_one(fd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	pthread_t thread;
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 4)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	address.sin_port = htons((unsigned short)atoi(argv[1]));
	gnutls_certificate_allocate_credentials(&credentials);
	if (gnutls_certificate_set_x509_key_file(credentials, argv[2], argv[3],
						 GNUTLS_X509_FMT_PEM) < 0 ||
	    gnutls_priority_init(&priorities, NULL, NULL) < 0)
		return 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
		return 1;
	for (int i = 1; i < THREADS; i++)
		pthread_create(&thread, NULL, serve, &fd);
	serve(&fd);
	return 0;
}
