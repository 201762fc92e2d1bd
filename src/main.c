/* SPDX-License-Identifier: Apache-2.0 */
/* Composition root: builds the real seams, hands them down, joins the tables.  The only file that
 * knows every command. */
#include "applet-tools/commands.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/env.h"
#include "cmd/patience.h"
#include "crypto/keycheck.h"
#include "crypto/rng.h"
#include "factory/commands.h"
#include "flash-images/commands.h"
#include "host/system.h"
#include "link/ccid.h"
#include "link/coap.h"
#include "link/pcsc.h"
#include "link/vpcd.h"

static const struct imp_noun nouns[] = {
	{ "profile", "what every device of a product gets", imp_profile_cmds },
	{ "batch", "plan, make, write and verify units in numbers", imp_batch_cmds },
	{ "ledger", "the record of all of it", imp_ledger_cmds },
	{ "set", "credential sets: show, check, convert", imp_set_cmds },
	{ "image", "flash images", imp_image_cmds },
	{ "card", "smartcards over PC/SC, and one in software", imp_card_cmds },
	{ "boot", "load credentials as a device does, card first, then flash", imp_boot_cmds },
	{ "server", "a bootstrap server out of a ledger", imp_server_cmds },
	{ "device", "a simulated device: boots, bootstraps, registers", imp_device_cmds },
	{ "inspect", "say what any file is and what it holds", imp_inspect_cmds },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	struct imp_readers pcsc, usb, readers, ccid;
	struct imp_env env = {
		.out = stdout,
		.err = stderr,
		.rng = imp_rng_openssl(),
		.clock = &imp_clock_system,
		.readers = &readers,
		.ccid = &ccid,
		.keycheck = &imp_keycheck_openssl,
		.net = &imp_coap_net,
		.serve_card = imp_vpcd_serve,
	};

	struct imp_patience patience[] = { { &env, &pcsc, IMP_PATIENCE_MS },
		{ &env, &usb, IMP_PATIENCE_MS } };

	imp_system_harden();
	imp_pcsc_readers(&pcsc);
	imp_ccid_readers(&usb);
	imp_patience_readers(&patience[0], &readers);
	imp_patience_readers(&patience[1], &ccid);
	return imp_cmd_main(&env, nouns, argc, argv);
}
