/* SPDX-License-Identifier: Apache-2.0 */
/* Every dump of applet-tools/CARD.md against what the writer sends and what the card then holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "applet-tools/softcard.h"
#include "base/hex.h"
#include "card/imr_adapter.h"
#include "card/writer.h"
#include "reader/known.h"

#define PAGE "applet-tools/CARD.md"
#define TEXT_MAX 16384

static struct imp_secret adm = { "12345678", 8 }, pin = { "1234", 4 };

/* ---- the page ---- */

/* The lines of the block that begins with ```LABEL, each ended by a newline. */
static void block(const char *label, char text[static TEXT_MAX])
{
	FILE *f = fopen(PAGE, "r");
	char line[2048], fence[64];
	bool in = false;

	assert_non_null(f);
	(void)snprintf(fence, sizeof fence, "```%s\n", label);
	text[0] = '\0';
	while (fgets(line, sizeof line, f)) {
		if (in && strncmp(line, "```", 3) == 0)
			break;
		if (in)
			strcat(text, line);
		in = in || strcmp(line, fence) == 0;
	}
	assert_true(in);
	assert_int_equal(fclose(f), 0);
}

static size_t octets(const char *label, uint8_t *out, size_t cap)
{
	char text[TEXT_MAX], packed[TEXT_MAX];
	struct imp_wr wr = imp_wr(out, cap);
	size_t n = 0;

	block(label, text);
	for (const char *p = text; *p; p++)
		if (*p != ' ' && *p != '\n')
			packed[n++] = *p;
	assert_int_equal(imp_hex_get(&wr, imp_span(packed, n)), IMP_OK);
	return wr.n;
}

/* ---- what is sent ---- */

struct recorder {
	struct imp_card card; /* the softcard */
	bool on;
	char text[TEXT_MAX];
};

static void put(struct recorder *r, struct imp_span s)
{
	char hex[2 * IMP_APDU_MAX + 1] = "";
	struct imp_wr wr = imp_wr(hex, sizeof hex - 1);

	imp_hex_put(&wr, s);
	strcat(r->text, hex);
}

/* Header, Lc, data, Le apart; the key by name. */
static void record(struct recorder *r, struct imp_span cmd)
{
	put(r, imp_span(cmd.p, 4));
	if (cmd.n > 4) {
		strcat(r->text, " ");
		put(r, imp_span(cmd.p + 4, 1));
	}
	if (cmd.n > 5)
		strcat(r->text, " ");
	if (cmd.n > 5 && cmd.p[1] == 0x20)
		strcat(r->text, "ADM1");
	else if (cmd.n > 5)
		put(r, imp_span(cmd.p + 5, cmd.n - 5));
	strcat(r->text, "\n");
}

static enum imp_status transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct recorder *r = (struct recorder *)ctx;

	if (r->on)
		record(r, cmd);
	return r->card.transceive(r->card.ctx, cmd, rsp);
}

static enum imp_status reset(void *ctx)
{
	struct recorder *r = (struct recorder *)ctx;

	return r->card.reset(r->card.ctx);
}

/* ---- writing ---- */

struct bench {
	struct imp_softcard *soft;
	struct recorder recorder;
	struct imp_card card;
	struct imp_writer writer;
	uint8_t payload[64];
};

static void bench_begin(struct bench *b, unsigned flags)
{
	const struct imp_softcard_config config = { .flags = flags, .protocol = 1 };

	memset(b, 0, sizeof *b);
	b->soft = imp_softcard_new(&config, NULL);
	assert_non_null(b->soft);
	imp_softcard_as_card(b->soft, &b->recorder.card);
	b->card =
		(struct imp_card){ .ctx = &b->recorder, .transceive = transceive, .reset = reset };
	b->writer.session.card = &b->card;
	b->writer.adm = &adm;
	b->writer.wish = (struct imp_wish){ .opensc = true, .adm = 0x0A, .pin = 0x01 };
	b->writer.wish.payload =
		imp_span(b->payload, octets("hex payload", b->payload, sizeof b->payload));
}

static void write_card(struct bench *b)
{
	struct imp_diag diag = { .status = IMP_OK };

	assert_int_equal(imp_writer_begin(&b->writer, &diag), IMP_OK);
	assert_int_equal(imp_writer_plan(&b->writer, &diag), IMP_OK);
	b->recorder.text[0] = '\0';
	b->recorder.on = true;
	assert_int_equal(imp_writer_run(&b->writer, &diag), IMP_OK);
	b->recorder.on = false;
	assert_int_equal(imp_writer_verify(&b->writer, &diag), IMP_OK);
}

static void sent(const struct bench *b, const char *label)
{
	char want[TEXT_MAX];

	block(label, want);
	if (strcmp(b->recorder.text, want) == 0)
		return;
	(void)fprintf(stderr, "sent:\n%s", b->recorder.text);
	fail_msg("%s, block '%s' differs from what is sent", PAGE, label);
}

/* A rule of the page is part of a CREATE FILE. */
static void rule_is_sent(const struct bench *b, const char *label)
{
	uint8_t rule[64];
	char hex[2 * sizeof rule + 1] = "";
	struct imp_wr wr = imp_wr(hex, sizeof hex - 1);

	imp_hex_put(&wr, imp_span(rule, octets(label, rule, sizeof rule)));
	assert_non_null(strstr(b->recorder.text, hex));
}

static void holds(const struct bench *b, uint16_t df, uint16_t fid, const char *label)
{
	uint8_t want[4096];
	size_t n = octets(label, want, sizeof want);
	struct imp_span content;

	assert_int_equal(imp_softcard_file(b->soft, df, fid, &content), IMP_OK);
	if (df == 0x7F50)
		assert_int_equal(content.n, n);
	if (memcmp(content.p, want, n) != 0) {
		char text[2 * 4096 + 1] = "";
		struct imp_wr wr = imp_wr(text, sizeof text - 1);

		imp_hex_put(&wr, imp_span(content.p, n));
		fail_msg("%s, block '%s': the card holds %s", PAGE, label, text);
	}
}

static struct bench bench;

static void new_card(void **state)
{
	(void)state;
	bench_begin(&bench, 0);
	write_card(&bench);
	sent(&bench, "apdu new");
	rule_is_sent(&bench, "hex rule-always");
	holds(&bench, 0x3F00, 0x2F00, "hex dir");
	holds(&bench, 0x7F50, 0x5031, "hex odf");
	holds(&bench, 0x7F50, 0x5032, "hex token-info");
	holds(&bench, 0x7F50, 0x6430, "hex dodf");
	holds(&bench, 0x7F50, 0x6432, "hex ef");
	imp_softcard_free(bench.soft);
}

/* Why EF(LwM2M_Bootstrap) has an SFI: a device that knows the card needs no SELECT for it. */
static void known_card(void **state)
{
	static const unsigned most[] = { 10, 5, 4 }; /* 5 for ever without an SFI */
	static uint8_t buffer[1024];
	struct imp_card card;
	struct imp_imr_card adapter;
	struct imr_known known = { 0 };
	struct imr_report report;
	const struct imr_config config = {
		.card = &adapter.imr, .buffer = buffer, .size = sizeof buffer
	};

	(void)state;
	bench_begin(&bench, 0);
	write_card(&bench);
	imp_softcard_as_card(bench.soft, &card);
	imp_imr_adapt(&adapter, &card, NULL);
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(imr_load_known(&config, &known, &report), IMR_OK);
		print_message("load %u: %u APDUs\n", n + 1, report.apdus);
		assert_true(report.apdus <= most[n]);
	}
	assert_int_equal(known.sfi, 0x0C);
	imp_softcard_free(bench.soft);
}

static void rewrite(void **state)
{
	(void)state;
	bench_begin(&bench, IMP_SOFTCARD_ADF);
	write_card(&bench);
	bench.payload[bench.writer.wish.payload.n - 1] ^= 1;
	write_card(&bench);
	bench.payload[bench.writer.wish.payload.n - 1] ^= 1;
	write_card(&bench);
	sent(&bench, "apdu rewrite");
	imp_softcard_free(bench.soft);
}

static void plain(void **state)
{
	(void)state;
	bench_begin(&bench, IMP_SOFTCARD_ADF);
	bench.writer.wish.opensc = false;
	write_card(&bench);
	holds(&bench, 0x7F50, 0x6430, "hex dodf-plain");
	imp_softcard_free(bench.soft);
}

static void with_pin(void **state)
{
	(void)state;
	bench_begin(&bench, IMP_SOFTCARD_ADF);
	bench.writer.pin = &pin;
	bench.writer.wish.read = IMP_CARD_READ_PIN;
	write_card(&bench);
	holds(&bench, 0x7F50, 0x6430, "hex dodf-private");
	rule_is_sent(&bench, "hex rule-pin");
	imp_softcard_free(bench.soft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_card),
		cmocka_unit_test(known_card),
		cmocka_unit_test(rewrite),
		cmocka_unit_test(plain),
		cmocka_unit_test(with_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
