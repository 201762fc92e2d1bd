/* SPDX-License-Identifier: Apache-2.0 */
/* imprint image merge: firmware and factory area into one file, overlaps refused by name. */
#include "flash-images/commands.h"

#include "cmd/env.h"
#include "cmd/json_line.h"
#include "flash-images/image_file.h"
#include "flash/ihex.h"
#include "host/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_SIZE_MAX (64U << 20)

/* Consecutive octets of one input. */
struct segment {
	struct segment *next;
	uint32_t first, last;
	const char *from;
	uint8_t octets[];
};

struct merge {
	struct imp_env *env;
	const char *reading;	     /* the input that is being read */
	struct imp_ihex_start start; /* the first that an input gives */
	const char *start_from;	     /* which one */
	bool no_start;		     /* they differ, or the output has no room for one */
	struct segment *head;	     /* by first address */
	struct segment *put;	     /* the one that was put in last */
};

static size_t size_of(const struct segment *s)
{
	return (size_t)(s->last - s->first) + 1;
}

static void free_merge(struct merge *m)
{
	for (struct segment *s = m->head, *next; s; s = next) {
		next = s->next;
		imp_wipe(s->octets, size_of(s));
		free(s);
	}
}

/* Into its place: mostly behind the one before it. */
static void put(struct merge *m, struct segment *s)
{
	struct segment *before = m->put && m->put->first <= s->first ? m->put : NULL;
	struct segment *behind = before ? before->next : m->head;

	for (; behind && behind->first <= s->first; behind = behind->next)
		before = behind;
	s->next = behind;
	if (before)
		before->next = s;
	else
		m->head = s;
	m->put = s;
}

static enum imp_status add_segment(struct merge *m, uint32_t first, struct imp_span data)
{
	struct segment *s = malloc(sizeof *s + data.n);

	if (!s)
		return imp_diag(&m->env->diag, IMP_E_INTERNAL, "out of memory");
	s->first = first;
	s->last = first + (uint32_t)(data.n - 1);
	s->from = m->reading;
	memcpy(s->octets, data.p, data.n);
	put(m, s);
	return IMP_OK;
}

/* What is told at the end. */
struct result {
	const struct merge *m;
	const char *path;
};

/* Records of an Intel HEX file, collected until one does not follow the last. */
struct collector {
	struct merge *m;
	uint8_t buf[65536];
	uint32_t first;
	size_t n;
	bool any;
};

static enum imp_status flush(struct merge *m, struct collector *c)
{
	enum imp_status st = IMP_OK;

	if (c->n)
		st = add_segment(m, c->first, imp_span(c->buf, c->n));
	c->n = 0;
	return st;
}

static enum imp_status collect(void *ctx, uint32_t addr, struct imp_span data)
{
	struct collector *c = ctx;
	enum imp_status st = IMP_OK;

	if (c->n && (addr != c->first + (uint32_t)c->n || c->n + data.n > sizeof c->buf))
		st = flush(c->m, c);
	if (c->n == 0)
		c->first = addr;
	memcpy(c->buf + c->n, data.p, data.n);
	c->n += data.n;
	c->any = true;
	return st;
}

static bool same_start(const struct imp_ihex_start *a, const struct imp_ihex_start *b)
{
	return a->type == b->type && a->address == b->address;
}

/* The start address of one input.  A boot loader and its program may have one each: nothing to
 * refuse, but which one is meant cannot be known here. */
static void add_start(struct merge *m, struct imp_span text)
{
	struct imp_ihex_start start = { 0, 0 };
	unsigned n = imp_ihex_starts(text, &start);

	if (n == 0 || m->no_start)
		return;
	if (n == 1 && !m->start.type) {
		m->start = start;
		m->start_from = m->reading;
		return;
	}
	if (n == 1 && same_start(&m->start, &start))
		return;
	m->no_start = true;
	if (n > 1)
		imp_warn(m->env, "%s: several start addresses, so none is written", m->reading);
	else
		imp_warn(m->env,
			"%s starts at 0x%08" PRIx32 " and %s at 0x%08" PRIx32
			", so no start address is written",
			m->start_from, m->start.address, m->reading, start.address);
}

static enum imp_status add_ihex(struct merge *m, struct imp_span text, const char *path)
{
	struct collector *c = malloc(sizeof *c);
	enum imp_status st;

	if (!c)
		return imp_diag(&m->env->diag, IMP_E_INTERNAL, "out of memory");
	c->m = m;
	c->n = 0;
	c->any = false;
	st = imp_ihex_each(text, collect, c, path, &m->env->diag);
	if (st == IMP_OK)
		st = flush(m, c);
	if (st == IMP_OK && !c->any)
		st = imp_diag(&m->env->diag, IMP_E_TRUNC, "%s: Intel HEX without data", path);
	if (st == IMP_OK)
		add_start(m, text);
	imp_wipe(c, sizeof *c);
	free(c);
	return st;
}

/* "FILE@ADDR": the address in hexadecimal (0x...) or decimal; *at is where '@' stands. */
static enum imp_status split_address(
	struct merge *m, const char *input, char *path, size_t cap, bool *given, uint32_t *addr)
{
	const char *at = strrchr(input, '@');
	uint64_t v;

	*given = false;
	if (strlen(input) >= cap)
		return imp_diag(&m->env->diag, IMP_E_USAGE, "%s: name too long", input);
	memcpy(path, input, strlen(input) + 1);
	if (!at)
		return IMP_OK;
	if (imp_text_address(at + 1, &v) != IMP_OK || v > UINT32_MAX)
		return imp_diag(&m->env->diag, IMP_E_USAGE, "%s: not an address behind '@'", input);
	path[at - input] = '\0';
	*given = true;
	*addr = (uint32_t)v;
	return IMP_OK;
}

static enum imp_status look_only(void *ctx, uint32_t addr, struct imp_span data)
{
	(void)ctx;
	(void)addr;
	(void)data;
	return IMP_OK;
}

/* The text of Intel HEX is nothing to be programmed. */
static enum imp_status refuse_address(struct merge *m, const char *path)
{
	(void)imp_diag(&m->env->diag, IMP_E_USAGE, "%s: Intel HEX says itself where it lies", path);
	imp_diag_hint(&m->env->diag, "leave the address behind '@' out");
	return IMP_E_USAGE;
}

static enum imp_status add_input(struct merge *m, const char *input)
{
	IMP_BLOB file = { NULL, 0 };
	char path[4096];
	bool given;
	uint32_t addr = 0;
	enum imp_status st = split_address(m, input, path, sizeof path, &given, &addr);

	if (st == IMP_OK)
		st = imp_file_read(path, INPUT_SIZE_MAX, &file, &m->env->diag);
	if (st != IMP_OK)
		return st;
	m->reading = input;
	if (file.n == 0)
		return imp_diag(&m->env->diag, IMP_E_TRUNC, "%s: empty", path);
	if (file.p[0] == ':' && !given)
		return add_ihex(m, imp_blob_span(&file), path);
	if (!given) {
		imp_diag(&m->env->diag, IMP_E_USAGE, "%s: raw octets, but at which address?", path);
		imp_diag_hint(&m->env->diag, "say %s@0x08000000", path);
		return IMP_E_USAGE;
	}
	if (imp_ihex_each(imp_blob_span(&file), look_only, NULL, path, NULL) == IMP_OK)
		return refuse_address(m, path);
	if (UINT32_MAX - addr < file.n - 1)
		return imp_diag(&m->env->diag, IMP_E_SPACE,
			"%s: passes the end of the address space", input);
	return add_segment(m, addr, imp_blob_span(&file));
}

static enum imp_status refuse_overlap(struct merge *m)
{
	for (const struct segment *a = m->head, *b; a && a->next; a = b) {
		b = a->next;
		if (b->first <= a->last)
			return imp_diag(&m->env->diag, IMP_E_FORMAT,
				"%s (0x%08" PRIx32 "..0x%08" PRIx32 ") and %s (0x%08" PRIx32
				"..0x%08" PRIx32 ") overlap",
				a->from, a->first, a->last, b->from, b->first, b->last);
	}
	return IMP_OK;
}

/* First and last address of all. */
static void range(const struct merge *m, uint32_t *first, uint32_t *last)
{
	*first = *last = 0;
	for (const struct segment *s = m->head; s; s = s->next) {
		*first = s == m->head ? s->first : *first;
		*last = s->last;
	}
}

static const struct imp_ihex_start *start_of(const struct merge *m)
{
	return m->start.type && !m->no_start ? &m->start : NULL;
}

/* Intel HEX keeps the gaps. */
static void encode_ihex(const struct merge *m, struct imp_wr *wr)
{
	for (const struct segment *s = m->head; s; s = s->next)
		imp_ihex_put_data(wr, s->first, imp_span(s->octets, size_of(s)));
	imp_ihex_put_end(wr, start_of(m));
}

static enum imp_status write_ihex(struct merge *m, const char *path, bool replace)
{
	IMP_BLOB text = { NULL, 0 };
	struct imp_wr wr = imp_wr_count();

	encode_ihex(m, &wr);
	text.n = wr.n;
	text.p = malloc(text.n);
	if (!text.p)
		return imp_diag(&m->env->diag, IMP_E_INTERNAL, "out of memory");
	wr = imp_wr(text.p, text.n);
	encode_ihex(m, &wr);
	return imp_file_write(path, imp_wr_span(&wr), replace, &m->env->diag);
}

static enum imp_status write_bin(struct merge *m, const char *path, bool replace)
{
	IMP_BLOB image = { NULL, 0 };
	uint32_t base, last;
	uint64_t size;

	range(m, &base, &last);
	size = (uint64_t)last - base + 1;
	if (size > INPUT_SIZE_MAX) {
		imp_diag(&m->env->diag, IMP_E_SPACE,
			"from 0x%08" PRIx32 " to 0x%08" PRIx32 " is too much for one raw file",
			base, last);
		imp_diag_hint(&m->env->diag, "--encode ihex keeps gaps");
		return IMP_E_SPACE;
	}
	image = (struct imp_blob){ malloc((size_t)size), (size_t)size };
	if (!image.p)
		return imp_diag(&m->env->diag, IMP_E_INTERNAL, "out of memory");
	memset(image.p, 0xFF, image.n);
	for (const struct segment *s = m->head; s; s = s->next)
		memcpy(image.p + (s->first - base), s->octets, size_of(s));
	return imp_file_write(path, imp_blob_span(&image), replace, &m->env->diag);
}

static void fill_result(struct imp_json *j, const void *ctx)
{
	const struct result *r = ctx;
	uint32_t first, last;

	range(r->m, &first, &last);
	imp_json_object(j, NULL);
	imp_json_str(j, "file", r->path);
	imp_json_uint(j, "from", first);
	imp_json_uint(j, "to", last);
	if (start_of(r->m))
		imp_json_uint(j, "start", r->m->start.address);
	imp_json_bool(j, "written", !r->m->env->dry_run);
	imp_json_object_end(j);
}

static enum imp_status print_result(const struct merge *m, const char *path)
{
	const struct result r = { m, path };
	uint32_t first, last;

	if (m->env->json)
		return imp_json_line(m->env, fill_result, &r);
	range(m, &first, &last);
	imp_out(m->env, "%s: 0x%08" PRIx32 " to 0x%08" PRIx32, path, first, last);
	if (start_of(m))
		imp_out(m->env, ", start 0x%08" PRIx32, m->start.address);
	imp_out(m->env, "%s\n", m->env->dry_run ? " (not written)" : "");
	return IMP_OK;
}

static enum imp_status write_file(
	struct merge *m, enum imp_encode encode, const char *path, bool replace)
{
	enum imp_status st = encode == IMP_ENCODE_IHEX ? write_ihex(m, path, replace)
						       : write_bin(m, path, replace);

	if (st == IMP_E_DENIED)
		imp_diag_hint(&m->env->diag, "--force replaces it");
	return st;
}

static enum imp_status merge_all(struct merge *m, const struct imp_args *args)
{
	enum imp_encode encode = IMP_ENCODE_IHEX;
	const char *out = imp_arg(args, "out");
	enum imp_status st = imp_encode_arg(m->env, args, &encode);

	m->no_start = encode == IMP_ENCODE_BIN;
	for (size_t i = 0; i < args->rest_n && st == IMP_OK; i++)
		st = add_input(m, args->rest[i]);
	if (st == IMP_OK)
		st = refuse_overlap(m);
	if (st == IMP_OK && !m->env->dry_run)
		st = write_file(m, encode, out, imp_flag(args, "force"));
	return st == IMP_OK ? print_result(m, out) : st;
}

enum imp_status imp_image_merge(struct imp_env *env, const struct imp_args *args)
{
	struct merge m = { .env = env };
	enum imp_status st = merge_all(&m, args);

	free_merge(&m);
	return st;
}
