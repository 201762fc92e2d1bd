/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coap_body.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define OPTION_MAX 3
#define FIRST_ROOM 2048

enum imp_status imp_block_read(struct imp_span option, struct imp_block *out)
{
	uint32_t v = 0;

	if (option.n > OPTION_MAX)
		return IMP_E_FORMAT;
	for (size_t i = 0; i < option.n; i++)
		v = v << 8 | option.p[i];
	if ((v & 7) == 7)
		return IMP_E_FORMAT;
	*out = (struct imp_block){ v >> 4, (v & 8) != 0, (uint8_t)(v & 7) };
	return IMP_OK;
}

enum imp_status imp_block_cut(struct imp_span body, struct imp_block *block, struct imp_span *part)
{
	size_t at = imp_block_offset(block), size = imp_block_size(block);

	if (at > body.n || (at == body.n && at > 0))
		return IMP_E_SPACE;
	block->more = body.n - at > size;
	*part = imp_span(body.n ? body.p + at : NULL, block->more ? size : body.n - at);
	return IMP_OK;
}

static bool grow(struct imp_body *body, struct imp_body_pool *pool, size_t need)
{
	size_t room = body->room ? body->room : FIRST_ROOM;
	uint8_t *p;

	if (need <= body->room)
		return true;
	while (room < need)
		room *= 2;
	if (pool->used - body->room + room > pool->most)
		return false;
	p = (uint8_t *)malloc(room);
	if (p == NULL)
		return false;
	if (body->n)
		memcpy(p, body->p, body->n);
	pool->used += room - body->room;
	if (body->p)
		imp_wipe(body->p, body->n);
	free(body->p);
	body->p = p;
	body->room = room;
	return true;
}

static enum imp_body_step refuse(
	struct imp_body *body, struct imp_body_pool *pool, enum imp_body_step why)
{
	imp_body_drop(body, pool);
	return why;
}

enum imp_body_step imp_body_take(struct imp_body *body, struct imp_body_pool *pool,
	const struct imp_block *block, struct imp_span part, size_t most)
{
	size_t size = imp_block_size(block);

	if (part.n > size || (block->more && part.n != size))
		return refuse(body, pool, IMP_BODY_BAD);
	if (block->num == 0)
		imp_body_drop(body, pool);
	if (imp_block_offset(block) != body->n)
		return refuse(body, pool, IMP_BODY_GAP);
	if (part.n > most || body->n > most - part.n)
		return refuse(body, pool, IMP_BODY_LARGE);
	if (!grow(body, pool, body->n + part.n))
		return refuse(body, pool, IMP_BODY_NO_ROOM);
	if (part.n && body->p)
		memcpy(body->p + body->n, part.p, part.n);
	body->n += part.n;
	return block->more ? IMP_BODY_MORE : IMP_BODY_DONE;
}

void imp_body_drop(struct imp_body *body, struct imp_body_pool *pool)
{
	if (body->p)
		imp_wipe(body->p, body->n);
	free(body->p);
	pool->used -= body->room;
	*body = (struct imp_body){ NULL, 0, 0 };
}
