/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/content.h"

#include "base/plural.h"
#include "base/rd.h"
#include "codec/ef.h"
#include "flash/ihex.h"
#include "flash/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* An area of the largest size as Intel HEX: 45 characters for each 16 octets. */
#define FILE_MAX ((size_t)IMP_AREA_MAX / 16 * 48)

struct load {
	const char *path;
	const struct imp_content_options *options;
	struct imp_content *c;
	struct imp_diag *diag;
};

/* The next level inward. */
static struct imp_level *push(struct load *l, enum imp_format format, size_t bytes)
{
	struct imp_level *level = &l->c->level[l->c->levels++];

	memset(level, 0, sizeof *level);
	level->format = format;
	level->bytes = bytes;
	return level;
}

/* ---- sets -------------------------------------------------------------------------------------
 */

static enum imp_status malformed(struct load *l, enum imp_format format, enum imp_status st)
{
	return imp_diag(l->diag, st, "%s: not a well-formed %s: %s", l->path,
		imp_format_name(format), imp_status_text(st));
}

/* A header that says what is there, and that is more than the form has room for. */
static bool too_long(struct imp_span file)
{
	struct imp_rd rd = imp_rd(file);
	unsigned count = imp_rd_be16(&rd), size = imp_rd_be16(&rd);

	return rd.st == IMP_OK && count != 0 && size > IMP_EF_COLLECTION_MAX &&
	       file.n == IMP_EF_HEADER + size;
}

static enum imp_status say_too_long(struct load *l, struct imp_span file)
{
	imp_diag(l->diag, IMP_E_SPACE, "%s: a payload of %zu octets, at most %u are possible",
		l->path, file.n - IMP_EF_HEADER, IMP_EF_COLLECTION_MAX);
	imp_diag_hint(l->diag, "leave accounts or certificates out of the set");
	return IMP_E_SPACE;
}

static enum imp_status ef_problem(struct load *l, struct imp_span file, enum imp_status st)
{
	struct imp_ef_extent extent;
	size_t says = imp_ef_extent(file);

	if (too_long(file))
		return say_too_long(l, file);
	malformed(l, IMP_FORMAT_EF, st);
	if (says > file.n)
		imp_diag_hint(l->diag, "its header says %zu octets, there are %zu", says, file.n);
	else if (!l->options->lenient &&
		 imp_set_from_ef(&l->c->set, file, true, false, &extent) == IMP_OK)
		imp_diag_hint(l->diag, "--lenient reads it and says what it overlooks");
	imp_set_wipe(&l->c->set);
	return st;
}

/* What an EF is filled with up to its size. */
static bool is_padding(struct imp_span s)
{
	return imp_span_all(s, 0xFF) || imp_span_all(s, 0x00);
}

/* exact: a payload, nothing may stand behind it. */
static enum imp_status load_ef(struct load *l, struct imp_span file, bool exact)
{
	struct imp_level *level = push(l, IMP_FORMAT_EF, file.n);
	struct imp_ef_extent extent;
	enum imp_keys keys = l->c->set.keys;
	enum imp_status st = imp_set_from_ef(&l->c->set, file, l->options->lenient, exact, &extent);

	if (st)
		return ef_problem(l, file, st);
	level->bytes = extent.bytes;
	level->padding = extent.padding;
	level->stray = !is_padding(imp_span(file.p + extent.bytes, extent.padding));
	l->c->quirks = extent.quirks;
	l->c->set.keys = keys;
	l->c->has_set = true;
	return IMP_OK;
}

static enum imp_status load_text_or_cbor(
	struct load *l, enum imp_format format, struct imp_span file)
{
	struct imp_set *set = &l->c->set;
	enum imp_status st;

	push(l, format, file.n);
	if (format == IMP_FORMAT_SENML_CBOR)
		st = imp_set_from_senml_cbor(set, file);
	else if (format == IMP_FORMAT_SENML_JSON)
		st = imp_set_from_senml_json(set, file);
	else
		st = imp_set_from_json(set, file);
	l->c->has_set = st == IMP_OK;
	if (!st)
		return IMP_OK;
	malformed(l, format, st);
	if (format == IMP_FORMAT_JSON && memmem(file.p, file.n, "\"secret\"", 8))
		imp_diag_hint(l->diag,
			"a document made without --reveal-secrets lacks the keys and cannot be "
			"read back");
	return st;
}

/* ---- areas and slots --------------------------------------------------------------------------
 */

/* The set of a good slot that starts at the beginning of rest. */
static enum imp_status load_slot(struct load *l, struct imp_span rest, const struct imp_slot_at *at)
{
	size_t extent = imp_slot_extent(at->slot.length, at->slot.tag);
	struct imp_level *level = push(l, IMP_FORMAT_SLOT, extent);

	level->offset = at->at;
	level->slot = at->slot;
	l->c->set.keys = at->slot.keys == IMP_SLOT_KEYS_NON_PERSISTENT ? IMP_KEYS_NON_PERSISTENT
								       : IMP_KEYS_PERSISTENT;
	return load_ef(l, imp_span(rest.p + IMP_SLOT_PAYLOAD_AT, at->slot.length), true);
}

static enum imp_status no_good_slot(struct load *l)
{
	const struct imp_slot_at *first = &l->c->slots.v[0];
	enum imp_status st = IMP_E_FORMAT;

	if (l->c->slots.n == 0)
		return imp_diag(l->diag, st, "%s: holds no slot", l->path);
	if (first->state == IMP_E_UNSUPPORTED)
		st = IMP_E_UNSUPPORTED;
	imp_diag(l->diag, st, "%s: no good slot; the one at offset %zu: %s", l->path, first->at,
		imp_slot_state_text(first->state));
	imp_diag_hint(l->diag, "build the image again from the set or the ledger");
	return st;
}

/* Slots anywhere; the level of the area is there already. */
static enum imp_status load_area(struct load *l, struct imp_span area)
{
	struct imp_content *c = l->c;
	const struct imp_slot_at *newest;

	imp_slots_find(area, &c->slots);
	newest = c->slots.newest;
	c->level[c->levels - 1].blank = imp_span_all(area, 0xFF);
	if (c->level[c->levels - 1].blank)
		return IMP_OK;
	if (!newest)
		return no_good_slot(l);
	return load_slot(l, imp_span(area.p + newest->at, area.n - newest->at), newest);
}

static enum imp_status load_one_slot(struct load *l, struct imp_span file)
{
	imp_slots_find(file, &l->c->slots);
	if (l->c->slots.newest && l->c->slots.newest->at == 0)
		return load_slot(l, file, l->c->slots.newest);
	push(l, IMP_FORMAT_SLOT, file.n);
	return no_good_slot(l);
}

/* What an Intel HEX spans. */
struct span_of {
	uint32_t first, last;
	bool any;
};

static enum imp_status note_span(void *ctx, uint32_t addr, struct imp_span data)
{
	struct span_of *span = ctx;
	uint32_t last = addr + (uint32_t)(data.n - 1);

	if (!span->any || addr < span->first)
		span->first = addr;
	if (!span->any || last > span->last)
		span->last = last;
	span->any = true;
	return IMP_OK;
}

struct target {
	uint8_t *p;
	uint32_t base;
};

static enum imp_status copy_record(void *ctx, uint32_t addr, struct imp_span data)
{
	struct target *target = ctx;

	memcpy(target->p + (addr - target->base), data.p, data.n);
	return IMP_OK;
}

static enum imp_status decode_ihex(struct load *l, struct imp_span text, uint32_t *base)
{
	struct imp_blob *image = &l->c->image;
	struct span_of span = { 0, 0, false };
	enum imp_status st = imp_ihex_each(text, note_span, &span, l->path, l->diag);
	struct target target;

	if (st)
		return st;
	if (!span.any)
		return imp_diag(l->diag, IMP_E_FORMAT, "%s: Intel HEX without data", l->path);
	if (span.last - span.first >= IMP_AREA_MAX)
		return imp_diag(l->diag, IMP_E_SPACE,
			"%s: Intel HEX from 0x%08" PRIX32 " to 0x%08" PRIX32 ", at most %u octets",
			l->path, span.first, span.last, IMP_AREA_MAX);
	image->n = (size_t)(span.last - span.first) + 1;
	image->p = malloc(image->n);
	if (!image->p) {
		image->n = 0;
		return imp_diag(l->diag, IMP_E_INTERNAL, "%s: out of memory", l->path);
	}
	memset(image->p, 0xFF, image->n); /* gaps are erased flash */
	target = (struct target){ image->p, span.first };
	*base = span.first;
	return imp_ihex_each(text, copy_record, &target, l->path, l->diag);
}

static enum imp_status load_ihex(struct load *l, struct imp_span text)
{
	struct imp_level *level = push(l, IMP_FORMAT_IHEX, text.n);
	struct imp_span image;
	enum imp_status st = decode_ihex(l, text, &level->base);

	if (st)
		return st;
	image = imp_blob_span(&l->c->image);
	if (imp_detect(image) == IMP_FORMAT_EF)
		return load_ef(l, image, false);
	return load_area(l, image);
}

/* ---- other files ------------------------------------------------------------------------------
 */

static enum imp_status load_certificate(struct load *l, struct imp_span file)
{
	enum imp_status st = imp_x509_info(file, &l->c->certificate);

	push(l, st ? IMP_FORMAT_UNKNOWN : IMP_FORMAT_CERTIFICATE, file.n);
	if (!st)
		return IMP_OK;
	return imp_diag(l->diag, IMP_E_UNSUPPORTED, "%s: DER, but not a certificate", l->path);
}

static enum imp_status unknown(struct load *l, struct imp_span file)
{
	push(l, IMP_FORMAT_UNKNOWN, file.n);
	if (file.n == 0)
		return imp_diag(l->diag, IMP_E_FORMAT, "%s: empty file", l->path);
	if (too_long(file))
		return say_too_long(l, file);
	imp_diag(l->diag, IMP_E_UNSUPPORTED, "%s: of no known format", l->path);
	if (imp_span_starts(file, imp_span_str("-----BEGIN ")))
		imp_diag_hint(
			l->diag, "PEM text: imprint works on DER (openssl x509 -outform DER)");
	return IMP_E_UNSUPPORTED;
}

static enum imp_status load_as(struct load *l, enum imp_format format, struct imp_span file)
{
	switch (format) {
	case IMP_FORMAT_EF:
		return load_ef(l, file, false);
	case IMP_FORMAT_SLOT:
		return load_one_slot(l, file);
	case IMP_FORMAT_BIN:
		push(l, IMP_FORMAT_BIN, file.n);
		return load_area(l, file);
	case IMP_FORMAT_IHEX:
		return load_ihex(l, file);
	case IMP_FORMAT_SENML_CBOR:
	case IMP_FORMAT_SENML_JSON:
	case IMP_FORMAT_JSON:
		return load_text_or_cbor(l, format, file);
	case IMP_FORMAT_CERTIFICATE:
		return load_certificate(l, file);
	case IMP_FORMAT_LEDGER: /* only by its own path below: a ledger may be large */
	case IMP_FORMAT_UNKNOWN:
		break;
	}
	/* A file without header is nothing that could be told from its octets (D17, 8). */
	return l->options->lenient && file.n ? load_ef(l, file, false) : unknown(l, file);
}

/* A ledger is told by its first octets and never read whole. */
#define LEDGER_HEAD 100
#define LEDGER_SCHEMA_AT 60

static bool load_ledger(struct load *l)
{
	uint8_t head[LEDGER_HEAD];
	struct imp_rd rd = imp_rd(imp_span(head, sizeof head));
	struct imp_level *level;
	struct stat st;
	FILE *f = strcmp(l->path, "-") == 0 ? NULL : fopen(l->path, "rbe");
	bool ledger;

	if (!f)
		return false;
	ledger = fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) &&
		 fread(head, 1, sizeof head, f) == sizeof head &&
		 imp_detect(imp_span(head, sizeof head)) == IMP_FORMAT_LEDGER;
	(void)fclose(f);
	if (!ledger)
		return false;
	level = push(l, IMP_FORMAT_LEDGER, (size_t)st.st_size);
	(void)imp_rd_take(&rd, LEDGER_SCHEMA_AT);
	level->schema = imp_rd_be32(&rd);
	return true;
}

void imp_content_init(struct imp_content *content)
{
	memset(content, 0, offsetof(struct imp_content, set));
	imp_set_init(&content->set);
	content->file = content->image = (struct imp_blob){ NULL, 0 };
}

enum imp_status imp_content_load(const char *path, const struct imp_content_options *options,
	struct imp_content *out, struct imp_diag *diag)
{
	struct load l = { path, options, out, diag };
	enum imp_format format = options->from;
	struct imp_span file;
	enum imp_status st;

	imp_content_init(out);
	if (format == IMP_FORMAT_UNKNOWN && load_ledger(&l))
		return IMP_OK;
	st = imp_file_read(path, FILE_MAX, &out->file, diag);
	if (st)
		return st;
	file = imp_blob_span(&out->file);
	return load_as(&l, format == IMP_FORMAT_UNKNOWN ? imp_detect(file) : format, file);
}

enum imp_status imp_content_load_set(const char *path, const struct imp_content_options *options,
	struct imp_content *out, struct imp_diag *diag)
{
	enum imp_status st = imp_content_load(path, options, out, diag);

	if (!st && imp_content_inner(out)->stray && !options->lenient) {
		imp_diag(diag, IMP_E_FORMAT, "%s: %zu octet%s behind the payload %s not padding",
			path, imp_content_inner(out)->padding,
			imp_s(imp_content_inner(out)->padding),
			imp_content_inner(out)->padding == 1 ? "is" : "are");
		imp_diag_hint(diag, "cut them off, or pass over them with --lenient");
		return IMP_E_FORMAT;
	}
	if (st || out->has_set)
		return st;
	imp_diag(diag, IMP_E_FORMAT, "%s: a %s%s, which holds no credential set", path,
		out->level[0].blank ? "blank " : "", imp_format_name(out->level[0].format));
	imp_diag_hint(diag, "give an EF, SenML, JSON or image file");
	return IMP_E_FORMAT;
}

void imp_content_free(struct imp_content *content)
{
	imp_set_free(&content->set);
	imp_blob_free(&content->file);
	imp_blob_free(&content->image);
}
