/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP against a peer of octets: what real peers and attackers send, octet by octet. */
#include "tests/fake/coap_rig.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER_MS 1000
#define CON 0x40
#define NON 0x50
#define ACK 0x60
#define RST 0x70

static struct coap_end end;
static int fd;
static uint8_t answer[2048];
static size_t answer_n;

/* ---- messages -----------------------------------------------------------------------------------
 */

struct message {
	uint8_t p[2048];
	size_t n;
	unsigned option;
};

static struct message message(unsigned type, uint8_t code, uint16_t mid, struct imp_span token)
{
	struct message m = { .n = 4 };

	m.p[0] = (uint8_t)(type | token.n);
	m.p[1] = code;
	m.p[2] = (uint8_t)(mid >> 8);
	m.p[3] = (uint8_t)mid;
	if (token.n)
		memcpy(m.p + 4, token.p, token.n);
	m.n += token.n;
	return m;
}

static void add(struct message *m, unsigned option, const void *p, size_t n)
{
	unsigned delta = option - m->option;
	uint8_t *head = &m->p[m->n++];

	*head = (uint8_t)((delta < 13 ? delta : 13) << 4 | (n < 13 ? n : 13));
	if (delta >= 13)
		m->p[m->n++] = (uint8_t)(delta - 13);
	if (n >= 13)
		m->p[m->n++] = (uint8_t)(n - 13);
	memcpy(m->p + m->n, p, n);
	m->n += n;
	m->option = option;
}

static void add_block(struct message *m, unsigned option, unsigned num, bool more, unsigned szx)
{
	unsigned v = num << 4 | (more ? 8U : 0U) | szx;
	uint8_t b[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	add(m, option, b, sizeof b);
}

static void add_payload(struct message *m, uint8_t fill, size_t n)
{
	m->p[m->n++] = 0xFF;
	memset(m->p + m->n, fill, n);
	m->n += n;
}

static void send_it(const struct message *m)
{
	assert_int_equal(send(fd, m->p, m->n, 0), m->n);
}

/* Wait for a datagram while the net runs; false: none. */
static bool receive(unsigned ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (unsigned t = 0; t < ms; t += 2) {
		imp_coap_net.poll(end.net, 1);
		if (poll(&p, 1, 1) == 1) {
			ssize_t n = recv(fd, answer, sizeof answer, 0);

			answer_n = n > 0 ? (size_t)n : 0;
			return n > 0;
		}
	}
	return false;
}

/* Send, and the code of what comes back; 0: nothing, or an empty message. */
static uint8_t ask(const struct message *m)
{
	send_it(m);
	return receive(ANSWER_MS) && answer_n >= 4 ? answer[1] : 0;
}

/* Value of an option of the answer as a number; -1: not there. */
static long option_of_answer(unsigned option)
{
	size_t at = 4 + (answer[0] & 15U);
	unsigned number = 0;

	while (at < answer_n && answer[at] != 0xFF) {
		unsigned delta = answer[at] >> 4, n = answer[at] & 15;
		long v = 0;

		at++;
		if (delta == 13)
			delta += answer[at++];
		if (n == 13)
			n += answer[at++];
		number += delta;
		if (number == option) {
			for (unsigned i = 0; i < n; i++)
				v = v << 8 | answer[at + i];
			return v;
		}
		at += n;
	}
	return -1;
}

static const struct imp_span token = { (const uint8_t *)"tk", 2 };

static int set_up(void **state)
{
	struct imp_net_options options = { .body_max = 4096, .ack_timeout_ms = 100 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned port;

	(void)state;
	coap_end_open(&end, &options);
	port = coap_end_listen(&end, "coap://127.0.0.1:0", false, NULL);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(fd);
	imp_coap_net.close(end.net);
	return 0;
}

/* ---- requests -----------------------------------------------------------------------------------
 */

static void a_repeated_message_is_told_once(void **state)
{
	struct message m = message(CON, IMP_POST, 7, token);
	uint8_t first[sizeof answer];
	size_t first_n;

	(void)state;
	add(&m, 11, "bs", 2);
	add_payload(&m, 'x', 5);
	assert_int_equal(ask(&m), IMP_COAP_CHANGED);
	memcpy(first, answer, first_n = answer_n);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ask(&m), IMP_COAP_CHANGED);
		assert_int_equal(answer_n, first_n);
		assert_memory_equal(answer, first, first_n);
	}
	assert_int_equal(end.requests, 1);
	m.p[3] = 8; /* another message */
	assert_int_equal(ask(&m), IMP_COAP_CHANGED);
	assert_int_equal(end.requests, 2);
	m.p[0] = (uint8_t)(NON | 2); /* not confirmable, and repeated all the same */
	m.p[3] = 9;
	assert_int_equal(ask(&m), IMP_COAP_CHANGED);
	assert_int_equal(ask(&m), IMP_COAP_CHANGED);
	assert_int_equal(end.requests, 3);
}

/* What a request makes us send goes out behind its answer. */
static void an_answer_goes_first(void **state)
{
	struct message m = message(CON, IMP_POST, 7, token);

	(void)state;
	end.asks_back = true;
	add(&m, 11, "bs", 2);
	assert_int_equal(ask(&m), IMP_COAP_CHANGED);
	assert_true(receive(ANSWER_MS));
	assert_int_equal(answer[1], IMP_DELETE);
}

static uint8_t ask_part(
	uint16_t mid, const char *path, unsigned num, bool more, unsigned szx, size_t n)
{
	struct message m = message(CON, IMP_PUT, mid, token);

	add(&m, 11, path, strlen(path));
	add_block(&m, 27, num, more, szx);
	if (n)
		add_payload(&m, (uint8_t)('a' + num), n);
	return ask(&m);
}

#define CONTINUE IMP_COAP(2, 31)

static void bodies_in_parts(void **state)
{
	static const struct {
		const char *path;
		unsigned num;
		bool more;
		unsigned szx;
		size_t n;
		uint8_t code;
		unsigned told;
	} rows[] = {
		{ "0", 0, true, 2, 64, CONTINUE, 0 }, /* without Size1 */
		{ "0", 1, true, 2, 64, CONTINUE, 0 }, { "0", 2, false, 2, 10, IMP_COAP_CHANGED, 1 },
		{ "0", 2, false, 2, 10, IMP_COAP_INCOMPLETE, 1 }, /* after its end */
		{ "0", 0, true, 2, 64, CONTINUE, 1 },
		{ "0", 2, false, 2, 64, IMP_COAP_INCOMPLETE, 1 }, /* a gap */
		{ "0", 1, false, 2, 64, IMP_COAP_INCOMPLETE, 1 }, /* dropped by it */
		{ "0", 0, true, 2, 64, CONTINUE, 1 },
		{ "0", 0, true, 2, 64, CONTINUE, 1 }, /* begun anew */
		{ "0", 1, false, 2, 1, IMP_COAP_CHANGED, 2 },
		{ "0", 0, true, 2, 63, IMP_COAP_BAD_REQUEST, 2 },
		{ "0", 0, true, 2, 65, IMP_COAP_BAD_REQUEST, 2 },
		{ "0", 0, true, 7, 64, IMP_COAP_BAD_REQUEST, 2 },
		{ "0", 0, true, 2, 64, CONTINUE, 2 },
		{ "1", 1, false, 2, 64, IMP_COAP_INCOMPLETE, 2 }, /* of another path */
		{ "0", 0, false, 6, 3, IMP_COAP_CHANGED, 3 },	  /* one block is a body */
		{ "0", 0, true, 6, 1024, CONTINUE, 3 }, { "0", 1, true, 6, 1024, CONTINUE, 3 },
		{ "0", 2, true, 6, 1024, CONTINUE, 3 }, { "0", 3, true, 6, 1024, CONTINUE, 3 },
		{ "0", 4, false, 6, 1, IMP_COAP_TOO_LARGE, 3 },
		{ "0", 5, false, 6, 1, IMP_COAP_INCOMPLETE, 3 },
		{ "0", 0xFFFFF, true, 6, 1024, IMP_COAP_INCOMPLETE, 3 },
		{ "0", 0, false, 0, 0, IMP_COAP_CHANGED, 4 }, /* an empty body */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(ask_part((uint16_t)i, rows[i].path, rows[i].num, rows[i].more,
					 rows[i].szx, rows[i].n),
			rows[i].code);
		assert_int_equal(end.requests, rows[i].told);
		if (rows[i].code == IMP_COAP_TOO_LARGE)
			assert_int_equal(option_of_answer(60), 4096);
		else if (rows[i].szx != 7)
			assert_int_equal(option_of_answer(27),
				rows[i].num << 4 | (rows[i].more ? 8U : 0U) | rows[i].szx);
		if (i == 2)
			assert_int_equal(end.body_n, 138);
		if (i == 9)
			assert_int_equal(end.body_n, 65);
	}
}

/* What is announced as too long is refused at its first part. */
static void announced_length(void **state)
{
	struct message m = message(CON, IMP_PUT, 1, token);

	(void)state;
	add(&m, 11, "0", 1);
	add_block(&m, 27, 0, true, 6);
	add(&m, 60, "\x00\x10\x00\x00", 4);
	add_payload(&m, 0, 1024);
	assert_int_equal(ask(&m), IMP_COAP_TOO_LARGE);
	assert_int_equal(end.requests, 0);
}

static void long_answers(void **state)
{
	static uint8_t body[3000];

	(void)state;
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i * 7 + i / 256);
	end.give = imp_span(body, sizeof body);
	for (unsigned szx = 4; szx <= 6; szx++) {
		size_t size = (size_t)16 << szx, got = 0;

		for (unsigned num = 0; got < sizeof body; num++) {
			struct message m = message(CON, IMP_GET, (uint16_t)(szx << 8 | num), token);

			add(&m, 11, "3", 1);
			add_block(&m, 23, num, false, szx);
			assert_int_equal(ask(&m), IMP_COAP_CONTENT);
			size = sizeof body - got < size ? sizeof body - got : size;
			assert_memory_equal(answer + answer_n - size, body + got, size);
			got += size;
			assert_int_equal(option_of_answer(23),
				num << 4 | (got < sizeof body ? 8U : 0U) | szx);
		}
	}
	assert_int_equal(end.requests, 3); /* the parts come from memory */
}

static void odd_requests(void **state)
{
	struct {
		uint8_t method;
		unsigned option;
		const char *p;
		size_t n;
		uint8_t code;
	} rows[] = {
		{ IMP_DELETE, 11, "x", 1, IMP_COAP_CHANGED },
		{ IMP_POST, 11, "a/b", 3, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, 11, "a\0b", 3, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, 12, "\xFF\xFF", 2, IMP_COAP_BAD_REQUEST },
		{ IMP_POST, 1, "e", 1, IMP_COAP_BAD_OPTION },	 /* If-Match */
		{ IMP_POST, 5, "", 0, IMP_COAP_BAD_OPTION },	 /* If-None-Match */
		{ IMP_POST, 9, "e", 1, IMP_COAP_BAD_OPTION },	 /* OSCORE */
		{ IMP_POST, 35, "coap://x", 8, IMP_COAP(5, 5) }, /* Proxy-Uri */
		{ 5, 11, "x", 1, IMP_COAP_NOT_ALLOWED },	 /* FETCH */
		{ 7, 11, "x", 1, IMP_COAP_NOT_ALLOWED },	 /* iPATCH */
		{ IMP_GET, 23, "\x17", 1, IMP_COAP_BAD_REQUEST },
		{ IMP_GET, 23, "\x16", 1, IMP_COAP_BAD_OPTION },  /* behind its end */
		{ IMP_POST, 23, "\x16", 1, IMP_COAP_INCOMPLETE }, /* nobody remembers */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message m = message(CON, rows[i].method, (uint16_t)i, token);

		add(&m, rows[i].option, rows[i].p, rows[i].n);
		assert_int_equal(ask(&m), rows[i].code);
	}
	assert_int_equal(end.requests, 2);
	{
		struct message m = message(CON, IMP_POST, 100, token);

		for (int i = 0; i < 100; i++)
			add(&m, 11, "segment", 7);
		assert_int_equal(ask(&m), IMP_COAP_BAD_REQUEST);
		m = message(CON, IMP_POST, 101, token);
		for (int i = 0; i < 100; i++)
			add(&m, 15, "q=1", 3);
		assert_int_equal(ask(&m), IMP_COAP_BAD_REQUEST);
	}
}

/* Every prefix, every single bit, and noise: nothing breaks, and an honest request still works. */
static void noise(void **state)
{
	struct message m = message(CON, IMP_PUT, 1, token), honest;
	struct message cut;
	unsigned seed = 1;

	(void)state;
	add(&m, 11, "0", 1);
	add(&m, 11, "17", 2);
	add(&m, 12, "\x2D\x16", 2);
	add(&m, 15, "ep=urn:dev:os:1", 15);
	add_block(&m, 27, 0, false, 6);
	add_payload(&m, 1, 40);
	for (size_t n = 0; n < m.n; n++) {
		cut = m;
		cut.n = n;
		cut.p[3] = (uint8_t)n;
		if (n)
			send_it(&cut);
		imp_coap_net.poll(end.net, 0);
	}
	for (size_t bit = 0; bit < 8 * m.n; bit++) {
		cut = m;
		cut.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		send_it(&cut);
		imp_coap_net.poll(end.net, 0);
	}
	for (int i = 0; i < 5000; i++) {
		cut.n = 4 + (size_t)rand_r(&seed) % 60;
		for (size_t k = 0; k < cut.n; k++)
			cut.p[k] = (uint8_t)rand_r(&seed);
		cut.p[0] = (uint8_t)(CON | (cut.p[0] & 0x33));
		if (i % 2)
			cut.p[1] = (uint8_t)(1 + cut.p[1] % 4);
		send_it(&cut);
		imp_coap_net.poll(end.net, 0);
	}
	while (receive(20))
		;
	honest = message(CON, IMP_POST, 0x7777, token);
	add(&honest, 11, "bs", 2);
	end.requests = 0;
	assert_int_equal(ask(&honest), IMP_COAP_CHANGED);
	assert_int_equal(end.requests, 1);
}

/* ---- answers ------------------------------------------------------------------------------------
 */

/* Make the net ask us: over the session of a request of ours. */
static void be_asked(enum imp_method method, size_t n)
{
	static const uint8_t body[4096];
	static uint16_t mid = 0x1000;
	struct message m = message(CON, IMP_POST, ++mid, token);

	add(&m, 11, "bs", 2);
	assert_int_equal(ask(&m), IMP_COAP_CHANGED);
	end.responses = end.failures = 0;
	coap_end_send(&end, end.peer_session, method, "0/0", imp_span(body, n));
	assert_true(receive(ANSWER_MS));
	assert_int_equal(answer[0] & 0x70, CON);
	assert_int_equal(answer[1], method);
}

/* An answer to what was received last. */
static struct message reply(unsigned type, uint8_t code)
{
	return message(type, code, (uint16_t)(answer[2] << 8 | answer[3]),
		imp_span(answer + 4, answer[0] & 15U));
}

static void ends_with(bool answered, enum imp_net_failure why)
{
	coap_ends_run(&end, NULL, answered ? &end.responses : &end.failures, 1, 8000);
	assert_int_equal(end.responses, answered);
	assert_int_equal(end.failures, !answered);
	if (!answered)
		assert_int_equal(end.why, why);
}

static void answers(void **state)
{
	struct message m;

	(void)state;
	be_asked(IMP_PUT, 10);
	m = reply(ACK, IMP_COAP_CHANGED);
	send_it(&m);
	ends_with(true, 0);
	send_it(&m); /* again: nobody waits */
	imp_coap_net.poll(end.net, 5);
	assert_int_equal(end.responses, 1);

	/* A separate answer, repeated: acknowledged twice, told once. */
	be_asked(IMP_GET, 0);
	m = reply(CON, IMP_COAP_CONTENT);
	m.p[2] = 0x55;
	add_payload(&m, 'y', 3);
	{
		struct message empty =
			message(ACK, 0, (uint16_t)(answer[2] << 8 | answer[3]), imp_span(NULL, 0));

		send_it(&empty);
	}
	imp_coap_net.poll(end.net, 5);
	assert_int_equal(end.responses, 0);
	send_it(&m);
	ends_with(true, 0);
	assert_int_equal(end.body_n, 3);
	assert_true(receive(ANSWER_MS));
	assert_int_equal(answer[0], ACK);

	/* Reset. */
	be_asked(IMP_GET, 0);
	m = message(RST, 0, (uint16_t)(answer[2] << 8 | answer[3]), imp_span(NULL, 0));
	send_it(&m);
	ends_with(false, IMP_NET_REFUSED);

	/* Acknowledged, and never answered. */
	be_asked(IMP_GET, 0);
	m = message(ACK, 0, (uint16_t)(answer[2] << 8 | answer[3]), imp_span(NULL, 0));
	send_it(&m);
	ends_with(false, IMP_NET_TIMEOUT);

	/* Another token is no answer. */
	be_asked(IMP_GET, 0);
	m = reply(ACK, IMP_COAP_CONTENT);
	m.p[4] ^= 1;
	send_it(&m);
	ends_with(false, IMP_NET_TIMEOUT);
}

static void answers_in_parts(void **state)
{
	static const struct {
		uint8_t code;
		unsigned num, szx, next; /* the block that we ask for then, and its size */
		bool block, more, spoilt;
	} rows[] = {
		{ CONTINUE, 0, 6, 1, true, true, false },
		{ CONTINUE, 0, 4, 4, true, true, false }, /* 1024 octets are four of 256 */
		{ IMP_COAP_TOO_LARGE, 0, 5, 0, true, true, false },
		{ CONTINUE, 1, 6, 0, true, true, true },
		{ CONTINUE, 0, 6, 0, false, true, true },
		{ IMP_COAP_CHANGED, 0, 6, 0, true, true, true }, /* took a part for the whole */
		{ IMP_COAP_CHANGED, 0, 6, 0, false, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message m;

		be_asked(IMP_PUT, 2500);
		assert_int_equal(option_of_answer(27), 8 | 6);
		assert_int_equal(option_of_answer(60), 2500);
		m = reply(ACK, rows[i].code);
		if (rows[i].block)
			add_block(&m, 27, rows[i].num, rows[i].more, rows[i].szx);
		send_it(&m);
		if (rows[i].spoilt) {
			ends_with(false, IMP_NET_MALFORMED);
			continue;
		}
		assert_true(receive(ANSWER_MS));
		assert_int_equal(option_of_answer(27), rows[i].next << 4 | 8 | rows[i].szx);
		m = reply(ACK, IMP_COAP_BAD_REQUEST);
		send_it(&m);
		ends_with(true, 0);
		assert_int_equal(end.code, IMP_COAP_BAD_REQUEST);
	}
}

static void long_answers_with_faults(void **state)
{
	static const struct {
		unsigned num;
		size_t n;
		bool more, spoilt;
	} rows[] = {
		{ 1, 10, false, false },
		{ 2, 10, false, true }, /* a gap */
		{ 0, 64, true, false }, /* from the beginning: asked on from there */
		{ 1, 63, true, true },	/* too short for its block */
		{ 1, 64, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message m;

		be_asked(IMP_GET, 0);
		m = reply(ACK, IMP_COAP_CONTENT);
		add_block(&m, 23, 0, true, 2);
		add_payload(&m, 'p', 64);
		send_it(&m);
		assert_true(receive(ANSWER_MS));
		assert_int_equal(option_of_answer(23), 1 << 4 | 2);
		m = reply(ACK, IMP_COAP_CONTENT);
		add_block(&m, 23, rows[i].num, rows[i].more, 2);
		add_payload(&m, 'q', rows[i].n);
		send_it(&m);
		if (rows[i].spoilt) {
			ends_with(false, IMP_NET_MALFORMED);
		} else if (rows[i].more) {
			assert_true(receive(ANSWER_MS));
			assert_int_equal(option_of_answer(23), (rows[i].num + 1) << 4 | 2);
			m = reply(ACK, IMP_COAP_NOT_FOUND);
			send_it(&m);
			ends_with(true, 0);
			assert_int_equal(end.code, IMP_COAP_NOT_FOUND);
			assert_int_equal(end.body_n, 0);
		} else {
			ends_with(true, 0);
			assert_int_equal(end.body_n, 74);
		}
	}
}

/* More answers than body_max in an endless stream of parts: given up. */
static void an_endless_answer(void **state)
{
	(void)state;
	be_asked(IMP_GET, 0);
	for (unsigned num = 0; end.failures == 0 && num < 10; num++) {
		struct message m = reply(ACK, IMP_COAP_CONTENT);

		add_block(&m, 23, num, true, 6);
		add_payload(&m, 'p', 1024);
		send_it(&m);
		if (!receive(50))
			break;
	}
	ends_with(false, IMP_NET_MALFORMED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repeated_message_is_told_once),
		TEST(an_answer_goes_first),
		TEST(bodies_in_parts),
		TEST(announced_length),
		TEST(long_answers),
		TEST(odd_requests),
		TEST(noise),
		TEST(answers),
		TEST(answers_in_parts),
		TEST(long_answers_with_faults),
		TEST(an_endless_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
