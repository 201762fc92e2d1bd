/* SPDX-License-Identifier: Apache-2.0 */
/* imprint image inspect: the same view as imprint inspect, under the noun where people look for it.
 */
#include "flash-images/commands.h"

#include "cmd/commands.h"

enum imp_status imp_image_inspect(struct imp_env *env, const struct imp_args *args)
{
	return imp_inspect_cmds[0].run(env, args);
}
