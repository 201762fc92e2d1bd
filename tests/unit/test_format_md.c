/* SPDX-License-Identifier: Apache-2.0 */
/* The dumps of flash-images/FORMAT.md against what the product writes, and against the golden files
 * that an independent program made from the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "flash/image.h"
#include "host/file.h"

#define SLOT 2048
#define FORMAT "flash-images/FORMAT.md"

struct page {
	const char *name, *golden;
	enum imp_keys keys;
	uint32_t generation;
	bool tagged;
	uint8_t dump[SLOT];
};

static struct page pages[] = {
	{ "`nosec`", "tests/golden/slot/nosec.hex", IMP_KEYS_PERSISTENT, 1, false, { 0 } },
	{ "`psk_non_persistent`", "tests/golden/slot/psk_non_persistent.hex",
		IMP_KEYS_NON_PERSISTENT, 2, false, { 0 } },
	{ "`psk_tagged`", "tests/golden/slot/psk_tagged.hex", IMP_KEYS_PERSISTENT, 3, true, { 0 } },
};

#define PAGES (sizeof pages / sizeof *pages)

static struct imp_cmac *cmac;

static const struct imp_layout layout = { "test", 0, 2 * SLOT, SLOT, 8, { 0, SLOT }, SLOT };

/* One line of a dump: offset, two blanks, 16 octets; "*" repeats; a bare offset ends it. */
static void read_dump(FILE *f, uint8_t *out)
{
	char line[128];
	size_t at = 0;

	while (fgets(line, sizeof line, f) && strncmp(line, "```", 3) != 0) {
		size_t next = strtoul(line, NULL, 16);

		if (line[0] == '*')
			continue;
		while (at < next) {
			memcpy(out + at, out + at - 16, 16);
			at += 16;
		}
		for (size_t i = 0; i < 16 && line[4] == ' '; i++)
			out[at++] = (uint8_t)strtoul(line + 6 + 3 * i, NULL, 16);
	}
	assert_int_equal(at, SLOT);
}

static int setup(void **state)
{
	/* The key of the examples in RFC 4493. */
	const struct imp_secret key = { { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab,
						0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c },
		16 };
	FILE *f = fopen(FORMAT, "r");
	char line[256];

	(void)state;
	assert_int_equal(imp_cmac_open(&key, &cmac), IMP_OK);
	assert_non_null(f);
	for (size_t i = 0; i < PAGES; i++) {
		while (fgets(line, sizeof line, f) &&
			strncmp(line, pages[i].name, strlen(pages[i].name)) != 0)
			;
		while (fgets(line, sizeof line, f) && strncmp(line, "```hex", 6) != 0)
			;
		read_dump(f, pages[i].dump);
	}
	return fclose(f);
}

static int teardown(void **state)
{
	(void)state;
	imp_cmac_close(cmac);
	return 0;
}

static struct imp_span payload_of(const uint8_t *slot)
{
	return imp_span(slot + 64, (size_t)slot[12] | (size_t)slot[13] << 8);
}

static void dumps_equal_golden_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAGES; i++) {
		IMP_BLOB text = { NULL, 0 };
		uint8_t golden[SLOT], digits[2 * SLOT];
		struct imp_wr packed = imp_wr(digits, sizeof digits), wr = imp_wr(golden, SLOT);

		assert_int_equal(imp_file_read(pages[i].golden, 65536, &text, NULL), IMP_OK);
		for (size_t k = 0; k < text.n; k++)
			if (text.p[k] != '\n')
				imp_wr_u8(&packed, text.p[k]);
		assert_int_equal(imp_hex_get(&wr, imp_wr_span(&packed)), IMP_OK);
		assert_int_equal(wr.n, SLOT);
		assert_memory_equal(golden, pages[i].dump, SLOT);
	}
}

static void product_writes_the_dumps(void **state)
{
	uint8_t area[2 * SLOT], work[IMP_PAYLOAD_MAX];

	(void)state;
	for (size_t i = 0; i < PAGES; i++) {
		struct imp_cmac *with = pages[i].tagged ? cmac : NULL;
		struct imp_span payload = payload_of(pages[i].dump);

		assert_int_equal(imp_image_render(&layout, payload, pages[i].keys,
					 pages[i].generation, with, area, NULL),
			IMP_OK);
		assert_memory_equal(area, pages[i].dump, SLOT);
		assert_int_equal(imp_image_verify(&layout, imp_span(area, sizeof area), payload,
					 pages[i].keys, true, with, work, NULL),
			IMP_OK);
	}
}

/* The comparison would notice: any single octet of a dump changed is caught. */
static void changed_dump_is_caught(void **state)
{
	uint8_t area[2 * SLOT], work[IMP_PAYLOAD_MAX];
	(void)state;
	for (size_t i = 0; i < PAGES; i++) {
		struct imp_cmac *with = pages[i].tagged ? cmac : NULL;
		struct imp_span payload = payload_of(pages[i].dump);

		assert_int_equal(
			imp_image_render(&layout, payload, pages[i].keys, 1, with, area, NULL),
			IMP_OK);
		for (size_t at = 0; at < sizeof area; at++) {
			area[at] ^= 0x10;
			assert_int_not_equal(
				imp_image_verify(&layout, imp_span(area, sizeof area), payload,
					pages[i].keys, true, with, work, NULL),
				IMP_OK);
			area[at] ^= 0x10;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps_equal_golden_files),
		cmocka_unit_test(product_writes_the_dumps),
		cmocka_unit_test(changed_dump_is_caught),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
