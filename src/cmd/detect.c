/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/detect.h"

#include "base/rd.h"
#include "codec/ef.h"
#include "ledger/ledger.h"

#include <string.h>

/* The smallest erase block among the parts we know. */
#define STEP 128

static const struct {
	enum imp_format format;
	const char *name, *shorter;
} names[] = {
	{ IMP_FORMAT_UNKNOWN, "unknown", NULL },
	{ IMP_FORMAT_EF, "ef-lwm2m-bootstrap", "ef" },
	{ IMP_FORMAT_SLOT, "slot", NULL },
	{ IMP_FORMAT_BIN, "bin", NULL },
	{ IMP_FORMAT_IHEX, "ihex", NULL },
	{ IMP_FORMAT_SENML_CBOR, "senml-cbor", NULL },
	{ IMP_FORMAT_SENML_JSON, "senml-json", NULL },
	{ IMP_FORMAT_JSON, "json", NULL },
	{ IMP_FORMAT_CERTIFICATE, "der-certificate", NULL },
	{ IMP_FORMAT_LEDGER, "ledger", NULL },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

const char *imp_format_name(enum imp_format format)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].format == format)
			return names[i].name;
	return names[0].name;
}

enum imp_format imp_format_named(const char *name)
{
	for (size_t i = 1; i < NAMES; i++)
		if (strcmp(name, names[i].name) == 0 ||
			(names[i].shorter && strcmp(name, names[i].shorter) == 0))
			return names[i].format;
	return IMP_FORMAT_UNKNOWN;
}

/* ---- whole files ------------------------------------------------------------------------------
 */

/* Offsets of the SQLite header (its file format, section 1.3). */
#define SQLITE_APPLICATION_AT 68
#define SQLITE_HEADER 100

static bool is_ledger(struct imp_span file)
{
	static const char magic[16] = "SQLite format 3";
	struct imp_rd rd = imp_rd(file);

	if (file.n < SQLITE_HEADER || !imp_span_starts(file, imp_span(magic, sizeof magic)))
		return false;
	(void)imp_rd_take(&rd, SQLITE_APPLICATION_AT);
	return imp_rd_be32(&rd) == IMP_LEDGER_APPLICATION;
}

/* The first character of a text that is no white space; 0 when there is none. */
static uint8_t first_character(struct imp_span file)
{
	for (size_t i = 0; i < file.n; i++)
		if (!strchr(" \t\r\n", file.p[i]) || file.p[i] == 0)
			return file.p[i];
	return 0;
}

/* A SEQUENCE with a length of one or two octets that ends with the file. */
static bool is_der_sequence(struct imp_span file)
{
	struct imp_rd rd = imp_rd(file);
	size_t length = 0;

	if (imp_rd_u8(&rd) != 0x30)
		return false;
	switch (imp_rd_u8(&rd)) {
	case 0x81:
		length = imp_rd_u8(&rd);
		break;
	case 0x82:
		length = imp_rd_be16(&rd);
		break;
	default:
		return false;
	}
	return rd.st == IMP_OK && length == rd.n;
}

static bool is_one_slot(struct imp_span file)
{
	struct imp_slot slot;

	return file.n >= IMP_SLOT_PAYLOAD_AT && file.n <= UINT32_MAX &&
	       imp_slot_header(file.p, (uint32_t)file.n, &slot) == IMP_OK &&
	       imp_slot_extent(slot.length, slot.tag) == file.n;
}

static bool is_area(struct imp_span file)
{
	struct imp_slots slots;

	if (imp_span_all(file, 0xFF))
		return true;
	imp_slots_find(file, &slots);
	return slots.n > 0;
}

static enum imp_format text_format(struct imp_span file)
{
	switch (first_character(file)) {
	case '[':
		return IMP_FORMAT_SENML_JSON;
	case '{':
		return IMP_FORMAT_JSON;
	case ':':
		return IMP_FORMAT_IHEX;
	default:
		return IMP_FORMAT_UNKNOWN;
	}
}

enum imp_format imp_detect(struct imp_span file)
{
	if (file.n == 0)
		return IMP_FORMAT_UNKNOWN;
	if (is_ledger(file))
		return IMP_FORMAT_LEDGER;
	if (is_der_sequence(file))
		return IMP_FORMAT_CERTIFICATE;
	if (is_one_slot(file))
		return IMP_FORMAT_SLOT;
	if (text_format(file) != IMP_FORMAT_UNKNOWN)
		return text_format(file);
	if (imp_ef_extent(file))
		return IMP_FORMAT_EF;
	if (is_area(file))
		return IMP_FORMAT_BIN;
	return file.p[0] >> 5 == 4 ? IMP_FORMAT_SENML_CBOR : IMP_FORMAT_UNKNOWN;
}

/* ---- slots ------------------------------------------------------------------------------------
 */

static bool is_slot_magic(struct imp_span at)
{
	return imp_span_starts(at, imp_span("IMPS", 4)) && at.n >= IMP_SLOT_PAYLOAD_AT;
}

static void judge(struct imp_span at, struct imp_slot_at *found)
{
	uint32_t size = at.n < UINT32_MAX ? (uint32_t)at.n : UINT32_MAX;

	found->state = imp_slot_header(at.p, size, &found->slot);
	if (found->state == IMP_OK &&
		imp_slot_crc(at.p, imp_span(at.p + IMP_SLOT_PAYLOAD_AT, found->slot.length)) !=
			found->slot.crc)
		found->state = IMP_E_MISMATCH;
}

void imp_slots_find(struct imp_span area, struct imp_slots *out)
{
	size_t at = 0;

	memset(out, 0, sizeof *out);
	while (at < area.n && out->n < IMP_SLOTS_MAX) {
		struct imp_span rest = imp_span(area.p + at, area.n - at);
		struct imp_slot_at *found = &out->v[out->n];
		size_t taken = STEP;

		if (is_slot_magic(rest)) {
			found->at = at;
			judge(rest, found);
			if (found->state == IMP_OK)
				taken = imp_slot_extent(found->slot.length, found->slot.tag);
			if (found->state == IMP_OK &&
				(!out->newest || imp_slot_newer(found->slot.generation,
							 out->newest->slot.generation)))
				out->newest = found;
			out->n++;
		}
		at += (taken + STEP - 1) / STEP * STEP;
	}
}

const char *imp_slot_state_text(enum imp_status state)
{
	switch ((int)state) {
	case IMP_OK:
		return "good";
	case IMP_E_TRUNC:
		return "not committed";
	case IMP_E_UNSUPPORTED:
		return "newer format";
	case IMP_E_MISMATCH:
		return "checksum wrong";
	default:
		return "damaged";
	}
}
