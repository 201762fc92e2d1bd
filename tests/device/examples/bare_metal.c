/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot loader with its factory area in memory-mapped flash: two slots of 4 KiB.
 *
 * The visitor copies what the device needs and nothing else; the reader's buffer, which held the
 * keys, is wiped when factory_load() returns.
 */
#include "imprint_reader.h"

#define FACTORY_AT 0x0803E000U /* the layout's base: stm32-2k */
#define SLOT_SIZE 0x1000U

struct account {
	uint8_t uri[128], identity[64], key[64];
	uint8_t uri_n, identity_n, key_n;
	int64_t mode, hold_off;
	uint16_t instance; /* of /0; IMR_NO_ID: none found */
};

enum imr_status factory_load(struct account *account, struct imr_report *report);

static int read_flash(void *ctx, uint32_t addr, void *to, size_t n)
{
	const volatile uint8_t *from = (const volatile uint8_t *)(uintptr_t)addr;
	uint8_t *octet = (uint8_t *)to;

	(void)ctx;
	while (n-- > 0)
		*octet++ = *from++;
	return 0;
}

static int copy(uint8_t *to, size_t room, uint8_t *n, const struct imr_resource *r)
{
	if (r->length > room)
		return 1; /* stops the load: IMR_E_STOPPED */
	for (size_t i = 0; i < r->length; i++)
		to[i] = r->value[i];
	*n = (uint8_t)r->length;
	return 0;
}

/* Resources come in the order of the payload; 0/x/1 may stand behind others of its instance. */
static int take(void *ctx, const struct imr_resource *r)
{
	struct account *account = (struct account *)ctx;

	if (r->object != 0 || (account->instance != IMR_NO_ID && account->instance != r->instance))
		return 0;
	account->instance = r->instance;
	switch (r->resource) {
	case 0:
		return copy(account->uri, sizeof account->uri, &account->uri_n, r);
	case 1:
		return imr_integer(r) ? 0 : 1; /* this loader knows bootstrap accounts only */
	case 2:
		account->mode = imr_integer(r);
		return 0;
	case 3:
		return copy(account->identity, sizeof account->identity, &account->identity_n, r);
	case 5:
		return copy(account->key, sizeof account->key, &account->key_n, r);
	case 11:
		account->hold_off = imr_integer(r);
		return 0;
	default:
		return 0; /* what is not known is passed over */
	}
}

enum imr_status factory_load(struct account *account, struct imr_report *report)
{
	static uint8_t buffer[1024]; /* the largest payload of this product */
	static const struct imr_flash flash = { .read = read_flash,
		.slot = { FACTORY_AT, FACTORY_AT + SLOT_SIZE },
		.size = SLOT_SIZE };
	const struct imr_config config = { .flash = &flash,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = take,
		.ctx = account };

	account->instance = IMR_NO_ID;
	*report = (struct imr_report){ .card = IMR_E_NONE };
	return imr_load_flash(&config, report); /* not imr_load(): no card, none of its code */
}
