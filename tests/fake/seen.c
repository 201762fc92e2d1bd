/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/seen.h"

void seen_init(struct seen *seen)
{
	seen->count = 0;
	seen->stop_at = 0;
	seen->wr = imp_wr(seen->text, sizeof(seen->text));
}

int seen_visit(void *ctx, const struct imr_resource *resource)
{
	struct seen *seen = ctx;

	if (++seen->count == seen->stop_at)
		return 1;
	imp_wr_be16(&seen->wr, resource->object);
	imp_wr_be16(&seen->wr, resource->instance);
	imp_wr_be16(&seen->wr, resource->resource);
	imp_wr_be16(&seen->wr, resource->res_instance);
	imp_wr_be32(&seen->wr, (uint32_t)resource->length);
	imp_wr_put(&seen->wr, imp_span(resource->value, resource->length));
	return 0;
}

bool seen_equal(const struct seen *a, const struct seen *b)
{
	return a->wr.st == IMP_OK && b->wr.st == IMP_OK &&
	       imp_span_eq(imp_wr_span(&a->wr), imp_wr_span(&b->wr));
}
