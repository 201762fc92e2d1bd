/* SPDX-License-Identifier: Apache-2.0 */
/* The device's walk over a payload: ids in any order, none twice (T10, T11), in a number of steps
 * that grows with the octets and not with their square.  Steps are TLVs and object headers read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "codec/ef.h"
#include "codec/tlv.h"

static uint64_t steps;

static enum imp_status counted_tlv(struct imp_rd *rd, struct imp_tlv *tlv)
{
	steps++;
	return imp_tlv_next(rd, tlv);
}

static enum imp_status counted_object(struct imp_rd *rd, struct imp_ef_object *object)
{
	steps++;
	return imp_ef_next(rd, object);
}

#define imp_tlv_next counted_tlv
#define imp_ef_next counted_object
#include "reader/walk.c" /* with its steps counted */
#undef imp_tlv_next
#undef imp_ef_next

#define OBJECT 3000 /* of no known types */
#define PAYLOAD (IMP_EF_HEADER + IMP_EF_COLLECTION_MAX)
#define TLV 4 /* octets: wide id, one octet of value */

static uint8_t file[PAYLOAD];

static void put(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* One object, one instance, n resources with these ids. */
static struct imp_span resources(const uint16_t *ids, size_t n)
{
	size_t content = n * TLV;

	put(file, 1);
	put(file + 2, (unsigned)(5 + 5 + content));
	put(file + 4, OBJECT);
	file[6] = 0;
	put(file + 7, (unsigned)(5 + content));
	file[9] = 0x30; /* Object Instance, wide id, length of two octets */
	put(file + 10, 0);
	put(file + 12, (unsigned)content);
	for (size_t i = 0; i < n; i++) {
		uint8_t *p = file + 14 + i * TLV;

		p[0] = 0xE1;
		put(p + 1, ids[i]);
		p[3] = 1;
	}
	return imp_span(file, 14 + content);
}

static enum imr_status walk(struct imp_span payload)
{
	steps = 0;
	return imr_ef(payload, NULL, NULL);
}

static uint32_t seed = 1;

static unsigned below(unsigned n)
{
	seed = seed * 1664525U + 1013904223U;
	return (unsigned)((uint64_t)(seed >> 8) * n >> 24);
}

static void shuffle(uint16_t *ids, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = below((unsigned)i);
		uint16_t id = ids[i - 1];

		ids[i - 1] = ids[j];
		ids[j] = id;
	}
}

#define MANY 8000

static uint16_t ids[MANY];

static void count_up(size_t n)
{
	for (size_t i = 0; i < n; i++)
		ids[i] = (uint16_t)(7 * i);
}

/* Up to the limit in any order, and each pair that is equal is found. */
static void any_order(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		unsigned n = 2 + below(IMR_UNORDERED), i = below(n), j = below(n);

		count_up(n);
		shuffle(ids, n);
		assert_int_equal(walk(resources(ids, n)), IMR_GOOD);
		if (i == j)
			continue;
		ids[i] = ids[j];
		assert_int_equal(walk(resources(ids, n)), IMR_E_DAMAGED);
	}
}

static void rising(void **state)
{
	(void)state;
	count_up(MANY);
	assert_int_equal(walk(resources(ids, MANY)), IMR_GOOD);
	assert_true(steps <= 2 * MANY + 10);
	/* An id again, next to it or anywhere before. */
	for (unsigned round = 0; round < 200; round++) {
		unsigned i = 1 + below(MANY - 1), j = round & 1 ? i - 1 : below(i);

		count_up(MANY);
		ids[i] = ids[j];
		assert_int_equal(walk(resources(ids, MANY)), IMR_E_DAMAGED);
		assert_true(steps <= 2 * MANY + 10);
	}
}

/* The limit itself: so many behind one, and one more. */
static void limit(void **state)
{
	(void)state;
	for (unsigned n = 2; n <= IMR_UNORDERED + 2; n++) {
		for (unsigned i = 0; i < n; i++)
			ids[i] = (uint16_t)(n - i);
		assert_int_equal(
			walk(resources(ids, n)), n <= IMR_UNORDERED + 1 ? IMR_GOOD : IMR_E_DAMAGED);
	}
	/* At the end of a long run that rises. */
	count_up(MANY);
	ids[MANY - 1] = 1;
	assert_int_equal(walk(resources(ids, MANY)), IMR_E_DAMAGED);
}

/* As much disorder as passes: every instance as unordered as may be.  A comparison of all with all,
 * the control, would take more than the bound. */
static void worst(void **state)
{
	size_t n = IMP_EF_HEADER + 5, instances = 0, tlvs = 0;

	(void)state;
	put(file + 4, OBJECT);
	file[6] = 0;
	while (n + 4 + 2 * (IMR_UNORDERED + 1) <= PAYLOAD) {
		size_t content = 2 * (IMR_UNORDERED + 1);

		file[n] = 0x28; /* wide id, length of one octet */
		put(file + n + 1, (unsigned)(60000 - instances));
		file[n + 3] = (uint8_t)content;
		n += 4;
		for (unsigned i = 0; i <= IMR_UNORDERED; i++, n += 2) {
			file[n] = 0xC0; /* no value */
			file[n + 1] = (uint8_t)(200 - i);
		}
		tlvs += IMR_UNORDERED + 1;
		instances++;
		if (instances > IMR_UNORDERED)
			break;
	}
	put(file, 1);
	put(file + 2, (unsigned)(n - IMP_EF_HEADER));
	put(file + 7, (unsigned)(n - IMP_EF_HEADER - 5));
	assert_int_equal(walk(imp_span(file, n)), IMR_GOOD);
	printf("%zu octets, %zu TLVs: %llu steps\n", n, tlvs, (unsigned long long)steps);
	assert_true(steps <= (IMR_UNORDERED + 2) * (tlvs + instances));
	/* All in one instance, falling: refused at once. */
	for (unsigned i = 0; i < MANY; i++)
		ids[i] = (uint16_t)(MANY - i);
	assert_int_equal(walk(resources(ids, MANY)), IMR_E_DAMAGED);
	assert_true(steps <= IMR_UNORDERED + 10);
	assert_true((uint64_t)MANY * MANY / 2 > (IMR_UNORDERED + 2) * (uint64_t)MANY);
}

/* Objects: 255 in any order, none twice, and not one more. */
static void objects_of_a_file(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 257; n++) {
		uint8_t *p = file + IMP_EF_HEADER;

		for (unsigned i = 0; i < n; i++, p += 10) {
			put(p, OBJECT + (i * 89) % 257);
			p[2] = 0;
			put(p + 3, 5);
			p[5] = 0x03; /* instance 0 of three octets */
			p[6] = 0;
			p[7] = 0xC1;
			p[8] = 0;
			p[9] = 2;
		}
		put(file, n);
		put(file + 2, 10 * n);
		assert_int_equal(walk(imp_span(file, IMP_EF_HEADER + 10 * n)),
			n <= 255 ? IMR_GOOD : IMR_E_DAMAGED);
		if (n < 2 || n > 255)
			continue;
		put(p - 10, OBJECT);
		assert_int_equal(walk(imp_span(file, IMP_EF_HEADER + 10 * n)), IMR_E_DAMAGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(rising),
		cmocka_unit_test(limit),
		cmocka_unit_test(worst),
		cmocka_unit_test(objects_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
