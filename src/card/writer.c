/* SPDX-License-Identifier: Apache-2.0 */
#include "card/writer.h"

#include "base/plural.h"
#include "card/imr_adapter.h"
#include "codec/ef.h"
#include "codec/sw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- begin ---- */

enum imp_status imp_writer_begin(struct imp_writer *writer, struct imp_diag *diag)
{
	unsigned before = writer->session.apdus;
	enum imp_status st = imp_session_reset(&writer->session, diag);

	if (st == IMP_OK)
		st = imp_card_identify(&writer->session, &writer->card, diag);
	writer->identify_apdus += writer->session.apdus - before;
	return st;
}

/* ---- plan ---- */

/* The card says which PIN it wants for reading. */
static struct imp_pin reading_pin(const struct imp_writer *writer)
{
	return (struct imp_pin){
		.reference = writer->wish.pin, .value = writer->pin, .force = writer->force
	};
}

/* Does the file hold the payload already?  Reading stops at the first difference. */
static enum imp_status compare(struct imp_writer *writer, struct imp_diag *diag)
{
	struct imp_pin pin = reading_pin(writer);
	struct imp_card_map *map = &writer->map;
	struct imp_wish *wish = &writer->wish;
	uint8_t chunk[IMP_UICC_CHUNK_READ];
	size_t at = 0, n;

	do {
		struct imp_wr out = imp_wr(chunk, sizeof chunk);
		enum imp_status st;

		n = map->ef_size - at < sizeof chunk ? map->ef_size - at : sizeof chunk;
		st = imp_card_read_ef(&writer->session, &pin, map, at, n, &out, diag);
		if (st != IMP_OK)
			return st;
		if (at == 0) {
			wish->old_extent = (uint32_t)imp_ef_extent(imp_wr_span(&out));
			wish->empty = wish->old_extent == IMP_EF_HEADER ||
				      imp_span_all(imp_wr_span(&out), 0xFF);
		}
		if (n > wish->payload.n - at)
			n = wish->payload.n - at;
		wish->same = n > 0 && out.n >= n && memcmp(chunk, wish->payload.p + at, n) == 0;
		imp_wipe(chunk, sizeof chunk);
		at += n;
	} while (wish->same && at < wish->payload.n && at < map->ef_size);
	wish->same = wish->same && at == wish->payload.n;
	if (wish->old_extent > map->ef_size)
		wish->old_extent = map->ef_size;
	return IMP_OK;
}

static const struct imp_secret *key_of(const struct imp_writer *writer, const struct imp_step *step)
{
	return step->reference == writer->wish.adm ? writer->adm : writer->pin;
}

static enum imp_status guard(
	struct imp_writer *writer, struct imp_step *step, struct imp_diag *diag)
{
	const struct imp_pin pin = { step->reference, key_of(writer, step), writer->force };
	struct imp_pin_state state = { .tries = -1 };
	enum imp_status st;
	char name[16];

	if (!pin.value) {
		imp_diag(diag, IMP_E_USAGE, "writing this card needs %s",
			imp_pin_name(step->reference, name));
		imp_diag_hint(diag, "add --adm-file FILE");
		return IMP_E_USAGE;
	}
	st = imp_pin_query(&writer->session, step->reference, &state, diag);
	if (st == IMP_OK)
		st = imp_pin_guard(&pin, &state, diag);
	step->open = state.open;
	return st;
}

/* Every key of the plan, before the first of them is sent. */
static enum imp_status guard_all(struct imp_writer *writer, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	for (size_t i = 0; i < writer->plan.n && st == IMP_OK; i++)
		if (writer->plan.step[i].kind == IMP_STEP_VERIFY)
			st = guard(writer, &writer->plan.step[i], diag);
	return st;
}

/* What the card has, and how its file is read; leaves the MF selected, as the plan expects. */
static enum imp_status discover(struct imp_writer *writer, struct imp_diag *diag)
{
	struct imp_pin pin = reading_pin(writer);
	struct imp_wish *wish = &writer->wish;
	enum imp_status st;

	wish->same = wish->empty = false;
	wish->old_extent = 0;
	wish->have_pin = writer->pin != NULL;
	st = imp_card_walk(&writer->session, &pin, true, &writer->map, diag);
	if (st == IMP_OK && writer->map.ef && !wish->recreate)
		st = compare(writer, diag);
	if (st == IMP_OK)
		st = imp_uicc_select_mf(&writer->session, diag);
	return st;
}

/* ---- EF(ARR) that the wish names ---- */

static bool creates(const struct imp_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->step[i].kind == IMP_STEP_CREATE)
			return true;
	return false;
}

static enum imp_status IMP_PRINTF(2, 3) no_rule(struct imp_diag *diag, const char *fmt, ...)
{
	char what[96];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	imp_diag(diag, IMP_E_ABSENT, "%s", what);
	imp_diag_hint(diag, "--arr names records of the card's own EF(ARR); without it the rules "
			    "are written out");
	return IMP_E_ABSENT;
}

/* The EF(ARR) by which files of the application are judged: its own, else that of the MF. */
static enum imp_status select_arr(
	struct imp_writer *writer, struct imp_uicc_file *file, struct imp_diag *diag)
{
	uint16_t fid = writer->wish.arr.fid;
	const struct imp_uicc_path own = imp_uicc_path(fid);
	const struct imp_uicc_path common = {
		{ IMP_FID_MF >> 8, IMP_FID_MF & 0xFF, (uint8_t)(fid >> 8), (uint8_t)fid }, 4
	};
	enum imp_status st = IMP_E_ABSENT;

	if (writer->map.application) {
		st = imp_uicc_select_adf(&writer->session, file, diag);
		if (st == IMP_OK)
			st = imp_uicc_select(&writer->session, &own, file, diag);
		if (st != IMP_E_ABSENT || !diag->sw)
			return st;
	}
	st = imp_uicc_select(&writer->session, &common, file, diag);
	if (st == IMP_E_ABSENT && diag->sw)
		return no_rule(
			diag, "the card has no EF(ARR) %04X for its PKCS#15 application", fid);
	return st;
}

static enum imp_status has_rule(struct imp_writer *writer, const struct imp_uicc_file *file,
	uint8_t record, struct imp_diag *diag)
{
	uint16_t fid = writer->wish.arr.fid;
	uint8_t octets[IMP_RESPONSE_MAX];
	struct imp_wr out = imp_wr(octets, sizeof octets);
	enum imp_status st = imp_uicc_read_record(
		&writer->session, 0, record, file->fcp.record_length, &out, diag);

	if (st == IMP_E_REFUSED && imp_sw_class((uint16_t)diag->sw) == IMP_SW_SECURITY)
		return IMP_OK; /* not to be looked at: the card will say */
	if (st == IMP_E_ABSENT && diag->sw)
		return no_rule(diag, "EF(ARR) %04X has no record %u", fid, record);
	if (st == IMP_OK && imp_span_all(imp_wr_span(&out), 0xFF))
		return no_rule(diag, "EF(ARR) %04X has nothing in record %u", fid, record);
	return st;
}

/* A file whose rule does not exist could never be read, nor deleted. */
static enum imp_status check_arr(struct imp_writer *writer, struct imp_diag *diag)
{
	const struct imp_arr *arr = &writer->wish.arr;
	struct imp_uicc_file file;
	enum imp_status st;

	if (!arr->fid || !creates(&writer->plan))
		return IMP_OK;
	st = select_arr(writer, &file, diag);
	if (st == IMP_OK)
		st = has_rule(writer, &file, arr->always, diag);
	if (st == IMP_OK && arr->pin)
		st = has_rule(writer, &file, arr->pin, diag);
	return st == IMP_OK ? imp_uicc_select_mf(&writer->session, diag) : st;
}

static enum imp_status plan_with(struct imp_writer *writer,
	enum imp_status (*make)(struct imp_plan *plan, const struct imp_card_map *map,
		const struct imp_wish *wish, struct imp_diag *diag),
	struct imp_diag *diag)
{
	unsigned before = writer->session.apdus;
	struct imp_diag own = { .status = IMP_OK };
	enum imp_status st;

	diag = diag ? diag : &own;
	st = discover(writer, diag);

	if (st == IMP_OK)
		st = make(&writer->plan, &writer->map, &writer->wish, diag);
	if (st == IMP_OK)
		st = check_arr(writer, diag);
	if (st == IMP_OK)
		st = guard_all(writer, diag);
	writer->discover_apdus += writer->session.apdus - before;
	return st;
}

enum imp_status imp_writer_plan(struct imp_writer *writer, struct imp_diag *diag)
{
	return plan_with(writer, imp_plan_write, diag);
}

enum imp_status imp_writer_plan_wipe(struct imp_writer *writer, struct imp_diag *diag)
{
	return plan_with(writer, imp_plan_wipe, diag);
}

/* ---- run ---- */

static enum imp_status send_key(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	const struct imp_pin pin = { .reference = step->reference, .value = key_of(writer, step) };

	return step->open ? IMP_OK : imp_pin_send(&writer->session, &pin, diag);
}

/* The file is there already: fine when it is large enough. */
static enum imp_status take_existing(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	struct imp_uicc_file file;
	enum imp_status st = imp_uicc_select(&writer->session, &step->path, &file, diag);

	if (st != IMP_OK)
		return st;
	if (file.fcp.kind == IMP_FCP_TRANSPARENT && file.fcp.size != IMP_FCP_NO_SIZE &&
		file.fcp.size >= step->size)
		return IMP_OK;
	imp_diag(diag, IMP_E_SPACE, "%04X exists and has fewer than %u octet%s", step->fid,
		(unsigned)step->size, imp_s(step->size));
	imp_diag_hint(diag, "have the issuer of the card delete it");
	return IMP_E_SPACE;
}

static enum imp_status create(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	struct imp_apdu apdu;
	uint16_t sw;
	enum imp_status st;
	char text[96];

	imp_step_apdu(step, &apdu);
	st = imp_session_send(&writer->session, &apdu, NULL, &sw, diag);
	if (st != IMP_OK || imp_sw_ok(sw))
		return st;
	if (sw == 0x6A89 && !writer->map.application)
		return imp_session_refused(diag, sw, "%s", imp_step_text(step, text));
	if (sw == 0x6A89)
		return take_existing(writer, step, diag);
	st = imp_session_refused(diag, sw, "%s", imp_step_text(step, text));
	if (!writer->map.application && imp_sw_class(sw) != IMP_SW_FULL)
		imp_diag_hint(diag, "the card has no PKCS#15 application and does not let one be "
				    "created: have it installed by the issuer");
	return st;
}

static enum imp_status update(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	struct imp_apdu apdu;
	uint16_t sw;
	enum imp_status st;
	char text[96];

	imp_step_apdu(step, &apdu);
	st = imp_session_send(&writer->session, &apdu, NULL, &sw, diag);
	if (st != IMP_OK || imp_sw_ok(sw))
		return st;
	if (imp_sw_class(sw) == IMP_SW_TRIES) {
		writer->retries++;
		return IMP_OK;
	}
	return imp_session_refused(diag, sw, "%s", imp_step_text(step, text));
}

/* A card that creates a file without making it the current one refuses the first UPDATE. */
static enum imp_status update_created(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	struct imp_uicc_file file;
	enum imp_status st = update(writer, step, diag);

	if (st != IMP_E_REFUSED || (diag->sw != 0x6900 && diag->sw != 0x6986))
		return st;
	st = imp_uicc_select(&writer->session, &step->path, &file, diag);
	return st == IMP_OK ? update(writer, step, diag) : st;
}

static enum imp_status compare_read(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	uint8_t octets[IMP_RESPONSE_MAX];
	struct imp_wr out = imp_wr(octets, sizeof octets);
	enum imp_status st;
	char name[8];
	bool equal;

	(void)snprintf(name, sizeof name, "%04X", step->fid);
	if (step->kind == IMP_STEP_COMPARE)
		st = imp_uicc_read(
			&writer->session, name, step->offset, step->data.n, step->open, &out, diag);
	else
		st = imp_uicc_read_record(&writer->session, IMP_SFI_DIR, step->record,
			(uint16_t)step->data.n, &out, diag);
	equal = imp_secret_eq(octets, step->data.p, step->data.n) && out.n == step->data.n;
	imp_wipe(octets, sizeof octets);
	if (st != IMP_OK || equal)
		return st;
	imp_diag(diag, IMP_E_MISMATCH, "the card gives back other octets than were written");
	imp_diag_hint(diag, "repeat the command; scrap the card when it happens again");
	return IMP_E_MISMATCH;
}

static enum imp_status simple(
	struct imp_writer *writer, const struct imp_step *step, struct imp_diag *diag)
{
	struct imp_apdu apdu;
	char text[96];

	imp_step_apdu(step, &apdu);
	return imp_session_expect(&writer->session, &apdu, NULL, imp_step_text(step, text), diag);
}

static enum imp_status run_step(struct imp_writer *writer, size_t i, struct imp_diag *diag)
{
	const struct imp_step *step = &writer->plan.step[i];

	switch (step->kind) {
	case IMP_STEP_VERIFY:
		return send_key(writer, step, diag);
	case IMP_STEP_CREATE:
		return create(writer, step, diag);
	case IMP_STEP_UPDATE:
		if (i > 0 && step[-1].kind == IMP_STEP_CREATE)
			return update_created(writer, step, diag);
		return update(writer, step, diag);
	case IMP_STEP_UPDATE_RECORD:
		return update(writer, step, diag);
	case IMP_STEP_COMPARE:
	case IMP_STEP_COMPARE_RECORD:
		return compare_read(writer, step, diag);
	case IMP_STEP_SELECT_APPLICATION:
	case IMP_STEP_SELECT:
	case IMP_STEP_DELETE:
		return simple(writer, step, diag);
	case IMP_STEP_KINDS:
	default:
		return imp_diag(diag, IMP_E_INTERNAL, "unknown step");
	}
}

/* Where it happened, and that nothing is lost. */
static void locate(const struct imp_writer *writer, size_t i, struct imp_diag *diag)
{
	struct imp_diag cause = *diag;
	char text[96];
	size_t n = strlen(imp_step_text(&writer->plan.step[i], text));

	/* A refusal names the command already. */
	if (strncmp(cause.text, text, n) == 0)
		imp_diag(diag, cause.status, "step %zu of %zu: %.480s", i + 1, writer->plan.n,
			cause.text);
	else
		imp_diag(diag, cause.status, "step %zu of %zu (%s): %.380s", i + 1, writer->plan.n,
			text, cause.text);
	diag->sw = cause.sw;
	if (cause.status == IMP_E_ABSENT && !cause.sw && !writer->session.blamed)
		imp_diag_hint(diag, "put the card back and repeat the same command: it completes "
				    "what was begun");
	else
		imp_diag_hint(diag, "%s", cause.hint);
}

static bool carries_payload(const struct imp_step *step)
{
	return step->kind == IMP_STEP_UPDATE && !step->open;
}

static enum imp_status ask(
	struct imp_writer *writer, const struct imp_step *step, bool *asked, struct imp_diag *diag)
{
	if (*asked || !carries_payload(step) || !writer->before_payload)
		return IMP_OK;
	*asked = true;
	return writer->before_payload(writer->ctx, diag);
}

enum imp_status imp_writer_run(struct imp_writer *writer, struct imp_diag *diag)
{
	unsigned before = writer->session.apdus;
	struct imp_diag own = { .status = IMP_OK };
	enum imp_status st = IMP_OK;
	bool asked = false;

	diag = diag ? diag : &own;
	for (size_t i = 0; i < writer->plan.n && st == IMP_OK; i++) {
		st = ask(writer, &writer->plan.step[i], &asked, diag);
		if (st != IMP_OK)
			break;
		st = run_step(writer, i, diag);
		if (st != IMP_OK)
			locate(writer, i, diag);
	}
	writer->write_apdus += writer->session.apdus - before;
	return st;
}

/* ---- verify ---- */

static enum imp_status same_card(struct imp_writer *writer, struct imp_diag *diag)
{
	struct imp_card_identity now;
	enum imp_status st = imp_session_reset(&writer->session, diag);

	if (st == IMP_OK)
		st = imp_card_identify(&writer->session, &now, diag);
	if (st != IMP_OK || imp_card_same(&now, &writer->card))
		return st;
	imp_diag(diag, IMP_E_MISMATCH, "another card is in the reader: %s instead of %s", now.name,
		writer->card.name);
	imp_diag_hint(diag, "put the first card back and repeat the same command");
	return IMP_E_MISMATCH;
}

static enum imp_status device_reads(struct imp_writer *writer, const struct imp_secret *pin,
	struct imp_wr *payload, struct imp_diag *diag)
{
	struct imp_card card;
	enum imp_status st;

	imp_session_tap(&writer->session, &card);
	st = imp_imr_read(&card, pin, writer->reader_options, payload, &writer->reader, diag);

	writer->verify_apdus += writer->reader.apdus;
	return st;
}

/* A file that shall want the PIN must not be readable without it. */
static enum imp_status prove_pin(
	struct imp_writer *writer, struct imp_wr *scratch, struct imp_diag *diag)
{
	enum imp_status st = device_reads(writer, NULL, scratch, diag);

	imp_wipe(scratch->p, scratch->n);
	scratch->n = 0;
	if (st == IMP_OK)
		return imp_diag(diag, IMP_E_MISMATCH,
			"the file can be read without the PIN, which it should want");
	return writer->reader.card == IMR_E_REFUSED ? imp_session_reset(&writer->session, diag)
						    : st;
}

static enum imp_status verify_content(struct imp_writer *writer, struct imp_diag *diag)
{
	struct imp_wr out = imp_wr(writer->scratch, sizeof writer->scratch);
	bool with_pin = writer->wish.read == IMP_CARD_READ_PIN || writer->map.pin_verified;
	enum imp_status st = with_pin ? prove_pin(writer, &out, diag) : IMP_OK;

	if (st == IMP_OK)
		st = device_reads(writer, with_pin ? writer->pin : NULL, &out, diag);
	if (st == IMP_E_FORMAT || (st == IMP_E_ABSENT && writer->reader.card == IMR_E_NONE))
		st = IMP_E_MISMATCH;
	if (diag)
		diag->status = st;
	if (st != IMP_OK)
		return st;
	if (out.n == writer->wish.payload.n &&
		imp_secret_eq(writer->scratch, writer->wish.payload.p, out.n))
		return IMP_OK;
	imp_diag(diag, IMP_E_MISMATCH,
		"the device's reader finds other bootstrap information on the card than it should");
	imp_diag_hint(diag, "imprint card read shows what it holds");
	return IMP_E_MISMATCH;
}

enum imp_status imp_writer_verify(struct imp_writer *writer, struct imp_diag *diag)
{
	unsigned before = writer->session.apdus;
	enum imp_status st = same_card(writer, diag);

	writer->verify_apdus += writer->session.apdus - before;
	if (st == IMP_OK)
		st = verify_content(writer, diag);
	imp_wipe(writer->scratch, sizeof writer->scratch);
	return st;
}

enum imp_status imp_writer_verify_wiped(struct imp_writer *writer, struct imp_diag *diag)
{
	struct imp_wr out = imp_wr(writer->scratch, sizeof writer->scratch);
	unsigned before = writer->session.apdus;
	enum imp_status st = same_card(writer, diag);

	writer->verify_apdus += writer->session.apdus - before;
	if (st != IMP_OK)
		return st;
	st = device_reads(writer, writer->pin, &out, diag);
	imp_wipe(writer->scratch, sizeof writer->scratch);
	if (st == IMP_OK)
		return imp_diag(diag, IMP_E_MISMATCH,
			"the device's reader still finds bootstrap information on the card");
	return writer->reader.card == IMR_E_NONE ? IMP_OK : st;
}
