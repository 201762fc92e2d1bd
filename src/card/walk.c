/* SPDX-License-Identifier: Apache-2.0 */
#include "card/walk.h"

#include "codec/ef.h"
#include "codec/p15.h"
#include "codec/sw.h"

#include <stdio.h>
#include <string.h>

#define RECORDS_MAX 254

struct walk {
	struct imp_session *session;
	const struct imp_pin *pin;
	struct imp_card_map *map;
	struct imp_diag *diag;
};

/* The card says that it has no such thing; a card that is gone says nothing. */
static bool not_there(const struct walk *w, enum imp_status st)
{
	return st == IMP_E_ABSENT && w->diag->sw != 0;
}

/* ---- EF(DIR) ---- */

/* Note what one record, or a whole transparent file, holds.  A record that cannot be parsed belongs
 * to someone else. */
static void dir_look(struct imp_card_dir *dir, uint8_t record, struct imp_span content)
{
	struct imp_rd rd = imp_rd(content);
	struct imp_p15_app app;

	if (!dir->unused && (imp_span_all(content, 0xFF) || imp_span_all(content, 0x00)))
		dir->unused = record;
	while (!dir->record && imp_p15_dir_next(&rd, &app) == IMP_OK) {
		if (!imp_p15_app_matches(&app))
			continue;
		dir->record = record;
		dir->has_path = app.path.n != 0;
	}
}

/* Records until the application is found or there are no more; the first one tells the length. */
static enum imp_status dir_records(struct walk *w, uint8_t sfi)
{
	struct imp_card_dir *dir = &w->map->dir;

	for (unsigned i = 1; i <= RECORDS_MAX && !dir->record; i++) {
		uint8_t content[IMP_RESPONSE_MAX];
		struct imp_wr out = imp_wr(content, sizeof content);
		enum imp_status st = imp_uicc_read_record(
			w->session, sfi, (uint8_t)i, dir->record_length, &out, w->diag);

		if (st != IMP_OK)
			return i > 1 && not_there(w, st) ? IMP_OK : st;
		dir->present = true;
		dir->record_length = (uint16_t)out.n;
		dir_look(dir, (uint8_t)i, imp_wr_span(&out));
	}
	return IMP_OK;
}

static enum imp_status dir_binary(struct walk *w, uint32_t size)
{
	uint8_t content[IMP_DIRECTORY_MAX];
	struct imp_wr out = imp_wr(content, sizeof content);
	size_t n = size < sizeof content ? size : sizeof content;
	enum imp_status st = imp_uicc_read(w->session, "EF(DIR) 2F00", 0, n, true, &out, w->diag);

	if (st != IMP_OK)
		return st;
	w->map->dir.present = true;
	w->map->dir.transparent = true;
	dir_look(&w->map->dir, 1, imp_wr_span(&out));
	return IMP_OK;
}

/* By SFI; where that is not possible by selection, as records or transparent (A.3). */
static enum imp_status walk_dir(struct walk *w)
{
	static const struct imp_uicc_path path = { { 0x3F, 0x00, 0x2F, 0x00 }, 4 };
	struct imp_uicc_file file;
	enum imp_status st = dir_records(w, IMP_SFI_DIR);

	if (!not_there(w, st) && st != IMP_E_REFUSED)
		return st;
	st = imp_uicc_select(w->session, &path, &file, w->diag);
	if (not_there(w, st))
		return IMP_OK;
	if (st != IMP_OK)
		return st;
	if (file.fcp.kind == IMP_FCP_TRANSPARENT)
		return dir_binary(w, file.fcp.size);
	w->map->dir.record_length = file.fcp.record_length;
	st = dir_records(w, 0);
	return not_there(w, st) ? IMP_OK : st;
}

/* ---- PIN ---- */

static uint8_t first_pin(const uint8_t *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!imp_pin_administrative(keys[i]))
			return keys[i];
	return 0;
}

static uint8_t pin_of_rule(struct imp_span expanded)
{
	struct imp_access_rule rule;

	if (imp_access_get(expanded, IMP_AM_READ, &rule) != IMP_OK || rule.access != IMP_ACCESS_KEY)
		return 0;
	return first_pin(rule.keys, rule.keys_n);
}

/* The record of EF.ARR that the file refers to; changes the current file. */
static uint8_t pin_of_arr(struct walk *w, const struct imp_fcp *fcp)
{
	uint8_t content[IMP_RESPONSE_MAX];
	struct imp_wr out = imp_wr(content, sizeof content);
	struct imp_uicc_file file;
	struct imp_uicc_path path;
	uint8_t record = imp_fcp_arr(fcp->referenced);

	if (record == 0)
		return 0;
	path = imp_uicc_path((uint16_t)(fcp->referenced.p[0] << 8 | fcp->referenced.p[1]));
	if (imp_uicc_select(w->session, &path, &file, NULL) != IMP_OK)
		return 0;
	if (imp_uicc_read_record(w->session, 0, record, file.fcp.record_length, &out, NULL) !=
		IMP_OK)
		return 0;
	return pin_of_rule(imp_wr_span(&out));
}

static uint8_t pin_of_application(const struct imp_fcp *adf)
{
	for (unsigned i = 0; i < adf->keys_n; i++)
		if (imp_fcp_key_enabled(adf, i) && !imp_pin_administrative(adf->keys[i]))
			return adf->keys[i];
	return 0;
}

/* Which PIN a file wants (A.8): its own rule, EF.ARR, else what the application has enabled. */
static uint8_t pin_wanted(struct walk *w, const struct imp_fcp *fcp)
{
	uint8_t reference = w->pin->reference;

	if (!reference && fcp->expanded.n)
		reference = pin_of_rule(fcp->expanded);
	if (!reference && fcp->referenced.n)
		reference = pin_of_arr(w, fcp);
	if (!reference)
		reference = pin_of_application(&w->map->adf.fcp);
	return reference ? reference : IMP_REF_PIN1;
}

/* After 6982: verify the PIN once, select the file again.  diag stands when there is no PIN. */
static enum imp_status unlock(
	struct walk *w, const struct imp_uicc_path *path, struct imp_uicc_file *file)
{
	struct imp_pin pin;
	enum imp_status st;

	if (w->pin && !w->pin->value)
		imp_diag_hint(w->diag, "reading it needs the PIN: --pin-file FILE");
	if (!w->pin || !w->pin->value || w->map->pin_verified)
		return IMP_E_REFUSED;
	pin = *w->pin;
	pin.reference = pin_wanted(w, &file->fcp);
	st = imp_pin_verify(w->session, &pin, w->diag);
	if (st != IMP_OK)
		return st;
	w->map->pin_verified = true;
	return imp_uicc_select(w->session, path, file, w->diag);
}

static bool wants_pin(enum imp_status st, const struct imp_diag *diag)
{
	return st == IMP_E_REFUSED && imp_sw_class((uint16_t)diag->sw) == IMP_SW_SECURITY;
}

/* ---- directories ---- */

static uint32_t size_of(const struct imp_uicc_file *file, uint32_t unknown)
{
	return file->fcp.size == IMP_FCP_NO_SIZE ? unknown : file->fcp.size;
}

static enum imp_status load(struct walk *w, const char *name, const struct imp_uicc_path *path,
	struct imp_directory *out)
{
	struct imp_uicc_file file;
	struct imp_wr wr = imp_wr(out->content, sizeof out->content);
	enum imp_status st = imp_uicc_select(w->session, path, &file, w->diag);
	size_t n;

	*out = (struct imp_directory){ .path = *path };
	if (st != IMP_OK)
		return not_there(w, st) ? IMP_OK : st;
	out->present = true;
	out->size = size_of(&file, IMP_UICC_CHUNK_READ);
	w->map->deactivated |= imp_fcp_deactivated(&file.fcp);
	n = out->size < IMP_DIRECTORY_MAX ? out->size : IMP_DIRECTORY_MAX;
	st = imp_uicc_read(w->session, name, 0, n, true, &wr, w->diag);
	if (wants_pin(st, w->diag)) {
		st = unlock(w, path, &file);
		if (st == IMP_OK)
			st = imp_uicc_read(w->session, name, 0, n, true, &wr, w->diag);
	}
	out->n = wr.n;
	return st;
}

/* Look for the bootstrap object among the entries of a DODF. */
static enum imp_status find_object(struct walk *w, struct imp_span entries)
{
	struct imp_rd rd = imp_rd(entries);
	struct imp_p15_object object;

	while (imp_p15_dodf_next(&rd, &object) == IMP_OK) {
		if (!imp_p15_is_bootstrap(&object) || !object.path.fids.n)
			continue;
		if (imp_uicc_path_from(object.path.fids, &w->map->ef_path) != IMP_OK)
			continue;
		w->map->named = true;
		w->map->is_private = object.is_private || object.modifiable;
		w->map->wrapped_twice = object.wrapped_twice;
		w->map->ef_from = object.path.part ? object.path.index : 0;
		return IMP_OK;
	}
	return IMP_E_ABSENT;
}

/* DODFs by priority; the first one stays in the map when none names the object. */
static enum imp_status walk_objects(struct walk *w)
{
	struct imp_rd rd = imp_rd(imp_span(w->map->odf.content, w->map->odf.n));
	struct imp_p15_odf entry;
	struct imp_uicc_path path;

	while (imp_p15_odf_next(&rd, &entry) == IMP_OK) {
		struct imp_directory dodf;
		enum imp_status st;

		if (entry.objects.n && find_object(w, entry.objects) == IMP_OK)
			return IMP_OK;
		if (imp_uicc_path_from(entry.path.fids, &path) != IMP_OK)
			continue;
		st = load(w, "EF(DODF)", &path, &dodf);
		if (st != IMP_OK)
			return st;
		if (find_object(w, imp_span(dodf.content, dodf.n)) == IMP_OK ||
			!w->map->dodf.present)
			w->map->dodf = dodf;
		w->map->dodf_named = true;
		if (w->map->named)
			return IMP_OK;
	}
	return IMP_OK;
}

static enum imp_status walk_ef(struct walk *w)
{
	struct imp_uicc_file file;
	enum imp_status st = imp_uicc_select(w->session, &w->map->ef_path, &file, w->diag);
	uint32_t size;

	if (st != IMP_OK)
		return not_there(w, st) ? IMP_OK : st;
	size = size_of(&file, IMP_UICC_FILE_MAX);
	if (size > IMP_UICC_FILE_MAX)
		size = IMP_UICC_FILE_MAX;
	w->map->ef = true;
	w->map->deactivated |= imp_fcp_deactivated(&file.fcp);
	w->map->ef_size = size > w->map->ef_from ? size - w->map->ef_from : 0;
	return IMP_OK;
}

/* Files that an unfinished write, or a card as it was delivered, may have without anything naming
 * them. */
static enum imp_status walk_usual(struct walk *w)
{
	const struct imp_uicc_path dodf = imp_uicc_path(IMP_P15_FID_DODF);
	enum imp_status st = IMP_OK;

	if (!w->map->named)
		w->map->ef_path = imp_uicc_path(IMP_P15_FID_EF);
	if (!w->map->dodf_named && !w->map->named)
		st = load(w, "EF(DODF) 6430", &dodf, &w->map->dodf);
	return st;
}

static enum imp_status walk_application(struct walk *w, bool extras)
{
	const struct imp_uicc_path odf = imp_uicc_path(IMP_P15_FID_ODF);
	const struct imp_uicc_path token_info = imp_uicc_path(IMP_P15_FID_TOKEN_INFO);
	enum imp_status st = IMP_OK;

	if (extras)
		st = load(w, "EF(TokenInfo) 5032", &token_info, &w->map->token_info);
	if (st == IMP_OK)
		st = load(w, "EF(ODF) 5031", &odf, &w->map->odf);
	if (st == IMP_OK)
		st = walk_objects(w);
	if (st == IMP_OK && extras)
		st = walk_usual(w);
	if (st == IMP_OK && (w->map->named || extras))
		st = walk_ef(w);
	return st;
}

enum imp_status imp_card_walk(struct imp_session *session, const struct imp_pin *pin, bool extras,
	struct imp_card_map *map, struct imp_diag *diag)
{
	struct imp_diag own;
	struct walk w = { session, pin, map, diag ? diag : &own };
	enum imp_status st;

	memset(map, 0, sizeof *map);
	st = walk_dir(&w);
	if (st == IMP_OK)
		st = imp_uicc_select_adf(session, &map->adf, w.diag);
	if (not_there(&w, st))
		return IMP_OK;
	map->application = st == IMP_OK;
	return st == IMP_OK ? walk_application(&w, extras) : st;
}

const char *imp_card_missing(const struct imp_card_map *map)
{
	if (!map->dir.record)
		return "no PKCS#15 application in EF(DIR)";
	if (!map->application)
		return "no PKCS#15 application";
	if (!map->odf.present)
		return "no EF(ODF) 5031";
	if ((!map->dodf.present || !map->dodf_named) && !map->named)
		return "no EF(DODF) named by EF(ODF)";
	if (!map->named)
		return "no LwM2M bootstrap object in EF(DODF)";
	if (!map->ef)
		return "no EF(LwM2M_Bootstrap)";
	return NULL;
}

/* ---- EF(LwM2M_Bootstrap) ---- */

enum imp_status imp_card_read_ef(struct imp_session *session, const struct imp_pin *pin,
	struct imp_card_map *map, size_t from, size_t n, struct imp_wr *out, struct imp_diag *diag)
{
	struct imp_diag own;
	struct walk w = { session, pin, map, diag ? diag : &own };
	struct imp_uicc_file file;
	enum imp_status st;
	char name[48];

	(void)snprintf(
		name, sizeof name, "EF(LwM2M_Bootstrap) %04X", imp_uicc_path_fid(&map->ef_path));
	st = imp_uicc_read(session, name, map->ef_from + from, n, false, out, w.diag);
	if (!wants_pin(st, w.diag))
		return st;
	/* The rule is in the FCP, which the walk did not keep. */
	st = imp_uicc_select(session, &map->ef_path, &file, &own);
	if (st == IMP_OK)
		st = unlock(&w, &map->ef_path, &file);
	if (st == IMP_OK)
		st = imp_uicc_read(session, name, map->ef_from + from, n, false, out, w.diag);
	return st;
}

static enum imp_status nothing(
	const struct imp_card_map *map, const char *what, struct imp_diag *diag)
{
	imp_diag(diag, IMP_E_ABSENT, "no bootstrap information on the card: %s%s", what,
		map->deactivated ? " (a file is deactivated)" : "");
	imp_diag_hint(diag, "imprint card write puts it there");
	return IMP_E_ABSENT;
}

enum imp_status imp_card_payload(struct imp_session *session, const struct imp_pin *pin,
	struct imp_card_map *map, bool lenient, struct imp_wr *out, struct imp_diag *diag)
{
	size_t chunk = map->ef_size < IMP_UICC_CHUNK_READ ? map->ef_size : IMP_UICC_CHUNK_READ;
	size_t start = out->n, extent, have;
	enum imp_status st;
	struct imp_span head;

	if (imp_card_missing(map))
		return nothing(map, imp_card_missing(map), diag);
	st = imp_card_read_ef(session, pin, map, 0, chunk, out, diag);
	if (st != IMP_OK)
		return st;
	have = out->n - start;
	head = imp_span(out->p + start, have);
	if (imp_span_all(head, 0xFF))
		return nothing(map, "the file was never written", diag);
	extent = imp_ef_extent(head);
	if (extent == IMP_EF_HEADER)
		return nothing(map,
			"count 0, size 0 (never written, or a write that did not finish)", diag);
	if ((extent == 0 || extent > map->ef_size) && !lenient) {
		imp_diag(
			diag, IMP_E_FORMAT, "EF(LwM2M_Bootstrap) has no header that fits the file");
		imp_diag_hint(diag, "--lenient reads a file without header");
		return IMP_E_FORMAT;
	}
	if (extent == 0 || extent > map->ef_size)
		extent = map->ef_size;
	if (extent > have)
		st = imp_card_read_ef(session, pin, map, have, extent - have, out, diag);
	if (st == IMP_OK && out->n - start < extent)
		return imp_diag(diag, IMP_E_TRUNC, "EF(LwM2M_Bootstrap) ends too early");
	out->n = start + extent;
	return st;
}
