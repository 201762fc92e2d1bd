/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of inspect: its exact shape, the way back, secrets. */
#include "model/set_form.h"

#include "codec/json_enc.h"
#include "tests/fake/vec.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint8_t written[64 * IMP_PAYLOAD_MAX];

/* {"objects":...} of a set. */
static struct imp_span document(const struct imp_set *set, bool reveal)
{
	struct imp_wr wr = imp_wr(written, sizeof written);

	imp_wr_text(&wr, "{\"objects\":");
	assert_int_equal(imp_set_to_json_objects(set, reveal, &wr), IMP_OK);
	imp_wr_text(&wr, "}");
	return imp_wr_span(&wr);
}

static enum imp_status from_ef(struct imp_set *set, struct imp_span in)
{
	return imp_set_from_ef(set, in, false, false, NULL);
}

static void put_ok(enum imp_status st)
{
	assert_int_equal(st, IMP_OK);
}

static const char shape[] =
	"{\"objects\":[{\"id\":0,\"version\":\"1.1\",\"instances\":[{\"id\":1,\"resources\":["
	"{\"id\":0,\"name\":\"LWM2M Server "
	"URI\",\"type\":\"string\",\"value\":\"coaps://dm.example.com:5684\"},"
	"{\"id\":1,\"name\":\"Bootstrap-Server\",\"type\":\"boolean\",\"value\":false},"
	"{\"id\":3,\"name\":\"Public Key or Identity\",\"type\":\"opaque\",\"hex\":\"6964\"},"
	"{\"id\":5,\"name\":\"Secret Key\",\"type\":\"opaque\",\"length\":2,\"secret\":true%s},"
	"{\"id\":10,\"name\":\"Short Server ID\",\"type\":\"integer\",\"value\":40000},"
	"{\"id\":16,\"name\":\"DTLS/TLS "
	"Ciphersuite\",\"type\":\"unsigned\",\"instances\":[{\"id\":0,\"value\":49320}]},"
	"{\"id\":17,\"name\":\"OSCORE Security Mode\",\"type\":\"objlnk\",\"value\":\"21:0\"},"
	"{\"id\":900,\"type\":\"opaque\",\"hex\":\"ff\"}]}]},"
	"{\"id\":1,\"version\":\"implicit\",\"instances\":[]},"
	"{\"id\":2,\"version\":\"implicit\",\"instances\":[{\"id\":0,\"resources\":[]},{\"id\":1,"
	"\"resources\":["
	"{\"id\":2,\"name\":\"ACL\",\"type\":\"integer\",\"instances\":[]}]}]}]}";

static void fill(struct imp_set *set)
{
	const struct imp_value marks[] = {
		{ .path = { 1, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID } },
		{ .path = { 2, 0, IMP_NO_ID, IMP_NO_ID } },
		{ .path = { 2, 1, 2, IMP_NO_ID } },
	};

	put_ok(imp_set_put_octets(set, 0, 1, 0, imp_span_str("coaps://dm.example.com:5684")));
	put_ok(imp_set_put_bool(set, 0, 1, 1, false));
	put_ok(imp_set_put_octets(set, 0, 1, 3, imp_span_str("id")));
	put_ok(imp_set_put_octets(set, 0, 1, 5, imp_span("\x01\xfe", 2)));
	put_ok(imp_set_put_int(set, 0, 1, 10, 40000));
	put_ok(imp_set_put_int_at(set, 0, 1, 16, 0, 49320));
	put_ok(imp_set_put_link(set, 0, 1, 17, 21, 0));
	put_ok(imp_set_put_octets(set, 0, 1, 900, imp_span("\xff", 1)));
	put_ok(imp_set_put_version(set, 0, 1, 1));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		put_ok(imp_set_put(set, &marks[i]));
}

static void test_shape(void **state)
{
	struct imp_set set, back;
	char want[2048];

	(void)state;
	imp_set_init(&set);
	imp_set_init(&back);
	fill(&set);
	(void)snprintf(want, sizeof want, shape, "");
	assert_true(imp_span_eq(document(&set, false), imp_span_str(want)));
	assert_int_equal(imp_set_from_json(&back, document(&set, false)), IMP_E_FORMAT);
	assert_int_equal(back.n, 0);
	(void)snprintf(want, sizeof want, shape, ",\"hex\":\"01fe\"");
	assert_true(imp_span_eq(document(&set, true), imp_span_str(want)));
	assert_int_equal(imp_set_from_json(&back, document(&set, true)), IMP_OK);
	assert_true(imp_set_equal(&set, &back));
	imp_set_free(&set);
	imp_set_free(&back);
}

static size_t through_all(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		struct imp_set set, back;
		struct imp_span ef;
		char path[512];

		if (!strstr(e->d_name, ".hex"))
			continue;
		(void)snprintf(path, sizeof path, "%s%s", folder, e->d_name);
		ef = vec_hex(path);
		imp_set_init(&set);
		imp_set_init(&back);
		if (from_ef(&set, ef) == IMP_OK) {
			uint8_t *first = malloc(IMP_PAYLOAD_MAX), *second = malloc(IMP_PAYLOAD_MAX);
			struct imp_wr a = imp_wr(first, IMP_PAYLOAD_MAX);
			struct imp_wr b = imp_wr(second, IMP_PAYLOAD_MAX);

			assert_int_equal(imp_set_from_json(&back, document(&set, true)), IMP_OK);
			assert_true(imp_set_equal(&set, &back));
			assert_int_equal(imp_set_to_ef(&set, &a), IMP_OK);
			assert_int_equal(imp_set_to_ef(&back, &b), IMP_OK);
			assert_true(imp_span_eq(imp_wr_span(&a), imp_wr_span(&b)));
			free(first);
			free(second);
			n++;
		}
		imp_set_free(&set);
		imp_set_free(&back);
		vec_free(ef);
	}
	(void)closedir(dir);
	return n;
}

static void test_round_trips(void **state)
{
	(void)state;
	assert_true(through_all("tests/golden/ef/") >= 10);
	assert_int_equal(through_all("tests/golden/senml/"), 4 /* the .ef.hex ones */);
	if (vec_there(VEC_SHARED "lwm2m/ef/"))
		assert_int_equal(through_all(VEC_SHARED "lwm2m/ef/"), 16);
	if (vec_there(VEC_SHARED "lwm2m/ef-inconsistent/"))
		assert_int_equal(through_all(VEC_SHARED "lwm2m/ef-inconsistent/"), 19);
}

/* What stands in place of R in {"objects":[{"id":O,"instances":[{"id":0,"resources":[R]}]}]}. */
static const struct {
	const char *why;
	int object;
	const char *resource;
	bool ok;
} resources[] = {
	{ "plain", 1, "{\"id\":0,\"type\":\"integer\",\"value\":1}", true },
	{ "type by the table", 1, "{\"id\":0,\"value\":1}", true },
	{ "members in any order", 1, "{\"value\":1,\"x\":{\"id\":[]},\"id\":0}", true },
	{ "exact", 1, "{\"id\":1,\"value\":9007199254740993}", true },
	{ "unsigned, all bits", 0,
		"{\"id\":16,\"instances\":[{\"id\":3,\"value\":18446744073709551615}]}", true },
	{ "secret with octets", 0, "{\"id\":5,\"length\":1,\"secret\":true,\"hex\":\"AB\"}", true },
	{ "empty secret", 0, "{\"id\":5,\"length\":0,\"secret\":true}", true },
	{ "unknown, float", 1, "{\"id\":900,\"type\":\"float\",\"value\":0.1}", true },
	{ "unknown, many", 1,
		"{\"id\":900,\"type\":\"string\",\"instances\":[{\"id\":0,\"value\":\"\"},{\"id\":"
		"1,\"type\":\"integer\",\"value\":1}]}",
		true },
	{ "no identifier", 1, "{\"value\":1}", false },
	{ "identifier twice", 1, "{\"id\":0,\"id\":0,\"value\":1}", false },
	{ "identifier 65535", 1, "{\"id\":65535,\"type\":\"integer\",\"value\":1}", false },
	{ "negative identifier", 1, "{\"id\":-1,\"type\":\"integer\",\"value\":1}", false },
	{ "identifier as text", 1, "{\"id\":\"0\",\"value\":1}", false },
	{ "no value", 1, "{\"id\":0}", false },
	{ "other type than the table", 1, "{\"id\":0,\"type\":\"string\",\"value\":\"1\"}", false },
	{ "value of another type", 1, "{\"id\":0,\"value\":\"1\"}", false },
	{ "no such type", 1, "{\"id\":900,\"type\":\"number\",\"value\":1}", false },
	{ "unknown without type", 1, "{\"id\":900,\"value\":1}", false },
	{ "fraction", 1, "{\"id\":1,\"value\":1.5}", false },
	{ "beyond 64 bits", 0,
		"{\"id\":16,\"instances\":[{\"id\":3,\"value\":18446744073709551616}]}", false },
	{ "negative unsigned", 0, "{\"id\":16,\"instances\":[{\"id\":3,\"value\":-1}]}", false },
	{ "hidden secret", 0, "{\"id\":5,\"length\":16,\"secret\":true}", false },
	{ "length that is not that of the octets", 0, "{\"id\":5,\"length\":2,\"hex\":\"ab\"}",
		false },
	{ "odd hex", 0, "{\"id\":5,\"hex\":\"abc\"}", false },
	{ "no hex", 0, "{\"id\":5,\"hex\":\"zz\"}", false },
	{ "link without colon", 0, "{\"id\":17,\"value\":\"21\"}", false },
	{ "multiple as single", 0, "{\"id\":16,\"value\":1}", false },
	{ "single as multiple", 1, "{\"id\":0,\"instances\":[{\"id\":0,\"value\":1}]}", false },
	{ "instance twice", 0,
		"{\"id\":16,\"instances\":[{\"id\":0,\"value\":1},{\"id\":0,\"value\":1}]}",
		false },
	{ "resource twice", 1, "{\"id\":0,\"value\":1},{\"id\":0,\"value\":1}", false },
	{ "no object", 1, "1", false },
	{ "executable", 1, "{\"id\":4,\"type\":\"none\",\"value\":1}", false },
};

static void test_resources(void **state)
{
	struct imp_set set;

	(void)state;
	imp_set_init(&set);
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		char text[512];
		struct imp_span in;
		enum imp_status st;

		(void)snprintf(text, sizeof text,
			"{\"objects\":[{\"id\":%d,\"instances\":[{\"id\":0,\"resources\":[%s]}]}]}",
			resources[i].object, resources[i].resource);
		in = vec_copy(imp_span_str(text));
		st = imp_set_from_json(&set, in);
		vec_free(in);
		if ((st == IMP_OK) != resources[i].ok)
			fail_msg("%s: %d", resources[i].why, st);
		assert_true(st == IMP_OK || set.n == 0);
	}
	imp_set_free(&set);
}

static const struct {
	const char *text;
	bool ok;
} documents[] = {
	{ "{\"objects\":[]}", true },
	{ "{\"keys\":\"persistent\",\"format\":\"slot\",\"objects\":[],\"findings\":[1]}", true },
	{ "{}", false },
	{ "[]", false },
	{ "{\"objects\":{}}", false },
	{ "{\"objects\":[],\"objects\":[]}", false },
	{ "{\"objects\":[]} x", false },
	{ "{\"objects\":[1]}", false },
	{ "{\"keys\":\"forever\",\"objects\":[]}", false },
	{ "{\"keys\":1,\"objects\":[]}", false },
	{ "{\"objects\":[{\"id\":1}]}", false },
	{ "{\"objects\":[{\"id\":1,\"instances\":[]},{\"id\":1,\"instances\":[]}]}", false },
	{ "{\"objects\":[{\"id\":1,\"version\":\"1\",\"instances\":[]}]}", false },
	{ "{\"objects\":[{\"id\":1,\"version\":\"0.1\",\"instances\":[]}]}", false },
	{ "{\"objects\":[{\"id\":1,\"version\":\"1.256\",\"instances\":[]}]}", false },
	{ "{\"objects\":[{\"id\":1,\"version\":1.1,\"instances\":[]}]}", false },
	{ "{\"objects\":[{\"id\":1,\"instances\":[{\"id\":0}]}]}", false },
};

static void test_documents(void **state)
{
	struct imp_set set;

	(void)state;
	imp_set_init(&set);
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct imp_span in = vec_copy(imp_span_str(documents[i].text));
		enum imp_status st = imp_set_from_json(&set, in);

		vec_free(in);
		if ((st == IMP_OK) != documents[i].ok)
			fail_msg("%s: %d", documents[i].text, st);
		if (st == IMP_OK)
			assert_int_equal(
				set.keys, i == 1 ? IMP_KEYS_PERSISTENT : IMP_KEYS_UNSTATED);
	}
	imp_set_free(&set);
}

static bool accepted(void *ctx, struct imp_span in)
{
	struct imp_set set;
	bool bad;

	imp_set_init(&set);
	bad = ctx != NULL || imp_set_from_json(&set, in) == IMP_OK;
	imp_set_free(&set);
	return bad;
}

/* Read as something that does not survive being written and read again; with a set given, as
 * something else than this set (the control). */
static bool unstable(void *ctx, struct imp_span in)
{
	struct imp_set set, again;
	bool bad = false;

	imp_set_init(&set);
	imp_set_init(&again);
	if (imp_set_from_json(&set, in) != IMP_OK)
		bad = ctx != NULL;
	else if (ctx)
		bad = !imp_set_equal(&set, ctx);
	else
		bad = imp_set_from_json(&again, document(&set, true)) != IMP_OK ||
		      !imp_set_equal(&set, &again);
	imp_set_free(&set);
	imp_set_free(&again);
	return bad;
}

static void test_sweeps(void **state)
{
	struct imp_set set;
	struct imp_span whole;

	(void)state;
	imp_set_init(&set);
	fill(&set);
	whole = vec_copy(document(&set, true));
	assert_int_equal(vec_prefixes(whole, accepted, NULL), 0);
	assert_int_equal(vec_flips(whole, unstable, NULL), 0);
	assert_int_equal(vec_prefixes(whole, accepted, &set), whole.n);
	assert_true(vec_flips(whole, unstable, &set) > whole.n);
	vec_free(whole);
	imp_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_sweeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
