/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about rows, units and credentials. */
#ifndef IMP_LEDGER_UNIT_H
#define IMP_LEDGER_UNIT_H

#include "ledger/chain.h"
#include "ledger/db.h"

IMP_MUST_CHECK enum imp_status imp_unit_of_row(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_unit *out, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_batch_of_row(
	struct imp_ledger *l, sqlite3_stmt *stmt, struct imp_batch *out, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_unit_by_id(
	struct imp_ledger *l, int64_t id, struct imp_unit *out, struct imp_diag *diag);

/* Within a transaction: set state, done and reason (NULL: none). */
IMP_MUST_CHECK enum imp_status imp_unit_set_state(struct imp_ledger *l, int64_t unit,
	enum imp_unit_state state, unsigned done, const char *reason, struct imp_diag *diag);

/* "product 1F serial", the value of IMP_CRED_SERIAL. */
IMP_MUST_CHECK enum imp_status imp_serial_value(
	const char *product, const char *serial, struct imp_blob *out, struct imp_diag *diag);

/* Open sealed octets of a unit into out; IMP_E_MISMATCH: not under this key. */
struct imp_sealer;
IMP_MUST_CHECK enum imp_status imp_unit_open_sealed(const struct imp_unit *unit,
	struct imp_sealer *sealer, struct imp_span aad, struct imp_span sealed,
	struct imp_blob *out, struct imp_diag *diag);

/* Within a transaction: add one credential.  IMP_E_DENIED: another unit has it; the diagnosis names
 * both. */
IMP_MUST_CHECK enum imp_status imp_credential_add(struct imp_ledger *l, int64_t unit,
	const char *endpoint, const struct imp_cred *credential, struct imp_diag *diag);

/* A JSON object of one text member, for the detail of an event; out holds what fits a reason. */
#define IMP_DETAIL_MAX (6 * IMP_UNIT_REASON_MAX + 32)
const char *imp_detail_text(const char *key, const char *value, char out[static IMP_DETAIL_MAX]);

#endif
