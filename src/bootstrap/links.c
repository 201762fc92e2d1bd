/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/links.h"

#include "base/rd.h"

#include <stdbool.h>
#include <string.h>

/* The element in front of the cursor: up to the next comma that no quotes or angles enclose. */
static bool next_element(struct imp_span *text, struct imp_span *out)
{
	bool quoted = false, angled = false;
	size_t n = 0;

	if (!text->n)
		return false;
	for (; n < text->n; n++) {
		uint8_t c = text->p[n];

		if (quoted && c == '\\')
			n++;
		else if (c == '"' && !angled)
			quoted = !quoted;
		else if ((c == '<' || c == '>') && !quoted)
			angled = c == '<';
		else if (c == ',' && !quoted && !angled)
			break;
	}
	if (n > text->n)
		n = text->n;
	*out = imp_span(text->p, n);
	n += n < text->n;
	*text = imp_span(text->p + n, text->n - n);
	return true;
}

/* Decimal digits at the front; -1: none, or more than an identifier. */
static int32_t take_number(struct imp_span *s)
{
	int32_t v = -1;

	while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
		v = (v < 0 ? 0 : v * 10) + (s->p[0] - '0');
		if (v > UINT16_MAX)
			return -1;
		*s = imp_span(s->p + 1, s->n - 1);
	}
	return v;
}

/* "/0/1" or "/0": true when it is an object or an instance. */
static bool take_path(struct imp_span path, struct imp_link *link)
{
	int32_t id[2] = { -1, -1 };

	for (size_t i = 0; i < 2 && path.n && path.p[0] == '/'; i++) {
		path = imp_span(path.p + 1, path.n - 1);
		id[i] = take_number(&path);
		if (id[i] < 0 || id[i] == IMP_NO_ID)
			return false;
	}
	if (path.n || id[0] < 0)
		return false;
	link->object = (uint16_t)id[0];
	link->instance = id[1] < 0 ? IMP_NO_ID : (uint16_t)id[1];
	return true;
}

/* The value of ;ssid=, quoted or not; -1 without. */
static int32_t find_ssid(struct imp_span attributes)
{
	static const char name[] = ";ssid=";
	const uint8_t *at;
	struct imp_span value;

	if (!attributes.n)
		return -1;
	at = memmem(attributes.p, attributes.n, name, sizeof name - 1);
	if (!at)
		return -1;
	at += sizeof name - 1;
	value = imp_span(at, attributes.n - (size_t)(at - attributes.p));
	if (value.n && value.p[0] == '"')
		value = imp_span(value.p + 1, value.n - 1);
	return take_number(&value);
}

/* <path>;attributes; an attribute alone is the enabler version of 1.0. */
static enum imp_status take_element(struct imp_span element, struct imp_links *links)
{
	struct imp_link link = { 0 };
	const uint8_t *end;
	size_t n;

	while (element.n && element.p[0] == ' ')
		element = imp_span(element.p + 1, element.n - 1);
	if (!element.n || element.p[0] != '<')
		return links->n == 0 && element.n ? IMP_OK : IMP_E_FORMAT;
	end = memchr(element.p, '>', element.n);
	if (!end)
		return IMP_E_FORMAT;
	n = (size_t)(end - element.p);
	if (!take_path(imp_span(element.p + 1, n - 1), &link))
		return IMP_OK;
	if (links->n == IMP_LINKS_MAX)
		return IMP_E_SPACE;
	link.ssid = find_ssid(imp_span(end + 1, element.n - n - 1));
	links->v[links->n++] = link;
	return IMP_OK;
}

enum imp_status imp_links_read(struct imp_span text, struct imp_links *links)
{
	enum imp_status st = IMP_OK;
	struct imp_span element;

	links->n = 0;
	while (st == IMP_OK && next_element(&text, &element))
		st = take_element(element, links);
	if (st != IMP_OK)
		links->n = 0;
	return st;
}

int32_t imp_links_account(const struct imp_links *links)
{
	int32_t found = -1;

	for (size_t i = 0; i < links->n; i++) {
		const struct imp_link *l = &links->v[i];

		if (l->object != IMP_OBJ_SECURITY || l->instance == IMP_NO_ID || l->ssid >= 0)
			continue;
		if (found >= 0)
			return -1;
		found = l->instance;
	}
	return found;
}
