/* SPDX-License-Identifier: Apache-2.0 */
/* The way to EF(LwM2M_Bootstrap): Appendix G of the Core TS, ref card.md A.2. */
#include "reader/session.h"

#include "codec/ef.h"
#include "codec/fcp.h"
#include "codec/p15.h"
#include "codec/tlv.h"

#include <string.h>

#define HEADER 5
#define READ_RECORD 0xB2
#define MANAGE_CHANNEL 0x70
#define BY_AID 0x04
#define RECORDS_MAX 254
#define DODFS_MAX 8
#define CHANNEL_MAX 19
#define FIRST_CHUNK 256

/* ---- EF(DIR) -----------------------------------------------------------------------------------
 */

/* Is the PKCS#15 application among these templates? */
static enum imr_status application(struct imr_session *s, size_t n)
{
	struct imp_rd rd = imp_rd(imp_span(s->config->buffer, n));
	struct imp_p15_app app;

	while (imp_p15_dir_next(&rd, &app) == IMP_OK) {
		if (!imp_p15_app_matches(&app))
			continue;
		if (app.path.n == 0)
			s->report->quirks |= IMR_QUIRK_DIR_NO_PATH;
		return IMR_OK;
	}
	return IMR_E_NONE;
}

/* Records from the first one until there are no more; p2 says of which file. */
static enum imr_status records(struct imr_session *s, uint8_t p2, uint8_t length)
{
	uint8_t cmd[HEADER] = { s->cla, READ_RECORD, 0, p2, length };
	enum imr_status st = IMR_E_NONE;
	size_t got;

	for (unsigned i = 1; i <= RECORDS_MAX && st == IMR_E_NONE; i++) {
		cmd[1] = READ_RECORD;
		cmd[2] = (uint8_t)i;
		cmd[3] = p2;
		st = imr_exchange(s, cmd, sizeof cmd, s->config->buffer, s->config->size, &got);
		if (st != IMR_OK)
			return st;
		st = imr_judge(s);
		if (s->sw == IMR_SW_NO_RECORD || st != IMR_OK)
			return st;
		st = application(s, got);
	}
	return st;
}

static enum imr_status directory(struct imr_session *s)
{
	static const struct imr_path dir = { 4, { 0x3F, 0x00, 0x2F, 0x00 } };
	const struct imr_config *config = s->config;
	struct imr_file file;
	enum imr_status st = records(s, 0x1E << 3 | 4, 0); /* by its SFI */
	size_t n;

	if (st == IMR_OK || st == IMR_E_IO || st == IMR_E_LIMIT || s->sw == IMR_SW_NO_RECORD)
		return st;
	st = imr_open(s, &dir, &file);
	if (st != IMR_OK)
		return st;
	if (file.kind != IMP_FCP_TRANSPARENT)
		return records(s, 4, file.record_length);
	s->report->quirks |= IMR_QUIRK_DIR_BINARY;
	n = file.size < config->size ? file.size : config->size;
	st = imr_read(s, &dir, &file, 0, config->buffer, n, &n);
	return st == IMR_OK ? application(s, n) : st;
}

/* ---- channel
 * ------------------------------------------------------------------------------------- */

/* The channel that the card gives, never a fixed one.  *number 0: basic channel. */
static enum imr_status open_channel(struct imr_session *s, uint8_t *number)
{
	uint8_t cmd[HEADER] = { 0x00, MANAGE_CHANNEL, 0x00, 0x00, 0x01 };
	enum imr_status st;
	uint8_t given;
	size_t got;

	st = imr_exchange(s, cmd, sizeof cmd, &given, sizeof given, &got);
	if (st == IMR_OK)
		st = imr_judge(s);
	if (st == IMR_E_REFUSED && s->config->options & IMR_OPT_BASIC_CHANNEL) {
		s->report->quirks |= IMR_QUIRK_BASIC_CHANNEL;
		*number = 0;
		return IMR_OK;
	}
	if (st != IMR_OK)
		return st == IMR_E_NONE ? IMR_E_REFUSED : st;
	if (got != 1 || given == 0 || given > CHANNEL_MAX)
		return IMR_E_DAMAGED;
	*number = given;
	s->cla = given < 4 ? given : (uint8_t)(0x40 | (given - 4));
	return IMR_OK;
}

/* Leave channel 0 as it was found; what the card says no longer matters. */
static void close_channel(struct imr_session *s, uint8_t number)
{
	uint8_t close[] = { 0x00, MANAGE_CHANNEL, 0x80, number };
	uint8_t select_mf[] = { 0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00 };
	size_t got;

	s->apdus_max++;
	if (number)
		(void)imr_exchange(s, close, sizeof close, NULL, 0, &got);
	else
		(void)imr_exchange(s, select_mf, sizeof select_mf, NULL, 0, &got);
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

static enum imr_status read_directory_file(
	struct imr_session *s, const struct imr_path *path, struct imp_span *content)
{
	const struct imr_config *config = s->config;
	struct imr_file file;
	enum imr_status st = imr_open(s, path, &file);
	size_t n;

	if (st != IMR_OK)
		return st;
	n = file.size < config->size ? file.size : config->size;
	content->p = config->buffer;
	return imr_read(s, path, &file, 0, config->buffer, n, &content->n);
}

static enum imr_status copy_path(struct imp_span fids, struct imr_path *path)
{
	if (fids.n < 2 || fids.n > IMR_PATH_MAX)
		return IMR_E_DAMAGED;
	path->n = (uint8_t)fids.n;
	memcpy(path->b, fids.p, fids.n);
	return IMR_OK;
}

/* The index-th DODF of EF(ODF) as a path, or, *entries not empty, as what it would hold. */
static enum imr_status find_dodf(
	struct imp_span odf, unsigned index, struct imr_path *path, struct imp_span *entries)
{
	struct imp_rd rd = imp_rd(odf);
	struct imp_p15_odf found;
	enum imp_status st;

	do
		st = imp_p15_odf_next(&rd, &found);
	while (st == IMP_OK && index-- > 0);
	if (st != IMP_OK)
		return st == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED;
	*entries = found.objects;
	return found.objects.n ? IMR_OK : copy_path(found.path.fids, path);
}

/* The part of a file that holds the payload. */
struct part {
	struct imr_path path;
	uint32_t index, length;
};

static enum imr_status find_object(struct imp_span dodf, struct part *part, uint32_t *quirks)
{
	struct imp_rd rd = imp_rd(dodf);
	struct imp_p15_object object;
	enum imp_status st;

	do
		st = imp_p15_dodf_next(&rd, &object);
	while (st == IMP_OK && !(imp_p15_is_bootstrap(&object) && object.path.fids.n));
	if (st != IMP_OK)
		return st == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED;
	if (object.wrapped_twice)
		*quirks |= IMR_QUIRK_OID_TWICE;
	part->index = object.path.part ? object.path.index : 0;
	part->length = object.path.part ? object.path.length : IMP_FCP_NO_SIZE;
	return copy_path(object.path.fids, &part->path);
}

/* Octets to read, by the first ones: 4 + size, never the filling behind them (A.7). */
static size_t extent(const struct imr_config *config, struct imp_span head, size_t size)
{
	size_t n = imp_ef_extent(head);

	if (n && n <= size)
		return n;
	if (config->options & IMR_OPT_LENIENT && head.n && head.p[0] >> 6 == IMP_TLV_RESOURCE)
		return size < config->size ? size : config->size;
	return n ? n : head.n;
}

static enum imr_status read_payload(
	struct imr_session *s, const struct part *part, struct imp_span *payload)
{
	const struct imr_config *config = s->config;
	uint8_t *buffer = config->buffer;
	struct imr_file file;
	enum imr_status st = imr_open(s, &part->path, &file);
	size_t size, n, got, more = 0;

	if (st != IMR_OK)
		return st;
	size = part->length;
	if (file.size != IMP_FCP_NO_SIZE)
		size = file.size < part->index ? 0 : file.size - part->index;
	if (size > part->length)
		size = part->length;
	n = size < FIRST_CHUNK ? size : FIRST_CHUNK;
	n = n < config->size ? n : config->size;
	st = imr_read(s, &part->path, &file, part->index, buffer, n, &got);
	if (st != IMR_OK)
		return st;
	n = extent(config, imp_span(buffer, got), size);
	if (n > size)
		return IMR_E_DAMAGED;
	if (n > config->size)
		return IMR_E_SPACE;
	if (n > got)
		st = imr_read(s, &part->path, &file, part->index + (uint32_t)got, buffer + got,
			n - got, &more);
	*payload = imp_span(buffer, n < got + more ? n : got + more);
	return st;
}

static enum imr_status load_dodf(struct imr_session *s, unsigned index, bool *last)
{
	static const struct imr_path odf = { 2, { 0x50, 0x31 } };
	const struct imr_config *config = s->config;
	struct imp_span content, entries;
	struct part part;
	enum imr_status st = read_directory_file(s, &odf, &content);

	*last = st != IMR_OK;
	if (st == IMR_OK) {
		st = find_dodf(content, index, &part.path, &entries);
		*last = st != IMR_OK;
	}
	if (st == IMR_OK && entries.n == 0)
		st = read_directory_file(s, &part.path, &entries);
	if (st == IMR_OK)
		st = find_object(entries, &part, &s->report->quirks);
	if (st == IMR_OK)
		st = read_payload(s, &part, &content);
	if (st != IMR_OK)
		return st;
	st = imr_payload(content.p, content.n, config->options, config->visit, config->ctx);
	if (st == IMR_OK) {
		s->report->length = content.n;
		if (imp_ef_extent(content) != content.n)
			s->report->quirks |= IMR_QUIRK_NO_HEADER;
	}
	return st;
}

/* Every DODF in the order of the ODF (S12), until one leads to a payload. */
static enum imr_status load_application(struct imr_session *s)
{
	enum imr_status kept = IMR_E_NONE;
	bool last = false;

	for (unsigned i = 0; i < DODFS_MAX && !last; i++) {
		enum imr_status st = load_dodf(s, i, &last);

		if (st == IMR_OK || st == IMR_E_STOPPED || st == IMR_E_IO || st == IMR_E_LIMIT)
			return st;
		if (kept == IMR_E_NONE)
			kept = st;
	}
	return kept;
}

static enum imr_status load_channel(struct imr_session *s)
{
	struct imr_file adf;
	enum imr_status st = imr_select(s, BY_AID, imp_span(imp_p15_aid, sizeof imp_p15_aid), &adf);

	if (st != IMR_OK)
		return st;
	if (adf.kind != IMP_FCP_DF && adf.kind != IMP_FCP_OTHER)
		return IMR_E_DAMAGED; /* a file answered instead (A.11) */
	s->keys_n = adf.keys_n;
	memcpy(s->keys, adf.keys, adf.keys_n);
	return load_application(s);
}

enum imr_status imr_load_card(const struct imr_config *config, struct imr_report *report)
{
	struct imr_session s = {
		.config = config, .report = report, .apdus_max = IMR_APDUS_MAX, .chunk = FIRST_CHUNK
	};
	uint8_t channel = 0;
	enum imr_status st = directory(&s);

	if (st == IMR_OK)
		st = open_channel(&s, &channel);
	if (st == IMR_OK) {
		st = load_channel(&s);
		close_channel(&s, channel);
	}
	if (st == IMR_OK) {
		report->source = IMR_FROM_CARD;
		report->card_sw = 0;
	}
	report->card = st;
	return st;
}
