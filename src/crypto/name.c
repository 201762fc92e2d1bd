/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/name.h"

#include "base/hex.h"
#include "crypto/asn1.h"

#include <string.h>
#include <strings.h>

#define VALUE_MAX 512 /* octets; over every limit of RFC 5280 in UTF-8 */

struct type {
	const char *name;
	uint8_t oid[10];
	uint8_t oid_n;
	uint8_t tag;
	bool once;
	size_t min, max; /* characters */
};

static const struct type types[] = {
	{ "CN", { 0x55, 0x04, 0x03 }, 3, IMP_ASN1_UTF8, true, 1, 64 },
	{ "O", { 0x55, 0x04, 0x0A }, 3, IMP_ASN1_UTF8, false, 1, 64 },
	{ "OU", { 0x55, 0x04, 0x0B }, 3, IMP_ASN1_UTF8, false, 1, 64 },
	{ "C", { 0x55, 0x04, 0x06 }, 3, IMP_ASN1_PRINTABLE, true, 2, 2 },
	{ "ST", { 0x55, 0x04, 0x08 }, 3, IMP_ASN1_UTF8, false, 1, 128 },
	{ "L", { 0x55, 0x04, 0x07 }, 3, IMP_ASN1_UTF8, false, 1, 128 },
	{ "STREET", { 0x55, 0x04, 0x09 }, 3, IMP_ASN1_UTF8, false, 1, 128 },
	{ "serialNumber", { 0x55, 0x04, 0x05 }, 3, IMP_ASN1_PRINTABLE, true, 1, 64 },
	{ "DC", { 0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19 }, 10, IMP_ASN1_IA5,
		false, 1, 63 },
	{ "UID", { 0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x01 }, 10, IMP_ASN1_UTF8,
		false, 1, 256 },
};

#define TYPES (sizeof types / sizeof *types)

/* One walk over the text; why tells the first fault. */
struct walk {
	struct imp_span text;
	size_t at;
	bool seen[TYPES];
	const char *why;
	struct imp_asn1_wr wr;
};

static bool fault(struct walk *w, const char *why)
{
	if (!w->why)
		w->why = why;
	return false;
}

static const struct type *find_type(struct imp_span name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strlen(types[i].name) == name.n &&
			strncasecmp(types[i].name, (const char *)name.p, name.n) == 0)
			return &types[i];
	return NULL;
}

/* "CN=" */
static const struct type *take_type(struct walk *w)
{
	size_t start = w->at;
	const struct type *type;

	while (w->at < w->text.n && w->text.p[w->at] != '=' && w->text.p[w->at] != ',')
		w->at++;
	if (w->at == w->text.n || w->text.p[w->at] != '=') {
		fault(w, "a part is not TYPE=value");
		return NULL;
	}
	type = find_type(imp_span(w->text.p + start, w->at - start));
	w->at++;
	if (!type) {
		fault(w, "a type is not one of CN, O, OU, C, ST, L, STREET, DC, UID, serialNumber");
		return NULL;
	}
	if (type->once && w->seen[type - types]) {
		fault(w, "CN, C or serialNumber is there twice");
		return NULL;
	}
	w->seen[type - types] = true;
	return type;
}

/* What follows a backslash: a special character, or two hex digits. */
static bool take_escape(struct walk *w, struct imp_wr *value)
{
	struct imp_span rest = imp_span(w->text.p + w->at, w->text.n - w->at);

	if (rest.n >= 1 && rest.p[0] != '\0' && strchr(" \"#+,;<=>\\", rest.p[0])) {
		imp_wr_u8(value, rest.p[0]);
		w->at += 1;
		return true;
	}
	if (rest.n >= 2 && imp_hex_get(value, imp_span(rest.p, 2)) == IMP_OK) {
		w->at += 2;
		return true;
	}
	return fault(w, "a backslash stands before neither a special character nor two hex digits");
}

/* The value up to the next comma or the end, without its escapes. */
static bool take_value(struct walk *w, struct imp_wr *value)
{
	bool blank = false; /* an unescaped blank came last */

	if (w->at < w->text.n && (w->text.p[w->at] == ' ' || w->text.p[w->at] == '#'))
		return fault(w, "a value begins with a blank or # that is not escaped");
	while (w->at < w->text.n && w->text.p[w->at] != ',') {
		uint8_t c = w->text.p[w->at++];

		if (c == '\0' || strchr("\"+;<>", c))
			return fault(w, "one of \" + ; < > is not escaped");
		if (c == '\\' && !take_escape(w, value))
			return false;
		if (c != '\\')
			imp_wr_u8(value, c);
		blank = c == ' ';
	}
	return blank ? fault(w, "a value ends with a blank that is not escaped") : true;
}

static bool printable(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(" '()+,-./:=?", c));
}

static bool judge_octets(struct walk *w, const struct type *type, struct imp_span value)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (c < 0x20 || c == 0x7F)
			return fault(w, "a value has control characters");
		if (type->tag == IMP_ASN1_PRINTABLE && !printable(c))
			return fault(
				w, "C or serialNumber has a character outside PrintableString");
		if (type->tag == IMP_ASN1_IA5 && c >= 0x80)
			return fault(w, "DC has a character outside ASCII");
	}
	return imp_span_utf8(value) ? true : fault(w, "a value is not UTF-8");
}

static size_t characters(struct imp_span utf8)
{
	size_t n = 0;

	for (size_t i = 0; i < utf8.n; i++)
		n += (utf8.p[i] & 0xC0) != 0x80;
	return n;
}

static bool judge_value(struct walk *w, const struct type *type, struct imp_span value)
{
	size_t n = characters(value);

	if (!judge_octets(w, type, value))
		return false;
	if (n == 0)
		return fault(w, "a value is empty");
	if (n > type->max)
		return fault(
			w, "a value is longer than RFC 5280 allows (CN, O, OU, serialNumber: 64)");
	return n >= type->min ? true : fault(w, "C is not two letters");
}

/* SET { SEQUENCE { type, value } }, in front of the parts before: the order that RFC 4514 wants. */
static void put_part(struct imp_asn1_wr *wr, const struct type *type, struct imp_span value)
{
	size_t mark = imp_asn1_mark(wr);

	imp_asn1_put(wr, type->tag, value);
	imp_asn1_put(wr, IMP_ASN1_OID, imp_span(type->oid, type->oid_n));
	imp_asn1_wrap(wr, IMP_ASN1_SEQUENCE, mark);
	imp_asn1_wrap(wr, IMP_ASN1_SET, mark);
}

static bool take_part(struct walk *w)
{
	uint8_t buf[VALUE_MAX];
	struct imp_wr value = imp_wr(buf, sizeof buf);
	const struct type *type = take_type(w);

	if (!type || !take_value(w, &value))
		return false;
	if (value.st != IMP_OK)
		return fault(w, "a value is too long");
	if (!judge_value(w, type, imp_wr_span(&value)))
		return false;
	put_part(&w->wr, type, imp_wr_span(&value));
	return true;
}

static bool take_all(struct walk *w)
{
	if (w->text.n == 0)
		return fault(w, "it is empty");
	while (take_part(w)) {
		if (w->at == w->text.n)
			return true;
		w->at++; /* the comma; a part must follow */
	}
	return false;
}

#define QUOTED 96

/* Text for a message: its beginning, with anything odd as '?'. */
static void quote(struct imp_span text, char out[static QUOTED + 1])
{
	size_t n = text.n < QUOTED ? text.n : QUOTED;

	for (size_t i = 0; i < n; i++)
		out[i] = text.p[i] >= 0x20 && text.p[i] < 0x7F ? (char)text.p[i] : '?';
	out[n] = '\0';
}

enum imp_status imp_name_encode(struct imp_span text, struct imp_wr *out, struct imp_diag *diag)
{
	uint8_t der[IMP_NAME_MAX];
	struct walk w = { .text = text, .wr = imp_asn1_wr(der, sizeof der) };
	enum imp_status st;
	char said[QUOTED + 1];

	if (!take_all(&w)) {
		quote(text, said);
		st = imp_diag(diag, IMP_E_FORMAT, "subject '%s%s': %s", said,
			text.n > QUOTED ? "..." : "", w.why);
		imp_diag_hint(diag, "write it as CN=name,O=organization,C=XX; a backslash goes "
				    "before a comma that belongs to a value");
		return st;
	}
	imp_asn1_wrap(&w.wr, IMP_ASN1_SEQUENCE, 0);
	if (w.wr.st != IMP_OK)
		return imp_diag(diag, IMP_E_SPACE, "subject of more than %d octets", IMP_NAME_MAX);
	imp_wr_put(out, imp_asn1_span(&w.wr));
	return out->st;
}

void imp_name_escape(struct imp_span value, struct imp_wr *out)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		bool edge = (c == ' ' && (i == 0 || i == value.n - 1)) || (c == '#' && i == 0);

		if (edge || (c != '\0' && strchr("\"+,;<>\\", c)))
			imp_wr_u8(out, '\\');
		imp_wr_u8(out, c);
	}
}
