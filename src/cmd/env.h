/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command may touch.  main.c builds the one of the product; tests build one of fakes.
 * Results go to out and nowhere else; everything for people goes to err.
 */
#ifndef IMP_CMD_ENV_H
#define IMP_CMD_ENV_H

#include "base/diag.h"
#include "base/seam.h"

#include <stdbool.h>
#include <stdio.h>

struct imp_net_seam;
struct imp_readers;
struct imp_card;

struct imp_env {
	FILE *out, *err;
	const struct imp_rng *rng;
	const struct imp_clock *clock;
	const struct imp_readers *readers;
	const struct imp_readers *ccid; /* the same without a reader service (boot --ccid) */
	const struct imp_keycheck *keycheck;
	const struct imp_net_seam *net; /* CoAP and DTLS */
	/* Serve a card to a virtual reader at host:port until it is gone, an APDU limit, or a
	 * signal (card emulate).  on_event may be NULL. */
	enum imp_status (*serve_card)(void *ctx, const char *host, unsigned port,
		const struct imp_card *card, struct imp_diag *diag);
	void *serve_card_ctx;

	/* Global options. */
	bool json, quiet, no_progress, yes, dry_run;

	/* Filled by the command that fails. */
	struct imp_diag diag;
};

/* Results for machines and people.  Printed on env->out. */
void imp_out(struct imp_env *env, const char *fmt, ...) IMP_PRINTF(2, 3);

/* Notes for people on env->err; silent with --quiet. */
void imp_note(struct imp_env *env, const char *fmt, ...) IMP_PRINTF(2, 3);

/* Warnings for people on env->err ("imprint: warning: ..."); never silent. */
void imp_warn(struct imp_env *env, const char *fmt, ...) IMP_PRINTF(2, 3);

/* Ask before something destructive.  IMP_OK with --yes or after "yes" at a terminal; IMP_E_DENIED
 * with a diagnosis otherwise. */
IMP_MUST_CHECK enum imp_status imp_confirm(struct imp_env *env, const char *fmt, ...)
	IMP_PRINTF(2, 3);

#endif
