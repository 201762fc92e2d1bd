/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file holds, from the outside in: an Intel HEX of a slot of a set has three levels.  The
 * one loader behind inspect, the set commands and every option that takes a set in any form.
 */
#ifndef IMP_CMD_CONTENT_H
#define IMP_CMD_CONTENT_H

#include "cmd/detect.h"
#include "crypto/x509_info.h"
#include "host/file.h"
#include "model/check.h"
#include "model/set_form.h"

struct imp_level {
	enum imp_format format;
	size_t bytes;	      /* of this level: the file, the slot, the payload */
	size_t padding;	      /* octets behind an EF's collection */
	bool stray;	      /* EF: they are neither FF nor 00 throughout */
	uint32_t base;	      /* IHEX: lowest address */
	bool blank;	      /* BIN, IHEX: an area without slots */
	size_t offset;	      /* SLOT: in its area */
	struct imp_slot slot; /* SLOT */
	uint32_t schema;      /* LEDGER: its version */
};

#define IMP_LEVELS_MAX 3

struct imp_content {
	struct imp_level level[IMP_LEVELS_MAX]; /* outermost first */
	size_t levels;
	struct imp_slots slots; /* of an area: the level before the SLOT, or the innermost */
	bool has_set;
	unsigned quirks;    /* enum imp_quirk, overlooked in lenient mode */
	struct imp_set set; /* keys: as a slot or our own JSON states it */
	struct imp_x509_info certificate;
	struct imp_blob file, image; /* as read; what an Intel HEX spells */
};

/* Nothing in it. */
void imp_content_init(struct imp_content *content);

struct imp_content_options {
	enum imp_format from; /* UNKNOWN: detect */
	bool lenient;
};

/*
 * Read path ("-" is standard input) and take it apart.  The set is not checked against the
 * consistency rules here.  On failure diag names the file, and the levels found so far stay, so
 * that inspect can say what the file is.  imp_content_free() in every case; out needs no
 * preparation. IMP_E_UNSUPPORTED: of no known format.  Others as the readers have them.
 */
IMP_MUST_CHECK enum imp_status imp_content_load(const char *path,
	const struct imp_content_options *options, struct imp_content *out, struct imp_diag *diag);

/* The same, and IMP_E_FORMAT when it holds no set, or stray octets behind it unless lenient. */
IMP_MUST_CHECK enum imp_status imp_content_load_set(const char *path,
	const struct imp_content_options *options, struct imp_content *out, struct imp_diag *diag);

void imp_content_free(struct imp_content *content); /* wipes */
#define IMP_CONTENT __attribute__((cleanup(imp_content_free))) struct imp_content

static inline const struct imp_level *imp_content_inner(const struct imp_content *c)
{
	return &c->level[c->levels ? c->levels - 1 : 0];
}

#endif
