/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#15 files as cards hold them: vectors, forms by rows, sweeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/p15.h"
#include "tests/fake/vec.h"

#define CARD VEC_SHARED "lwm2m/card/"
#define F(text)                                           \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static bool is(struct imp_span s, const void *octets, size_t n)
{
	return imp_span_eq(s, imp_span(octets, n));
}

/* ---- EF(DIR) -----------------------------------------------------------------------------------
 */

static void dir(void **state)
{
	static const struct {
		const char *name;
		bool ours;
		const char *label;
		struct imp_span path;
	} rows[] = {
		{ "dir_min", true, "", F("\x7F\x50") },
		{ "dir_label_3f00", true, "any", F("\x3F\x00\x7F\x50") },
		{ "dir_label_7fff", true, "any", F("\x7F\xFF") },
		{ "dir_record38", true, "", { NULL, 0 } },
		{ "dir_other_app", false, "any", { NULL, 0 } },
	};

	(void)state;
	for (size_t i = 0; vec_there(CARD) && i < sizeof(rows) / sizeof(*rows); i++) {
		char path[256];
		struct imp_span file;
		struct imp_rd rd;
		struct imp_p15_app app;
		bool has_path;

		snprintf(path, sizeof(path), CARD "%s.hex", rows[i].name);
		file = vec_hex(path);
		rd = imp_rd(file);
		assert_int_equal(imp_p15_dir_next(&rd, &app), IMP_OK);
		assert_int_equal(imp_p15_app_matches(&app), rows[i].ours);
		assert_int_equal(app.label.n == 0, rows[i].label[0] == '\0');
		if (rows[i].path.n)
			assert_true(imp_span_eq(app.path, rows[i].path));
		assert_int_equal(imp_p15_dir_next(&rd, &app), IMP_E_ABSENT);
		assert_int_equal(
			imp_p15_find_app(file, &has_path), rows[i].ours ? IMP_OK : IMP_E_ABSENT);
		vec_free(file);
	}
}

/* Transparent files hold templates back to back; ours may be any of them, its AID longer. */
static void dir_binary(void **state)
{
	static const struct imp_span file = F("\x61\x06\x4F\x04\xA0\x00\x00\x87"
					      "\x61\x03\x5F\x50\x00"
					      "\x61\x10\x4F\x0E\xA0\x00\x00\x00\x63PKCS-15\x01\x02"
					      "\xFF\xFF");
	struct imp_p15_app app;
	struct imp_rd rd = imp_rd(file);
	bool has_path = true;

	(void)state;
	assert_int_equal(imp_p15_find_app(file, &has_path), IMP_OK);
	assert_false(has_path);
	for (int i = 0; i < 3; i++)
		assert_int_equal(imp_p15_dir_next(&rd, &app), IMP_OK);
	assert_int_equal(app.aid.n, 14);
	assert_int_equal(app.path.n, 0);
	assert_int_equal(imp_p15_dir_next(&rd, &app), IMP_E_ABSENT);
	assert_int_equal(imp_p15_find_app(imp_span(file.p, 20), &has_path), IMP_E_ABSENT);
}

/* ---- EF(ODF) -----------------------------------------------------------------------------------
 */

static void odf(void **state)
{
	static const struct {
		const char *name;
		struct imp_span paths[2];
	} rows[] = {
		{ "odf_fid", { F("\x64\x40"), { NULL, 0 } } },
		{ "odf_mixed_pad_ff", { F("\x64\x40"), { NULL, 0 } } },
		{ "odf_pad_00", { F("\x64\x40"), { NULL, 0 } } },
		{ "odf_path_3f00", { { NULL, 6 }, { NULL, 0 } } },
		{ "odf_path_7fff", { F("\x7F\xFF\x64\x40"), { NULL, 0 } } },
		{ "odf_two_dodf", { F("\x64\x40"), F("\x64\x50") } },
		{ "odf_no_data_objects", { { NULL, 0 }, { NULL, 0 } } },
	};

	(void)state;
	for (size_t i = 0; vec_there(CARD) && i < sizeof(rows) / sizeof(*rows); i++) {
		char path[256];
		struct imp_span file;
		struct imp_rd rd;
		struct imp_p15_odf found;

		snprintf(path, sizeof(path), CARD "%s.hex", rows[i].name);
		file = vec_hex(path);
		rd = imp_rd(file);
		for (size_t k = 0; k < 2 && rows[i].paths[k].n; k++) {
			struct imp_span want = rows[i].paths[k];

			assert_int_equal(imp_p15_odf_next(&rd, &found), IMP_OK);
			if (want.p)
				assert_true(imp_span_eq(found.path.fids, want));
			else
				assert_true(found.path.fids.n >= 4 &&
					    is(imp_span(found.path.fids.p, 2), "\x3F\x00", 2));
			assert_int_equal(found.objects.n, 0);
		}
		assert_int_equal(imp_p15_odf_next(&rd, &found), IMP_E_ABSENT);
		vec_free(file);
	}
}

static void odf_rows(void **state)
{
	static const struct {
		const char *what;
		struct imp_span in;
		enum imp_status st;
		size_t path, objects;
	} rows[] = {
		{ "inline", F("\xA7\x06\xA0\x04\x30\x02\x30\x00"), IMP_OK, 0, 4 },
		{ "protected, then a path",
			F("\xA7\x04\xA1\x02\x30\x00\xA7\x06\x30\x04\x04\x02\x64\x40"), IMP_OK, 2,
			0 },
		{ "odd path", F("\xA7\x07\x30\x05\x04\x03\x64\x40\x41"), IMP_E_FORMAT, 0, 0 },
		{ "no path in it", F("\xA7\x02\x30\x00"), IMP_E_FORMAT, 0, 0 },
		{ "index without length", F("\xA7\x09\x30\x07\x04\x02\x64\x40\x02\x01\x05"),
			IMP_E_FORMAT, 0, 0 },
		{ "index without 00 in front",
			F("\xA7\x0C\x30\x0A\x04\x02\x64\x40\x02\x01\x85\x80\x01\x05"), IMP_OK, 2,
			0 },
		{ "index of five octets",
			F("\xA7\x10\x30\x0E\x04\x02\x64\x40\x02\x05\x00\x00\x00\x00\x01\x80\x01"
			  "\x05"),
			IMP_E_FORMAT, 0, 0 },
		{ "cut", F("\xA7\x06\x30\x04\x04\x02\x64"), IMP_E_TRUNC, 0, 0 },
		{ "filling only", F("\xFF\xFF\xFF\xFF"), IMP_E_ABSENT, 0, 0 },
		{ "empty", { NULL, 0 }, IMP_E_ABSENT, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct imp_span in = vec_copy(rows[i].in);
		struct imp_rd rd = imp_rd(in);
		struct imp_p15_odf found;
		enum imp_status st = imp_p15_odf_next(&rd, &found);

		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].what, imp_status_text(st));
		if (st == IMP_OK) {
			assert_int_equal(found.path.fids.n, rows[i].path);
			assert_int_equal(found.objects.n, rows[i].objects);
		}
		vec_free(in);
	}
}

/* ---- EF(DODF) ----------------------------------------------------------------------------------
 */

static void dodf(void **state)
{
	static const struct {
		const char *name;
		unsigned foreign; /* objects before ours */
		enum imp_p15_kind kind;
		bool by_application, by_id, twice, is_private, modifiable, label;
		struct imp_span path;
		uint32_t index, length;
	} rows[] = {
		{ "dodf_oid", 0, IMP_P15_OIDDO, 0, 1, 0, 0, 0, 0, F("\x64\x42"), 0, 0 },
		{ "dodf_oid_wrapped_twice", 0, IMP_P15_OIDDO, 0, 1, 1, 0, 0, 0, F("\x64\x42"), 0,
			0 },
		{ "dodf_opaque", 0, IMP_P15_OPAQUE, 1, 0, 0, 0, 0, 1, F("\x64\x42"), 0, 0 },
		{ "dodf_opaque_then_oid", 0, IMP_P15_OPAQUE, 1, 0, 0, 0, 0, 1, F("\x64\x42"), 0,
			0 },
		{ "dodf_foreign_first", 1, IMP_P15_OIDDO, 0, 1, 0, 0, 0, 0, F("\x64\x42"), 0, 0 },
		{ "dodf_label_private", 0, IMP_P15_OIDDO, 0, 1, 0, 1, 0, 1, F("\x64\x42"), 0, 0 },
		{ "dodf_private_modifiable", 0, IMP_P15_OIDDO, 0, 1, 0, 1, 1, 0, F("\x64\x42"), 0,
			0 },
		{ "dodf_path_7fff", 0, IMP_P15_OIDDO, 0, 1, 0, 0, 0, 0, F("\x7F\xFF\x64\x42"), 0,
			0 },
		{ "dodf_path_part", 0, IMP_P15_OIDDO, 0, 1, 0, 0, 0, 0, F("\x64\x42"), 16, 300 },
	};

	(void)state;
	for (size_t i = 0; vec_there(CARD) && i < sizeof(rows) / sizeof(*rows); i++) {
		char path[256];
		struct imp_span file;
		struct imp_rd rd;
		struct imp_p15_object o;
		struct imp_p15_path found;
		bool twice;

		print_message("%s\n", rows[i].name);
		snprintf(path, sizeof(path), CARD "%s.hex", rows[i].name);
		file = vec_hex(path);
		rd = imp_rd(file);
		for (unsigned k = 0; k < rows[i].foreign; k++) {
			assert_int_equal(imp_p15_dodf_next(&rd, &o), IMP_OK);
			assert_false(imp_p15_is_bootstrap(&o));
		}
		assert_int_equal(imp_p15_dodf_next(&rd, &o), IMP_OK);
		assert_int_equal(o.kind, rows[i].kind);
		assert_int_equal(o.by_id, rows[i].by_id);
		assert_int_equal(o.wrapped_twice, rows[i].twice);
		assert_int_equal(o.is_private, rows[i].is_private);
		assert_int_equal(o.modifiable, rows[i].modifiable);
		assert_true(imp_p15_is_bootstrap(&o));
		assert_true(imp_span_eq(o.path.fids, rows[i].path));
		assert_int_equal(o.path.part, rows[i].length != 0);
		if (o.path.part) {
			assert_int_equal(o.path.index, rows[i].index);
			assert_int_equal(o.path.length, rows[i].length);
		}
		if (rows[i].by_application)
			assert_true(o.by_application);
		if (rows[i].label)
			assert_true(o.label.n > 0);

		/* what the device looks for is the same */
		assert_int_equal(imp_p15_find_bootstrap(file, &found, &twice), IMP_OK);
		assert_true(imp_span_eq(found.fids, o.path.fids));
		assert_int_equal(twice, o.wrapped_twice);
		assert_int_equal(found.part, o.path.part);
		vec_free(file);
	}
}

static void none(void **state)
{
	static const char *const names[] = { "dodf_empty_ff", "dodf_foreign_only" };

	(void)state;
	for (size_t i = 0; vec_there(CARD) && i < 2; i++) {
		char path[256];
		struct imp_span file;
		struct imp_p15_path found;
		bool twice;

		snprintf(path, sizeof(path), CARD "%s.hex", names[i]);
		file = vec_hex(path);
		assert_int_equal(imp_p15_find_bootstrap(file, &found, &twice), IMP_E_ABSENT);
		vec_free(file);
	}
}

/* Ours stands behind objects that make no sense at all. */
static void foreign_objects_hide_nothing(void **state)
{
	static const struct imp_span file =
		F("\x30\x02\x30\x00" /* no attributes */
		  "\x85\x03"
		  "abc"							     /* no object */
		  "\xA1\x08\x30\x00\x30\x00\xA1\x02\x30\x00"		     /* an empty oidDO */
		  "\xA0\x0C\x30\x00\x30\x00\xA1\x06\x30\x04\x04\x02\x11\x11" /* externalIDO */
		  "\x30\x14\x30\x00\x30\x06\x06\x04\x67\x2B\x09\x01\xA1\x08\x30\x06\x04\x04\x7F\xFF"
		  "\x64\x42"
		  "\xFF");
	struct imp_p15_path path;
	struct imp_p15_object o;
	struct imp_rd rd = imp_rd(file);
	bool twice;

	(void)state;
	assert_int_equal(imp_p15_find_bootstrap(file, &path, &twice), IMP_OK);
	assert_true(is(path.fids, "\x7F\xFF\x64\x42", 4));
	for (int i = 0; i < 5; i++) {
		assert_int_equal(imp_p15_dodf_next(&rd, &o), IMP_OK);
		assert_int_equal(imp_p15_is_bootstrap(&o), i == 4);
		assert_int_equal(o.kind, i == 3	  ? IMP_P15_EXTERNAL
					 : i == 4 ? IMP_P15_OPAQUE
						  : IMP_P15_UNKNOWN);
	}
	assert_int_equal(imp_p15_dodf_next(&rd, &o), IMP_E_ABSENT);
}

/* ---- sweeps ------------------------------------------------------------------------------------
 */

/* A path outside of the input, or a find that differs from the walk. */
static bool bad_dodf(void *ctx, struct imp_span in)
{
	unsigned *found = ctx;
	struct imp_p15_path path;
	struct imp_rd rd = imp_rd(in);
	struct imp_p15_object o;
	enum imp_status st;
	bool twice, ours = false;
	enum imp_status find = imp_p15_find_bootstrap(in, &path, &twice);

	do {
		st = imp_p15_dodf_next(&rd, &o);
		if (st == IMP_OK && !ours)
			ours = imp_p15_is_bootstrap(&o) && o.path.fids.n;
	} while (st == IMP_OK && !ours);
	*found += find == IMP_OK;
	if (find != IMP_OK)
		return ours;
	return !ours || path.fids.p < in.p || path.fids.p + path.fids.n > in.p + in.n ||
	       !imp_span_eq(path.fids, o.path.fids);
}

static const uint8_t written[] = { 0x30, 0x23, 0x30, 0x00, 0x30, 0x17, 0x0C, 0x0F, 'L', 'w', 'M',
	'2', 'M', ' ', 'B', 'o', 'o', 't', 's', 't', 'r', 'a', 'p', 0x06, 0x04, 0x67, 0x2B, 0x09,
	0x01, 0xA1, 0x06, 0x30, 0x04, 0x04, 0x02, 0x64, 0x32 };

static void sweeps(void **state)
{
	unsigned found = 0;

	(void)state;
	assert_int_equal(vec_prefixes(imp_span(written, sizeof(written)), bad_dodf, &found), 0);
	assert_int_equal(found, 0); /* no prefix is taken for the whole */
	assert_false(bad_dodf(&found, imp_span(written, sizeof(written))));
	assert_int_equal(found, 1);
	assert_int_equal(vec_flips(imp_span(written, sizeof(written)), bad_dodf, &found), 0);
}

/* The comparison notices: a finder that takes the first path it sees is caught by a flipped OID. */
static bool careless(void *ctx, struct imp_span in)
{
	struct imp_rd rd = imp_rd(in);
	struct imp_p15_object o;

	(void)ctx;
	return imp_p15_dodf_next(&rd, &o) == IMP_OK && o.path.fids.n && !imp_p15_is_bootstrap(&o);
}

static void careless_finder_is_caught(void **state)
{
	(void)state;
	assert_true(vec_flips(imp_span(written, sizeof(written)), careless, NULL) >= 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dir),
		cmocka_unit_test(dir_binary),
		cmocka_unit_test(odf),
		cmocka_unit_test(odf_rows),
		cmocka_unit_test(dodf),
		cmocka_unit_test(none),
		cmocka_unit_test(foreign_objects_hide_nothing),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(careless_finder_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
