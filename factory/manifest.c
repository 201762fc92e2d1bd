/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_AT_ONCE 256

/* ---- parts -------------------------------------------------------------------------------------
 */

enum imp_status imp_manifest_open(struct imp_manifest *m, struct imp_diag *diag)
{
	memset(m, 0, sizeof *m);
	if (pthread_mutex_init(&m->mutex, NULL) != 0)
		return imp_diag(diag, IMP_E_INTERNAL, "no mutex");
	return IMP_OK;
}

void imp_manifest_close(struct imp_manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		imp_manifest_part_free(&m->v[i]);
	free(m->v);
	(void)pthread_mutex_destroy(&m->mutex);
}

/* Room for one more part. */
static bool grow(struct imp_manifest *m)
{
	size_t cap = m->cap ? m->cap * 2 : 64;
	struct imp_manifest_part *v;

	if (m->n < m->cap)
		return true;
	v = realloc(m->v, cap * sizeof *v);
	if (!v)
		return false;
	m->v = v;
	m->cap = cap;
	return true;
}

enum imp_status imp_manifest_add(
	struct imp_manifest *m, struct imp_manifest_part *part, struct imp_diag *diag)
{
	bool room;

	(void)pthread_mutex_lock(&m->mutex);
	room = grow(m);
	if (room)
		m->v[m->n++] = *part;
	(void)pthread_mutex_unlock(&m->mutex);
	if (!room)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	memset(part, 0, sizeof *part);
	return IMP_OK;
}

static int compare_parts(const void *a, const void *b)
{
	const struct imp_manifest_part *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* Units that have a line. */
static enum imp_status count_lines(const struct imp_job *job, uint64_t *n, struct imp_diag *diag)
{
	struct imp_batch_counts counts;
	enum imp_status st = imp_ledger_batch_counts(job->ledger, job->batch.id, &counts, diag);

	if (st == IMP_OK)
		*n = counts.total - counts.state[IMP_UNIT_SCRAPPED];
	return st;
}

static bool is_whole(const struct imp_manifest *parts, uint64_t lines)
{
	uint64_t n = 0;

	for (size_t i = 0; i < parts->n; i++)
		n += parts->v[i].units;
	return n == lines;
}

static enum imp_status write_parts(
	struct imp_manifest *parts, const char *path, struct imp_diag *diag)
{
	struct imp_span *spans = calloc(parts->n + 1, sizeof *spans);
	enum imp_status st;

	if (!spans)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (parts->n)
		qsort(parts->v, parts->n, sizeof *parts->v, compare_parts);
	for (size_t i = 0; i < parts->n; i++)
		spans[i] = imp_span(parts->v[i].p, parts->v[i].n);
	st = imp_file_write_spans(path, spans, parts->n, true, diag);
	free(spans);
	return st;
}

static enum imp_status put_all(const struct imp_job *job, struct imp_unit *units,
	struct imp_manifest_part *t, struct imp_diag *diag)
{
	int64_t after = 0;
	size_t n = 1;
	enum imp_status st = IMP_OK;

	while (n && st == IMP_OK) {
		st = imp_ledger_units(job->ledger, job->batch.id, ~(1U << IMP_UNIT_SCRAPPED), after,
			units, READ_AT_ONCE, &n, diag);
		for (size_t i = 0; i < n; i++) {
			if (st == IMP_OK && (units[i].done & IMP_TARGET_FLASH))
				st = imp_manifest_ledger_line(job, &units[i], t, diag);
			after = units[i].id;
			imp_unit_free(&units[i]);
		}
	}
	return st;
}

static enum imp_status write_ledger(
	const struct imp_job *job, const char *path, struct imp_diag *diag)
{
	__attribute__((cleanup(imp_manifest_part_free))) struct imp_manifest_part t = { 0 };
	struct imp_unit *units = calloc(READ_AT_ONCE, sizeof *units);
	enum imp_status st;

	if (!units)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	st = imp_ledger_look(job->ledger, diag);
	if (st == IMP_OK) {
		st = put_all(job, units, &t, diag);
		imp_ledger_look_end(job->ledger);
	}
	free(units);
	return st == IMP_OK ? imp_file_write(path, imp_span(t.p, t.n), true, diag) : st;
}

enum imp_status imp_manifest_write(const struct imp_job *job, struct imp_manifest *parts,
	const char *dir, struct imp_diag *diag)
{
	char path[4096];
	uint64_t lines = 0;
	enum imp_status st = imp_path_join(dir, "manifest.jsonl", path, sizeof path);

	if (st == IMP_OK)
		st = count_lines(job, &lines, diag);
	if (st != IMP_OK)
		return st;
	return is_whole(parts, lines) ? write_parts(parts, path, diag)
				      : write_ledger(job, path, diag);
}
