/* SPDX-License-Identifier: Apache-2.0 */
/* The card slot of a simulated device over readers that come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cmd/device_card.h"
#include "tests/fake/ready_card.h"

static struct {
	struct imp_softcard *card; /* NULL: the slot is empty */
	bool unplugged, service_down, busy;
	int open; /* connections that were not given back */
} world;

static enum imp_status list(
	void *ctx, struct imp_reader_info *out, size_t cap, size_t *n, struct imp_diag *diag)
{
	(void)ctx;
	if (world.service_down)
		return imp_diag(diag, IMP_E_ABSENT, "no service");
	*n = world.unplugged ? 0 : 1;
	if (*n && cap) {
		memset(out, 0, sizeof *out);
		(void)snprintf(out->name, sizeof out->name, "Slot 00");
		out->card_present = world.card != NULL;
	}
	return IMP_OK;
}

static void give_back(void *ctx)
{
	(void)ctx;
	world.open--;
}

static enum imp_status connect(
	void *ctx, const char *name, struct imp_card *card, struct imp_diag *diag)
{
	(void)ctx;
	assert_string_equal(name, "Slot 00");
	if (world.busy)
		return imp_diag(diag, IMP_E_DENIED, "in use");
	if (world.service_down || world.unplugged || !world.card)
		return imp_diag(diag, IMP_E_ABSENT, "no card");
	imp_softcard_as_card(world.card, card);
	card->close = give_back;
	world.open++;
	return IMP_OK;
}

static const struct imp_readers readers = { NULL, list, connect, "--reader" };

static struct imp_device_card slot;

/* What a look finds: present, identified, readable. */
static void look(bool present, bool identified, enum imr_status status)
{
	uint8_t id[10], n = 0, buffer[2048];
	struct imr_config config = { .buffer = buffer, .size = sizeof buffer };
	struct imr_report report;
	struct imr_card card;

	assert_int_equal(slot.slot.open(slot.slot.ctx, &card, id, &n), present);
	assert_int_equal(n, identified ? 10 : 0);
	config.card = &card;
	if (present)
		assert_int_equal(imr_load(&config, &report), status);
	if (identified) {
		static const uint8_t iccid[10] = { 0x98, 0x88, 0x12, 0x01, 0x00, 0x00, 0x00, 0x00,
			0x10, 0xF1 }; /* 8988211000000000011, two digits in an octet */

		assert_memory_equal(id, iccid, sizeof iccid);
	}
	slot.slot.close(slot.slot.ctx);
	assert_int_equal(world.open, 0);
}

static void comes_and_goes(void **state)
{
	uint8_t payload[256];
	struct imp_diag diag = { .status = IMP_OK };
	struct imp_softcard *card = ready_card(1, ready_payload(payload, 100));

	(void)state;
	world.card = card;
	assert_int_equal(imp_device_card_open(&readers, "0", &slot, &diag), IMP_OK);
	look(true, true, IMR_OK);
	look(true, true, IMR_OK);
	world.card = NULL;
	look(false, false, IMR_OK);
	world.card = card;
	look(true, true, IMR_OK);
	/* What may pass is no card that is gone. */
	world.busy = true;
	look(true, false, IMR_E_IO);
	world.busy = false;
	world.service_down = true;
	look(true, false, IMR_E_IO);
	world.service_down = false;
	/* A reader that is unplugged takes its card along. */
	world.unplugged = true;
	look(false, false, IMR_OK);
	world.unplugged = false;
	look(true, true, IMR_OK);
	imp_device_card_close(&slot);
	imp_softcard_free(card);
}

static void no_such_reader(void **state)
{
	struct imp_diag diag = { .status = IMP_OK };

	(void)state;
	memset(&world, 0, sizeof world);
	assert_int_equal(imp_device_card_open(&readers, "7", &slot, &diag), IMP_E_ABSENT);
	assert_true(diag.text[0]);
	imp_device_card_close(&slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(no_such_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
