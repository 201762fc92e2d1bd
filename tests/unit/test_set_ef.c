/* SPDX-License-Identifier: Apache-2.0 */
/* Sets to and from EF(LwM2M_Bootstrap) and LwM2M TLV: golden files, vectors, sweeps, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "model/check.h"
#include "model/set_form.h"
#include "tests/fake/vec.h"

#define GOLDEN "tests/golden/ef/"
#define EF VEC_SHARED "lwm2m/"

static struct imp_set set, again;
static uint8_t octets[IMP_PAYLOAD_MAX + 16];

static int setup(void **state)
{
	(void)state;
	imp_set_init(&set);
	imp_set_init(&again);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	imp_set_free(&set);
	imp_set_free(&again);
	return 0;
}

static struct imp_span encoded(const struct imp_set *s)
{
	struct imp_wr wr = imp_wr(octets, sizeof(octets)), count = imp_wr_count();

	assert_int_equal(imp_set_to_ef(s, &wr), IMP_OK);
	assert_int_equal(imp_set_to_ef(s, &count), IMP_OK);
	assert_int_equal(count.n, wr.n);
	return imp_wr_span(&wr);
}

/* ---- the text form of the golden files ---- */

static void show_value(FILE *f, const struct imp_value *v)
{
	char hex[2 * IMP_PAYLOAD_MAX];
	struct imp_wr wr = imp_wr(hex, sizeof(hex));

	switch (v->type) {
	case IMP_TYPE_NONE:
		fputs("-", f);
		break;
	case IMP_TYPE_STRING:
	case IMP_TYPE_OPAQUE:
		imp_hex_put(&wr, v->u.s);
		fprintf(f, "%.*s", wr.n ? (int)wr.n : 1, wr.n ? hex : "-");
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		fprintf(f, "%" PRId64, v->u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		fprintf(f, "%" PRIu64, v->u.u);
		break;
	case IMP_TYPE_FLOAT:
		fprintf(f, "%a", v->u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		fprintf(f, "%d", v->u.b);
		break;
	case IMP_TYPE_OBJLNK:
		fprintf(f, "%u:%u", v->u.link.object, v->u.link.instance);
		break;
	}
}

static char *show(const struct imp_set *s)
{
	char *text = NULL, path[32];
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	for (size_t i = 0; i < s->versions_n; i++)
		fprintf(f, "version /%u %u.%u\n", s->versions[i].object, s->versions[i].major,
			s->versions[i].minor);
	for (size_t i = 0; i < s->n; i++) {
		fprintf(f, "%s %s ", imp_path_text(s->v[i].path, path),
			imp_type_name(s->v[i].type));
		show_value(f, &s->v[i]);
		fputc('\n', f);
	}
	fclose(f);
	return text;
}

static void assert_shows(const struct imp_set *s, const char *name)
{
	char path[256], want[8192];
	char *got = show(s);
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), GOLDEN "%s.txt", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(want, 1, sizeof(want) - 1, f);
	want[n] = '\0';
	fclose(f);
	assert_string_equal(got, want);
	free(got);
}

/* ---- sweeps ---- */

/* A proper prefix that is taken for a payload. */
static bool takes_prefix(void *ctx, struct imp_span input)
{
	bool lenient = *(const bool *)ctx;

	return imp_set_from_ef(&set, input, lenient, false, NULL) == IMP_OK;
}

/* An input that is taken, but is neither another set than the original nor written as it. */
static bool unstable(void *ctx, struct imp_span input)
{
	struct imp_span original = *(const struct imp_span *)ctx, out;
	struct imp_findings findings = { .n = 0 };

	if (imp_set_from_ef(&set, input, false, true, NULL))
		return set.n != 0 || set.used != 0;
	imp_check(&set, NULL, &findings);
	out = encoded(&set);
	if (imp_set_from_ef(&again, out, false, true, NULL) || !imp_set_equal(&set, &again))
		return true;
	assert_int_equal(imp_set_from_ef(&again, original, false, false, NULL), IMP_OK);
	if (imp_set_equal(&set, &again)) /* ignored bits: written without them */
		return imp_set_to_ef(&again,
			       &(struct imp_wr){ octets, sizeof(octets), 0, IMP_OK }) != IMP_OK;
	return false;
}

static void sweep(struct imp_span payload)
{
	bool strict = false, lenient = true;

	assert_int_equal(vec_prefixes(payload, takes_prefix, &strict), 0);
	assert_int_equal(vec_prefixes(payload, takes_prefix, &lenient), 0);
	assert_int_equal(vec_flips(payload, unstable, &payload), 0);
}

/* ---- golden files ---- */

static void golden_row(void *ctx, char *cell[8])
{
	const char *name = cell[0], *expect = cell[1];
	bool canonical = strcmp(expect, "canonical") == 0, legal = strcmp(expect, "legal") == 0;
	bool lenient = strcmp(expect, "lenient") == 0, refuse = strcmp(expect, "refuse") == 0;
	struct imp_ef_extent extent = { 99, 99, 99 };
	char path[256];
	struct imp_span in;
	enum imp_status st;

	(void)ctx;
	assert_true(canonical || legal || lenient || refuse);
	snprintf(path, sizeof(path), GOLDEN "%s.hex", name);
	in = vec_hex(path);

	st = imp_set_from_ef(&set, in, false, false, &extent);
	if (lenient || refuse) {
		if (st == IMP_OK)
			fail_msg("%s is not refused", name);
		assert_int_equal(set.n, 0);
		assert_int_equal(extent.bytes, 99);
		st = imp_set_from_ef(&set, in, true, false, &extent);
		assert_int_equal(st == IMP_OK, lenient);
		if (lenient)
			assert_int_not_equal(extent.quirks, 0);
	} else {
		if (st)
			fail_msg("%s: %s", name, imp_status_text(st));
		assert_int_equal(extent.quirks, 0);
	}
	if (!refuse) {
		assert_int_equal(extent.bytes + extent.padding, in.n);
		assert_shows(&set, name);
	}
	if (canonical) {
		assert_true(imp_span_eq(encoded(&set), in));
		sweep(in);
	}
	if (legal) { /* written in another form, but the same set */
		struct imp_span out = encoded(&set);

		assert_false(imp_span_eq(out, in));
		assert_int_equal(imp_set_from_ef(&again, out, false, true, NULL), IMP_OK);
		assert_true(imp_set_equal(&set, &again));
	}
	vec_free(in);
}

static void golden(void **state)
{
	(void)state;
	assert_true(vec_rows(GOLDEN "index.tsv", golden_row, NULL) > 40);
}

static void lenient_quirks(void **state)
{
	static const struct {
		const char *name;
		unsigned quirks;
		size_t padding;
	} rows[] = {
		{ "lenient_no_instance", IMP_QUIRK_NO_INSTANCE, 0 },
		{ "lenient_short_65535", IMP_QUIRK_SHORT_65535, 0 },
		{ "lenient_no_header", IMP_QUIRK_NO_HEADER, 9 },
		{ "lenient_no_header_stray", IMP_QUIRK_NO_HEADER | IMP_QUIRK_STRAY_RESOURCE, 0 },
		{ "psk_three_accounts", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_ef_extent extent;
		char path[256];
		struct imp_span in;

		snprintf(path, sizeof(path), GOLDEN "%s.hex", rows[i].name);
		in = vec_hex(path);
		assert_int_equal(imp_set_from_ef(&set, in, true, false, &extent), IMP_OK);
		assert_int_equal(extent.quirks, rows[i].quirks);
		assert_int_equal(extent.padding, rows[i].padding);
		vec_free(in);
	}
}

/* What follows the collection: filling of a file, but no part of a payload. */
static void strict_end(void **state)
{
	struct imp_span in = vec_hex(GOLDEN "padded.hex");
	struct imp_ef_extent extent;

	(void)state;
	assert_int_equal(imp_set_from_ef(&set, in, false, false, &extent), IMP_OK);
	assert_int_equal(extent.padding, 5);
	assert_int_equal(imp_set_from_ef(&set, in, false, true, &extent), IMP_E_FORMAT);
	assert_int_equal(set.n, 0);
	vec_free(in);
}

static void empty_file(void **state)
{
	static const uint8_t zero[8];
	struct imp_ef_extent extent;

	(void)state;
	assert_int_equal(imp_set_put_int(&set, 1, 0, 0, 1), IMP_OK);
	assert_int_equal(imp_set_from_ef(&set, imp_span(zero, 8), false, false, &extent), IMP_OK);
	assert_int_equal(set.n, 0);
	assert_int_equal(extent.bytes, 4);
	assert_int_equal(extent.padding, 4);
	assert_true(imp_span_eq(encoded(&set), imp_span(zero, 4)));
}

/* The sweeps must see a decoder that is too kind. */
static bool pads_with_zeros(void *ctx, struct imp_span input)
{
	uint8_t padded[512] = { 0 };

	(void)ctx;
	memcpy(padded, input.p ? input.p : padded, input.n);
	return imp_set_from_ef(&set, imp_span(padded, sizeof(padded)), false, false, NULL) ==
	       IMP_OK;
}

static bool forgets_last_value(void *ctx, struct imp_span input)
{
	struct imp_span out;

	(void)ctx;
	if (imp_set_from_ef(&set, input, false, true, NULL))
		return false;
	set.n--;
	out = encoded(&set);
	set.n++;
	return imp_set_from_ef(&again, out, false, true, NULL) || !imp_set_equal(&set, &again);
}

static void negative_controls(void **state)
{
	struct imp_span in = vec_hex(GOLDEN "psk_three_accounts.hex");

	(void)state;
	assert_true(vec_prefixes(in, pads_with_zeros, NULL) > 0);
	assert_true(vec_flips(in, forgets_last_value, NULL) > 0);
	vec_free(in);
}

/* ---- the shared vectors ---- */

/* Legal, but not as we write them. */
static bool is_canonical(const char *file)
{
	return strcmp(file, "ef/bs_nosec_long_forms.hex") != 0 &&
	       strcmp(file, "ef/server_psk_any_order.hex") != 0;
}

static void accepted(const char *file, struct imp_span in)
{
	struct imp_ef_extent extent;

	if (imp_set_from_ef(&set, in, false, false, &extent))
		fail_msg("%s is refused", file);
	assert_int_equal(extent.quirks, 0);
	if (is_canonical(file)) {
		struct imp_span payload = imp_span(in.p, extent.bytes);

		assert_true(imp_span_eq(encoded(&set), payload));
		sweep(payload);
	}
	assert_int_equal(imp_set_from_ef(&again, encoded(&set), false, true, &extent), IMP_OK);
	assert_true(imp_set_equal(&set, &again) || is_canonical(file));
}

static void vector_row(void *ctx, char *cell[8])
{
	const char *file = cell[0], *expect = cell[3];
	struct imp_ef_extent extent;
	char path[256];
	struct imp_span in;
	size_t *n = ctx;

	if (strncmp(file, "ef", 2) != 0 && strcmp(file, "format/pack_ef.hex") != 0)
		return;
	++*n;
	snprintf(path, sizeof(path), EF "%s", file);
	in = vec_hex(path);
	assert_int_equal(in.n, strtoul(cell[1], NULL, 10));
	if (strcmp(expect, "accept") == 0 || strcmp(expect, "none") == 0) {
		accepted(file, in);
	} else if (strcmp(expect, "finding") == 0) {
		assert_int_equal(imp_set_from_ef(&set, in, false, true, NULL), IMP_OK);
		assert_true(imp_span_eq(encoded(&set), in));
	} else {
		if (imp_set_from_ef(&set, in, false, false, NULL) == IMP_OK)
			fail_msg("%s is not refused", file);
		assert_int_equal(set.n, 0);
	}
	if (strcmp(expect, "lenient") == 0) {
		if (imp_set_from_ef(&set, in, true, false, &extent))
			fail_msg("%s is refused leniently", file);
		assert_int_not_equal(extent.quirks, 0);
	}
	/* Leniency is for named quirks: a Resource TLV where an instance belongs is one of them. */
	if (strcmp(expect, "refuse") == 0 && imp_set_from_ef(&set, in, true, false, NULL) == IMP_OK)
		fail_msg("%s is taken leniently", file);
	vec_free(in);
}

static void vectors(void **state)
{
	size_t n = 0;

	(void)state;
	if (!vec_there(EF "index.tsv"))
		return;
	vec_rows(EF "index.tsv", vector_row, &n);
	assert_int_equal(n, 61);
}

/* The file in one object's TLV, and each object of the pack by itself. */
static void vectors_tlv(void **state)
{
	static const struct {
		const char *file;
		uint16_t object;
	} rows[] = {
		{ EF "format/obj_0.tlv.hex", 0 },
		{ EF "format/obj_1.tlv.hex", 1 },
		{ EF "format/obj_2.tlv.hex", 2 },
		{ EF "format/obj_21.tlv.hex", 21 },
	};
	struct imp_span pack;

	(void)state;
	if (!vec_there(EF "format/pack_ef.hex"))
		return;
	pack = vec_hex(EF "format/pack_ef.hex");
	assert_int_equal(imp_set_from_ef(&set, pack, false, true, NULL), IMP_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_hex(rows[i].file);
		struct imp_wr wr = imp_wr(octets, sizeof(octets));

		assert_int_equal(imp_set_to_tlv(&set, rows[i].object, &wr), IMP_OK);
		assert_true(imp_span_eq(imp_wr_span(&wr), in));
		assert_int_equal(imp_set_from_tlv(&again, rows[i].object, in, false), IMP_OK);
		wr = imp_wr(octets, sizeof(octets));
		assert_int_equal(imp_set_to_tlv(&again, rows[i].object, &wr), IMP_OK);
		assert_true(imp_span_eq(imp_wr_span(&wr), in));
		vec_free(in);
	}
	vec_free(pack);
}

static void tlv_of_one_object(void **state)
{
	static const uint8_t resources[] = { 0xC1, 0x01, 0x01 };
	struct imp_span in = imp_span(resources, sizeof(resources));
	struct imp_wr wr = imp_wr(octets, sizeof(octets));

	(void)state;
	assert_int_equal(imp_set_from_tlv(&set, 0, in, false), IMP_E_FORMAT);
	assert_int_equal(imp_set_from_tlv(&set, 0, in, true), IMP_OK);
	assert_int_equal(imp_set_int(&set, 0, 0, 1, -1), 1);
	assert_int_equal(imp_set_from_tlv(&set, 65535, imp_span(NULL, 0), false), IMP_E_FORMAT);
	assert_int_equal(imp_set_from_tlv(&set, 2, imp_span(NULL, 0), false), IMP_OK);
	assert_int_equal(set.n, 1);
	assert_int_equal(imp_set_to_tlv(&set, 2, &wr), IMP_OK);
	assert_int_equal(imp_set_to_tlv(&set, 3, &wr), IMP_OK);
	assert_int_equal(wr.n, 0);
}

/* ---- limits ---- */

/* 40000 must survive: two octets would read as -25536 (T8). */
static void ssid_40000(void **state)
{
	static const uint8_t tail[] = { 0xC4, 0x0A, 0x00, 0x00, 0x9C, 0x40 };
	struct imp_span out;

	(void)state;
	assert_int_equal(imp_set_put_int(&set, 0, 0, 10, 40000), IMP_OK);
	out = encoded(&set);
	assert_memory_equal(out.p + out.n - 6, tail, 6);
	assert_int_equal(imp_set_from_ef(&again, out, false, true, NULL), IMP_OK);
	assert_int_equal(imp_set_int(&again, 0, 0, 10, -1), 40000);
}

/* The collection may have 32764 octets, not one more. */
static void largest_payload(void **state)
{
	static uint8_t key[IMP_PAYLOAD_MAX];
	/* Object header 5, instance header 4, resource header 4. */
	size_t most = 32764 - 13;
	struct imp_wr wr = imp_wr(octets, sizeof(octets));
	struct imp_span out;

	(void)state;
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 5, imp_span(key, most)), IMP_OK);
	out = encoded(&set);
	assert_int_equal(out.n, IMP_PAYLOAD_MAX);
	assert_int_equal(imp_set_from_ef(&again, out, false, true, NULL), IMP_OK);
	assert_true(imp_set_equal(&set, &again));

	imp_set_wipe(&set);
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 5, imp_span(key, most + 1)), IMP_OK);
	assert_int_equal(imp_set_to_ef(&set, &wr), IMP_E_SPACE);
	assert_int_equal(imp_wr_span(&wr).n, 0);
}

/* As many values as fit, and as many versions. */
static void many_values(void **state)
{
	struct imp_value v = { .path = { 0, 0, 0, 0 }, .type = IMP_TYPE_UNSIGNED };
	struct imp_wr wr = imp_wr(octets, sizeof(octets));
	size_t n = 0;

	(void)state;
	v.path.resource = 16;
	for (uint32_t i = 0; i < 32764 / 4; i++) {
		v.path.res_instance = (uint16_t)i;
		assert_int_equal(imp_set_put(&set, &v), IMP_OK);
		n++;
	}
	assert_int_equal(imp_set_to_ef(&set, &wr), IMP_OK);
	assert_int_equal(imp_set_from_ef(&again, imp_wr_span(&wr), false, true, NULL), IMP_OK);
	assert_int_equal(again.n, n);
	assert_true(imp_set_equal(&set, &again));
}

static void too_many_versions(void **state)
{
	struct imp_wr wr = imp_wr(octets, sizeof(octets));

	(void)state;
	imp_wr_be16(&wr, 33);
	imp_wr_be16(&wr, 33 * 6);
	for (uint16_t i = 0; i < 33; i++) {
		imp_wr_be16(&wr, (uint16_t)(100 + i));
		imp_wr_be16(&wr, 0x0100);
		imp_wr_be16(&wr, 0);
	}
	assert_int_equal(imp_set_from_ef(&set, imp_wr_span(&wr), false, true, NULL), IMP_E_SPACE);
	assert_int_equal(set.n, 0);
}

static void no_room(void **state)
{
	struct imp_span in = vec_hex(GOLDEN "psk_three_accounts.hex");

	(void)state;
	assert_int_equal(imp_set_from_ef(&set, in, false, true, NULL), IMP_OK);
	for (size_t cap = 0; cap < in.n; cap++) {
		uint8_t *buf = malloc(cap ? cap : 1);
		struct imp_wr wr = imp_wr(buf, cap);

		assert_int_equal(imp_set_to_ef(&set, &wr), IMP_E_SPACE);
		free(buf);
	}
	vec_free(in);
}

/* Written behind something else: the header is patched at its own place. */
static void appended(void **state)
{
	struct imp_wr wr = imp_wr(octets, sizeof(octets));

	(void)state;
	imp_wr_be32(&wr, 0x11223344);
	assert_int_equal(imp_set_put_int(&set, 1, 0, 0, 7), IMP_OK);
	assert_int_equal(imp_set_to_ef(&set, &wr), IMP_OK);
	assert_int_equal(octets[0], 0x11);
	assert_int_equal(
		imp_set_from_ef(&again, imp_span(octets + 4, wr.n - 4), false, true, NULL), IMP_OK);
	assert_true(imp_set_equal(&set, &again));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(golden),
		T(lenient_quirks),
		T(strict_end),
		T(empty_file),
		T(negative_controls),
		T(vectors),
		T(vectors_tlv),
		T(tlv_of_one_object),
		T(ssid_40000),
		T(largest_payload),
		T(many_values),
		T(too_many_versions),
		T(no_room),
		T(appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
