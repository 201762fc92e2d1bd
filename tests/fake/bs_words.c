/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake/bs_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/tlv.h"

/* A multiple resource: "7:15,8:1". */
static void put_multiple(struct imp_wr *out, uint16_t id, const char *text)
{
	uint8_t octets[256];
	struct imp_wr wr = imp_wr(octets, sizeof(octets));
	char *end;

	while (*text) {
		uint16_t at = (uint16_t)strtoul(text, &end, 10);

		assert_int_equal(*end, ':');
		imp_tlv_put_integer(&wr, IMP_TLV_RES_INSTANCE, at, strtoll(end + 1, &end, 10));
		text = *end == ',' ? end + 1 : end;
	}
	imp_tlv_put(out, IMP_TLV_MULTIPLE, id, imp_wr_span(&wr));
}

static size_t from_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned octet;

	for (; *text; text += 2) {
		assert_true(n < cap && sscanf(text, "%2x", &octet) == 1);
		out[n++] = (uint8_t)octet;
	}
	return n;
}

/* One resource: "7s=U". */
static void put_resource(struct imp_wr *out, const char *word)
{
	uint8_t octets[WORDS_MAX];
	char *value;
	uint16_t id = (uint16_t)strtoul(word, &value, 10);
	char letter = *value;
	unsigned object, instance;

	if (letter == '\0' || value[1] != '=')
		fail_msg("not a resource: %s", word);
	value += 2;
	switch (letter) {
	case 'i':
		imp_tlv_put_integer(out, IMP_TLV_RESOURCE, id, strtoll(value, NULL, 10));
		break;
	case 'b':
		imp_tlv_put_boolean(out, IMP_TLV_RESOURCE, id, *value == '1');
		break;
	case 's':
		imp_tlv_put(out, IMP_TLV_RESOURCE, id, imp_span_str(value));
		break;
	case 'x':
		imp_tlv_put(out, IMP_TLV_RESOURCE, id,
			imp_span(octets, from_hex(value, octets, sizeof(octets))));
		break;
	case 'l':
		assert_int_equal(sscanf(value, "%u:%u", &object, &instance), 2);
		imp_tlv_put_link(out, IMP_TLV_RESOURCE, id, (uint16_t)object, (uint16_t)instance);
		break;
	case 'm':
		put_multiple(out, id, value);
		break;
	case 'f':
		memset(octets, 0x42, sizeof(octets));
		imp_tlv_put(out, IMP_TLV_RESOURCE, id,
			imp_span(octets, (size_t)strtoul(value, NULL, 10)));
		break;
	default:
		fail_msg("not a resource: %s", word);
	}
}

struct writer {
	uint8_t octets[2][WORDS_MAX];
	struct imp_wr all, instance; /* instance.p is NULL while there is none */
	uint16_t id;
};

static void close_instance(struct writer *w)
{
	if (w->instance.p)
		imp_tlv_put(&w->all, IMP_TLV_INSTANCE, w->id, imp_wr_span(&w->instance));
	w->instance.p = NULL;
}

static void put_word(struct writer *w, const char *word)
{
	struct imp_wr *to = w->instance.p ? &w->instance : &w->all;
	uint8_t octets[WORDS_MAX];

	if (*word == '@') {
		close_instance(w);
		w->id = (uint16_t)strtoul(word + 1, NULL, 10);
		w->instance = imp_wr(w->octets[1], WORDS_MAX);
	} else if (strncmp(word, "hex:", 4) == 0) {
		imp_wr_put(to, imp_span(octets, from_hex(word + 4, octets, sizeof(octets))));
	} else {
		put_resource(to, word);
	}
}

/* A word that is not payload. */
static bool option(struct words_message *m, const char *word)
{
	if (strcmp(word, "link") == 0) {
		m->request.accept = IMP_FORMAT_LINK;
	} else if (strncmp(word, "accept", 6) == 0) {
		m->request.accept = (uint16_t)atoi(word + 6);
	} else if (strncmp(word, "depth=", 6) == 0) {
		(void)snprintf(m->query_text, sizeof(m->query_text), "%.60s", word);
		m->query[0] = imp_span_str(m->query_text);
		m->request.query_n = 1;
	} else {
		return false;
	}
	return true;
}

void words_message(const char *text, struct words_message *m)
{
	struct writer w = { .all = { 0 } };
	size_t n = strcspn(text, " ");
	struct imp_span all;

	memset(m, 0, sizeof(*m));
	(void)snprintf(m->path, sizeof(m->path), "%.*s", (int)n, text);
	m->request.path = imp_span_str(m->path);
	m->request.query = m->query;
	m->request.accept = IMP_FORMAT_NONE;
	m->request.format = IMP_FORMAT_TLV;
	w.all = imp_wr(w.octets[0], WORDS_MAX);
	for (text += n; *text; text += n) {
		char word[WORDS_MAX];

		text += strspn(text, " ");
		n = strcspn(text, " ");
		(void)snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (strncmp(word, "format", 6) == 0) {
			m->request.format = (uint16_t)atoi(word + 6);
			text += n;
			n = strlen(text);
			close_instance(&w);
			if (n)
				imp_wr_text(&w.all, text + 1);
		} else if (n && !option(m, word)) {
			put_word(&w, word);
		}
	}
	close_instance(&w);
	assert_int_equal(w.all.st, IMP_OK);
	all = imp_wr_span(&w.all);
	m->octets = malloc(all.n ? all.n : 1);
	assert_non_null(m->octets);
	if (all.n)
		memcpy(m->octets, all.p, all.n);
	m->request.payload = imp_span(m->octets, all.n);
}

void words_free(struct words_message *m)
{
	free(m->octets);
	m->octets = NULL;
}
