/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text, written straight into a cursor: no tree, no copies left behind.  Commas are placed by
 * the writer; members come out in the order of the calls.
 */
#ifndef IMP_CODEC_JSON_ENC_H
#define IMP_CODEC_JSON_ENC_H

#include "base/wr.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_json {
	struct imp_wr *wr;
	bool comma; /* the next element needs one */
};

struct imp_json imp_json(struct imp_wr *wr);

/* key NULL inside an array. */
void imp_json_object(struct imp_json *j, const char *key);
void imp_json_object_end(struct imp_json *j);
void imp_json_array(struct imp_json *j, const char *key);
void imp_json_array_end(struct imp_json *j);
void imp_json_str(struct imp_json *j, const char *key, const char *value); /* NULL: null */
void imp_json_span(struct imp_json *j, const char *key, struct imp_span utf8);
void imp_json_hex(struct imp_json *j, const char *key, struct imp_span octets);
void imp_json_int(struct imp_json *j, const char *key, int64_t value);
void imp_json_uint(struct imp_json *j, const char *key, uint64_t value);
/* The shortest text that reads back as the same double, with a point or an exponent; IMP_E_FORMAT
 * for NaN and infinities. */
void imp_json_float(struct imp_json *j, const char *key, double value);
void imp_json_bool(struct imp_json *j, const char *key, bool value);
void imp_json_null(struct imp_json *j, const char *key);
/* Text that is JSON already. */
void imp_json_raw(struct imp_json *j, const char *key, struct imp_span json);

#endif
