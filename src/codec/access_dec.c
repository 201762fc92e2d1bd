/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/fcp.h"

#include <string.h>

enum {
	MODE = 0x80, /* ..8F: command header masks */
	MODE_LAST = 0x8F,
	ALWAYS = 0x90,
	NEVER = 0x97,
	USER = 0xA4,
	ANY_OF = 0xA0,
	KEY_REFERENCE = 0x83,
	USAGE = 0x95,
	PROPRIETARY_BIT = 0x80,
};

/* A rule may name several conditions for one mode: any one of them will do. */
static void add(struct imp_access_rule *rule, const struct imp_der *condition)
{
	struct imp_span key;

	if (condition->tag == ALWAYS) {
		rule->access = IMP_ACCESS_ALWAYS;
	} else if (condition->tag == USER &&
		   imp_der_find(condition->value, KEY_REFERENCE, &key) == IMP_OK && key.n == 1) {
		if (rule->access != IMP_ACCESS_ALWAYS)
			rule->access = IMP_ACCESS_KEY;
		if (rule->keys_n < IMP_FCP_KEYS_MAX)
			rule->keys[rule->keys_n++] = key.p[0];
	} else if (condition->tag != NEVER && rule->access == IMP_ACCESS_NEVER) {
		rule->access = IMP_ACCESS_OTHER;
	}
}

enum imp_status imp_access_get(struct imp_span expanded, uint8_t mode, struct imp_access_rule *rule)
{
	struct imp_access_rule got;
	struct imp_rd rd = imp_rd(expanded);
	struct imp_der der;
	bool named = false;

	memset(&got, 0, sizeof got);
	while (imp_der_more(&rd)) {
		enum imp_status st = imp_der_next(&rd, &der);

		if (st != IMP_OK)
			return st;
		if (der.tag >= MODE && der.tag <= MODE_LAST) {
			uint8_t v = der.value.n == 1 ? der.value.p[0] : 0;

			/* With the highest bit set the upper modes are proprietary. */
			named = der.tag == MODE && v & mode & (v & PROPRIETARY_BIT ? 0x07 : 0x7F);
		} else if (named && der.tag == ANY_OF) {
			struct imp_rd in = imp_rd(der.value);

			while (in.n) {
				st = imp_der_next(&in, &der);
				if (st != IMP_OK)
					return st;
				add(&got, &der);
			}
		} else if (named) {
			add(&got, &der);
		}
	}
	*rule = got;
	return IMP_OK;
}

/*
 * Both notations flattened: templates are entered and never left, so that what is in them comes
 * next. Keys stand inside of A4, or anywhere in C6, where 90 tells which of them are on.
 */
unsigned imp_fcp_read_keys(struct imp_span run, bool application, uint8_t *keys, unsigned cap)
{
	const uint8_t *inside = application ? run.p + run.n : run.p;
	struct imp_rd rd = imp_rd(run);
	bool read = application;
	unsigned n = 0, on = 0xFF;

	while (imp_der_more(&rd)) {
		bool here = rd.p < inside;
		struct imp_der der;
		unsigned v;

		if (imp_der_next(&rd, &der) != IMP_OK)
			break;
		v = der.value.n ? der.value.p[0] : 0;
		if (der.tag == ANY_OF || der.tag == USER) {
			if (der.tag == USER)
				inside = rd.p;
			rd.p -= der.value.n;
			rd.n += der.value.n;
		} else if (!here) {
			if (der.tag >= MODE && der.tag <= MODE_LAST)
				read = der.tag == MODE && v & IMP_AM_READ;
		} else if (der.tag == ALWAYS) {
			on = v;
		} else if (der.tag == USAGE && v == 0) {
			on &= 0x7F; /* the next one is not asked for */
		} else if (der.tag == KEY_REFERENCE) {
			if (read && on & 0x80 && n < cap)
				keys[n++] = (uint8_t)v;
			if (application)
				on <<= 1;
		}
	}
	return n;
}
