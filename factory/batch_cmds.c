/* SPDX-License-Identifier: Apache-2.0 */
/* The table of `imprint batch`. */
#include "factory/commands.h"

#define LEDGER                                                   \
	{                                                        \
		"ledger", "FILE", "the ledger", IMP_OPT_REQUIRED \
	}
#define BATCH                                                  \
	{                                                      \
		"batch", "NAME", "the batch", IMP_OPT_REQUIRED \
	}
#define KEY_FILE                                                                                  \
	{                                                                                         \
		"key-file", "FILE", "opens the sealed keys (station key, or private key in PEM)", \
			0                                                                         \
	}

static const struct imp_opt new_opts[] = {
	{ "ledger", "FILE", "the ledger; made when it is not there", IMP_OPT_REQUIRED },
	{ "profile", "FILE", "what every device gets", IMP_OPT_REQUIRED },
	{ "devices", "FILE", "device list (CSV with a header)", IMP_OPT_REQUIRED },
	{ "name", "NAME", "name of the new batch", IMP_OPT_REQUIRED },
	{ "skip-bad", NULL, "leave bad rows out instead of refusing the list", 0 },
	IMP_OPT_END,
};
static const struct imp_opt run_opts[] = {
	LEDGER,
	BATCH,
	{ "out", "DIR", "folder for the files and manifest.jsonl", 0 },
	{ "jobs", "N", "threads (default: all processors)", 0 },
	{ "encode", "FORM", "bin or ihex (default: as the profile says)", 0 },
	{ "force", NULL, "replace files that hold something else", 0 },
	KEY_FILE,
	IMP_OPT_END,
};
static const struct imp_opt status_opts[] = {
	LEDGER,
	{ "batch", "NAME", "only this batch", 0 },
	{ "failed", NULL, "list failed units with their reasons", 0 },
	IMP_OPT_END,
};
static const struct imp_opt retry_opts[] = {
	LEDGER,
	BATCH,
	{ "serial", "SERIAL", "only this unit", 0 },
	IMP_OPT_END,
};
static const struct imp_opt scrap_opts[] = {
	LEDGER,
	BATCH,
	{ "serial", "SERIAL", "the unit", IMP_OPT_REQUIRED },
	{ "reason", "TEXT", "why; kept in the ledger", IMP_OPT_REQUIRED },
	IMP_OPT_END,
};
static const struct imp_opt export_opts[] = {
	LEDGER,
	BATCH,
	{ "out", "FILE", "file to write (mode 0600)", IMP_OPT_REQUIRED },
	{ "format", "FORM", "jsonl (default) or csv", 0 },
	{ "reveal-secrets", NULL, "write pre-shared keys and OSCORE secrets in clear", 0 },
	{ "force", NULL, "replace an existing file", 0 },
	KEY_FILE,
	IMP_OPT_END,
};

const struct imp_cmd imp_batch_cmds[] = {
	{ "batch", "new", "", "Plan a batch from a profile and a device list", imp_batch_new,
		new_opts, 0, 0,
		"imprint batch new --ledger line.db --profile meter.yaml --devices week12.csv "
		"--name week12" },
	{ "batch", "run", "", "Make keys, write and verify; continue an interrupted run",
		imp_batch_run, run_opts, 0, 0,
		"imprint batch run --ledger line.db --batch week12 --out images" },
	{ "batch", "status", "", "Count units by state", imp_batch_status, status_opts, 0, 0,
		"imprint batch status --ledger line.db --json" },
	{ "batch", "retry", "", "Try failed units again, with the keys they have", imp_batch_retry,
		retry_opts, 0, 0, "imprint batch retry --ledger line.db --batch week12" },
	{ "batch", "scrap", "", "Give a unit up for good", imp_batch_scrap, scrap_opts, 0, 0,
		"imprint batch scrap --ledger line.db --batch week12 --serial 0042 --reason "
		"'dropped'" },
	{ "batch", "export", "", "Write the server side: who may connect, and what proves it",
		imp_batch_export, export_opts, 0, 0,
		"imprint batch export --ledger line.db --batch week12 --out server.jsonl" },
	{ 0 },
};
