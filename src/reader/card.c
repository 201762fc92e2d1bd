/* SPDX-License-Identifier: Apache-2.0 */
/* The way to EF(LwM2M_Bootstrap): Appendix G of the Core TS, ref card.md A.2. */
#include "reader/session.h"

#include "codec/ef.h"
#include "codec/fcp.h"
#include "codec/p15.h"

#define RECORDS_MAX 254
#define CHANNEL_MAX 19

/* Their frames need not be there while others run. */
#define NOT_INLINED __attribute__((noinline))

static const uint8_t path_of_dir[] = { 0x3F, 0x00, 0x2F, 0x00 };
static const uint8_t path_of_odf[] = { 0x50, 0x31 };

/* ---- EF(DIR) -----------------------------------------------------------------------------------
 */

/* Is the PKCS#15 application among these templates? */
static bool application(struct imr_session *s, struct imp_span dir)
{
	bool has_path;

	if (imp_p15_find_app(dir, &has_path) != IMP_OK)
		return false;
	if (!has_path)
		s->report->quirks |= IMR_QUIRK_DIR_NO_PATH;
	return true;
}

/* Records from the first one until there are no more; p2 says of which file. */
static void records(struct imr_session *s, unsigned p2)
{
	unsigned le = 0;

	for (unsigned i = 1; i <= RECORDS_MAX; i++) {
		imr_command(s, IMR_READ_RECORD | IMR_P1(i) | p2, 0, le);
		if (s->st != IMR_GOOD || application(s, s->answer))
			return;
		le = s->cmd[4]; /* what T=0 wanted */
	}
	s->st = IMR_E_NONE;
}

static void directory(struct imr_session *s)
{
	records(s, 0x1E << 3); /* by its SFI */
	if (s->sw == IMR_SW_NO_RECORD || !imr_forgive(s, s->sw))
		return;
	imr_path(s, imp_span(path_of_dir, sizeof path_of_dir));
	imr_open(s);
	if (!imp_fcp_is_transparent(s->descriptor)) {
		records(s, 0);
		return;
	}
	s->report->quirks |= IMR_QUIRK_DIR_BINARY;
	if (!application(s, imr_read_all(s)) && s->st == IMR_GOOD)
		s->st = IMR_E_NONE;
}

/* ---- channel -----------------------------------------------------------------------------------
 */

/* The channel that the card gives, never a fixed one.  0: the basic channel. */
static uint8_t open_channel(struct imr_session *s)
{
	unsigned given;

	s->at = 0;
	imr_command(s, IMR_MANAGE_CHANNEL, 0, 1);
	if (s->config->options & IMR_OPT_BASIC_CHANNEL && imr_forgive(s, s->sw)) {
		s->report->quirks |= IMR_QUIRK_BASIC_CHANNEL;
		return 0;
	}
	if (s->st != IMR_GOOD)
		return 0;
	given = s->buffer[0];
	if (s->answer.n != 1 || given - 1 >= CHANNEL_MAX) {
		s->st = IMR_E_DAMAGED;
		return 0;
	}
	s->cla = (uint8_t)(given < 4 ? given : 0x40 | (given - 4));
	return (uint8_t)given;
}

/* Leave channel 0 as it was found; what the card says no longer matters. */
static void close_channel(struct imr_session *s, uint8_t number)
{
	s->apdus_max++;
	s->st = IMR_GOOD;
	s->at = 0;
	s->cla = 0;
	s->cmd[IMR_CMD_DATA] = 0x3F;
	s->cmd[IMR_CMD_DATA + 1] = 0x00;
	if (number)
		imr_command(s, IMR_MANAGE_CHANNEL | IMR_P1(0x80) | number, 0, IMR_NO_LE);
	else
		imr_command(s, IMR_SELECT | 0x08, 2, IMR_NO_LE); /* the MF, without FCP */
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* What the index-th entry of EF(ODF) points to, or holds itself.  *last: there is none, and none
 * behind it. */
static NOT_INLINED struct imp_span dodf(struct imr_session *s, unsigned index, bool *last)
{
	struct imp_p15_odf found;
	struct imp_rd rd;

	imr_path(s, imp_span(path_of_odf, sizeof path_of_odf));
	imr_open(s);
	rd = imp_rd(imr_read_all(s));
	do {
		enum imp_status st = imp_p15_odf_next(&rd, &found);

		if (st == IMP_OK)
			continue;
		*last = true;
		if (s->st == IMR_GOOD)
			s->st = st == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED;
		return imp_span(NULL, 0);
	} while (index-- > 0);
	if (found.objects.n)
		return found.objects;
	imr_path(s, found.path.fids);
	imr_open(s);
	return imr_read_all(s);
}

static bool no_header(const struct imr_session *s)
{
	return s->config->headerless && imr_has_no_header(imp_span(s->buffer, s->at));
}

/* The opened file, from offset from on and at most size octets, up to the end of the payload. */
static void payload(struct imr_session *s, uint32_t from, size_t size)
{
	size_t room = s->config->size - IMR_CARD_ROOM, n;

	if (s->size < from)
		size = 0;
	else if (s->size - from < size)
		size = s->size - from;
	n = size < IMR_CHUNK ? size : IMR_CHUNK;
	s->at = 0;
	imr_read(s, from, n < room ? n : room);
	/* 4 + size, never the filling behind them (A.7); without a header all there is. */
	n = no_header(s) ? size : imp_ef_extent(imp_span(s->buffer, s->at));
	if (n == 0)
		n = s->at;
	if (n == IMP_FCP_NO_SIZE)
		n = room; /* no header, and no size from the card: what there is */
	if (s->st == IMR_GOOD && n > size)
		s->st = IMR_E_DAMAGED;
	if (s->st == IMR_GOOD && n > room)
		s->st = IMR_E_SPACE;
	if (n > s->at)
		imr_read(s, from + (uint32_t)s->at, n - s->at);
	else
		s->at = n;
}

/* Bring what a DODF points to into the buffer. */
static NOT_INLINED void fetch(struct imr_session *s, struct imp_span entries)
{
	struct imp_p15_path path;
	enum imp_status found;
	bool twice;

	if (s->st != IMR_GOOD)
		return;
	found = imp_p15_find_bootstrap(entries, &path, &twice);
	if (found != IMP_OK) {
		s->st = found == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED;
		return;
	}
	if (twice)
		s->report->quirks |= IMR_QUIRK_OID_TWICE;
	imr_path(s, path.fids);
	imr_open(s);
	payload(s, path.index, path.length);
}

/* Check and hand over what is in the buffer. */
static void deliver(struct imr_session *s)
{
	const struct imr_config *config = s->config;

	if (s->st != IMR_GOOD)
		return;
	if (no_header(s)) {
		s->st = config->headerless(s->buffer, s->at, config->visit, config->ctx);
		s->report->quirks |= IMR_QUIRK_NO_HEADER;
	} else {
		s->st = imr_padded(imp_span(s->buffer, s->at), config->visit, config->ctx);
		if (s->st == IMR_GOOD)
			s->st = IMR_OK;
	}
	s->report->length = s->at;
}

/* Every DODF in the order of the ODF (S12), until one leads to a payload. */
static NOT_INLINED void load_application(struct imr_session *s)
{
	enum imr_status kept = IMR_E_NONE;
	bool last = false;
	unsigned i = 0;

	imr_select_application(s);
	if (s->st == IMR_GOOD && s->descriptor && !imp_fcp_is_df(s->descriptor))
		s->st = IMR_E_DAMAGED; /* a file answered instead (A.11) */
	if (s->st != IMR_GOOD)
		return;
	while (!last) {
		s->st = IMR_GOOD;
		fetch(s, dodf(s, i, &last));
		deliver(s);
		if (s->sw == IMR_SW_SECURITY && s->st == IMR_E_REFUSED && !s->pin_tried) {
			imr_pin(s);
			if (s->st == IMR_GOOD)
				continue; /* the same once more */
		}
		if (s->st == IMR_OK || s->st == IMR_E_STOPPED || s->st == IMR_E_IO ||
			s->st == IMR_E_LIMIT)
			return;
		if (kept == IMR_E_NONE)
			kept = s->st;
		i++;
	}
	s->st = kept;
}

enum imr_status imr_load_card(const struct imr_config *config, struct imr_report *report)
{
	struct imr_session s = { .config = config,
		.report = report,
		.buffer = config->buffer,
		.apdus_max = IMR_APDUS_MAX,
		.chunk = IMR_CHUNK };
	uint8_t channel;

	directory(&s);
	channel = s.st == IMR_GOOD ? open_channel(&s) : 0;
	report->card = s.st;
	if (s.st == IMR_GOOD) {
		load_application(&s);
		report->card = s.st;
		close_channel(&s, channel);
	}
	if (report->card == IMR_OK) {
		report->source = IMR_FROM_CARD;
		report->card_sw = 0;
	}
	return report->card;
}
