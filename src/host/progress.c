/* SPDX-License-Identifier: Apache-2.0 */
#include "host/progress.h"

#include <inttypes.h>
#include <unistd.h>

#define REDRAW_MS 100
#define QUIET_MS 500
#define BAR 24

void imp_progress_start(struct imp_progress *p, FILE *to, const struct imp_clock *clock,
	const char *what, uint64_t done, uint64_t total)
{
	*p = (struct imp_progress){
		.to = to,
		.clock = clock,
		.what = what,
		.terminal = to && isatty(fileno(to)),
		.total = total,
		.done = done,
		.first = done,
	};
	if (to)
		p->started_ms = p->drawn_ms = clock->mono_ms(clock->ctx);
	p->tenths = total ? (unsigned)(done * 10 / total) : 0;
}

const char *imp_duration_text(uint64_t seconds, char buf[static 24])
{
	if (seconds >= 3600)
		(void)snprintf(buf, 24, "%" PRIu64 "h%02um", seconds / 3600,
			(unsigned)(seconds % 3600 / 60));
	else if (seconds >= 60)
		(void)snprintf(
			buf, 24, "%um%02us", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
	else
		(void)snprintf(buf, 24, "%us", (unsigned)seconds);
	return buf;
}

static void figures(const struct imp_progress *p, uint64_t now, char *out, size_t cap)
{
	uint64_t ms = now > p->started_ms ? now - p->started_ms : 1;
	double rate = (double)(p->done - p->first) * 1000.0 / (double)ms;
	char eta[24] = "?";

	if (rate > 0)
		imp_duration_text((uint64_t)((double)(p->total - p->done) / rate + 0.5), eta);
	(void)snprintf(out, cap, "%" PRIu64 "/%" PRIu64 " %s  %.0f/s  %s left", p->done, p->total,
		p->what, rate, eta);
}

static void draw_bar(struct imp_progress *p, uint64_t now)
{
	char bar[BAR + 1], text[128];
	unsigned full = p->total ? (unsigned)(p->done * BAR / p->total) : BAR;

	for (unsigned i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = '\0';
	figures(p, now, text, sizeof text);
	fprintf(p->to, "\r[%s] %3u%%  %s\033[K", bar,
		p->total ? (unsigned)(p->done * 100 / p->total) : 100, text);
	(void)fflush(p->to);
	p->drawn = true;
	p->drawn_ms = now;
}

static void print_tenth(struct imp_progress *p, uint64_t now)
{
	unsigned tenths = p->total ? (unsigned)(p->done * 10 / p->total) : 10;
	char text[128];

	if (tenths <= p->tenths)
		return;
	p->tenths = tenths;
	figures(p, now, text, sizeof text);
	fprintf(p->to, "%3u%%  %s\n", tenths * 10, text);
	(void)fflush(p->to);
}

void imp_progress_step(struct imp_progress *p, uint64_t done)
{
	uint64_t now;

	if (!p->to)
		return;
	p->done = done;
	now = p->clock->mono_ms(p->clock->ctx);
	if (!p->terminal)
		print_tenth(p, now);
	else if (now - p->drawn_ms >= (p->drawn ? REDRAW_MS : QUIET_MS))
		draw_bar(p, now);
}

void imp_progress_end(struct imp_progress *p)
{
	if (!p->to || !p->drawn)
		return;
	fputs("\r\033[K", p->to);
	(void)fflush(p->to);
	p->drawn = false;
}
