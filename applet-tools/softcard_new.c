/* SPDX-License-Identifier: Apache-2.0 */
/* Making a softcard: what a new one holds, copies, the end. */
#include "applet-tools/softcard_core.h"

#include <stdlib.h>
#include <string.h>

#define REF_PIN 0x01
#define REF_ADM 0x0A
#define ARR_RECORD 40
#define ARR_RECORDS 8
#define DIR_RECORD 38
#define DIR_RECORDS 4
#define ICCID_RULE 4

static const uint8_t aid[] = { 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };

/* Records 1 to 4 of both EF.ARR; ref B.2. */
static const uint8_t arr_records[][33] = {
	{ 0x80, 0x01, 0x01, 0x90, 0x00, 0x80, 0x01, 0x02, 0xA4, 0x06, 0x83, 0x01, 0x0A, 0x95, 0x01,
		0x08, 0x80, 0x01, 0x18, 0xA4, 0x06, 0x83, 0x01, 0x0A, 0x95, 0x01, 0x08, 0xFF, 0xFF,
		0xFF, 0xFF, 0xFF, 0xFF },
	{ 0x80, 0x01, 0x01, 0xA4, 0x06, 0x83, 0x01, 0x01, 0x95, 0x01, 0x08, 0x80, 0x01, 0x02, 0xA4,
		0x06, 0x83, 0x01, 0x0A, 0x95, 0x01, 0x08, 0x80, 0x01, 0x18, 0xA4, 0x06, 0x83, 0x01,
		0x0A, 0x95, 0x01, 0x08 },
	{ 0x80, 0x01, 0x1F, 0xA4, 0x06, 0x83, 0x01, 0x0A, 0x95, 0x01, 0x08, 0xFF, 0xFF, 0xFF, 0xFF,
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
		0xFF, 0xFF, 0xFF, 0xFF },
	{ 0x80, 0x01, 0x01, 0x90, 0x00, 0x80, 0x01, 0x5A, 0x97, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
		0xFF, 0xFF, 0xFF, 0xFF },
};

struct imp_softcard *imp_sc_alloc(uint32_t memory)
{
	struct imp_softcard *card = calloc(1, sizeof *card + memory);

	if (!card)
		return NULL;
	card->memory = memory;
	card->pins[0] = (struct sc_pin){ .ref = REF_PIN, .max = IMP_SOFTCARD_PIN_TRIES };
	card->pins[1] = (struct sc_pin){ .ref = REF_ADM, .max = IMP_SOFTCARD_ADM_TRIES };
	return card;
}

void imp_sc_power(struct imp_softcard *card)
{
	card->mute = false;
	card->keep = SIZE_MAX;
	card->pending_n = 0;
	imp_wipe(card->pending, sizeof card->pending);
	for (size_t i = 0; i < SC_PINS; i++)
		card->pins[i].verified = false;
	for (size_t i = 0; i < SC_CHANNELS; i++)
		card->channels[i] = (struct sc_channel){ i == 0, SC_MF, SC_NONE, SC_NONE, 0 };
}

bool imp_sc_pack_iccid(const char *digits, uint8_t out[static 10])
{
	size_t n = strlen(digits);

	if (n < 18 || n > 20 || strspn(digits, "0123456789") != n)
		return false;
	memset(out, 0xFF, 10);
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)(digits[i] - '0');

		out[i / 2] = (uint8_t)(i % 2 ? (out[i / 2] & 0x0FU) | digit << 4 : 0xF0U | digit);
	}
	return true;
}

static void set_pin(struct sc_pin *pin, struct imp_span value, const char *standard)
{
	if (value.n == 0)
		value = imp_span_str(standard);
	memset(pin->value, 0xFF, sizeof pin->value);
	memcpy(pin->value, value.p, value.n);
	pin->tries = pin->max;
}

static void set_rule(struct sc_file *f, uint16_t arr, uint8_t record)
{
	const uint8_t rule[] = { 0x8B, 0x03, (uint8_t)(arr >> 8), (uint8_t)arr, record };

	memcpy(f->rule, rule, sizeof rule);
	f->rule_n = sizeof rule;
}

/* A file of a new card, whose memory was checked to be enough. */
static uint8_t make(struct imp_softcard *card, struct sc_file file, uint16_t arr, uint8_t record)
{
	uint8_t index = SC_NONE;

	file.lcs = 0x05;
	set_rule(&file, arr, record);
	(void)imp_sc_add(card, &file, 0xFF, &index);
	return index;
}

static void make_arr(struct imp_softcard *card, uint8_t df, uint16_t fid, uint8_t sfi)
{
	uint8_t i = make(card,
		(struct sc_file){ .kind = SC_LINEAR,
			.parent = df,
			.fid = fid,
			.sfi = sfi,
			.record = ARR_RECORD,
			.size = ARR_RECORD * ARR_RECORDS },
		fid, 1);
	uint8_t *body = imp_sc_body(card, i);

	for (size_t r = 0; r < sizeof arr_records / sizeof *arr_records; r++)
		memcpy(body + r * ARR_RECORD, arr_records[r], sizeof *arr_records);
}

static uint8_t make_ef(struct imp_softcard *card, uint8_t df, uint16_t fid, uint8_t sfi,
	uint32_t size, uint8_t record)
{
	return make(card,
		(struct sc_file){ .kind = SC_TRANSPARENT,
			.parent = df,
			.fid = fid,
			.sfi = sfi,
			.size = size },
		df == SC_MF ? 0x2F06 : 0x6F06, record);
}

static void make_mf(struct imp_softcard *card, const uint8_t iccid[static 10])
{
	card->files[SC_MF].kind = SC_DF;
	card->files[SC_MF].fid = SC_FID_MF;
	card->files[SC_MF].lcs = 0x05;
	set_rule(&card->files[SC_MF], 0x2F06, 3);
	make(card,
		(struct sc_file){ .kind = SC_LINEAR,
			.fid = 0x2F00,
			.sfi = 0x1E,
			.record = DIR_RECORD,
			.size = DIR_RECORD * DIR_RECORDS },
		0x2F06, 1);
	make_arr(card, SC_MF, 0x2F06, 0x06);
	memcpy(imp_sc_body(card, make_ef(card, SC_MF, 0x2FE2, 0x02, 10, ICCID_RULE)), iccid, 10);
}

/* 61 { 4F AID, 51 path } */
static void put_dir_record(struct imp_softcard *card)
{
	static const uint8_t path[] = { 0x51, 0x04, 0x3F, 0x00, 0x7F, 0x50 };
	struct imp_wr wr = imp_wr(imp_sc_body(card, imp_sc_child(card, SC_MF, 0x2F00)), DIR_RECORD);

	imp_wr_u8(&wr, 0x61);
	imp_wr_u8(&wr, 2 + sizeof aid + sizeof path);
	imp_wr_u8(&wr, 0x4F);
	imp_wr_u8(&wr, sizeof aid);
	imp_wr_put(&wr, imp_span(aid, sizeof aid));
	imp_wr_put(&wr, imp_span(path, sizeof path));
}

static void make_adf(struct imp_softcard *card, const struct imp_softcard_config *config)
{
	struct sc_file adf = { .kind = SC_DF, .fid = 0x7F50, .name_n = sizeof aid };
	uint8_t rule = config->read_pin ? 2 : 1;
	uint8_t df;

	memcpy(adf.name, aid, sizeof aid);
	df = make(card, adf, 0x2F06, 3);
	make_arr(card, df, 0x6F06, 0x17);
	if (!(config->flags & IMP_SOFTCARD_EFS))
		return;
	make_ef(card, df, 0x5031, 0x11, 32, 1);
	make_ef(card, df, 0x5032, 0, 32, 1);
	make_ef(card, df, 0x6430, 0x10, 128, rule);
	make_ef(card, df, 0x6432, 0x12, config->ef_size ? config->ef_size : 1024, rule);
}

static enum imp_status check(
	const struct imp_softcard_config *config, uint8_t iccid[static 10], struct imp_diag *diag)
{
	const char *digits = config->iccid ? config->iccid : IMP_SOFTCARD_ICCID;
	uint32_t memory = config->memory ? config->memory : IMP_SOFTCARD_MEMORY;

	if (!imp_sc_pack_iccid(digits, iccid))
		return imp_diag(diag, IMP_E_USAGE, "ICCID '%.32s' is not 18 to 20 digits", digits);
	if (config->protocol > 1)
		return imp_diag(diag, IMP_E_USAGE, "protocol T=%u is not 0 or 1", config->protocol);
	if (config->ef_size > 32768)
		return imp_diag(diag, IMP_E_USAGE, "EF size %u is more than 32768",
			(unsigned)config->ef_size);
	/* 2 KiB hold the files that every card has. */
	if (memory < 2048 + config->ef_size || memory > IMP_SOFTCARD_MEMORY_MAX)
		return imp_diag(diag, IMP_E_USAGE, "card memory of %u octets is not %u to %u",
			(unsigned)memory, 2048U + (unsigned)config->ef_size,
			(unsigned)IMP_SOFTCARD_MEMORY_MAX);
	if (config->pin.n && (config->pin.n < 4 || config->pin.n > 8))
		return imp_diag(diag, IMP_E_USAGE, "the PIN is not 4 to 8 octets");
	if (config->adm.n && (config->adm.n < 4 || config->adm.n > 8))
		return imp_diag(diag, IMP_E_USAGE, "the ADM key is not 4 to 8 octets");
	return IMP_OK;
}

struct imp_softcard *imp_softcard_new(
	const struct imp_softcard_config *config, struct imp_diag *diag)
{
	struct imp_softcard *card;
	uint8_t iccid[10];

	if (check(config, iccid, diag) != IMP_OK)
		return NULL;
	card = imp_sc_alloc(config->memory ? config->memory : IMP_SOFTCARD_MEMORY);
	if (!card) {
		(void)imp_diag(diag, IMP_E_INTERNAL, "no memory for a card");
		return NULL;
	}
	card->protocol = config->protocol;
	card->flags = config->flags;
	set_pin(&card->pins[0], config->pin, IMP_SOFTCARD_PIN);
	set_pin(&card->pins[1], config->adm, IMP_SOFTCARD_ADM);
	make_mf(card, iccid);
	if (config->flags & (IMP_SOFTCARD_ADF | IMP_SOFTCARD_EFS))
		make_adf(card, config);
	if (config->flags & IMP_SOFTCARD_DIR)
		put_dir_record(card);
	card->generation = 0;
	imp_sc_power(card);
	return card;
}

struct imp_softcard *imp_softcard_clone(const struct imp_softcard *card)
{
	size_t n = sizeof *card + card->memory;
	struct imp_softcard *copy = malloc(n);

	if (copy)
		memcpy(copy, card, n);
	return copy;
}

void imp_softcard_free(struct imp_softcard *card)
{
	if (!card)
		return;
	imp_wipe(card, sizeof *card + card->memory);
	free(card);
}
