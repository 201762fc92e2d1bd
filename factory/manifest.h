/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/manifest.jsonl: one line for each unit of a batch whose file is written and verified, without
 * secrets.  It can be made from the ledger alone at any time; a run that takes a whole batch from
 * planned to released has its workers make the lines meanwhile, which come out the same.
 */
#ifndef IMP_FACTORY_MANIFEST_H
#define IMP_FACTORY_MANIFEST_H

#include "codec/json_enc.h"
#include "factory/job.h"

#include <pthread.h>

/* Lines of consecutive units, made by a worker. */
struct imp_manifest_part {
	int64_t first; /* unit */
	size_t units;
	uint8_t *p; /* heap */
	size_t n, cap;
};

/* Parts of one run, in any order. */
struct imp_manifest {
	pthread_mutex_t mutex;
	struct imp_manifest_part *v;
	size_t n, cap;
};

/* What a line says that the unit's row does not say yet. */
struct imp_manifest_file {
	const char *name;
	uint64_t bytes;
	const uint8_t *sha256; /* IMP_SHA256 octets */
	uint64_t payload;
	uint32_t generation;
};

IMP_MUST_CHECK enum imp_status imp_manifest_open(struct imp_manifest *m, struct imp_diag *diag);
void imp_manifest_close(struct imp_manifest *m); /* also one that is all zero */

/* Append the line of a unit that was released just now.  credentials: as the ledger got them,
 * sorted in place by kind and value. */
IMP_MUST_CHECK enum imp_status imp_manifest_line(const struct imp_job *job,
	const struct imp_unit *unit, const struct imp_manifest_file *file,
	struct imp_cred *credentials, size_t n, struct imp_manifest_part *part,
	struct imp_diag *diag);
/* The same from what the ledger has of a unit. */
IMP_MUST_CHECK enum imp_status imp_manifest_ledger_line(const struct imp_job *job,
	const struct imp_unit *unit, struct imp_manifest_part *part, struct imp_diag *diag);
void imp_manifest_part_free(struct imp_manifest_part *part); /* empty afterwards */
/* Take a part over: it is empty afterwards, or as it was on failure. */
IMP_MUST_CHECK enum imp_status imp_manifest_add(
	struct imp_manifest *m, struct imp_manifest_part *part, struct imp_diag *diag);

/*
 * Write it anew (0600, at once or not at all): from the parts when they are the whole batch, from
 * the ledger otherwise.  The profile of the job must be loaded.
 */
IMP_MUST_CHECK enum imp_status imp_manifest_write(const struct imp_job *job,
	struct imp_manifest *parts, const char *dir, struct imp_diag *diag);

/* The array "credentials" of one unit: kinds with their public values or fingerprints. */
IMP_MUST_CHECK enum imp_status imp_manifest_credentials(
	struct imp_ledger *ledger, int64_t unit, struct imp_json *j, struct imp_diag *diag);

#endif
