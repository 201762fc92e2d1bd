/* SPDX-License-Identifier: Apache-2.0 */
#include "card/plan.h"

#include "base/plural.h"
#include "codec/ef.h"
#include "codec/p15.h"

#include <string.h>

#define FID_APPLICATION 0x7F50 /* of an application that has to be created */
#define ODF_SIZE 32
#define DODF_SIZE 128
#define ROUND_UP 256
#define SFI_ODF 0x11
#define SFI_EF 0x0C	   /* nobody has it by default: FIDs of PKCS#15 end in 10 to 13 (A.7) */
#define DIRECTORY_ROOM 512 /* what an application needs beside EF(LwM2M_Bootstrap) */
#define AM_DF_DELETE_CHILD 0x01
#define AM_DF_CREATE_EF 0x02
#define APPLICATION_NAME "LwM2M Bootstrap"

static const uint8_t zero_header[IMP_EF_HEADER];
/* One chunk of filling, read and written. */
#define FILL_4 0xFF, 0xFF, 0xFF, 0xFF
#define FILL_16 FILL_4, FILL_4, FILL_4, FILL_4
#define FILL_64 FILL_16, FILL_16, FILL_16, FILL_16
static const uint8_t filling[IMP_UICC_CHUNK_READ] = { FILL_64, FILL_64, FILL_64, FILL_64 };

struct planner {
	struct imp_plan *plan;
	const struct imp_card_map *map;
	const struct imp_wish *wish;
	struct imp_diag *diag;
	bool full; /* steps or arena ran out: a bug, told once at the end */
};

/* ---- pieces ---- */

static struct imp_step *add(struct planner *p, enum imp_step_kind kind, uint16_t fid)
{
	struct imp_plan *plan = p->plan;
	struct imp_step *step;

	if (plan->n == IMP_PLAN_STEPS_MAX) {
		p->full = true;
		return &plan->step[0];
	}
	step = &plan->step[plan->n++];
	*step = (struct imp_step){ .kind = kind, .fid = fid, .path = imp_uicc_path(fid) };
	return step;
}

static struct imp_wr arena_begin(const struct planner *p)
{
	return imp_wr(p->plan->arena + p->plan->used, sizeof p->plan->arena - p->plan->used);
}

static struct imp_span arena_end(struct planner *p, const struct imp_wr *wr)
{
	struct imp_span s = imp_wr_span(wr);

	p->full |= wr->st != IMP_OK;
	p->plan->used += s.n;
	return s;
}

static void verify(struct planner *p, uint8_t reference)
{
	add(p, IMP_STEP_VERIFY, 0)->reference = reference;
}

static void update(struct planner *p, uint16_t fid, size_t at, struct imp_span data, bool open)
{
	while (data.n) {
		size_t n = data.n < IMP_UICC_CHUNK_WRITE ? data.n : IMP_UICC_CHUNK_WRITE;
		struct imp_step *step = add(p, IMP_STEP_UPDATE, fid);

		step->offset = (uint16_t)at;
		step->data = imp_span(data.p, n);
		step->open = open;
		at += n;
		data = imp_span(data.p + n, data.n - n);
	}
}

static void compare_piece(
	struct planner *p, uint16_t fid, size_t at, struct imp_span data, bool open)
{
	struct imp_step *step = add(p, IMP_STEP_COMPARE, fid);

	step->offset = (uint16_t)at;
	step->data = data;
	step->open = open;
}

/* ---- rules and file parameters ---- */

static void put_rule(struct imp_wr *wr, uint8_t modes, enum imp_access access, uint8_t key)
{
	const struct imp_access_rule rule = { .access = access, .keys_n = 1, .keys = { key } };

	imp_access_put(wr, modes, &rule);
}

/* READ always or with the PIN; the issuer's key for everything else. */
static void set_rule(struct planner *p, struct imp_fcp *fcp, bool with_pin)
{
	const struct imp_wish *wish = p->wish;
	struct imp_wr wr = arena_begin(p);

	if (wish->arr.fid) {
		imp_wr_be16(&wr, wish->arr.fid);
		imp_wr_u8(&wr, with_pin ? wish->arr.pin : wish->arr.always);
		fcp->referenced = arena_end(p, &wr);
		return;
	}
	put_rule(&wr, IMP_AM_READ, with_pin ? IMP_ACCESS_KEY : IMP_ACCESS_ALWAYS, wish->pin);
	put_rule(&wr, IMP_AM_UPDATE | IMP_AM_DEACTIVATE | IMP_AM_ACTIVATE | IMP_AM_DELETE,
		IMP_ACCESS_KEY, wish->adm);
	fcp->expanded = arena_end(p, &wr);
}

static void create(struct planner *p, const struct imp_fcp *fcp)
{
	struct imp_step *step = add(p, IMP_STEP_CREATE, fcp->fid);
	struct imp_wr wr = arena_begin(p);

	imp_fcp_put_create(&wr, fcp);
	step->data = arena_end(p, &wr);
	step->size = fcp->kind == IMP_FCP_DF ? fcp->total : fcp->size;
	step->open = true;
}

static void create_ef(struct planner *p, uint16_t fid, uint32_t size, uint8_t sfi, bool with_pin)
{
	struct imp_fcp fcp = { .kind = IMP_FCP_TRANSPARENT,
		.has_fid = true,
		.fid = fid,
		.size = size,
		.total = IMP_FCP_NO_SIZE,
		.sfi = sfi,
		.life_cycle = 0x05 };

	set_rule(p, &fcp, with_pin);
	create(p, &fcp);
}

static uint32_t new_ef_size(const struct imp_wish *wish)
{
	size_t n = wish->payload.n;

	if (wish->ef_size)
		return wish->ef_size;
	return (uint32_t)((n + ROUND_UP - 1) / ROUND_UP * ROUND_UP);
}

static void create_application(struct planner *p)
{
	struct imp_fcp fcp = { .kind = IMP_FCP_DF,
		.has_fid = true,
		.fid = FID_APPLICATION,
		.size = IMP_FCP_NO_SIZE,
		.total = new_ef_size(p->wish) + DIRECTORY_ROOM,
		.life_cycle = 0x05,
		.aid = imp_span(imp_p15_aid, IMP_P15_AID_SIZE),
		.keys_n = 2,
		.keys = { p->wish->pin, p->wish->adm },
		.enabled = 0x80 };
	struct imp_wr wr = arena_begin(p);

	put_rule(&wr, AM_DF_DELETE_CHILD | AM_DF_CREATE_EF, IMP_ACCESS_KEY, p->wish->adm);
	fcp.expanded = arena_end(p, &wr);
	create(p, &fcp);
}

/* ---- directories ---- */

/* What was begun with these octets and did not get further: a part of them, then filling. */
static bool begun(const struct imp_directory *d, struct imp_span ours)
{
	size_t k = 0;
	struct imp_span rest;

	while (k < d->n && k < ours.n && d->content[k] == ours.p[k])
		k++;
	rest = imp_span(d->content + k, d->n - k);
	return imp_span_all(rest, 0xFF) || imp_span_all(rest, 0x00);
}

/* Where the records of a directory end; SIZE_MAX when it cannot be read to its end. */
static size_t records_end(const struct imp_directory *d)
{
	struct imp_rd rd = imp_rd(imp_span(d->content, d->n));
	struct imp_der der;

	while (imp_der_more(&rd))
		if (imp_der_next(&rd, &der) != IMP_OK)
			return SIZE_MAX;
	return d->n - rd.n;
}

static void select_path(struct planner *p, const struct imp_uicc_path *path)
{
	add(p, IMP_STEP_SELECT, imp_uicc_path_fid(path))->path = *path;
}

/* ours, filled up to n octets. */
static struct imp_span filled(struct planner *p, struct imp_span ours, size_t n)
{
	struct imp_wr wr = arena_begin(p);

	imp_wr_put(&wr, ours);
	if (n > ours.n)
		imp_wr_fill(&wr, 0xFF, n - ours.n);
	return arena_end(p, &wr);
}

static void write_back(struct planner *p, uint16_t fid, size_t at, struct imp_span data)
{
	update(p, fid, at, data, true);
	compare_piece(p, fid, at, data, true);
}

struct directory {
	const struct imp_directory *now;
	uint16_t fid; /* when it has to be created */
	uint32_t size;
	uint8_t sfi;
	struct imp_span ours;
	const char *name;
};

/* A directory of the issuer's with other entries: put ours behind them. */
static enum imp_status append(struct planner *p, const struct directory *d)
{
	size_t at = records_end(d->now);

	if (at == SIZE_MAX) {
		imp_diag(p->diag, IMP_E_FORMAT, "%s cannot be understood, nothing can be added",
			d->name);
		imp_diag_hint(p->diag, "have the issuer of the card put it right");
		return IMP_E_FORMAT;
	}
	if (at + d->ours.n > d->now->size) {
		imp_diag(p->diag, IMP_E_SPACE, "%s has %u octet%s, no room for %zu more behind %zu",
			d->name, (unsigned)d->now->size, imp_s(d->now->size), d->ours.n, at);
		imp_diag_hint(p->diag, "have the issuer of the card make it larger");
		return IMP_E_SPACE;
	}
	select_path(p, &d->now->path);
	write_back(p, imp_uicc_path_fid(&d->now->path), at, d->ours);
	return IMP_OK;
}

static enum imp_status write_directory(struct planner *p, const struct directory *d)
{
	if (!d->now->present) {
		create_ef(p, d->fid, d->size, d->sfi, false);
		write_back(p, d->fid, 0, filled(p, d->ours, d->size));
		return IMP_OK;
	}
	if (!begun(d->now, d->ours) || d->ours.n > d->now->size)
		return append(p, d);
	select_path(p, &d->now->path);
	write_back(p, imp_uicc_path_fid(&d->now->path), 0, d->ours);
	return IMP_OK;
}

static enum imp_status plan_token_info(struct planner *p)
{
	const struct imp_directory *now = &p->map->token_info;
	struct imp_wr wr = arena_begin(p);
	struct directory d = { now, IMP_P15_FID_TOKEN_INFO, 0, IMP_FCP_NO_SFI, { NULL, 0 },
		"EF(TokenInfo)" };

	if (!p->wish->opensc || (now->present && records_end(now) > 0))
		return IMP_OK;
	imp_p15_put_token_info(&wr);
	d.ours = arena_end(p, &wr);
	d.size = (uint32_t)d.ours.n;
	return write_directory(p, &d);
}

/* EF(DODF) is where the ODF says, or where we shall say. */
static struct imp_uicc_path dodf_path(const struct imp_card_map *map)
{
	return map->dodf.path.n ? map->dodf.path : imp_uicc_path(IMP_P15_FID_DODF);
}

static enum imp_status plan_odf(struct planner *p)
{
	const struct imp_uicc_path dodf = dodf_path(p->map);
	const struct imp_p15_path path = { .fids = imp_span(dodf.b, dodf.n) };
	struct imp_wr wr = arena_begin(p);
	struct directory d = { &p->map->odf, IMP_P15_FID_ODF, ODF_SIZE, SFI_ODF, { NULL, 0 },
		"EF(ODF) 5031" };

	if (p->map->dodf_named || p->map->named)
		return IMP_OK;
	imp_p15_put_odf(&wr, &path);
	d.ours = arena_end(p, &wr);
	return write_directory(p, &d);
}

static void put_object(struct imp_wr *wr, enum imp_p15_kind kind, bool is_private)
{
	static const uint8_t fid[] = { IMP_P15_FID_EF >> 8, IMP_P15_FID_EF & 0xFF };
	const struct imp_p15_object object = { .kind = kind,
		.by_application = kind == IMP_P15_OPAQUE,
		.by_id = kind == IMP_P15_OIDDO,
		.is_private = is_private,
		.application = imp_span_str(APPLICATION_NAME),
		.path = { .fids = imp_span(fid, sizeof fid) } };

	imp_p15_put_object(wr, &object);
}

static struct imp_span objects(struct planner *p, bool is_private)
{
	struct imp_wr wr = arena_begin(p);

	if (p->wish->opensc)
		put_object(&wr, IMP_P15_OPAQUE, is_private);
	put_object(&wr, IMP_P15_OIDDO, is_private);
	return arena_end(p, &wr);
}

static enum imp_status plan_dodf(struct planner *p)
{
	bool is_private = p->wish->read == IMP_CARD_READ_PIN;
	const struct imp_uicc_path path = dodf_path(p->map);
	struct directory d = { &p->map->dodf, imp_uicc_path_fid(&path), DODF_SIZE, IMP_FCP_NO_SFI,
		{ NULL, 0 }, "EF(DODF)" };

	d.ours = objects(p, is_private);
	if (p->map->named) {
		/* A file that is made anew may change its rule; our own entry then follows. */
		if (!p->wish->recreate || p->map->is_private == is_private ||
			!begun(d.now, objects(p, !is_private)))
			return IMP_OK;
		if (d.now->size < DODF_SIZE)
			return IMP_OK;
		d.ours = filled(p, d.ours, DODF_SIZE);
		select_path(p, &path);
		write_back(p, d.fid, 0, d.ours);
		return IMP_OK;
	}
	return write_directory(p, &d);
}

/* ---- EF(DIR), application ---- */

static enum imp_status plan_dir(struct planner *p)
{
	const struct imp_card_dir *dir = &p->map->dir;
	const struct imp_fcp *adf = &p->map->adf.fcp;
	uint16_t fid = p->map->application && adf->has_fid ? adf->fid : FID_APPLICATION;
	const uint8_t path[] = { IMP_FID_MF >> 8, IMP_FID_MF & 0xFF, (uint8_t)(fid >> 8),
		(uint8_t)fid };
	const struct imp_p15_app app = { .aid = imp_span(imp_p15_aid, IMP_P15_AID_SIZE),
		.path = imp_span(path, sizeof path) };
	struct imp_wr wr = arena_begin(p);
	struct imp_span record;

	if (dir->record)
		return IMP_OK;
	if (dir->transparent)
		return imp_diag(p->diag, IMP_E_UNSUPPORTED,
			"EF(DIR) 2F00 is transparent, an application cannot be added to it");
	imp_p15_put_app(&wr, &app);
	if (dir->record_length > IMP_UICC_CHUNK_WRITE)
		return imp_diag(p->diag, IMP_E_FORMAT,
			"EF(DIR) 2F00 gives records of %u octets, no record is that long",
			(unsigned)dir->record_length);
	if (dir->unused && wr.n > dir->record_length) {
		imp_diag(p->diag, IMP_E_SPACE,
			"EF(DIR) 2F00 has records of %u octet%s, the application's takes %zu",
			(unsigned)dir->record_length, imp_s(dir->record_length), wr.n);
		imp_diag_hint(p->diag, "have the issuer of the card add the PKCS#15 application");
		return IMP_E_SPACE;
	}
	if (!dir->unused) {
		imp_diag(p->diag, IMP_E_SPACE, "EF(DIR) 2F00 has no free record of %zu octets",
			wr.n);
		imp_diag_hint(p->diag, "have the issuer of the card add the PKCS#15 application");
		return IMP_E_SPACE;
	}
	imp_wr_fill(&wr, 0xFF, dir->record_length - wr.n);
	record = arena_end(p, &wr);
	for (enum imp_step_kind k = IMP_STEP_UPDATE_RECORD; k <= IMP_STEP_COMPARE_RECORD; k++) {
		struct imp_step *step = add(p, k, IMP_FID_DIR);

		step->record = dir->unused;
		step->data = record;
		step->open = true;
	}
	return IMP_OK;
}

static void plan_application(struct planner *p)
{
	if (p->map->application)
		add(p, IMP_STEP_SELECT_APPLICATION, 0);
	else
		create_application(p);
}

/* ---- EF(LwM2M_Bootstrap) ---- */

static void compare(struct planner *p, uint16_t fid, size_t at, struct imp_span data)
{
	while (data.n) {
		size_t n = data.n < IMP_UICC_CHUNK_READ ? data.n : IMP_UICC_CHUNK_READ;

		compare_piece(p, fid, at, imp_span(data.p, n), false);
		at += n;
		data = imp_span(data.p + n, data.n - n);
	}
}

/* Filling over [at, end), which is compared too. */
static void fill(struct planner *p, uint16_t fid, size_t at, size_t end)
{
	size_t n;

	for (size_t i = at; i < end; i += n) {
		n = end - i < IMP_UICC_CHUNK_WRITE ? end - i : IMP_UICC_CHUNK_WRITE;
		update(p, fid, i, imp_span(filling, n), true);
	}
	for (size_t i = at; i < end; i += n) {
		n = end - i < IMP_UICC_CHUNK_READ ? end - i : IMP_UICC_CHUNK_READ;
		compare_piece(p, fid, i, imp_span(filling, n), true);
	}
}

static void write_content(struct planner *p, uint16_t fid)
{
	struct imp_span payload = p->wish->payload;
	struct imp_span content = imp_span(payload.p + IMP_EF_HEADER, payload.n - IMP_EF_HEADER);

	update(p, fid, 0, imp_span(zero_header, sizeof zero_header), true);
	update(p, fid, IMP_EF_HEADER, content, false);
	compare(p, fid, IMP_EF_HEADER, content);
	/* A shorter set must not leave the end of the old one, which may be a key, behind it. */
	fill(p, fid, payload.n, p->wish->recreate ? 0 : p->wish->old_extent);
	update(p, fid, 0, imp_span(payload.p, IMP_EF_HEADER), true);
}

static enum imp_status too_small(struct planner *p, uint16_t fid, uint32_t size)
{
	imp_diag(p->diag, IMP_E_SPACE, "EF %04X has %u octet%s, the set needs %zu", fid,
		(unsigned)size, imp_s(size), p->wish->payload.n);
	imp_diag_hint(p->diag, "--recreate deletes the file and creates a larger one");
	return IMP_E_SPACE;
}

static enum imp_status plan_ef(struct planner *p)
{
	const struct imp_card_map *map = p->map;
	const struct imp_uicc_path path = map->named ? map->ef_path : imp_uicc_path(IMP_P15_FID_EF);
	uint16_t fid = imp_uicc_path_fid(&path);
	bool with_pin = p->wish->read == IMP_CARD_READ_PIN;

	p->plan->ef_path = path;
	if (map->ef && map->ef_from)
		return imp_diag(p->diag, IMP_E_UNSUPPORTED,
			"EF %04X is shared with other data, it is not written", fid);
	if (map->ef && !p->wish->recreate) {
		if (map->ef_size < p->wish->payload.n)
			return too_small(p, fid, map->ef_size);
		select_path(p, &path);
		write_content(p, fid);
		return IMP_OK;
	}
	if (path.b[0] == IMP_FID_MF >> 8)
		return imp_diag(p->diag, IMP_E_UNSUPPORTED,
			"EF %04X is named by a path from the MF, it is not created", fid);
	if (map->ef)
		add(p, IMP_STEP_DELETE, fid)->path = path;
	create_ef(p, fid, new_ef_size(p->wish), SFI_EF, with_pin);
	write_content(p, fid);
	return IMP_OK;
}

/* ---- whole plans ---- */

/* What no card can mend. */
static enum imp_status check(const struct planner *p)
{
	const struct imp_wish *wish = p->wish;

	if (imp_ef_extent(wish->payload) != wish->payload.n || wish->payload.n <= IMP_EF_HEADER)
		return imp_diag(p->diag, IMP_E_FORMAT,
			"the payload is not an EF(LwM2M_Bootstrap) of 5 to %d octets",
			IMP_EF_HEADER + IMP_EF_COLLECTION_MAX);
	if (wish->ef_size && (wish->ef_size < wish->payload.n || wish->ef_size > IMP_UICC_FILE_MAX))
		return imp_diag(p->diag, IMP_E_SPACE,
			"a file of %u octets cannot take a set of %zu octets",
			(unsigned)wish->ef_size, wish->payload.n);
	if (wish->read == IMP_CARD_READ_PIN && !wish->have_pin) {
		imp_diag(p->diag, IMP_E_USAGE, "--read-rule pin needs the PIN for reading back");
		imp_diag_hint(p->diag, "add --pin-file FILE");
		return IMP_E_USAGE;
	}
	if (wish->read == IMP_CARD_READ_PIN && wish->arr.fid && !wish->arr.pin)
		return imp_diag(
			p->diag, IMP_E_USAGE, "--arr names no record for reading with the PIN");
	if (!p->map->dir.present) {
		imp_diag(p->diag, IMP_E_ABSENT, "the card has no EF(DIR) 2F00: not a UICC");
		imp_diag_hint(p->diag, "take a UICC; its issuer puts EF(DIR) there");
		return IMP_E_ABSENT;
	}
	return IMP_OK;
}

/* The rule of an existing file stays what it is. */
static enum imp_status check_rule(const struct planner *p)
{
	const struct imp_card_map *map = p->map;
	enum imp_card_rule now = map->pin_verified ? IMP_CARD_READ_PIN : IMP_CARD_READ_ALWAYS;

	if (p->wish->read == IMP_CARD_READ_KEEP || p->wish->recreate || !map->ef ||
		p->wish->read == now)
		return IMP_OK;
	imp_diag(p->diag, IMP_E_DENIED, "EF %04X exists and its content is read %s",
		imp_uicc_path_fid(&map->ef_path),
		now == IMP_CARD_READ_PIN ? "with the PIN" : "without a PIN");
	imp_diag_hint(p->diag, "--recreate makes the file anew with the rule that you want");
	return IMP_E_DENIED;
}

static void keys(struct planner *p)
{
	verify(p, p->wish->adm);
	/* What the walk has verified stays so for this card session. */
	if (p->wish->read == IMP_CARD_READ_PIN && !p->map->pin_verified)
		verify(p, p->wish->pin);
}

static enum imp_status finish(const struct planner *p, enum imp_status st)
{
	if (st == IMP_OK && p->full)
		st = imp_diag(p->diag, IMP_E_INTERNAL, "the plan is too long");
	if (st != IMP_OK)
		p->plan->n = 0;
	return st;
}

static bool complete(const struct planner *p)
{
	const struct imp_card_map *map = p->map;

	return p->wish->same && !p->wish->recreate && !imp_card_missing(map) &&
	       (!p->wish->opensc || (map->token_info.present && records_end(&map->token_info)));
}

enum imp_status imp_plan_write(struct imp_plan *plan, const struct imp_card_map *map,
	const struct imp_wish *wish, struct imp_diag *diag)
{
	struct planner p = { plan, map, wish, diag, false };
	enum imp_status st;

	plan->n = 0;
	plan->used = 0;
	plan->ef_path = map->ef_path;
	st = check(&p);
	if (st == IMP_OK)
		st = check_rule(&p);
	if (st != IMP_OK || complete(&p))
		return st;
	keys(&p);
	st = plan_dir(&p);
	if (st == IMP_OK) {
		plan_application(&p);
		st = plan_token_info(&p);
	}
	if (st == IMP_OK)
		st = plan_odf(&p);
	if (st == IMP_OK)
		st = plan_dodf(&p);
	if (st == IMP_OK && !(wish->same && !wish->recreate))
		st = plan_ef(&p);
	return finish(&p, st);
}

enum imp_status imp_plan_wipe(struct imp_plan *plan, const struct imp_card_map *map,
	const struct imp_wish *wish, struct imp_diag *diag)
{
	struct planner p = { plan, map, wish, diag, false };
	uint16_t fid = imp_uicc_path_fid(&map->ef_path);

	plan->n = 0;
	plan->used = 0;
	plan->ef_path = map->ef_path;
	if (imp_card_missing(map))
		return imp_diag(diag, IMP_E_ABSENT, "nothing to wipe on the card: %s",
			imp_card_missing(map));
	if (map->ef_from || map->ef_size < IMP_EF_HEADER)
		return imp_diag(diag, IMP_E_UNSUPPORTED,
			"EF %04X is shared with other data or too short, it is not wiped", fid);
	keys(&p);
	add(&p, IMP_STEP_SELECT_APPLICATION, 0);
	select_path(&p, &map->ef_path);
	write_back(&p, fid, 0, imp_span(zero_header, sizeof zero_header));
	fill(&p, fid, IMP_EF_HEADER, map->ef_size);
	return finish(&p, IMP_OK);
}
