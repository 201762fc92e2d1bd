/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/resume.h"

#include "base/hex.h"
#include "crypto/seal.h"
#include "host/leftovers.h"
#include "ledger/chain.h"
#include "ledger/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_CAP 4096

static enum imp_status folder_of(
	const struct imp_ledger *l, char out[static PATH_CAP], struct imp_diag *diag)
{
	int n = snprintf(out, PATH_CAP, "%s.resume", l->file);

	if (n < 0 || n >= PATH_CAP - 32)
		return imp_diag(diag, IMP_E_IO, "%s: path too long", l->path);
	return IMP_OK;
}

static enum imp_status file_of(
	const struct imp_ledger *l, int64_t batch, char out[static PATH_CAP], struct imp_diag *diag)
{
	enum imp_status st = folder_of(l, out, diag);
	size_t n;

	if (st != IMP_OK)
		return st;
	n = strlen(out);
	(void)snprintf(out + n, PATH_CAP - n, "/%lld.key", (long long)batch);
	return IMP_OK;
}

/* A key that was half made when the process died belongs to no batch. */
static void tidy(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	imp_leftovers_remove(fd);
	(void)close(fd);
}

static enum imp_status write_key(
	struct imp_ledger *l, int64_t batch, const struct imp_secret *resume, struct imp_diag *diag)
{
	char path[PATH_CAP];
	uint8_t text[4 + 2 * IMP_STATION_KEY + 1];
	struct imp_wr wr = imp_wr(text, sizeof text);
	enum imp_status st = folder_of(l, path, diag);

	if (st != IMP_OK)
		return st;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
	tidy(path);
	st = file_of(l, batch, path, diag);
	imp_wr_text(&wr, "hex:");
	imp_hex_put(&wr, imp_span(resume->b, resume->n));
	imp_wr_text(&wr, "\n");
	if (st == IMP_OK)
		st = imp_file_write(path, imp_wr_span(&wr), true, diag);
	imp_wipe(text, sizeof text);
	return st;
}

static enum imp_status set_wrapped(
	struct imp_ledger *l, int64_t batch, struct imp_span wrapped, struct imp_diag *diag)
{
	IMP_STMT stmt = NULL;
	enum imp_status st = imp_db_use(l, IMP_SQL_BATCH_RESUME, &stmt, diag);

	if (st != IMP_OK)
		return st;
	imp_db_int(stmt, 1, batch);
	imp_db_blob(stmt, 2, wrapped);
	return imp_db_run(l, stmt, diag);
}

enum imp_status imp_resume_create(struct imp_ledger *l, const struct imp_rng *rng,
	const struct imp_secret *data_key, struct imp_batch *batch, struct imp_diag *diag)
{
	IMP_SECRET resume = { { 0 }, IMP_STATION_KEY };
	uint8_t wrapped[IMP_SEAL_STATION];
	struct imp_wr wr = imp_wr(wrapped, sizeof wrapped);
	enum imp_status st = rng->fill(rng->ctx, resume.b, resume.n);

	if (st != IMP_OK)
		return imp_diag(diag, st, "no randomness for the resume key");
	st = imp_data_key_seal_station(data_key, &resume, rng, &wr, diag);
	if (st == IMP_OK)
		st = write_key(l, batch->id, &resume, diag);
	if (st == IMP_OK)
		st = set_wrapped(l, batch->id, imp_wr_span(&wr), diag);
	return st;
}

enum imp_status imp_resume_open(struct imp_ledger *l, const struct imp_batch *batch,
	struct imp_secret *out, struct imp_diag *diag)
{
	IMP_SECRET resume = { { 0 }, 0 };
	char path[PATH_CAP];
	enum imp_status st = file_of(l, batch->id, path, diag);

	if (st != IMP_OK)
		return st;
	if (batch->resume.n == 0)
		st = imp_diag(diag, IMP_E_DENIED,
			"batch '%s' is finished and sealed: only its recipient opens it",
			batch->name);
	else
		st = imp_file_secret(path, &resume, NULL, diag);
	if (st == IMP_E_ABSENT)
		st = imp_diag(diag, IMP_E_DENIED, "batch '%s': its resume key %s is missing",
			batch->name, path);
	if (st == IMP_E_DENIED)
		imp_diag_hint(diag, "give the recipient's private key with --key-file");
	if (st != IMP_OK)
		return st;
	st = imp_data_key_open_station(imp_blob_span(&batch->resume), &resume, out, diag);
	if (st == IMP_E_MISMATCH)
		return imp_diag(diag, IMP_E_REFUSED, "%s: not the resume key of batch '%s'", path,
			batch->name);
	return st;
}

/* ---- the end of it ----------------------------------------------------------------------------
 */

static enum imp_status overwrite(const char *path)
{
	static const uint8_t zero[4 + 2 * IMP_STATION_KEY + 1];
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	bool good;

	if (fd < 0)
		return errno == ENOENT ? IMP_E_ABSENT : IMP_E_IO;
	good = write(fd, zero, sizeof zero) == (ssize_t)sizeof zero && fsync(fd) == 0;
	return close(fd) == 0 && good ? IMP_OK : IMP_E_IO;
}

static enum imp_status wipe_file(struct imp_ledger *l, int64_t batch, struct imp_diag *diag)
{
	char path[PATH_CAP];
	enum imp_status st = file_of(l, batch, path, diag);

	if (st != IMP_OK)
		return st;
	st = overwrite(path);
	if (st == IMP_E_ABSENT)
		return IMP_OK;
	if (st != IMP_OK || unlink(path) != 0)
		return imp_diag(diag, IMP_E_IO, "%s: cannot be wiped: %s", path, strerror(errno));
	if (folder_of(l, path, NULL) == IMP_OK) {
		tidy(path);
		(void)rmdir(path); /* the last one takes the folder with it */
	}
	return IMP_OK;
}

void imp_resume_drop(struct imp_ledger *l, int64_t batch)
{
	(void)wipe_file(l, batch, NULL);
}

enum imp_status imp_resume_settle(
	struct imp_ledger *l, const struct imp_batch *batch, struct imp_diag *diag)
{
	IMP_TXN txn = { NULL };
	struct imp_batch_counts counts = { 0 };
	enum imp_status st = imp_txn_begin(&txn, l, diag);

	if (st == IMP_OK)
		st = imp_ledger_batch_counts(l, batch->id, &counts, diag);
	if (st != IMP_OK || batch->resume.n == 0 || counts.open)
		return st;
	st = wipe_file(l, batch->id, diag);
	if (st == IMP_OK)
		st = set_wrapped(l, batch->id, imp_span(NULL, 0), diag);
	if (st == IMP_OK)
		st = imp_event_add(l,
			&(struct imp_event_new){
				.kind = IMP_EVENT_RESUME_GONE, .batch = batch->id, .detail = "{}" },
			diag);
	return st == IMP_OK ? imp_txn_commit(&txn, diag) : st;
}
