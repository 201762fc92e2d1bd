/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a card: SELECT and READ BINARY (ref card.md A.5, A.6, A.7). */
#include "reader/session.h"

#include "codec/fcp.h"

#include <string.h>

#define HEADER 5
#define BY_FID 0x00
#define BY_PATH 0x08
#define WITH_FCP 0x04
#define WITHOUT_FCP 0x0C
#define OFFSET_MAX 0x7FFF
#define CHUNK_FALLBACK 128
#define CHUNK_MIN 16

/* Keys that are switched on for an application (C6), or let READ of a file pass (AB, 8B). */
static void keys(const struct imp_fcp *fcp, struct imr_file *file)
{
	struct imp_access_rule rule = { .keys_n = 0 };

	if (fcp->kind == IMP_FCP_DF) {
		for (unsigned i = 0; i < fcp->keys_n; i++)
			if (imp_fcp_key_enabled(fcp, i))
				rule.keys[rule.keys_n++] = fcp->keys[i];
	} else if (fcp->expanded.n) {
		if (imp_access_get(fcp->expanded, IMP_AM_READ, &rule) != IMP_OK)
			return;
	} else if (imp_fcp_arr(fcp->referenced, &file->arr, &file->arr_record) != IMP_OK) {
		return;
	}
	file->keys_n = rule.keys_n < IMR_KEYS_MAX ? rule.keys_n : IMR_KEYS_MAX;
	memcpy(file->keys, rule.keys, file->keys_n);
}

/* Without an FCP, or with one that makes no sense, nothing is known and SW alone decides. */
static void describe(struct imp_span answer, struct imr_file *file)
{
	struct imp_fcp fcp;

	memset(file, 0, sizeof *file);
	file->size = IMP_FCP_NO_SIZE;
	if (imp_fcp_get(answer, &fcp) != IMP_OK)
		return;
	file->size = fcp.size;
	file->kind = (uint8_t)fcp.kind;
	file->fid = fcp.fid;
	file->record_length = fcp.record_length < 256 ? (uint8_t)fcp.record_length : 0;
	keys(&fcp, file);
}

enum imr_status imr_select(
	struct imr_session *s, uint8_t p1, struct imp_span name, struct imr_file *file)
{
	uint8_t cmd[HEADER + IMR_PATH_MAX + 2 + 1] = { s->cla, 0xA4, p1, WITH_FCP,
		(uint8_t)name.n };
	uint8_t *buffer = s->config->buffer;
	enum imr_status st;
	size_t got;

	memcpy(cmd + HEADER, name.p, name.n);
	st = imr_exchange(s, cmd, HEADER + name.n + 1, buffer, s->config->size, &got);
	if (st == IMR_OK && s->sw == IMR_SW_WRONG_P1P2) {
		cmd[3] = WITHOUT_FCP;
		st = imr_exchange(s, cmd, HEADER + name.n, NULL, 0, &got);
	}
	if (st == IMR_OK)
		st = imr_judge(s);
	if (st == IMR_OK)
		describe(imp_span(buffer, got), file);
	return st;
}

enum imr_status imr_open(struct imr_session *s, const struct imr_path *path, struct imr_file *file)
{
	/* 7FFF stands for the application; a path from the MF is given without 3F00. */
	uint8_t name[IMR_PATH_MAX + 2] = { 0x7F, 0xFF };
	struct imp_span fid = imp_span(path->b + path->n - 2, 2);
	struct imp_span full = imp_span(name, path->n + 2U);
	uint16_t first = (uint16_t)(path->b[0] << 8 | path->b[1]);
	enum imr_status st;

	memcpy(name + 2, path->b, path->n);
	if (path->n > 2 && (first == 0x7FFF || first == 0x3F00)) {
		full.p += 2;
		full.n -= 2;
		if (first == 0x3F00) {
			full.p += 2;
			full.n -= 2;
		}
	}
	st = imr_select(s, BY_PATH, full, file);
	if (st == IMR_E_NONE || st == IMR_E_REFUSED)
		st = imr_select(s, BY_FID, fid, file);
	if (st == IMR_OK && file->fid && file->fid != (fid.p[0] << 8 | fid.p[1]))
		s->report->quirks |= IMR_QUIRK_FCP_FID;
	return st;
}

/* READ BINARY, with the length that this card takes. */
static enum imr_status chunk(struct imr_session *s, uint32_t at, uint8_t *to, size_t n, size_t *got)
{
	for (;;) {
		size_t ask = n < s->chunk ? n : s->chunk;
		uint8_t cmd[HEADER] = { s->cla, 0xB0, (uint8_t)(at >> 8), (uint8_t)at,
			(uint8_t)ask };
		enum imr_status st = imr_exchange(s, cmd, sizeof cmd, to, n, got);

		if (st != IMR_OK || s->sw != IMR_SW_WRONG_LENGTH || ask <= CHUNK_MIN)
			return st;
		s->chunk = ask > CHUNK_FALLBACK ? CHUNK_FALLBACK : (uint16_t)(ask / 2);
	}
}

enum imr_status imr_read(struct imr_session *s, const struct imr_path *path,
	const struct imr_file *file, uint32_t from, uint8_t *to, size_t n, size_t *got)
{
	size_t done = 0, more = 1;

	while (done < n && more) {
		enum imr_status st;

		if (from + done > OFFSET_MAX)
			return IMR_E_DAMAGED;
		st = chunk(s, from + (uint32_t)done, to + done, n - done, &more);
		if (st == IMR_OK && s->sw == IMR_SW_SECURITY && !s->pin_tried &&
			to + done == s->config->buffer) {
			struct imr_file again;

			st = imr_pin(s, file);
			if (st == IMR_OK)
				st = imr_open(s, path, &again);
			more = 1; /* nothing yet: once more */
			if (st != IMR_OK)
				return st;
			continue;
		}
		if (st != IMR_OK)
			return st;
		if (s->sw == IMR_SW_WRONG_OFFSET)
			break; /* the file ended just before */
		st = imr_judge(s);
		if (st != IMR_OK)
			return st;
		done += more;
		if (s->sw == IMR_SW_END_OF_FILE)
			break;
	}
	*got = done;
	return IMR_OK;
}
