/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as data: from what a card has to the steps; refusals; estimates.  Also the choice of a
 * reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "card/pick.h"
#include "card/plan.h"
#include "codec/ef.h"

static uint8_t payload[32768 + 8];
static struct imp_card_map map;
static struct imp_plan plan;
static struct imp_diag diag;

static struct imp_span payload_of(size_t n)
{
	struct imp_wr wr = imp_wr(payload, sizeof payload);

	imp_ef_put_header(&wr, 1, (uint16_t)(n - IMP_EF_HEADER));
	return imp_span(payload, n);
}

static void content(struct imp_directory *d, uint16_t fid, uint32_t size, const char *hex)
{
	struct imp_wr wr = imp_wr(d->content, sizeof d->content);

	*d = (struct imp_directory){ .present = true, .path = imp_uicc_path(fid), .size = size };
	assert_int_equal(imp_hex_get(&wr, imp_span_str(hex)), IMP_OK);
	imp_wr_fill(&wr, 0xFF, size - wr.n);
	d->n = wr.n;
}

/* ---- cards ---- */

static void bare(void)
{
	memset(&map, 0, sizeof map);
	map.dir = (struct imp_card_dir){ .present = true, .record_length = 38, .unused = 2 };
	map.ef_path = imp_uicc_path(0x6432);
}

static void with_application(void)
{
	bare();
	map.application = true;
	map.adf.fcp.has_fid = true;
	map.adf.fcp.fid = 0x7F50;
	map.dir.record = 1;
	map.dir.has_path = true;
}

#define ODF "a706300404026440"
#define DODF                                 \
	"a12530003011"                       \
	"0c0f4c774d324d20426f6f747374726170" \
	"a10e300c0604672b0901300404026442"

static void complete(void)
{
	with_application();
	content(&map.token_info, 0x5032, 9, "300702010003020000");
	content(&map.odf, 0x5031, 32, ODF);
	content(&map.dodf, 0x6440, 128, DODF);
	map.dodf_named = true;
	map.named = true;
	map.ef_path = imp_uicc_path(0x6442);
	map.ef = true;
	map.ef_size = 1024;
}

static void foreign_odf(void)
{
	with_application();
	content(&map.token_info, 0x5032, 9, "300702010003020000");
	content(&map.odf, 0x5031, 32, "a006300404024401");
}

static void foreign_odf_full(void)
{
	foreign_odf();
	map.odf.size = 15;
	map.odf.n = 15;
}

static void broken_odf(void)
{
	foreign_odf();
	content(&map.odf, 0x5031, 32, "a07f300404024401");
}

static void torn_odf(void)
{
	with_application();
	content(&map.token_info, 0x5032, 9, "300702010003020000");
	content(&map.odf, 0x5031, 32, "a70630");
}

static void torn_dodf(void)
{
	torn_odf();
	content(&map.odf, 0x5031, 32, "a706300404026430");
	content(&map.dodf, 0x6430, 128, "3023300030170c0f4c77");
	map.dodf_named = true;
}

static void without_dir(void)
{
	memset(&map, 0, sizeof map);
}

static void dir_is_full(void)
{
	bare();
	map.dir.unused = 0;
}

static void dir_too_short(void)
{
	bare();
	map.dir.record_length = 20;
}

static void dir_too_long(void)
{
	bare();
	map.dir.record_length = 256;
}

static void dir_transparent(void)
{
	bare();
	map.dir.transparent = true;
}

static void shared_file(void)
{
	complete();
	map.ef_from = 128;
}

static void small_file(void)
{
	complete();
	map.ef_size = 99;
}

/* ---- plans ---- */

struct row {
	void (*card)(void);
	size_t size;
	bool opensc, recreate, same;
	enum imp_card_rule read;
	enum imp_status want;
	const char *text; /* the steps, one a line; of a refusal: a part of its message */
};

#define NEW_5032                                                                                   \
	"CREATE FILE 5032, 9 octets\nUPDATE BINARY 5032 at 0, 9 octets\nREAD BINARY 5032 at 0, 9 " \
	"octets\n"
#define NEW_5031                                                                                   \
	"CREATE FILE 5031, 32 octets\nUPDATE BINARY 5031 at 0, 32 octets\nREAD BINARY 5031 at 0, " \
	"32 octets\n"
#define NEW_6430                                                                                  \
	"CREATE FILE 6430, 128 octets\nUPDATE BINARY 6430 at 0, 128 octets\nREAD BINARY 6430 at " \
	"0, 128 octets\n"
#define CONTENT_100(fid)                                                            \
	"UPDATE BINARY " fid " at 0, 4 octets\nUPDATE BINARY " fid                  \
	" at 4, 96 octets\nREAD BINARY " fid " at 4, 96 octets\nUPDATE BINARY " fid \
	" at 0, 4 octets\n"
#define NEW_6432 "CREATE FILE 6432, 256 octets\n" CONTENT_100("6432")

static const struct row rows[] = {
	{ bare, 100, false, false, false, IMP_CARD_READ_KEEP, IMP_OK,
		"VERIFY ADM1\nUPDATE RECORD 2 of 2F00, 38 octets\nREAD RECORD 2 of 2F00, 38 "
		"octets\n"
		"CREATE FILE 7F50, 768 octets\n" NEW_5031 NEW_6430 NEW_6432 },
	{ with_application, 100, true, false, false, IMP_CARD_READ_ALWAYS, IMP_OK,
		"VERIFY ADM1\nSELECT PKCS#15 application\n" NEW_5032 NEW_5031 NEW_6430 NEW_6432 },
	{ with_application, 100, false, false, false, IMP_CARD_READ_PIN, IMP_OK,
		"VERIFY ADM1\nVERIFY PIN 01\nSELECT PKCS#15 application\n" NEW_5031 NEW_6430
			NEW_6432 },
	{ complete, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_OK,
		"VERIFY ADM1\nSELECT PKCS#15 application\nSELECT 6442\n" CONTENT_100("6442") },
	{ complete, 100, true, false, true, IMP_CARD_READ_KEEP, IMP_OK, "" },
	{ complete, 100, true, true, true, IMP_CARD_READ_KEEP, IMP_OK,
		"VERIFY ADM1\nSELECT PKCS#15 application\nDELETE FILE 6442\n"
		"CREATE FILE 6442, 256 octets\n" CONTENT_100("6442") },
	{ foreign_odf, 100, false, false, false, IMP_CARD_READ_KEEP, IMP_OK,
		"VERIFY ADM1\nSELECT PKCS#15 application\nSELECT 5031\nUPDATE BINARY 5031 at 8, 8 "
		"octets\n"
		"READ BINARY 5031 at 8, 8 octets\n" NEW_6430 NEW_6432 },
	{ torn_odf, 100, false, false, false, IMP_CARD_READ_KEEP, IMP_OK,
		"VERIFY ADM1\nSELECT PKCS#15 application\nSELECT 5031\nUPDATE BINARY 5031 at 0, 8 "
		"octets\n"
		"READ BINARY 5031 at 0, 8 octets\n" NEW_6430 NEW_6432 },
	{ torn_dodf, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_OK,
		"VERIFY ADM1\nSELECT PKCS#15 application\nSELECT 6430\nUPDATE BINARY 6430 at 0, 76 "
		"octets\n"
		"READ BINARY 6430 at 0, 76 octets\n" NEW_6432 },

	{ without_dir, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_ABSENT, "EF(DIR)" },
	{ dir_is_full, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_SPACE, "no free record" },
	{ dir_too_short, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_SPACE,
		"records of 20 octets" },
	{ dir_too_long, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_FORMAT, "256 octets" },
	{ dir_transparent, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_UNSUPPORTED,
		"transparent" },
	{ foreign_odf_full, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_SPACE,
		"no room for 8" },
	{ broken_odf, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_FORMAT,
		"cannot be understood" },
	{ shared_file, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_UNSUPPORTED, "shared" },
	{ small_file, 100, true, false, false, IMP_CARD_READ_KEEP, IMP_E_SPACE,
		"EF 6442 has 99 octets, the set needs 100" },
	{ complete, 100, true, false, false, IMP_CARD_READ_PIN, IMP_E_DENIED, "without a PIN" },
	{ complete, 4, true, false, false, IMP_CARD_READ_KEEP, IMP_E_FORMAT, "payload" },
	{ complete, 32769, true, false, false, IMP_CARD_READ_KEEP, IMP_E_FORMAT, "payload" },
};

static void steps_text(char text[static 65536])
{
	char line[96];

	text[0] = '\0';
	for (size_t i = 0; i < plan.n; i++) {
		strcat(text, imp_step_text(&plan.step[i], line));
		strcat(text, "\n");
	}
}

static void plans(void **state)
{
	static char text[65536];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		const struct imp_wish wish = { .payload = payload_of(row->size),
			.same = row->same,
			.opensc = row->opensc,
			.recreate = row->recreate,
			.read = row->read,
			.have_pin = true,
			.adm = 0x0A,
			.pin = 0x01 };
		enum imp_status st;

		row->card();
		st = imp_plan_write(&plan, &map, &wish, &diag);
		if (st != row->want)
			fail_msg("row %zu: %d, %s", i, st, diag.text);
		steps_text(text);
		if (st != IMP_OK)
			assert_int_equal(plan.n, 0);
		if (st == IMP_OK)
			assert_string_equal(text, row->text);
		else if (!strstr(diag.text, row->text))
			fail_msg("row %zu: '%s' does not say '%s'", i, diag.text, row->text);
	}
}

/* Whatever the sizes, the plan fits, the zeros come first and the true header last. */
static void every_size(void **state)
{
	(void)state;
	complete();
	map.ef_size = 32768;
	for (size_t n = 9; n <= 32768; n += n < 600 ? 1 : 251) {
		const struct imp_wish wish = {
			.payload = payload_of(n), .old_extent = 32768, .opensc = true, .adm = 0x0A
		};
		const struct imp_step *step = plan.step, *last;
		size_t written = 0;

		assert_int_equal(imp_plan_write(&plan, &map, &wish, &diag), IMP_OK);
		last = &plan.step[plan.n - 1];
		while (step->kind != IMP_STEP_UPDATE)
			step++;
		assert_true(imp_span_all(step->data, 0) && step->data.n == 4 && step->offset == 0);
		assert_int_equal(last->kind, IMP_STEP_UPDATE);
		assert_ptr_equal(last->data.p, payload);
		for (step++; step < last; step++) {
			assert_true(step->offset >= 4);
			if (step->kind == IMP_STEP_UPDATE)
				written += step->data.n;
		}
		/* Content, and FF over all of the longer set that was there. */
		assert_int_equal(written, 32768 - 4);
	}
}

static void wipes(void **state)
{
	const struct imp_wish wish = { .adm = 0x0A };
	static char text[65536];

	(void)state;
	complete();
	map.ef_size = 300;
	assert_int_equal(imp_plan_wipe(&plan, &map, &wish, &diag), IMP_OK);
	steps_text(text);
	assert_string_equal(text,
		"VERIFY ADM1\nSELECT PKCS#15 application\nSELECT 6442\n"
		"UPDATE BINARY 6442 at 0, 4 octets\nREAD BINARY 6442 at 0, 4 octets\n"
		"UPDATE BINARY 6442 at 4, 255 octets\nUPDATE BINARY 6442 at 259, 41 octets\n"
		"READ BINARY 6442 at 4, 256 octets\nREAD BINARY 6442 at 260, 40 octets\n");
	with_application();
	assert_int_equal(imp_plan_wipe(&plan, &map, &wish, &diag), IMP_E_ABSENT);
	shared_file();
	assert_int_equal(imp_plan_wipe(&plan, &map, &wish, &diag), IMP_E_UNSUPPORTED);
}

/* Rewriting 600 octets: 1.5 s at the default rate, a sixth of it at TA1 95 (ref E.2). */
static void estimates(void **state)
{
	static const uint8_t slow[] = { 0x3B, 0x00 }, fast[] = { 0x3B, 0x10, 0x95 },
			     odd[] = { 0x3B, 0x10, 0x70 };
	const struct imp_wish wish = { .payload = payload_of(600), .opensc = true, .adm = 0x0A };

	(void)state;
	complete();
	assert_int_equal(imp_plan_write(&plan, &map, &wish, &diag), IMP_OK);
	assert_in_range(imp_plan_estimate_ms(&plan, imp_span(slow, 2)), 1450, 1600);
	assert_in_range(imp_plan_estimate_ms(&plan, imp_span(fast, 3)), 180, 230);
	assert_int_equal(imp_plan_estimate_ms(&plan, imp_span(odd, 3)),
		imp_plan_estimate_ms(&plan, imp_span(NULL, 0)));
}

/* ---- readers ---- */

static struct imp_reader_info shelf[4];
static size_t shelf_n;

static enum imp_status list(
	void *ctx, struct imp_reader_info *out, size_t cap, size_t *n, struct imp_diag *d)
{
	(void)ctx;
	(void)d;
	assert_true(cap >= shelf_n);
	memcpy(out, shelf, sizeof shelf);
	*n = shelf_n;
	return IMP_OK;
}

static const struct {
	size_t readers;
	unsigned cards; /* bit per reader */
	const char *spec;
	enum imp_status want;
	const char *name;
} picks[] = {
	{ 3, 7, "0", IMP_OK, "Alpha 00 00" },
	{ 3, 0, "2", IMP_OK, "Beta" },
	{ 3, 7, "Beta", IMP_OK, "Beta" },
	{ 4, 7, "Beta", IMP_OK, "Beta" }, /* exact beats "Beta two" */
	{ 4, 7, "two", IMP_OK, "Beta two" },
	{ 3, 7, "00 01", IMP_OK, "Alpha 00 01" },
	{ 3, 7, "Alpha", IMP_E_USAGE, "Alpha 00 01" },
	{ 3, 7, "Gamma", IMP_E_ABSENT, "Gamma" },
	{ 3, 7, "3", IMP_E_ABSENT, "3" },
	{ 3, 7, "", IMP_E_USAGE, "3 readers" },
	{ 3, 7, NULL, IMP_E_USAGE, "Alpha 00 00" },
	{ 3, 2, NULL, IMP_OK, "Alpha 00 01" },
	{ 3, 0, NULL, IMP_E_USAGE, "Alpha 00 00" },
	{ 1, 0, NULL, IMP_OK, "Alpha 00 00" },
	{ 0, 0, NULL, IMP_E_ABSENT, "no card reader" },
	{ 0, 0, "0", IMP_E_ABSENT, "no card reader" },
};

static void readers(void **state)
{
	static const char *const names[] = { "Alpha 00 00", "Alpha 00 01", "Beta", "Beta two" };
	const struct imp_readers seam = { .list = list, .option = "--reader" };

	(void)state;
	for (size_t i = 0; i < sizeof picks / sizeof *picks; i++) {
		char name[128] = "";

		shelf_n = picks[i].readers;
		for (size_t k = 0; k < 4; k++) {
			(void)snprintf(shelf[k].name, sizeof shelf[k].name, "%s", names[k]);
			shelf[k].card_present = picks[i].cards >> k & 1;
		}
		assert_int_equal(imp_reader_pick(&seam, picks[i].spec, name, &diag), picks[i].want);
		if (picks[i].want == IMP_OK)
			assert_string_equal(name, picks[i].name);
		else
			assert_non_null(strstr(diag.text, picks[i].name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(every_size),
		cmocka_unit_test(wipes),
		cmocka_unit_test(estimates),
		cmocka_unit_test(readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
