/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated device tells: a line of JSON for programs, a line of text for people. */
#ifndef IMP_CMD_DEVICE_LOG_H
#define IMP_CMD_DEVICE_LOG_H

#include "cmd/device.h"
#include "cmd/env.h"

/* With --json one document on env->out, and a note on env->err in any case; warns when the last
 * door closes (F12).  No secrets are in an event. */
void imp_device_log(struct imp_env *env, const struct imp_device_event *event);

/* "registered", "bootstrapped", ...; never NULL. */
const char *imp_device_event_name(enum imp_device_event_kind kind);

#endif
