/* SPDX-License-Identifier: Apache-2.0 */
/* A device with a card in it: boot sequence, the device's reader and a softcard together (N4, N5).
 * What the card is asked is counted: nothing for messages to servers of other origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "card/imr_adapter.h"
#include "codec/ef.h"
#include "crypto/sha256.h"
#include "reader/sequence.h"
#include "tests/fake/ready_card.h"

#define ADF 0x7F50
#define READ_BINARY 0xB0

/* /0/0 for server 1, and /1/0 with a lifetime; and the same without resources. */
static const uint8_t content[] = { 0x00, 0x02, 0x00, 0x1B, 0x00, 0x00, 0x00, 0x00, 0x08, 0x06, 0x00,
	0xC1, 0x01, 0x00, 0xC1, 0x0A, 0x01, 0x00, 0x01, 0x00, 0x00, 0x09, 0x07, 0x00, 0xC1, 0x00,
	0x01, 0xC2, 0x01, 0x01, 0x2C };
#define LIFETIME (sizeof content - 1)

static struct device {
	struct imp_softcard *card; /* in the slot; NULL: none */
	struct imr_store_card applied;
	struct imr_plan from_card; /* what is in force of it */
	struct imr_sequence sequence;
	struct imr_action action;
	unsigned deleted, disabled;

	struct imr_store_card now; /* the last look */
	struct imr_plan found;
	enum imr_status status;
	uint8_t buffer[2048 + IMR_CARD_ROOM];
} device;

/* The payload lies in front of the buffer while it is visited; it is hashed at its first resource.
 */
static int visit(void *ctx, const struct imr_resource *resource)
{
	struct device *d = (struct device *)ctx;
	struct imp_span payload = imp_span(d->buffer, sizeof content);

	payload.n = imp_ef_extent(payload);
	assert_int_equal(imp_sha256(payload, d->now.digest), IMP_OK);
	return imr_plan_visit(&d->found, resource);
}

static void look(void)
{
	struct imp_card seam;
	struct imp_imr_card adapter;
	struct imp_span iccid;
	struct imr_report report;
	struct imr_config config = { .card = &adapter.imr,
		.buffer = device.buffer,
		.size = sizeof device.buffer,
		.visit = visit,
		.ctx = &device };

	memset(&device.now, 0, sizeof device.now);
	device.found = (struct imr_plan){ .from_card = true };
	device.status = IMR_E_IO;
	if (!device.card)
		return;
	imp_softcard_as_card(device.card, &seam);
	imp_imr_adapt(&adapter, &seam, NULL);
	assert_int_equal(imp_softcard_file(device.card, 0x3F00, 0x2FE2, &iccid), IMP_OK);
	device.now.id_n = (uint8_t)iccid.n;
	memcpy(device.now.id, iccid.p, iccid.n);
	device.status = imr_load(&config, &report);
}

/* What is in force: the card's, and server 2 from a bootstrap server. */
static void configure(void)
{
	struct imr_plan plan = device.from_card;

	assert_true(plan.n < IMR_SERVERS_MAX);
	plan.servers[plan.n++] =
		(struct imr_server){ .ssid = 2, .instance = 7, .priority = IMR_PRIORITY_LAST };
	imr_sequence_configure(&device.sequence, &plan);
}

static void tell(struct imr_event event)
{
	device.action = imr_sequence(&device.sequence, &event);
}

/* Carry out what has to do with the card, until something else is to be done. */
static void settle(void)
{
	for (;;) {
		struct imr_event event = { .kind = IMR_DONE };

		switch ((unsigned)device.action.kind) {
		case IMR_CHECK_CARD:
			look();
			event.kind = IMR_CARD;
			event.content = device.status == IMR_OK;
			event.card = imr_card_change(
				&device.applied, device.card != NULL, device.status, &device.now);
			break;
		case IMR_APPLY_CARD:
			device.from_card = device.found;
			device.applied = device.now;
			configure();
			break;
		case IMR_DELETE_CARD:
			memset(&device.applied, 0, sizeof device.applied);
			device.deleted++;
			device.from_card.n = 0;
			configure();
			break;
		case IMR_DISABLE_CARD:
			device.disabled++;
			device.from_card.n = 0;
			configure();
			break;
		case IMR_LOAD_FACTORY:
			break;
		default:
			return;
		}
		tell(event);
	}
}

static void happens(enum imr_event_kind kind, uint16_t ssid)
{
	tell((struct imr_event){ .kind = kind, .ssid = ssid });
	settle();
}

/* ssid: of a Register or Update; 0: of neither, the action says nothing of it then. */
static void expects(enum imr_action_kind kind, uint16_t ssid)
{
	assert_int_equal(device.action.kind, kind);
	assert_int_equal(ssid != 0, kind == IMR_REGISTER || kind == IMR_UPDATE);
	if (ssid)
		assert_int_equal(device.action.ssid, ssid);
}

static uint32_t apdus(void)
{
	return imp_softcard_counts(device.card)->apdus;
}

/* Booted, registered with 1 of the card and 2. */
static void online(void)
{
	imp_softcard_free(device.card);
	memset(&device, 0, sizeof device);
	device.card = ready_card(1, imp_span(content, sizeof content));
	assert_non_null(device.card);
	configure();
	happens(IMR_START, 0);
	expects(IMR_REGISTER, 1);
	happens(IMR_DONE, 0);
	expects(IMR_REGISTER, 2);
	happens(IMR_DONE, 0);
	expects(IMR_NOTHING, 0);
}

static void unchanged(void **state)
{
	uint32_t before;

	(void)state;
	online();
	before = apdus();
	happens(IMR_DUE, 2);
	expects(IMR_UPDATE, 2);
	happens(IMR_DONE, 0);
	assert_int_equal(apdus(), before); /* S7: not towards others */
	happens(IMR_DUE, 1);
	expects(IMR_UPDATE, 1);
	assert_true(apdus() > before);
	happens(IMR_DONE, 0);
	expects(IMR_NOTHING, 0);
	/* The same card after a reset: nothing is applied again. */
	happens(IMR_START, 0);
	expects(IMR_REGISTER, 1);
	assert_int_equal(device.disabled + device.deleted, 0);
}

static void changed(void **state)
{
	(void)state;
	online();
	assert_int_equal(
		imp_softcard_poke(device.card, ADF, 0x6432, LIFETIME, imp_span("\x2D", 1)), IMP_OK);
	happens(IMR_DUE, 1);
	expects(IMR_REGISTER, 1); /* S5: disabled, applied, registered anew */
	assert_int_equal(device.disabled, 1);
	assert_int_equal(device.deleted, 0);
	happens(IMR_DONE, 0);
	expects(IMR_NOTHING, 0);
	happens(IMR_DUE, 1);
	expects(IMR_UPDATE, 1);
	assert_int_equal(device.disabled, 1);
}

static void emptied(void **state)
{
	(void)state;
	online();
	assert_int_equal(
		imp_softcard_poke(device.card, ADF, 0x6432, 0, imp_span("\0\0\0\0", 4)), IMP_OK);
	happens(IMR_DUE, 1);
	expects(IMR_NOTHING, 0);
	assert_int_equal(device.disabled, 1);
	happens(IMR_DUE, 2);
	expects(IMR_UPDATE, 2);
}

static void transient(void **state)
{
	const struct imp_softcard_fault fault = { 0, READ_BINARY, IMP_SOFTCARD_SW, 0x6F00 };

	(void)state;
	online();
	assert_int_equal(imp_softcard_add_fault(device.card, &fault), IMP_OK);
	happens(IMR_DUE, 1);
	expects(IMR_WAIT, 0); /* kept, but nothing is sent */
	happens(IMR_DUE, 2);
	expects(IMR_UPDATE, 2);
	happens(IMR_DONE, 0);
	happens(IMR_TIMER, 0);
	expects(IMR_UPDATE, 1);
	assert_int_equal(device.disabled + device.deleted, 0);
}

static void removed(void **state)
{
	struct imp_softcard *out;

	(void)state;
	online();
	out = device.card;
	device.card = NULL;
	happens(IMR_DUE, 2);
	expects(IMR_UPDATE, 2); /* nobody looks */
	happens(IMR_DONE, 0);
	assert_int_equal(device.deleted, 0);
	happens(IMR_DUE, 1);
	expects(IMR_NOTHING, 0);
	assert_int_equal(device.deleted, 1); /* S6; what came from elsewhere stays (S11) */
	assert_int_equal(device.sequence.plan.n, 1);
	happens(IMR_DUE, 2);
	expects(IMR_UPDATE, 2);
	/* Put back, it is a card like any other at the next boot. */
	device.card = out;
	happens(IMR_START, 0);
	expects(IMR_REGISTER, 1);
}

static void swapped(void **state)
{
	struct imp_softcard *out;

	(void)state;
	online();
	out = device.card;
	device.card = imp_softcard_clone(out);
	assert_int_equal(
		imp_softcard_poke(device.card, 0x3F00, 0x2FE2, 9, imp_span("\x01", 1)), IMP_OK);
	happens(IMR_DUE, 1);
	expects(IMR_REGISTER, 1);
	assert_int_equal(device.deleted, 1);
	assert_int_equal(device.disabled, 0);
	imp_softcard_free(out);
}

static int end(void **state)
{
	(void)state;
	imp_softcard_free(device.card);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged),
		cmocka_unit_test(changed),
		cmocka_unit_test(emptied),
		cmocka_unit_test(transient),
		cmocka_unit_test(removed),
		cmocka_unit_test(swapped),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
