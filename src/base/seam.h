/* SPDX-License-Identifier: Apache-2.0 */
/* Time and randomness enter through these two. */
#ifndef IMP_BASE_SEAM_H
#define IMP_BASE_SEAM_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct imp_rng {
	void *ctx;
	/* Fill out with n random octets, or fail and leave it wiped.  Any thread. */
	enum imp_status (*fill)(void *ctx, uint8_t *out, size_t n);
};

struct imp_clock {
	void *ctx;
	/* Milliseconds since some fixed moment, never going back.  Any thread. */
	uint64_t (*mono_ms)(void *ctx);
	/* Seconds since 1970-01-01T00:00:00Z.  Any thread. */
	int64_t (*wall_s)(void *ctx);
};

#endif
