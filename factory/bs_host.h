/* SPDX-License-Identifier: Apache-2.0 */
/* A bootstrap server put together: the machine, the ledger behind it, sockets in front of it. */
#ifndef IMP_FACTORY_BS_HOST_H
#define IMP_FACTORY_BS_HOST_H

#include "factory/bs_log.h"
#include "factory/provider.h"

struct imp_bs_host;

/* env->net is the transport.  All must outlive the host. */
IMP_MUST_CHECK enum imp_status imp_bs_host_open(struct imp_env *env, struct imp_ledger *ledger,
	const struct imp_provider_options *options, struct imp_bs_host **out);
void imp_bs_host_close(struct imp_bs_host *host); /* takes NULL */

/* As listen() of the net. */
IMP_MUST_CHECK enum imp_status imp_bs_host_listen(struct imp_bs_host *host, const char *uri,
	const struct imp_credentials *own, unsigned *port, struct imp_diag *diag);

/* Server-initiated, the form of 2015: connect to a device that is ready and write to it. */
IMP_MUST_CHECK enum imp_status imp_bs_host_push(
	struct imp_bs_host *host, const char *uri, const char *endpoint, struct imp_diag *diag);

/* One round: wait at most ms.  IMP_E_IO and the like: the ledger cannot be written; nothing is
 * given out any more that it does not hold. */
IMP_MUST_CHECK enum imp_status imp_bs_host_pump(
	struct imp_bs_host *host, unsigned ms, struct imp_diag *diag);

/* Begin nothing new: further requests are answered 5.03. */
void imp_bs_host_drain(struct imp_bs_host *host);
size_t imp_bs_host_sessions(const struct imp_bs_host *host);
const struct imp_bs_counts *imp_bs_host_counts(const struct imp_bs_host *host);
/* Why the last session failed; "". */
const char *imp_bs_host_last(const struct imp_bs_host *host);
struct imp_provider *imp_bs_host_provider(struct imp_bs_host *host);

#endif
