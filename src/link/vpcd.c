/* SPDX-License-Identifier: Apache-2.0 */
#include "link/vpcd.h"

#include "base/secret.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_TRIES 100
#define CONNECT_PAUSE_MS 50
#define MESSAGE_MAX 65535

enum control { POWER_OFF = 0, POWER_ON = 1, RESET = 2, GIVE_ATR = 4 };

/* ---- signals: SIGTERM and SIGINT get through only while waiting */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

struct signals {
	struct sigaction term, intr;
	sigset_t mask; /* the caller's */
};

static void take_signals(struct signals *old)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	stopped = 0;
	(void)sigprocmask(SIG_BLOCK, &both, &old->mask);
	(void)sigaction(SIGTERM, &action, &old->term);
	(void)sigaction(SIGINT, &action, &old->intr);
}

static void give_signals_back(const struct signals *old)
{
	(void)sigaction(SIGTERM, &old->term, NULL);
	(void)sigaction(SIGINT, &old->intr, NULL);
	(void)sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

/* ---- connection */

struct link {
	int fd;
	sigset_t waiting; /* mask while waiting */
};

static int try_connect(const struct addrinfo *list)
{
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		if (fd < 0)
			continue;
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return fd;
		(void)close(fd);
	}
	return -1;
}

static enum imp_status open_link(
	struct link *l, const char *host, unsigned port, struct imp_diag *diag)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct timespec pause = { 0, CONNECT_PAUSE_MS * 1000000L };
	struct addrinfo *list;
	char service[8];
	int one = 1;

	(void)snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(host, service, &hints, &list) != 0)
		return imp_diag(diag, IMP_E_ABSENT, "host '%s' is not known", host);
	l->fd = -1;
	for (int i = 0; l->fd < 0 && !stopped && i < CONNECT_TRIES; i++) {
		l->fd = try_connect(list);
		if (l->fd < 0)
			(void)ppoll(NULL, 0, &pause, &l->waiting);
	}
	freeaddrinfo(list);
	if (l->fd >= 0) {
		(void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		return IMP_OK;
	}
	if (stopped)
		return imp_diag(diag, IMP_E_ABSENT, "stopped before a reader was there");
	(void)imp_diag(diag, IMP_E_ABSENT, "no virtual reader at %s:%u", host, port);
	imp_diag_hint(diag, "start pcscd with the vpcd driver (package vsmartcard-vpcd)");
	return IMP_E_ABSENT;
}

enum got { GOT_ALL, GOT_END };

/* Exactly n octets; GOT_END when a signal or the other side ends it.  The driver writes length and
 * body apart and waits for the acknowledgement in between, so each read asks for it at once; the
 * option does not last. */
static enum got read_all(const struct link *l, uint8_t *to, size_t n)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	int one = 1;

	for (size_t at = 0; at < n;) {
		ssize_t r;

		p.revents = 0;
		(void)setsockopt(l->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
		if (ppoll(&p, 1, NULL, &l->waiting) < 0 && errno != EINTR)
			return GOT_END;
		if (stopped)
			return GOT_END;
		if (p.revents == 0)
			continue;
		r = read(l->fd, to + at, n - at);
		if (r <= 0 && !(r < 0 && errno == EINTR))
			return GOT_END;
		at += r > 0 ? (size_t)r : 0;
	}
	return GOT_ALL;
}

/* False: the other side is gone. */
static bool write_all(const struct link *l, struct imp_span s)
{
	while (s.n) {
		ssize_t w = send(l->fd, s.p, s.n, MSG_NOSIGNAL);

		if (w < 0 && errno != EINTR)
			return false;
		if (w > 0)
			s = imp_span(s.p + w, s.n - (size_t)w);
	}
	return true;
}

/* ---- service */

/* One message in, its answer, if it has one, appended to out behind two octets for the length. */
static enum imp_status answer(
	const struct imp_card *card, struct imp_span message, struct imp_wr *out)
{
	if (message.n != 1)
		return card->transceive(card->ctx, message, out);
	switch (message.p[0]) {
	case POWER_OFF:
	case POWER_ON:
	case RESET:
		return card->reset(card->ctx);
	case GIVE_ATR:
		return card->atr(card->ctx, out);
	default:
		return IMP_OK;
	}
}

static enum imp_status serve(
	const struct link *l, const struct imp_card *card, struct imp_diag *diag)
{
	uint8_t in[MESSAGE_MAX], reply[2 + IMP_RESPONSE_MAX];
	enum imp_status st = IMP_OK;

	while (read_all(l, in, 2) == GOT_ALL) {
		size_t n = (size_t)in[0] << 8 | in[1];
		struct imp_wr out = imp_wr(reply, sizeof reply);

		if (read_all(l, in, n) != GOT_ALL)
			break;
		imp_wr_be16(&out, 0);
		st = n ? answer(card, imp_span(in, n), &out) : IMP_OK;
		if (st == IMP_E_IO)
			st = IMP_OK; /* mute */
		if (st != IMP_OK)
			break;
		imp_wr_patch_be16(&out, 0, (uint16_t)(out.n - 2));
		if (out.n > 2 && !write_all(l, imp_wr_span(&out)))
			break;
	}
	imp_wipe(in, sizeof in);
	imp_wipe(reply, sizeof reply);
	if (st == IMP_OK || st == IMP_E_ABSENT)
		return IMP_OK;
	return imp_diag(diag, st, "the card failed: %s", imp_status_text(st));
}

enum imp_status imp_vpcd_serve(void *ctx, const char *host, unsigned port,
	const struct imp_card *card, struct imp_diag *diag)
{
	struct signals old;
	struct link l = { -1, { { 0 } } };
	enum imp_status st;

	(void)ctx;
	take_signals(&old);
	l.waiting = old.mask;
	sigdelset(&l.waiting, SIGTERM);
	sigdelset(&l.waiting, SIGINT);
	st = open_link(&l, host, port, diag);
	if (st == IMP_OK) {
		st = serve(&l, card, diag);
		(void)close(l.fd);
	}
	give_signals_back(&old);
	return st;
}
