/* SPDX-License-Identifier: Apache-2.0 */
/* The way to EF(LwM2M_Bootstrap): Appendix G of the Core TS, ref card.md A.2. */
#include "reader/session.h"

#include "codec/ef.h"
#include "codec/fcp.h"
#include "codec/p15.h"

#include <string.h>

#define RECORDS_MAX 254
#define CHANNEL_MAX 19

static const uint8_t fid_of_dir[] = { 0x2F, 0x00 };
static const uint8_t fid_of_odf[] = { 0x50, 0x31 };

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
	uint32_t what = IMR_READ_RECORD | IMR_P2(p2);

	for (unsigned i = 1; i <= RECORDS_MAX; i++) {
		what += IMR_P1(1);
		imr_command(s, what, 0);
		if (s->st != IMR_GOOD || application(s, s->answer))
			return;
		what = (what & ~0xFFU) | s->cmd[4]; /* the Le that T=0 wanted */
	}
	s->st = IMR_E_NONE;
}

static void directory(struct imr_session *s)
{
	s->at = 0;
	records(s, 0x1E << 3); /* by its SFI */
	if (s->sw == IMR_SW_NO_RECORD || !imr_forgive(s, s->sw))
		return;
	imr_open_at(s, imp_span(fid_of_dir, sizeof fid_of_dir));
	if (!imp_fcp_is_transparent(imr_descriptor(s))) {
		records(s, 0);
		return;
	}
	s->report->quirks |= IMR_QUIRK_DIR_BINARY;
	if (!application(s, imr_read_all(s)))
		imr_fail(s, IMR_E_NONE);
}

/* ---- channel -----------------------------------------------------------------------------------
 */

void imr_open_channel(struct imr_session *s)
{
	unsigned given;

	s->channel = 0;
	if (s->st != IMR_GOOD)
		return; /* nothing that the basic channel would mend */
	s->at = 0;
	imr_command(s, IMR_OPEN_CHANNEL, 0);
	if (s->config->options & IMR_OPT_BASIC_CHANNEL && imr_forgive(s, s->sw)) {
		s->report->quirks |= IMR_QUIRK_BASIC_CHANNEL;
		return;
	}
	if (s->st != IMR_GOOD)
		return;
	given = s->buffer[0];
	if (s->answer.n != 1 || given - 1 >= CHANNEL_MAX) {
		s->st = IMR_E_DAMAGED;
		return;
	}
	s->channel = (uint8_t)given;
	s->cla = (uint8_t)(given < 4 ? given : given + 0x40 - 4);
}

void imr_close_channel(struct imr_session *s)
{
	uint32_t what = IMR_CLOSE_CHANNEL | IMR_P2(s->channel);
	enum imr_status st = s->st;
	unsigned lc = IMR_NO_LE;

	if (!s->channel) {
		what = IMR_SELECT | IMR_P2(0x08); /* the MF, without FCP */
		lc = 2 | IMR_NO_LE;
		s->cmd[IMR_CMD_DATA] = 0x3F;
		s->cmd[IMR_CMD_DATA + 1] = 0x00;
	}
	s->apdus_max = IMR_APDUS_MAX + 1;
	s->st = IMR_GOOD; /* the answer goes behind what was read */
	s->cla = 0;
	imr_command(s, what, lc);
	s->st = st;
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* What the index-th entry of EF(ODF) points to, or holds itself.  Fails with *last when there is
 * none, and none behind it. */
static IMR_APART struct imp_span dodf(struct imr_session *s, unsigned index, bool *last)
{
	struct imp_p15_odf found;
	struct imp_rd rd;

	imr_open_at(s, imp_span(fid_of_odf, sizeof fid_of_odf));
	rd = imp_rd(imr_read_all(s));
	do {
		enum imp_status st = imp_p15_odf_next(&rd, &found);

		if (st != IMP_OK) {
			*last = true;
			imr_fail(s, st == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED);
			return imp_span(NULL, 0);
		}
	} while (index-- > 0);
	if (found.objects.n)
		return found.objects;
	imr_open_at(s, found.path.fids);
	return imr_read_all(s);
}

void imr_read_payload(struct imr_session *s, uint32_t from, size_t size)
{
	size_t end, n;

	if (s->size < from)
		size = 0;
	else if (s->size - from < size)
		size = s->size - from;
	end = size < s->room ? size : s->room;
	s->at = 0;
	imr_read(s, from, end < IMR_CHUNK ? end : IMR_CHUNK);
	/* 4 + size, never the filling behind them (A.7); without a header all there is. */
	n = imp_ef_extent(imp_span(s->buffer, s->at));
	if (n == 0) {
		if (!s->config->headerless)
			return;
		n = end;
	}
	if (n > size)
		n = size; /* cut: imr_deliver() sees it */
	if (n > s->room)
		imr_fail(s, IMR_E_SPACE);
	imr_read(s, from, n);
	if (s->at > n)
		s->at = n;
}

/* Bring what a DODF points to into the buffer. */
static IMR_APART void fetch(struct imr_session *s, struct imp_span entries)
{
	struct imp_p15_path path;
	enum imp_status found;
	bool twice;

	found = imp_p15_find_bootstrap(entries, &path, &twice);
	if (found != IMP_OK) {
		imr_fail(s, found == IMP_E_ABSENT ? IMR_E_NONE : IMR_E_DAMAGED);
		return;
	}
	if (twice)
		s->report->quirks |= IMR_QUIRK_OID_TWICE;
	imr_open_at(s, path.fids);
	s->part = path.part;
	imr_read_payload(s, path.index, path.length);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

void imr_deliver(struct imr_session *s)
{
	const struct imr_config *config = s->config;
	struct imp_span file = imp_span(s->buffer, s->at);

	if (s->st != IMR_GOOD)
		return;
	s->report->length = file.n;
	if (file.n && imp_span_all(file, 0xFF)) {
		s->st = IMR_E_NONE; /* never written */
	} else if (config->headerless && imp_ef_extent(file) == 0) {
		s->report->quirks |= IMR_QUIRK_NO_HEADER;
		s->st = config->headerless(file.p, file.n, config->visit, config->ctx);
	} else {
		s->st = imr_ef(file, config->visit, config->ctx);
		if (s->st == IMR_GOOD)
			s->st = IMR_OK;
	}
}

/* Every DODF in the order of the ODF (S12), until one leads to a payload. */
static IMR_APART void load_application(struct imr_session *s)
{
	enum imr_status kept = IMR_E_NONE;
	bool last = false;
	unsigned i;

	imr_select_application(s, 0);
	i = imr_descriptor(s);
	if (i && !imp_fcp_is_df((uint8_t)i))
		imr_fail(s, IMR_E_DAMAGED); /* a file answered instead (A.11) */
	if (s->st != IMR_GOOD)
		return;
	i = 0;
	while (!last) {
		s->st = IMR_GOOD;
		fetch(s, dodf(s, i, &last));
		if (imr_retry(s))
			continue; /* the same once more */
		imr_deliver(s);
		/* OK and the visitor's stop among them */
		if (s->st > IMR_E_REFUSED || s->st == IMR_E_IO)
			return;
		if (kept == IMR_E_NONE)
			kept = s->st;
		i++;
	}
	s->st = kept;
}

void imr_begin(struct imr_session *s, const struct imr_config *config, struct imr_report *report)
{
	memset(s, 0, sizeof *s);
	s->config = config;
	s->report = report;
	s->buffer = config->buffer;
	s->room = config->size - IMR_CARD_ROOM;
	s->st = IMR_GOOD;
	s->chunk = IMR_CHUNK;
	s->apdus_max = IMR_APDUS_MAX;
}

void imr_search(struct imr_session *s)
{
	directory(s);
	imr_open_channel(s);
	if (s->st != IMR_GOOD)
		return;
	load_application(s);
	imr_close_channel(s);
}

enum imr_status imr_end(const struct imr_session *s)
{
	struct imr_report *report = s->report;

	report->card = s->st;
	if (s->st == IMR_OK) {
		report->source = IMR_FROM_CARD;
		report->card_sw = 0;
	}
	return s->st;
}

enum imr_status imr_load_card(const struct imr_config *config, struct imr_report *report)
{
	struct imr_session s;

	imr_begin(&s, config, report);
	imr_search(&s);
	return imr_end(&s);
}
