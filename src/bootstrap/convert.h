/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other formats than TLV for a bootstrap client on a host: SenML JSON (110) and SenML CBOR (112)
 * with absolute names (O8), for a single resource also text (0, or no Content-Format) and octets
 * (42).
 */
#ifndef IMP_BOOTSTRAP_CONVERT_H
#define IMP_BOOTSTRAP_CONVERT_H

#include "bootstrap/client.h"
#include "model/set.h"

struct imp_converter {
	struct imp_set set;
	uint8_t out[2 * IMP_PAYLOAD_MAX]; /* SenML takes more octets than TLV */
};

/* Before anything else.  Too large for the stack. */
void imp_converter_init(struct imp_converter *converter);
void imp_converter_free(struct imp_converter *converter); /* wipes */

/* What struct imr_client_config takes as formats; the converter must outlive it. */
struct imr_client_formats imp_converter_formats(struct imp_converter *converter);

#endif
