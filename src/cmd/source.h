/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command takes its credential set from: a file in any form, or a unit of a ledger.
 * One place for the options, so that image build, image verify, card write and card verify agree.
 */
#ifndef IMP_CMD_SOURCE_H
#define IMP_CMD_SOURCE_H

#include "cmd/cmd.h"
#include "host/file.h"
#include "ledger/ledger.h"
#include "model/set.h"

struct imp_env;

/* Rows for the option table of a command. */
/* clang-format off */
#define IMP_SOURCE_OPTS                                                                            \
	{ "set", "FILE", "credential set in any form (EF, SenML, JSON); - is standard input", 0 }, \
	{ "keys", "WHICH", "with --set: persistent or non-persistent (default: by resource 0/x/12)", 0 }, \
	{ "ledger", "FILE", "take the set of a unit from this ledger", 0 },                         \
	{ "endpoint", "NAME", "with --ledger: the unit's endpoint", 0 },                            \
	{ "key-file", "FILE", "with --ledger: opens the sealed keys (station key, or private key in PEM)", 0 }
/* clang-format on */

struct imp_source {
	struct imp_set set;
	struct imp_blob payload;   /* EF(LwM2M_Bootstrap), canonical */
	enum imp_keys keys;	   /* never IMP_KEYS_UNSTATED after loading */
	struct imp_ledger *ledger; /* NULL unless from a ledger; open for recording what happens */
	struct imp_unit unit;	   /* of the ledger */
	struct imp_batch batch;
};

/*
 * Load by the options above; given tells whether there were any.  Consistency rules are checked:
 * errors are printed on env->err and refuse (IMP_E_INCONSISTENT), warnings are printed.  out must
 * be zeroed; imp_source_free() in every case.
 */
IMP_MUST_CHECK enum imp_status imp_source_load(
	struct imp_env *env, const struct imp_args *args, struct imp_source *out);

bool imp_source_given(const struct imp_args *args);

void imp_source_free(struct imp_source *source);

#endif
