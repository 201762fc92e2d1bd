/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct crew {
	const struct imp_job *job;
	const struct imp_group_options *options;
	const struct imp_crew_options *how;
	size_t group; /* units in one */
	unsigned states;

	pthread_mutex_t mutex; /* all below */
	int64_t after;	       /* last unit handed out */
	bool stopped;
	enum imp_status st; /* first failure */
	struct imp_diag diag;
	struct imp_group_result result;
	uint64_t done;
};

/* Small batches are spread over the threads, large ones go in groups that a sync is worth. */
static size_t group_size(uint64_t open, unsigned jobs)
{
	uint64_t n = open / (4ULL * jobs) + 1;

	if (n < 8)
		n = 8;
	return n > IMP_GROUP_MAX ? IMP_GROUP_MAX : (size_t)n;
}

/* Leave out units whose file is done and that wait for their card. */
static size_t still_to_do(const struct crew *c, struct imp_unit *units, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct imp_unit u = units[i];

		memset(&units[i], 0, sizeof units[i]);
		if (c->job->profile.flash.present && (u.done & IMP_TARGET_FLASH))
			imp_unit_free(&u);
		else
			units[kept++] = u;
	}
	return kept;
}

/* The next group; 0 units when there is nothing left to do. */
static size_t take(struct crew *c, struct imp_unit *units)
{
	size_t n = 0, kept = 0;

	(void)pthread_mutex_lock(&c->mutex);
	do {
		if (c->st != IMP_OK)
			break;
		if (c->how->stop()) {
			c->stopped = true;
			break;
		}
		c->st = imp_ledger_units(c->job->ledger, c->job->batch.id, c->states, c->after,
			units, c->group, &n, &c->diag);
		if (c->st != IMP_OK || n == 0)
			break;
		c->after = units[n - 1].id;
		kept = still_to_do(c, units, n);
	} while (kept == 0);
	(void)pthread_mutex_unlock(&c->mutex);
	return kept;
}

static void give_back(struct crew *c, const struct imp_group_result *r, size_t n,
	enum imp_status st, const struct imp_diag *diag)
{
	(void)pthread_mutex_lock(&c->mutex);
	c->result.made += r->made;
	c->result.written += r->written;
	c->result.failed += r->failed;
	if (st == IMP_OK)
		c->done += n - r->failed;
	if (st != IMP_OK && c->st == IMP_OK) {
		c->st = st;
		c->diag = *diag;
	}
	imp_progress_step(c->how->progress, c->done);
	(void)pthread_mutex_unlock(&c->mutex);
}

/* Group after group, until none is left or something fails. */
static void work_off(
	struct crew *c, struct imp_group *group, struct imp_unit *units, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;
	size_t n;

	while (st == IMP_OK && (n = take(c, units)) > 0) {
		struct imp_group_result r = { 0 };

		st = imp_group_run(group, units, n, &r, diag);
		give_back(c, &r, n, st, diag);
	}
}

static void *work(void *ctx)
{
	struct crew *c = ctx;
	struct imp_group *group = NULL;
	struct imp_unit *units = calloc(IMP_GROUP_MAX, sizeof *units);
	struct imp_diag diag = { .status = IMP_OK };
	struct imp_group_result none = { 0 };
	enum imp_status st;

	if (!units) {
		st = imp_diag(&diag, IMP_E_INTERNAL, "out of memory");
		give_back(c, &none, 0, st, &diag);
		return NULL;
	}
	st = imp_group_open(c->job, c->options, &group, &diag);
	if (st == IMP_OK)
		work_off(c, group, units, &diag);
	else
		give_back(c, &none, 0, st, &diag);
	imp_group_close(group);
	free(units);
	return NULL;
}

/*
 * Two threads per job: while one waits for the disk, the other computes; how many compute at once
 * is the semaphore's.  The calling thread works as well; a thread that cannot be had is done
 * without.
 */
static void run_threads(struct crew *c)
{
	unsigned n = 2 * c->how->jobs - 1, started = 0;
	pthread_t *threads = calloc(n, sizeof *threads);

	if (!threads)
		n = 0;
	while (started < n && pthread_create(&threads[started], NULL, work, c) == 0)
		started++;
	(void)work(c);
	while (started)
		(void)pthread_join(threads[--started], NULL);
	free(threads);
}

enum imp_status imp_crew_run(const struct imp_job *job, const struct imp_group_options *options,
	const struct imp_crew_options *how, struct imp_group_result *result, bool *stopped,
	struct imp_diag *diag)
{
	sem_t cpu;
	struct imp_group_options own = *options;
	struct crew c = { .job = job,
		.options = &own,
		.how = how,
		.group = group_size(how->open, how->jobs),
		.states = 1U << IMP_UNIT_PLANNED,
		.done = how->done };

	if (job->profile.flash.present)
		c.states |= 1U << IMP_UNIT_MADE | 1U << IMP_UNIT_WRITTEN | 1U << IMP_UNIT_VERIFIED;
	if (pthread_mutex_init(&c.mutex, NULL) != 0 || sem_init(&cpu, 0, how->jobs) != 0)
		return imp_diag(diag, IMP_E_INTERNAL, "no mutex or semaphore");
	own.cpu = &cpu;
	run_threads(&c);
	(void)sem_destroy(&cpu);
	(void)pthread_mutex_destroy(&c.mutex);
	result->made += c.result.made;
	result->written += c.result.written;
	result->failed += c.result.failed;
	*stopped = c.stopped;
	if (c.st != IMP_OK)
		*diag = c.diag;
	return c.st;
}
