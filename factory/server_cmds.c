/* SPDX-License-Identifier: Apache-2.0 */
/* The table of `imprint server`. */
#include "factory/commands.h"

/* What is written, and who is believed: the same for run and push. */
#define GIVING                                                                                     \
	{ "write", "PROFILE", "accounts that each device gets, made once and recorded", 0 },       \
		{ "key-file", "FILE", "opens the sealed keys of batches (may be repeated)",        \
			IMP_OPT_REPEATED },                                                        \
		{ "clear", "WHAT", "delete before writing: accounts (default), all or nothing",    \
			0 },                                                                       \
		{ "format", "FORM",                                                                \
			"tlv (default), senml-cbor or senml-json, unless the device asks for one", \
			0 },                                                                       \
	{                                                                                          \
		"no-discover", NULL, "do not ask where the bootstrap account is", 0                \
	}

static const struct imp_opt run_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	{ "listen", "URI", "coaps://[::]:5684 or coap://...; port 0: any (may be repeated)",
		IMP_OPT_REQUIRED | IMP_OPT_REPEATED },
	GIVING,
	{ "cert", "FILE", "the server's certificate, for devices with certificates", 0 },
	{ "cert-key", "FILE", "its private key", 0 },
	{ "rpk-key", "FILE", "the server's private key, for devices with raw public keys", 0 },
	{ "allow-nosec", NULL, "serve devices that prove nothing", 0 },
	{ "no-pack", NULL, "refuse Bootstrap-Pack-Requests", 0 },
	{ "once", "N", "stop after N finished bootstraps", 0 },
	IMP_OPT_END,
};

static const struct imp_opt push_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	{ "endpoint", "NAME", "the device", IMP_OPT_REQUIRED },
	{ "to", "URI", "where it listens: coap://HOST:PORT or coaps://HOST:PORT",
		IMP_OPT_REQUIRED },
	GIVING,
	IMP_OPT_END,
};

static const struct imp_opt export_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	{ "batch", "NAME", "the batch", IMP_OPT_REQUIRED },
	{ "to", "SERVER", "leshan: bodies for its REST API; json, csv: lists of accounts",
		IMP_OPT_REQUIRED },
	{ "out", "FILE", "file to write (mode 0600)", IMP_OPT_REQUIRED },
	{ "write", "PROFILE", "accounts that each device gets, made once and recorded (leshan)",
		0 },
	{ "key-file", "FILE", "opens the sealed keys of the batch (may be repeated)",
		IMP_OPT_REPEATED },
	{ "clear", "WHAT", "deleted before writing: accounts (default), all or nothing (leshan)",
		0 },
	{ "no-discover", NULL, "the server is not to ask where the bootstrap account is (leshan)",
		0 },
	{ "reveal-secrets", NULL, "write keys in clear", 0 },
	{ "force", NULL, "replace an existing file", 0 },
	IMP_OPT_END,
};

static const struct imp_opt import_opts[] = {
	{ "ledger", "FILE", "the ledger", IMP_OPT_REQUIRED },
	{ "key-file", "FILE", "opens the sealed keys of batches (may be repeated)",
		IMP_OPT_REPEATED },
	{ "skip-unknown", NULL, "pass over endpoints that the ledger does not have", 0 },
	IMP_OPT_END,
};

const struct imp_cmd imp_server_cmds[] = {
	{ "server", "run", "", "Bootstrap devices out of a ledger", imp_server_run, run_opts, 0, 0,
		"imprint server run --ledger line.db --listen coaps://[::]:5684 --write "
		"servers.yaml" },
	{ "server", "push", "", "Write to a device that is ready, without being asked",
		imp_server_push, push_opts, 0, 0,
		"imprint server push --ledger line.db --endpoint urn:dev:ops:0001B2-METER-17 --to "
		"coaps://192.0.2.17:5683" },
	{ "server", "export", "", "Hand a batch over to another bootstrap server",
		imp_server_export, export_opts, 0, 0,
		"imprint server export --ledger line.db --batch week12 --to leshan "
		"--reveal-secrets --out leshan.jsonl" },
	{ "server", "import", "FILE", "Take over what another bootstrap server gives",
		imp_server_import, import_opts, 1, 1,
		"imprint server import --ledger line.db leshan.jsonl" },
	{ 0 },
};
