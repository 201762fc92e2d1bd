/* SPDX-License-Identifier: Apache-2.0 */
/* One object's TLV, and each TLV and value by itself: nothing is read outside, all is stable. */
#include <stdlib.h>
#include <string.h>

#include "codec/tlv.h"
#include "model/set_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A number that decodes is written no longer than it came and decodes to itself. */
static void numbers(struct imp_span value)
{
	uint8_t out[16];
	struct imp_wr wr = imp_wr(out, sizeof(out));
	struct imp_rd rd;
	struct imp_tlv tlv;
	int64_t i, i2;
	uint64_t u;
	double f, f2;

	if (imp_tlv_integer(value, &i) || imp_tlv_unsigned(value, &u))
		return;
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, i);
	rd = imp_rd(imp_wr_span(&wr));
	if (imp_tlv_next(&rd, &tlv) || tlv.value.n > value.n || imp_tlv_integer(tlv.value, &i2) ||
		i != i2)
		abort();
	if (imp_tlv_float(value, &f))
		return;
	wr = imp_wr(out, sizeof(out));
	imp_tlv_put_float(&wr, IMP_TLV_RESOURCE, 1, f);
	rd = imp_rd(imp_wr_span(&wr));
	if (imp_tlv_next(&rd, &tlv) || imp_tlv_float(tlv.value, &f2) ||
		memcmp(&f, &f2, sizeof(f)) != 0)
		abort();
}

static void walk(struct imp_span in)
{
	struct imp_rd rd = imp_rd(in);
	struct imp_tlv tlv;

	while (rd.n && imp_tlv_next(&rd, &tlv) == IMP_OK) {
		if (tlv.value.p < in.p || tlv.value.p + tlv.value.n > in.p + in.n)
			abort();
		numbers(tlv.value);
	}
}

static void object(uint16_t id, struct imp_span in)
{
	static struct imp_set set, again;
	static uint8_t out[1 << 20];
	struct imp_wr wr = imp_wr(out, sizeof(out));

	if (imp_set_from_tlv(&set, id, in, false))
		return;
	if (imp_set_to_tlv(&set, id, &wr) ||
		imp_set_from_tlv(&again, id, imp_wr_span(&wr), false) ||
		!imp_set_equal(&set, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t objects[] = { 0, 1, 2, 21, 3441 };
	struct imp_span in = imp_span(data, size);

	walk(in);
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		object(objects[i], in);
	return 0;
}
