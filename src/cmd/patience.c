/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/patience.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define MS_NS 1000000L

struct waiting {
	struct imp_patience *patience;
	struct imp_card inner;
	timer_t timer;
	bool timed;
};

/* ---- the clock ---- */

/* In a thread of the C library; a late one finds what lives as long as the program. */
static void told(union sigval value)
{
	struct imp_patience *patience = (struct imp_patience *)value.sival_ptr;

	imp_note(patience->env, "the card has not answered for %u s, still waiting; Ctrl-C ends it",
		(patience->after_ms + 999) / 1000);
}

static bool clock_new(struct imp_patience *patience, timer_t *timer)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = told,
		.sigev_value = { .sival_ptr = patience } };

	return timer_create(CLOCK_MONOTONIC, &event, timer) == 0;
}

/* Once for each wait; 0 stops it. */
static void clock_set(timer_t timer, unsigned ms)
{
	struct itimerspec at = { .it_value = { ms / 1000, (long)(ms % 1000) * MS_NS } };

	(void)timer_settime(timer, 0, &at, NULL);
}

static void begin(const struct waiting *w)
{
	if (w->timed)
		clock_set(w->timer, w->patience->after_ms);
}

static void end(const struct waiting *w)
{
	if (w->timed)
		clock_set(w->timer, 0);
}

/* ---- the card ---- */

static enum imp_status transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	const struct waiting *w = (const struct waiting *)ctx;
	enum imp_status st;

	begin(w);
	st = w->inner.transceive(w->inner.ctx, cmd, rsp);
	end(w);
	return st;
}

static enum imp_status reset(void *ctx)
{
	const struct waiting *w = (const struct waiting *)ctx;
	enum imp_status st;

	begin(w);
	st = w->inner.reset(w->inner.ctx);
	end(w);
	return st;
}

static enum imp_status atr(void *ctx, struct imp_wr *out)
{
	const struct waiting *w = (const struct waiting *)ctx;

	return w->inner.atr(w->inner.ctx, out);
}

static bool blame(void *ctx, enum imp_status st, struct imp_diag *diag)
{
	const struct waiting *w = (const struct waiting *)ctx;

	return imp_card_blame(&w->inner, st, diag);
}

static void close_card(void *ctx)
{
	struct waiting *w = (struct waiting *)ctx;

	if (w->inner.close)
		w->inner.close(w->inner.ctx);
	if (w->timed)
		(void)timer_delete(w->timer);
	free(w);
}

/* ---- the readers ---- */

static enum imp_status list(
	void *ctx, struct imp_reader_info *out, size_t cap, size_t *n, struct imp_diag *diag)
{
	const struct imp_readers *inner = ((const struct imp_patience *)ctx)->inner;

	return inner->list(inner->ctx, out, cap, n, diag);
}

static enum imp_status open_card(
	void *ctx, const char *name, struct imp_card *card, struct imp_diag *diag)
{
	struct imp_patience *patience = (struct imp_patience *)ctx;
	struct waiting *w = (struct waiting *)calloc(1, sizeof *w);
	enum imp_status st;

	if (!w)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	w->patience = patience;
	w->timed = clock_new(patience, &w->timer);
	begin(w);
	st = patience->inner->open(patience->inner->ctx, name, &w->inner, diag);
	end(w);
	if (st != IMP_OK) {
		w->inner.close = NULL;
		close_card(w);
		return st;
	}
	*card = (struct imp_card){ w, transceive, w->inner.reset ? reset : NULL,
		w->inner.atr ? atr : NULL, close_card, blame };
	return IMP_OK;
}

void imp_patience_readers(struct imp_patience *patience, struct imp_readers *out)
{
	*out = (struct imp_readers){ patience, list, open_card, patience->inner->option };
}
