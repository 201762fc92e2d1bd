/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PKCS#15 files of Appendix G: EF(DIR) templates, EF(ODF), EF(DODF-bootstrap) (ref lwm2m 5.4,
 * card A.3, A.6, B.4; decision D18).  Decoders are freestanding and read what cards hold; encoders
 * write one form.
 *
 * The three *_next() functions walk a file from front to back.  IMP_E_ABSENT: no further record
 * (end or filling); IMP_E_TRUNC, IMP_E_FORMAT: this file cannot be read any further.
 */
#ifndef IMP_CODEC_P15_H
#define IMP_CODEC_P15_H

#include "codec/der.h"

#define IMP_P15_AID_SIZE 12
#define IMP_P15_OID_SIZE 4
#define IMP_P15_FID_ODF 0x5031
#define IMP_P15_FID_TOKEN_INFO 0x5032
#define IMP_P15_FID_DODF 0x6430 /* usual; the ODF decides */
#define IMP_P15_FID_EF 0x6432	/* usual; the DODF decides */

extern const uint8_t imp_p15_aid[IMP_P15_AID_SIZE]; /* A0 00 00 00 63 "PKCS-15" */
extern const uint8_t imp_p15_oid[IMP_P15_OID_SIZE]; /* 2.23.43.9.1, content octets */

/* Path of a file.  fids: 2 octets (below the ADF), or 4 and more starting with 7FFF (the ADF) or
 * 3F00 (the MF); empty when there is none. */
struct imp_p15_path {
	struct imp_span fids;
	bool part;		/* only a part of the file: */
	uint32_t index, length; /* octets; 0 and UINT32_MAX for all of it */
};

/* EF(DIR): one application template (tag 61). */
struct imp_p15_app {
	struct imp_span aid;   /* 4F */
	struct imp_span label; /* 50; empty when absent */
	struct imp_span path;  /* 51; empty when absent */
};

/* Every application, of PKCS#15 or not; for records call it on each record. */
IMP_MUST_CHECK enum imp_status imp_p15_dir_next(struct imp_rd *rd, struct imp_p15_app *app);

/* Is there a PKCS#15 application in this file or record?  IMP_E_ABSENT: none; elements that make no
 * sense end the search. */
IMP_MUST_CHECK enum imp_status imp_p15_find_app(struct imp_span dir, bool *has_path);

/* Is it the PKCS#15 application?  A longer AID that starts with it counts (A.3, 5). */
bool imp_p15_app_matches(const struct imp_p15_app *app);

/* EF(ODF): one dataObjects record (A7), in the order of the file, which is that of priority. */
struct imp_p15_odf {
	struct imp_p15_path path; /* of a DODF */
	struct imp_span objects;  /* or, path empty: the entries of a DODF, inline */
};

/* Other records (A0..A6, A8, ...) are passed over. */
IMP_MUST_CHECK enum imp_status imp_p15_odf_next(struct imp_rd *rd, struct imp_p15_odf *odf);

/* EF(DODF): one data object of any kind. */
enum imp_p15_kind {
	IMP_P15_OPAQUE = 0x30,
	IMP_P15_EXTERNAL = 0xA0,
	IMP_P15_OIDDO = 0xA1,
	IMP_P15_UNKNOWN = 0, /* nothing else of the struct is filled */
};

struct imp_p15_object {
	enum imp_p15_kind kind;
	bool by_application; /* applicationOID is 2.23.43.9.1 */
	bool by_id;	     /* oidDO.id is 2.23.43.9.1 */
	bool wrapped_twice;  /* one of them as 06 06 06 04 67 2B 09 01 */
	bool is_private, modifiable;
	struct imp_span label;	     /* commonObjectAttributes.label, UTF-8 unchecked */
	struct imp_span auth_id;     /* commonObjectAttributes.authId */
	struct imp_span application; /* applicationName */
	struct imp_p15_path path;    /* empty when the value is not a path */
};

IMP_MUST_CHECK enum imp_status imp_p15_dodf_next(struct imp_rd *rd, struct imp_p15_object *object);

/* The path of the first data object for LwM2M Bootstrap that has one.  IMP_E_ABSENT: none;
 * IMP_E_TRUNC, IMP_E_FORMAT: the file cannot be read so far.  Outputs are undefined then. */
IMP_MUST_CHECK enum imp_status imp_p15_find_bootstrap(
	struct imp_span dodf, struct imp_p15_path *path, bool *wrapped_twice);

static inline bool imp_p15_is_bootstrap(const struct imp_p15_object *object)
{
	return object->by_application || object->by_id;
}

/* p15_enc.c.  Empty spans are left out; filling is the caller's business. */
void imp_p15_put_app(struct imp_wr *wr, const struct imp_p15_app *app);
void imp_p15_put_odf(struct imp_wr *wr, const struct imp_p15_path *path);
/* kind OPAQUE or OIDDO (by_id is implied); by_application puts the OID behind applicationName;
 * wrapped_twice is for test cards. */
void imp_p15_put_object(struct imp_wr *wr, const struct imp_p15_object *object);
/* Smallest EF(TokenInfo) that OpenSC takes: 30 07 02 01 00 03 02 00 00. */
void imp_p15_put_token_info(struct imp_wr *wr);

#endif
