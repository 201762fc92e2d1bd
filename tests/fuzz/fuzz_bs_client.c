/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile bootstrap server: the input is what the device is configured to do, and then events in
 * any order.  Whatever happens the configuration in the buffer is well-formed, flash changes at a
 * success and at no other time, and nothing stays in RAM after the end.
 *
 * Octet 0: options.  Then events: kind and, but for kinds without, the rest of a record:
 *	kind & 7	0 begin, 1 open, 2 end, 3 time (n), 4 answer, 5 to 7 request
 *	answer		code, format, length, content
 *	request		method, path (index; above the last a length and the text), format, length,
 *			content
 */
#include <stdlib.h>
#include <string.h>

#include "bootstrap/client.h"
#include "bootstrap/consistency.h"
#include "bootstrap/convert.h"

#define REGION 2048
#define BLOCK 256
#define BUFFER 1500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	uint8_t mem[2 * REGION];
	unsigned changes;
} part;

static int get(void *ctx, uint32_t addr, void *to, size_t n)
{
	(void)ctx;
	if (addr > sizeof(part.mem) || n > sizeof(part.mem) - addr)
		abort();
	memcpy(to, part.mem + addr, n);
	return 0;
}

static int prog(void *ctx, uint32_t addr, const void *from, size_t n)
{
	const uint8_t *octets = from;

	(void)ctx;
	if (addr > sizeof(part.mem) || n > sizeof(part.mem) - addr)
		abort();
	for (size_t i = 0; i < n; i++)
		part.mem[addr + i] &= octets[i];
	part.changes++;
	return 0;
}

static int erase(void *ctx, uint32_t addr)
{
	(void)ctx;
	if (addr % BLOCK || addr >= sizeof(part.mem))
		abort();
	memset(part.mem + addr, 0xFF, BLOCK);
	part.changes++;
	return 0;
}

static const struct imr_store_flash flash = { .read = get,
	.prog = prog,
	.erase = erase,
	.region = { 0, REGION },
	.size = REGION,
	.block = BLOCK,
	.unit = 8 };

/* ---- input ----------------------------------------------------------------------------------- */

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t octet(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static struct imp_span octets(struct input *in)
{
	size_t n = octet(in);
	struct imp_span s;

	if (n > 0xF0)
		n = (n & 15) << 8 | octet(in);
	if (n > in->n)
		n = in->n;
	s = imp_span(in->p, n);
	in->p += n;
	in->n -= n;
	return s;
}

static const char *const paths[] = { "", "0", "1", "2", "3", "21", "0/0", "0/1", "1/0", "2/0",
	"3/0", "21/0", "0/1/0", "0/1/5", "0/0/10", "1/0/0", "2/0/2", "bs", "9", "9/0" };
static const uint16_t formats[] = { IMP_FORMAT_TLV, IMP_FORMAT_SENML_JSON, IMP_FORMAT_SENML_CBOR,
	IMP_FORMAT_TEXT, IMP_FORMAT_OCTETS, IMP_FORMAT_NONE, IMP_FORMAT_LINK, 1542 };

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- the device ------------------------------------------------------------------------------ */

static uint8_t buffer[BUFFER];
static struct imr_store store;
static struct imr_client client;
static struct imp_converter converter;
static struct imp_consistency consistency;

static int device(void *ctx, const struct imr_resource *r)
{
	(void)ctx;
	return r->length == 13;
}

/* A bootstrap account with OSCORE, a server account, access control. */
static const struct {
	uint16_t object, instance;
	const char *tlv;
	size_t n;
} accounts[] = {
#define INSTANCE(o, i, t)              \
	{                              \
		o, i, t, sizeof(t) - 1 \
	}
	INSTANCE(0, 1,
		"\xC8\0\x09"
		"coap://bs\xC1\1\1\xC1\2\3\xC4\x11\0\x15\0\0"),
	INSTANCE(0, 0,
		"\xC8\0\x08"
		"coap://s\xC1\1\0\xC1\2\3\xC1\x0A\7\xC0\3\xC0\5"),
	INSTANCE(1, 0, "\xC1\0\7\xC1\1\x09\xC1\6\0\xC1\7U"),
	INSTANCE(2, 0, "\xC1\0\3\xC1\1\0\x83\2\x41\7\x0F\xC1\3\7"),
	INSTANCE(21, 0,
		"\xC1\0s\xC1\1"
		"a\xC1\2"
		"b"),
};

static void provision(bool marked)
{
	memset(part.mem, 0xFF, sizeof(part.mem));
	memset(&store, 0, sizeof(store));
	store.flash = &flash;
	store.set.p = buffer;
	store.set.size = BUFFER;
	if (imr_store_open(&store) != IMR_E_NONE || imr_store_read(&store) != IMR_OK)
		abort();
	for (size_t i = 0; i < COUNT(accounts); i++)
		if (imr_set_put(&store.set, accounts[i].object, accounts[i].instance,
			    imp_span(accounts[i].tlv, accounts[i].n), IMR_ORIGIN_FACTORY) != IMR_OK)
			abort();
	store.keys = marked ? 0xA5 : 0x5A;
	if (imr_store_apply(&store) != IMR_OK)
		abort();
}

static void inspect(enum imr_client_next next, unsigned changes)
{
	bool over = next == IMR_CLIENT_FINISHED || next == IMR_CLIENT_FAILED;

	if (next != IMR_CLIENT_WAIT && next != IMR_CLIENT_SEND && !over)
		abort();
	if (next != IMR_CLIENT_FINISHED && part.changes != changes)
		abort();
	if (next == IMR_CLIENT_FINISHED && part.changes == changes)
		abort();
	if (over) {
		for (size_t i = 0; i < BUFFER; i++)
			if (buffer[i])
				abort();
	} else if (store.set.n) {
		enum imr_status st = imr_payload(buffer, store.set.n, 0, NULL, NULL);

		if (st != IMR_OK && st != IMR_E_NONE)
			abort();
	}
	if (next == IMR_CLIENT_FINISHED) {
		struct imr_store again = { .flash = &flash,
			.set = { .p = buffer, .size = BUFFER } };

		if (imr_store_open(&again) != IMR_OK)
			abort();
		imr_store_wipe(&again);
	}
}

static enum imr_client_next answer(struct input *in, uint32_t now)
{
	struct imp_response m = { .code = octet(in) };

	m.format = formats[octet(in) % COUNT(formats)];
	m.payload = octets(in);
	return imr_client_response(&client, &m, now);
}

static enum imr_client_next request(struct input *in, uint32_t now)
{
	struct imp_request m = { .method = (enum imp_method)(octet(in) % 5) };
	uint8_t path = octet(in);
	struct imp_response out;
	enum imr_client_next next;
	volatile uint8_t sum = 0;

	m.path = path < COUNT(paths) ? imp_span_str(paths[path]) : octets(in);
	m.format = m.accept = formats[octet(in) % COUNT(formats)];
	m.payload = octets(in);
	next = imr_client_request(&client, &m, &out, now);
	for (size_t i = 0; i < out.payload.n; i++)
		sum = (uint8_t)(sum + out.payload.p[i]);
	if (out.code < IMP_COAP(2, 0))
		abort();
	return next;
}

static enum imr_client_next event(struct input *in, uint32_t *now)
{
	switch (octet(in) & 7) {
	case 0:
		return imr_client_begin(&client, *now);
	case 1:
		(void)imr_client_end(&client);
		imr_client_open(&client);
		return IMR_CLIENT_WAIT;
	case 2:
		return imr_client_end(&client);
	case 3:
		*now += octet(in);
		return imr_client_tick(&client, *now);
	case 4:
		return answer(in, *now);
	default:
		return request(in, *now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t options = octet(&in);
	struct imr_client_formats forms = imp_converter_formats(&converter);
	struct imr_client_config config = { .endpoint = imp_span_str("e"),
		.pct = IMP_FORMAT_SENML_JSON,
		.version = options & 2,
		.pack = options & 4,
		.clean = (enum imr_client_clean)(options >> 3 & 1),
		.device = device };
	uint32_t now = 0;

	static bool ready;

	if (!ready) {
		imp_converter_init(&converter);
		imp_consistency_init(&consistency);
		ready = true;
	}
	if (options & 0x20)
		config.formats = &forms;
	if (options & 0x40) {
		config.check = imp_consistency_check;
		config.check_ctx = &consistency;
	}
	provision(options & 0x10);
	memset(&client, 0, sizeof(client));
	client.store = &store;
	client.config = &config;
	while (in.n) {
		unsigned changes = part.changes;

		inspect(event(&in, &now), changes);
	}
	return 0;
}
