/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/message.h"

#include <string.h>

struct imp_span imp_request_query(const struct imp_request *request, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < request->query_n; i++) {
		struct imp_span q = request->query[i];

		if (q.n > n && q.p[n] == '=' && memcmp(q.p, name, n) == 0)
			return imp_span(q.p + n + 1, q.n - n - 1);
	}
	return imp_span(NULL, 0);
}

const char *imp_coap_text(uint8_t code, char out[static 5])
{
	out[0] = (char)('0' + (code >> 5));
	out[1] = '.';
	out[2] = (char)('0' + (code & 31) / 10);
	out[3] = (char)('0' + (code & 31) % 10);
	out[4] = '\0';
	return out;
}
