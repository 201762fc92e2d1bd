/* SPDX-License-Identifier: Apache-2.0 */
/* imprint card info: who the card is and what it has; sends no PIN, changes nothing. */
#include "applet-tools/card_use.h"
#include "base/hex.h"
#include "base/plural.h"
#include "card/identity.h"
#include "card/walk.h"
#include "cmd/json_line.h"
#include "codec/ef.h"
#include "codec/sw.h"

#include <stdio.h>
#include <stdlib.h>

struct info {
	const struct card_use *use;
	uint8_t atr[IMP_ATR_MAX];
	size_t atr_n;
	struct imp_card_identity card;
	struct imp_pin_state pin, adm;
	struct imp_card_map map;
	const char *state; /* of the bootstrap information, one word */
	size_t payload;	   /* octets by its header */
	char fid[5];
};

/* ---- looking ---- */

/* What the first octets say. */
static void judge(struct info *info, struct imp_span head)
{
	size_t extent = imp_ef_extent(head);

	info->state = "damaged";
	if (extent == IMP_EF_HEADER || imp_span_all(head, 0xFF)) {
		info->state = "empty";
	} else if (extent && extent <= info->map.ef_size) {
		info->state = "present";
		info->payload = extent;
	}
}

/* Why the card does not give them. */
static const char *refusal(const struct info *info, unsigned sw)
{
	if (imp_sw_class((uint16_t)sw) == IMP_SW_SECURITY)
		return "protected";
	return info->map.deactivated ? "deactivated" : "unreadable";
}

static enum imp_status look_at_ef(
	struct imp_session *session, struct info *info, struct imp_diag *diag)
{
	uint8_t head[IMP_EF_HEADER];
	struct imp_wr out = imp_wr(head, sizeof head);
	enum imp_status st;

	if (info->map.ef)
		(void)snprintf(
			info->fid, sizeof info->fid, "%04X", imp_uicc_path_fid(&info->map.ef_path));
	info->state = "absent";
	if (imp_card_missing(&info->map))
		return IMP_OK;
	info->state = "empty";
	if (info->map.ef_size < sizeof head)
		return IMP_OK;
	st = imp_card_read_ef(session, NULL, &info->map, 0, sizeof head, &out, diag);
	if (st == IMP_E_REFUSED) {
		info->state = refusal(info, diag->sw);
		return IMP_OK;
	}
	if (st == IMP_OK)
		judge(info, imp_wr_span(&out));
	return st;
}

static enum imp_status look(struct imp_session *session, struct info *info, struct imp_diag *diag)
{
	enum imp_status st = imp_session_reset(session, diag);

	if (st == IMP_OK)
		st = imp_card_identify(session, &info->card, diag);
	if (st == IMP_OK)
		st = imp_pin_query(session, IMP_REF_ADM1, &info->adm, diag);
	if (st == IMP_OK)
		st = imp_card_walk(session, NULL, true, &info->map, diag);
	/* A PIN of an application is known there. */
	if (st == IMP_OK)
		st = imp_pin_query(session, IMP_REF_PIN1, &info->pin, diag);
	return st == IMP_OK ? look_at_ef(session, info, diag) : st;
}

static enum imp_status read_atr(struct info *info, struct imp_diag *diag)
{
	const struct imp_card *card = &info->use->card;
	struct imp_wr out = imp_wr(info->atr, sizeof info->atr);

	if (!card->atr)
		return IMP_OK;
	if (card->atr(card->ctx, &out) != IMP_OK)
		return imp_diag(diag, IMP_E_IO, "%s: cannot read the ATR", info->use->reader);
	info->atr_n = out.n;
	return IMP_OK;
}

/* ---- telling ---- */

static void json_file(struct imp_json *j, const char *key, const struct imp_directory *file)
{
	if (file->present)
		imp_json_uint(j, key, file->size);
	else
		imp_json_null(j, key);
}

static void json_tries(struct imp_json *j, const char *key, const struct imp_pin_state *state)
{
	if (state->tries >= 0)
		imp_json_int(j, key, state->tries);
	else if (state->blocked)
		imp_json_int(j, key, 0);
	else
		imp_json_null(j, key);
}

static void fill_info(struct imp_json *j, const void *ctx)
{
	const struct info *info = (const struct info *)ctx;
	const struct imp_card_map *map = &info->map;

	imp_json_object(j, NULL);
	imp_json_str(j, "reader", info->use->reader);
	imp_json_hex(j, "atr", imp_span(info->atr, info->atr_n));
	imp_json_str(j, "iccid", info->card.iccid[0] ? info->card.iccid : NULL);
	imp_json_bool(j, "dir_record", map->dir.record != 0);
	imp_json_bool(j, "application", map->application);
	json_file(j, "odf_bytes", &map->odf);
	json_file(j, "dodf_bytes", &map->dodf);
	json_file(j, "token_info_bytes", &map->token_info);
	if (map->ef) {
		imp_json_str(j, "ef", info->fid);
		imp_json_uint(j, "ef_bytes", map->ef_size);
	}
	imp_json_str(j, "bootstrap", info->state);
	if (info->payload)
		imp_json_uint(j, "bytes", info->payload);
	imp_json_str(j, "missing", imp_card_missing(map));
	json_tries(j, "pin_tries", &info->pin);
	json_tries(j, "adm_tries", &info->adm);
	imp_json_object_end(j);
}

static void print_file(struct imp_env *env, const char *name, const struct imp_directory *file)
{
	if (file->present)
		imp_out(env, "%-22s %u octet%s\n", name, (unsigned)file->size, imp_s(file->size));
	else
		imp_out(env, "%-22s -\n", name);
}

static void print_tries(struct imp_env *env, const char *name, const struct imp_pin_state *state)
{
	if (state->blocked)
		imp_out(env, "%-22s blocked\n", name);
	else if (state->tries >= 0)
		imp_out(env, "%-22s %d %s left\n", name, state->tries, imp_tries(state->tries));
	else
		imp_out(env, "%-22s %s\n", name, state->open ? "not needed" : "-");
}

static void print_info(struct imp_env *env, const struct info *info)
{
	char atr[2 * IMP_ATR_MAX + 1];
	struct imp_wr wr = imp_wr(atr, sizeof atr);
	const struct imp_card_map *map = &info->map;

	imp_hex_put(&wr, imp_span(info->atr, info->atr_n));
	imp_wr_u8(&wr, '\0');
	imp_out(env, "%-22s %s\n%-22s %s\n%-22s %s\n", "reader", info->use->reader, "ATR", atr,
		"ICCID", info->card.iccid[0] ? info->card.iccid : "-");
	imp_out(env, "%-22s %s\n", "PKCS#15 in EF(DIR)", map->dir.record ? "yes" : "-");
	imp_out(env, "%-22s %s\n", "PKCS#15 application", map->application ? "yes" : "-");
	print_file(env, "EF(ODF)", &map->odf);
	print_file(env, "EF(DODF)", &map->dodf);
	print_file(env, "EF(TokenInfo)", &map->token_info);
	if (map->ef)
		imp_out(env, "%-22s %s, %u octet%s\n", "EF(LwM2M_Bootstrap)", info->fid,
			(unsigned)map->ef_size, imp_s(map->ef_size));
	imp_out(env, "%-22s %s", "bootstrap information", info->state);
	if (info->payload)
		imp_out(env, ", %zu octets", info->payload);
	imp_out(env, "\n");
	print_tries(env, "PIN1", &info->pin);
	print_tries(env, "ADM1", &info->adm);
}

enum imp_status imp_card_info(struct imp_env *env, const struct imp_args *args)
{
	CARD_USE use = { .have_pin = false };
	struct info info = { .use = &use };
	enum imp_status st = card_use_begin(env, args, &use);

	if (st == IMP_OK)
		st = look(&use.session, &info, &env->diag);
	if (st == IMP_OK)
		st = read_atr(&info, &env->diag);
	if (st != IMP_OK)
		return st;
	if (env->json)
		return imp_json_line(env, fill_info, &info);
	print_info(env, &info);
	return IMP_OK;
}
