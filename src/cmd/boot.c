/* SPDX-License-Identifier: Apache-2.0 */
/* imprint boot: load Bootstrap Information as a device does, card first, then flash, by the
 * reader that ships in it. */
#include "card/imr_adapter.h"
#include "card/pick.h"
#include "cmd/boot_image.h"
#include "cmd/commands.h"
#include "cmd/document.h"
#include "cmd/env.h"
#include "cmd/json_line.h"
#include "cmd/tag_key.h"
#include "flash/image.h"
#include "model/set_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIN_MAX 8

struct boot {
	struct imp_card card;
	struct imp_imr_card adapter;
	struct imp_secret pin;
	bool have_card;
	char card_text[sizeof(((struct imp_diag *)0)->text)]; /* why there is none */
	struct imp_boot_image image;
	bool have_image;
	struct imp_cmac *cmac; /* NULL: a device that asks for no tag */
	uint32_t minimum;
	bool have_minimum;

	struct imr_report report;
	enum imr_status status;
	uint8_t buffer[IMP_PAYLOAD_MAX + IMR_CARD_ROOM], payload[IMP_PAYLOAD_MAX];
	bool taken;

	struct imp_set set;
	struct imp_findings findings;
	size_t bytes, padding;
	bool reveal;
};

static void boot_free(struct boot **boot)
{
	struct boot *b = *boot;

	if (!b)
		return;
	if (b->have_image)
		imp_boot_image_free(&b->image);
	imp_card_close(&b->card);
	imp_cmac_close(b->cmac);
	imp_set_free(&b->set);
	imp_wipe(b, sizeof(*b));
	free(b);
}

/* ---- sources
 * ------------------------------------------------------------------------------------- */

static enum imp_status take_pin(struct imp_env *env, const struct imp_args *args, struct boot *b)
{
	const char *path = imp_arg(args, "pin-file");
	enum imp_status st;
	bool loose = false;

	if (!path)
		return IMP_OK;
	st = imp_file_secret(path, &b->pin, &loose, &env->diag);
	if (st != IMP_OK)
		return st;
	if (loose)
		imp_warn(env, "%s: others may read it; chmod 600 keeps it to you", path);
	if (b->pin.n == 0 || b->pin.n > PIN_MAX)
		return imp_diag(&env->diag, IMP_E_FORMAT, "%s: %zu octets, a card takes 1 to %d",
			path, b->pin.n, PIN_MAX);
	return IMP_OK;
}

/* A reader without a card is a device without one: what there is in flash decides. */
static enum imp_status take_card(struct imp_env *env, const struct imp_args *args, struct boot *b)
{
	const char *reader = imp_arg(args, "reader"), *ccid = imp_arg(args, "ccid");
	char name[128];
	enum imp_status st;

	if (!reader && !ccid)
		return IMP_OK;
	if (ccid)
		st = imp_reader_open(env->ccid, ccid[0] ? ccid : NULL, name, &b->card, &env->diag);
	else
		st = imp_reader_open(env->readers, reader, name, &b->card, &env->diag);
	if (st == IMP_E_ABSENT && b->have_image) {
		memcpy(b->card_text, env->diag.text, sizeof(b->card_text));
		memset(&env->diag, 0, sizeof(env->diag));
		return IMP_OK;
	}
	if (st != IMP_OK)
		return st;
	imp_imr_adapt(&b->adapter, &b->card, b->pin.n ? &b->pin : NULL);
	b->have_card = true;
	return IMP_OK;
}

static enum imp_status take_image(struct imp_env *env, const struct imp_args *args, struct boot *b)
{
	if (!imp_arg(args, "flash"))
		return IMP_OK;
	b->have_image = true;
	return imp_boot_image_load(env, args, &b->image);
}

/* What the device asks of a slot. */
static enum imp_status take_authority(
	struct imp_env *env, const struct imp_args *args, struct boot *b)
{
	uint64_t minimum = 0;
	enum imp_status st = imp_arg_number(env, args, "min-generation", 0, UINT32_MAX, &minimum);

	if (st != IMP_OK)
		return st;
	b->minimum = (uint32_t)minimum;
	b->have_minimum = imp_arg(args, "min-generation") != NULL;
	if (imp_arg(args, "tag-key") && !b->have_image) {
		imp_diag(&env->diag, IMP_E_USAGE, "--tag-key is for slots in flash");
		imp_diag_hint(&env->diag, "give --flash FILE");
		return IMP_E_USAGE;
	}
	if (b->have_minimum && !imp_arg(args, "tag-key")) {
		imp_diag(&env->diag, IMP_E_USAGE,
			"--min-generation says nothing without a tag: anybody may write a higher "
			"one");
		imp_diag_hint(&env->diag, "give --tag-key FILE");
		return IMP_E_USAGE;
	}
	return imp_tag_key_arg(env, args, &b->cmac);
}

/* ---- the boot
 * ------------------------------------------------------------------------------------ */

/* Everything is checked when the first resource comes, and the reader wipes its buffer afterwards.
 */
static int keep(void *ctx, const struct imr_resource *resource)
{
	struct boot *b = (struct boot *)ctx;

	(void)resource;
	if (!b->taken)
		memcpy(b->payload, b->buffer, sizeof(b->payload));
	b->taken = true;
	return 0;
}

/* A service or reader that failed is not a card that was torn out. */
static void blame(struct boot *b)
{
	struct imp_diag diag = { .status = IMP_OK };

	if (b->have_card && b->report.card == IMR_E_IO &&
		imp_card_blame(&b->card, b->adapter.link, &diag))
		memcpy(b->card_text, diag.text, sizeof(b->card_text));
}

static void load(struct boot *b, bool lenient)
{
	struct imr_config config = { .card = b->have_card ? &b->adapter.imr : NULL,
		.flash = b->have_image ? &b->image.flash : NULL,
		.buffer = b->buffer,
		.size = sizeof(b->buffer),
		.visit = keep,
		.ctx = b,
		.options = IMR_OPT_BASIC_CHANNEL };

	struct imr_authority authority = imp_image_authority(b->cmac);

	if (lenient)
		config.headerless = imr_headerless;
	if (b->have_minimum)
		authority.minimum = &b->minimum;
	b->status = b->cmac ? imr_load_authentic(&config, &authority, &b->report)
			    : imr_load(&config, &b->report);
	blame(b);
}

/* The same payload for people and programs; the host's decoder must agree with the device's. */
static enum imp_status decode(struct imp_env *env, struct boot *b, bool lenient)
{
	const struct imp_check_options options = { .keys = env->keycheck };
	struct imp_ef_extent extent;
	enum imp_status st;

	if (b->status != IMR_OK)
		return IMP_OK;
	st = imp_set_from_ef(
		&b->set, imp_span(b->payload, b->report.length), lenient, !lenient, &extent);
	if (st != IMP_OK)
		return imp_diag(&env->diag, st,
			"the device's reader takes a payload that the host's refuses: %s",
			imp_status_text(st));
	if (b->report.source != IMR_FROM_CARD)
		b->set.keys = b->report.keys == IMP_SLOT_KEYS_NON_PERSISTENT
				      ? IMP_KEYS_NON_PERSISTENT
				      : IMP_KEYS_PERSISTENT;
	b->bytes = extent.bytes;
	b->padding = extent.padding;
	imp_document_quirks(&b->findings, extent.quirks);
	imp_check(&b->set, &options, &b->findings);
	return IMP_OK;
}

/* ---- what is printed
 * ----------------------------------------------------------------------------- */

static const char *const sources[] = {
	[IMR_FROM_NOTHING] = "nothing",
	[IMR_FROM_CARD] = "card",
	[IMR_FROM_SLOT_A] = "slot-a",
	[IMR_FROM_SLOT_B] = "slot-b",
};

static const struct {
	uint32_t quirk;
	const char *text;
} quirks[] = {
	{ IMR_QUIRK_OID_TWICE, "OID wrapped twice" },
	{ IMR_QUIRK_NO_HEADER, "no header" },
	{ IMR_QUIRK_DIR_NO_PATH, "EF(DIR) without path" },
	{ IMR_QUIRK_DIR_BINARY, "transparent EF(DIR)" },
	{ IMR_QUIRK_FCP_FID, "FCP names another file" },
	{ IMR_QUIRK_BASIC_CHANNEL, "read on the basic channel" },
};

/* Two slots, or one; none without an image. */
static int slots(const struct boot *b)
{
	if (!b->have_image)
		return 0;
	return b->image.flash.slot[0] == b->image.flash.slot[1] ? 1 : 2;
}

static const char *card_status(const struct boot *b)
{
	if (b->card_text[0])
		return b->card_text;
	if (b->have_card && b->report.card == IMR_E_IO && b->adapter.link == IMP_E_ABSENT)
		return "torn out while it was read";
	return b->have_card ? imr_status_text(b->report.card) : "not asked for";
}

/* A card that gave the payload leaves the flash alone. */
static const char *slot_status(const struct boot *b, int i)
{
	return b->report.source == IMR_FROM_CARD ? "not looked at"
						 : imr_status_text(b->report.slot[i]);
}

static void json_card(struct imp_json *j, const struct boot *b)
{
	char sw[5] = "";

	if (b->report.card_sw)
		snprintf(sw, sizeof(sw), "%04X", b->report.card_sw);
	imp_json_object(j, "card");
	imp_json_str(j, "status", card_status(b));
	imp_json_str(j, "sw", sw[0] ? sw : NULL);
	imp_json_array(j, "quirks");
	for (size_t i = 0; i < sizeof(quirks) / sizeof(*quirks); i++)
		if (b->report.quirks & quirks[i].quirk)
			imp_json_str(j, NULL, quirks[i].text);
	imp_json_array_end(j);
	imp_json_uint(j, "apdus", b->report.apdus);
	imp_json_object_end(j);
}

static void json_slots(struct imp_json *j, const struct boot *b)
{
	imp_json_array(j, "slots");
	for (int i = 0; i < slots(b); i++) {
		imp_json_object(j, NULL);
		imp_json_uint(j, "at", b->image.flash.slot[i]);
		imp_json_str(j, "status", slot_status(b, i));
		imp_json_object_end(j);
	}
	imp_json_array_end(j);
}

static struct imp_document document(const struct boot *b)
{
	const struct imp_document d = { b->status == IMR_OK ? "ef-lwm2m-bootstrap" : "unknown",
		b->bytes, b->padding, &b->set, &b->findings, b->reveal };

	return d;
}

static void fill(struct imp_json *j, const void *ctx)
{
	const struct boot *b = (const struct boot *)ctx;
	const struct imp_document d = document(b);

	imp_json_object(j, NULL);
	imp_json_str(j, "source", sources[b->report.source]);
	if (b->report.source > IMR_FROM_CARD)
		imp_json_uint(j, "generation", b->report.generation);
	else
		imp_json_null(j, "generation");
	json_card(j, b);
	json_slots(j, b);
	imp_document_members(j, &d);
	imp_json_object_end(j);
}

static enum imp_status print(struct imp_env *env, const struct boot *b)
{
	const struct imp_document d = document(b);

	if (env->json)
		return imp_json_line(env, fill, b);
	imp_out(env, "source      %s\n", sources[b->report.source]);
	imp_out(env, "card        %s", card_status(b));
	if (b->report.card_sw)
		imp_out(env, ", SW %04X", b->report.card_sw);
	if (b->have_card)
		imp_out(env, ", %u APDUs", b->report.apdus);
	imp_out(env, "\n");
	for (int i = 0; i < slots(b); i++)
		imp_out(env, "slot %c      at 0x%08x: %s\n", 'A' + i, b->image.flash.slot[i],
			slot_status(b, i));
	if (b->report.source > IMR_FROM_CARD)
		imp_out(env, "generation  %u\n", b->report.generation);
	if (b->status == IMR_OK)
		imp_document_table(env, &d);
	return IMP_OK;
}

/* ---- the command
 * --------------------------------------------------------------------------------- */

static enum imp_status verdict(struct imp_env *env, const struct boot *b)
{
	static const struct {
		enum imr_status from;
		enum imp_status to;
		const char *hint;
	} rows[] = {
		{ IMR_E_NONE, IMP_E_ABSENT, "write the card, or program an image into the flash" },
		{ IMR_E_DAMAGED, IMP_E_FORMAT, "write the credentials again" },
		{ IMR_E_NEWER, IMP_E_UNSUPPORTED, "a newer imprint reads it" },
		{ IMR_E_IO, IMP_E_IO, "check the reader and the card's contacts, then try again" },
		{ IMR_E_SPACE, IMP_E_SPACE, "" },
		{ IMR_E_REFUSED, IMP_E_REFUSED, "" },
		{ IMR_E_LIMIT, IMP_E_IO, "another card" },
		{ IMR_E_FORGED, IMP_E_MISMATCH,
			"the image was made with another tag key or none, or changed afterwards" },
		{ IMR_E_ROLLBACK, IMP_E_MISMATCH, "program the newer image again" },
	};
	enum imp_status st = IMP_E_INTERNAL;
	const char *hint = "";
	char sw[16] = "";

	if (b->status == IMR_OK)
		return IMP_OK;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].from == b->status) {
			st = rows[i].to;
			hint = rows[i].hint;
		}
	if (b->status == IMR_E_IO && b->have_card && b->adapter.link != IMP_OK)
		st = b->adapter.link;
	if (b->status == IMR_E_REFUSED)
		(void)snprintf(sw, sizeof sw, " (SW %04X)", b->report.card_sw);
	imp_diag(&env->diag, st, "the device loads nothing: card %s%s%s%s", card_status(b), sw,
		slots(b) ? ", slot A " : "", slots(b) ? slot_status(b, 0) : "");
	imp_diag_hint(&env->diag, "%s", hint);
	if (b->status == IMR_E_REFUSED) {
		st = imp_imr_refused(&b->adapter, b->report.card_sw, &env->diag);
		env->diag.sw = b->report.card_sw;
		env->diag.status = st;
	}
	return st;
}

static enum imp_status run(struct imp_env *env, const struct imp_args *args, struct boot *b)
{
	bool lenient = imp_flag(args, "lenient");
	enum imp_status st = take_pin(env, args, b);

	if (st == IMP_OK)
		st = take_image(env, args, b);
	if (st == IMP_OK)
		st = take_authority(env, args, b);
	if (st == IMP_OK)
		st = take_card(env, args, b);
	if (st != IMP_OK)
		return st;
	load(b, lenient);
	st = decode(env, b, lenient);
	if (st == IMP_OK)
		st = print(env, b);
	return st == IMP_OK ? verdict(env, b) : st;
}

static enum imp_status boot(struct imp_env *env, const struct imp_args *args)
{
	__attribute__((cleanup(boot_free))) struct boot *b = NULL;

	if (!imp_arg(args, "reader") && !imp_arg(args, "ccid") && !imp_arg(args, "flash")) {
		imp_diag(&env->diag, IMP_E_USAGE, "nothing to boot from");
		imp_diag_hint(&env->diag, "give --reader or --ccid, --flash, or both");
		return IMP_E_USAGE;
	}
	if (imp_arg(args, "reader") && imp_arg(args, "ccid")) {
		imp_diag(&env->diag, IMP_E_USAGE, "--reader and --ccid both name the card");
		imp_diag_hint(&env->diag, "give one: --reader through pcscd, --ccid without it");
		return IMP_E_USAGE;
	}
	b = (struct boot *)calloc(1, sizeof(*b));
	if (!b)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	imp_set_init(&b->set);
	if (imp_flag(args, "reveal-secrets")) {
		enum imp_status st = imp_reveal_check(env);

		if (st != IMP_OK)
			return st;
		b->reveal = true;
	}
	return run(env, args, b);
}

static const struct imp_opt opts[] = {
	{ "reader", "NAME-OR-INDEX", "the device's card: its reader by index, name or part of it",
		0 },
	{ "ccid", "[VID:PID]", "the same without pcscd: a USB reader, by its ids, or the only one",
		IMP_OPT_OPTIONAL },
	{ "flash", "FILE", "the device's flash: an image, bin or Intel HEX", 0 },
	{ "layout", "NAME", "where its slots are (default: where they are found)", 0 },
	IMP_TAG_KEY_OPT,
	{ "min-generation", "N", "with --tag-key: the lowest generation that the device takes", 0 },
	{ "pin-file", "FILE", "the device's PIN for the card: characters, or hex: and hex digits",
		0 },
	{ "lenient", NULL, "take a card file without header too", 0 },
	{ "reveal-secrets", NULL, "show keys; only to a terminal or into a file of mode 0600", 0 },
	IMP_OPT_END,
};

const struct imp_cmd imp_boot_cmds[] = {
	{ "boot", NULL, "", "Load Bootstrap Information as a device does", boot, opts, 0, 0,
		"imprint boot --reader 0 --flash 0001.bin --json" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
