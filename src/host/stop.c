/* SPDX-License-Identifier: Apache-2.0 */
#include "host/stop.h"

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	signalled = number;
}

bool imp_stop_asked(void)
{
	return signalled != 0;
}

void imp_stop_catch(struct imp_stop *old)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	signalled = 0;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGINT, &sa, &old->interrupt);
	(void)sigaction(SIGTERM, &sa, &old->terminate);
}

void imp_stop_restore(const struct imp_stop *old)
{
	(void)sigaction(SIGINT, &old->interrupt, NULL);
	(void)sigaction(SIGTERM, &old->terminate, NULL);
}
