/* SPDX-License-Identifier: Apache-2.0 */
#include "card/uicc.h"

#include "codec/p15.h"
#include "codec/sw.h"

#include <stdio.h>
#include <string.h>

#define P1_BY_FID 0x00
#define P1_BY_AID 0x04
#define P1_BY_PATH_FROM_MF 0x08
#define P2_FCP 0x04
#define P2_NO_DATA 0x0C
#define P2_RECORD_ABSOLUTE 0x04
#define P1_SFI 0x80
#define ICCID_OCTETS 10
#define ICCID_DIGITS_MIN 18
#define LE_SMALL 128 /* cards that refuse Le 00 with 6700 take this */

/* ---- paths ---- */

struct imp_uicc_path imp_uicc_path(uint16_t fid)
{
	struct imp_uicc_path path = { { (uint8_t)(fid >> 8), (uint8_t)fid }, 2 };

	return path;
}

enum imp_status imp_uicc_path_from(struct imp_span fids, struct imp_uicc_path *out)
{
	if (fids.n == 0 || fids.n % 2 || fids.n > sizeof out->b)
		return IMP_E_FORMAT;
	memcpy(out->b, fids.p, fids.n);
	out->n = fids.n;
	return IMP_OK;
}

uint16_t imp_uicc_path_fid(const struct imp_uicc_path *path)
{
	return path->n < 2 ? 0 : (uint16_t)(path->b[path->n - 2] << 8 | path->b[path->n - 1]);
}

static uint16_t first_fid(const struct imp_uicc_path *path)
{
	return path->n < 2 ? 0 : (uint16_t)(path->b[0] << 8 | path->b[1]);
}

/* ---- selection ---- */

static void keep_fcp(struct imp_uicc_file *file, const struct imp_wr *answer)
{
	file->n = answer->n;
	/* An answer that is not an FCP is a missing one: callers ask for what they need. */
	if (imp_fcp_get(imp_span(file->raw, file->n), &file->fcp) != IMP_OK)
		file->fcp = (struct imp_fcp){
			.kind = IMP_FCP_OTHER, .size = IMP_FCP_NO_SIZE, .total = IMP_FCP_NO_SIZE
		};
}

/* A deactivated file answers with a warning and its FCP. */
static bool selected(uint16_t sw)
{
	return imp_sw_ok(sw) || imp_sw_class(sw) == IMP_SW_DEACTIVATED;
}

static enum imp_status select_by(struct imp_session *session, uint8_t p1, struct imp_span data,
	struct imp_uicc_file *file, uint16_t *sw, struct imp_diag *diag)
{
	struct imp_wr answer = imp_wr(file->raw, sizeof file->raw);
	struct imp_apdu apdu = { .ins = IMP_INS_SELECT,
		.p1 = p1,
		.p2 = P2_FCP,
		.data = data,
		.le = IMP_UICC_CHUNK_READ,
		.open = true };
	enum imp_status st = imp_session_send(session, &apdu, &answer, sw, diag);

	if (st == IMP_OK)
		keep_fcp(file, &answer);
	return st;
}

enum imp_status imp_uicc_select_adf(
	struct imp_session *session, struct imp_uicc_file *file, struct imp_diag *diag)
{
	uint16_t sw;
	enum imp_status st = select_by(
		session, P1_BY_AID, imp_span(imp_p15_aid, IMP_P15_AID_SIZE), file, &sw, diag);

	if (st != IMP_OK || selected(sw))
		return st;
	return imp_session_refused(diag, sw, "SELECT of the PKCS#15 application");
}

enum imp_status imp_uicc_select_mf(struct imp_session *session, struct imp_diag *diag)
{
	static const uint8_t fid[] = { IMP_FID_MF >> 8, IMP_FID_MF & 0xFF };
	const struct imp_apdu apdu = { .ins = IMP_INS_SELECT,
		.p1 = P1_BY_FID,
		.p2 = P2_NO_DATA,
		.data = imp_span(fid, sizeof fid),
		.open = true };

	return imp_session_expect(session, &apdu, NULL, "SELECT of the MF", diag);
}

static enum imp_status select_path(struct imp_session *session, const struct imp_uicc_path *path,
	struct imp_uicc_file *file, uint16_t *sw, struct imp_diag *diag)
{
	uint8_t full[2 + IMP_UICC_PATH_MAX] = { IMP_FID_ADF >> 8, IMP_FID_ADF & 0xFF };
	size_t n = path->n;

	if (first_fid(path) == IMP_FID_MF)
		return select_by(
			session, P1_BY_PATH_FROM_MF, imp_span(path->b + 2, n - 2), file, sw, diag);
	if (first_fid(path) == IMP_FID_ADF) {
		memcpy(full, path->b, n);
	} else {
		memcpy(full + 2, path->b, n);
		n += 2;
	}
	return select_by(session, P1_BY_PATH_FROM_MF, imp_span(full, n), file, sw, diag);
}

enum imp_status imp_uicc_select(struct imp_session *session, const struct imp_uicc_path *path,
	struct imp_uicc_file *file, struct imp_diag *diag)
{
	uint16_t sw;
	enum imp_status st = select_path(session, path, file, &sw, diag);

	if (st != IMP_OK || selected(sw))
		return st;
	if (first_fid(path) != IMP_FID_MF)
		st = select_by(
			session, P1_BY_FID, imp_span(path->b + path->n - 2, 2), file, &sw, diag);
	if (st != IMP_OK || selected(sw))
		return st;
	return imp_session_refused(diag, sw, "SELECT of %04X", imp_uicc_path_fid(path));
}

/* ---- reading ---- */

/* One READ BINARY of at most *chunk octets, which becomes smaller for good on a card that wants so;
 * 6282 ends the file. */
static enum imp_status read_some(struct imp_session *session, const char *name, size_t offset,
	size_t n, size_t *chunk, bool open, struct imp_wr *out, struct imp_diag *diag)
{
	struct imp_apdu apdu = { .ins = IMP_INS_READ_BINARY,
		.p1 = (uint8_t)(offset >> 8),
		.p2 = (uint8_t)offset,
		.le = (uint16_t)(n < *chunk ? n : *chunk),
		.open = open };
	uint16_t sw;
	enum imp_status st = imp_session_send(session, &apdu, out, &sw, diag);

	if (st == IMP_OK && imp_sw_class(sw) == IMP_SW_WRONG_LENGTH && apdu.le > LE_SMALL) {
		*chunk = LE_SMALL;
		apdu.le = LE_SMALL;
		st = imp_session_send(session, &apdu, out, &sw, diag);
	}
	if (st != IMP_OK || imp_sw_ok(sw) || imp_sw_class(sw) == IMP_SW_END)
		return st;
	return imp_session_refused(diag, sw, "READ BINARY of %s at %zu", name, offset);
}

enum imp_status imp_uicc_read(struct imp_session *session, const char *name, size_t offset,
	size_t n, bool open, struct imp_wr *out, struct imp_diag *diag)
{
	size_t end = offset + n, chunk = IMP_UICC_CHUNK_READ;

	if (end > IMP_UICC_FILE_MAX)
		return imp_diag(diag, IMP_E_SPACE, "%s: longer than a card file can be", name);
	while (offset < end) {
		size_t before = out->n;
		enum imp_status st =
			read_some(session, name, offset, end - offset, &chunk, open, out, diag);

		if (st != IMP_OK)
			return st;
		if (out->n == before)
			return IMP_OK; /* the file ends here */
		offset += out->n - before;
	}
	return IMP_OK;
}

enum imp_status imp_uicc_read_record(struct imp_session *session, uint8_t sfi, uint8_t record,
	uint16_t length, struct imp_wr *out, struct imp_diag *diag)
{
	struct imp_apdu apdu = { .ins = IMP_INS_READ_RECORD,
		.p1 = record,
		.p2 = (uint8_t)(sfi << 3 | P2_RECORD_ABSOLUTE),
		.le = length ? length : IMP_UICC_CHUNK_READ,
		.open = true };
	uint16_t sw;
	enum imp_status st = imp_session_send(session, &apdu, out, &sw, diag);

	if (st != IMP_OK || imp_sw_ok(sw) || imp_sw_class(sw) == IMP_SW_END)
		return st;
	return imp_session_refused(diag, sw, "READ RECORD %u", record);
}

/* ---- identity ---- */

/* Digits with swapped halves, filled with F. */
static size_t digits(const uint8_t octets[static ICCID_OCTETS], char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < 2 * ICCID_OCTETS; i++) {
		unsigned d = i % 2 ? octets[i / 2] >> 4 : octets[i / 2] & 0x0FU;

		if (d == 0x0F)
			break;
		text[n++] = d < 10 ? (char)('0' + d) : '?';
	}
	text[n] = '\0';
	return strchr(text, '?') ? 0 : n;
}

static enum imp_status read_iccid(
	struct imp_session *session, struct imp_wr *out, struct imp_diag *diag)
{
	static const uint8_t fid[] = { IMP_FID_ICCID >> 8, IMP_FID_ICCID & 0xFF };
	const struct imp_apdu by_sfi = { .ins = IMP_INS_READ_BINARY,
		.p1 = P1_SFI | IMP_SFI_ICCID,
		.le = ICCID_OCTETS,
		.open = true };
	const struct imp_apdu by_path = { .ins = IMP_INS_SELECT,
		.p1 = P1_BY_PATH_FROM_MF,
		.p2 = P2_NO_DATA,
		.data = imp_span(fid, sizeof fid),
		.open = true };
	uint16_t sw;
	enum imp_status st = imp_session_send(session, &by_sfi, out, &sw, diag);

	if (st != IMP_OK || (imp_sw_ok(sw) && out->n == ICCID_OCTETS))
		return st;
	out->n = 0;
	st = imp_session_expect(session, &by_path, NULL, "SELECT of EF(ICCID) 2FE2", diag);
	if (st != IMP_OK)
		return st;
	return imp_uicc_read(session, "EF(ICCID) 2FE2", 0, ICCID_OCTETS, true, out, diag);
}

enum imp_status imp_uicc_iccid(
	struct imp_session *session, char iccid[static IMP_ICCID_DIGITS + 1], struct imp_diag *diag)
{
	uint8_t octets[IMP_RESPONSE_MAX];
	char text[IMP_ICCID_DIGITS + 1];
	struct imp_wr out = imp_wr(octets, sizeof octets);
	enum imp_status st = read_iccid(session, &out, diag);

	if (st != IMP_OK)
		return st;
	/* A short answer has been taken for another card's identity before: demand all of it. */
	if (out.n != ICCID_OCTETS || digits(octets, text) < ICCID_DIGITS_MIN)
		return imp_diag(diag, IMP_E_FORMAT, "EF(ICCID) 2FE2 does not hold an ICCID");
	memcpy(iccid, text, sizeof text);
	return IMP_OK;
}

/* ---- channels ---- */

enum imp_status imp_uicc_channel_open(struct imp_session *session, struct imp_diag *diag)
{
	const struct imp_apdu apdu = { .ins = IMP_INS_MANAGE_CHANNEL, .le = 1, .open = true };
	uint8_t answer[IMP_RESPONSE_MAX];
	struct imp_wr out = imp_wr(answer, sizeof answer);
	uint16_t sw;
	enum imp_status st = imp_session_send(session, &apdu, &out, &sw, diag);

	if (st != IMP_OK)
		return st;
	if (!imp_sw_ok(sw)) {
		(void)imp_session_refused(diag, sw, "MANAGE CHANNEL");
		return IMP_E_UNSUPPORTED;
	}
	if (out.n != 1 || answer[0] == 0 || answer[0] > IMP_CHANNEL_MAX)
		return imp_diag(diag, IMP_E_IO, "MANAGE CHANNEL: the card names no channel");
	session->channel = answer[0];
	return IMP_OK;
}

void imp_uicc_channel_close(struct imp_session *session)
{
	const struct imp_apdu apdu = { .ins = IMP_INS_MANAGE_CHANNEL,
		.p1 = 0x80,
		.p2 = (uint8_t)session->channel,
		.open = true };
	uint16_t sw;

	if (!session->channel)
		return;
	session->channel = 0;
	if (imp_session_send(session, &apdu, NULL, &sw, NULL) != IMP_OK)
		return; /* a card that is gone has closed it by itself */
}
