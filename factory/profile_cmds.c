/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/commands.h"
#include "factory/profile_cmds.h"

static const struct imp_opt check_opts[] = { IMP_OPT_END };

static const struct imp_opt show_opts[] = {
	{ "devices", "FILE", "device list: show what its first device, or --serial, would get", 0 },
	{ "serial", "SERIAL", "the device of the list with this serial", 0 },
	IMP_OPT_END,
};

const struct imp_cmd imp_profile_cmds[] = {
	{ "profile", "check", "FILE...", "Check profiles: every finding with file and line",
		imp_profile_check_cmd, check_opts, 1, 1000,
		"imprint profile check factory/profiles/x509-persistent.yaml" },
	{ "profile", "show", "FILE", "Show what a device would get, without making keys",
		imp_profile_show_cmd, show_opts, 1, 1,
		"imprint profile show factory/profiles/psk-persistent.yaml "
		"--devices factory/profiles/devices.csv" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
