/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a card: SELECT and READ BINARY (ref card.md A.5, A.6, A.7). */
#include "reader/session.h"

#include "codec/fcp.h"
#include "codec/p15.h"

#include <string.h>

#define BY_FID 0x00
#define BY_AID 0x04
#define BY_PATH 0x08
#define NO_ANSWER 0x08 /* P2 0C instead of 04 */
#define OFFSET_MAX 0x7FFF
#define CHUNK_FALLBACK 128
#define CHUNK_MIN 16

/* Without an FCP, or with one that makes no sense, nothing is known and SW alone decides. */
static void describe(struct imr_session *s)
{
	struct imp_span v;

	s->size = IMP_FCP_NO_SIZE;
	s->descriptor = 0;
	if (imp_fcp_find(s->answer, IMP_FCP_SIZE, &v) == IMP_OK)
		(void)!imp_der_unsigned(v, &s->size);
	if (imp_fcp_find(s->answer, IMP_FCP_DESCRIPTOR, &v) == IMP_OK && v.n)
		s->descriptor = v.p[0];
}

static void select(struct imr_session *s, unsigned p1, const uint8_t *name, size_t n)
{
	unsigned header = IMR_SELECT | IMR_P1(p1);

	s->at = 0;
	memcpy(s->cmd + IMR_CMD_DATA, name, n);
	imr_command(s, header, n, 0);
	if (imr_forgive(s, IMR_SW_WRONG_P1P2))
		imr_command(s, header | NO_ANSWER, n, IMR_NO_LE);
	describe(s);
}

void imr_select_application(struct imr_session *s)
{
	select(s, BY_AID, imp_p15_aid, sizeof imp_p15_aid);
}

void imr_open(struct imr_session *s)
{
	const uint8_t *fid = s->path + s->path_n - 2;
	struct imp_span v;

	if (s->st != IMR_GOOD)
		return;
	select(s, BY_PATH, s->path, s->path_n);
	if (imr_forgive(s, s->sw))
		select(s, BY_FID, fid, 2);
	if (s->st == IMR_GOOD && imp_fcp_find(s->answer, IMP_FCP_FID, &v) == IMP_OK &&
		!imp_span_eq(v, imp_span(fid, 2)))
		s->report->quirks |= IMR_QUIRK_FCP_FID;
}

void imr_path(struct imr_session *s, struct imp_span fids)
{
	uint8_t *to = s->path;

	if (fids.n < 2 || fids.n > sizeof s->path - 2) {
		s->st = IMR_E_DAMAGED;
		return;
	}
	if (fids.p[0] == 0x3F && fids.p[1] == 0x00) {
		fids.p += 2; /* a path from the MF is given without it */
		fids.n -= 2;
	} else if (fids.p[0] != 0x7F || fids.p[1] != 0xFF) {
		*to++ = 0x7F; /* 7FFF stands for the application */
		*to++ = 0xFF;
	}
	memcpy(to, fids.p, fids.n);
	s->path_n = (uint8_t)((size_t)(to - s->path) + fids.n);
}

void imr_read(struct imr_session *s, uint32_t from, size_t n)
{
	while (n && s->st == IMR_GOOD) {
		size_t ask = n < s->chunk ? n : s->chunk;

		imr_command(s, IMR_READ_BINARY | from, 0, (uint8_t)ask);
		if (ask > CHUNK_MIN && imr_forgive(s, IMR_SW_WRONG_LENGTH)) {
			s->chunk = ask > CHUNK_FALLBACK ? CHUNK_FALLBACK : (uint16_t)(ask / 2);
			continue;
		}
		if (imr_forgive(s, IMR_SW_WRONG_OFFSET))
			break; /* the file ended just before */
		if (s->answer.n > n || from > OFFSET_MAX)
			s->st = IMR_E_DAMAGED;
		if (s->st != IMR_GOOD)
			break;
		s->at += s->answer.n;
		from += (uint32_t)s->answer.n;
		n -= s->answer.n;
		if (s->answer.n == 0 || s->sw == 0x6282)
			break;
	}
}

struct imp_span imr_read_all(struct imr_session *s)
{
	size_t room = s->config->size - IMR_CARD_ROOM;

	s->at = 0;
	imr_read(s, 0, s->size < room ? s->size : room);
	return imp_span(s->buffer, s->at);
}
