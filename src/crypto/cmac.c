/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct imp_cmac {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
};

static char *cipher_for(size_t key)
{
	static char aes128[] = "AES-128-CBC", aes192[] = "AES-192-CBC", aes256[] = "AES-256-CBC";

	switch (key) {
	case 16:
		return aes128;
	case 24:
		return aes192;
	case 32:
		return aes256;
	default:
		return NULL;
	}
}

enum imp_status imp_cmac_open(const struct imp_secret *key, struct imp_cmac **out)
{
	char *cipher = cipher_for(key->n);
	OSSL_PARAM params[2];
	struct imp_cmac *c;

	if (!cipher)
		return IMP_E_FORMAT;
	c = calloc(1, sizeof *c);
	if (!c)
		return IMP_E_INTERNAL;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0);
	params[1] = OSSL_PARAM_construct_end();
	c->mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_CMAC, NULL);
	c->ctx = c->mac ? EVP_MAC_CTX_new(c->mac) : NULL;
	if (!c->ctx || EVP_MAC_init(c->ctx, key->b, key->n, params) != 1) {
		imp_cmac_close(c);
		return IMP_E_INTERNAL;
	}
	*out = c;
	return IMP_OK;
}

void imp_cmac_close(struct imp_cmac *cmac)
{
	if (!cmac)
		return;
	EVP_MAC_CTX_free(cmac->ctx); /* clears the key */
	EVP_MAC_free(cmac->mac);
	free(cmac);
}

enum imp_status imp_cmac(
	struct imp_cmac *cmac, struct imp_span a, struct imp_span b, uint8_t out[static IMP_CMAC])
{
	uint8_t tag[IMP_CMAC];
	size_t n = 0;

	/* Without a key the one that is set stays. */
	if (EVP_MAC_init(cmac->ctx, NULL, 0, NULL) != 1 ||
		(a.n && EVP_MAC_update(cmac->ctx, a.p, a.n) != 1) ||
		(b.n && EVP_MAC_update(cmac->ctx, b.p, b.n) != 1) ||
		EVP_MAC_final(cmac->ctx, tag, &n, sizeof tag) != 1 || n != sizeof tag)
		return IMP_E_INTERNAL;
	memcpy(out, tag, sizeof tag);
	return IMP_OK;
}
