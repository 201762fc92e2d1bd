/* SPDX-License-Identifier: Apache-2.0 */
/* The credential set: order, contradictions, types, limits, wiping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/set.h"

#define NO IMP_NO_ID

static struct imp_set set, other;

static int setup(void **state)
{
	(void)state;
	imp_set_init(&set);
	imp_set_init(&other);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	imp_set_free(&set);
	imp_set_free(&other);
	return 0;
}

static enum imp_status put_mark(struct imp_set *s, uint16_t o, uint16_t i, uint16_t r)
{
	struct imp_value v = { .path = { o, i, r, NO }, .type = IMP_TYPE_NONE };

	return imp_set_put(s, &v);
}

/* Every order of the same values gives the same set. */
static void any_order(void **state)
{
	static const struct imp_path paths[] = { { 0, 0, 2, NO }, { 0, 0, 10, NO }, { 0, 1, 2, NO },
		{ 0, 300, 10, NO }, { 1, 0, 0, NO }, { 1, 0, 1, NO }, { 2, 0, 2, 101 } };
	enum { N = sizeof(paths) / sizeof(paths[0]) };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct imp_set *s = round ? &other : &set;
		size_t order[N];

		for (size_t i = 0; i < N; i++)
			order[i] = i;
		for (size_t i = N; round && i-- > 1;) {
			size_t j = (seed = seed * 1103515245 + 12345) / 65536 % (i + 1);
			size_t t = order[i];

			order[i] = order[j];
			order[j] = t;
		}
		imp_set_wipe(s);
		for (size_t i = 0; i < N; i++) {
			struct imp_value v = { .path = paths[order[i]], .type = IMP_TYPE_INTEGER };

			v.u.i = (int64_t)order[i];
			assert_int_equal(imp_set_put(s, &v), IMP_OK);
			assert_int_equal(imp_set_put(s, &v), IMP_E_FORMAT);
		}
		for (size_t i = 0; i < N; i++)
			assert_memory_equal(&s->v[i].path, &paths[i], sizeof(paths[i]));
		assert_true(imp_set_equal(&set, s));
	}
}

/* A second put that contradicts the first: refused both ways round, the set unchanged. */
static void contradictions(void **state)
{
	static const struct {
		struct imp_path a, b;
		bool refused;
	} rows[] = {
		{ { 0, 0, 16, 0 }, { 0, 0, 16, 0 }, true },
		{ { 0, 0, 16, 0 }, { 0, 0, 16, 1 }, false },
		{ { 0, 0, 16, NO }, { 0, 0, 16, 1 }, true },
		{ { 0, 0, NO, NO }, { 0, 0, 16, 1 }, true },
		{ { 0, NO, NO, NO }, { 0, 0, 16, 1 }, true },
		{ { 0, NO, NO, NO }, { 0, 7, NO, NO }, true },
		{ { 0, 7, NO, NO }, { 0, 7, 16, NO }, true },
		{ { 0, NO, NO, NO }, { 0, NO, NO, NO }, true },
		{ { 0, 7, NO, NO }, { 0, 8, NO, NO }, false },
		{ { 0, NO, NO, NO }, { 1, NO, NO, NO }, false },
		{ { 0, 0, 16, NO }, { 0, 0, 18, NO }, false },
		{ { 0, 0, 16, NO }, { 0, 1, 16, 3 }, false },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_value a = { .path = i % 2 ? rows[i / 2].b : rows[i / 2].a };
		struct imp_value b = { .path = i % 2 ? rows[i / 2].a : rows[i / 2].b };

		a.type = a.path.res_instance == NO ? IMP_TYPE_NONE : IMP_TYPE_UNSIGNED;
		b.type = b.path.res_instance == NO ? IMP_TYPE_NONE : IMP_TYPE_UNSIGNED;
		imp_set_wipe(&set);
		assert_int_equal(imp_set_put(&set, &a), IMP_OK);
		assert_int_equal(
			imp_set_put(&set, &b), rows[i / 2].refused ? IMP_E_FORMAT : IMP_OK);
		assert_int_equal(set.n, rows[i / 2].refused ? 1 : 2);
	}
}

/* What the table or the shape forbids. */
static void ill_typed(void **state)
{
	static const struct {
		struct imp_path path;
		enum imp_type type;
		enum imp_status want;
	} rows[] = {
		{ { 0, 0, 2, NO }, IMP_TYPE_INTEGER, IMP_OK },
		{ { 0, 0, 2, NO }, IMP_TYPE_UNSIGNED, IMP_E_FORMAT },
		{ { 0, 0, 2, NO }, IMP_TYPE_NONE, IMP_E_FORMAT },      /* single: no mark */
		{ { 0, 0, 2, 0 }, IMP_TYPE_INTEGER, IMP_E_FORMAT },    /* single */
		{ { 0, 0, 16, NO }, IMP_TYPE_UNSIGNED, IMP_E_FORMAT }, /* multiple */
		{ { 0, 0, 16, 0 }, IMP_TYPE_UNSIGNED, IMP_OK },
		{ { 0, 0, 16, 0 }, IMP_TYPE_INTEGER, IMP_E_FORMAT },
		{ { 0, 0, 16, 0 }, IMP_TYPE_NONE, IMP_E_FORMAT },
		{ { 1, 0, 8, NO }, IMP_TYPE_NONE, IMP_E_FORMAT }, /* executable */
		{ { 1, 0, 8, NO }, IMP_TYPE_OPAQUE, IMP_E_FORMAT },
		{ { 1, 0, 12, NO }, IMP_TYPE_TIME, IMP_OK },
		{ { 1, 0, 12, NO }, IMP_TYPE_INTEGER, IMP_E_FORMAT },
		{ { 0, 0, 99, NO }, IMP_TYPE_INTEGER, IMP_OK }, /* unknown: free */
		{ { 0, 0, 98, 5 }, IMP_TYPE_FLOAT, IMP_OK },
		{ { 0, NO, 2, NO }, IMP_TYPE_INTEGER, IMP_E_FORMAT },
		{ { NO, 0, 2, NO }, IMP_TYPE_INTEGER, IMP_E_FORMAT },
		{ { 0, 0, NO, 1 }, IMP_TYPE_INTEGER, IMP_E_FORMAT },
		{ { 0, 5, NO, NO }, IMP_TYPE_INTEGER, IMP_E_FORMAT },
		{ { NO, NO, NO, NO }, IMP_TYPE_NONE, IMP_E_FORMAT },
		{ { 5, 0, 0, NO }, (enum imp_type)99, IMP_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_value v = { .path = rows[i].path, .type = rows[i].type };

		imp_set_wipe(&set);
		assert_int_equal(imp_set_put(&set, &v), rows[i].want);
		assert_int_equal(set.n, rows[i].want == IMP_OK);
	}
}

static void shorthands(void **state)
{
	const struct imp_value *v;

	(void)state;
	assert_int_equal(imp_set_put_int(&set, 0, 0, 10, 40000), IMP_OK);
	assert_int_equal(imp_set_put_int(&set, 0, 0, 13, 3), IMP_OK); /* Unsigned */
	assert_int_equal(imp_set_put_int(&set, 0, 1, 13, -1), IMP_E_FORMAT);
	assert_int_equal(imp_set_put_int(&set, 1, 0, 12, 1767225600), IMP_OK); /* Time */
	assert_int_equal(imp_set_put_int(&set, 0, 0, 1, 1), IMP_E_FORMAT);     /* Boolean */
	assert_int_equal(imp_set_put_int(&set, 0, 0, 77, -5), IMP_OK);	       /* unknown */
	assert_int_equal(imp_set_put_bool(&set, 0, 0, 1, true), IMP_OK);
	assert_int_equal(imp_set_put_bool(&set, 0, 0, 2, true), IMP_E_FORMAT);
	assert_int_equal(imp_set_put_link(&set, 0, 0, 17, 21, 9), IMP_OK);
	assert_int_equal(imp_set_put_int_at(&set, 0, 0, 16, 4, 0xC0A8), IMP_OK);
	assert_int_equal(imp_set_put_int_at(&set, 2, 0, 2, 101, 15), IMP_OK);
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 5, imp_span("\xff\x00", 2)), IMP_OK);
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 0, imp_span_str("coap://a")), IMP_OK);
	assert_int_equal(imp_set_put_octets(&set, 0, 1, 0, imp_span("\xff", 1)), IMP_E_FORMAT);
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 2, imp_span("x", 1)), IMP_E_FORMAT);
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 99, imp_span(NULL, 0)), IMP_OK);
	assert_int_equal(imp_set_put_octets(&set, 21, 0, 0, imp_span("\xff", 1)), IMP_OK);

	assert_int_equal(imp_set_int(&set, 0, 0, 10, -1), 40000);
	assert_int_equal(imp_set_int(&set, 0, 0, 13, -1), 3);
	assert_int_equal(imp_set_int(&set, 0, 0, 1, -1), 1);
	assert_int_equal(imp_set_int(&set, 1, 0, 12, -1), 1767225600);
	assert_int_equal(imp_set_int(&set, 0, 0, 77, 0), -5);
	assert_int_equal(imp_set_int(&set, 0, 0, 11, -1), -1);
	assert_int_equal(imp_set_int(&set, 0, 0, 0, -1), -1);
	assert_int_equal(imp_set_octets(&set, 0, 0, 5).n, 2);
	assert_int_equal(imp_set_octets(&set, 0, 0, 3).n, 0);
	assert_int_equal(imp_set_octets(&set, 0, 0, 10).n, 0);
	assert_int_equal(imp_set_get(&set, 0, 0, 99)->type, IMP_TYPE_OPAQUE);
	assert_null(imp_set_get(&set, 0, 0, 16)); /* multiple */
	v = imp_set_get(&set, 0, 0, 17);
	assert_non_null(v);
	assert_int_equal(v->u.link.object, 21);
	assert_int_equal(v->u.link.instance, 9);
}

static void unsigned_saturates(void **state)
{
	struct imp_value v = { .path = { 0, 0, 13, NO }, .type = IMP_TYPE_UNSIGNED };

	(void)state;
	v.u.u = UINT64_MAX;
	assert_int_equal(imp_set_put(&set, &v), IMP_OK);
	assert_true(imp_set_int(&set, 0, 0, 13, 0) == INT64_MAX);
}

static void instances(void **state)
{
	static const uint16_t ids[] = { 0, 3, 255, 256, 65534 };
	size_t n = 0;

	(void)state;
	assert_int_equal(imp_set_next_instance(&set, 0, -1), -1);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(imp_set_put_int(&set, 1, ids[i], 0, 1), IMP_OK);
	assert_int_equal(put_mark(&set, 0, NO, NO), IMP_OK);
	assert_int_equal(put_mark(&set, 2, 9, NO), IMP_OK);
	for (int32_t i = imp_set_next_instance(&set, 1, -1); i >= 0;
		i = imp_set_next_instance(&set, 1, i))
		assert_int_equal(i, ids[n++]);
	assert_int_equal(n, 5);
	assert_int_equal(imp_set_next_instance(&set, 0, -1), -1);
	assert_int_equal(imp_set_next_instance(&set, 2, -1), 9);
	assert_int_equal(imp_set_next_instance(&set, 1, 65535), -1);
}

static void has(void **state)
{
	static const struct {
		struct imp_path path;
		bool want;
	} rows[] = {
		{ { 0, NO, NO, NO }, true },
		{ { 0, 3, NO, NO }, true },
		{ { 0, 3, 16, NO }, true },
		{ { 0, 3, 16, 1 }, true },
		{ { 0, 3, 16, 2 }, false },
		{ { 0, 3, 2, NO }, false },
		{ { 0, 2, NO, NO }, false },
		{ { 0, 4, NO, NO }, false },
		{ { 2, NO, NO, NO }, true },
		{ { 2, 0, NO, NO }, false },
		{ { 1, NO, NO, NO }, false },
		{ { NO, NO, NO, NO }, false },
		{ { 0, NO, 3, NO }, false },
	};

	(void)state;
	assert_int_equal(imp_set_put_int_at(&set, 0, 3, 16, 1, 5), IMP_OK);
	assert_int_equal(put_mark(&set, 2, NO, NO), IMP_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(imp_set_has(&set, rows[i].path), rows[i].want);
}

static void versions(void **state)
{
	(void)state;
	assert_null(imp_set_version(&set, 0));
	assert_int_equal(imp_set_put_version(&set, 21, 2, 0), IMP_OK);
	assert_int_equal(imp_set_put_version(&set, 0, 1, 2), IMP_OK);
	assert_int_equal(imp_set_put_version(&set, 0, 1, 2), IMP_E_FORMAT);
	assert_int_equal(imp_set_put_version(&set, 1, 0, 9), IMP_E_FORMAT);
	assert_int_equal(imp_set_put_version(&set, NO, 1, 0), IMP_E_FORMAT);
	assert_int_equal(set.versions[0].object, 0);
	assert_int_equal(imp_set_version(&set, 21)->major, 2);
	assert_int_equal(imp_set_put_version(&other, 0, 1, 2), IMP_OK);
	assert_false(imp_set_equal(&set, &other));
	assert_int_equal(imp_set_put_version(&other, 21, 2, 0), IMP_OK);
	assert_true(imp_set_equal(&set, &other));
	for (uint16_t o = 100; set.versions_n < IMP_SET_VERSIONS_MAX; o++)
		assert_int_equal(imp_set_put_version(&set, o, 1, 0), IMP_OK);
	assert_int_equal(imp_set_put_version(&set, 99, 1, 0), IMP_E_SPACE);
}

/* One difference of each kind is seen. */
static void equality(void **state)
{
	static const struct imp_value rows[][2] = {
		{ { { 0, 0, 2, NO }, IMP_TYPE_INTEGER, { .i = 1 } },
			{ { 0, 0, 2, NO }, IMP_TYPE_INTEGER, { .i = 2 } } },
		{ { { 0, 0, 13, NO }, IMP_TYPE_UNSIGNED, { .u = 1 } },
			{ { 0, 0, 13, NO }, IMP_TYPE_UNSIGNED, { .u = 2 } } },
		{ { { 0, 0, 1, NO }, IMP_TYPE_BOOLEAN, { .b = false } },
			{ { 0, 0, 1, NO }, IMP_TYPE_BOOLEAN, { .b = true } } },
		{ { { 0, 0, 17, NO }, IMP_TYPE_OBJLNK, { .link = { 21, 0 } } },
			{ { 0, 0, 17, NO }, IMP_TYPE_OBJLNK, { .link = { 21, 1 } } } },
		{ { { 0, 0, 5, NO }, IMP_TYPE_OPAQUE, { .s = { (const uint8_t *)"ab", 2 } } },
			{ { 0, 0, 5, NO }, IMP_TYPE_OPAQUE,
				{ .s = { (const uint8_t *)"ac", 2 } } } },
		{ { { 0, 0, 5, NO }, IMP_TYPE_OPAQUE, { .s = { (const uint8_t *)"ab", 2 } } },
			{ { 0, 0, 5, NO }, IMP_TYPE_OPAQUE,
				{ .s = { (const uint8_t *)"abc", 3 } } } },
		{ { { 7, 0, 5, NO }, IMP_TYPE_FLOAT, { .f = 0.0 } },
			{ { 7, 0, 5, NO }, IMP_TYPE_FLOAT, { .f = -0.0 } } },
		{ { { 7, 0, 5, NO }, IMP_TYPE_INTEGER, { .i = 0 } },
			{ { 7, 0, 5, NO }, IMP_TYPE_UNSIGNED, { .u = 0 } } },
		{ { { 7, 0, 5, NO }, IMP_TYPE_INTEGER, { .i = 0 } },
			{ { 7, 0, 6, NO }, IMP_TYPE_INTEGER, { .i = 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		imp_set_wipe(&set);
		imp_set_wipe(&other);
		assert_int_equal(imp_set_put(&set, &rows[i][0]), IMP_OK);
		assert_false(imp_set_equal(&set, &other));
		assert_int_equal(imp_set_put(&other, &rows[i][0]), IMP_OK);
		assert_true(imp_set_equal(&set, &other));
		imp_set_wipe(&other);
		assert_int_equal(imp_set_put(&other, &rows[i][1]), IMP_OK);
		assert_false(imp_set_equal(&set, &other));
	}
}

/* Octets are copied in, and overwritten when the set is wiped; a set that is full stays as it was.
 */
static void arena(void **state)
{
	static uint8_t big[IMP_PAYLOAD_MAX];

	(void)state;
	memset(big, 0xA5, sizeof(big));
	assert_int_equal(imp_set_put_octets(&set, 0, 0, 5, imp_span(big, sizeof(big) - 1)), IMP_OK);
	memset(big, 0, 8);
	assert_int_equal(imp_set_octets(&set, 0, 0, 5).p[0], 0xA5);
	assert_int_equal(imp_set_put_octets(&set, 0, 1, 5, imp_span("ab", 2)), IMP_E_SPACE);
	assert_int_equal(set.n, 1);
	assert_int_equal(imp_set_put_octets(&set, 0, 1, 5, imp_span("a", 1)), IMP_OK);
	set.keys = IMP_KEYS_PERSISTENT;
	assert_int_equal(imp_set_put_version(&set, 0, 1, 0), IMP_OK);
	imp_set_wipe(&set);
	assert_true(imp_span_all(imp_span(set.arena, sizeof(set.arena)), 0));
	assert_int_equal(set.n + set.used + set.versions_n, 0);
	assert_int_equal(set.keys, IMP_KEYS_UNSTATED);
	assert_non_null(set.v); /* kept for the next use */
}

/* More values than any payload holds. */
static void too_many(void **state)
{
	enum imp_status st = IMP_OK;

	(void)state;
	for (uint32_t i = 0; i < 65534 && !st; i++)
		st = put_mark(&set, 0, (uint16_t)i, NO);
	assert_int_equal(st, IMP_E_SPACE);
	assert_int_equal(set.n, IMP_PAYLOAD_MAX / 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(any_order),
		T(contradictions),
		T(ill_typed),
		T(shorthands),
		T(unsigned_saturates),
		T(instances),
		T(has),
		T(versions),
		T(equality),
		T(arena),
		T(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
