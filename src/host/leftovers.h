/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary files of processes that died while they wrote: they may hold keys. */
#ifndef IMP_HOST_LEFTOVERS_H
#define IMP_HOST_LEFTOVERS_H

/* Remove ".NAME.PID.tmp" from the folder where no process PID lives any more. */
void imp_leftovers_remove(int dirfd);

#endif
