/* SPDX-License-Identifier: Apache-2.0 */
/* What the card commands share: the reader, the session with its trace, PIN and ADM key from files.
 */
#ifndef IMP_APPLET_TOOLS_CARD_USE_H
#define IMP_APPLET_TOOLS_CARD_USE_H

#include "base/secret.h"
#include "card/pick.h"
#include "card/session.h"
#include "cmd/cmd.h"
#include "cmd/env.h"

/* Rows of option tables. */
#define CARD_READER_OPT                                                                       \
	{                                                                                     \
		"reader", "NAME-OR-INDEX", "which reader: its index, name or a part of it", 0 \
	}
#define CARD_TRACE_OPT                                              \
	{                                                           \
		"trace", NULL, "show every APDU, secrets masked", 0 \
	}
#define CARD_PIN_OPT                                                                         \
	{                                                                                    \
		"pin-file", "FILE", "PIN for reading: characters, or hex: and hex digits", 0 \
	}
#define CARD_ADM_OPT                                                                  \
	{                                                                             \
		"adm-file", "FILE", "ADM1 key: characters, or hex: and hex digits", 0 \
	}
#define CARD_FORCE_OPT                                                            \
	{                                                                         \
		"force", NULL, "send a PIN or key although few tries are left", 0 \
	}

struct card_use {
	struct imp_card card;
	char reader[128];
	struct imp_session session;
	struct imp_secret pin, adm;
	bool have_pin, have_adm;
};

void card_use_end(struct card_use *use); /* wipes, closes; takes a zeroed one */
#define CARD_USE __attribute__((cleanup(card_use_end))) struct card_use

/* One secret by option: IMP_E_FORMAT when it is not 1 to 8 octets. */
IMP_MUST_CHECK enum imp_status card_use_pin(
	struct imp_env *env, const struct imp_args *args, struct card_use *use);
IMP_MUST_CHECK enum imp_status card_use_adm(
	struct imp_env *env, const struct imp_args *args, struct card_use *use);

/* Open the reader that --reader means and prepare the session; follows --trace. */
IMP_MUST_CHECK enum imp_status card_use_begin(
	struct imp_env *env, const struct imp_args *args, struct card_use *use);

static inline const struct imp_secret *card_use_pin_value(const struct card_use *use)
{
	return use->have_pin ? &use->pin : NULL;
}

enum imp_status imp_card_list(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_card_info(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_card_read(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_card_write(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_card_verify(struct imp_env *env, const struct imp_args *args);
enum imp_status imp_card_wipe(struct imp_env *env, const struct imp_args *args);

#endif
