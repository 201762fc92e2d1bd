/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of `imprint card`. */
#include "applet-tools/card_use.h"
#include "applet-tools/commands.h"
#include "applet-tools/emulate.h"
#include "cmd/source.h"

static const struct imp_opt list_opts[] = { IMP_OPT_END };

static const struct imp_opt info_opts[] = { CARD_READER_OPT, CARD_TRACE_OPT, IMP_OPT_END };

static const struct imp_opt read_opts[] = {
	CARD_READER_OPT,
	CARD_PIN_OPT,
	{ "out", "FILE", "write the payload here (mode 0600), without filling", 0 },
	{ "raw", NULL, "with --out: the whole file, whatever it holds", 0 },
	{ "lenient", NULL, "accept a file without header, and say so", 0 },
	{ "reveal-secrets", NULL, "show keys; only to a terminal or into a file of mode 0600", 0 },
	CARD_FORCE_OPT,
	CARD_TRACE_OPT,
	IMP_OPT_END,
};

static const struct imp_opt write_opts[] = {
	CARD_READER_OPT,
	IMP_SOURCE_OPTS,
	CARD_ADM_OPT,
	CARD_PIN_OPT,
	{ "iccid", "DIGITS", "refuse any other card", 0 },
	{ "read-rule", "RULE", "who may read a new file: always (default) or pin", 0 },
	{ "rewrite", NULL, "with --ledger: a finished unit again, onto its own card alone", 0 },
	{ "recreate", NULL, "delete EF(LwM2M_Bootstrap) and create it anew", 0 },
	{ "ef-size", "N", "octets of a new EF(LwM2M_Bootstrap) (default: as the set needs)", 0 },
	{ "arr", "FID:R[:R]", "refer to EF(ARR) records: read always, read with PIN", 0 },
	{ "opensc-compatible", NULL, "write what OpenSC reads too (default)", 0 },
	{ "no-opensc-compatible", NULL, "write only what Appendix G asks for", 0 },
	CARD_FORCE_OPT,
	CARD_TRACE_OPT,
	IMP_OPT_END,
};

static const struct imp_opt verify_opts[] = {
	CARD_READER_OPT,
	IMP_SOURCE_OPTS,
	CARD_PIN_OPT,
	{ "lenient", NULL, "accept a file without header, and say so", 0 },
	CARD_TRACE_OPT,
	IMP_OPT_END,
};

static const struct imp_opt wipe_opts[] = {
	CARD_READER_OPT,
	CARD_ADM_OPT,
	CARD_PIN_OPT,
	CARD_FORCE_OPT,
	CARD_TRACE_OPT,
	IMP_OPT_END,
};

const struct imp_cmd imp_card_cmds[] = {
	{ "card", "list", "", "List the readers and what is in them", imp_card_list, list_opts, 0,
		0, "imprint card list" },
	{ "card", "info", "", "Show who the card is and what it has", imp_card_info, info_opts, 0,
		0, "imprint card info --reader 0" },
	{ "card", "read", "", "Read the bootstrap information", imp_card_read, read_opts, 0, 0,
		"imprint card read --reader 0 --out card.ef" },
	{ "card", "write", "", "Write a set and prove it with the device's reader", imp_card_write,
		write_opts, 0, 0,
		"imprint card write --reader 0 --set unit.ef --adm-file adm.txt" },
	{ "card", "verify", "", "Check what a device would find", imp_card_verify, verify_opts, 0,
		0, "imprint card verify --reader 0 --set unit.ef" },
	{ "card", "wipe", "", "Overwrite the bootstrap information", imp_card_wipe, wipe_opts, 0, 0,
		"imprint card wipe --reader 0 --adm-file adm.txt" },
	{ "card", "emulate", "", "Put a card of software into a virtual reader", imp_card_emulate,
		imp_card_emulate_opts, 0, 0, "imprint card emulate --state card.json" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
