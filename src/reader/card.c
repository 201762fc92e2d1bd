/* SPDX-License-Identifier: Apache-2.0 */
/* The way to EF(LwM2M_Bootstrap): Appendix G of the Core TS, ref card.md A.2. */
#include "reader/session.h"

#include "codec/ef.h"
#include "codec/fcp.h"
#include "codec/p15.h"
#include "codec/tlv.h"

#define RECORDS_MAX 254
#define DODFS_MAX 8
#define CHANNEL_MAX 19

static const uint8_t path_of_dir[] = { 0x3F, 0x00, 0x2F, 0x00 };
static const uint8_t path_of_odf[] = { 0x50, 0x31 };

/* ---- EF(DIR) -----------------------------------------------------------------------------------
 */

/* Is the PKCS#15 application among these templates? */
static enum imr_status application(struct imr_session *s, struct imp_span dir)
{
	struct imp_p15_app app;

	if (imp_p15_find_app(dir, &app) != IMP_OK)
		return IMR_E_NONE;
	if (app.path.n == 0)
		s->report->quirks |= IMR_QUIRK_DIR_NO_PATH;
	return IMR_GOOD;
}

/* Records from the first one until there are no more; p2 says of which file. */
static enum imr_status records(struct imr_session *s, unsigned p2)
{
	enum imr_status st;

	for (unsigned i = 1; i <= RECORDS_MAX; i++) {
		st = imr_command(s, IMR_READ_RECORD | IMR_P1(i) | p2, 0, s->record_length);
		if (st != IMR_GOOD)
			return st;
		st = application(s, imp_span(s->config->buffer, s->got));
		if (st == IMR_GOOD)
			return st;
		s->record_length = s->cmd[4];
	}
	return IMR_E_NONE;
}

static enum imr_status directory(struct imr_session *s)
{
	enum imr_status st = records(s, 0x1E << 3); /* by its SFI */
	struct imp_span content;

	if (st != IMR_E_REFUSED && (st != IMR_E_NONE || s->sw == IMR_SW_NO_RECORD))
		return st;
	(void)imr_path(s, imp_span(path_of_dir, sizeof path_of_dir));
	st = imr_open(s);
	if (st != IMR_GOOD)
		return st;
	if (s->kind != IMP_FCP_TRANSPARENT)
		return records(s, 0);
	s->report->quirks |= IMR_QUIRK_DIR_BINARY;
	st = imr_read_all(s, &content);
	return st == IMR_GOOD ? application(s, content) : st;
}

/* ---- channel -----------------------------------------------------------------------------------
 */

/* The channel that the card gives, never a fixed one.  *number 0: basic channel. */
static enum imr_status open_channel(struct imr_session *s, uint8_t *number)
{
	enum imr_status st;
	unsigned given;

	s->at = 0;
	st = imr_command(s, IMR_MANAGE_CHANNEL, 0, 1);
	given = s->config->buffer[0];
	if (st == IMR_E_NONE)
		st = IMR_E_REFUSED;
	if (st == IMR_E_REFUSED && s->config->options & IMR_OPT_BASIC_CHANNEL) {
		s->report->quirks |= IMR_QUIRK_BASIC_CHANNEL;
		return IMR_GOOD;
	}
	if (st != IMR_GOOD)
		return st;
	if (s->got != 1 || given == 0 || given > CHANNEL_MAX)
		return IMR_E_DAMAGED;
	*number = (uint8_t)given;
	s->cla = (uint8_t)(given < 4 ? given : 0x40 | (given - 4));
	return IMR_GOOD;
}

/* Leave channel 0 as it was found; what the card says no longer matters. */
static void close_channel(struct imr_session *s, uint8_t number)
{
	s->apdus_max++;
	s->at = 0;
	s->cla = 0;
	s->cmd[IMR_CMD_DATA] = 0x3F;
	s->cmd[IMR_CMD_DATA + 1] = 0x00;
	if (number)
		(void)imr_command(s, IMR_MANAGE_CHANNEL | IMR_P1(0x80) | number, 0, IMR_NO_LE);
	else
		(void)imr_command(s, IMR_SELECT | 0x08, 2, IMR_NO_LE); /* the MF, without FCP */
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* Read what the index-th entry of EF(ODF) points to, or holds itself.  *last: there is none, and
 * none behind it. */
static enum imr_status dodf(
	struct imr_session *s, unsigned index, struct imp_span *entries, bool *last)
{
	struct imp_p15_odf found;
	struct imp_rd rd;
	enum imr_status st;

	*last = true;
	(void)imr_path(s, imp_span(path_of_odf, sizeof path_of_odf));
	st = imr_open(s);
	if (st == IMR_GOOD)
		st = imr_read_all(s, entries);
	if (st != IMR_GOOD)
		return st;
	rd = imp_rd(*entries);
	do {
		enum imp_status next = imp_p15_odf_next(&rd, &found);

		if (next != IMP_OK)
			return next == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED;
	} while (index-- > 0);
	*last = false;
	*entries = found.objects;
	if (entries->n)
		return IMR_GOOD;
	st = imr_path(s, found.path.fids);
	if (st == IMR_GOOD)
		st = imr_open(s);
	return st == IMR_GOOD ? imr_read_all(s, entries) : st;
}

/* Octets to read, by the first ones: 4 + size, never the filling behind them (A.7). */
static size_t extent(const struct imr_session *s, size_t size)
{
	struct imp_span head = imp_span(s->config->buffer, s->at);
	size_t n = imp_ef_extent(head);

	if (n && n <= size)
		return n;
	if (s->config->options & IMR_OPT_LENIENT && head.n && head.p[0] >> 6 == IMP_TLV_RESOURCE)
		return size;
	return n ? n : head.n;
}

/* The file, from offset from on and at most size octets, up to the end of the payload in it. */
static enum imr_status payload(struct imr_session *s, uint32_t from, size_t size)
{
	size_t room = s->config->size - IMR_CARD_ROOM, n;
	enum imr_status st = imr_open(s);

	if (st != IMR_GOOD)
		return st;
	if (s->size < from)
		size = 0;
	else if (s->size != IMP_FCP_NO_SIZE && s->size - from < size)
		size = s->size - from;
	n = size < IMR_CHUNK ? size : IMR_CHUNK;
	s->at = 0;
	st = imr_read(s, from, n < room ? n : room);
	if (st != IMR_GOOD)
		return st;
	n = extent(s, size);
	if (n > size)
		return IMR_E_DAMAGED;
	if (n == IMP_FCP_NO_SIZE)
		n = room; /* no header, and no size from the card: what there is */
	if (n > room)
		return IMR_E_SPACE;
	if (n > s->at)
		st = imr_read(s, from + (uint32_t)s->at, n - s->at);
	if (s->at > n)
		s->at = n;
	return st;
}

static enum imr_status load_dodf(struct imr_session *s, unsigned index, bool *last)
{
	const struct imr_config *config = s->config;
	struct imp_p15_path path;
	struct imp_span entries;
	enum imr_status st = dodf(s, index, &entries, last);
	enum imp_status found;
	bool twice = false;

	if (st != IMR_GOOD)
		return st;
	found = imp_p15_find_bootstrap(entries, &path, &twice);
	if (found != IMP_OK)
		return found == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED;
	st = imr_path(s, path.fids);
	if (st == IMR_GOOD)
		st = payload(
			s, path.part ? path.index : 0, path.part ? path.length : IMP_FCP_NO_SIZE);
	if (st != IMR_GOOD)
		return st;
	st = imr_payload(config->buffer, s->at, config->options, config->visit, config->ctx);
	if (st != IMR_OK)
		return st;
	if (twice)
		s->report->quirks |= IMR_QUIRK_OID_TWICE;
	if (imp_ef_extent(imp_span(config->buffer, s->at)) != s->at)
		s->report->quirks |= IMR_QUIRK_NO_HEADER;
	s->report->length = s->at;
	return IMR_OK;
}

/* Every DODF in the order of the ODF (S12), until one leads to a payload. */
static enum imr_status load_application(struct imr_session *s)
{
	enum imr_status st = imr_select_application(s), kept = IMR_E_NONE;
	bool last = false;

	if (st != IMR_GOOD)
		return st;
	if (s->kind != IMP_FCP_DF && s->kind != IMP_FCP_OTHER)
		return IMR_E_DAMAGED; /* a file answered instead (A.11) */
	for (unsigned i = 0; i < DODFS_MAX && !last; i++) {
		st = load_dodf(s, i, &last);
		if (st == IMR_E_REFUSED && s->sw == IMR_SW_SECURITY && !s->pin_tried) {
			st = imr_pin(s);
			if (st == IMR_GOOD)
				st = load_dodf(s, i, &last);
		}
		if (st == IMR_OK || st == IMR_E_STOPPED || st == IMR_E_IO || st == IMR_E_LIMIT)
			return st;
		if (kept == IMR_E_NONE)
			kept = st;
	}
	return kept;
}

enum imr_status imr_load_card(const struct imr_config *config, struct imr_report *report)
{
	struct imr_session s = {
		.config = config, .report = report, .apdus_max = IMR_APDUS_MAX, .chunk = IMR_CHUNK
	};
	uint8_t channel = 0;
	enum imr_status st;

	if (config->size < IMR_CARD_ROOM + IMR_BUFFER_MIN)
		return report->card = IMR_E_SPACE;
	st = directory(&s);
	if (st == IMR_GOOD)
		st = open_channel(&s, &channel);
	if (st == IMR_GOOD) {
		st = load_application(&s);
		close_channel(&s, channel);
	}
	if (st == IMR_OK) {
		report->source = IMR_FROM_CARD;
		report->card_sw = 0;
	}
	report->card = st;
	return st;
}
