/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the peer: repeated ones from memory, bodies put together, then told. */
#include "link/coap_net.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define PATH_MAX_OCTETS 256
#define FNV_START 0xCBF29CE484222325U
#define FNV_PRIME 0x100000001B3U

struct incoming {
	struct imp_request request;
	struct imp_span query[IMP_QUERY_MAX];
	uint8_t path[PATH_MAX_OCTETS];
	size_t path_n;
	struct imp_block block1, block2;
	bool has1, has2;
	uint64_t size1;
	uint64_t key; /* of method, path and query: what belongs together */
};

/* ---- read ---------------------------------------------------------------------------------------
 */

static void mix(struct incoming *in, struct imp_span s, uint8_t mark)
{
	for (size_t i = 0; i < s.n; i++)
		in->key = (in->key ^ s.p[i]) * FNV_PRIME;
	in->key = (in->key ^ mark) * FNV_PRIME;
}

static uint32_t number(struct imp_span s)
{
	return s.n <= 4 ? coap_decode_var_bytes(s.p, s.n) : UINT32_MAX;
}

/* The answers of these are codes; 0: go on. */
static uint8_t add_segment(struct incoming *in, struct imp_span s)
{
	size_t slash = in->request.path.p != NULL;

	if (s.n && (memchr(s.p, '/', s.n) || memchr(s.p, 0, s.n)))
		return IMP_COAP_BAD_REQUEST;
	if (in->path_n + slash + s.n > sizeof in->path)
		return IMP_COAP_BAD_REQUEST;
	if (slash)
		in->path[in->path_n++] = '/';
	if (s.n)
		memcpy(in->path + in->path_n, s.p, s.n);
	in->path_n += s.n;
	in->request.path.p = in->path;
	mix(in, s, 1);
	return 0;
}

static uint8_t add_query(struct incoming *in, struct imp_span s)
{
	if (in->request.query_n == IMP_QUERY_MAX)
		return IMP_COAP_BAD_REQUEST;
	in->query[in->request.query_n++] = s;
	mix(in, s, 2);
	return 0;
}

static uint8_t set_number(uint16_t *to, struct imp_span s)
{
	if (number(s) >= IMP_FORMAT_NONE)
		return IMP_COAP_BAD_REQUEST;
	*to = (uint16_t)number(s);
	return 0;
}

static uint8_t set_block(struct imp_block *to, bool *has, struct imp_span s)
{
	*has = true;
	return imp_block_read(s, to) == IMP_OK ? 0 : IMP_COAP_BAD_REQUEST;
}

static uint8_t read_option(struct incoming *in, uint16_t option, struct imp_span v)
{
	switch (option) {
	case COAP_OPTION_URI_PATH:
		return add_segment(in, v);
	case COAP_OPTION_URI_QUERY:
		return add_query(in, v);
	case COAP_OPTION_CONTENT_FORMAT:
		return set_number(&in->request.format, v);
	case COAP_OPTION_ACCEPT:
		return set_number(&in->request.accept, v);
	case COAP_OPTION_BLOCK1:
		return set_block(&in->block1, &in->has1, v);
	case COAP_OPTION_BLOCK2:
		return set_block(&in->block2, &in->has2, v);
	case COAP_OPTION_SIZE1:
		in->size1 = number(v);
		return 0;
	case COAP_OPTION_IF_MATCH:
	case COAP_OPTION_IF_NONE_MATCH:
		return IMP_COAP_BAD_OPTION; /* critical, and nobody here has conditions */
	default:
		return 0;
	}
}

static uint8_t read_request(const coap_pdu_t *pdu, struct incoming *in)
{
	coap_opt_iterator_t it;
	const coap_opt_t *o;
	const uint8_t *data = NULL;
	size_t n = 0;
	uint8_t code = (uint8_t)coap_pdu_get_code(pdu);

	memset(in, 0, sizeof *in);
	in->key = FNV_START;
	in->request.format = in->request.accept = IMP_FORMAT_NONE;
	if (code < IMP_GET || code > IMP_DELETE)
		return IMP_COAP_NOT_ALLOWED;
	in->request.method = (enum imp_method)code;
	mix(in, imp_span(NULL, 0), code);
	coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
	while ((o = coap_option_next(&it)) != NULL) {
		code = read_option(in, it.number, imp_span(coap_opt_value(o), coap_opt_length(o)));
		if (code)
			return code;
	}
	in->request.path = imp_span(in->path, in->path_n);
	in->request.query = in->query;
	if (coap_get_data(pdu, &n, &data))
		in->request.payload = imp_span(data, n);
	return 0;
}

/* ---- bodies -------------------------------------------------------------------------------------
 */

/* Put the body together.  0: it is whole, and in the request. */
static uint8_t take_body(struct session *s, struct incoming *in, struct imp_answer *out)
{
	size_t most = s->net->options.body_max;

	if (!in->has1) {
		if (in->request.payload.n > most)
			return IMP_COAP_TOO_LARGE;
		return 0;
	}
	out->block1 = (int32_t)imp_block_value(&in->block1);
	if (s->upload_key != in->key || in->block1.num == 0)
		imp_body_drop(&s->upload, &s->net->pool);
	s->upload_key = in->key;
	if (in->block1.num == 0 && in->size1 > most) {
		out->size1 = (int64_t)most;
		return IMP_COAP_TOO_LARGE;
	}
	switch (imp_body_take(&s->upload, &s->net->pool, &in->block1, in->request.payload, most)) {
	case IMP_BODY_DONE:
		in->request.payload = imp_span(s->upload.p, s->upload.n);
		return 0;
	case IMP_BODY_MORE:
		return IMP_COAP(2, 31);
	case IMP_BODY_LARGE:
		out->size1 = (int64_t)most;
		return IMP_COAP_TOO_LARGE;
	case IMP_BODY_GAP:
		return IMP_COAP_INCOMPLETE;
	case IMP_BODY_NO_ROOM:
		return IMP_COAP_UNAVAILABLE;
	case IMP_BODY_BAD:
	default:
		return IMP_COAP_BAD_REQUEST;
	}
}

/* What is asked for of a long answer, or all of a short one. */
static void give_part(const struct incoming *in, struct imp_span body, struct imp_answer *out)
{
	struct imp_block block = in->block2;

	if (!in->has2)
		block = (struct imp_block){ 0, false, IMP_BLOCK_SZX };
	if (imp_block_cut(body, &block, &out->payload) != IMP_OK) {
		*out = IMP_ANSWER(IMP_COAP_BAD_OPTION);
		return;
	}
	if (!block.more && block.num == 0)
		return;
	out->block2 = (int32_t)imp_block_value(&block);
	if (block.num == 0)
		out->size2 = (int64_t)body.n;
}

static void keep_body(struct session *s, const struct incoming *in, const struct imp_answer *whole)
{
	struct imp_body *d = &s->download;

	imp_body_drop(d, &s->net->pool);
	if (s->net->pool.used + whole->payload.n > s->net->pool.most)
		return;
	d->p = (uint8_t *)malloc(whole->payload.n);
	if (d->p == NULL)
		return;
	memcpy(d->p, whole->payload.p, whole->payload.n);
	d->n = d->room = whole->payload.n;
	s->net->pool.used += d->room;
	s->download_key = in->key;
	s->download_code = whole->code;
	s->download_format = whole->format;
}

/* A later part of the latest long answer. */
static bool give_kept(struct session *s, const struct incoming *in, struct imp_answer *out)
{
	if (!in->has2 || in->block2.num == 0 || s->download.p == NULL || s->download_key != in->key)
		return false;
	out->code = s->download_code;
	out->format = s->download_format;
	give_part(in, imp_span(s->download.p, s->download.n), out);
	return true;
}

/* ---- told ---------------------------------------------------------------------------------------
 */

static void ask_owner(struct session *s, struct incoming *in, struct imp_answer *out)
{
	struct imp_response r = { .code = IMP_COAP_NOT_FOUND, .format = IMP_FORMAT_NONE };
	struct imp_peer peer;

	imp_coap_peer(s, &peer);
	s->net->told++;
	s->net->serving = true;
	s->net->events.request(s->net->events.ctx, &peer, &in->request, &r);
	s->net->serving = false;
	out->code = r.code;
	out->format = r.format;
	out->location = r.location;
	out->payload = r.payload;
	if (r.payload.n > imp_block_size(&(struct imp_block){ .szx = IMP_BLOCK_SZX }) ||
		(in->has2 && r.payload.n > imp_block_size(&in->block2)))
		keep_body(s, in, out);
	give_part(in, r.payload, out);
}

static void serve(struct session *s, const coap_pdu_t *pdu, struct imp_answer *out)
{
	struct incoming in;
	uint8_t code = read_request(pdu, &in);

	if (code == 0 && give_kept(s, &in, out))
		return;
	/* A later part of an answer that nobody remembers: what is asked again must be harmless. */
	if (code == 0 && in.has2 && in.block2.num > 0 && in.request.method != IMP_GET)
		code = IMP_COAP_INCOMPLETE;
	if (code == 0)
		code = take_body(s, &in, out);
	if (code)
		out->code = code;
	else
		ask_owner(s, &in, out);
}

/* ---- answers ------------------------------------------------------------------------------------
 */

static void add_number(coap_pdu_t *pdu, uint16_t option, int64_t v)
{
	uint8_t b[4];

	if (v >= 0)
		coap_add_option(pdu, option, coap_encode_var_safe(b, sizeof b, (unsigned)v), b);
}

static void add_location(coap_pdu_t *pdu, struct imp_span path)
{
	while (path.n) {
		const uint8_t *slash = (const uint8_t *)memchr(path.p, '/', path.n);
		size_t n = slash ? (size_t)(slash - path.p) : path.n;

		coap_add_option(pdu, COAP_OPTION_LOCATION_PATH, n, path.p);
		n += slash != NULL;
		path = imp_span(path.p + n, path.n - n);
	}
}

static void fill(coap_pdu_t *pdu, const struct imp_answer *a)
{
	coap_pdu_set_code(pdu, (coap_pdu_code_t)a->code);
	add_location(pdu, a->location);
	add_number(pdu, COAP_OPTION_CONTENT_FORMAT,
		a->format == IMP_FORMAT_NONE ? -1 : (int64_t)a->format);
	add_number(pdu, COAP_OPTION_BLOCK2, a->block2);
	add_number(pdu, COAP_OPTION_BLOCK1, a->block1);
	add_number(pdu, COAP_OPTION_SIZE2, a->size2);
	add_number(pdu, COAP_OPTION_SIZE1, a->size1);
	if (a->payload.n)
		coap_add_data(pdu, a->payload.n, a->payload.p);
}

void imp_coap_on_request(coap_resource_t *resource, coap_session_t *coap, const coap_pdu_t *in,
	const coap_string_t *query, coap_pdu_t *out)
{
	struct session *s = imp_coap_session_of(coap);
	uint16_t mid = (uint16_t)coap_pdu_get_mid(in);
	struct imp_answer answer = IMP_ANSWER(IMP_COAP_UNAVAILABLE);
	const struct imp_answer *again;

	(void)resource;
	(void)query;
	if (s == NULL || s->lost) {
		fill(out, &answer);
		return;
	}
	again = imp_dedup_find(&s->dedup, mid, imp_coap_now_ms());
	if (again) {
		fill(out, again);
		return;
	}
	if (s->ended) {
		fill(out, &answer);
		return;
	}
	serve(s, in, &answer);
	fill(out, &answer);
	imp_dedup_keep(&s->dedup, mid, &answer, imp_coap_now_ms());
	if ((answer.block1 & 8) == 0 && answer.block1 >= 0)
		imp_body_drop(&s->upload, &s->net->pool);
}
