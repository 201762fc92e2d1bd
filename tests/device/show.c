/* SPDX-License-Identifier: Apache-2.0 */
#include "imprint_reader.h"
#include "show.h"

static void put_hex(const struct show *show, uint32_t v, unsigned digits)
{
	char text[9];

	text[digits] = 0;
	while (digits-- > 0) {
		text[digits] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
	show->put(text);
}

static void put_number(const struct show *show, uint32_t v)
{
	char text[11];
	unsigned at = sizeof text - 1;

	text[at] = 0;
	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	show->put(text + at);
}

int show_resource(void *ctx, const struct imr_resource *resource)
{
	const struct show *show = (const struct show *)ctx;

	put_number(show, resource->object);
	show->put("/");
	put_number(show, resource->instance);
	show->put("/");
	put_number(show, resource->resource);
	if (resource->res_instance != IMR_NO_ID) {
		show->put(":");
		put_number(show, resource->res_instance);
	}
	show->put(" ");
	for (size_t i = 0; i < resource->length; i++)
		put_hex(show, resource->value[i], 2);
	show->put("\n");
	return 0;
}

static void put_fact(const struct show *show, const char *name, const char *value)
{
	show->put(name);
	show->put(" ");
	show->put(value);
	show->put("\n");
}

void show_report(const struct show *show, const struct imr_report *report)
{
	static const char *const sources[] = { "nothing", "card", "slot-a", "slot-b" };

	put_fact(show, "source", sources[report->source]);
	put_fact(show, "A", imr_status_text(report->slot[0]));
	put_fact(show, "B", imr_status_text(report->slot[1]));
	if (report->source == IMR_FROM_NOTHING)
		return;
	show->put("generation ");
	put_number(show, report->generation);
	put_fact(show, "\nkeys", report->keys == 0xA5 ? "non-persistent" : "persistent");
	show->put("length ");
	put_number(show, (uint32_t)report->length);
	show->put("\n");
}
