/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/suites.h"

#include "base/hex.h"

#include <string.h>

static const struct {
	const char *name;
	uint16_t id;
	enum imp_suite_family family;
} suites[] = {
	{ "TLS_PSK_WITH_AES_128_CCM_8", 0xC0A8, IMP_SUITE_PSK },
	{ "TLS_PSK_WITH_AES_256_CCM_8", 0xC0A9, IMP_SUITE_PSK },
	{ "TLS_PSK_WITH_AES_128_CCM", 0xC0A4, IMP_SUITE_PSK },
	{ "TLS_PSK_WITH_AES_256_CCM", 0xC0A5, IMP_SUITE_PSK },
	{ "TLS_PSK_WITH_AES_128_GCM_SHA256", 0x00A8, IMP_SUITE_PSK },
	{ "TLS_PSK_WITH_AES_256_GCM_SHA384", 0x00A9, IMP_SUITE_PSK },
	{ "TLS_PSK_WITH_AES_128_CBC_SHA256", 0x00AE, IMP_SUITE_PSK },
	{ "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", 0xC037, IMP_SUITE_PSK },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xC0AE, IMP_SUITE_ECDSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", 0xC0AF, IMP_SUITE_ECDSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xC0AC, IMP_SUITE_ECDSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", 0xC0AD, IMP_SUITE_ECDSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02B, IMP_SUITE_ECDSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xC02C, IMP_SUITE_ECDSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xC023, IMP_SUITE_ECDSA },
	{ "TLS_AES_128_GCM_SHA256", 0x1301, IMP_SUITE_ANY },
	{ "TLS_AES_256_GCM_SHA384", 0x1302, IMP_SUITE_ANY },
	{ "TLS_CHACHA20_POLY1305_SHA256", 0x1303, IMP_SUITE_ANY },
	{ "TLS_AES_128_CCM_SHA256", 0x1304, IMP_SUITE_ANY },
	{ "TLS_AES_128_CCM_8_SHA256", 0x1305, IMP_SUITE_ANY },
};

#define SUITES (sizeof suites / sizeof suites[0])

enum imp_status imp_suite_parse(const char *text, uint16_t *out)
{
	uint8_t octets[2];
	struct imp_wr wr = imp_wr(octets, sizeof octets);

	for (size_t i = 0; i < SUITES; i++) {
		if (strcmp(suites[i].name, text) == 0) {
			*out = suites[i].id;
			return IMP_OK;
		}
	}
	if (strlen(text) != 6 || strncmp(text, "0x", 2) != 0 ||
		imp_hex_get(&wr, imp_span_str(text + 2)) != IMP_OK)
		return IMP_E_FORMAT;
	*out = (uint16_t)(octets[0] << 8 | octets[1]);
	return IMP_OK;
}

enum imp_suite_family imp_suite_family(uint16_t suite)
{
	for (size_t i = 0; i < SUITES; i++)
		if (suites[i].id == suite)
			return suites[i].family;
	return IMP_SUITE_ANY;
}

const char *imp_suite_name(uint16_t suite)
{
	for (size_t i = 0; i < SUITES; i++)
		if (suites[i].id == suite)
			return suites[i].name;
	return NULL;
}
