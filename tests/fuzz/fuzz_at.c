/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modem says: any text as an answer by itself, and any sequence of answers behind the whole
 * of the device's reader.  The first octet: mode in bit 0, Le in bit 1; a NUL ends an answer.
 */
#include "reader/at.h"

#include <stdlib.h>
#include <string.h>

#define EXCHANGES_MAX 1100

struct script {
	const uint8_t *p;
	size_t n;
	unsigned exchanges;
};

static int exchange(void *ctx, const char *line, char *answer, size_t cap)
{
	struct script *s = (struct script *)ctx;
	size_t n = 0;

	if (memcmp(line, "AT+C", 4) != 0 || strlen(line) >= IMR_AT_LINE ||
		++s->exchanges > EXCHANGES_MAX)
		abort();
	while (n < s->n && s->p[n])
		n++;
	if (n <= cap && n)
		memcpy(answer, s->p, n);
	n += n < s->n; /* and its NUL */
	s->p += n;
	s->n -= n;
	return (int)n;
}

static int visit(void *ctx, const struct imr_resource *resource)
{
	(void)ctx;
	return resource->length && !resource->value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct imr_modem at;
	static uint8_t buffer[2048 + IMR_CARD_ROOM];
	struct script script = { data, size, 0 };
	struct imr_card card;
	struct imr_config config = { .card = &card,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = visit,
		.options = IMR_OPT_BASIC_CHANNEL };
	struct imr_report report;
	uint8_t to[IMR_CARD_ROOM];
	uint16_t cme = 0;
	size_t got = 0;

	if (size == 0)
		return 0;
	if (imr_at_octets((const char *)data, size, "+CSIM", to, sizeof to, &got, &cme) == IMR_OK &&
		(got > sizeof to || !imr_at_final((const char *)data, size)))
		abort();
	script.p++;
	script.n--;
	at.ctx = &script;
	at.exchange = exchange;
	at.mode = data[0] & 1 ? IMR_AT_CCHO : IMR_AT_CSIM;
	at.with_le = data[0] & 2;
	imr_at_card(&at, &card);
	(void)imr_load(&config, &report);
	for (size_t i = 0; i < sizeof at.answer; i++)
		if (at.answer[i])
			abort();
	return 0;
}
