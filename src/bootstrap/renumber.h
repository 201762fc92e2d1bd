/* SPDX-License-Identifier: Apache-2.0 */
/* Instance identifiers of a configuration, fitted to those of a device. */
#ifndef IMP_BOOTSTRAP_RENUMBER_H
#define IMP_BOOTSTRAP_RENUMBER_H

#include "bootstrap/links.h"

/*
 * from into to (empty, initialised): the bootstrap account, if there is one, gets the instance of
 * the device's; other instances of /0 and /21 that would fall on what belongs to the device's
 * account get the lowest identifier that is free; links follow.  IMP_E_SPACE, IMP_E_INTERNAL as
 * imp_set_put().
 */
IMP_MUST_CHECK enum imp_status imp_renumber(
	const struct imp_set *from, const struct imp_links *device, struct imp_set *to);

#endif
