/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power lost at every flash operation of a Finish, in every way (N9, F4, F7, D9): the next boot has
 * all of the old configuration or all of the new one, with one bootstrap account at most, and the
 * same bootstrap done again leads to the new one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bootstrap/client.h"
#include "tests/fake/bs_words.h"
#include "tests/fake/store_rig.h"

static struct rig rig;
static struct imr_client client;
static const struct imr_client_config config = {
	.endpoint = { (const uint8_t *)"dev", 3 }, .pct = IMP_FORMAT_NONE, .version = 1
};

#define SERVER "0s=coaps://s.example 1b=0 2i=0 3s=dev1 5s=SERVERKEYSERVERK 10i=1"
#define ACCOUNT "0s=coaps://new.example 1b=1 2i=0 3s=dev9 5s=NEWKEYNEWKEYNEWK"

static const struct bootstrap {
	const char *name;
	uint32_t timeout; /* of the account that is there */
	const char *writes[4];
	const char *lost;  /* a secret that the new configuration does not have any more */
	unsigned accounts; /* bootstrap accounts then */
	bool oscore;	   /* the account that is there has its secret in /21 too */
} bootstraps[] = {
	{ "a server account", 0, { "0 @4 " SERVER, "1 @0 0i=1 1i=9 6b=0 7s=U" }, NULL, 1, false },
	{ "a resource", 0, { "1/7/1 1i=77" }, NULL, 1, false },
	{ "a second bootstrap account", 3200, { "0 @9 " ACCOUNT }, "FACTORY", 1, false },
	{ "overwriting the bootstrap account", 3200, { "0/0 " ACCOUNT }, "FACTORY", 1, false },
	{ "overwriting a bootstrap account that has keys", 0, { "0/0 " ACCOUNT, "1/7/1 1i=77" },
		"FACTORY", 1, true },
	{ "purge at once", 1, { "1/7/1 1i=77" }, "FACTORY", 0, false },
	{ "a server account takes the place of another", 0,
		{ "DELETE 0/7", "0/7 " SERVER, "1 @0 0i=1 1i=9 6b=0 7s=U" }, "OTHER", 1, false },
};

static const uint8_t units[] = { 1, 8, 32 };

static uint8_t send(const char *text)
{
	struct words_message m;
	struct imp_response out;
	bool delete = strncmp(text, "DELETE ", 7) == 0;

	words_message(delete ? text + 7 : text, &m);
	m.request.method = delete ? IMP_DELETE : IMP_PUT;
	(void)imr_client_request(&client, &m.request, &out, 0);
	words_free(&m);
	return out.code;
}

/* Nothing of it lies on the heap: power may be lost inside. */
static uint8_t finish(void)
{
	static const struct imp_request request = { .method = IMP_POST,
		.path = { (const uint8_t *)"bs", 2 },
		.format = IMP_FORMAT_NONE,
		.accept = IMP_FORMAT_NONE };
	struct imp_response out;

	(void)imr_client_request(&client, &request, &out, 0);
	return out.code;
}

/* Up to the Finish. */
static void up_to_finish(const struct bootstrap *b)
{
	memset(&client, 0, sizeof(client));
	client.store = &rig.store;
	client.config = &config;
	assert_int_equal(imr_client_begin(&client, 0), IMR_CLIENT_SEND);
	for (unsigned i = 0; i < 4 && b->writes[i]; i++)
		assert_true(imp_coap_success(send(b->writes[i])));
}

static void prepare(const struct bootstrap *b, unsigned unit)
{
	rig_init(&rig, unit);
	(void)rig_boot(&rig);
	imr_set_clear(&rig.store.set);
	rig_put_bootstrap(&rig.store.set, 0, "FACTORY", b->timeout, b->oscore, IMR_ORIGIN_FACTORY);
	rig_put_server(&rig.store.set, 7, "OTHER", IMR_ORIGIN_SERVER);
	rig_fill_factory(&rig, "FACTORY");
	rig.store.keys = b->timeout ? 0xA5 : 0x5A;
	assert_int_equal(imr_store_apply(&rig.store), IMR_OK);
}

static unsigned accounts(void)
{
	unsigned n = 0;
	struct imr_at at;

	imr_set_start(&at);
	while (imr_set_account(&rig.store.set, &at))
		n++;
	return n;
}

struct tally {
	unsigned olds, news, neither;
};

/* Finish with power lost at an operation; false when there is no such operation.  in_place: wrong
 * on purpose, the record in force is the one that is erased and written. */
static bool cut(const struct bootstrap *b, const struct nor_state *from, unsigned at,
	enum nor_way way, bool in_place)
{
	static jmp_buf out;

	rig.nor.state = *from;
	nor_counts(&rig.nor);
	assert_int_equal(rig_boot(&rig), IMR_OK);
	up_to_finish(b);
	nor_counts(&rig.nor);
	rig.nor.out = &out;
	rig.nor.cut_at = at;
	rig.nor.way = way;
	if (setjmp(out))
		return true;
	if (in_place)
		rig.store.region ^= 1U;
	assert_int_equal(finish(), IMP_COAP_CHANGED);
	return false;
}

static void judge(const struct bootstrap *b, const struct rig_view *old, const struct rig_view *new,
	bool strict, struct tally *tally)
{
	static struct rig_view view, again;

	nor_counts(&rig.nor);
	rig_look(&rig, &view);
	if (rig_same(&view, old)) {
		tally->olds++;
	} else if (rig_same(&view, new)) {
		tally->news++;
	} else {
		tally->neither++;
		assert_false(strict);
		return;
	}
	if (!strict)
		return;
	assert_true(accounts() <= 1);
	if (b->lost && rig_same(&view, new))
		assert_false(rig_holds(&rig, b->lost));
	if (accounts() == 0)
		return;
	/* The same once more. */
	up_to_finish(b);
	assert_int_equal(finish(), IMP_COAP_CHANGED);
	rig_look(&rig, &again);
	assert_int_equal(again.n, new->n);
	assert_int_equal(accounts(), b->accounts);
	if (b->lost)
		assert_false(rig_holds(&rig, b->lost));
}

static unsigned sweep(const struct bootstrap *b, unsigned unit, bool in_place, struct tally *tally)
{
	static struct rig_view old, new;
	static struct nor_state from;
	unsigned at = 1;

	prepare(b, unit);
	rig_look(&rig, &old);
	from = rig.nor.state;
	up_to_finish(b);
	assert_int_equal(finish(), IMP_COAP_CHANGED);
	rig_look(&rig, &new);
	assert_int_equal(accounts(), b->accounts);
	assert_false(rig_same(&old, &new));
	for (;; at++)
		for (unsigned way = 0; way < NOR_WAYS; way++) {
			if (!cut(b, &from, at, (enum nor_way)way, in_place))
				return at - 1;
			judge(b, &old, &new, !in_place, tally);
		}
}

static void test_everywhere(void **state)
{
	struct tally tally = { 0 };
	unsigned operations = 0;

	(void)state;
	for (size_t u = 0; u < sizeof(units); u++)
		for (size_t i = 0; i < sizeof(bootstraps) / sizeof(*bootstraps); i++) {
			struct tally one = { 0 };
			unsigned n = sweep(&bootstraps[i], units[u], false, &one);

			assert_true(n > 8 && one.olds > 0 && one.news > 0);
			operations += n;
			tally.olds += one.olds;
			tally.news += one.news;
		}
	print_message("%u operations, %u cuts: %u old, %u new\n", operations,
		tally.olds + tally.news, tally.olds, tally.news);
}

/* The control: a device that writes where the configuration is would be seen. */
static void test_in_place(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	(void)sweep(&bootstraps[0], 8, true, &tally);
	assert_true(tally.neither > 0);
}

/* Before the Finish flash is not touched at all, whatever is written. */
static void test_untouched(void **state)
{
	static struct nor_state before;

	(void)state;
	for (size_t i = 0; i < sizeof(bootstraps) / sizeof(*bootstraps); i++) {
		prepare(&bootstraps[i], 8);
		assert_int_equal(rig_boot(&rig), IMR_OK);
		before = rig.nor.state;
		nor_counts(&rig.nor);
		up_to_finish(&bootstraps[i]);
		assert_int_equal(rig.nor.operations, 0);
		assert_memory_equal(&before, &rig.nor.state, sizeof(before));
		assert_int_equal(imr_client_end(&client), IMR_CLIENT_FAILED);
		assert_int_equal(rig.nor.operations, 0);
	}
}

/* Flash that reports failures at an operation, and goes on after: 4.06 and the old one, or 2.04 and
 * the new one. */
static void test_failures(void **state)
{
	unsigned refused = 0, done = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bootstraps) / sizeof(*bootstraps); i++) {
		static struct rig_view old, new, view;
		static struct nor_state from;

		prepare(&bootstraps[i], 8);
		rig_look(&rig, &old);
		from = rig.nor.state;
		up_to_finish(&bootstraps[i]);
		assert_int_equal(finish(), IMP_COAP_CHANGED);
		rig_look(&rig, &new);
		for (unsigned at = 1, n = 2; at < n; at++) {
			uint8_t code;

			rig.nor.state = from;
			nor_counts(&rig.nor);
			assert_int_equal(rig_boot(&rig), IMR_OK);
			up_to_finish(&bootstraps[i]);
			nor_counts(&rig.nor);
			rig.nor.fails_at = rig.nor.fails_to = at;
			rig.nor.fault = NOR_SILENT;
			code = finish();
			n = rig.nor.operations + 1;
			nor_counts(&rig.nor);
			rig_look(&rig, &view);
			if (code == IMP_COAP_CHANGED) {
				assert_true(rig_same(&view, &new));
				done++;
			} else {
				assert_int_equal(code, IMP_COAP_NOT_ACCEPTABLE);
				assert_true(rig_same(&view, &old));
				refused++;
			}
		}
	}
	print_message("%u refused with the old one, %u done with the new one\n", refused, done);
	assert_true(refused > 0 && done > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
