/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written to a card, octet by octet: DER, PKCS#15 files, FCP, access rules.  The expected
 * octets were written down from the specifications; the vectors of the card files, where they are,
 * are decoded and written again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "codec/fcp.h"
#include "codec/p15.h"
#include "tests/fake/vec.h"

#define AID "a000000063504b43532d3135"
#define NAME "0c0f4c774d324d20426f6f747374726170"
#define OID "0604672b0901"

static uint8_t octets[65536 + 16];

static void equal(const struct imp_wr *wr, const char *want)
{
	char text[4096] = "";
	struct imp_wr hex = imp_wr(text, sizeof text - 1);

	assert_int_equal(wr->st, IMP_OK);
	imp_hex_put(&hex, imp_wr_span(wr));
	assert_string_equal(text, want);
}

static struct imp_wr begin(void)
{
	return imp_wr(octets, sizeof octets);
}

static struct imp_span fid(uint16_t v, uint8_t b[static 2])
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
	return imp_span(b, 2);
}

/* ---- DER ---- */

static void der_headers(void **state)
{
	static const struct {
		uint16_t tag;
		size_t n;
		const char *want;
	} rows[] = {
		{ 0x30, 0, "3000" },
		{ 0x30, 127, "307f" },
		{ 0x30, 128, "308180" },
		{ 0x30, 255, "3081ff" },
		{ 0x30, 256, "30820100" },
		{ 0x30, 65535, "3082ffff" },
		{ 0x30, 65536, "3083010000" },
		{ 0x5F50, 3, "5f5003" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_wr wr = begin();

		imp_der_put_header(&wr, rows[i].tag, rows[i].n);
		equal(&wr, rows[i].want);
		assert_int_equal(imp_der_size(rows[i].tag, rows[i].n), wr.n + rows[i].n);
	}
}

static void der_numbers(void **state)
{
	static const struct {
		uint32_t v;
		const char *want;
	} rows[] = {
		{ 0, "020100" },
		{ 127, "02017f" },
		{ 128, "02020080" },
		{ 255, "020200ff" },
		{ 256, "02020100" },
		{ 32768, "0203008000" },
		{ 0x7FFFFFFF, "02047fffffff" },
		{ 0xFFFFFFFF, "020500ffffffff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_wr wr = begin();

		imp_der_put_unsigned(&wr, IMP_DER_INTEGER, rows[i].v);
		equal(&wr, rows[i].want);
	}
}

/* ---- PKCS#15 ---- */

static void dir_records(void **state)
{
	static const uint8_t path[] = { 0x3F, 0x00, 0x7F, 0x50 };
	struct imp_p15_app app = { .aid = { imp_p15_aid, IMP_P15_AID_SIZE },
		.path = { path, sizeof path } };
	struct imp_wr wr = begin();

	(void)state;
	imp_p15_put_app(&wr, &app);
	equal(&wr, "61144f0c" AID "51043f007f50");
	app.path = imp_span(path + 2, 2);
	app.label = imp_span_str("PKCS-15");
	wr = begin();
	imp_p15_put_app(&wr, &app);
	equal(&wr, "611b4f0c" AID "5007504b43532d313551027f50");
}

static void odf_record(void **state)
{
	uint8_t b[2];
	const struct imp_p15_path path = { .fids = fid(0x6430, b) };
	struct imp_wr wr = begin();

	(void)state;
	imp_p15_put_odf(&wr, &path);
	equal(&wr, "a706300404026430");
}

static void token_info(void **state)
{
	struct imp_wr wr = begin();

	(void)state;
	imp_p15_put_token_info(&wr);
	equal(&wr, "300702010003020000");
}

static void dodf_entries(void **state)
{
	static const struct {
		enum imp_p15_kind kind;
		bool oid, is_private, modifiable, twice;
		const char *label, *want;
	} rows[] = {
		{ IMP_P15_OIDDO, false, false, false, false, "",
			"a12530003011" NAME "a10e300c" OID "300404026432" },
		{ IMP_P15_OPAQUE, true, false, false, false, "",
			"302330003017" NAME OID "a106300404026432" },
		{ IMP_P15_OIDDO, true, true, false, false, "LwM2M",
			"a136300b0c054c774d324d030207803017" NAME OID "a10e300c" OID
			"300404026432" },
		{ IMP_P15_OIDDO, false, true, true, false, "",
			"a1293004030206c03011" NAME "a10e300c" OID "300404026432" },
		{ IMP_P15_OIDDO, false, false, true, false, "",
			"a1293004030206403011" NAME "a10e300c" OID "300404026432" },
		{ IMP_P15_OIDDO, false, false, false, true, "",
			"a12730003011" NAME "a110300e0606" OID "300404026432" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t b[2];
		const struct imp_p15_object object = { .kind = rows[i].kind,
			.by_application = rows[i].oid,
			.by_id = true,
			.is_private = rows[i].is_private,
			.modifiable = rows[i].modifiable,
			.wrapped_twice = rows[i].twice,
			.label = imp_span_str(rows[i].label),
			.application = imp_span_str("LwM2M Bootstrap"),
			.path = { .fids = fid(0x6432, b) } };
		struct imp_wr wr = begin();

		imp_p15_put_object(&wr, &object);
		equal(&wr, rows[i].want);
	}
}

static void kinds_that_are_not_written(void **state)
{
	const struct imp_p15_object object = { .kind = IMP_P15_EXTERNAL };
	const struct imp_fcp fcp = { .kind = IMP_FCP_OTHER };
	const struct imp_access_rule rule = { .access = IMP_ACCESS_OTHER };
	struct imp_wr wr = begin();

	(void)state;
	imp_p15_put_object(&wr, &object);
	assert_int_equal(wr.st, IMP_E_UNSUPPORTED);
	wr = begin();
	imp_fcp_put_create(&wr, &fcp);
	assert_int_equal(wr.st, IMP_E_UNSUPPORTED);
	wr = begin();
	imp_access_put(&wr, IMP_AM_READ, &rule);
	assert_int_equal(wr.st, IMP_E_UNSUPPORTED);
}

/* Buffers of every size that is too small are refused and not overrun. */
static void too_little_room(void **state)
{
	uint8_t b[2];
	const struct imp_p15_object object = { .kind = IMP_P15_OPAQUE,
		.by_application = true,
		.application = imp_span_str("LwM2M Bootstrap"),
		.path = { .fids = fid(0x6432, b) } };
	struct imp_wr wr = imp_wr_count();

	(void)state;
	imp_p15_put_object(&wr, &object);
	assert_int_equal(wr.n, 37);
	for (size_t cap = 0; cap < 37; cap++) {
		struct imp_span exact = vec_copy(imp_span(octets, cap));
		struct imp_wr tight = imp_wr((void *)(uintptr_t)exact.p, cap);

		imp_p15_put_object(&tight, &object);
		assert_int_equal(tight.st, IMP_E_SPACE);
		vec_free(exact);
	}
}

/* Vectors whose form is the one that is written. */
static void vectors_again(void **state)
{
	static const char *const names[] = { "dodf_oid", "dodf_opaque", "dodf_opaque_then_oid",
		"dodf_label_private", "dodf_private_modifiable", "dodf_oid_wrapped_twice",
		"dodf_path_7fff", "dodf_path_part" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];
		struct imp_span file;
		struct imp_p15_object object;
		struct imp_rd rd;
		struct imp_wr wr = begin();

		(void)snprintf(path, sizeof path, VEC_SHARED "lwm2m/card/%s.hex", names[i]);
		if (!vec_there(path))
			return;
		file = vec_hex(path);
		rd = imp_rd(file);
		while (imp_p15_dodf_next(&rd, &object) == IMP_OK)
			imp_p15_put_object(&wr, &object);
		if (!imp_span_eq(imp_wr_span(&wr), file))
			fail_msg("%s is written otherwise", names[i]);
		vec_free(file);
	}
}

/* ---- FCP and rules ---- */

#define READ_ALWAYS "8001019000"
#define BY_ADM "a40683010a950108"
#define BY_PIN "a406830101950108"

static void rules(void **state)
{
	static const struct {
		uint8_t modes;
		struct imp_access_rule rule;
		const char *want;
	} rows[] = {
		{ IMP_AM_READ, { IMP_ACCESS_ALWAYS, 0, { 0 } }, READ_ALWAYS },
		{ IMP_AM_DELETE, { IMP_ACCESS_NEVER, 0, { 0 } }, "8001409700" },
		{ IMP_AM_UPDATE, { IMP_ACCESS_KEY, 1, { 0x0A } }, "800102" BY_ADM },
		{ IMP_AM_DEACTIVATE | IMP_AM_ACTIVATE, { IMP_ACCESS_KEY, 1, { 0x0A } },
			"800118" BY_ADM },
		{ IMP_AM_READ, { IMP_ACCESS_KEY, 2, { 0x01, 0x11 } },
			"800101a010" BY_PIN "a406830111950108" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_access_rule back;
		struct imp_wr wr = begin();

		imp_access_put(&wr, rows[i].modes, &rows[i].rule);
		equal(&wr, rows[i].want);
		assert_int_equal(imp_access_get(imp_wr_span(&wr), rows[i].modes, &back), IMP_OK);
		assert_int_equal(back.access, rows[i].rule.access);
		assert_int_equal(back.keys_n, rows[i].rule.keys_n);
		assert_memory_equal(back.keys, rows[i].rule.keys, back.keys_n);
	}
}

static void create_templates(void **state)
{
	static const uint8_t arr[] = { 0x6F, 0x06, 0x01 }, mf_arr[] = { 0x2F, 0x06, 0x03 };
	static const uint8_t fill[] = { 0xC2, 0x01, 0xFF };
	static const uint8_t df_rule[] = { 0x80, 0x01, 0x03, 0xA4, 0x06, 0x83, 0x01, 0x0A, 0x95,
		0x01, 0x08 };
	const struct {
		struct imp_fcp fcp;
		const char *want;
	} rows[] = {
		{ { .kind = IMP_FCP_TRANSPARENT,
			  .has_fid = true,
			  .fid = 0x5031,
			  .size = 32,
			  .total = IMP_FCP_NO_SIZE,
			  .sfi = 0x11,
			  .life_cycle = 5,
			  .referenced = { arr, 3 } },
			"62178202412183025031"
			"8a01058b036f0601"
			"80020020880188" },
		{ { .kind = IMP_FCP_TRANSPARENT,
			  .has_fid = true,
			  .fid = 0x6430,
			  .size = 128,
			  .total = IMP_FCP_NO_SIZE,
			  .sfi = IMP_FCP_NO_SFI,
			  .life_cycle = 5,
			  .referenced = { arr, 3 } },
			"62168202412183026430"
			"8a01058b036f0601"
			"800200808800" },
		{ { .kind = IMP_FCP_TRANSPARENT,
			  .has_fid = true,
			  .fid = 0x6432,
			  .size = 1024,
			  .total = IMP_FCP_NO_SIZE,
			  .sfi = IMP_FCP_NO_SFI,
			  .life_cycle = 5,
			  .referenced = { arr, 3 },
			  .proprietary = { fill, 3 } },
			"621b8202412183026432"
			"8a01058b036f0601"
			"800204008800a503c201ff" },
		{ { .kind = IMP_FCP_LINEAR,
			  .record_length = 40,
			  .has_fid = true,
			  .fid = 0x6F06,
			  .size = 80,
			  .total = IMP_FCP_NO_SIZE,
			  .sfi = 0x17,
			  .life_cycle = 5,
			  .referenced = { mf_arr, 3 } },
			"621982044221002883026f06"
			"8a01058b032f0603"
			"800200508801b8" },
		{ { .kind = IMP_FCP_DF,
			  .has_fid = true,
			  .fid = 0x7F50,
			  .size = IMP_FCP_NO_SIZE,
			  .total = 4096,
			  .life_cycle = 5,
			  .aid = { imp_p15_aid, IMP_P15_AID_SIZE },
			  .expanded = { df_rule, sizeof df_rule },
			  .keys_n = 2,
			  .keys = { 0x01, 0x0A },
			  .enabled = 0x80 },
			"62358202782183027f50840c" AID "8a0105ab0b800103" BY_ADM
			"81021000c60990018083010183010a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_fcp back;
		struct imp_wr wr = begin();

		imp_fcp_put_create(&wr, &rows[i].fcp);
		equal(&wr, rows[i].want);
		assert_int_equal(imp_fcp_get(imp_wr_span(&wr), &back), IMP_OK);
		assert_int_equal(back.kind, rows[i].fcp.kind);
		assert_int_equal(back.fid, rows[i].fcp.fid);
		assert_int_equal(back.size, rows[i].fcp.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(der_headers),
		cmocka_unit_test(der_numbers),
		cmocka_unit_test(dir_records),
		cmocka_unit_test(odf_record),
		cmocka_unit_test(token_info),
		cmocka_unit_test(dodf_entries),
		cmocka_unit_test(kinds_that_are_not_written),
		cmocka_unit_test(too_little_room),
		cmocka_unit_test(vectors_again),
		cmocka_unit_test(rules),
		cmocka_unit_test(create_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
