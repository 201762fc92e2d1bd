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
 * In a rule a key stands in A4 behind the mode, and A0 around several says nothing new; in C6 keys
 * stand side by side, and 90 tells which of them are on.  No tag of one means harm in the other but
 * 83, which is a mode in a rule.
 */
uint32_t imp_fcp_read_keys(struct imp_span run, bool application)
{
	struct imp_rd rd = imp_rd(run);
	uint32_t keys = 0;
	unsigned n = 0, on = 0; /* its bit 7: the next key counts */
	struct imp_der der;

	while (n < 32 && imp_der_step(&rd, &der)) {
		unsigned tag = der.tag, first;

		if (tag == ANY_OF) {
			rd.p -= der.value.n;
			rd.n += der.value.n;
			continue;
		}
		if (tag == KEY_REFERENCE && !application)
			tag = MODE_LAST;
		if (tag == USER && imp_der_get(&der.value, KEY_REFERENCE, &der.value))
			tag = KEY_REFERENCE;
		first = der.value.n ? der.value.p[0] : 0;
		if (tag == KEY_REFERENCE) {
			if (on & 0x80) {
				keys |= (uint32_t)first << n;
				n += 8;
			}
			on <<= application;
		} else if (tag <= MODE_LAST) {
			on = tag == MODE ? first << 7 : 0; /* IMP_AM_READ */
		} else if (tag == ALWAYS) {
			on = first;
		} else if (tag == USAGE && first == 0) {
			on &= 0x7F; /* the next one is not asked for */
		}
	}
	return keys;
}
