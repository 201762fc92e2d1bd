/* SPDX-License-Identifier: Apache-2.0 */
#include "applet-tools/emulate.h"

#include "applet-tools/softcard.h"
#include "cmd/env.h"
#include "cmd/json_line.h"
#include "host/file.h"

#include <stdlib.h>
#include <unistd.h>

#define STATE_MAX (4U << 20)
#define HOST "127.0.0.1"
#define PORT 35963

const struct imp_opt imp_card_emulate_opts[] = {
	{ "state", "FILE", "the card's state; made when it does not exist", IMP_OPT_REQUIRED },
	{ "host", "HOST", "where the virtual reader listens (default 127.0.0.1)", 0 },
	{ "port", "PORT", "its port (default 35963: first slot of vpcd)", 0 },
	{ "iccid", "DIGITS", "new card: its ICCID (default " IMP_SOFTCARD_ICCID ")", 0 },
	{ "protocol", "0|1", "new card: T=0 or T=1 (default 1)", 0 },
	{ "adm-file", "FILE", "new card: ADM1 key (default: the characters " IMP_SOFTCARD_ADM ")",
		0 },
	{ "pin-file", "FILE", "new card: PIN1 (default: the characters " IMP_SOFTCARD_PIN ")", 0 },
	{ "blank", NULL, "new card: without PKCS#15 application", 0 },
	{ "with-adf", NULL, "new card: with an empty PKCS#15 application (default)", 0 },
	{ "create-only", NULL, "make the new card's state file and end", 0 },
	IMP_OPT_END,
};

static const char *const new_card_opts[] = { "iccid", "protocol", "adm-file", "pin-file", "blank",
	"with-adf", "create-only" };

static void free_card(struct imp_softcard **card)
{
	imp_softcard_free(*card);
}
#define SOFTCARD __attribute__((cleanup(free_card))) struct imp_softcard

/* ---- state file */

static enum imp_status save(
	const struct imp_softcard *card, const char *path, bool replace, struct imp_diag *diag)
{
	struct imp_wr count = imp_wr_count(), wr;
	IMP_BLOB blob = { NULL, 0 };

	imp_softcard_save(card, &count);
	blob.p = malloc(count.n);
	if (!blob.p)
		return imp_diag(diag, IMP_E_INTERNAL, "%s: no memory", path);
	blob.n = count.n;
	wr = imp_wr(blob.p, blob.n);
	imp_softcard_save(card, &wr);
	return imp_file_write(path, imp_wr_span(&wr), replace, diag);
}

static enum imp_status load(const char *path, struct imp_softcard **card, struct imp_diag *diag)
{
	IMP_BLOB blob = { NULL, 0 };
	enum imp_status st = imp_file_read(path, STATE_MAX, &blob, diag);

	if (st != IMP_OK)
		return st;
	*card = imp_softcard_load(imp_blob_span(&blob), path, diag);
	if (*card)
		return IMP_OK;
	imp_diag_hint(diag, "correct it, or name a file that does not exist for a new card");
	return diag->status;
}

/* ---- making a card */

static enum imp_status secret(
	struct imp_env *env, const struct imp_args *args, const char *name, struct imp_secret *out)
{
	const char *path = imp_arg(args, name);
	bool loose = false;
	enum imp_status st;

	if (!path)
		return IMP_OK;
	st = imp_file_secret(path, out, &loose, &env->diag);
	if (st != IMP_OK)
		return st;
	if (loose)
		imp_warn(env, "%s: others may read it; chmod 600", path);
	if (out->n < 4 || out->n > 8)
		return imp_diag(&env->diag, IMP_E_FORMAT, "%s: not 4 to 8 octets", path);
	return IMP_OK;
}

static enum imp_status make(struct imp_env *env, const struct imp_args *args, const char *path,
	struct imp_softcard **card)
{
	IMP_SECRET pin = { { 0 }, 0 };
	IMP_SECRET adm = { { 0 }, 0 };
	struct imp_softcard_config config = { .iccid = imp_arg(args, "iccid") };
	uint64_t protocol = 1;
	enum imp_status st = imp_arg_number(env, args, "protocol", 0, 1, &protocol);

	if (st == IMP_OK && imp_flag(args, "blank") && imp_flag(args, "with-adf"))
		st = imp_diag(&env->diag, IMP_E_USAGE, "--blank and --with-adf exclude each other");
	if (st == IMP_OK)
		st = secret(env, args, "pin-file", &pin);
	if (st == IMP_OK)
		st = secret(env, args, "adm-file", &adm);
	if (st != IMP_OK)
		return st;
	config.protocol = (unsigned)protocol;
	config.flags = imp_flag(args, "blank") ? 0 : IMP_SOFTCARD_ADF | IMP_SOFTCARD_DIR;
	config.pin = imp_span(pin.b, pin.n);
	config.adm = imp_span(adm.b, adm.n);
	*card = imp_softcard_new(&config, &env->diag);
	if (!*card)
		return env->diag.status;
	return env->dry_run ? IMP_OK : save(*card, path, false, &env->diag);
}

static enum imp_status load_or_make(struct imp_env *env, const struct imp_args *args,
	const char *path, struct imp_softcard **card)
{
	if (access(path, F_OK) != 0)
		return make(env, args, path, card);
	for (size_t i = 0; i < sizeof new_card_opts / sizeof *new_card_opts; i++)
		if (imp_arg(args, new_card_opts[i])) {
			(void)imp_diag(&env->diag, IMP_E_USAGE,
				"--%s is for a new card, and %s exists", new_card_opts[i], path);
			imp_diag_hint(&env->diag, "leave the option out, or name another file");
			return IMP_E_USAGE;
		}
	return load(path, card, &env->diag);
}

/* With --create-only. */
struct made {
	const char *path, *iccid;
	unsigned protocol;
	bool written;
};

static void fill_made(struct imp_json *j, const void *ctx)
{
	const struct made *made = ctx;

	imp_json_object(j, NULL);
	imp_json_str(j, "file", made->path);
	imp_json_str(j, "iccid", made->iccid);
	imp_json_uint(j, "protocol", made->protocol);
	imp_json_bool(j, "written", made->written);
	imp_json_object_end(j);
}

static enum imp_status tell_made(struct imp_env *env, const struct imp_args *args, const char *path)
{
	const char *iccid = imp_arg(args, "iccid"), *protocol = imp_arg(args, "protocol");
	const struct made made = { path, iccid ? iccid : IMP_SOFTCARD_ICCID,
		protocol && protocol[0] == '0' ? 0 : 1, !env->dry_run };

	if (env->json)
		return imp_json_line(env, fill_made, &made);
	imp_note(env, "%s: new card %s%s", path, made.iccid, env->dry_run ? " (not written)" : "");
	return IMP_OK;
}

/* ---- the card as it is served: what it changed is on disk before the answer leaves */

struct served {
	struct imp_softcard *card;
	struct imp_card inner;
	const char *path;
	uint64_t saved; /* generation in the file */
	struct imp_diag failure;
};

static enum imp_status keep(struct served *s)
{
	uint64_t now = imp_softcard_generation(s->card);

	if (now == s->saved)
		return IMP_OK;
	if (save(s->card, s->path, true, &s->failure) != IMP_OK)
		return s->failure.status;
	s->saved = now;
	return IMP_OK;
}

static enum imp_status transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct served *s = ctx;
	size_t before = rsp->n;
	enum imp_status st = s->inner.transceive(s->inner.ctx, cmd, rsp);

	if (keep(s) != IMP_OK) {
		rsp->n = before;
		return IMP_E_INTERNAL;
	}
	return st;
}

static enum imp_status reset(void *ctx)
{
	struct served *s = ctx;

	return s->inner.reset(s->inner.ctx);
}

static enum imp_status atr(void *ctx, struct imp_wr *out)
{
	struct served *s = ctx;

	return s->inner.atr(s->inner.ctx, out);
}

static enum imp_status serve(struct imp_env *env, struct imp_softcard *card, const char *path,
	const char *host, unsigned port)
{
	struct served s = { .card = card, .path = path };
	const struct imp_card outer = { &s, transceive, reset, atr, NULL, NULL };
	enum imp_status st;

	s.saved = imp_softcard_generation(card);
	imp_softcard_as_card(card, &s.inner);
	imp_note(env, "card %s for the virtual reader at %s:%u", path, host, port);
	st = env->serve_card(env->serve_card_ctx, host, port, &outer, &env->diag);
	if (s.failure.status != IMP_OK) {
		env->diag = s.failure;
		return s.failure.status;
	}
	if (imp_softcard_gone(card))
		imp_note(env, "card torn out at command %u",
			(unsigned)imp_softcard_counts(card)->apdus);
	return st;
}

enum imp_status imp_card_emulate(struct imp_env *env, const struct imp_args *args)
{
	const char *path = imp_arg(args, "state"), *host = imp_arg(args, "host");
	SOFTCARD *card = NULL;
	uint64_t port = PORT;
	enum imp_status st = imp_arg_number(env, args, "port", 1, 65535, &port);

	if (st == IMP_OK)
		st = load_or_make(env, args, path, &card);
	if (st == IMP_OK && imp_flag(args, "create-only"))
		return tell_made(env, args, path);
	if (st != IMP_OK || env->dry_run)
		return st;
	return serve(env, card, path, host ? host : HOST, (unsigned)port);
}
