/* SPDX-License-Identifier: Apache-2.0 */
/* The checker: one good set, changed row by row; every row states all findings, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crypto/keycheck.h"
#include "model/check.h"
#include "model/set_form.h"
#include "tests/fake/vec.h"

#define KEY "tests/golden/key/"
#define VECTORS VEC_SHARED "lwm2m/"

static struct imp_set set;
static struct imp_findings findings;

/* ---- sets by change lists ---- */

enum kind { END, DEL, INT, BOOL, TEXT, FILL, FILE_, LINK, ENTRY };

/* One resource of a set.  FILL: number octets counting from the seed a; FILE_: a key file's octets.
 */
struct op {
	enum kind kind;
	uint16_t o, i, r;
	int64_t number; /* ENTRY: the value */
	const char *text;
	uint16_t a, b; /* LINK: target; FILL: seed; ENTRY: resource instance */
};

#define DEL(o, i, r)                        \
	{                                   \
		DEL, o, i, r, 0, NULL, 0, 0 \
	}
#define INT(o, i, r, v)                     \
	{                                   \
		INT, o, i, r, v, NULL, 0, 0 \
	}
#define BOOL(o, i, r, v)                     \
	{                                    \
		BOOL, o, i, r, v, NULL, 0, 0 \
	}
#define TEXT(o, i, r, s)                  \
	{                                 \
		TEXT, o, i, r, 0, s, 0, 0 \
	}
#define FILL(o, i, r, n, seed)                  \
	{                                       \
		FILL, o, i, r, n, NULL, seed, 0 \
	}
#define FILE_(o, i, r, name)                             \
	{                                                \
		FILE_, o, i, r, 0, KEY name ".hex", 0, 0 \
	}
#define LINK(o, i, r, to, ti)                  \
	{                                      \
		LINK, o, i, r, 0, NULL, to, ti \
	}
#define ENTRY(o, i, r, ri, v)                  \
	{                                      \
		ENTRY, o, i, r, v, NULL, ri, 0 \
	}

#define OPS 24

/* Bootstrap account PSK, server account PSK with Short Server ID 101. */
static const struct op base[OPS] = {
	TEXT(0, 0, 0, "coaps://bs.example.com:5684"),
	BOOL(0, 0, 1, 1),
	INT(0, 0, 2, 0),
	TEXT(0, 0, 3, "dev-1"),
	FILL(0, 0, 5, 16, 1),
	TEXT(0, 1, 0, "coaps://dm.example.com:5684"),
	BOOL(0, 1, 1, 0),
	INT(0, 1, 2, 0),
	TEXT(0, 1, 3, "dev-1"),
	FILL(0, 1, 5, 16, 100),
	INT(0, 1, 10, 101),
	INT(1, 0, 0, 101),
	INT(1, 0, 1, 86400),
	BOOL(1, 0, 6, 1),
	TEXT(1, 0, 7, "U"),
};

/* A whole second server account with Short Server ID 102. */
#define SECOND                                                                      \
	TEXT(0, 2, 0, "coaps://fw.example.com"), BOOL(0, 2, 1, 0), INT(0, 2, 2, 0), \
		TEXT(0, 2, 3, "dev-1"), FILL(0, 2, 5, 16, 200), INT(0, 2, 10, 102), \
		INT(1, 1, 0, 102), INT(1, 1, 1, 60), BOOL(1, 1, 6, 0), TEXT(1, 1, 7, "U")

#define ACL(inst, object, instance, owner) \
	INT(2, inst, 0, object), INT(2, inst, 1, instance), INT(2, inst, 3, owner)

#define OSCORE(inst) FILL(21, inst, 0, 16, 50), TEXT(21, inst, 1, "c"), TEXT(21, inst, 2, "s")

/* The server account in another mode. */
#define RPK(pub, key, server) \
	INT(0, 1, 2, 1), FILE_(0, 1, 3, pub), FILE_(0, 1, 5, key), FILE_(0, 1, 4, server)
#define X509(cert, key, server) \
	INT(0, 1, 2, 2), FILE_(0, 1, 3, cert), FILE_(0, 1, 5, key), FILE_(0, 1, 4, server)
#define NOSEC INT(0, 1, 2, 3), TEXT(0, 1, 0, "coap://dm.example.com"), DEL(0, 1, 3), DEL(0, 1, 5)
#define EST INT(0, 1, 2, 4), DEL(0, 1, 3), DEL(0, 1, 5), FILE_(0, 1, 4, "certificate")

static void put(const struct op *op)
{
	uint8_t fill[512];
	struct imp_span file;
	struct imp_value v = { .path = { op->o, op->i, op->r, op->a } };

	switch (op->kind) {
	case END:
	case DEL:
		break;
	case INT:
		assert_int_equal(imp_set_put_int(&set, op->o, op->i, op->r, op->number), IMP_OK);
		break;
	case BOOL:
		assert_int_equal(
			imp_set_put_bool(&set, op->o, op->i, op->r, op->number != 0), IMP_OK);
		break;
	case TEXT:
		assert_int_equal(
			imp_set_put_octets(&set, op->o, op->i, op->r, imp_span_str(op->text)),
			IMP_OK);
		break;
	case FILL:
		for (size_t i = 0; i < sizeof(fill); i++)
			fill[i] = (uint8_t)(op->a == 0 ? 0 : op->a + i);
		assert_int_equal(imp_set_put_octets(&set, op->o, op->i, op->r,
					 imp_span(fill, (size_t)op->number)),
			IMP_OK);
		break;
	case FILE_:
		file = vec_hex(op->text);
		assert_int_equal(imp_set_put_octets(&set, op->o, op->i, op->r, file), IMP_OK);
		vec_free(file);
		break;
	case LINK:
		assert_int_equal(imp_set_put_link(&set, op->o, op->i, op->r, op->a, op->b), IMP_OK);
		break;
	case ENTRY:
		v.type = imp_resource_def(op->o, op->r)->type;
		if (v.type == IMP_TYPE_STRING)
			v.u.s = imp_span_str("coap://x.example.com");
		else if (v.type == IMP_TYPE_OBJLNK)
			v.u.link.object = (uint16_t)op->number;
		else
			v.u.i = op->number;
		assert_int_equal(imp_set_put(&set, &v), IMP_OK);
		break;
	}
}

static bool same_place(const struct op *a, const struct op *b)
{
	return b->kind != ENTRY && a->o == b->o && a->i == b->i && a->r == b->r;
}

/* A later entry of the list speaks of the same resource. */
static bool changed_again(const struct op *c)
{
	for (const struct op *later = c + 1; later->kind != END; later++)
		if (same_place(c, later))
			return true;
	return false;
}

/* The base set with what the list changes; a DEL of resource 65535 takes the whole instance. */
static void build(const struct op *changes)
{
	imp_set_wipe(&set);
	for (const struct op *b = base; b->kind != END; b++) {
		bool changed = false;

		for (const struct op *c = changes; c->kind != END; c++)
			changed |= same_place(b, c) || (c->kind == DEL && c->r == IMP_NO_ID &&
							       c->o == b->o && c->i == b->i);
		if (!changed)
			put(b);
	}
	for (const struct op *c = changes; c->kind != END; c++)
		if (!changed_again(c))
			put(c);
}

/* "K2 error /0/1/10; ..." */
static const char *show(const struct imp_findings *f)
{
	static char text[8192];
	char path[32];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s %s", i ? "; " : "",
			f->v[i].rule, imp_severity_name(f->v[i].severity),
			imp_path_text(f->v[i].where, path));
	return text;
}

static const char *checked(const struct imp_check_options *options)
{
	memset(&findings, 0, sizeof(findings));
	imp_check(&set, options, &findings);
	for (size_t i = 0; i < findings.n; i++)
		assert_int_not_equal(findings.v[i].text[0], '\0');
	return show(&findings);
}

/* ---- the rows ---- */

struct row {
	const char *want;
	struct op changes[OPS];
};

static const struct row rows[] = {
	{ "", { DEL(9, 9, 9) } },
	/* K1 */
	{ "K1 error /0/1/10; K1 error /1/0/0", { INT(1, 0, 0, 102) } },
	{ "K1 error /0/1/10", { DEL(1, 0, IMP_NO_ID) } },
	{ "K1 error /1/0/0", { DEL(0, 1, IMP_NO_ID) } },
	/* K2 */
	{ "K2 error /0/1/10; K2 error /1/0/0", { INT(0, 1, 10, 0), INT(1, 0, 0, 0) } },
	{ "K2 error /0/1/10; K2 error /1/0/0", { INT(0, 1, 10, 65535), INT(1, 0, 0, 65535) } },
	{ "K2 error /0/1/10; K2 error /1/0/0", { INT(0, 1, 10, -1), INT(1, 0, 0, -1) } },
	{ "", { INT(0, 1, 10, 65534), INT(1, 0, 0, 65534) } },
	{ "", { INT(0, 1, 10, 1), INT(1, 0, 0, 1) } },
	{ "K2 error /0/2/10; K2 error /1/1/0", { SECOND, INT(0, 2, 10, 101), INT(1, 1, 0, 101) } },
	/* K3 */
	{ "K3 error /0/1/10", { DEL(0, 1, 10) } },
	{ "", { INT(0, 0, 10, 0) } },
	{ "K3 warning /0/0/10", { INT(0, 0, 10, 5) } },
	{ "K3 warning /0/0/10", { INT(0, 0, 10, 65535) } },
	/* K4 */
	{ "K4 error /1/0/0; K3 warning /0/0/10", { DEL(0, 1, IMP_NO_ID), INT(0, 0, 10, 101) } },
	/* K5 */
	{ "K5 error /0/1/1", { BOOL(0, 1, 1, 1), DEL(0, 1, 10), DEL(1, 0, IMP_NO_ID) } },
	/* K7 */
	{ "K7 error /0/1/0", { DEL(0, 1, 0) } },
	{ "K7 error /0/1/0", { TEXT(0, 1, 0, "") } },
	{ "K7 error /0/1/1; K1 error /1/0/0", { DEL(0, 1, 1) } },
	{ "K7 error /0/1/2", { DEL(0, 1, 2) } },
	{ "K7 error /1/0/1; K7 error /1/0/6; K7 error /1/0/7",
		{ DEL(1, 0, 1), DEL(1, 0, 6), DEL(1, 0, 7) } },
	{ "K7 error /2/0/0; K7 error /2/0/1; K7 error /2/0/3", { ENTRY(2, 0, 2, 101, 1) } },
	{ "K7 error /21/0/0; K7 error /21/0/1; K7 error /21/0/2", { INT(21, 0, 3, 10) } },
	{ "", { INT(3, 0, 13, 1767225600) } },
	/* K8 */
	{ "K8 error /0/1/17", { LINK(0, 1, 17, 21, 0) } },
	{ "K8 error /0/1/17", { LINK(0, 1, 17, 21, 65535) } },
	{ "K8 error /0/1/17", { LINK(0, 1, 17, 1, 0) } },
	{ "", { LINK(0, 1, 17, 65535, 65535) } },
	{ "", { LINK(0, 1, 17, 21, 4), OSCORE(4) } },
	{ "K8 error /0/1/17", { LINK(0, 0, 17, 21, 4), LINK(0, 1, 17, 21, 4), OSCORE(4) } },
	{ "K8 error /0/1/26", { LINK(0, 1, 26, 24, 0) } },
	{ "", { LINK(0, 1, 26, 24, 0), TEXT(24, 0, 0, "x") } },
	{ "K8 error /0/1/26", { LINK(0, 1, 26, 23, 0) } },
	{ "K8 error /0/1/27/0", { ENTRY(0, 1, 27, 0, 23) } },
	/* K9 */
	{ "K9 warning /2", { SECOND } },
	{ "B10 warning /0/1/5; K9 warning /2", { SECOND, FILL(0, 1, 5, 15, 7) } },
	{ "B10 error /0/1/5", { SECOND, FILL(0, 1, 5, 65, 7) } },
	{ "", { SECOND, ACL(0, 3, 0, 101) } },
	/* K11 */
	{ "", { ACL(0, 3, 0, 65535), ENTRY(2, 0, 2, 0, 1), ENTRY(2, 0, 2, 101, 15) } },
	{ "K11 error /2/0/3", { ACL(0, 3, 0, 999) } },
	{ "K11 error /2/0/3", { ACL(0, 3, 0, 0) } },
	{ "K11 error /2/0/2/7", { ACL(0, 3, 0, 101), ENTRY(2, 0, 2, 7, 1) } },
	/* K12 */
	{ "", { ACL(0, 9, 65535, 65535), ENTRY(2, 0, 2, 101, 16) } },
	{ "K12 warning /2/0/2/101", { ACL(0, 9, 65535, 65535), ENTRY(2, 0, 2, 101, 17) } },
	{ "K12 warning /2/0/2/101", { ACL(0, 9, 0, 101), ENTRY(2, 0, 2, 101, 16) } },
	{ "K12 warning /2/0/3", { ACL(0, 9, 65535, 101), ENTRY(2, 0, 2, 101, 16) } },
	/* K13 */
	{ "K13 error /0/1/0", { TEXT(0, 1, 0, "coap://dm.example.com") } },
	{ "K13 error /0/1/0", { TEXT(0, 1, 0, "coap+tcp://dm.example.com") } },
	{ "", { TEXT(0, 1, 0, "COAPS+TCP://dm.example.com") } },
	{ "", { TEXT(0, 1, 0, "mqtts://dm.example.com") } },
	{ "K13 error /0/1/0", { TEXT(0, 1, 0, "dm.example.com") } },
	{ "K13 error /0/1/0", { TEXT(0, 1, 0, "coaps://") } },
	{ "", { NOSEC } },
	{ "K13 error /0/1/25/0", { ENTRY(0, 1, 25, 0, 0) } },
	{ "", { NOSEC, ENTRY(0, 1, 25, 0, 0) } },
	/* 2.1, B15 */
	{ "B15 error /0/1/5", { DEL(0, 1, 5) } },
	{ "B15 error /0/1/4", { TEXT(0, 1, 4, "x") } },
	{ "", { TEXT(0, 1, 4, "") } },
	{ "B15 error /0/1/3; B15 error /0/1/4; B15 error /0/1/5",
		{ INT(0, 1, 2, 1), DEL(0, 1, 3), DEL(0, 1, 5) } },
	{ "B15 error /0/1/3; B15 error /0/1/4; B15 error /0/1/5",
		{ INT(0, 1, 2, 2), TEXT(0, 1, 3, ""), DEL(0, 1, 5) } },
	{ "B15 error /0/1/3; B15 error /0/1/4; B15 error /0/1/5",
		{ INT(0, 1, 2, 3), TEXT(0, 1, 0, "coap://a"), TEXT(0, 1, 4, "x") } },
	{ "B15 error /0/1/3; B15 error /0/1/5",
		{ INT(0, 1, 2, 4), FILE_(0, 1, 4, "certificate") } },
	{ "", { EST } },
	{ "B15 error /0/1/4", { EST, DEL(0, 1, 4) } },
	{ "RANGE error /0/1/2", { INT(0, 1, 2, 5) } },
	/* B6, B10, B11 */
	{ "B10 warning /0/1/5", { FILL(0, 1, 5, 15, 7) } },
	{ "", { FILL(0, 1, 5, 64, 7) } },
	{ "B10 error /0/1/5", { FILL(0, 1, 5, 65, 7) } },
	{ "B6 warning /0/1/5", { FILL(0, 1, 5, 16, 0) } },
	{ "B11 error /0/1/3", { DEL(0, 1, 3) } },
	{ "B11 error /0/1/3", { TEXT(0, 1, 3, "") } },
	{ "", { FILL(0, 1, 3, 128, 7) } },
	{ "B11 error /0/1/3", { FILL(0, 1, 3, 129, 7) } },
	/* B1, B2, B5, B13, B15 by form */
	{ "", { RPK("spki", "pkcs8", "spki_compressed") } },
	{ "", { RPK("spki_compressed", "sec1_no_point", "spki_x25519") } },
	{ "B1 error /0/1/5", { RPK("spki", "v2", "spki_compressed") } },
	{ "B1 error /0/1/5", { RPK("spki", "encrypted", "spki_compressed") } },
	{ "B1 error /0/1/5", { RPK("spki", "pem", "spki_compressed") } },
	{ "B1 error /0/1/5", { RPK("spki", "spki_compressed", "spki_compressed") } },
	{ "B13 error /0/1/5", { RPK("spki", "bad_inner", "spki_compressed") } },
	{ "B2 error /0/1/3", { RPK("certificate", "pkcs8", "spki_compressed") } },
	{ "B13 error /0/1/3", { RPK("bad_trailing", "pkcs8", "spki_compressed") } },
	{ "B1 error /0/1/3", { RPK("pem", "pkcs8", "spki_compressed") } },
	{ "B2 error /0/1/4", { RPK("spki", "pkcs8", "certificate") } },
	{ "B15 error /0/1/3", { RPK("spki_p224", "pkcs8", "spki") } },
	{ "B15 error /0/1/5", { RPK("spki", "sec1_p224", "spki_compressed") } },
	{ "B15 error /0/1/4", { RPK("spki", "pkcs8", "spki_p192") } },
	{ "B5 warning /0/1/4", { RPK("spki", "pkcs8", "spki") } },
	{ "", { X509("certificate", "pkcs8", "certificate_v1") } },
	{ "B13 error /0/1/3", { X509("spki", "pkcs8", "certificate") } },
	{ "B13 error /0/1/4", { X509("certificate", "pkcs8", "spki") } },
	{ "B15 error /0/1/3", { X509("certificate_p224", "pkcs8", "certificate") } },
	{ "B13 error /0/1/4", { EST, FILE_(0, 1, 4, "spki") } },
	/* 0/x/13: a hash stands for the key */
	{ "", { RPK("spki", "pkcs8", "spki"), INT(0, 1, 13, 1), FILL(0, 1, 4, 32, 9) } },
	{ "", { RPK("spki", "pkcs8", "spki"), INT(0, 1, 13, 3), FILL(0, 1, 4, 64, 9) } },
	{ "B15 error /0/1/4",
		{ RPK("spki", "pkcs8", "spki"), INT(0, 1, 13, 2), FILL(0, 1, 4, 32, 9) } },
	{ "B13 error /0/1/4",
		{ RPK("spki", "pkcs8", "spki"), INT(0, 1, 13, 0), FILL(0, 1, 4, 32, 9) } },
	{ "RANGE error /0/1/13; B13 error /0/1/4",
		{ RPK("spki", "pkcs8", "spki"), INT(0, 1, 13, 4), FILL(0, 1, 4, 32, 9) } },
	/* B7, B12 */
	{ "B12 error /0/1/5", { FILL(0, 1, 5, 16, 1) } },
	{ "B12 error /21/0/0", { LINK(0, 1, 17, 21, 0), OSCORE(0), FILL(21, 0, 0, 16, 100) } },
	{ "B12 error /21/1/0", { OSCORE(0), OSCORE(1) } },
	{ "B7 warning /21/0/0", { OSCORE(0), FILL(21, 0, 0, 15, 5) } },
	{ "B7 warning /21/0/0", { OSCORE(0), FILL(21, 0, 0, 16, 0) } },
	/* OSCORE */
	{ "OSCORE error /21/0/0", { OSCORE(0), TEXT(21, 0, 0, "") } },
	{ "", { OSCORE(0), TEXT(21, 0, 1, "1234567") } },
	{ "OSCORE error /21/0/1", { OSCORE(0), TEXT(21, 0, 1, "12345678") } },
	{ "OSCORE error /21/0/2", { OSCORE(0), TEXT(21, 0, 2, "12345678"), INT(21, 0, 3, 10) } },
	{ "OSCORE error /21/0/1", { OSCORE(0), TEXT(21, 0, 1, "1234567"), INT(21, 0, 3, 1) } },
	{ "OSCORE error /21/0/2", { OSCORE(0), TEXT(21, 0, 2, "12"), INT(21, 0, 3, 12) } },
	{ "", { OSCORE(0), TEXT(21, 0, 1, "12345678"), INT(21, 0, 3, -1) } },
	{ "OSCORE error /21/0/2", { OSCORE(0), TEXT(21, 0, 2, "c") } },
	{ "", { OSCORE(0), TEXT(21, 0, 1, "") } },
	/* ranges */
	{ "RANGE error /1/0/1", { INT(1, 0, 1, -1) } },
	{ "", { INT(1, 0, 1, 0) } },
	{ "RANGE error /0/0/12", { INT(0, 0, 12, -1) } },
	{ "RANGE error /0/1/7", { FILL(0, 1, 7, 5, 1) } },
	{ "RANGE error /0/1/8", { FILL(0, 1, 8, 15, 1) } },
	{ "RANGE error /0/1/8", { FILL(0, 1, 8, 17, 1) } },
	{ "", { FILL(0, 1, 8, 32, 1) } },
	{ "RANGE error /1/0/11", { INT(1, 0, 11, 256) } },
	{ "RANGE error /2/0/0", { ACL(0, 0, 0, 101) } },
	{ "RANGE error /2/0/2/101", { ACL(0, 3, 0, 101), ENTRY(2, 0, 2, 101, 32) } },
	{ "RANGE error /3/1", { INT(3, 1, 13, 5) } },
	/* objects that no table knows are left alone */
	{ "", { TEXT(3441, 0, 0, "x"), TEXT(0, 1, 99, "x") } },
};

static int setup(void **state)
{
	(void)state;
	imp_set_init(&set);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	imp_set_free(&set);
	return 0;
}

/* Two RANGE rows need text of 256 octets; see uri_lengths(). */
static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got;

		build(rows[i].changes);
		got = checked(NULL);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row %zu: wanted '%s', got '%s' (%s)", i, rows[i].want, got,
				findings.n ? findings.v[0].text : "");
	}
}

static void uri_lengths(void **state)
{
	char uri[257] = "coaps://";

	(void)state;
	memset(uri + 8, 'a', 248);
	uri[255] = '\0';
	build((const struct op[]){ TEXT(0, 1, 0, uri), { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(NULL), "");
	uri[255] = 'a';
	build((const struct op[]){ TEXT(0, 1, 0, uri), { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(NULL), "RANGE error /0/1/0");
}

/* Foreign text in a message does no harm to a terminal or to JSON. */
static void uri_text_is_plain(void **state)
{
	(void)state;
	build((const struct op[]){
		TEXT(0, 1, 0, "\x1b[31m\xc3\xa9"), { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(NULL), "K13 error /0/1/0");
	assert_non_null(strstr(findings.v[0].text, "'?[31m?"
						   "?'"));
}

static void final_set(void **state)
{
	struct imp_check_options final = { .final = true };

	(void)state;
	build((const struct op[]){
		DEL(0, 1, IMP_NO_ID), DEL(1, 0, IMP_NO_ID), { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(NULL), "");
	assert_string_equal(checked(&final), "K6 error /0");
	build((const struct op[]){ { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(&final), "");
	imp_set_wipe(&set);
	assert_string_equal(checked(NULL), "");
	assert_string_equal(checked(&final), "K6 error /0");
}

static void keys_attribute(void **state)
{
	static const struct {
		enum imp_keys keys;
		int64_t timeout; /* -1: absent */
		const char *want;
	} r[] = {
		{ IMP_KEYS_UNSTATED, -1, "" },
		{ IMP_KEYS_UNSTATED, 86400, "" },
		{ IMP_KEYS_PERSISTENT, -1, "" },
		{ IMP_KEYS_PERSISTENT, 0, "" },
		{ IMP_KEYS_PERSISTENT, 1, "F8 error /0/0/12" },
		{ IMP_KEYS_NON_PERSISTENT, -1, "F8 error /0/0/12; F12 warning /0/0/12" },
		{ IMP_KEYS_NON_PERSISTENT, 0, "F8 error /0/0/12; F12 warning /0/0/12" },
		{ IMP_KEYS_NON_PERSISTENT, 1, "F12 warning /0/0/12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		build((const struct op[]){ { END, 0, 0, 0, 0, NULL, 0, 0 } });
		if (r[i].timeout >= 0)
			assert_int_equal(imp_set_put_int(&set, 0, 0, 12, r[i].timeout), IMP_OK);
		set.keys = r[i].keys;
		assert_string_equal(checked(NULL), r[i].want);
	}
}

static void object_version(void **state)
{
	(void)state;
	build((const struct op[]){
		TEXT(0, 1, 14, "dm"), INT(0, 1, 22, 1), { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(NULL), "");
	assert_int_equal(imp_set_put_version(&set, 0, 1, 1), IMP_OK);
	assert_string_equal(checked(NULL), "D17 warning /0/1/22");
	assert_int_equal(imp_set_put_version(&set, 1, 1, 0), IMP_OK);
	assert_int_equal(imp_set_put_version(&set, 21, 2, 0), IMP_OK);
	assert_string_equal(checked(NULL), "D17 warning /0/1/22");
}

/* ---- the seam ---- */

struct answers {
	enum imp_status pair, common_name, public_key;
	const char *cn;
	bool saw_pub, saw_certificate;
};

static enum imp_status pair(void *ctx, struct imp_span key, struct imp_span pub, bool certificate)
{
	struct answers *a = ctx;

	assert_true(key.n > 0);
	a->saw_pub = pub.n > 0;
	a->saw_certificate = certificate;
	return a->pair;
}

static enum imp_status common_name(
	void *ctx, struct imp_span certificate, char *cn, size_t cap, size_t *n)
{
	struct answers *a = ctx;

	assert_true(certificate.n > 0);
	if (a->common_name)
		return a->common_name;
	*n = strlen(a->cn);
	assert_true(*n <= cap);
	memcpy(cn, a->cn, *n);
	return IMP_OK;
}

static enum imp_status public_key(void *ctx, struct imp_span pub, bool certificate)
{
	struct answers *a = ctx;

	(void)certificate;
	assert_true(pub.n > 0);
	return a->public_key;
}

static void seam(void **state)
{
	static const struct op rpk[] = { RPK("spki", "pkcs8", "spki_compressed"),
		{ END, 0, 0, 0, 0, NULL, 0, 0 } };
	static const struct op x509[] = { X509("certificate", "pkcs8", "certificate_v1"),
		{ END, 0, 0, 0, 0, NULL, 0, 0 } };
	static const struct op no_pub[] = { RPK("bad_inner", "pkcs8", "spki_compressed"),
		{ END, 0, 0, 0, 0, NULL, 0, 0 } };
	static const struct op no_key[] = { RPK("spki", "v2", "spki_compressed"),
		{ END, 0, 0, 0, 0, NULL, 0, 0 } };
	static const struct {
		const struct op *changes;
		enum imp_status pair, common_name, public_key;
		const char *cn, *want;
	} r[] = {
		{ rpk, IMP_OK, IMP_OK, IMP_OK, "", "" },
		{ rpk, IMP_E_MISMATCH, IMP_OK, IMP_OK, "", "B13 error /0/1/5" },
		{ rpk, IMP_E_FORMAT, IMP_OK, IMP_OK, "", "B13 error /0/1/5" },
		{ rpk, IMP_E_UNSUPPORTED, IMP_OK, IMP_OK, "", "B15 error /0/1/5" },
		{ rpk, IMP_OK, IMP_OK, IMP_E_FORMAT, "", "B13 error /0/1/4" },
		{ rpk, IMP_OK, IMP_OK, IMP_E_UNSUPPORTED, "", "B15 error /0/1/4" },
		{ no_pub, IMP_OK, IMP_OK, IMP_OK, "", "B13 error /0/1/3" },
		{ no_pub, IMP_E_FORMAT, IMP_OK, IMP_OK, "", "B13 error /0/1/3; B13 error /0/1/5" },
		{ no_key, IMP_OK, IMP_OK, IMP_OK, "", "B1 error /0/1/5" },
		{ no_key, IMP_OK, IMP_OK, IMP_E_FORMAT, "",
			"B1 error /0/1/5; B13 error /0/1/3; B13 error /0/1/4" },
		{ x509, IMP_OK, IMP_OK, IMP_OK, "dev-1", "" },
		{ x509, IMP_OK, IMP_OK, IMP_OK, "dev-2", "B14 warning /0/1/3" },
		{ x509, IMP_OK, IMP_OK, IMP_OK, "", "B14 warning /0/1/3" },
		{ x509, IMP_E_MISMATCH, IMP_E_FORMAT, IMP_OK, "", "B13 error /0/1/5" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		struct answers a = { r[i].pair, r[i].common_name, r[i].public_key, r[i].cn, false,
			false };
		struct imp_keycheck keys = { &a, pair, common_name, public_key };
		struct imp_check_options options = { .keys = &keys,
			.endpoint = imp_span_str("dev-1") };

		build(r[i].changes);
		if (strcmp(checked(&options), r[i].want) != 0)
			fail_msg("row %zu: wanted '%s', got '%s'", i, r[i].want, show(&findings));
		assert_int_equal(a.saw_certificate, r[i].changes == x509);
		assert_int_equal(a.saw_pub, r[i].changes == x509 || r[i].changes == rpk);
	}
}

/* ---- findings ---- */

static void findings_overflow(void **state)
{
	struct imp_path nowhere = { IMP_NO_ID, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID };
	char path[32];

	(void)state;
	memset(&findings, 0, sizeof(findings));
	for (int i = 0; i < IMP_FINDINGS_MAX + 5; i++)
		imp_findings_add(
			&findings, "K1", i % 2 ? IMP_ERROR : IMP_WARNING, nowhere, "%0300d", i);
	assert_int_equal(findings.n, IMP_FINDINGS_MAX);
	assert_int_equal(findings.errors, (IMP_FINDINGS_MAX + 5) / 2);
	assert_int_equal(findings.errors + findings.warnings, IMP_FINDINGS_MAX + 5);
	assert_int_equal(strlen(findings.v[0].text), sizeof(findings.v[0].text) - 1);
	imp_findings_add(&findings, "K1", IMP_NOTE, nowhere, "x");
	assert_int_equal(findings.errors + findings.warnings, IMP_FINDINGS_MAX + 5);
	assert_string_equal(imp_path_text(nowhere, path), "/");
	assert_string_equal(imp_severity_name(IMP_NOTE), "note");
	assert_string_equal(imp_severity_name((enum imp_severity)9), "unknown");
}

static void paths(void **state)
{
	struct imp_path longest = { 65534, 65534, 65534, 65534 }, res = { 0, 1, 5, IMP_NO_ID };
	char path[32];

	(void)state;
	assert_string_equal(imp_path_text(longest, path), "/65534/65534/65534/65534");
	assert_string_equal(imp_path_text(res, path), "/0/1/5");
}

/* No finding says what a key is: neither in hex nor as it stands. */
static void no_secret_in_text(void **state)
{
	(void)state;
	build((const struct op[]){ TEXT(0, 0, 5, "SECRETSECRET"), TEXT(0, 1, 5, "SECRETSECRET"),
		OSCORE(0), TEXT(21, 0, 0, "SECRETSECRET"), { END, 0, 0, 0, 0, NULL, 0, 0 } });
	assert_string_equal(checked(NULL),
		"B10 warning /0/0/5; B10 warning /0/1/5; B12 error /0/1/5; B12 error /21/0/0; "
		"B7 warning /21/0/0");
	for (size_t i = 0; i < findings.n; i++) {
		assert_null(strstr(findings.v[i].text, "SECRET"));
		assert_null(strstr(findings.v[i].text, "534543524554"));
	}
}

/* ---- the shared vectors ---- */

static void vector_row(void *ctx, char *cell[8])
{
	struct imp_check_options options = { .keys = &imp_keycheck_openssl };
	const char *file = cell[0], *expect = cell[3], *rule = cell[4], *what = cell[5];
	bool finding = strcmp(expect, "finding") == 0;
	char path[256];
	struct imp_span in;
	size_t *n = ctx;

	if (strncmp(file, "ef", 2) != 0 && strcmp(file, "format/pack_ef.hex") != 0)
		return;
	if (!finding && strcmp(expect, "accept") != 0 && strcmp(expect, "none") != 0)
		return;
	++*n;
	snprintf(path, sizeof(path), VECTORS "%s", file);
	in = vec_hex(path);
	assert_int_equal(imp_set_from_ef(&set, in, false, false, NULL), IMP_OK);
	checked(&options);
	if (!finding && findings.n)
		fail_msg("%s: %s (%s)", file, show(&findings), findings.v[0].text);
	if (finding && findings.n == 0)
		fail_msg("%s: no finding", file);
	for (size_t i = 0; i < findings.n; i++) {
		bool warning = strstr(what, ": warning") != NULL;

		if (strcmp(findings.v[i].rule, rule) != 0)
			fail_msg("%s: %s instead of %s", file, show(&findings), rule);
		assert_int_equal(findings.v[i].severity, warning ? IMP_WARNING : IMP_ERROR);
	}
	vec_free(in);
}

static void vectors(void **state)
{
	size_t n = 0;

	(void)state;
	if (!vec_there(VECTORS "index.tsv"))
		return;
	vec_rows(VECTORS "index.tsv", vector_row, &n);
	assert_int_equal(n, 36);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(table),
		T(uri_lengths),
		T(uri_text_is_plain),
		T(final_set),
		T(keys_attribute),
		T(object_version),
		T(seam),
		T(findings_overflow),
		T(paths),
		T(no_secret_in_text),
		T(vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
