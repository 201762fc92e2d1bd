/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a card: SELECT and READ BINARY (ref card.md A.5, A.6, A.7). */
#include "reader/session.h"

#include "codec/fcp.h"
#include "codec/p15.h"

#include <string.h>

#define BY_FID IMR_P1(0x00)
#define BY_AID IMR_P1(0x04)
#define BY_PATH IMR_P1(0x08)
#define P2_OF_NO_LE 4 /* bits from IMR_NO_LE to P2 0C in place of 04 */
#define OFFSET_MAX 0x7FFF
#define CHUNK_MIN 16

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

uint8_t imr_descriptor(const struct imr_session *s)
{
	struct imp_span v;

	return imp_der_get(&s->answer, IMP_FCP_DESCRIPTOR, &v) && v.n ? v.p[0] : 0;
}

/* Without an FCP, or with one that makes no sense, nothing is known. */
static void select(struct imr_session *s, uint32_t p1, unsigned lc)
{
	struct imp_span v;

	s->at = 0;
	imr_command(s, IMR_SELECT | p1 | (lc & IMR_NO_LE) << P2_OF_NO_LE, lc);
	if (imr_forgive(s, IMR_SW_WRONG_P1P2)) {
		lc |= IMR_NO_LE;
		imr_command(s, IMR_SELECT | p1 | IMR_NO_LE << P2_OF_NO_LE, lc);
	}
	imp_fcp_enter(&s->answer);
	s->size = IMP_FCP_NO_SIZE;
	if (imp_der_get(&s->answer, IMP_FCP_SIZE, &v))
		(void)!imp_der_unsigned(v, &s->size);
}

void imr_select_application(struct imr_session *s, unsigned no_le)
{
	memcpy(s->cmd + IMR_CMD_DATA, imp_p15_aid, sizeof imp_p15_aid);
	select(s, BY_AID, sizeof imp_p15_aid | no_le);
}

void imr_open(struct imr_session *s)
{
	uint8_t *path = s->cmd + IMR_CMD_DATA;
	struct imp_span v;

	select(s, BY_PATH, s->path_n);
	if (imr_forgive(s, s->sw)) {
		memmove(path, path + s->path_n - 2, 2);
		s->path_n = 2;
		select(s, BY_FID, 2);
	}
	if (imp_der_get(&s->answer, IMP_FCP_FID, &v) && v.n >= 2 &&
		memcmp(v.p, path + s->path_n - 2, 2) != 0)
		s->report->quirks |= IMR_QUIRK_FCP_FID;
}

void imr_path(struct imr_session *s, struct imp_span fids)
{
	uint8_t *to = s->cmd + IMR_CMD_DATA;

	if (fids.n - 2 > IMR_DATA_MAX - 4) {
		imr_fail(s, IMR_E_DAMAGED);
		return;
	}
	s->path_n = (uint8_t)fids.n;
	if (fids.p[0] != 0x2F && fids.p[0] != 0x3F && be16(fids.p) != 0x7FFF) {
		*to++ = 0x7F; /* 7FFF stands for the application */
		*to++ = 0xFF;
		s->path_n += 2;
	}
	memcpy(to, fids.p, fids.n);
}

void imr_open_at(struct imr_session *s, struct imp_span fids)
{
	imr_path(s, fids);
	imr_open(s);
}

void imr_read(struct imr_session *s, uint32_t from, size_t n)
{
	while (s->st == IMR_GOOD && s->at < n) {
		size_t ask = n - s->at;
		uint32_t offset = from + (uint32_t)s->at;

		if (offset > OFFSET_MAX)
			return;
		if (ask > s->chunk)
			ask = s->chunk;
		imr_command(s, IMR_READ_BINARY | IMR_P2(offset | s->by_sfi) | (uint8_t)ask, 0);
		if (ask > CHUNK_MIN && imr_forgive(s, IMR_SW_WRONG_LENGTH)) {
			s->chunk = (uint16_t)(ask / 2);
			continue;
		}
		if (imr_forgive(s, IMR_SW_WRONG_OFFSET))
			return; /* the file ended just before */
		if (s->st != IMR_GOOD)
			return;
		s->by_sfi = 0;
		s->at += s->answer.n;
		if (s->at > n) {
			s->st = IMR_E_DAMAGED;
			s->at = n;
		}
		if (s->answer.n == 0 || s->sw == 0x6282)
			return;
	}
}

struct imp_span imr_read_all(struct imr_session *s)
{
	s->at = 0;
	imr_read(s, 0, s->size < s->room ? s->size : s->room);
	return imp_span(s->buffer, s->at);
}
