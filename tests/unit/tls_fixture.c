/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_fixture.h"

int listen_on(int family, uint16_t *port)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(*port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(*port),
				   .sin6_addr = in6addr_loopback };
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);
	struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;

	if (fd < 0 || bind(fd, at, len) || listen(fd, 64) || getsockname(fd, at, &len)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

void make_kind(enum key_type type, struct pair *out)
{
	struct certificate c = made_certificate();

	c.key = type;
	make_leaf(&c, NULL, NOW, out);
}

void probe_one(struct tls_probe *p, struct arena *a)
{
	struct err e = { 0 };

	must(tls_probe_all(p, 1, a, &e), &e);
}

static void flood(int peer)
{
	char junk[6 * 512];

	for (size_t i = 0; i < sizeof(junk); i += 6)
		memcpy(junk + i, "\x14\x03\x03\x00\x01\x01", 6);
	while (send(peer, junk, sizeof(junk), MSG_NOSIGNAL) > 0)
		;
	_exit(0);
}

static ssize_t say(gnutls_transport_ptr_t ptr, const void *bytes, size_t len)
{
	struct pretence *p = ptr;
	size_t right = p->mood == GOES_ON || len < p->right ? len : p->right;

	if (p->said)
		*p->said += len;
	if (send(p->peer, bytes, right, MSG_NOSIGNAL) < 0)
		_exit(0);
	p->right -= p->mood == GOES_ON ? 0 : right;
	for (; p->mood == DRIPS && right < len; right++) {
		poll(NULL, 0, 10);
		if (send(p->peer, (const char *)bytes + right, 1, MSG_NOSIGNAL) < 0)
			_exit(0);
	}
	if (right == len)
		return (ssize_t)len;
	if (p->mood == FLOODS)
		flood(p->peer);
	if (p->mood == STALLS)
		poll(NULL, 0, -1);
	_exit(0);
}

static ssize_t hear(gnutls_transport_ptr_t ptr, void *room, size_t len)
{
	return recv(((struct pretence *)ptr)->peer, room, len, 0);
}

static int is_heard(gnutls_transport_ptr_t ptr, unsigned ms)
{
	struct pollfd fd = { .fd = ((struct pretence *)ptr)->peer, .events = POLLIN };

	return poll(&fd, 1, (int)ms);
}

void pretend_to(struct pretence *p)
{
	AUTO(credentials) credentials = NULL;
	AUTO(session) session = NULL;
	AUTO(crt) crt = NULL;
	AUTO(privkey) key = NULL;
	gnutls_pcert_st pcert;
	struct err e = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!key_open(&p->held->key, &key, &e) || !cert_open(p->shown->set.certs[0], &crt, &e))
		_exit(1);
	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	gnutls_pcert_import_x509(&pcert, crt, 0);
	gnutls_certificate_set_key(credentials, NULL, 0, &pcert, 1, key);
	gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_TICKETS);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_ptr(session, p);
	gnutls_transport_set_push_function(session, say);
	gnutls_transport_set_pull_function(session, hear);
	gnutls_transport_set_pull_timeout_function(session, is_heard);
	gnutls_handshake(session);
	_exit(0);
}

pid_t pretend(int fd, const struct pair *shown, const struct pair *held)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	pretend_to(
		&(struct pretence){ .shown = shown, .held = held, .peer = accept(fd, NULL, NULL) });
	return 0;
}

size_t which_address(int peer)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);

	getsockname(peer, (struct sockaddr *)&at, &len);
	return ntohl(at.sin_addr.s_addr) & 0xff;
}

int listen_everywhere(uint16_t *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

pid_t pretend_everywhere(int fd, struct pretence p, size_t whole)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		p.peer = accept(fd, NULL, NULL);
		if (fork() != 0) {
			close(p.peer);
			continue;
		}
		size_t which = which_address(p.peer);

		if (which < FIRST_CUT)
			p.mood = GOES_ON;
		p.right = whole * (which - FIRST_CUT) / CUTS;
		pretend_to(&p);
	}
}

void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void end_group(pid_t pid)
{
	kill(-pid, SIGKILL);
	end_process(pid);
}
