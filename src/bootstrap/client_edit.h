/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap server may do to a configuration: Write, Delete, pack (O4, O5, O7). */
#ifndef IMR_BOOTSTRAP_CLIENT_EDIT_H
#define IMR_BOOTSTRAP_CLIENT_EDIT_H

#include "bootstrap/client.h"

/*
 * What PUT to the path may hold: Object Instance TLVs for /O; resources for /O/I and the one
 * resource for /O/I/R, both also inside one Object Instance TLV that names the instance (both forms
 * are met), which *tlv is then without.  IMR_E_DAMAGED: malformed, of another path, or empty.
 */
enum imr_status imr_edit_check(const struct imr_client_path *path, struct imp_span *tlv);

/*
 * Write: tlv as above.  limit: octets that the configuration may come
 * to.  IMR_OK, IMR_E_DAMAGED, IMR_E_SPACE.  Unchanged then.
 */
enum imr_status imr_edit_write(
	struct imr_set *set, size_t limit, const struct imr_client_path *path, struct imp_span tlv);

/*
 * Delete of /O/I, /O or all, but the bootstrap account with what belongs to it.  Bits of *gone
 * are set for the accounts of ssid[n] that go with it.  IMR_OK; IMR_E_SPACE: half of it may be
 * done.
 */
enum imr_status imr_edit_delete(struct imr_set *set, const struct imr_client_path *path,
	const uint16_t *ssid, unsigned n, uint8_t *gone);

/*
 * Pack: an EF(LwM2M_Bootstrap); all instances of each object in it are replaced, but those of the
 * bootstrap account.  /3 is left out.  Results as imr_edit_write(), but half of it may be done.
 */
enum imr_status imr_edit_pack(struct imr_set *set, size_t limit, struct imp_span ef);

#endif
