/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/group.h"

#include "crypto/seal.h"
#include "factory/fields.h"
#include "factory/made_cred.h"
#include "factory/plan.h"
#include "factory/unit_file.h"

#include <stdlib.h>
#include <string.h>

#define GENERATION 1U /* a fresh area: its first slot is its first generation */

/* A buffer that grows, wiped whenever its octets move or go. */
struct heap {
	uint8_t *p;
	size_t n, cap;
};

/* Everything of one unit between its steps.  Offsets, since the heaps move while they grow. */
struct item {
	size_t plain, plain_n;	 /* in plain: the payload */
	size_t sealed, sealed_n; /* in public */
	size_t first, credentials_n;
	bool fresh; /* keys were made by this run */
	bool skip;  /* failed, or nothing to write */
	char failure[IMP_UNIT_REASON_MAX + 1];
	struct imp_file_done done;
};

struct held_credential {
	struct imp_cred c;
	size_t value, body; /* in public */
};

struct imp_group {
	const struct imp_job *job;
	const struct imp_group_options *options;
	struct imp_maker *maker;
	struct imp_sealer *sealer;
	struct imp_unit_file *file; /* NULL: no flash target */
	struct imp_made made;
	struct imp_plan_row row;
	const char *cells[IMP_COLUMNS_MAX];
	struct heap plain;  /* payloads, clear: wiped after each group */
	struct heap shared; /* sealed payloads, values of credentials, certificates */
	struct item items[IMP_GROUP_MAX];
	struct held_credential held[IMP_GROUP_MAX * IMP_CREDENTIALS_MAX];
	struct imp_cred credentials[IMP_GROUP_MAX * IMP_CREDENTIALS_MAX];
	size_t held_n;
	struct imp_unit_made recorded[IMP_GROUP_MAX];
	struct imp_unit_flashed flashed[IMP_GROUP_MAX];
};

/* ---- heap -------------------------------------------------------------------------------------
 */

static void heap_wipe(struct heap *h)
{
	if (h->n)
		imp_wipe(h->p, h->n);
	h->n = 0;
}

static void heap_free(struct heap *h)
{
	heap_wipe(h);
	free(h->p);
}

/* Room for n more octets. */
static bool heap_reserve(struct heap *h, size_t n)
{
	size_t cap = h->cap ? h->cap : 65536;
	uint8_t *p;

	if (h->cap - h->n >= n)
		return true;
	while (cap - h->n < n)
		cap *= 2;
	p = malloc(cap);
	if (!p)
		return false;
	if (h->n) {
		memcpy(p, h->p, h->n);
		imp_wipe(h->p, h->n);
	}
	free(h->p);
	h->p = p;
	h->cap = cap;
	return true;
}

static bool heap_put(struct heap *h, struct imp_span s, size_t *at)
{
	if (!heap_reserve(h, s.n))
		return false;
	*at = h->n;
	if (s.n)
		memcpy(h->p + h->n, s.p, s.n);
	h->n += s.n;
	return true;
}

/* ---- open and close ---------------------------------------------------------------------------
 */

enum imp_status imp_group_open(const struct imp_job *job, const struct imp_group_options *options,
	struct imp_group **out, struct imp_diag *diag)
{
	struct imp_group *g = calloc(1, sizeof *g);
	enum imp_status st;

	if (!g)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	g->job = job;
	g->options = options;
	st = imp_maker_open(
		&job->profile, job->ca, job->env->rng, job->batch.not_before, &g->maker, diag);
	if (st == IMP_OK)
		st = imp_sealer_open(&job->data_key, job->env->rng, &g->sealer);
	if (st == IMP_OK && job->profile.flash.present)
		st = imp_unit_file_open(&job->profile.flash.layout, job->batch.keys, &job->tag_key,
			options, &g->file);
	if (st != IMP_OK) {
		imp_group_close(g);
		return st == diag->status ? st : imp_diag(diag, st, "cannot start a worker");
	}
	*out = g;
	return IMP_OK;
}

void imp_group_close(struct imp_group *g)
{
	if (!g)
		return;
	imp_unit_file_close(g->file);
	imp_sealer_close(g->sealer);
	imp_maker_close(g->maker);
	imp_made_wipe(&g->made);
	heap_free(&g->plain);
	heap_free(&g->shared);
	free(g);
}

/* ---- make -------------------------------------------------------------------------------------
 */

static void fail_item(struct item *item, const struct imp_diag *why)
{
	size_t n = strnlen(why->text, IMP_UNIT_REASON_MAX);

	memcpy(item->failure, why->text, n);
	item->failure[n] = '\0';
	item->skip = true;
}

/* A fault of this unit alone, not of the station. */
static bool concerns_unit(enum imp_status st)
{
	return st == IMP_E_FORMAT || st == IMP_E_SPACE || st == IMP_E_INCONSISTENT ||
	       st == IMP_E_MISMATCH;
}

static enum imp_status plan_row(struct imp_group *g, struct imp_unit *unit, struct imp_diag *diag)
{
	struct imp_device device = { .line = unit->line, .cells = g->cells };
	size_t n = imp_fields_split(unit->fields, g->cells, IMP_COLUMNS_MAX);

	if (n != g->job->columns.columns_n)
		return imp_diag(diag, IMP_E_FORMAT, "'%s': its row does not have %zu columns",
			unit->serial, g->job->columns.columns_n);
	return imp_plan_row(&g->job->profile, &g->job->columns, &device, &g->row, diag);
}

static bool hold_credentials(struct imp_group *g, struct item *item)
{
	item->first = g->held_n;
	for (size_t i = 0; i < g->made.credentials_n; i++) {
		struct held_credential *h = &g->held[g->held_n];
		struct imp_cred c = imp_made_cred(&g->job->profile, g->maker, &g->made, i);

		*h = (struct held_credential){ .c = c };
		if (!heap_put(&g->shared, c.value, &h->value) ||
			!heap_put(&g->shared, c.body, &h->body))
			return false;
		g->held_n++;
	}
	item->credentials_n = g->held_n - item->first;
	return true;
}

static enum imp_status seal(
	struct imp_group *g, const struct imp_unit *unit, struct item *item, struct imp_diag *diag)
{
	uint8_t aad[IMP_UNIT_AAD_MAX];
	size_t aad_n = imp_unit_aad(unit, aad), n = g->made.payload_n + IMP_SEAL_OVERHEAD;
	struct imp_wr wr;
	enum imp_status st;

	if (!heap_reserve(&g->shared, n))
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(g->shared.p + g->shared.n, n);
	st = imp_seal(
		g->sealer, imp_span(aad, aad_n), imp_span(g->made.payload, g->made.payload_n), &wr);
	if (st != IMP_OK)
		return imp_diag(diag, st, "cannot seal the keys of '%s'", unit->endpoint);
	item->sealed = g->shared.n;
	item->sealed_n = wr.n;
	g->shared.n += wr.n;
	return IMP_OK;
}

static enum imp_status make(
	struct imp_group *g, struct imp_unit *unit, struct item *item, struct imp_diag *diag)
{
	enum imp_status st = plan_row(g, unit, diag);

	if (st == IMP_OK)
		st = imp_maker_make(g->maker, &g->row, &g->made, diag);
	if (st != IMP_OK)
		return st;
	st = seal(g, unit, item, diag);
	if (st == IMP_OK && !hold_credentials(g, item))
		st = imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	if (st == IMP_OK &&
		!heap_put(&g->plain, imp_span(g->made.payload, g->made.payload_n), &item->plain))
		st = imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	item->plain_n = g->made.payload_n;
	item->fresh = true;
	imp_made_wipe(&g->made);
	return st;
}

/* Keys of an earlier run. */
static enum imp_status take_up(
	struct imp_group *g, const struct imp_unit *unit, struct item *item, struct imp_diag *diag)
{
	IMP_BLOB payload = { NULL, 0 };
	enum imp_status st =
		imp_ledger_unseal_with(g->job->ledger, unit, g->sealer, &payload, diag);

	if (st != IMP_OK)
		return st;
	if (!heap_put(&g->plain, imp_blob_span(&payload), &item->plain))
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	item->plain_n = payload.n;
	return IMP_OK;
}

static enum imp_status make_all(
	struct imp_group *g, struct imp_unit *units, size_t n, struct imp_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		struct item *item = &g->items[i];
		enum imp_status st;

		memset(item, 0, sizeof *item);
		st = units[i].state == IMP_UNIT_PLANNED ? make(g, &units[i], item, diag)
							: take_up(g, &units[i], item, diag);
		if (concerns_unit(st))
			fail_item(item, diag);
		else if (st != IMP_OK)
			return st;
	}
	return IMP_OK;
}

/* ---- record what was made ---------------------------------------------------------------------
 */

static void point_credentials(struct imp_group *g)
{
	for (size_t i = 0; i < g->held_n; i++) {
		g->credentials[i] = g->held[i].c;
		g->credentials[i].value.p = g->shared.p + g->held[i].value;
		g->credentials[i].body.p = g->shared.p + g->held[i].body;
	}
}

static enum imp_status record_made(struct imp_group *g, const struct imp_unit *units, size_t n,
	struct imp_group_result *result, struct imp_diag *diag)
{
	size_t k = 0, at[IMP_GROUP_MAX];
	enum imp_status st;

	point_credentials(g);
	for (size_t i = 0; i < n; i++) {
		const struct item *item = &g->items[i];

		if (!item->fresh || item->skip)
			continue;
		at[k] = i;
		g->recorded[k++] = (struct imp_unit_made){
			.unit = units[i].id,
			.sealed = imp_span(g->shared.p + item->sealed, item->sealed_n),
			.payload_bytes = (uint32_t)item->plain_n,
			.generation = GENERATION,
			.credentials = g->credentials + item->first,
			.credentials_n = item->credentials_n,
		};
	}
	if (k == 0)
		return IMP_OK;
	st = imp_ledger_made(g->job->ledger, g->job->batch.id, g->recorded, k, diag);
	if (st != IMP_OK)
		return st;
	for (size_t i = 0; i < k; i++) {
		if (g->recorded[i].status == IMP_OK) {
			result->made++;
		} else { /* a collision; the ledger has marked it */
			g->items[at[i]].skip = true;
			result->failed++;
		}
	}
	return IMP_OK;
}

/* ---- write and verify -------------------------------------------------------------------------
 */

static enum imp_status write_all(struct imp_group *g, const struct imp_unit *units, size_t n,
	bool *any, struct imp_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		struct item *item = &g->items[i];
		enum imp_status st;

		if (item->skip)
			continue;
		st = imp_unit_file_write(g->file, units[i].serial,
			imp_span(g->plain.p + item->plain, item->plain_n),
			item->fresh ? GENERATION : units[i].generation, &item->done, diag);
		if (concerns_unit(st) || st == IMP_E_DENIED)
			fail_item(item, diag);
		else if (st != IMP_OK)
			return st;
		*any = true;
	}
	return IMP_OK;
}

/* Lines for the manifest, of keys made by this run: its credentials are at hand. */
static enum imp_status draw_lines(struct imp_group *g, const struct imp_unit *units, size_t n,
	struct imp_manifest_part *part, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	for (size_t i = 0; st == IMP_OK && i < n; i++) {
		const struct item *item = &g->items[i];
		const struct imp_manifest_file file = { .name = item->done.name,
			.bytes = item->done.bytes,
			.sha256 = item->done.sha256,
			.payload = item->plain_n,
			.generation = GENERATION };

		if (!item->skip && item->fresh)
			st = imp_manifest_line(g->job, &units[i], &file,
				g->credentials + item->first, item->credentials_n, part, diag);
	}
	return st;
}

/* ---- record what came of it -------------------------------------------------------------------
 */

static enum imp_status record_results(struct imp_group *g, const struct imp_unit *units, size_t n,
	struct imp_group_result *result, struct imp_diag *diag)
{
	size_t k = 0, written = 0, failed = 0;
	enum imp_status st = IMP_OK;

	for (size_t i = 0; i < n && st == IMP_OK; i++) {
		const struct item *item = &g->items[i];

		if (item->failure[0] && !item->plain_n) { /* no keys came to be */
			st = imp_ledger_fail(g->job->ledger, units[i].id, item->failure, diag);
			failed++;
			continue;
		}
		if (!g->file || (item->skip && !item->failure[0]))
			continue;
		failed += item->failure[0] != '\0';
		written += item->failure[0] == '\0';
		g->flashed[k] = (struct imp_unit_flashed){
			.unit = units[i].id,
			.file = item->done.name,
			.file_bytes = item->done.bytes,
			.evidence = item->done.evidence,
			.failure = item->failure[0] ? item->failure : NULL,
		};
		memcpy(g->flashed[k++].file_sha256, item->done.sha256, IMP_SHA256);
	}
	if (st == IMP_OK && k)
		st = imp_ledger_flashed(g->job->ledger, &g->job->batch, g->flashed, k, diag);
	if (st != IMP_OK)
		return st;
	result->written += written;
	result->failed += failed;
	return IMP_OK;
}

static void take_cpu(const struct imp_group *g)
{
	while (sem_wait(g->options->cpu) != 0) /* a signal */
		;
}

static void give_cpu(const struct imp_group *g)
{
	(void)sem_post(g->options->cpu);
}

static enum imp_status run(struct imp_group *g, struct imp_unit *units, size_t n,
	struct imp_group_result *result, struct imp_diag *diag)
{
	__attribute__((cleanup(imp_manifest_part_free))) struct imp_manifest_part part = { 0 };
	bool any = false;
	enum imp_status st;

	take_cpu(g);
	st = make_all(g, units, n, diag);
	give_cpu(g);
	if (st == IMP_OK)
		st = record_made(g, units, n, result, diag);
	if (st == IMP_OK && g->file) {
		take_cpu(g);
		st = write_all(g, units, n, &any, diag);
		if (st == IMP_OK && g->options->manifest)
			st = draw_lines(g, units, n, &part, diag);
		give_cpu(g);
	}
	if (st == IMP_OK && any)
		st = imp_file_sync_all(g->options->dirfd, g->options->dir, diag);
	if (st == IMP_OK)
		st = record_results(g, units, n, result, diag);
	return st == IMP_OK && part.units ? imp_manifest_add(g->options->manifest, &part, diag)
					  : st;
}

enum imp_status imp_group_run(struct imp_group *g, struct imp_unit *units, size_t n,
	struct imp_group_result *result, struct imp_diag *diag)
{
	enum imp_status st;

	g->held_n = 0;
	heap_wipe(&g->shared);
	st = run(g, units, n, result, diag);
	heap_wipe(&g->plain);
	imp_made_wipe(&g->made);
	for (size_t i = 0; i < n; i++)
		imp_unit_free(&units[i]);
	return st;
}
