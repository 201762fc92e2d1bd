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

static struct imp_span fcp(const struct imr_session *s)
{
	return imp_span(s->config->buffer + s->at, s->got);
}

/* Without an FCP, or with one that makes no sense, nothing is known and SW alone decides. */
static void describe(struct imr_session *s)
{
	struct imp_span v;

	s->size = IMP_FCP_NO_SIZE;
	s->kind = IMP_FCP_OTHER;
	s->record_length = 0;
	if (imp_fcp_find(fcp(s), IMP_FCP_SIZE, &v) == IMP_OK && v.n - 1 < 4) {
		struct imp_rd rd = imp_rd(v);

		s->size = imp_rd_be(&rd, v.n);
	}
	if (imp_fcp_find(fcp(s), IMP_FCP_DESCRIPTOR, &v) == IMP_OK && v.n) {
		s->kind = (uint8_t)imp_fcp_kind(v.p[0]);
		if (v.n > 3)
			s->record_length = v.p[3];
	}
}

static enum imr_status select(struct imr_session *s, unsigned p1, const uint8_t *name, size_t n)
{
	unsigned header = IMR_SELECT | IMR_P1(p1);
	enum imr_status st;

	s->at = 0;
	memcpy(s->cmd + IMR_CMD_DATA, name, n);
	st = imr_command(s, header, n, 0);
	if (s->sw == IMR_SW_WRONG_P1P2 && st == IMR_E_REFUSED)
		st = imr_command(s, header | NO_ANSWER, n, IMR_NO_LE);
	if (st == IMR_GOOD)
		describe(s);
	return st;
}

enum imr_status imr_select_application(struct imr_session *s)
{
	return select(s, BY_AID, imp_p15_aid, sizeof imp_p15_aid);
}

enum imr_status imr_path(struct imr_session *s, struct imp_span fids)
{
	uint8_t *to = s->path;
	size_t n = fids.n;

	if (n < 2 || n > sizeof s->path - 2)
		return IMR_E_DAMAGED;
	if (fids.p[0] == 0x3F && fids.p[1] == 0x00 && n > 2) {
		fids.p += 2; /* a path from the MF is given without it */
		n -= 2;
	} else if (fids.p[0] != 0x7F || fids.p[1] != 0xFF) {
		*to++ = 0x7F; /* 7FFF stands for the application */
		*to++ = 0xFF;
	}
	memcpy(to, fids.p, n);
	s->path_n = (uint8_t)(to - s->path + (ptrdiff_t)n);
	return IMR_GOOD;
}

enum imr_status imr_open(struct imr_session *s)
{
	const uint8_t *fid = s->path + s->path_n - 2;
	enum imr_status st = select(s, BY_PATH, s->path, s->path_n);
	struct imp_span v;

	if (st == IMR_E_NONE || st == IMR_E_REFUSED)
		st = select(s, BY_FID, fid, 2);
	if (st == IMR_GOOD && imp_fcp_find(fcp(s), IMP_FCP_FID, &v) == IMP_OK &&
		!imp_span_eq(v, imp_span(fid, 2)))
		s->report->quirks |= IMR_QUIRK_FCP_FID;
	return st;
}

enum imr_status imr_read(struct imr_session *s, uint32_t from, size_t n)
{
	while (n) {
		size_t ask = n < s->chunk ? n : s->chunk;
		enum imr_status st;

		if (from > OFFSET_MAX)
			return IMR_E_DAMAGED;
		st = imr_command(s, IMR_READ_BINARY | from, 0, (uint8_t)ask);
		if (s->sw == IMR_SW_WRONG_LENGTH && st == IMR_E_REFUSED && ask > CHUNK_MIN) {
			s->chunk = ask > CHUNK_FALLBACK ? CHUNK_FALLBACK : (uint16_t)(ask / 2);
			continue;
		}
		if (s->sw == IMR_SW_WRONG_OFFSET && st == IMR_E_REFUSED)
			break; /* the file ended just before */
		if (st != IMR_GOOD)
			return st;
		if (s->got > n)
			return IMR_E_DAMAGED;
		s->at += s->got;
		from += (uint32_t)s->got;
		n -= s->got;
		if (s->got == 0 || s->sw != IMR_SW_OK)
			break; /* 6282, or nothing came */
	}
	return IMR_GOOD;
}

enum imr_status imr_read_all(struct imr_session *s, struct imp_span *content)
{
	size_t room = s->config->size - IMR_CARD_ROOM;
	enum imr_status st;

	s->at = 0;
	st = imr_read(s, 0, s->size < room ? s->size : room);
	*content = imp_span(s->config->buffer, s->at);
	return st;
}
