/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over cards of every habit: directory files of the vectors put onto a softcard, read by
 * the host's walk and by the device's reader, which must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "applet-tools/softcard.h"
#include "card/imr_adapter.h"
#include "card/walk.h"
#include "tests/fake/vec.h"

#define CARD VEC_SHARED "lwm2m/card/"
#define EF VEC_SHARED "lwm2m/ef/"

static struct imp_diag diag;

static void send(struct imp_softcard *soft, const uint8_t *cmd, size_t n)
{
	struct imp_card card;
	uint8_t answer[IMP_RESPONSE_MAX];
	struct imp_wr rsp = imp_wr(answer, sizeof answer);

	imp_softcard_as_card(soft, &card);
	assert_int_equal(card.transceive(card.ctx, imp_span(cmd, n), &rsp), IMP_OK);
	assert_int_equal(answer[rsp.n - 2], 0x90);
}

/* CREATE FILE in the application: transparent, READ always. */
static void create(struct imp_softcard *soft, uint16_t fid, uint16_t size)
{
	const uint8_t cmd[] = { 0x00, 0xE0, 0x00, 0x00, 0x18, 0x62, 0x16, 0x82, 0x02, 0x41, 0x21,
		0x83, 0x02, (uint8_t)(fid >> 8), (uint8_t)fid, 0x8A, 0x01, 0x05, 0x8B, 0x03, 0x6F,
		0x06, 0x01, 0x80, 0x02, (uint8_t)(size >> 8), (uint8_t)size, 0x88, 0x00 };

	send(soft, cmd, sizeof cmd);
}

static void fill(struct imp_softcard *soft, uint16_t df, uint16_t fid, const char *path)
{
	struct imp_span s = vec_hex(path);

	assert_int_equal(imp_softcard_poke(soft, df, fid, 0, s), IMP_OK);
	vec_free(s);
}

static struct imp_softcard *card_of(
	unsigned flags, const char *dir, const char *odf, const char *dodf, const char *ef)
{
	static const uint8_t select[] = { 0x00, 0xA4, 0x04, 0x0C, 0x0C, 0xA0, 0x00, 0x00, 0x00,
		0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };
	static const uint8_t adm[] = { 0x00, 0x20, 0x00, 0x0A, 0x08, '1', '2', '3', '4', '5', '6',
		'7', '8' };
	const struct imp_softcard_config config = { .flags = flags | IMP_SOFTCARD_ADF,
		.protocol = 1 };
	struct imp_softcard *soft = imp_softcard_new(&config, &diag);
	struct imp_card card;

	assert_non_null(soft);
	send(soft, select, sizeof select);
	send(soft, adm, sizeof adm);
	create(soft, 0x5031, 64);
	create(soft, 0x6440, 160);
	create(soft, 0x6442, 512);
	create(soft, 0x6450, 160);
	fill(soft, 0x3F00, 0x2F00, dir);
	fill(soft, 0x7F50, 0x5031, odf);
	fill(soft, 0x7F50, 0x6440, dodf);
	fill(soft, 0x7F50, 0x6442, ef);
	imp_softcard_as_card(soft, &card);
	assert_int_equal(card.reset(card.ctx), IMP_OK);
	return soft;
}

static enum imp_status host_reads(struct imp_card *card, bool lenient, struct imp_wr *out)
{
	struct imp_session session = { .card = card };
	struct imp_card_map *map = (struct imp_card_map *)calloc(1, sizeof *map);
	enum imp_status st = imp_session_reset(&session, &diag);

	assert_non_null(map);
	if (st == IMP_OK)
		st = imp_uicc_channel_open(&session, &diag);
	if (st == IMP_E_UNSUPPORTED)
		st = IMP_OK;
	if (st == IMP_OK)
		st = imp_card_walk(&session, NULL, false, map, &diag);
	if (st == IMP_OK)
		st = imp_card_payload(&session, NULL, map, lenient, out, &diag);
	imp_uicc_channel_close(&session);
	free(map);
	return st;
}

static const struct {
	unsigned flags;
	const char *dir, *odf, *dodf, *ef;
	enum imp_status want;
} rows[] = {
	{ 0, "dir_min", "odf_fid", "dodf_oid", "bs_nosec", IMP_OK },
	{ 0, "dir_label_3f00", "odf_path_3f00", "dodf_opaque", "bs_psk", IMP_OK },
	{ 0, "dir_label_7fff", "odf_path_7fff", "dodf_path_7fff", "full", IMP_OK },
	{ 0, "dir_record38", "odf_pad_00", "dodf_oid_wrapped_twice", "bs_nosec_pad_ff", IMP_OK },
	{ 0, "dir_min", "odf_mixed_pad_ff", "dodf_opaque_then_oid", "bs_nosec_pad_00", IMP_OK },
	{ 0, "dir_min", "odf_two_dodf", "dodf_label_private", "bs_psk", IMP_OK },
	{ 0, "dir_min", "odf_fid", "dodf_private_modifiable", "server_oscore", IMP_OK },
	{ 0, "dir_min", "odf_fid", "dodf_foreign_first", "bs_rpk", IMP_OK },
	{ IMP_SOFTCARD_NO_CHANNELS, "dir_min", "odf_fid", "dodf_oid", "bs_nosec", IMP_OK },
	{ IMP_SOFTCARD_NO_SFI, "dir_min", "odf_fid", "dodf_oid", "full", IMP_OK },
	{ IMP_SOFTCARD_LE_MAX_128, "dir_min", "odf_fid", "dodf_oid", "full", IMP_OK },
	{ IMP_SOFTCARD_NO_FCP_P2_00, "dir_min", "odf_fid", "dodf_oid", "full", IMP_OK },
	{ 0, "dir_other_app", "odf_fid", "dodf_oid", "full", IMP_E_ABSENT },
	{ 0, "dir_record38_empty", "odf_fid", "dodf_oid", "full", IMP_E_ABSENT },
	{ 0, "dir_min", "odf_no_data_objects", "dodf_oid", "full", IMP_E_ABSENT },
	{ 0, "dir_min", "odf_fid", "dodf_empty_ff", "full", IMP_E_ABSENT },
	{ 0, "dir_min", "odf_fid", "dodf_foreign_only", "full", IMP_E_ABSENT },
	{ 0, "dir_min", "odf_fid", "dodf_oid", "empty", IMP_E_ABSENT },
};

static const char *path(char buf[static 128], const char *folder, const char *name)
{
	(void)snprintf(buf, 128, "%s%s.hex", folder, name);
	return buf;
}

static void both_agree(void **state)
{
	(void)state;
	if (!vec_there(CARD "dir_min.hex"))
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char dir[128], odf[128], dodf[128], ef[128];
		static uint8_t host[32768], device[32768];
		struct imp_wr a = imp_wr(host, sizeof host), b = imp_wr(device, sizeof device);
		struct imp_softcard *soft = card_of(rows[i].flags, path(dir, CARD, rows[i].dir),
			path(odf, CARD, rows[i].odf), path(dodf, CARD, rows[i].dodf),
			path(ef, EF, rows[i].ef));
		enum imp_status by_host, by_device;
		struct imp_card card;

		imp_softcard_as_card(soft, &card);
		by_host = host_reads(&card, false, &a);
		assert_int_equal(card.reset(card.ctx), IMP_OK);
		by_device = imp_imr_read(&card, NULL, IMR_OPT_BASIC_CHANNEL, &b, NULL, &diag);
		if (by_host != rows[i].want || by_device != rows[i].want)
			fail_msg("row %zu: host %d, device %d: %s", i, by_host, by_device,
				diag.text);
		if (by_host == IMP_OK) {
			struct imp_span want = vec_hex(ef);

			assert_true(imp_span_starts(want, imp_wr_span(&a)));
			assert_true(imp_span_eq(imp_wr_span(&a), imp_wr_span(&b)));
			vec_free(want);
		}
		imp_softcard_free(soft);
	}
}

/* A file without header only when that is asked for. */
static void no_header(void **state)
{
	static uint8_t octets[32768];
	struct imp_wr out = imp_wr(octets, sizeof octets);
	struct imp_softcard *soft;
	struct imp_card card;

	(void)state;
	if (!vec_there(CARD "dir_min.hex"))
		return;
	soft = card_of(0, CARD "dir_min.hex", CARD "odf_fid.hex", CARD "dodf_oid.hex",
		VEC_SHARED "lwm2m/ef-lenient/raw_tlv_no_header.hex");
	imp_softcard_as_card(soft, &card);
	assert_int_equal(host_reads(&card, false, &out), IMP_E_FORMAT);
	assert_non_null(strstr(diag.hint, "--lenient"));
	out = imp_wr(octets, sizeof octets);
	assert_int_equal(host_reads(&card, true, &out), IMP_OK);
	assert_int_equal(out.n, 512);
	imp_softcard_free(soft);
}

/* Whatever is in the directories, octet by octet: an answer, never a crash, never another file. */
static void hostile_directories(void **state)
{
	static uint8_t octets[32768];
	struct imp_softcard *base;
	unsigned read = 0, refused = 0;

	(void)state;
	if (!vec_there(CARD "dir_min.hex"))
		return;
	base = card_of(
		0, CARD "dir_min.hex", CARD "odf_fid.hex", CARD "dodf_oid.hex", EF "full.hex");
	for (unsigned bit = 0; bit < 8 * (20 + 8 + 39); bit++) {
		unsigned at = bit / 8;
		uint16_t df = at < 20 ? 0x3F00 : 0x7F50;
		uint16_t fid = at < 20 ? 0x2F00 : at < 28 ? 0x5031 : 0x6440;
		struct imp_softcard *soft = imp_softcard_clone(base);
		struct imp_wr out = imp_wr(octets, sizeof octets);
		struct imp_span content;
		struct imp_card card;
		uint8_t flipped;

		at -= at < 20 ? 0 : at < 28 ? 20 : 28;
		assert_int_equal(imp_softcard_file(soft, df, fid, &content), IMP_OK);
		flipped = (uint8_t)(content.p[at] ^ 1U << bit % 8);
		assert_int_equal(
			imp_softcard_poke(soft, df, fid, at, imp_span(&flipped, 1)), IMP_OK);
		imp_softcard_as_card(soft, &card);
		if (host_reads(&card, false, &out) == IMP_OK) {
			assert_int_equal(out.n, 289);
			read++;
		} else {
			refused++;
		}
		imp_softcard_free(soft);
	}
	imp_softcard_free(base);
	/* Names and labels do not matter; tags, lengths and paths do. */
	assert_true(read > 100);
	assert_true(refused > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_agree),
		cmocka_unit_test(no_header),
		cmocka_unit_test(hostile_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
