/* SPDX-License-Identifier: Apache-2.0 */
/* `imprint card emulate`: a softcard, its state in a file, in a virtual reader. */
#ifndef IMP_APPLET_TOOLS_EMULATE_H
#define IMP_APPLET_TOOLS_EMULATE_H

#include "cmd/cmd.h"

extern const struct imp_opt imp_card_emulate_opts[];

/*
 * Loads the card from --state, or makes a new one there, and serves it through env->serve_card
 * until that ends.  The file is written again after every command that changed the card, before its
 * answer leaves.
 */
enum imp_status imp_card_emulate(struct imp_env *env, const struct imp_args *args);

#endif
