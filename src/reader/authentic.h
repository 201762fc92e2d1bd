/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint reader: factory slots that carry an authentication tag (flash-images/FORMAT.md, Tag).
 *
 * A CRC finds accidents; whoever can write the flash writes a right CRC too.  A device that has a
 * key, and AES-CMAC in hardware or in a library, loads through here instead: only a slot whose tag
 * was made with that key is handed over, and none that is older than the device allows.
 */
#ifndef IMR_AUTHENTIC_H
#define IMR_AUTHENTIC_H

#include "reader/imr.h"

#define IMR_TAG 16

struct imr_authority {
	void *ctx; /* knows the key or where it is; the reader never sees it */
	/*
	 * AES-CMAC (RFC 4493) over the 32 octets of head and then the n of payload, into tag.  0,
	 * or non-zero when it could not be computed.  Called once for each slot that is tried.
	 */
	int (*cmac)(void *ctx, const uint8_t head[32], const uint8_t *payload, size_t n,
		uint8_t tag[IMR_TAG]);
	/* The lowest generation to take, as a counter that nobody sets back has it; the comparison
	 * is that of two slots, so it may wrap.  NULL: any. */
	const uint32_t *minimum;
};

/*
 * imr_load_flash(), but every slot must prove itself.  One whose tag is absent or not that of its
 * header and payload is passed over with IMR_E_FORGED, a genuine one below the minimum with
 * IMR_E_ROLLBACK; if no slot is loaded, the first of these is the result.  A slot whose CRC is
 * wrong as well is IMR_E_DAMAGED.  The tag is computed over the very octets in the buffer that are
 * handed over, and compared in constant time; each resource goes to the visitor only after another
 * look at the verdict, a pattern of many bits that stands for all 16 octets equal.
 */
enum imr_status imr_load_flash_authentic(const struct imr_config *config,
	const struct imr_authority *authority, struct imr_report *report);

/* imr_load(): the card first, which needs no tag, then flash as above. */
enum imr_status imr_load_authentic(const struct imr_config *config,
	const struct imr_authority *authority, struct imr_report *report);

#endif
