/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device with an account store: each boot opens the store and does one job, which the host leaves
 * in RAM.  tests/boot/powercut.py knows the jobs by their number.
 *
 * Job 0 looks: it ends with what the boot found, as below; any other job is one update and ends
 * with 0, or with the status of the reader.  Built with the places of flash (nor.h), SLOT_A,
 * SLOT_B, SLOT_SIZE and MAIL.  For the controls of the tests: IN_PLACE adds a job that rewrites the
 * record in force, HASTY tidies up before the store has decided.
 */
#include "board.h"
#include "imprint_reader.h"
#include "nor.h"

#define EXIT_OLD 0
#define EXIT_NEW 1
#define EXIT_NOTHING 20	 /* neither of them: no configuration */
#define EXIT_NEITHER 21	 /* a configuration, but another one */
#define EXIT_ACCOUNTS 22 /* more than one bootstrap account */
#define EXIT_LEFT 23	 /* the boot could not finish an update */

#define SECRET 16

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int octet, size_t n);

/* What the host asks for. */
struct mail {
	uint32_t job;
	uint32_t old[2], new[2]; /* sums of the two views that may be found */
};

#define mail (*(const volatile struct mail *)(uintptr_t)MAIL)

/* What a boot found: all that the store keeps, and all that it hands over.  The host compares it
 * octet by octet where it can read it, else by its sum. */
struct view {
	uint32_t sum[2];
	uint32_t status, n, remaining, accounts, resources, handed[2];
	uint8_t keys, flags, filling[2];
	struct imr_store_card card;
	uint8_t origin[IMR_INSTANCES_MAX];
	uint8_t octets[1024];
};

extern struct view view;
struct view view;

static uint8_t buffer[1024], factory_buffer[1024];

/* ---- accounts -------------------------------------------------------------------------------- */

/* Secrets are made here, so that flash holds each of them only where the store put it. */
enum secret { OTHER, APPLIED, SECOND, LATER, CARD };

static void spell(enum secret which, uint8_t octets[SECRET])
{
	uint32_t x = 0x9E3779B9U * ((uint32_t)which + 1);

	for (unsigned i = 0; i < SECRET; i++) {
		x = x * 1664525U + 1013904223U;
		octets[i] = (uint8_t)(x >> 24);
	}
}

struct tlv {
	uint8_t octets[96];
	size_t n;
};

static void put(struct tlv *tlv, uint8_t resource, const void *value, size_t n)
{
	uint8_t *p = tlv->octets + tlv->n;

	*p++ = n < 8 ? (uint8_t)(0xC0 | n) : 0xC8;
	*p++ = resource;
	if (n >= 8)
		*p++ = (uint8_t)n;
	memcpy(p, value, n);
	tlv->n = (size_t)(p + n - tlv->octets);
}

static void put_octet(struct tlv *tlv, uint8_t resource, uint8_t value)
{
	put(tlv, resource, &value, 1);
}

static enum imr_status store_put(struct imr_store *s, uint16_t object, uint16_t instance,
	const struct tlv *tlv, enum imr_origin origin)
{
	const struct imp_span resources = { tlv->octets, tlv->n };

	return imr_set_put(&s->set, object, instance, resources, origin);
}

static void security(struct tlv *tlv, uint8_t bootstrap, enum secret which)
{
	uint8_t octets[SECRET];

	tlv->n = 0;
	spell(which, octets);
	put(tlv, 0, "coaps://a.example", 17);
	put_octet(tlv, 1, bootstrap);
	put_octet(tlv, 2, 0);
	put(tlv, 3, "id", 2);
	put(tlv, 5, octets, sizeof octets);
}

/* timeout in seconds, below 128; 0: none.  oscore: with /21/instance, which holds the same secret.
 */
static enum imr_status put_bootstrap(struct imr_store *s, uint8_t instance, enum secret which,
	uint8_t timeout, bool oscore, enum imr_origin origin)
{
	const uint8_t link[] = { 0, 21, 0, instance };
	uint8_t octets[SECRET];
	enum imr_status st;
	struct tlv tlv;

	security(&tlv, 1, which);
	if (timeout)
		put_octet(&tlv, 12, timeout);
	if (oscore)
		put(&tlv, 17, link, sizeof link);
	st = store_put(s, 0, instance, &tlv, origin);
	if (st != IMR_OK || !oscore)
		return st;
	tlv.n = 0;
	spell(which, octets);
	put(&tlv, 0, octets, sizeof octets);
	put(&tlv, 1, "c", 1);
	put(&tlv, 2, "s", 1);
	return store_put(s, 21, instance, &tlv, origin);
}

static enum imr_status put_server(
	struct imr_store *s, uint8_t instance, enum secret which, enum imr_origin origin)
{
	struct tlv tlv;
	enum imr_status st;

	security(&tlv, 0, which);
	put_octet(&tlv, 10, instance + 100);
	st = store_put(s, 0, instance, &tlv, origin);
	if (st != IMR_OK)
		return st;
	tlv.n = 0;
	put_octet(&tlv, 0, instance + 100);
	put_octet(&tlv, 1, 60);
	return store_put(s, 1, instance, &tlv, origin);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* The reader has checked all of it: keep the payload as it is. */
static int keep_payload(void *ctx, const struct imr_resource *resource)
{
	struct imr_set *set = (struct imr_set *)ctx;

	(void)resource;
	if (set->n == 4) {
		set->n = 4U + ((size_t)factory_buffer[2] << 8 | factory_buffer[3]);
		memcpy(set->p, factory_buffer, set->n);
	}
	return 0;
}

/* First boot: what the tools put into the factory slot, and a server. */
static enum imr_status take_factory(struct imr_store *s)
{
	static const struct imr_flash flash = {
		.read = nor_read, .slot = { SLOT_A, SLOT_B }, .size = SLOT_SIZE
	};
	const struct imr_config config = { .flash = &flash,
		.buffer = factory_buffer,
		.size = sizeof factory_buffer,
		.visit = keep_payload,
		.ctx = &s->set };
	struct imr_report report;
	struct imr_at at;
	enum imr_status st;

	imr_set_clear(&s->set);
	st = imr_load(&config, &report);
	if (st != IMR_OK)
		return st;
	imr_set_start(&at);
	while (imr_set_next(&s->set, &at))
		s->set.origin[at.index] = IMR_ORIGIN_FACTORY;
	s->keys = report.keys;
	st = put_server(s, 7, OTHER, IMR_ORIGIN_SERVER);
	return st == IMR_OK ? imr_store_apply(s) : st;
}

static enum imr_status take_card(struct imr_store *s)
{
	imr_set_clear(&s->set);
	(void)put_bootstrap(s, 3, CARD, 0, false, IMR_ORIGIN_CARD);
	(void)put_server(s, 7, OTHER, IMR_ORIGIN_SERVER);
	memset(&s->card, 0x98, sizeof s->card);
	s->card.id_n = sizeof s->card.id;
	return imr_store_apply(s);
}

static enum imr_status apply(struct imr_store *s)
{
	imr_set_clear(&s->set);
	(void)put_bootstrap(s, 1, APPLIED, 0, true, IMR_ORIGIN_SERVER);
	(void)put_server(s, 2, SECOND, IMR_ORIGIN_SERVER);
	return imr_store_apply(s);
}

static enum imr_status next(struct imr_store *s)
{
	imr_set_clear(&s->set);
	(void)put_bootstrap(s, 0, LATER, 0, false, IMR_ORIGIN_SERVER);
	return imr_store_apply(s);
}

static enum imr_status replace(struct imr_store *s)
{
	(void)put_bootstrap(s, 9, APPLIED, 0, false, IMR_ORIGIN_FRESH);
	return imr_store_finish(s);
}

static enum imr_status overwrite(struct imr_store *s)
{
	(void)put_bootstrap(s, 0, APPLIED, 60, true, IMR_ORIGIN_FRESH);
	return imr_store_finish(s);
}

static enum imr_status finish(struct imr_store *s)
{
	(void)put_server(s, 8, APPLIED, IMR_ORIGIN_FRESH);
	return imr_store_finish(s);
}

static enum imr_status delete_server(struct imr_store *s)
{
	struct imr_at at;

	for (uint16_t object = 0; object <= 1; object++)
		if (imr_set_find(&s->set, object, 7, &at))
			imr_set_remove(&s->set, &at);
	return imr_store_apply(s);
}

static enum imr_status tick(struct imr_store *s)
{
	return imr_store_elapsed(s, 200);
}

static enum imr_status expire(struct imr_store *s)
{
	return imr_store_elapsed(s, 3200);
}

static enum imr_status reset_all(struct imr_store *s)
{
	return imr_store_reset(s, true);
}

static enum imr_status reset_to_account(struct imr_store *s)
{
	return imr_store_reset(s, false);
}

#ifdef IN_PLACE
/* The record in force is the one that is erased and written again. */
static enum imr_status in_place(struct imr_store *s)
{
	s->region ^= 1;
	return apply(s);
}
#endif

static enum imr_status (*const jobs[])(struct imr_store *s) = {
	NULL,
	take_factory,
	take_card,
	apply,
	next,
	replace,
	overwrite,
	finish,
	delete_server,
	imr_store_purge,
	tick,
	expire,
	imr_store_card_removed,
	imr_store_card_disabled,
	reset_all,
	reset_to_account,
#ifdef IN_PLACE
	in_place,
#endif
};

/* ---- look ------------------------------------------------------------------------------------ */

static void add(uint32_t sum[2], const void *octets, size_t n)
{
	const uint8_t *p = (const uint8_t *)octets;

	for (; n > 0; n--, p++) {
		sum[0] = (sum[0] ^ *p) * 16777619U;
		sum[1] = (sum[1] + *p) * 1664525U + 1013904223U;
	}
}

static int handed_over(void *ctx, const struct imr_resource *r)
{
	(void)ctx;
	view.resources++;
	view.accounts += r->object == 0 && r->resource == 1 && imr_integer(r) != 0;
	add(view.handed, &r->object, sizeof r->object);
	add(view.handed, &r->instance, sizeof r->instance);
	add(view.handed, &r->resource, sizeof r->resource);
	add(view.handed, &r->res_instance, sizeof r->res_instance);
	add(view.handed, r->value, r->length);
	return 0;
}

/* However it comes about, the device has no configuration. */
static bool nothing_there(enum imr_status st)
{
	return st == IMR_E_NONE || st == IMR_E_DAMAGED || st == IMR_E_IO;
}

static int look(struct imr_store *s, enum imr_status st)
{
	bool some = st == IMR_OK || st == IMR_E_LEFT;

	memset(&view, 0, sizeof view);
	view.status = nothing_there(st) ? (uint32_t)IMR_E_NONE : (uint32_t)st;
	if (some) {
		view.n = (uint32_t)s->set.n;
		view.remaining = s->remaining;
		view.keys = s->keys;
		view.flags = s->flags;
		view.card = s->card;
		memcpy(view.origin, s->set.origin, sizeof view.origin);
		memcpy(view.octets, s->set.p, s->set.n);
		if (imr_store_visit(s, handed_over, NULL) != IMR_OK)
			return EXIT_NEITHER;
	}
	add(view.sum, &view.status, (size_t)((uint8_t *)(&view + 1) - (uint8_t *)&view.status));
	if (view.accounts > 1)
		return EXIT_ACCOUNTS;
	if (st == IMR_E_LEFT)
		return EXIT_LEFT;
	if (view.sum[0] == mail.new[0] && view.sum[1] == mail.new[1])
		return EXIT_NEW;
	if (view.sum[0] == mail.old[0] && view.sum[1] == mail.old[1])
		return EXIT_OLD;
	return some ? EXIT_NEITHER : EXIT_NOTHING;
}

#ifdef HASTY
/* Tidies up by the generation alone, before anything is judged. */
static void hasty(void)
{
	uint32_t a[4], b[4];

	(void)nor_read(NULL, STORE_A, a, sizeof a);
	(void)nor_read(NULL, STORE_B, b, sizeof b);
	if (mail.job == 0 && a[0] == b[0])
		(void)nor.erase(NULL, a[2] < b[2] ? STORE_A : STORE_B);
}
#endif

int main(void)
{
	struct imr_store s = { .flash = &nor, .set = { .p = buffer, .size = sizeof buffer } };
	uint32_t job = mail.job;
	enum imr_status st;

#ifdef HASTY
	hasty();
#endif
	st = imr_store_open(&s);
	if (job == 0)
		return look(&s, st);
	if (job >= sizeof jobs / sizeof *jobs)
		return 50;
	st = imr_store_read(&s);
	if (st == IMR_OK)
		st = jobs[job](&s);
	return st == IMR_OK ? 0 : (int)st;
}
