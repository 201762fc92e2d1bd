/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR and SenML JSON: against golden packs, against EF, and what is refused. */
#include "model/set_form.h"

#include "base/hex.h"
#include "tests/fake/vec.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FORMAT VEC_SHARED "lwm2m/format/"
#define GOLDEN "tests/golden/senml/"

typedef enum imp_status decode(struct imp_set *set, struct imp_span in);
typedef enum imp_status encode(const struct imp_set *set, struct imp_wr *out);

static uint8_t written[4 * IMP_PAYLOAD_MAX];

static struct imp_span write_with(encode *to, const struct imp_set *set)
{
	struct imp_wr wr = imp_wr(written, sizeof written);

	assert_int_equal(to(set, &wr), IMP_OK);
	return imp_wr_span(&wr);
}

static enum imp_status from_ef(struct imp_set *set, struct imp_span in)
{
	return imp_set_from_ef(set, in, false, false, NULL);
}

static struct imp_span text_file(const char *path)
{
	static char buf[8192];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		fail_msg("%s is not there", path);
	n = fread(buf, 1, sizeof buf, f);
	(void)fclose(f);
	return vec_copy(imp_span(buf, n));
}

/* Both packs and the payload hold the same, and each is written as it was read. */
static void same(struct imp_span ef, struct imp_span json, struct imp_span cbor)
{
	struct imp_set a, b, c;

	imp_set_init(&a);
	imp_set_init(&b);
	imp_set_init(&c);
	assert_int_equal(from_ef(&a, ef), IMP_OK);
	assert_int_equal(imp_set_from_senml_json(&b, json), IMP_OK);
	assert_int_equal(imp_set_from_senml_cbor(&c, cbor), IMP_OK);
	assert_true(imp_set_equal(&a, &b));
	assert_true(imp_set_equal(&a, &c));
	assert_true(imp_span_eq(write_with(imp_set_to_ef, &b), ef));
	assert_true(imp_span_eq(write_with(imp_set_to_senml_json, &a), json));
	assert_true(imp_span_eq(write_with(imp_set_to_senml_cbor, &a), cbor));
	imp_set_free(&a);
	imp_set_free(&b);
	imp_set_free(&c);
}

static void test_golden(void **state)
{
	static const char *const names[] = { "empty", "psk", "hollow", "numbers" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[3][64];
		struct imp_span ef, json, cbor;

		(void)snprintf(path[0], sizeof path[0], GOLDEN "%s.ef.hex", names[i]);
		(void)snprintf(path[1], sizeof path[1], GOLDEN "%s.json.hex", names[i]);
		(void)snprintf(path[2], sizeof path[2], GOLDEN "%s.cbor.hex", names[i]);
		ef = vec_hex(path[0]);
		json = vec_hex(path[1]);
		cbor = vec_hex(path[2]);
		same(ef, json, cbor);
		vec_free(ef);
		vec_free(json);
		vec_free(cbor);
	}
}

/* One configuration in six forms: per object as TLV, EF, SenML JSON, SenML CBOR (and LwM2M CBOR,
 * which is not ours). */
static void test_shared_forms(void **state)
{
	static const uint16_t objects[] = { 0, 1, 2, 21 };
	struct imp_span ef, json, cbor;
	struct imp_set whole;

	(void)state;
	if (!vec_there(FORMAT))
		return;
	ef = vec_hex(FORMAT "pack_ef.hex");
	json = text_file(FORMAT "pack_senml.json");
	cbor = vec_hex(FORMAT "pack_senml.cbor.hex");
	same(ef, json, cbor);
	imp_set_init(&whole);
	assert_int_equal(imp_set_from_senml_cbor(&whole, cbor), IMP_OK);
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		char path[128];
		struct imp_span tlv;

		(void)snprintf(path, sizeof path, FORMAT "obj_%u.tlv.hex", objects[i]);
		tlv = vec_hex(path);
		{
			struct imp_wr wr = imp_wr(written, sizeof written);

			assert_int_equal(imp_set_to_tlv(&whole, objects[i], &wr), IMP_OK);
			assert_true(imp_span_eq(imp_wr_span(&wr), tlv));
		}
		vec_free(tlv);
	}
	imp_set_free(&whole);
	vec_free(ef);
	vec_free(json);
	vec_free(cbor);
}

/* A payload through a form and back: the same octets as written directly. */
static void through(struct imp_span ef, encode *to, decode *back)
{
	struct imp_set a, b;
	struct imp_span form, direct;

	imp_set_init(&a);
	imp_set_init(&b);
	assert_int_equal(from_ef(&a, ef), IMP_OK);
	direct = vec_copy(write_with(imp_set_to_ef, &a));
	form = vec_copy(write_with(to, &a));
	assert_int_equal(back(&b, form), IMP_OK);
	assert_true(imp_set_equal(&a, &b));
	assert_true(imp_span_eq(write_with(imp_set_to_ef, &b), direct));
	vec_free(form);
	vec_free(direct);
	imp_set_free(&a);
	imp_set_free(&b);
}

static size_t through_all(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		struct imp_set set;
		struct imp_span ef;
		char path[512];

		if (!strstr(e->d_name, ".hex"))
			continue;
		(void)snprintf(path, sizeof path, "%s%s", folder, e->d_name);
		ef = vec_hex(path);
		imp_set_init(&set);
		if (from_ef(&set, ef) == IMP_OK) {
			through(ef, imp_set_to_senml_json, imp_set_from_senml_json);
			through(ef, imp_set_to_senml_cbor, imp_set_from_senml_cbor);
			n++;
		}
		imp_set_free(&set);
		vec_free(ef);
	}
	(void)closedir(dir);
	return n;
}

static void test_round_trips(void **state)
{
	(void)state;
	assert_true(through_all("tests/golden/ef/") >= 10);
	if (vec_there(VEC_SHARED "lwm2m/ef/"))
		assert_int_equal(through_all(VEC_SHARED "lwm2m/ef/"), 16);
}

/* Packs, and the canonical pack each is read as; NULL: refused. */
static const struct {
	const char *why, *json, *canonical;
} packs[] = {
	{ "bn stays in force", "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":2}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":2}]" },
	{ "names without base", "[{\"n\":\"/1/0/0\",\"v\":1},{\"n\":\"/1/0/1\",\"v\":2}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":2}]" },
	{ "base name is the whole name", "[{\"bn\":\"/1/0/0\",\"v\":1}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1}]" },
	{ "base joins in the middle of a number", "[{\"bn\":\"/1/0/1\",\"n\":\"7\",\"v\":1}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"17\",\"v\":1}]" },
	{ "resource instances", "[{\"bn\":\"/0/0/16/\",\"n\":\"1\",\"v\":2},{\"n\":\"0\",\"v\":1}]",
		"[{\"bn\":\"/0/0/\",\"n\":\"16/0\",\"v\":1},{\"n\":\"16/1\",\"v\":2}]" },
	{ "records in any order", "[{\"n\":\"/1/0/1\",\"v\":2},{\"n\":\"/0/0/1\",\"vb\":true}]",
		"[{\"bn\":\"/0/0/\",\"n\":\"1\",\"vb\":true},{\"bn\":\"/1/0/"
		"\",\"n\":\"1\",\"v\":2}]" },
	{ "base64 of both alphabets with padding",
		"[{\"bn\":\"/0/0/\",\"n\":\"3\",\"vd\":\"+/8=\"},{\"n\":\"4\",\"vd\":\"-_8\"}]",
		"[{\"bn\":\"/0/0/\",\"n\":\"3\",\"vd\":\"-_8\"},{\"n\":\"4\",\"vd\":\"-_8\"}]" },
	{ "escaped solidus in base64", "[{\"n\":\"/0/0/3\",\"vd\":\"+\\/8=\"}]",
		"[{\"bn\":\"/0/0/\",\"n\":\"3\",\"vd\":\"-_8\"}]" },
	{ "text for the octets of object 21", "[{\"n\":\"/21/0/1\",\"vs\":\"abc\"}]",
		"[{\"bn\":\"/21/0/\",\"n\":\"1\",\"vd\":\"YWJj\"}]" },
	{ "whole number spelled otherwise", "[{\"n\":\"/1/0/1\",\"v\":8.64e4}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":86400}]" },
	{ "beyond a double", "[{\"n\":\"/1/0/1\",\"v\":9007199254740993}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":9007199254740993}]" },
	{ "other fields pass",
		"[{\"bver\":10,\"bt\":1.5,\"bu\":\"s\",\"x\":{\"y\":[1]},\"n\":\"/1/0/"
		"0\",\"v\":1,\"t\":0,\"ut\":1}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1}]" },
	{ "base alone in front of content", "[{\"bn\":\"/1/0/\"},{\"n\":\"0\",\"v\":1}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1}]" },
	{ "base alone behind content", "[{\"n\":\"/1/0/0\",\"v\":1},{\"bn\":\"/1/\"}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1}]" },
	{ "base alone and nothing in it", "[{\"bn\":\"/1\"},{\"bn\":\"/0/0\"}]",
		"[{\"bn\":\"/0/0/\"},{\"bn\":\"/1/\"}]" },
	{ "base of everything", "[{\"bn\":\"/\"},{\"n\":\"1/0/0\",\"v\":1}]",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1}]" },
	{ "object version", "[{\"bn\":\"/1/\",\"ver\":\"1.1\"},{\"n\":\"0/0\",\"v\":1}]",
		"[{\"bn\":\"/1/0/\",\"ver\":\"1.1\",\"n\":\"0\",\"v\":1}]" },
	{ "unknown resources keep their type",
		"[{\"bn\":\"/0/0/"
		"\",\"n\":\"900\",\"v\":1.5},{\"n\":\"901\",\"vs\":\"x\"},{\"n\":\"902\",\"v\":-3},"
		"{\"n\":\"903\",\"v\":-0.0}]",
		"[{\"bn\":\"/0/0/"
		"\",\"n\":\"900\",\"v\":1.5},{\"n\":\"901\",\"vs\":\"x\"},{\"n\":\"902\",\"v\":-3},"
		"{\"n\":\"903\",\"v\":-0.0}]" },
	{ "no record", "[]", "[]" },
	{ "empty record", "[{}]", "[]" },

	{ "no array", "{\"n\":\"/1/0/0\",\"v\":1}", NULL },
	{ "no record in the array", "[1]", NULL },
	{ "text behind", "[]]", NULL },
	{ "path twice", "[{\"n\":\"/1/0/0\",\"v\":1},{\"n\":\"/1/0/0\",\"v\":1}]", NULL },
	{ "field twice", "[{\"n\":\"/1/0/0\",\"v\":1,\"v\":1}]", NULL },
	{ "field twice by an escape", "[{\"n\":\"/1/0/0\",\"v\":1,\"\\u0076\":1}]", NULL },
	{ "two values", "[{\"n\":\"/1/0/0\",\"v\":1,\"vs\":\"1\"}]", NULL },
	{ "name without value", "[{\"n\":\"/1/0/0\"}]", NULL },
	{ "value without name", "[{\"v\":1}]", NULL },
	{ "relative path", "[{\"n\":\"1/0/0\",\"v\":1}]", NULL },
	{ "a name before the path", "[{\"bn\":\"urn:dev:1\",\"n\":\"/1/0/0\",\"v\":1}]", NULL },
	{ "leading zero", "[{\"n\":\"/1/00/0\",\"v\":1}]", NULL },
	{ "double slash", "[{\"n\":\"/1//0/0\",\"v\":1}]", NULL },
	{ "identifier 65535", "[{\"n\":\"/1/65535/0\",\"v\":1}]", NULL },
	{ "identifier 65536", "[{\"n\":\"/1/65536/0\",\"v\":1}]", NULL },
	{ "five identifiers", "[{\"n\":\"/0/0/16/0/0\",\"v\":1}]", NULL },
	{ "value of an instance", "[{\"n\":\"/1/0\",\"v\":1}]", NULL },
	{ "single resource as multiple", "[{\"n\":\"/1/0/0/0\",\"v\":1}]", NULL },
	{ "multiple resource as single", "[{\"n\":\"/0/0/16\",\"v\":1}]", NULL },
	{ "text for an integer", "[{\"n\":\"/1/0/0\",\"vs\":\"1\"}]", NULL },
	{ "number for a text", "[{\"n\":\"/1/0/7\",\"v\":1}]", NULL },
	{ "number for a boolean", "[{\"n\":\"/1/0/6\",\"v\":1}]", NULL },
	{ "text for octets elsewhere", "[{\"n\":\"/0/0/5\",\"vs\":\"abc\"}]", NULL },
	{ "fraction for an integer", "[{\"n\":\"/1/0/1\",\"v\":1.5}]", NULL },
	{ "integer beyond 64 bits", "[{\"n\":\"/1/0/1\",\"v\":9223372036854775808}]", NULL },
	{ "negative unsigned", "[{\"n\":\"/0/0/16/0\",\"v\":-1}]", NULL },
	{ "value of an executable resource", "[{\"n\":\"/1/0/4\",\"vs\":\"\"}]", NULL },
	{ "string as v", "[{\"n\":\"/1/0/1\",\"v\":\"1\"}]", NULL },
	{ "number as vb", "[{\"n\":\"/1/0/6\",\"vb\":1}]", NULL },
	{ "null", "[{\"n\":\"/1/0/6\",\"vb\":null}]", NULL },
	{ "bad base64", "[{\"n\":\"/0/0/5\",\"vd\":\"A\"}]", NULL },
	{ "bits left over in base64", "[{\"n\":\"/0/0/5\",\"vd\":\"AB\"}]", NULL },
	{ "link without instance", "[{\"n\":\"/0/0/17\",\"vlo\":\"21\"}]", NULL },
	{ "link beyond 16 bits", "[{\"n\":\"/0/0/17\",\"vlo\":\"21:65536\"}]", NULL },
	{ "NUL in a string", "[{\"n\":\"/0/0/0\",\"vs\":\"a\\u0000\"}]", NULL },
	{ "field that must be understood", "[{\"n\":\"/1/0/0\",\"v\":1,\"x_\":1}]", NULL },
	{ "base value", "[{\"bv\":1,\"n\":\"/1/0/0\",\"v\":1}]", NULL },
	{ "newer version", "[{\"bver\":11,\"n\":\"/1/0/0\",\"v\":1}]", NULL },
	{ "object version twice",
		"[{\"n\":\"/1/0/0\",\"v\":1,\"ver\":\"1.1\"},{\"n\":\"/1/0/"
		"1\",\"v\":1,\"ver\":\"1.1\"}]",
		NULL },
	{ "object version 0.1", "[{\"n\":\"/1/0/0\",\"v\":1,\"ver\":\"0.1\"}]", NULL },
	{ "object version as number", "[{\"n\":\"/1/0/0\",\"v\":1,\"ver\":1.1}]", NULL },
	{ "single resource as a container", "[{\"bn\":\"/1/0/0/\"}]", NULL },
};

static void test_packs(void **state)
{
	struct imp_set set;

	(void)state;
	imp_set_init(&set);
	for (size_t i = 0; i < sizeof(packs) / sizeof(packs[0]); i++) {
		struct imp_span json = vec_copy(imp_span_str(packs[i].json));
		enum imp_status st = imp_set_from_senml_json(&set, json);

		vec_free(json);
		if ((st == IMP_OK) != (packs[i].canonical != NULL))
			fail_msg("%s: %d", packs[i].why, st);
		if (st == IMP_OK && !imp_span_eq(write_with(imp_set_to_senml_json, &set),
					    imp_span_str(packs[i].canonical)))
			fail_msg("%s: %.300s", packs[i].why, (const char *)written);
		if (st != IMP_OK)
			assert_true(set.n == 0 && set.used == 0 && set.versions_n == 0);
	}
	imp_set_free(&set);
}

/* CBOR of one's own kind; the values as the JSON writer spells them, or NULL: refused. */
static const struct {
	const char *why, *hex, *json;
} cbors[] = {
	{ "indefinite lengths and chunks", "9fbf217f652f312f302f60ff006130026161ffff", NULL },
	{ "indefinite array, map and base", "9fbf217f622f31642f302f60ff0061300201ffff", NULL },
	{ "indefinite", "9fbf217f622f31632f302fff0061300201ffff",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1}]" },
	{ "chunks of octets", "81a200662f302f302f35085f4201024103ff",
		"[{\"bn\":\"/0/0/\",\"n\":\"5\",\"vd\":\"AQID\"}]" },
	{ "number as float, whole value", "81a200662f312f302f3102f96400", NULL },
	{ "float for an unknown resource", "81a200682f302f302f39303002f93e00",
		"[{\"bn\":\"/0/0/\",\"n\":\"900\",\"v\":1.5}]" },
	{ "longer heads than needed", "9801b90002190000662f312f302f31190002190001",
		"[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":1}]" },
	{ "most negative", "81a200662f312f302f33023b7fffffffffffffff",
		"[{\"bn\":\"/1/0/\",\"n\":\"3\",\"v\":-9223372036854775808}]" },
	{ "other labels and names pass", "81a400662f312f302f310201636162638101058100",
		"[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":1}]" },
	{ "below int64", "81a200662f312f302f33023b8000000000000000", NULL },
	{ "-2^64", "81a200662f312f302f33023bffffffffffffffff", NULL },
	{ "NaN", "81a200682f302f302f39303002f97e00", NULL },
	{ "infinity", "81a200682f302f302f39303002f9fc00", NULL },
	{ "label twice", "81a300662f312f302f3102010201", NULL },
	{ "name of a label as text", "81a2616e662f312f302f310201", NULL },
	{ "must be understood", "81a300662f312f302f31020162785f00", NULL },
	{ "label that is no number", "81a300662f312f302f310201400a", NULL },
	{ "octets for a text", "81a200662f312f302f3703416100", NULL },
	{ "text for octets", "81a200662f302f302f3508626161", NULL },
	{ "tagged", "81a200662f312f302f3102c001", NULL },
	{ "text that is not UTF-8", "81a200662f312f302f370361ff", NULL },
	{ "null", "81a200662f312f302f3602f6", NULL },
	{ "octets behind", "8000", NULL },
	{ "no array", "a0", NULL },
};

static void test_cbors(void **state)
{
	struct imp_set set;

	(void)state;
	imp_set_init(&set);
	for (size_t i = 0; i < sizeof(cbors) / sizeof(cbors[0]); i++) {
		uint8_t buf[64];
		struct imp_wr wr = imp_wr(buf, sizeof buf);
		struct imp_span in;
		enum imp_status st;

		assert_int_equal(imp_hex_get(&wr, imp_span_str(cbors[i].hex)), IMP_OK);
		in = vec_copy(imp_wr_span(&wr));
		st = imp_set_from_senml_cbor(&set, in);
		vec_free(in);
		if ((st == IMP_OK) != (cbors[i].json != NULL))
			fail_msg("%s: %d", cbors[i].why, st);
		if (st == IMP_OK && !imp_span_eq(write_with(imp_set_to_senml_json, &set),
					    imp_span_str(cbors[i].json)))
			fail_msg("%s: %.300s", cbors[i].why, (const char *)written);
	}
	imp_set_free(&set);
}

/* The largest value, and one octet more than a payload holds. */
static void test_large(void **state)
{
	struct imp_set set, back;
	struct imp_span form;
	uint8_t *octets = malloc(IMP_PAYLOAD_MAX + 1);

	(void)state;
	assert_non_null(octets);
	memset(octets, 0xA5, IMP_PAYLOAD_MAX + 1);
	imp_set_init(&set);
	imp_set_init(&back);
	assert_int_equal(
		imp_set_put_octets(&set, 0, 0, 4, imp_span(octets, IMP_PAYLOAD_MAX)), IMP_OK);
	form = vec_copy(write_with(imp_set_to_senml_json, &set));
	assert_int_equal(imp_set_from_senml_json(&back, form), IMP_OK);
	assert_true(imp_set_equal(&set, &back));
	vec_free(form);
	form = vec_copy(write_with(imp_set_to_senml_cbor, &set));
	assert_int_equal(imp_set_from_senml_cbor(&back, form), IMP_OK);
	assert_true(imp_set_equal(&set, &back));
	/* One octet more: the length is at the end of a head of three octets before the value. */
	{
		uint8_t *longer = malloc(form.n + 1);
		size_t head = form.n - IMP_PAYLOAD_MAX;

		assert_non_null(longer);
		memcpy(longer, form.p, form.n);
		longer[form.n] = 0xA5;
		longer[head - 1]++;
		assert_int_equal(
			imp_set_from_senml_cbor(&back, imp_span(longer, form.n + 1)), IMP_E_SPACE);
		assert_true(back.n == 0);
		free(longer);
	}
	vec_free(form);
	imp_set_free(&set);
	imp_set_free(&back);
	free(octets);
}

struct sweep {
	decode *from;
	encode *to;
	const struct imp_set *whole;
	bool careless; /* negative control: compares nothing */
};

/* Bad: accepted although a part is missing. */
static bool accepted(void *ctx, struct imp_span in)
{
	const struct sweep *s = ctx;
	struct imp_set set;
	bool bad;

	imp_set_init(&set);
	bad = s->careless || s->from(&set, in) == IMP_OK;
	imp_set_free(&set);
	return bad;
}

/* Bad: accepted, and what it is read as does not survive being written and read again. */
static bool unstable(void *ctx, struct imp_span in)
{
	const struct sweep *s = ctx;
	struct imp_set set, again;
	bool bad = false;

	imp_set_init(&set);
	imp_set_init(&again);
	if (s->careless)
		bad = s->from(&set, in) != IMP_OK || !imp_set_equal(&set, s->whole);
	else if (s->from(&set, in) == IMP_OK)
		bad = s->from(&again, write_with(s->to, &set)) != IMP_OK ||
		      !imp_set_equal(&set, &again);
	imp_set_free(&set);
	imp_set_free(&again);
	return bad;
}

static void sweep(decode *from, encode *to, struct imp_span form)
{
	struct imp_set whole;
	struct sweep s = { from, to, &whole, false };

	imp_set_init(&whole);
	assert_int_equal(from(&whole, form), IMP_OK);
	assert_int_equal(vec_prefixes(form, accepted, &s), 0);
	assert_int_equal(vec_flips(form, unstable, &s), 0);
	s.careless = true;
	assert_int_equal(vec_prefixes(form, accepted, &s), form.n);
	assert_true(vec_flips(form, unstable, &s) > form.n);
	imp_set_free(&whole);
}

static void test_sweeps(void **state)
{
	struct imp_span json = vec_hex(GOLDEN "hollow.json.hex");
	struct imp_span cbor = vec_hex(GOLDEN "hollow.cbor.hex");

	(void)state;
	sweep(imp_set_from_senml_json, imp_set_to_senml_json, json);
	sweep(imp_set_from_senml_cbor, imp_set_to_senml_cbor, cbor);
	vec_free(json);
	vec_free(cbor);
	json = vec_hex(GOLDEN "psk.json.hex");
	cbor = vec_hex(GOLDEN "psk.cbor.hex");
	sweep(imp_set_from_senml_json, imp_set_to_senml_json, json);
	sweep(imp_set_from_senml_cbor, imp_set_to_senml_cbor, cbor);
	vec_free(json);
	vec_free(cbor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_shared_forms),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_packs),
		cmocka_unit_test(test_cbors),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_sweeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
