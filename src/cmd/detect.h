/* SPDX-License-Identifier: Apache-2.0 */
/* What any file is, by its first octets and its size; and where the slots of an area are. */
#ifndef IMP_CMD_DETECT_H
#define IMP_CMD_DETECT_H

#include "codec/slot.h"

enum imp_format {
	IMP_FORMAT_UNKNOWN,
	IMP_FORMAT_EF,	 /* EF(LwM2M_Bootstrap) */
	IMP_FORMAT_SLOT, /* one slot and nothing behind it */
	IMP_FORMAT_BIN,	 /* an area: slots somewhere in it, or blank (all FF) */
	IMP_FORMAT_IHEX, /* Intel HEX of any of the former */
	IMP_FORMAT_SENML_CBOR,
	IMP_FORMAT_SENML_JSON,
	IMP_FORMAT_JSON,	/* our own document */
	IMP_FORMAT_CERTIFICATE, /* DER */
	IMP_FORMAT_LEDGER,	/* SQLite with our application id */
};

/* "ef-lwm2m-bootstrap", "slot", ... as in the JSON of inspect; never NULL. */
const char *imp_format_name(enum imp_format format);

/* The forms of a set by their names on the command line: ef, senml-cbor, senml-json, json; also
 * every name of imp_format_name().  UNKNOWN for any other. */
enum imp_format imp_format_named(const char *name);

/*
 * A guess from the outside, cheap and without a full check: the decoder of the format decides.
 * EF is also the guess for a file that its own header says is cut short.
 */
enum imp_format imp_detect(struct imp_span file);

/* A slot at some offset of an area. */
struct imp_slot_at {
	size_t at;
	/* IMP_OK good; IMP_E_TRUNC not committed; IMP_E_UNSUPPORTED newer format; IMP_E_MISMATCH
	 * checksum; IMP_E_FORMAT damaged otherwise.  slot is set for IMP_OK and IMP_E_MISMATCH. */
	enum imp_status state;
	struct imp_slot slot;
};

#define IMP_SLOTS_MAX 8

struct imp_slots {
	struct imp_slot_at v[IMP_SLOTS_MAX];
	size_t n;
	const struct imp_slot_at *newest; /* good and newest; NULL when none is good */
};

/* Look for slots at every place where an erase block can begin (multiples of 128 octets). */
void imp_slots_find(struct imp_span area, struct imp_slots *out);

/* "good", "not committed", ...; never NULL. */
const char *imp_slot_state_text(enum imp_status state);

#endif
