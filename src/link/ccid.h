/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Card readers over libusb, for a device that runs no reader service.  Names are "VID:PID BUS-PORTS
 * PRODUCT", and " slot N" behind it for a reader of more than one.  A card is held exclusively and
 * powered off when it is given back.
 */
#ifndef IMP_LINK_CCID_H
#define IMP_LINK_CCID_H

#include "card/card.h"

/* The CCID readers of this machine; nothing to free. */
void imp_ccid_readers(struct imp_readers *readers);

#endif
