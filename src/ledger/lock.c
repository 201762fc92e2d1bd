/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker process per batch.  An open-file-description lock on one octet of LEDGER.lock, by the
 * number of the batch: the kernel gives it back however the process ends.
 */
#include "ledger/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum imp_status imp_ledger_lock(
	struct imp_ledger *l, const struct imp_batch *batch, int *fd, struct imp_diag *diag)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)batch->id, .l_len = 1
	};
	char path[4096];
	int err, n = snprintf(path, sizeof path, "%s.lock", l->file), f;

	if (n < 0 || (size_t)n >= sizeof path)
		return imp_diag(diag, IMP_E_IO, "%s: path too long", l->path);
	f = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f < 0)
		return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(errno));
	if (fcntl(f, F_OFD_SETLK, &lock) == 0) {
		*fd = f;
		return IMP_OK;
	}
	err = errno;
	(void)close(f);
	if (err != EAGAIN && err != EACCES)
		return imp_diag(diag, IMP_E_IO, "%s: %s", path, strerror(err));
	(void)imp_diag(diag, IMP_E_DENIED, "batch '%s': another process works on it", batch->name);
	imp_diag_hint(diag, "wait until it has finished, or stop it; nothing is lost");
	return IMP_E_DENIED;
}
