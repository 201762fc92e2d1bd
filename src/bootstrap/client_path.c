/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/client_path.h"

#include "bootstrap/discover.h"

#define URI 0
#define DIGITS 10 /* of 2^32 - 1 */

void imr_decimal(struct imp_wr *wr, uint32_t v)
{
	uint8_t digits[DIGITS];
	unsigned n = DIGITS;

	do
		digits[--n] = (uint8_t)('0' + v % 10);
	while (v /= 10);
	imp_wr_put(wr, imp_span(digits + n, DIGITS - n));
}

/* A decimal number without leading zeros, below 65535; IMR_NO_ID: none. */
static uint16_t number(struct imp_rd *rd)
{
	uint32_t v = 0;
	size_t n = 0;

	for (; rd->n && imp_rd_peek(rd) != '/' && v < IMR_NO_ID; n++) {
		uint8_t c = imp_rd_u8(rd);

		if (c < '0' || c > '9' || (n == 1 && v == 0))
			return IMR_NO_ID;
		v = 10 * v + c - '0';
	}
	return n && v < IMR_NO_ID ? (uint16_t)v : IMR_NO_ID;
}

enum imr_status imr_client_parse(struct imp_span text, struct imr_client_path *path)
{
	uint16_t *const parts[] = { &path->object, &path->instance, &path->resource };
	struct imp_rd rd = imp_rd(text);

	path->object = path->instance = path->resource = IMR_NO_ID;
	for (unsigned i = 0; rd.n || (i && rd.p[-1] == '/'); i++) {
		if (i == 3)
			return IMR_E_DAMAGED;
		*parts[i] = number(&rd);
		if (*parts[i] == IMR_NO_ID)
			return i ? IMR_E_DAMAGED : IMR_E_NONE;
		if (rd.n && imp_rd_u8(&rd) != '/')
			return IMR_E_DAMAGED;
	}
	return IMR_OK;
}

/* ---- requests -------------------------------------------------------------------------------- */

static unsigned hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10U : 16;
}

/* The octets with percent-encoding resolved, but not into what would end a segment. */
static void put_decoded(struct imp_wr *wr, struct imp_span text)
{
	struct imp_rd rd = imp_rd(text);

	while (rd.n) {
		uint8_t c = imp_rd_u8(&rd);

		if (c == '%') {
			unsigned high = hex(imp_rd_u8(&rd)), low = hex(imp_rd_u8(&rd));

			c = (uint8_t)(high << 4 | low);
			if (high > 15 || low > 15 || c == '/' || c == 0)
				imp_wr_fail(wr, IMP_E_FORMAT);
		}
		imp_wr_u8(wr, c);
	}
	if (rd.st != IMP_OK)
		imp_wr_fail(wr, IMP_E_FORMAT);
}

/* What stands before the first of `ends`; rd goes behind it, *end says which one it was. */
static struct imp_span until(struct imp_rd *rd, const char *ends, char *end)
{
	const uint8_t *from = rd->p;

	*end = 0;
	while (rd->n) {
		uint8_t c = imp_rd_u8(rd);

		for (const char *e = ends; *e; e++) {
			if (c == (uint8_t)*e) {
				*end = *e;
				return imp_span(from, (size_t)(rd->p - from - 1));
			}
		}
	}
	return imp_span(from, (size_t)(rd->p - from));
}

/* A parameter is complete: what was written since `from`. */
static void parameter(struct imr_client *c, struct imp_wr *wr, size_t from)
{
	if (c->send.query_n == IMR_CLIENT_QUERIES)
		imp_wr_fail(wr, IMP_E_SPACE);
	else if (wr->st == IMP_OK)
		c->query[c->send.query_n++] = imp_span(wr->p + from, wr->n - from);
}

static void put_path(struct imp_wr *wr, struct imp_span path, bool pack)
{
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	put_decoded(wr, path);
	if (path.n)
		imp_wr_u8(wr, '/');
	imp_wr_text(wr, pack ? "bspack" : "bs");
}

enum imr_status imr_client_compose(
	struct imr_client *c, const struct imr_at *account, bool pack, struct imp_wr *wr)
{
	const struct imr_client_config *config = c->config;
	struct imp_rd rd = imp_rd(imr_at_resource(account, URI));
	struct imp_span part;
	size_t from = wr->n;
	char end;

	c->send = (struct imp_request){ .method = pack ? IMP_GET : IMP_POST,
		.query = c->query,
		.format = IMP_FORMAT_NONE,
		.accept = pack ? config->pct : IMP_FORMAT_NONE };
	part = until(&rd, ":", &end);
	if (part.n == 0 || imp_rd_be16(&rd) != ('/' << 8 | '/') || until(&rd, "/?#", &end).n == 0)
		return IMR_E_DAMAGED;
	part = end == '/' ? until(&rd, "?#", &end) : imp_span(rd.p, 0);
	put_path(wr, part, pack);
	c->send.path = imp_span(wr->p + from, wr->n - from);
	while (end == '?' || end == '&') {
		part = until(&rd, "&#", &end);
		from = wr->n;
		put_decoded(wr, part);
		if (part.n)
			parameter(c, wr, from);
	}
	from = wr->n;
	imp_wr_text(wr, "ep=");
	imp_wr_put(wr, config->endpoint);
	parameter(c, wr, from);
	from = wr->n;
	if (pack && config->version > 1) {
		imp_wr_text(wr, "acc=");
		imr_discover_account(&c->store->set, account->instance, wr);
		parameter(c, wr, from);
	} else if (!pack && config->pct != IMP_FORMAT_NONE) {
		imp_wr_text(wr, "pct=");
		imr_decimal(wr, config->pct);
		parameter(c, wr, from);
	}
	if (wr->st == IMP_OK)
		return IMR_OK;
	return wr->st == IMP_E_SPACE ? IMR_E_SPACE : IMR_E_DAMAGED;
}
