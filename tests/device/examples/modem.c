/* SPDX-License-Identifier: Apache-2.0 */
/* The card behind a modem first, the factory area after it: the order of Core TS 6.1.4. */
#include "imprint_reader.h"

/* The device's own: one command line, and what comes back until the modem is done. */
void modem_send(const char *line);
int modem_receive(char *to, size_t room); /* characters, 0 on a time-out, negative: modem gone */

enum imr_status card_or_factory(
	const struct imr_flash *flash, imr_visit *visit, void *ctx, struct imr_report *report);

static int exchange(void *ctx, const char *line, char *answer, size_t cap)
{
	size_t n = 0;

	(void)ctx;
	modem_send(line);
	while (n < cap && !imr_at_final(answer, n)) {
		int got = modem_receive(answer + n, cap - n);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (int)n;
}

enum imr_status card_or_factory(
	const struct imr_flash *flash, imr_visit *visit, void *ctx, struct imr_report *report)
{
	static uint8_t buffer[2048 + IMR_CARD_ROOM];
	static struct imr_modem modem;
	struct imr_card card;
	const struct imr_config config = { .card = &card,
		.flash = flash,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = visit,
		.ctx = ctx };

	modem.exchange = exchange;
	modem.mode = IMR_AT_CSIM;
	imr_at_card(&modem, &card);
	return imr_load(&config, report);
}
