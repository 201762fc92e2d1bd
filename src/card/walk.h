/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of Appendix G over a card: EF(DIR), application, EF(ODF), EF(DODF-bootstrap), selection
 * of EF(LwM2M_Bootstrap) (ref card A.2-A.6).  It tells what is there and what is missing, for
 * reading and for planning a write; a missing file is no failure.
 */
#ifndef IMP_CARD_WALK_H
#define IMP_CARD_WALK_H

#include "card/pin.h"
#include "card/uicc.h"

#define IMP_DIRECTORY_MAX 2048 /* of EF(ODF) and EF(DODF) as much is looked at */

/* A directory file with its content. */
struct imp_directory {
	bool present;
	struct imp_uicc_path path;
	uint32_t size; /* octets of the file */
	size_t n;      /* of content */
	uint8_t content[IMP_DIRECTORY_MAX];
};

struct imp_card_dir {
	bool present, transparent;
	uint16_t record_length;
	uint8_t record; /* of the PKCS#15 application; 0: none */
	uint8_t unused; /* first record without content; 0: none */
	bool has_path;	/* tag 51 */
};

struct imp_card_map {
	struct imp_card_dir dir;
	bool application; /* the PKCS#15 application can be selected */
	struct imp_uicc_file adf;
	struct imp_directory odf, dodf, token_info;
	bool dodf_named; /* by the ODF; else dodf is the usual one, if that is there */
	bool named;	 /* the DODF names EF(LwM2M_Bootstrap); else ef_path is the usual one */
	bool is_private, wrapped_twice;
	struct imp_uicc_path ef_path;
	uint32_t ef_from;  /* where in the file it begins; 0 but for shared files */
	bool ef;	   /* the file is there, and selected when the walk ends */
	bool deactivated;  /* it, or one on the way */
	uint32_t ef_size;  /* octets of the file from ef_from on */
	bool pin_verified; /* the walk needed the PIN */
};

/*
 * Walk from power-on state, or on the session's logical channel.  pin: for files that cannot be
 * read without it; reference 0 lets the card say which.  extras, for planning a write: look at
 * EF(TokenInfo) too, and at the usual EF(DODF) and EF(LwM2M_Bootstrap) where nothing names them.
 * IMP_OK as far as the card answers; failures of the link; IMP_E_REFUSED, IMP_E_DENIED: a file that
 * is there cannot be read.
 */
IMP_MUST_CHECK enum imp_status imp_card_walk(struct imp_session *session, const struct imp_pin *pin,
	bool extras, struct imp_card_map *map, struct imp_diag *diag);

/* What is missing, for people: "no PKCS#15 application", ...; NULL: nothing is. */
const char *imp_card_missing(const struct imp_card_map *map);

/*
 * Read n octets of the EF at offset from of the bootstrap information, with the PIN when the card
 * wants it.  The EF must be selected.
 */
IMP_MUST_CHECK enum imp_status imp_card_read_ef(struct imp_session *session,
	const struct imp_pin *pin, struct imp_card_map *map, size_t from, size_t n,
	struct imp_wr *out, struct imp_diag *diag);

/*
 * The payload on a card that was walked: exactly 4 + size octets, or with lenient a file without
 * header as a whole.  IMP_E_ABSENT: something is missing, or nothing was written yet. IMP_E_FORMAT:
 * no valid header.
 */
IMP_MUST_CHECK enum imp_status imp_card_payload(struct imp_session *session,
	const struct imp_pin *pin, struct imp_card_map *map, bool lenient, struct imp_wr *out,
	struct imp_diag *diag);

#endif
