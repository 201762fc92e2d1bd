/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of a UICC (ETSI TS 102 221, 102 222): select, read, channels, identity.  Every function
 * that fails has filled diag, which names the file and the status word.
 */
#ifndef IMP_CARD_UICC_H
#define IMP_CARD_UICC_H

#include "card/session.h"
#include "codec/fcp.h"

#define IMP_FID_MF 0x3F00
#define IMP_FID_ADF 0x7FFF /* the current application */
#define IMP_FID_DIR 0x2F00
#define IMP_FID_ICCID 0x2FE2
#define IMP_SFI_DIR 0x1E
#define IMP_SFI_ICCID 0x02
#define IMP_ICCID_DIGITS 20
#define IMP_UICC_FILE_MAX 32768 /* what a 15-bit offset reaches */
#define IMP_UICC_CHUNK_READ 256
#define IMP_UICC_CHUNK_WRITE 255
#define IMP_UICC_PATH_MAX 8

/* A file that was selected.  fcp points into raw: the struct must not be copied. */
struct imp_uicc_file {
	struct imp_fcp fcp; /* kind OTHER when the card answered nothing usable */
	size_t n;
	uint8_t raw[IMP_RESPONSE_MAX];
};

/* Path of a file as octets: FIDs, 2 octets below the current application, or from 7FFF or 3F00. */
struct imp_uicc_path {
	uint8_t b[IMP_UICC_PATH_MAX];
	size_t n;
};

struct imp_uicc_path imp_uicc_path(uint16_t fid);
/* IMP_E_FORMAT when fids is not 1..4 whole FIDs. */
IMP_MUST_CHECK enum imp_status imp_uicc_path_from(struct imp_span fids, struct imp_uicc_path *out);
uint16_t imp_uicc_path_fid(const struct imp_uicc_path *path); /* the last one */

/* Digits of the card's identity, EF(ICCID); call it on channel 0 with the MF current.
 * IMP_E_FORMAT when it is not 18 to 20 digits. */
IMP_MUST_CHECK enum imp_status imp_uicc_iccid(struct imp_session *session,
	char iccid[static IMP_ICCID_DIGITS + 1], struct imp_diag *diag);

/* Open a logical channel and go on there; the number is the card's choice.  IMP_E_UNSUPPORTED: the
 * card has none, or none that is free. */
IMP_MUST_CHECK enum imp_status imp_uicc_channel_open(
	struct imp_session *session, struct imp_diag *diag);
/* Close it and go on on channel 0.  Never fails in a way that matters. */
void imp_uicc_channel_close(struct imp_session *session);

/* SELECT the PKCS#15 application by AID.  IMP_E_ABSENT: not on this card. */
IMP_MUST_CHECK enum imp_status imp_uicc_select_adf(
	struct imp_session *session, struct imp_uicc_file *file, struct imp_diag *diag);

/* SELECT the MF, as after a reset. */
IMP_MUST_CHECK enum imp_status imp_uicc_select_mf(
	struct imp_session *session, struct imp_diag *diag);

/*
 * SELECT by path: 3F00... from the MF, else from the current application; a card that does not take
 * the form with 7FFF is asked by FID.  IMP_E_ABSENT: no such file.
 */
IMP_MUST_CHECK enum imp_status imp_uicc_select(struct imp_session *session,
	const struct imp_uicc_path *path, struct imp_uicc_file *file, struct imp_diag *diag);

/*
 * Append up to n octets of the current transparent EF from offset on; fewer when the file ends
 * earlier.  open: the content is not secret.  name: for messages.
 */
IMP_MUST_CHECK enum imp_status imp_uicc_read(struct imp_session *session, const char *name,
	size_t offset, size_t n, bool open, struct imp_wr *out, struct imp_diag *diag);

/* READ RECORD of the current EF (sfi 0) or by SFI; length 0: whatever the card gives.
 * IMP_E_ABSENT: no such record or file. */
IMP_MUST_CHECK enum imp_status imp_uicc_read_record(struct imp_session *session, uint8_t sfi,
	uint8_t record, uint16_t length, struct imp_wr *out, struct imp_diag *diag);

#endif
