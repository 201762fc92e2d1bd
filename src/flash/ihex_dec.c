/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/ihex.h"

#include "base/hex.h"
#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

enum { DATA, END, UPPER_SEGMENT, START_SEGMENT, UPPER_LINEAR, START_LINEAR };

struct record {
	uint8_t octets[4 + 255 + 1]; /* count, address, type, data, sum */
	size_t n;
	unsigned line;
};

struct range {
	uint32_t first, last; /* inclusive: the last octet may be FFFFFFFF */
};

struct scan {
	struct imp_span left;
	const char *name;
	struct imp_diag *diag;
	unsigned line;
	uint32_t upper;
	bool ended;
};

static enum imp_status bad(const struct scan *s, const char *what)
{
	return imp_diag(s->diag, IMP_E_FORMAT, "%s:%u: Intel HEX: %s", s->name, s->line, what);
}

/* The next line without its end; false when there is none. */
static bool next_line(struct scan *s, struct imp_span *line)
{
	const uint8_t *lf;

	if (s->left.n == 0)
		return false;
	lf = memchr(s->left.p, '\n', s->left.n);
	line->p = s->left.p;
	line->n = lf ? (size_t)(lf - s->left.p) : s->left.n;
	s->left.p += lf ? line->n + 1 : line->n;
	s->left.n -= lf ? line->n + 1 : line->n;
	s->line++;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static enum imp_status parse_line(struct scan *s, struct imp_span line, struct record *r)
{
	struct imp_wr wr = imp_wr(r->octets, sizeof r->octets);
	uint8_t sum = 0;

	if (line.n == 0 || line.p[0] != ':')
		return bad(s, "line does not begin with ':'");
	if (imp_hex_get(&wr, imp_span(line.p + 1, line.n - 1)) != IMP_OK)
		return bad(s, "not pairs of hexadecimal digits");
	if (wr.n < 5 || wr.n != (size_t)r->octets[0] + 5)
		return bad(s, "length of the record differs from its count");
	for (size_t i = 0; i < wr.n; i++)
		sum = (uint8_t)(sum + r->octets[i]);
	if (sum)
		return bad(s, "checksum is wrong");
	r->n = r->octets[0];
	return IMP_OK;
}

static enum imp_status check_size(struct scan *s, const struct record *r, size_t want)
{
	return r->n == want ? IMP_OK : bad(s, "record of this type has another length");
}

/* Apply one record; *data is set when it holds data, at *addr. */
static enum imp_status apply(struct scan *s, const struct record *r, bool *data, uint32_t *addr)
{
	uint32_t low = (uint32_t)r->octets[1] << 8 | r->octets[2];
	uint32_t two = (uint32_t)r->octets[4] << 8 | r->octets[5];
	enum imp_status st = IMP_OK;

	*data = false;
	switch (r->octets[3]) {
	case DATA:
		*addr = s->upper + low;
		if (r->n && UINT32_MAX - *addr < r->n - 1)
			return bad(s, "data passes the end of the address space");
		*data = r->n > 0;
		break;
	case END:
		st = check_size(s, r, 0);
		s->ended = true;
		break;
	case UPPER_SEGMENT:
		st = check_size(s, r, 2);
		s->upper = two << 4;
		break;
	case UPPER_LINEAR:
		st = check_size(s, r, 2);
		s->upper = two << 16;
		break;
	case START_SEGMENT:
	case START_LINEAR:
		st = check_size(s, r, 4);
		break;
	default:
		st = bad(s, "unknown record type");
	}
	return st;
}

static enum imp_status walk(struct scan *s, imp_ihex_visit *visit, void *ctx)
{
	struct imp_span line;
	struct record r;
	uint32_t addr;
	bool data;

	while (next_line(s, &line)) {
		enum imp_status st;

		if (s->ended) {
			if (line.n)
				return bad(s, "text behind the end record");
			continue;
		}
		st = parse_line(s, line, &r);
		if (st == IMP_OK)
			st = apply(s, &r, &data, &addr);
		if (st == IMP_OK && data)
			st = visit(ctx, addr, imp_span(r.octets + 4, r.n));
		if (st != IMP_OK)
			return st;
	}
	if (!s->ended)
		return imp_diag(s->diag, IMP_E_TRUNC, "%s: Intel HEX: no end record", s->name);
	return IMP_OK;
}

/* ---- octets given twice -------------------------------------------------------------------------
 */

struct ranges {
	struct range *v;
	size_t n, cap;
};

/* Records mostly follow each other: the last range is extended, others are sorted afterwards. */
static enum imp_status note_range(void *ctx, uint32_t addr, struct imp_span data)
{
	struct ranges *r = ctx;
	uint32_t last = addr + (uint32_t)(data.n - 1);

	if (r->n && addr && r->v[r->n - 1].last == addr - 1) {
		r->v[r->n - 1].last = last;
		return IMP_OK;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct range *v = realloc(r->v, cap * sizeof *v);

		if (!v)
			return IMP_E_INTERNAL;
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = (struct range){ addr, last };
	return IMP_OK;
}

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static enum imp_status refuse_overlap(const struct scan *s, struct ranges *r)
{
	if (r->n)
		qsort(r->v, r->n, sizeof *r->v, by_address);
	for (size_t i = 1; i < r->n; i++)
		if (r->v[i].first <= r->v[i - 1].last)
			return imp_diag(s->diag, IMP_E_FORMAT,
				"%s: Intel HEX: octet at 0x%08x is given twice", s->name,
				r->v[i].first);
	return IMP_OK;
}

static enum imp_status check(
	struct imp_span text, const char *name, struct imp_diag *diag, struct ranges *ranges)
{
	struct scan s = { text, name, diag, 0, 0, false };
	enum imp_status st = walk(&s, note_range, ranges);

	return st == IMP_OK ? refuse_overlap(&s, ranges) : st;
}

enum imp_status imp_ihex_each(struct imp_span text, imp_ihex_visit *visit, void *ctx,
	const char *name, struct imp_diag *diag)
{
	struct scan s = { text, name, diag, 0, 0, false };
	struct ranges ranges = { NULL, 0, 0 };
	enum imp_status st = check(text, name, diag, &ranges);

	free(ranges.v);
	return st == IMP_OK ? walk(&s, visit, ctx) : st;
}

/* ---- where the processor starts ----------------------------------------------------------------
 */

unsigned imp_ihex_starts(struct imp_span text, struct imp_ihex_start *out)
{
	struct scan s = { text, "", NULL, 0, 0, false };
	struct imp_span line;
	struct record r;
	unsigned n = 0;

	while (next_line(&s, &line) && parse_line(&s, line, &r) == IMP_OK && r.octets[3] != END) {
		const uint8_t *a = r.octets + 4;
		const struct imp_ihex_start start = { r.octets[3],
			(uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3] };

		if ((start.type != START_SEGMENT && start.type != START_LINEAR) || r.n != 4)
			continue;
		if (n == 0)
			*out = start;
		n += n == 0 ||
		     (n == 1 && (out->type != start.type || out->address != start.address));
	}
	return n;
}

/* ---- into one buffer ----------------------------------------------------------------------------
 */

struct target {
	uint8_t *buf;
	uint32_t base;
};

static enum imp_status copy(void *ctx, uint32_t addr, struct imp_span data)
{
	struct target *t = ctx;

	memcpy(t->buf + (addr - t->base), data.p, data.n);
	return IMP_OK;
}

enum imp_status imp_ihex_decode(struct imp_span text, uint8_t *buf, size_t cap, uint32_t *base,
	size_t *n, struct imp_diag *diag)
{
	static const char name[] = "input";
	struct scan s = { text, name, diag, 0, 0, false };
	struct ranges ranges = { NULL, 0, 0 };
	enum imp_status st = check(text, name, diag, &ranges);
	struct target target = { buf, 0 };
	uint64_t span = 0;

	if (st == IMP_OK && ranges.n) {
		target.base = ranges.v[0].first;
		span = (uint64_t)ranges.v[ranges.n - 1].last - target.base + 1;
	}
	free(ranges.v);
	if (st != IMP_OK)
		return st;
	if (span > cap)
		return imp_diag(diag, IMP_E_SPACE, "Intel HEX: spans %llu octets, at most %zu",
			(unsigned long long)span, cap);
	memset(buf, 0xFF, (size_t)span);
	st = walk(&s, copy, &target);
	if (st == IMP_OK) {
		*base = target.base;
		*n = (size_t)span;
	}
	return st;
}
