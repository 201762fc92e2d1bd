/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert_view.h"

#include "crypto/asn1.h"

static struct imp_span whole(struct imp_rd *rd, uint8_t tag)
{
	struct imp_span element;

	(void)imp_asn1_take(rd, tag, &element);
	return element;
}

static void version_3(struct imp_rd *rd)
{
	static const uint8_t v3[] = { IMP_ASN1_INTEGER, 0x01, 0x02 };
	struct imp_span v = imp_asn1_take(rd, IMP_ASN1_CONTEXT_CONSTRUCTED(0), NULL);

	if (!imp_span_eq(v, imp_span(v3, sizeof v3)))
		imp_rd_fail(rd, IMP_E_FORMAT);
}

static enum imp_status view_tbs(struct imp_span tbs, struct imp_cert_view *view)
{
	struct imp_rd rd = imp_rd(tbs);

	version_3(&rd);
	view->serial = imp_asn1_take(&rd, IMP_ASN1_INTEGER, NULL);
	view->algorithm = whole(&rd, IMP_ASN1_SEQUENCE);
	view->issuer = whole(&rd, IMP_ASN1_SEQUENCE);
	view->validity = whole(&rd, IMP_ASN1_SEQUENCE);
	view->subject = whole(&rd, IMP_ASN1_SEQUENCE);
	view->spki = whole(&rd, IMP_ASN1_SEQUENCE);
	if (rd.st == IMP_OK && rd.n)
		view->extensions = imp_asn1_take(&rd, IMP_ASN1_CONTEXT_CONSTRUCTED(3), NULL);
	if (view->serial.n == 0)
		imp_rd_fail(&rd, IMP_E_FORMAT);
	return imp_rd_done(&rd);
}

enum imp_status imp_cert_view(struct imp_span certificate, struct imp_cert_view *view)
{
	struct imp_cert_view v = { 0 };
	struct imp_rd file = imp_rd(certificate), rd;
	struct imp_span outer, tbs, bits;
	enum imp_status st;

	rd = imp_rd(imp_asn1_take(&file, IMP_ASN1_SEQUENCE, NULL));
	tbs = imp_asn1_take(&rd, IMP_ASN1_SEQUENCE, &v.tbs);
	outer = whole(&rd, IMP_ASN1_SEQUENCE);
	bits = imp_asn1_take(&rd, IMP_ASN1_BIT_STRING, NULL);
	if (bits.n < 2 || bits.p[0] != 0)
		imp_rd_fail(&rd, IMP_E_FORMAT);
	else
		v.signature = imp_span(bits.p + 1, bits.n - 1);
	st = imp_rd_done(&file);
	if (st == IMP_OK)
		st = imp_rd_done(&rd);
	if (st == IMP_OK)
		st = view_tbs(tbs, &v);
	if (st == IMP_OK && !imp_span_eq(outer, v.algorithm))
		st = IMP_E_FORMAT;
	if (st == IMP_OK)
		*view = v;
	return st;
}

/* One SEQUENCE { type, value } of a name. */
static void take_attribute(struct imp_rd *rd, struct imp_span *cn)
{
	static const uint8_t oid[] = { 0x55, 0x04, 0x03 };
	struct imp_rd in = imp_rd(imp_asn1_take(rd, IMP_ASN1_SEQUENCE, NULL));
	struct imp_span type = imp_asn1_take(&in, IMP_ASN1_OID, NULL);
	/* The kind of string does not matter here: its tag is whatever comes. */
	struct imp_span value = imp_asn1_take(&in, imp_rd_peek(&in), NULL);

	if (imp_rd_done(&in) != IMP_OK)
		imp_rd_fail(rd, IMP_E_FORMAT);
	else if (imp_span_eq(type, imp_span(oid, sizeof oid)))
		*cn = value;
}

enum imp_status imp_name_common(struct imp_span name, struct imp_span *cn)
{
	struct imp_rd file = imp_rd(name), rd, set;
	struct imp_span found = { NULL, 0 };
	enum imp_status st;

	rd = imp_rd(imp_asn1_take(&file, IMP_ASN1_SEQUENCE, NULL));
	while (file.st == IMP_OK && rd.st == IMP_OK && rd.n) {
		set = imp_rd(imp_asn1_take(&rd, IMP_ASN1_SET, NULL));
		do {
			take_attribute(&set, &found);
		} while (set.st == IMP_OK && set.n);
		imp_rd_fail(&rd, set.st);
	}
	st = imp_rd_done(&file);
	if (st == IMP_OK)
		st = imp_rd_done(&rd);
	if (st == IMP_OK)
		*cn = found;
	return st;
}
