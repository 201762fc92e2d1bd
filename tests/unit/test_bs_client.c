/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of the bootstrap interface, as dialogues.  Each line is what happens, an arrow,
 * and what must come of it; what the device has in flash at the end is a line like any other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bootstrap/client.h"
#include "bootstrap/consistency.h"
#include "bootstrap/convert.h"
#include "tests/fake/bs_words.h"
#include "tests/fake/store_rig.h"

/* ---- the device ------------------------------------------------------------------------------ */

static struct rig rig;
static struct imr_client client;
static struct imr_client_config config;
static struct imp_converter converter;
static struct imr_client_formats formats;
static struct imp_consistency consistency;
static uint32_t now;
static char heard[256]; /* what was written to /3/0 */
static bool refuse;	/* the device refuses what is written to /3/0 */

static int hear(void *ctx, const struct imr_resource *r)
{
	size_t n = strlen(heard);

	(void)ctx;
	assert_int_equal(r->object, 3);
	assert_int_equal(r->instance, 0);
	(void)snprintf(
		heard + n, sizeof(heard) - n, "%s%u:%zu", n ? " " : "", r->resource, r->length);
	return refuse;
}

/* Where the line that is judged stands, for messages. */
static const char *title, *line;
static bool counting; /* do not fail, count */
static unsigned wrongs;

static void wrong(const char *what, const char *got)
{
	wrongs++;
	if (counting)
		return;
	fail_msg("%s\n  %s\n  %s: %s", title, line, what, got);
}

static const char *next_name(enum imr_client_next next)
{
	static const char *const reasons[] = { "?", "failed:account", "failed:refused",
		"failed:lost", "failed:timeout", "failed:store", "failed:space" };
	static char text[64];

	switch (next) {
	case IMR_CLIENT_WAIT:
		return "";
	case IMR_CLIENT_SEND:
		return "send";
	case IMR_CLIENT_FAILED:
		assert_true(client.why < sizeof(reasons) / sizeof(*reasons));
		assert_int_equal(client.state, IMR_CLIENT_REST);
		return reasons[client.why];
	case IMR_CLIENT_FINISHED:
		(void)snprintf(text, sizeof(text), "finished%s%s%s%s",
			client.result & IMR_CLIENT_REPLACED ? "+replaced" : "",
			client.result & IMR_CLIENT_PURGED ? "+purged" : "",
			client.result & IMR_CLIENT_CLOSING ? "+closing" : "",
			client.result & IMR_CLIENT_LEFT ? "+left" : "");
		return text;
	default:
		return "?";
	}
}

/* "send /a/bs?ep=dev&pct=112 accept 110" */
static void tell_send(char *out, size_t cap)
{
	const struct imp_request *r = &client.send;
	size_t n = (size_t)snprintf(out, cap, "send %s /%.*s",
		r->method == IMP_GET ? "GET" : "POST", (int)r->path.n, (const char *)r->path.p);

	for (size_t i = 0; i < r->query_n; i++)
		n += (size_t)snprintf(out + n, cap - n, "%c%.*s", i ? '&' : '?', (int)r->query[i].n,
			(const char *)r->query[i].p);
	if (r->accept != IMP_FORMAT_NONE)
		(void)snprintf(out + n, cap - n, " accept %u", r->accept);
	assert_int_equal(r->payload.n, 0);
}

/* After the end nothing of the configuration is left in RAM. */
static void wiped(enum imr_client_next next)
{
	if (next == IMR_CLIENT_FAILED || next == IMR_CLIENT_FINISHED)
		for (size_t i = 0; i < sizeof(rig.buffer); i++)
			if (rig.buffer[i])
				wrong("not wiped", "the buffer");
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void expect(const char *want, const char *got)
{
	if (*want == '~' ? !strstr(got, want + 2) : strcmp(got, want) != 0)
		wrong("got", got);
}

static void own(enum imr_client_next next, const char *want)
{
	char got[512];

	(void)snprintf(got, sizeof(got), "%s", next_name(next));
	if (next == IMR_CLIENT_SEND)
		tell_send(got, sizeof(got));
	wiped(next);
	expect(want, got);
}

/* "2.05 WORDS" against code and TLV. */
static void same_tlv(const char *want, const char *code, struct imp_span tlv)
{
	struct words_message m;

	if (strncmp(want, code, 4) != 0)
		wrong("got", code);
	words_message(want + 4, &m);
	if (!imp_span_eq(m.request.payload, tlv))
		wrong("got", "other octets");
	words_free(&m);
}

/* A request of the server.  The answer: code, then what came of it, then the payload. */
static void request(enum imp_method method, const char *rest, const char *want)
{
	struct words_message m;
	struct imp_response out;
	enum imr_client_next next;
	char got[1024], code[5];
	size_t n;

	words_message(rest, &m);
	m.request.method = method;
	memset(&out, 0xA5, sizeof(out));
	next = imr_client_request(&client, &m.request, &out, now);
	n = (size_t)snprintf(got, sizeof(got), "%s%s%s", imp_coap_text(out.code, code),
		*next_name(next) ? " " : "", next_name(next));
	if (out.format == IMP_FORMAT_TLV || out.format == 1542) {
		same_tlv(want, got, out.payload);
		words_free(&m);
		return;
	}
	if (out.payload.n)
		(void)snprintf(got + n, sizeof(got) - n, " %.*s", (int)out.payload.n,
			(const char *)out.payload.p);
	wiped(next);
	words_free(&m);
	expect(want, got);
}

static void answer(const char *rest, const char *want)
{
	struct imp_response in = { .format = IMP_FORMAT_NONE };
	struct words_message m;

	in.code = IMP_COAP(rest[0] - '0', (rest[2] - '0') * 10 + rest[3] - '0');
	words_message(rest + 4, &m);
	in.format = m.request.format;
	in.payload = m.request.payload;
	own(imr_client_response(&client, &in, now), want);
	words_free(&m);
}

static char origin_of(uint8_t origin)
{
	switch (origin) {
	case IMR_ORIGIN_FACTORY:
		return 'F';
	case IMR_ORIGIN_CARD:
		return 'C';
	case IMR_ORIGIN_SERVER:
		return 'S';
	case IMR_ORIGIN_FRESH:
		return 'N';
	case IMR_ORIGIN_DISABLED:
		return 'D';
	default:
		return '?';
	}
}

static void tell_set(const struct imr_set *set, char *got, size_t cap)
{
	struct imr_at at;
	size_t n = 0;

	got[0] = '\0';
	imr_set_start(&at);
	while (imr_set_next(set, &at))
		n += (size_t)snprintf(got + n, cap - n, "%s%u/%u%c", n ? " " : "", at.object,
			at.instance, origin_of(set->origin[at.index]));
}

/* A reset; what is in flash then. */
static void boot(const char *rest, const char *want)
{
	enum imr_status st = rig_boot(&rig);
	char got[512];

	(void)rest;
	if (st != IMR_OK && st != IMR_E_NONE)
		wrong("boot", imr_status_text(st));
	tell_set(&rig.store.set, got, sizeof(got));
	expect(want, got);
}

/* One instance as it is in the set. */
static void show(const char *rest, const char *want)
{
	unsigned object, instance;
	char words[512];
	struct imr_at at;

	assert_int_equal(sscanf(rest, "%u/%u", &object, &instance), 2);
	if (!imr_set_find(&rig.store.set, (uint16_t)object, (uint16_t)instance, &at)) {
		wrong("got", "nothing");
		return;
	}
	(void)snprintf(words, sizeof(words), "2.05 %s", want);
	same_tlv(words, "2.05", at.resources);
}

static void gone(const char *rest, const char *want)
{
	char got[128] = "";
	size_t n = 0;

	(void)rest;
	for (unsigned i = 0; i < client.ssid_n; i++)
		if (client.gone >> i & 1)
			n += (size_t)snprintf(
				got + n, sizeof(got) - n, "%s%u", n ? " " : "", client.ssid[i]);
	expect(want, *got ? got : "nobody");
}

/* Something that is put into the store beforehand: "F 0/1 ..." */
static void prepare(const char *text)
{
	static const struct {
		char letter;
		enum imr_origin origin;
	} origins[] = { { 'F', IMR_ORIGIN_FACTORY }, { 'C', IMR_ORIGIN_CARD },
		{ 'S', IMR_ORIGIN_SERVER }, { 'D', IMR_ORIGIN_DISABLED } };
	unsigned object, instance;
	struct words_message m;
	int k;

	assert_int_equal(sscanf(text + 2, "%u/%u%n", &object, &instance, &k), 2);
	words_message(text + 2, &m);
	for (size_t i = 0; i < sizeof(origins) / sizeof(*origins); i++)
		if (origins[i].letter == text[0])
			assert_int_equal(
				imr_set_put(&rig.store.set, (uint16_t)object, (uint16_t)instance,
					m.request.payload, origins[i].origin),
				IMR_OK);
	words_free(&m);
}

struct dialogue {
	const char *name;
	const char *const *have; /* in the store */
	const char *const *lines;
	struct imr_client_config config;
	bool marked;   /* non-persistent */
	bool plain;    /* without converter and without the host's checker */
	bool resisted; /* the device refuses what is written to /3 */
};

/* ---- words ----------------------------------------------------------------------------------- */

static void do_begin(const char *rest, const char *want)
{
	(void)rest;
	own(imr_client_begin(&client, now), want);
}

static void do_open(const char *rest, const char *want)
{
	(void)rest;
	(void)want;
	imr_client_open(&client);
}

static void do_end(const char *rest, const char *want)
{
	(void)rest;
	own(imr_client_end(&client), want);
}

static void do_wait(const char *rest, const char *want)
{
	(void)want;
	now += (uint32_t)atoi(rest);
}

static void do_tick(const char *rest, const char *want)
{
	uint32_t due = imr_client_due(&client, now);
	enum imr_client_next next = imr_client_tick(&client, now);

	(void)rest;
	assert_int_equal(due == 0, next == IMR_CLIENT_FAILED);
	own(next, want);
}

static void do_get(const char *rest, const char *want)
{
	request(IMP_GET, rest, want);
}

static void do_put(const char *rest, const char *want)
{
	request(IMP_PUT, rest, want);
}

static void do_post(const char *rest, const char *want)
{
	request(IMP_POST, rest, want);
}

static void do_delete(const char *rest, const char *want)
{
	request(IMP_DELETE, rest, want);
}

static void do_heard(const char *rest, const char *want)
{
	(void)rest;
	expect(want, heard);
}

static void do_elapsed(const char *rest, const char *want)
{
	(void)want;
	assert_int_equal(imr_store_elapsed(&rig.store, (uint32_t)atoi(rest)), IMR_OK);
}

static void do_removed(const char *rest, const char *want)
{
	(void)rest;
	(void)want;
	assert_int_equal(imr_store_card_removed(&rig.store), IMR_OK);
}

/* "flash dead": it takes nothing any more; "flash well". */
static void do_flash(const char *rest, const char *want)
{
	(void)want;
	rig.nor.fails_at = strcmp(rest, "dead") == 0;
	rig.nor.fails_to = rig.nor.fails_at ? 9999 : 0;
}

static const struct {
	const char *word;
	void (*run)(const char *rest, const char *want);
} words[] = {
	{ "begin", do_begin },
	{ "open", do_open },
	{ "end", do_end },
	{ "answer", answer },
	{ "wait", do_wait },
	{ "tick", do_tick },
	{ "GET", do_get },
	{ "PUT", do_put },
	{ "POST", do_post },
	{ "DELETE", do_delete },
	{ "boot", boot },
	{ "show", show },
	{ "gone", gone },
	{ "heard", do_heard },
	{ "elapsed", do_elapsed },
	{ "removed", do_removed },
	{ "flash", do_flash },
};

static void say(const char *text)
{
	char what[1024];
	const char *arrow = strstr(text, " -> ");
	size_t n = strcspn(text, " ");

	line = text;
	(void)snprintf(what, sizeof(what), "%.*s", arrow ? (int)(arrow - text) : 1000, text);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == n && strncmp(text, words[i].word, n) == 0) {
			words[i].run(what[n] ? what + n + 1 : "", arrow ? arrow + 4 : "");
			return;
		}
	fail_msg("%s: unknown word: %s", title, text);
}

static void start(const struct dialogue *d)
{
	title = d->name;
	rig_init(&rig, 8);
	assert_int_equal(rig_boot(&rig), IMR_E_NONE);
	imr_set_clear(&rig.store.set);
	for (const char *const *have = d->have; have && *have; have++)
		prepare(*have);
	if (d->marked)
		rig.store.keys = 0xA5;
	if (d->have)
		assert_int_equal(imr_store_apply(&rig.store), IMR_OK);
	nor_counts(&rig.nor);
	memset(&client, 0, sizeof(client));
	config = d->config;
	if (!config.endpoint.n)
		config.endpoint = imp_span_str("dev");
	config.device = hear;
	if (!d->plain) {
		formats = imp_converter_formats(&converter);
		config.formats = &formats;
		config.check = imp_consistency_check;
		config.check_ctx = &consistency;
	}
	client.store = &rig.store;
	client.config = &config;
	heard[0] = '\0';
	refuse = d->resisted;
	now = 0xFFFFFF00U; /* it wraps in the middle */
}

#define ROW(n, h, l, ...)                                                     \
	{                                                                     \
		.name = (n), .have = (h), .lines = (l), .config = __VA_ARGS__ \
	}
#define NOBODY 0xFFFF
#define LINES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define V10                                 \
	{                                   \
		.version = 0, .pct = NOBODY \
	}
#define V11                                 \
	{                                   \
		.version = 1, .pct = NOBODY \
	}
#define V12                                 \
	{                                   \
		.version = 2, .pct = NOBODY \
	}

/* Configurations of ETS: the bootstrap account is /0/1 (C.13). */
#define BS "F 0/1 0s=coaps://bs.example 1b=1 2i=0 3s=dev 4s= 5s=0123456789ABCDEF"
#define BS_T "F 0/1 0s=coaps://bs.example 1b=1 2i=0 3s=dev 5s=0123456789ABCDEF 12i=60"
#define BS_NOW "F 0/1 0s=coaps://bs.example 1b=1 2i=0 3s=dev 5s=0123456789ABCDEF 12i=1"
#define OLD_0 "S 0/0 0s=coaps://old.example 1b=0 2i=0 3s=o 5s=OLDOLDOLDOLDOLDO 10i=7"
#define OLD_1 "S 1/0 0i=7 1i=300 6b=0 7s=U"
#define BS_21 "F 0/1 0s=coap://bs.example 1b=1 2i=3 17l=21:0"
#define KEYS "F 21/0 0x=4F4C444B45594F4C444B45594F4C444B 1x=01 2x=02"
#define PLAIN_21 "F 21/5 0x=504C41494E504C41494E504C41494E50 1x=03 2x=04"
#define NEW_21 "0x=4D4153544552324D415354455232214D 1x=05 2x=06"
#define PSK_SA "0s=coaps://s.example 1b=0 2i=0 3s=dev1 4s= 5s=SERVERKEYSERVERK 10i=1"
#define PSK_2 "0s=coaps://t.example 1b=0 2i=0 3s=dev2 5s=2ERVERKEYSERVERK 10i=2"
#define SRV_MIN "0i=1 1i=86400 6b=0 7s=U"
#define SRV_2 "0i=2 1i=86400 6b=0 7s=U"
#define NEW_BS "0s=coaps://new.example 1b=1 2i=0 3s=dev9 5s=NEWKEYNEWKEYNEWK"

#define ASK "begin -> send POST /bs?ep=dev", "answer 2.04"
#define WRITE_SERVER "PUT 0 @0 " PSK_SA " -> 2.04", "PUT 1 @0 " SRV_MIN " -> 2.04"
#define FINISH "POST bs -> 2.04 finished"
#define WITH_SERVER "0/0S 0/1F 1/0S"

static const uint16_t none[1], software[] = { 2, 9, 21 };

static const struct dialogue dialogues[] = {
	/* ---- ETS ---- */
	ROW("int-0 client initiated bootstrap", LINES(BS),
		LINES(ASK, WRITE_SERVER,
			"GET  link -> 2.05 </>;lwm2m=1.1,</0/0>;ssid=1,</0/1>,</1/0>;ssid=1,</3/0>",
			FINISH, "boot -> ~ 0/0S", "gone -> nobody"),
		{ .version = 1, .pct = NOBODY, .no_uri = true, .objects = none }),
	ROW("int-0 with uri, pct and object 2 and 21", LINES(BS),
		LINES("begin -> send POST /bs?ep=dev&pct=112", "answer 2.04", WRITE_SERVER,
			"GET  link -> 2.05 </>;lwm2m=1.2,</0/0>;ssid=1;uri=\"coaps://s.example\","
			"</0/1>,</1/0>;ssid=1,</2>,</3/0>,</21>",
			FINISH),
		{ .version = 2, .pct = 112 }),
	ROW("int-0 in the form of 1.0", LINES(BS),
		LINES(ASK, WRITE_SERVER,
			"GET  link -> 2.05 lwm2m=\"1.0\",</0/0>;ssid=1,</0/1>,</1/0>;ssid=1,</2>,"
			"</3/0>,</21>",
			FINISH),
		V10),
	ROW("int-1 after it: what was written is there", LINES(BS),
		LINES(ASK, WRITE_SERVER, FINISH, "boot -> 0/1F 0/0S 1/0S", "show 0/0 -> " PSK_SA,
			"show 1/0 -> " SRV_MIN),
		V11),
	ROW("int-4 bootstrap delete", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "GET  link -> ~ </0/0>;ssid=7", "GET 1 -> 2.05 @0 0i=7 1i=300 6b=0 7s=U",
			"DELETE 0 -> 2.02", "DELETE 1 -> 2.02",
			"GET  link -> 2.05 </>;lwm2m=1.1,</0/1>,</1>,</2>,</3/0>,</21>",
			"GET 1 -> 2.05", WRITE_SERVER, FINISH, "gone -> 7",
			"boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("int-5 a second bootstrap after a trigger", LINES(BS),
		LINES(ASK, WRITE_SERVER, FINISH, ASK, "PUT 1/0/1 1i=60 -> 2.04", FINISH,
			"boot -> 0/1F 0/0S 1/0S", "show 1/0 -> 0i=1 1i=60 6b=0 7s=U"),
		V11),
	ROW("int-8 bootstrap read", LINES(BS),
		LINES(ASK, WRITE_SERVER, "PUT 2 @0 0i=3 1i=0 2m=0:15 3i=65535 -> 2.04",
			"GET 1 -> 2.05 @0 " SRV_MIN, "GET 2 -> 2.05 @0 0i=3 1i=0 2m=0:15 3i=65535",
			"GET 1/0 -> 2.05 " SRV_MIN, "GET 2/0 -> 2.05 0i=3 1i=0 2m=0:15 3i=65535",
			"GET 1/1 -> 4.04", "GET 0 -> 4.05", "GET 0/0 -> 4.05", "GET 3/0 -> 4.05",
			"GET 21 -> 4.05", "GET 1/0/0 -> 4.05", "GET 5 -> 4.04", "GET  -> 4.05",
			FINISH),
		V11),
	ROW("int-8 in SenML", LINES(BS),
		LINES(ASK, WRITE_SERVER, "GET 1/0 accept110 -> ~ \"bn\":\"/1/0/\"",
			"GET 1 accept42 -> 4.06", "GET 1 accept1542 -> 2.05 @0 " SRV_MIN, FINISH),
		V11),
	ROW("int-9 configuration consistency", LINES(BS),
		LINES(ASK, "PUT 1/0/5 5i=86400 -> 2.04", "POST bs -> ~ 4.06 K", WRITE_SERVER,
			FINISH),
		V11),
	ROW("empty keys of the SMS binding, as Leshan writes them, are none", LINES(BS),
		LINES(ASK, WRITE_SERVER, "PUT 0/0 " PSK_SA " 7s= 8s= -> 2.04", FINISH), V11),
	ROW("keys of the SMS binding that are too short", LINES(BS),
		LINES(ASK, WRITE_SERVER, "PUT 0/0 " PSK_SA " 7s= 8s=x -> 2.04",
			"POST bs -> ~ 4.06 RANGE /0/0/8"),
		V11),
	ROW("int-9 by the client's own minimum", LINES(BS),
		LINES(ASK, "PUT 1/0/5 5i=86400 -> 2.04", "POST bs -> 4.06 K2: no legal 1/x/0",
			WRITE_SERVER, FINISH),
		V11, .plain = true),
	ROW("int-9 then given up: all is as before (D9)", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "DELETE  -> 2.02", "PUT 1/0/5 5i=86400 -> 2.04", "POST bs -> ~ 4.06",
			"wait 246", "tick", "wait 1", "tick -> failed:timeout",
			"boot -> 0/1F 0/0S 1/0S", "show 1/0 -> 0i=7 1i=300 6b=0 7s=U"),
		V11),
	ROW("int-12 bootstrap-pack", LINES(BS, OLD_0, OLD_1),
		LINES("begin -> send GET /bspack?ep=dev&acc=</0/1> accept 110",
			"answer 2.05 format110 "
			"[{\"bn\":\"/0/0/\",\"n\":\"0\",\"vs\":\"coaps://s.example\"},"
			"{\"n\":\"1\",\"vb\":false},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":"
			"\"ZGV2MQ\"},"
			"{\"n\":\"5\",\"vd\":\"QUJDREVGR0hJSktMTU5PUA\"},{\"n\":\"10\",\"v\":1},"
			"{\"bn\":\"/1/3/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":86400},"
			"{\"n\":\"6\",\"vb\":false},{\"n\":\"7\",\"vs\":\"U\"}] -> finished",
			"gone -> 7", "boot -> 0/1F 0/0S 1/3S"),
		{ .version = 2, .pct = 110, .pack = true }),
	ROW("int-12 the server has no packs (F14)", LINES(BS),
		LINES("begin -> send GET /bspack?ep=dev&acc=</0/1> accept 110",
			"answer 5.01 -> send POST /bs?ep=dev&pct=110", "answer 2.04", WRITE_SERVER,
			FINISH),
		{ .version = 2, .pct = 110, .pack = true }),
	ROW("int-12 an inconsistent pack is not taken, and leaves nothing (K14)",
		LINES(BS, OLD_0, OLD_1),
		LINES("begin -> send GET /bspack?ep=dev&acc=</0/1> accept 110",
			"answer 2.05 format110 [{\"bn\":\"/1/3/\",\"n\":\"0\",\"v\":1}]"
			" -> send POST /bs?ep=dev&pct=110",
			"answer 2.04", "GET 1 -> 2.05 @0 0i=7 1i=300 6b=0 7s=U", FINISH,
			"boot -> 0/1F 0/0S 1/0S"),
		{ .version = 2, .pct = 110, .pack = true }),
	ROW("int-12 not a pack", LINES(BS),
		LINES("begin -> send GET /bspack?ep=dev&acc=</0/1> accept 110",
			"answer 2.05 format110 [{ -> send POST /bs?ep=dev&pct=110"),
		{ .version = 2, .pct = 110, .pack = true }),
	ROW("a pack that never comes", LINES(BS),
		LINES("begin -> send GET /bspack?ep=dev&acc=</0/1> accept 110",
			"PUT 0 @0 " PSK_SA " -> 4.05", "wait 247", "tick -> failed:timeout"),
		{ .version = 2, .pct = 110, .pack = true }),

	/* ---- the request (O1) ---- */
	ROW("path and query of the URI come before",
		LINES("F 0/0 0s=coaps://bs.example:5684/a%20b/c/?tenant=x%26y&z#f 1b=1 2i=0 3s=d "
		      "5s=k"),
		LINES("begin -> send POST /a b/c/bs?tenant=x&y&z&ep=dev&pct=11542"),
		{ .version = 1, .pct = 11542 }),
	ROW("a query without path", LINES("F 0/0 0s=coaps://h?q 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> send POST /bs?q&ep=dev"), V11),
	ROW("a slash inside a segment", LINES("F 0/0 0s=coaps://h/a%2fb 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> failed:account"), V11),
	ROW("an escape that is none", LINES("F 0/0 0s=coaps://h/a%2 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> failed:account"), V11),
	ROW("not a URI", LINES("F 0/0 0s=bs.example 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> failed:account"), V11),
	ROW("no host", LINES("F 0/0 0s=coaps:///x 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> failed:account"), V11),
	ROW("as many parameters as there is room for",
		LINES("F 0/0 0s=coaps://h?a&b&c&d 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> send POST /bs?a&b&c&d&ep=dev&pct=110"),
		{ .version = 1, .pct = 110 }),
	ROW("one parameter too many", LINES("F 0/0 0s=coaps://h?a&b&c&d&e 1b=1 2i=0 3s=d 5s=k"),
		LINES("begin -> failed:space"), { .version = 1, .pct = 110 }),
	ROW("without an account (C10)", LINES(OLD_0, OLD_1), LINES("begin -> failed:account"), V11),
	ROW("with nothing at all", NULL, LINES("begin -> failed:account"), V11),
	ROW("a disabled account is none (S5)",
		LINES("D 0/1 0s=coaps://bs.example 1b=1 2i=0 3s=dev 5s=k"),
		LINES("begin -> failed:account"), V11),
	ROW("refused", LINES(BS),
		LINES("begin -> send POST /bs?ep=dev", "answer 4.00 -> failed:refused",
			"POST bs -> 4.05", "boot -> 0/1F"),
		V11),
	ROW("no answer in EXCHANGE_LIFETIME", LINES(BS),
		LINES("begin -> send POST /bs?ep=dev", "wait 247", "tick -> failed:timeout",
			"tick"),
		V11),
	ROW("the transport gives up", LINES(BS),
		LINES("begin -> send POST /bs?ep=dev", "end -> failed:lost", "end"), V11),
	ROW("the server is faster than its answer", LINES(BS),
		LINES("begin -> send POST /bs?ep=dev", WRITE_SERVER, "answer 2.04", FINISH), V11),

	/* ---- Write (O4) ---- */
	ROW("forms of Write", LINES(BS),
		LINES(ASK, "PUT 0/0 " PSK_SA " -> 2.04", "PUT 1/0 @0 " SRV_MIN " -> 2.04",
			"PUT 1/0 @1 " SRV_MIN " -> 4.00", "PUT 1/0/1 1i=60 -> 2.04",
			"PUT 1/0/1 @0 1i=61 -> 2.04", "PUT 1/0/1 2i=60 -> 4.00",
			"PUT 1/0/1 1i=60 2i=1 -> 4.00", "PUT 1 0i=1 -> 4.00", "PUT 1 -> 4.00",
			"PUT 1/0 -> 4.00", "PUT 1/0/1 -> 4.00", "PUT 1/0/1/0 1i=60 -> 4.00",
			"PUT 1/65535 0i=1 -> 4.00", "PUT 1/ 0i=1 -> 4.00", "PUT 01 0i=1 -> 4.04",
			"PUT 0/00 0i=1 -> 4.00", "PUT x 0i=1 -> 4.04", "PUT bs 0i=1 -> 4.04",
			"PUT 5 @0 0i=1 -> 4.04", "PUT  0i=1 -> 4.05", "PUT 1/0/1x 1i=1 -> 4.00",
			"PUT 1/0/0 hex:C002 -> 4.00", "PUT 1/0 0i=1 0i=1 -> 4.00",
			"PUT 1/0/6 6i=2 -> 4.00", "PUT 1/0/1 1s=abc -> 4.00", FINISH,
			"boot -> 0/1F 0/0S 1/0S", "show 1/0 -> 0i=1 1i=61 6b=0 7s=U"),
		V11),
	ROW("a Write replaces what it names, and no more", LINES(BS),
		LINES(ASK, WRITE_SERVER, "PUT 1/0/5 5i=9 -> 2.04", "PUT 0 @2 " PSK_2 " -> 2.04",
			"PUT 1 @2 " SRV_2 " -> 2.04", "PUT 1 @0 " SRV_MIN " -> 2.04", FINISH,
			"boot -> 0/1F 0/0S 0/2S 1/0S 1/2S", "show 1/0 -> " SRV_MIN),
		V11),
	ROW("unknown resources are no error", LINES(BS),
		LINES(ASK, WRITE_SERVER, "PUT 1/0/999 999x=0102 -> 2.04", FINISH), V11),
	ROW("an account in single resources", LINES(BS),
		LINES(ASK, "PUT 0/0/0 0s=coaps://s.example -> 2.04", "PUT 0/0/1 1b=0 -> 2.04",
			"PUT 0/0/2 2i=0 -> 2.04", "PUT 0/0/3 3s=dev1 -> 2.04", "POST bs -> ~ 4.06",
			"PUT 0/0/5 5s=SERVERKEYSERVERK -> 2.04", "PUT 0/0/10 10i=1 -> 2.04",
			"PUT 1/0/0 0i=1 -> 2.04", "PUT 1/0/1 1i=5 -> 2.04", "POST bs -> ~ 4.06",
			"PUT 1/0/6 6b=0 -> 2.04", "PUT 1/0/7 7s=U -> 2.04", FINISH,
			"boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("formats", LINES(BS),
		LINES(ASK, "PUT 0 @0 " PSK_SA " format1542 -> 2.04",
			"PUT 1 format110 "
			"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":9},"
			"{\"n\":\"6\",\"vb\":false},{\"n\":\"7\",\"vs\":\"U\"}] -> 2.04",
			"PUT 1/0 format110 [{\"n\":\"/1/1/0\",\"v\":1}] -> 4.00",
			"PUT 1/0/1 format110 [{\"n\":\"/1/0/1\",\"v\":10}] -> 2.04",
			"PUT 1/0/1 format0 11 -> 2.04", "PUT 1/0/1 format0 -1x -> 4.00",
			"PUT 1/0/7 format0 U -> 2.04", "PUT 1/0/7 format42 U -> 4.15",
			"PUT 0/0/5 format42 SERVERKEYSERVERZ -> 2.04",
			"PUT 1/0/6 format0 1 -> 2.04", "PUT 1/0/1 format65535 12 -> 2.04",
			"PUT 1/0 format0 11 -> 4.15", "PUT 1/0 format11544 x -> 4.15",
			"PUT 1 format112 x -> 4.00", FINISH, "boot -> 0/1F 0/0S 1/0S",
			"show 1/0 -> 0i=1 1i=12 6b=1 7s=U"),
		V11),
	ROW("formats without a converter", LINES(BS),
		LINES(ASK, "PUT 1/0/1 format0 11 -> 4.15", "PUT 1 format110 [] -> 4.15",
			"PUT 1 @0 " SRV_MIN " -> 2.04", "PUT 0/0 " PSK_SA " format65535 -> 2.04",
			"GET 1 accept110 -> 4.06", FINISH),
		V11, .plain = true),
	ROW("object 3 is the device's", LINES(BS),
		LINES(ASK, "PUT 3 @0 13i=1000 14s=+02 -> 2.04", "PUT 3/0/13 13i=1000 -> 2.04",
			"PUT 3/0 13i=70000 -> 2.04", "PUT 3/1 13i=1 -> 4.04",
			"PUT 3 @1 13i=1 -> 4.00", "PUT 3 13i=1 -> 4.00", "PUT 3/0/13 14i=1 -> 4.00",
			"PUT 3 -> 4.00", "heard -> 13:2 14:3 13:2 13:4", "DELETE 3/0 -> 2.02",
			"DELETE 3 -> 2.02", WRITE_SERVER, FINISH, "boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("the device refuses what is written to it", LINES(BS),
		LINES(ASK, "PUT 3/0/13 13i=1000 -> 4.00"), V11, .resisted = true),
	ROW("no room: 4.13, and nothing is changed", LINES(BS),
		LINES(ASK, WRITE_SERVER,
			"PUT 1 @0 0i=1 1i=5 6b=0 7s=U @1 0i=2 1i=5 6b=0 7s=U 999f=400 -> 4.13",
			"PUT 1/0/999 999f=400 -> 4.13", "GET 1 -> 2.05 @0 " SRV_MIN, FINISH),
		V11),

	/* ---- Delete (O5) ---- */
	ROW("N14 Delete of all",
		LINES("F 0/1 0s=coap://bs.example 1b=1 2i=3 17l=21:4",
			"F 21/4 0s=MASTERSECRETMAST 1s=a 2s=b", OLD_0, OLD_1,
			"S 2/0 0i=3 1i=0 2m=7:15 3i=65535", "S 9/0 0s=pkg",
			"S 21/0 0s=OTHERSECRETOTHER 1s=c 2s=d", "S 3/0 0s=maker"),
		LINES(ASK, "DELETE  -> 2.02", "DELETE  -> 2.02",
			"GET  link -> 2.05 </>;lwm2m=1.1,</0/1>,</1>,</2>,</3/0>,</9>,</21/4>",
			WRITE_SERVER, FINISH, "gone -> 7", "boot -> 0/1F 0/0S 21/4F 3/0S 1/0S"),
		{ .version = 1, .pct = NOBODY, .objects = software, .objects_n = 3 }),
	ROW("Delete leaves the bootstrap account alone (N8)", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "DELETE 0/1 -> 2.02", "DELETE 0/9 -> 2.02", "DELETE 77 -> 2.02",
			"DELETE 0/1/0 -> 4.00", "DELETE 1/0/0 -> 4.00", FINISH,
			"boot -> 0/1F 0/0S 1/0S", "gone -> nobody"),
		V11),
	ROW("a Delete of all and Finish (K6; others let this pass)", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "DELETE  -> 2.02", "POST bs -> ~ K6", "end -> failed:lost",
			"boot -> 0/1F 0/0S 1/0S"),
		V11),

	/* ---- unbootstrapping ---- */
	ROW("U1-U4 by Delete",
		LINES(BS, OLD_0, OLD_1,
			"S 0/2 0s=coaps://t.example 1b=0 2i=0 3s=o2 5s=2LDOLDOLDOLDOLDO 10i=8",
			"S 1/1 0i=8 1i=300 6b=0 7s=U",
			"S 0/3 0s=coaps://u.example 1b=0 2i=0 3s=o3 5s=3LDOLDOLDOLDOLDO 10i=9",
			"S 1/2 0i=9 1i=300 6b=0 7s=U", "S 9/0 0s=pkg", "S 9/1 0s=pkg",
			"S 2/0 0i=9 1i=0 2m=7:15 3i=7",		 /* its own alone */
			"S 2/1 0i=9 1i=1 2m=7:15,8:3,9:11 3i=7", /* 9 may delete too */
			"S 2/2 0i=3 1i=0 2m=7:1,8:1 3i=8"),
		LINES(ASK, "DELETE 0/0 -> 2.02", "GET 1/0 -> 4.04", "GET 2/0 -> 4.04",
			"GET 2/1 -> 2.05 0i=9 1i=1 2m=8:3,9:11 3i=9",
			"GET 2/2 -> 2.05 0i=3 1i=0 2m=8:1 3i=8", FINISH, "gone -> 7",
			"boot -> 0/1F 0/2S 0/3S 1/1S 1/2S 9/1S 2/1S 2/2S"),
		{ .version = 1, .pct = NOBODY, .objects = software, .objects_n = 3 }),
	ROW("U1, U3, U4 by replacement, at Finish",
		LINES(BS, OLD_0, OLD_1, "S 2/1 0i=3 1i=0 2m=7:15,0:1 3i=7"),
		LINES(ASK, "PUT 0/0 " PSK_SA " -> 2.04", "PUT 1/5 " SRV_MIN " -> 2.04",
			"GET 1/0 -> 2.05 0i=7 1i=300 6b=0 7s=U", FINISH, "gone -> 7",
			"boot -> 0/1F 0/0S 1/5S 2/1S", "show 2/1 -> 0i=3 1i=0 2m=0:1 3i=65535"),
		V11),
	ROW("another SSID in single writes keeps the Server instance", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "PUT 0/0/10 10i=3 -> 2.04", "PUT 1/0/0 0i=3 -> 2.04", FINISH,
			"gone -> 7", "boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("deleted and written again: its observations are gone all the same (U5)",
		LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "DELETE 0 -> 2.02",
			"PUT 0 @0 0s=coaps://old.example 1b=0 2i=0 3s=o 5s=OLDOLDOLDOLDOLDO 10i=7"
			" -> 2.04",
			"POST bs -> ~ K1", "PUT 1 @0 0i=7 1i=300 6b=0 7s=U -> 2.04", FINISH,
			"gone -> 7"),
		V11),

	/* ---- Finish, clean-up (F, D10, D15) ---- */
	ROW("what is disabled does not count (S5)",
		LINES(BS, "D 0/9 0s=coaps://d 1b=0 2i=0 10i=1", "D 1/9 0i=1"),
		LINES(ASK, WRITE_SERVER, "GET 1/9 -> 4.04", "GET 1 -> 2.05 @0 " SRV_MIN, FINISH,
			"boot -> 0/1F 0/9D 0/0S 1/9D 1/0S"),
		V11),
	ROW("what is disabled does not count, by the client's own minimum",
		LINES(BS, "D 0/9 0s=coaps://d 1b=0 2i=0 10i=1", "D 1/9 0i=1"),
		LINES(ASK, WRITE_SERVER, "PUT 1/9/1 1i=5 -> 2.04", "POST bs -> ~ K2",
			"DELETE 1/9 -> 2.02", FINISH),
		V11, .plain = true),
	ROW("N5 what a card gave goes with it, what a server wrote stays (S6, S11)",
		LINES("C 0/1 0s=coaps://bs.example 1b=1 2i=0 3s=dev 5s=0123456789ABCDEF",
			"C 0/0 0s=coaps://c.example 1b=0 2i=0 3s=c 5s=CARDCARDCARDCARD 10i=7",
			"C 1/0 0i=7 1i=300 6b=0 7s=U"),
		LINES(ASK, "PUT 0/4 " PSK_SA " -> 2.04", "PUT 1/4 " SRV_MIN " -> 2.04",
			"PUT 1/0/1 1i=20 -> 2.04", FINISH, "boot -> 0/1C 0/0C 0/4S 1/0C 1/4S",
			"show 1/0 -> 0i=7 1i=20 6b=0 7s=U", "removed", "boot -> 0/4S 1/4S"),
		V11),
	ROW("a reset in the middle (D9)", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "DELETE  -> 2.02", WRITE_SERVER, "boot -> 0/1F 0/0S 1/0S",
			"show 0/0 -> 0s=coaps://old.example 1b=0 2i=0 3s=o 5s=OLDOLDOLDOLDOLDO "
			"10i=7"),
		V11),
	ROW("F13 Finish again", LINES(BS),
		LINES(ASK, WRITE_SERVER, FINISH, "POST bs -> 2.04", "PUT 1/0/1 1i=6 -> 4.05",
			"POST bs -> 2.04", "end", "POST bs -> 4.05"),
		V11),
	ROW("Finish with a payload", LINES(BS),
		LINES(ASK, WRITE_SERVER, "POST bs 0i=1 -> 4.00", FINISH), V11),
	ROW("D8 whatever comes restarts the time", LINES(BS),
		LINES(ASK, "wait 200", "PUT 0 @0 " PSK_SA " -> 2.04", "wait 200", "tick",
			"PUT 7 @0 0i=1 -> 4.04", "wait 200", "tick", "PUT 1 @0 " SRV_MIN " -> 2.04",
			"wait 246", "tick", FINISH, "wait 999", "tick"),
		V11),
	ROW("K5 a second account while the first one is persistent (N8)", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "PUT 0/5 " NEW_BS " -> 2.04", "POST bs -> ~ K5", "DELETE 0/5 -> 2.02",
			FINISH, "boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("K5 by the client's own minimum", LINES(BS, OLD_0, OLD_1),
		LINES(ASK, "PUT 0/5 " NEW_BS " -> 2.04",
			"POST bs -> 4.06 K5: two bootstrap accounts", "PUT 0/1/12 12i=9 -> 2.04",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/0S 0/5S 1/0S"),
		V11, .plain = true),
	ROW("N8 a second account replaces one with a timeout", LINES(BS_T, OLD_0, OLD_1),
		LINES(ASK, "PUT 0/5 " NEW_BS " -> 2.04", "DELETE 0/1 -> 2.02",
			"GET  link -> ~ </0/0>;ssid=7;uri=\"coaps://old.example\",</0/1>,</0/5>,",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/0S 0/5S 1/0S"),
		V11),
	ROW("N8 a second account replaces one that is marked", LINES(BS_NOW, OLD_0, OLD_1),
		LINES(ASK, "PUT 0/5 " NEW_BS " 12i=30 -> 2.04",
			"POST bs -> 2.04 finished+replaced+closing", "boot -> 0/0S 0/5S 1/0S",
			"elapsed 29", "boot -> 0/0S 0/5S 1/0S", "elapsed 2", "boot -> 0/0S 1/0S"),
		V11, .marked = true),
	ROW("N8 overwriting is replacing", LINES(BS_NOW),
		LINES(ASK, WRITE_SERVER, "PUT 0/1 " NEW_BS " -> 2.04",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/1S 0/0S 1/0S",
			"show 0/1 -> " NEW_BS),
		V11, .marked = true),
	ROW("F7 what the overwritten account linked to goes with it (K4)",
		LINES(BS_21, KEYS, PLAIN_21),
		LINES(ASK, WRITE_SERVER, "PUT 21/1 " NEW_21 " -> 2.04",
			"PUT 0/1 " NEW_BS " 17l=21:1 -> 2.04", "POST bs -> 2.04 finished+replaced",
			"boot -> 0/1S 0/0S 21/5F 21/1S 1/0S"),
		V11),
	ROW("F7 an account that is overwritten and links to nothing", LINES(BS_21, KEYS),
		LINES(ASK, WRITE_SERVER, "PUT 0/1 " NEW_BS " -> 2.04",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/1S 0/0S 1/0S"),
		V11),
	ROW("F7 by one resource: the account is the same, its old keys go", LINES(BS_21, KEYS),
		LINES(ASK, WRITE_SERVER, "PUT 21/1 " NEW_21 " -> 2.04",
			"PUT 0/1/17 17l=21:1 -> 2.04", "POST bs -> 2.04 finished",
			"boot -> 0/1F 0/0S 21/1S 1/0S"),
		V11),
	ROW("F7 keys that are linked again stay, from where they came (S11)", LINES(BS_21, KEYS),
		LINES(ASK, WRITE_SERVER, "PUT 0/1 " NEW_BS " -> 2.04",
			"PUT 0/1 " NEW_BS " 17l=21:0 -> 2.04", "POST bs -> 2.04 finished+replaced",
			"boot -> 0/1S 0/0S 21/0F 1/0S"),
		V11),
	ROW("F7 keys that another account takes over stay", LINES(BS_21, KEYS),
		LINES(ASK, WRITE_SERVER, "PUT 0/1 " NEW_BS " -> 2.04",
			"PUT 0/0/17 17l=21:0 -> 2.04", "POST bs -> 2.04 finished+replaced",
			"boot -> 0/1S 0/0S 21/0F 1/0S"),
		V11),
	ROW("keys that this sequence wrote stay, linked or not", LINES(BS_21, KEYS),
		LINES(ASK, WRITE_SERVER, "PUT 21/0 " NEW_21 " -> 2.04",
			"PUT 0/1 " NEW_BS " -> 2.04", "POST bs -> 2.04 finished+replaced",
			"boot -> 0/1S 0/0S 21/0S 1/0S"),
		V11),
	ROW("keys of a server account that is overwritten",
		LINES(BS, OLD_0 " 17l=21:0", OLD_1, KEYS),
		LINES(ASK, WRITE_SERVER, "GET  link -> ~ </21/0>", FINISH, "gone -> 7",
			"boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("keys of a server account that is deleted", LINES(BS, OLD_0 " 17l=21:0", OLD_1, KEYS),
		LINES(ASK, "DELETE 0/0 -> 2.02", "PUT 0/4 " PSK_SA " -> 2.04",
			"PUT 1/4 " SRV_MIN " -> 2.04", FINISH, "boot -> 0/1F 0/4S 1/4S"),
		V11),
	ROW("keys of 1.2 are of the account as well (K4)",
		LINES(BS " 26l=24:0 27m=0:1507328,1:1507329", "F 23/0 0i=1", "F 23/1 0i=1",
			"F 24/0 0s=m"),
		LINES(ASK, WRITE_SERVER, "PUT 0/1 " NEW_BS " -> 2.04",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/1S 0/0S 1/0S"),
		V12, .plain = true),
	ROW("F7 the same secret in another instance is no secret twice (B12)", LINES(BS_21, KEYS),
		LINES(ASK, WRITE_SERVER,
			"PUT 21/1 0x=4F4C444B45594F4C444B45594F4C444B 1x=01 2x=02 -> 2.04",
			"PUT 0/1/17 17l=21:1 -> 2.04", "POST bs -> 2.04 finished",
			"boot -> 0/1F 0/0S 21/1S 1/0S"),
		V11),
	ROW("keys beside a second account that replaces the first one", LINES(BS_21 " 12i=9", KEYS),
		LINES(ASK, WRITE_SERVER, "PUT 0/1/17 17l=21:1 -> 2.04",
			"PUT 21/1 " NEW_21 " -> 2.04", "PUT 0/5 " NEW_BS " -> 2.04",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/0S 0/5S 1/0S"),
		V11),
	ROW("F7 a pack overwrites accounts that have keys",
		LINES(BS, OLD_0 " 17l=21:0", OLD_1, KEYS),
		LINES("begin -> send GET /bspack?ep=dev&acc=</0/1> accept 110",
			"answer 2.05 format110 "
			"[{\"bn\":\"/0/0/\",\"n\":\"0\",\"vs\":\"coaps://s.example\"},"
			"{\"n\":\"1\",\"vb\":false},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":"
			"\"ZGV2MQ\"},"
			"{\"n\":\"5\",\"vd\":\"QUJDREVGR0hJSktMTU5PUA\"},{\"n\":\"10\",\"v\":1},"
			"{\"bn\":\"/1/3/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":86400},"
			"{\"n\":\"6\",\"vb\":false},{\"n\":\"7\",\"vs\":\"U\"}] -> finished",
			"gone -> 7", "boot -> 0/1F 0/0S 1/3S"),
		{ .version = 2, .pct = 110, .pack = true }),
	ROW("F4 a failure leaves the old account its keys", LINES(BS_21, KEYS),
		LINES(ASK, "PUT 0/1 " NEW_BS " -> 2.04", "POST bs -> ~ K6", "end -> failed:lost",
			"boot -> 0/1F 21/0F"),
		V11),
	ROW("F5 after a 4.06 the old keys can still be linked", LINES(BS_21, KEYS),
		LINES(ASK, "PUT 0/1 " NEW_BS " -> 2.04", "POST bs -> ~ K6",
			"PUT 0/1/17 17l=21:0 -> 2.04", WRITE_SERVER,
			"POST bs -> 2.04 finished+replaced", "boot -> 0/1S 0/0S 21/0F 1/0S"),
		V11),
	ROW("a new key in place is a new account", LINES(BS_NOW),
		LINES(ASK, WRITE_SERVER, "PUT 0/1/5 5s=NEWKEYNEWKEYNEWK -> 2.04",
			"POST bs -> 2.04 finished+replaced+closing", "boot -> ~ 0/1S"),
		V11, .marked = true),
	ROW("another hold-off is none: purged at once", LINES(BS_NOW),
		LINES(ASK, WRITE_SERVER, "PUT 0/1/11 11i=5 -> 2.04",
			"POST bs -> 2.04 finished+purged", "boot -> 0/0S 1/0S",
			"begin -> failed:account"),
		V11, .marked = true),
	ROW("marked with a timeout: purged when it is over, a restart between (N7)", LINES(BS_T),
		LINES(ASK, WRITE_SERVER, "POST bs -> 2.04 finished+closing",
			"boot -> 0/1F 0/0S 1/0S", "elapsed 40", "boot -> 0/1F 0/0S 1/0S",
			"elapsed 24", "boot -> 0/0S 1/0S"),
		V11, .marked = true),
	ROW("not marked, timeout 1, as the texts have it", LINES(BS_NOW),
		LINES(ASK, WRITE_SERVER, "POST bs -> 2.04 finished+closing", "boot -> ~ 0/1F",
			"elapsed 1", "boot -> 0/0S 1/0S"),
		V11),
	ROW("policy ts: the mark does not count", LINES(BS_NOW),
		LINES(ASK, WRITE_SERVER, "POST bs -> 2.04 finished+closing", "boot -> ~ 0/1F"),
		{ .version = 1, .pct = NOBODY, .clean = IMR_CLEAN_TS }, .marked = true),
	ROW("policy seed: no timeout is at once (M11)", LINES(BS),
		LINES(ASK, WRITE_SERVER, "POST bs -> 2.04 finished+purged", "boot -> 0/0S 1/0S"),
		{ .version = 1, .pct = NOBODY, .clean = IMR_CLEAN_SEED }),
	ROW("policy seed keeps what came to replace it", LINES(BS),
		LINES(ASK, WRITE_SERVER, "PUT 0/7 " NEW_BS " -> 2.04",
			"POST bs -> 2.04 finished+replaced", "boot -> 0/0S 0/7S 1/0S"),
		{ .version = 1, .pct = NOBODY, .clean = IMR_CLEAN_SEED }),
	ROW("policy seed after 4.06 leaves the mark as it was", LINES(BS),
		LINES(ASK, "POST bs -> ~ K6", "end -> failed:lost", "boot -> 0/1F"),
		{ .version = 1, .pct = NOBODY, .clean = IMR_CLEAN_SEED }),
	ROW("flash that takes nothing: 4.06, the old one stays (F7)", LINES(BS_T, OLD_0, OLD_1),
		LINES(ASK, "PUT 0/5 " NEW_BS " -> 2.04", "flash dead",
			"POST bs -> 4.06 failed:store not stored", "flash well",
			"boot -> 0/1F 0/0S 1/0S"),
		V11),

	/* ---- the server begins (M13) ---- */
	ROW("unsolicited", LINES(BS),
		LINES("PUT 0 @0 " PSK_SA " -> 4.05", "open", "tick", "wait 999", "tick",
			"POST bs -> 4.05", "POST 1/0/8 -> 4.05", WRITE_SERVER, FINISH,
			"boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("unsolicited, then silence", LINES(BS, OLD_0, OLD_1),
		LINES("open", "DELETE  -> 2.02", "wait 247", "tick -> failed:timeout",
			"DELETE  -> 4.05", "boot -> 0/1F 0/0S 1/0S"),
		V11),
	ROW("taken back", LINES(BS), LINES("open", "end", "DELETE  -> 4.05"), V11),
	ROW("open ends what was going on", LINES(BS),
		LINES("begin -> send POST /bs?ep=dev", "DELETE  -> 2.02", "open", WRITE_SERVER,
			FINISH),
		V11),

	/* ---- what is no bootstrap (C13) ---- */
	ROW("other operations", LINES(BS, OLD_0, OLD_1),
		LINES("GET 1 -> 4.05", "GET  link -> 4.05", ASK, "POST 1/0/8 -> 4.05",
			"POST 1 0i=1 -> 4.05", "POST rd -> 4.04", "POST  -> 4.05",
			"GET 0 link -> ~ </0/1>", "GET 1 link -> 2.05 </>;lwm2m=1.1,</1/0>;ssid=7",
			"GET 2 link -> 2.05 "
			"</>;lwm2m=1.1,</2>",
			"GET 3 link -> 2.05 </>;lwm2m=1.1,</3/0>", "GET 5 link -> 4.04",
			"GET 1/0 link -> 4.00", "GET 1 link depth=1 -> 4.00", "answer 2.04", FINISH,
			"answer 2.04", "answer 5.00", "GET 1 -> 4.05"),
		V11),
	ROW("Discover: who belongs to whom",
		LINES("F 0/1 0s=coap://bs 1b=1 2i=3 17l=21:4", "F 21/4 0s=S 1s=a 2s=b",
			"S 0/3 0s=coap://s 1b=0 2i=3 10i=40000 17l=21:2", "S 21/2 0s=T 1s=c 2s=d",
			"S 1/1 0i=40000 1i=5 6b=0 7s=U", "D 0/9 0s=coap://d 1b=0 2i=3 10i=5"),
		LINES(ASK,
			"GET  link -> 2.05 </>;lwm2m=1.1,</0/1>,</0/3>;ssid=40000;uri=\"coap://s\","
			"</1/1>;ssid=40000,</2>,</3/0>,</21/2>;ssid=40000,</21/4>"),
		V11),
};

static void run(void **state)
{
	const struct dialogue *d = *state;

	start(d);
	for (const char *const *text = d->lines; *text; text++)
		say(*text);
}

/* ---- every truncated and flipped Write ------------------------------------------------------- */

static const char *const writes[] = { "0 @0 " PSK_SA, "1 @0 " SRV_MIN, "0 @1 " NEW_BS,
	"1 @300 0i=1 1i=70000 7f=300", "2 @0 0i=3 1i=0 2m=7:15,0:1 3i=65535", "1/0/1 1i=86401",
	"0/0/5 5s=SERVERKEYSERVERZ", "2/0/2 2m=7:15", "21 @0 0s=MASTERSECRETMAST 1s=a 2s=b",
	"1/0 @0 " SRV_MIN };

/* Each proper prefix, from a block of exactly that size, is 4.00 and changes nothing. */
static void test_truncated(void **state)
{
	const struct dialogue d = ROW("truncated", LINES(BS, OLD_0, OLD_1), NULL, V11);
	uint8_t before[RIG_BUFFER] = {
		0
	}; /* longer than the set was: what is behind it is compared too */
	unsigned cases = 0;

	(void)state;
	start(&d);
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		struct words_message m;
		struct imp_response out;

		say("begin -> send POST /bs?ep=dev");
		line = writes[i];
		words_message(writes[i], &m);
		m.request.method = IMP_PUT;
		for (size_t n = 0; n < m.request.payload.n; n++, cases++) {
			struct imp_request cut = m.request;
			size_t size = rig.store.set.n;
			uint8_t *p = malloc(n ? n : 1);

			assert_non_null(p);
			memcpy(p, m.request.payload.p, n);
			cut.payload = imp_span(p, n);
			memcpy(before, rig.buffer, size);
			assert_int_equal(
				imr_client_request(&client, &cut, &out, now), IMR_CLIENT_WAIT);
			free(p);
			assert_int_equal(out.code, IMP_COAP_BAD_REQUEST);
			assert_int_equal(rig.store.set.n, size);
			assert_memory_equal(rig.buffer, before, size);
		}
		/* The control: whole it is taken, and seen in the buffer. */
		assert_int_equal(
			imr_client_request(&client, &m.request, &out, now), IMR_CLIENT_WAIT);
		assert_int_equal(out.code, IMP_COAP_CHANGED);
		assert_memory_not_equal(rig.buffer, before, rig.store.set.n);
		words_free(&m);
	}
	print_message("%u prefixes refused\n", cases);
	assert_true(cases > 300);
}

/* Whatever single bit is flipped, the set stays well-formed, and so it is written or refused. */
static void test_flipped(void **state)
{
	const struct dialogue d = ROW("flipped", LINES(BS, OLD_0, OLD_1), NULL, V11);
	unsigned taken = 0, refused = 0;

	(void)state;
	start(&d);
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		struct words_message m;

		line = writes[i];
		words_message(writes[i], &m);
		m.request.method = IMP_PUT;
		for (size_t bit = 0; bit < 8 * m.request.payload.n; bit++) {
			struct imp_response out;

			m.octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_int_equal(imr_client_begin(&client, now), IMR_CLIENT_SEND);
			assert_int_equal(imr_client_request(&client, &m.request, &out, now),
				IMR_CLIENT_WAIT);
			if (out.code == IMP_COAP_CHANGED)
				taken++;
			else
				refused++;
			assert_int_equal(
				imr_payload(rig.buffer, rig.store.set.n, 0, NULL, NULL), IMR_OK);
			m.octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		words_free(&m);
	}
	print_message("%u taken, %u refused\n", taken, refused);
	assert_true(taken > 100 && refused > 100);
}

/* What is read in SenML can be written back, and changes nothing. */
static void test_there_and_back(void **state)
{
	static const uint16_t formats_of[] = { IMP_FORMAT_SENML_JSON, IMP_FORMAT_SENML_CBOR };
	static const char *const what[] = { "1", "1/0", "2", "2/0" };
	const struct dialogue d = ROW("there and back",
		LINES(BS, OLD_0, OLD_1, "S 2/0 0i=3 1i=0 2m=0:1,7:15 3i=65535"), NULL, V11);
	uint8_t before[RIG_BUFFER], copy[1024];

	(void)state;
	start(&d);
	for (unsigned i = 0; i < 8; i++) {
		struct words_message m;
		struct imp_response out;
		size_t n;

		line = what[i / 2];
		words_message(line, &m);
		say("begin -> send POST /bs?ep=dev");
		n = rig.store.set.n;
		memcpy(before, rig.buffer, n);
		m.request.method = IMP_GET;
		m.request.accept = formats_of[i % 2];
		(void)imr_client_request(&client, &m.request, &out, now);
		assert_int_equal(out.code, IMP_COAP_CONTENT);
		assert_int_equal(out.format, formats_of[i % 2]);
		assert_in_range(out.payload.n, 10, sizeof(copy));
		memcpy(copy, out.payload.p, out.payload.n);
		m.request.method = IMP_PUT;
		m.request.format = out.format;
		m.request.payload = imp_span(copy, out.payload.n);
		(void)imr_client_request(&client, &m.request, &out, now);
		assert_int_equal(out.code, IMP_COAP_CHANGED);
		assert_int_equal(rig.store.set.n, n);
		assert_memory_equal(rig.buffer, before, n);
		m.request.payload.n--;
		(void)imr_client_request(&client, &m.request, &out, now);
		assert_int_equal(out.code, IMP_COAP_BAD_REQUEST);
		words_free(&m);
	}
}

/* No two of the states, and no two of the results, are nearer than four bits. */
static void test_distance(void **state)
{
	static const uint8_t codes[2][6] = {
		{ IMR_CLIENT_REST, IMR_CLIENT_PACK, IMR_CLIENT_ASKED, IMR_CLIENT_OPEN,
			IMR_CLIENT_ACTIVE, IMR_CLIENT_SUCCESS },
		{ IMR_CLIENT_WAIT, IMR_CLIENT_SEND, IMR_CLIENT_FINISHED, IMR_CLIENT_FAILED },
	};

	(void)state;
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < 6; i++)
			for (unsigned j = 0; j < i; j++)
				if (codes[k][i] && codes[k][j])
					assert_true(__builtin_popcount((unsigned)codes[k][i] ^
								       codes[k][j]) >= 4);
}

/* Lines that should fail do: the table is read, not passed over. */
static void test_control(void **state)
{
	const struct dialogue d = ROW("control", LINES(BS),
		LINES("begin -> send POST /bs?ep=other", "answer 2.04 -> finished",
			"PUT 1 @0 " SRV_MIN " -> 2.05", "GET 1 -> 2.05 @0 0i=2", "GET 1 -> 2.04",
			"GET 1 link -> 2.05 </>", "POST bs -> 2.04 finished", "POST bs -> ~ K9",
			"tick -> failed:timeout", "boot -> 0/1F", "show 0/0 -> 0i=1",
			"heard -> 13:1"),
		V11);
	unsigned lines = 0;

	(void)state;
	start(&d);
	counting = true;
	wrongs = 0;
	say("boot -> 0/1S");
	assert_int_equal(wrongs, 1);
	for (const char *const *text = d.lines; *text; text++, lines++) {
		wrongs = 0;
		say(*text);
		assert_true(wrongs > 0 || strcmp(*text, "boot -> 0/1F") == 0);
	}
	counting = false;
	assert_int_equal(lines, 12);
}

int main(void)
{
	enum { N = sizeof(dialogues) / sizeof(*dialogues) };
	struct CMUnitTest tests[N + 5];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ dialogues[i].name, run, NULL, NULL,
			(void *)(uintptr_t)&dialogues[i] };
	tests[N] = (struct CMUnitTest)cmocka_unit_test(test_truncated);
	tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(test_flipped);
	tests[N + 2] = (struct CMUnitTest)cmocka_unit_test(test_distance);
	tests[N + 3] = (struct CMUnitTest)cmocka_unit_test(test_control);
	tests[N + 4] = (struct CMUnitTest)cmocka_unit_test(test_there_and_back);
	imp_converter_init(&converter);
	imp_consistency_init(&consistency);
	int failed = cmocka_run_group_tests_name("bs_client", tests, NULL, NULL);
	imp_converter_free(&converter);
	imp_consistency_free(&consistency);
	return failed;
}
