/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A management server's requests against the objects of a device: method, formats, path and payload
 * are the input's.  Whatever comes, the store stays one that opens, /0 is never answered, and what
 * is told lies in the buffer that was given.
 */
#include "bootstrap/convert.h"
#include "bootstrap/objects.h"
#include "codec/tlv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define REGION 1024
#define BLOCK 256

static uint8_t memory[2 * REGION], buffer[900], out[4096];
static struct imr_store store;
static struct imp_converter converter;
static struct imr_client_formats formats;

static int read_at(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	memcpy(to, memory + addr, n);
	return 0;
}

static int program(void *ctx, uint32_t addr, const void *from, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		if (memory[addr + i] != 0xFF)
			abort();
	memcpy(memory + addr, from, n);
	return 0;
}

static int erase(void *ctx, uint32_t addr)
{
	(void)ctx;
	memset(memory + addr, 0xFF, BLOCK);
	return 0;
}

static const struct imr_store_flash flash = { .region = { 0, REGION },
	.size = REGION,
	.block = BLOCK,
	.unit = 8,
	.read = read_at,
	.prog = program,
	.erase = erase };

static enum imr_status boot(void)
{
	memset(&store, 0, sizeof store);
	store.flash = &flash;
	store.set.p = buffer;
	store.set.size = sizeof buffer;
	return imr_store_open(&store);
}

static void put(uint16_t object, const struct imp_wr *wr)
{
	if (imr_set_put(&store.set, object, 1, imp_wr_span(wr), IMR_ORIGIN_SERVER) != IMR_OK)
		abort();
}

static void start(void)
{
	static bool begun;
	uint8_t octets[128];
	struct imp_wr wr = imp_wr(octets, sizeof octets);

	if (!begun) {
		imp_converter_init(&converter);
		formats = imp_converter_formats(&converter);
	}
	begun = true;
	memset(memory, 0xFF, sizeof memory);
	(void)boot();
	(void)imr_store_read(&store);
	imp_tlv_put(&wr, IMP_TLV_RESOURCE, 0, imp_span_str("coap://a.example"));
	imp_tlv_put_boolean(&wr, IMP_TLV_RESOURCE, 1, false);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 2, 3);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 10, 101);
	put(0, &wr);
	wr = imp_wr(octets, sizeof octets);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 0, 101);
	imp_tlv_put_integer(&wr, IMP_TLV_RESOURCE, 1, 300);
	put(1, &wr);
	store.keys = 0x5A;
	if (imr_store_apply(&store) != IMR_OK)
		abort();
}

/* One request: method, accept, format, length of the path, of the payload, then both. */
static size_t request(struct imp_objects *o, const uint8_t *p, size_t n)
{
	static const uint16_t kinds[] = { IMP_FORMAT_NONE, IMP_FORMAT_TEXT, IMP_FORMAT_LINK,
		IMP_FORMAT_OCTETS, IMP_FORMAT_SENML_JSON, IMP_FORMAT_SENML_CBOR, IMP_FORMAT_TLV,
		60 };
	struct imp_request in = { .method = (enum imp_method)(IMP_GET + p[0] % 4),
		.accept = kinds[p[1] % 8],
		.format = kinds[p[2] % 8] };
	struct imp_response answer;
	size_t path = p[3] % 24, payload = p[4];

	if (path > n - 5)
		path = n - 5;
	if (payload > n - 5 - path)
		payload = n - 5 - path;
	in.path = imp_span(p + 5, path);
	in.payload = imp_span(p + 5 + path, payload);
	imp_objects_request(o, 101, &in, &answer);
	if (path && p[5] == '0' && imp_coap_success(answer.code))
		abort();
	if (o->store->set.n)
		abort(); /* not wiped */
	return 5 + path + payload;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct imp_objects_device device = { .manufacturer = imp_span("m", 1) };
	struct imp_objects o = { .store = &store,
		.formats = &formats,
		.device = &device,
		.out = out,
		.out_size = sizeof out,
		.may_bootstrap = true };
	enum imr_status st;

	start();
	while (n >= 5) {
		size_t used = request(&o, data, n);

		data += used;
		n -= used;
	}
	st = boot();
	if (st != IMR_OK)
		abort();
	return 0;
}
