/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/keyring.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	int64_t batch;
	enum imp_status st;
	struct imp_sealer *sealer; /* NULL unless st is IMP_OK */
};

struct imp_keyring {
	struct imp_env *env;
	struct imp_ledger *ledger;
	const char *const *files;
	size_t files_n;
	struct entry *v;
	size_t n, cap;
};

enum imp_status imp_keyring_open(struct imp_env *env, struct imp_ledger *ledger,
	const char *const *files, size_t n, struct imp_keyring **out)
{
	struct imp_keyring *r = calloc(1, sizeof *r);

	if (!r)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	r->env = env;
	r->ledger = ledger;
	r->files = files;
	r->files_n = n;
	*out = r;
	return IMP_OK;
}

void imp_keyring_close(struct imp_keyring *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		imp_sealer_close(r->v[i].sealer);
	free(r->v);
	free(r);
}

static struct entry *find(struct imp_keyring *r, int64_t batch)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].batch == batch)
			return &r->v[i];
	return NULL;
}

static struct entry *add(struct imp_keyring *r, int64_t batch)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 8;
		struct entry *v = realloc(r->v, cap * sizeof *v);

		if (!v)
			return NULL;
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n] = (struct entry){ .batch = batch, .st = IMP_E_DENIED };
	return &r->v[r->n++];
}

static enum imp_status open_key(struct imp_keyring *r, const struct imp_batch *batch,
	struct imp_secret *key, struct imp_diag *diag)
{
	enum imp_status st = IMP_E_ABSENT;

	if (!r->files_n)
		return imp_ledger_data_key(r->ledger, batch, NULL, key, diag);
	for (size_t i = 0; st != IMP_OK && i < r->files_n; i++)
		st = imp_ledger_data_key(r->ledger, batch, r->files[i], key, diag);
	return st;
}

static enum imp_status open_entry(struct imp_keyring *r, struct entry *e, struct imp_diag *diag)
{
	IMP_BATCH batch = { 0 };
	IMP_SECRET key = { { 0 }, 0 };
	enum imp_status st = imp_ledger_batch_by_id(r->ledger, e->batch, &batch, diag);

	if (st == IMP_OK) {
		st = open_key(r, &batch, &key, diag);
		if (st != IMP_OK)
			imp_warn(r->env, "batch '%s': its devices are refused: %s", batch.name,
				diag->text);
	}
	if (st == IMP_OK)
		st = imp_sealer_open(&key, r->env->rng, &e->sealer);
	e->st = st;
	return st;
}

enum imp_status imp_keyring_sealer(
	struct imp_keyring *r, int64_t batch, struct imp_sealer **out, struct imp_diag *diag)
{
	struct entry *e = find(r, batch);
	enum imp_status st = e ? e->st : IMP_E_INTERNAL;

	if (!e) {
		e = add(r, batch);
		if (!e)
			return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
		st = open_entry(r, e, diag);
	} else if (st != IMP_OK) {
		return imp_diag(diag, st, "the key of its batch does not open");
	}
	if (st == IMP_OK)
		*out = e->sealer;
	return st;
}
