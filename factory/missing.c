/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/missing.h"

#include "base/plural.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READ_AT_ONCE 256
#define NAMED 3

void imp_missing_free(struct imp_missing *missing)
{
	imp_unit_free(&missing->first);
}

static bool is_there(int dirfd, const struct imp_unit *u)
{
	struct stat sb;

	return fstatat(dirfd, u->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(sb.st_mode) &&
	       (uint64_t)sb.st_size == u->file_bytes;
}

/* Takes the unit over when it is the first. */
static void note(struct imp_missing *m, struct imp_unit *u)
{
	size_t used = strlen(m->names);

	if (m->n < NAMED)
		(void)snprintf(
			m->names + used, sizeof m->names - used, "%s%s", m->n ? ", " : "", u->file);
	else if (m->n == NAMED)
		(void)snprintf(m->names + used, sizeof m->names - used, ", ...");
	if (m->n++ == 0) {
		m->first = *u;
		memset(u, 0, sizeof *u);
	}
}

static enum imp_status look(const struct imp_job *job, int dirfd, struct imp_unit *units,
	struct imp_missing *out, struct imp_diag *diag)
{
	int64_t after = 0;
	size_t n = 1;
	enum imp_status st = IMP_OK;

	while (n && st == IMP_OK) {
		st = imp_ledger_units(job->ledger, job->batch.id, ~(1U << IMP_UNIT_SCRAPPED), after,
			units, READ_AT_ONCE, &n, diag);
		for (size_t i = 0; i < n; i++) {
			after = units[i].id;
			if (st == IMP_OK && (units[i].done & IMP_TARGET_FLASH) &&
				!is_there(dirfd, &units[i]))
				note(out, &units[i]);
			imp_unit_free(&units[i]);
		}
	}
	return st;
}

enum imp_status imp_missing_look(
	const struct imp_job *job, int dirfd, struct imp_missing *out, struct imp_diag *diag)
{
	struct imp_unit *units = calloc(READ_AT_ONCE, sizeof *units);
	enum imp_status st;

	if (!units)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	st = imp_ledger_look(job->ledger, diag);
	if (st == IMP_OK) {
		st = look(job, dirfd, units, out, diag);
		imp_ledger_look_end(job->ledger);
	}
	free(units);
	return st;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Relative paths of a profile are relative to it. */
static bool beside_profile(const char *layout)
{
	return layout[0] != '/' && (strchr(layout, '/') || ends_in(layout, ".yaml"));
}

static void note_command(const struct imp_job *job, const char *dir, const struct imp_unit *u)
{
	const char *layout = job->profile.flash.layout_name, *key = job->profile.flash.tag_key;
	bool beside = beside_profile(layout);

	imp_note(job->env,
		"to make %s again: imprint image build --ledger %s --endpoint %s --layout "
		"%s%s%s%s%s%s%s "
		"--out %s/%s",
		u->file, imp_ledger_path(job->ledger), u->endpoint, beside ? job->profile.dir : "",
		beside ? "/" : "", layout, ends_in(u->file, ".hex") ? " --encode ihex" : "",
		job->batch.seal == IMP_BATCH_SEAL_CMS ? " --key-file KEY" : "",
		key ? " --tag-key " : "", key ? key : "", dir, u->file);
}

void imp_missing_warn(const struct imp_job *job, const char *dir, const struct imp_missing *m)
{
	if (m->n == 0)
		return;
	imp_warn(job->env,
		"%" PRIu64
		" file%s of batch '%s' %s not in %s any more: %s; released units are not "
		"written again",
		m->n, imp_s(m->n), job->batch.name, m->n == 1 ? "is" : "are", dir, m->names);
	note_command(job, dir, &m->first);
}
