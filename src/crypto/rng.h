/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness: the product's source (OpenSSL's DRBG for private values), a repeatable one for tests,
 * and a drawer that makes many small draws cheap.
 */
#ifndef IMP_CRYPTO_RNG_H
#define IMP_CRYPTO_RNG_H

#include "base/seam.h"
#include "base/span.h"

/* RAND_priv_bytes().  Never NULL, never closed. */
const struct imp_rng *imp_rng_openssl(void);

bool imp_rng_is_openssl(const struct imp_rng *rng);

/*
 * Repeatable octets: AES-256-CTR under the SHA-256 of seed.  Whatever is made of it is worthless as
 * a secret and says so: every draw of at least 16 octets begins with "TEST", so that keys, serial
 * numbers and salts carry the mark wherever they go, at no change of length.
 */
struct imp_rng_test;

IMP_MUST_CHECK enum imp_status imp_rng_test_open(struct imp_span seed, struct imp_rng_test **out);
void imp_rng_test_close(struct imp_rng_test *test); /* wipes; takes NULL */
const struct imp_rng *imp_rng_test_rng(struct imp_rng_test *test);

bool imp_rng_is_test(const struct imp_rng *rng);

/*
 * Drawer: takes a few KiB at once from the product's source and hands them out, each octet once and
 * wiped behind it.  Other sources are asked draw by draw, so that marks and faults stay where they
 * belong.  One thread; a child process finds it empty.
 */
#define IMP_DRAWER 4096

struct imp_drawer {
	const struct imp_rng *rng;
	long pid;
	size_t left; /* unused octets, at the end of buf */
	uint8_t buf[IMP_DRAWER];
};

void imp_drawer_init(struct imp_drawer *drawer, const struct imp_rng *rng);
void imp_drawer_wipe(struct imp_drawer *drawer);

/* Fill out with n octets; out is wiped on failure. */
IMP_MUST_CHECK enum imp_status imp_drawer_take(struct imp_drawer *drawer, uint8_t *out, size_t n);

#endif
