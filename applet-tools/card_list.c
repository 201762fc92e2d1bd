/* SPDX-License-Identifier: Apache-2.0 */
/* imprint card list: the readers, by the index that --reader takes. */
#include "applet-tools/card_use.h"
#include "base/hex.h"
#include "cmd/json_line.h"

#include <string.h>

struct row {
	size_t index;
	const struct imp_reader_info *info;
};

static void fill_row(struct imp_json *j, const void *ctx)
{
	const struct row *row = (const struct row *)ctx;

	imp_json_object(j, NULL);
	imp_json_uint(j, "index", row->index);
	imp_json_str(j, "reader", row->info->name);
	imp_json_bool(j, "card", row->info->card_present);
	if (row->info->card_present)
		imp_json_hex(j, "atr", imp_span(row->info->atr, row->info->atr_n));
	imp_json_object_end(j);
}

static void print_row(struct imp_env *env, const struct row *row)
{
	char atr[2 * IMP_ATR_MAX + 1];
	struct imp_wr wr = imp_wr(atr, sizeof atr);

	imp_hex_put(&wr, imp_span(row->info->atr, row->info->atr_n));
	imp_wr_u8(&wr, '\0');
	imp_out(env, "%zu  %s  %s%s\n", row->index, row->info->name,
		row->info->card_present ? "card " : "empty", row->info->card_present ? atr : "");
}

enum imp_status imp_card_list(struct imp_env *env, const struct imp_args *args)
{
	struct imp_reader_info info[IMP_READERS_MAX];
	size_t n = 0;
	enum imp_status st =
		env->readers->list(env->readers->ctx, info, IMP_READERS_MAX, &n, &env->diag);

	(void)args;
	if (st == IMP_OK && n == 0)
		imp_note(env, "no card reader");
	for (size_t i = 0; i < n && i < IMP_READERS_MAX && st == IMP_OK; i++) {
		const struct row row = { i, &info[i] };

		if (env->json)
			st = imp_json_line(env, fill_row, &row);
		else
			print_row(env, &row);
	}
	return st;
}
