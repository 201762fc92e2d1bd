/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and numbers as text, and the requests that a client sends. */
#ifndef IMR_BOOTSTRAP_CLIENT_PATH_H
#define IMR_BOOTSTRAP_CLIENT_PATH_H

#include "base/wr.h"
#include "bootstrap/client.h"

void imr_decimal(struct imp_wr *wr, uint32_t v);

/*
 * "", "0", "0/1", "0/1/5", strictly decimal.  IMR_OK; IMR_E_NONE: something else than an object;
 * IMR_E_DAMAGED: it begins with an object, but goes on otherwise, or deeper (O8).
 */
enum imr_status imr_client_parse(struct imp_span text, struct imr_client_path *path);

/*
 * c->send becomes the Bootstrap-Request, or the Bootstrap-Pack-Request, for the account at the
 * cursor (O1, O7): behind path and query of its URI, percent-encoding resolved.  Its texts are
 * written to wr.  IMR_OK; IMR_E_DAMAGED: not a URI; IMR_E_SPACE: texts, or parameters.
 */
enum imr_status imr_client_compose(
	struct imr_client *c, const struct imr_at *account, bool pack, struct imp_wr *wr);

#endif
