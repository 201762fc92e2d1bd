/* SPDX-License-Identifier: Apache-2.0 */
/* imprint inspect: what any file is and what it holds. */
#include "base/plural.h"
#include "cmd/commands.h"
#include "cmd/content.h"
#include "cmd/document.h"
#include "cmd/env.h"
#include "cmd/json_line.h"

#include <inttypes.h>
#include <stdint.h>

/* One file as it is printed. */
struct shown {
	const char *file; /* NULL when it is the only one */
	const struct imp_content *content;
	const struct imp_findings *findings;
	const char *error; /* NULL when well-formed */
	bool reveal;
};

static const char *tag_text(uint8_t tag)
{
	return tag == IMP_SLOT_TAG_CMAC ? "aes-cmac" : "none";
}

static const char *keys_text(uint8_t keys)
{
	return keys == IMP_SLOT_KEYS_NON_PERSISTENT ? "non-persistent" : "persistent";
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void json_slots(struct imp_json *j, const struct imp_slots *slots)
{
	imp_json_array(j, "slots");
	for (size_t i = 0; i < slots->n; i++) {
		const struct imp_slot_at *s = &slots->v[i];

		imp_json_object(j, NULL);
		imp_json_uint(j, "offset", s->at);
		imp_json_str(j, "state", imp_slot_state_text(s->state));
		if (s->state == IMP_OK) {
			imp_json_uint(j, "generation", s->slot.generation);
			imp_json_str(j, "keys", keys_text(s->slot.keys));
			imp_json_uint(j, "payload", s->slot.length);
			imp_json_str(j, "tag", tag_text(s->slot.tag));
		}
		imp_json_object_end(j);
	}
	imp_json_array_end(j);
}

static void json_slot(struct imp_json *j, const struct imp_level *level)
{
	imp_json_uint(j, "offset", level->offset);
	imp_json_uint(j, "generation", level->slot.generation);
	imp_json_str(j, "keys", keys_text(level->slot.keys));
	imp_json_uint(j, "payload", level->slot.length);
	imp_json_str(j, "tag", tag_text(level->slot.tag));
}

static void json_certificate(struct imp_json *j, const struct imp_x509_info *info)
{
	imp_json_str(j, "subject", info->subject);
	imp_json_str(j, "issuer", info->issuer);
	imp_json_str(j, "serial", info->serial);
	imp_json_str(j, "not-before", info->not_before);
	imp_json_str(j, "not-after", info->not_after);
	imp_json_object(j, "key");
	imp_json_str(j, "type", info->key_type);
	if (info->curve[0])
		imp_json_str(j, "curve", info->curve);
	imp_json_int(j, "bits", info->key_bits);
	imp_json_object_end(j);
	imp_json_bool(j, "ca", info->ca);
}

static void json_set(struct imp_json *j, const struct shown *s, const struct imp_level *level)
{
	const struct imp_document document = { imp_format_name(level->format), level->bytes,
		level->padding, &s->content->set, s->findings, s->reveal };

	imp_document_members(j, &document);
}

/* The members of a level that is not the set itself. */
static void json_outer(struct imp_json *j, const struct shown *s, const struct imp_level *level)
{
	imp_json_str(j, "format", imp_format_name(level->format));
	imp_json_uint(j, "bytes", level->bytes);
	switch (level->format) {
	case IMP_FORMAT_IHEX:
		imp_json_uint(j, "base", level->base);
		imp_json_uint(j, "image", s->content->image.n);
		json_slots(j, &s->content->slots);
		break;
	case IMP_FORMAT_BIN:
		json_slots(j, &s->content->slots);
		break;
	case IMP_FORMAT_SLOT:
		if (level->slot.length)
			json_slot(j, level);
		break;
	case IMP_FORMAT_CERTIFICATE:
		json_certificate(j, &s->content->certificate);
		break;
	case IMP_FORMAT_LEDGER:
		imp_json_uint(j, "schema", level->schema);
		break;
	case IMP_FORMAT_EF:
	case IMP_FORMAT_SENML_CBOR:
	case IMP_FORMAT_SENML_JSON:
	case IMP_FORMAT_JSON:
	case IMP_FORMAT_UNKNOWN:
		break;
	}
}

static void json_levels(struct imp_json *j, const struct shown *s)
{
	const struct imp_content *c = s->content;

	for (size_t i = 0; i < c->levels; i++) {
		if (i)
			imp_json_object(j, "contains");
		if (c->has_set && i + 1 == c->levels)
			json_set(j, s, &c->level[i]);
		else
			json_outer(j, s, &c->level[i]);
	}
	for (size_t i = 1; i < c->levels; i++)
		imp_json_object_end(j);
}

static void fill(struct imp_json *j, const void *ctx)
{
	const struct shown *s = ctx;

	imp_json_object(j, NULL);
	if (s->file)
		imp_json_str(j, "file", s->file);
	json_levels(j, s);
	if (s->error)
		imp_json_str(j, "error", s->error);
	imp_json_object_end(j);
}

/* ---- for people -------------------------------------------------------------------------------
 */

static void text_slots(
	struct imp_env *env, const struct imp_level *level, const struct imp_slots *slots)
{
	if (level->blank)
		imp_out(env, "  blank: every octet is FF\n");
	for (size_t i = 0; i < slots->n; i++) {
		const struct imp_slot_at *s = &slots->v[i];

		imp_out(env, "  slot at %zu: %s", s->at, imp_slot_state_text(s->state));
		if (s->state == IMP_OK)
			imp_out(env,
				", generation %" PRIu32 ", keys %s, payload %" PRIu32 " octets%s%s",
				s->slot.generation, keys_text(s->slot.keys), s->slot.length,
				s->slot.tag ? ", tag aes-cmac (not checked)" : "",
				s == slots->newest ? ", in use" : "");
		imp_out(env, "\n");
	}
}

static void text_certificate(struct imp_env *env, const struct imp_x509_info *info)
{
	imp_out(env, "  subject     %s\n  issuer      %s\n  serial      %s\n", info->subject,
		info->issuer, info->serial);
	imp_out(env, "  validity    %s to %s\n", info->not_before, info->not_after);
	imp_out(env, "  key         %s %s%s%d bits\n", info->key_type, info->curve,
		info->curve[0] ? ", " : "", info->key_bits);
}

static void text_outer(struct imp_env *env, const struct shown *s, const struct imp_level *level)
{
	imp_out(env, "%s, %zu octet%s\n", imp_format_name(level->format), level->bytes,
		imp_s(level->bytes));
	if (level->format == IMP_FORMAT_IHEX)
		imp_out(env, "  %zu octet%s from address 0x%08" PRIX32 "\n", s->content->image.n,
			imp_s(s->content->image.n), level->base);
	if (level->format == IMP_FORMAT_IHEX || level->format == IMP_FORMAT_BIN)
		text_slots(env, level, &s->content->slots);
	if (level->format == IMP_FORMAT_SLOT && level->slot.length)
		imp_out(env, "  at %zu, generation %" PRIu32 ", keys %s%s\n", level->offset,
			level->slot.generation, keys_text(level->slot.keys),
			level->slot.tag ? ", tag aes-cmac (not checked)" : "");
	if (level->format == IMP_FORMAT_CERTIFICATE)
		text_certificate(env, &s->content->certificate);
	if (level->format == IMP_FORMAT_LEDGER)
		imp_out(env, "  schema %" PRIu32 "\n", level->schema);
}

static void text_levels(struct imp_env *env, const struct shown *s)
{
	const struct imp_content *c = s->content;

	if (s->file)
		imp_out(env, "%s: ", s->file);
	for (size_t i = 0; i < c->levels; i++) {
		const struct imp_level *level = &c->level[i];
		const struct imp_document document = { imp_format_name(level->format), level->bytes,
			level->padding, &c->set, s->findings, s->reveal };

		if (c->has_set && i + 1 == c->levels)
			imp_document_table(env, &document);
		else
			text_outer(env, s, level);
	}
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void check(
	struct imp_env *env, const struct imp_content *content, struct imp_findings *findings)
{
	const struct imp_check_options options = { .keys = env->keycheck };
	const struct imp_path nowhere = { IMP_NO_ID, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID };

	findings->n = findings->errors = findings->warnings = 0;
	if (!content->has_set)
		return;
	imp_document_quirks(findings, content->quirks);
	if (imp_content_inner(content)->stray)
		imp_findings_add(findings, "D17", IMP_WARNING, nowhere,
			"%zu octet%s behind the collection %s not padding (FF or 00)",
			imp_content_inner(content)->padding,
			imp_s(imp_content_inner(content)->padding),
			imp_content_inner(content)->padding == 1 ? "is" : "are");
	imp_check(&content->set, &options, findings);
}

static enum imp_status inspect_one(
	struct imp_env *env, const struct imp_args *args, const char *path, bool one_of_many)
{
	const struct imp_content_options options = { .lenient = imp_flag(args, "lenient") };
	IMP_CONTENT content;
	struct imp_findings findings;
	struct shown shown = { one_of_many ? path : NULL, &content, &findings, NULL,
		imp_flag(args, "reveal-secrets") };
	enum imp_status st = imp_content_load(path, &options, &content, &env->diag),
			printed = IMP_OK;

	check(env, &content, &findings);
	shown.error = st ? env->diag.text : NULL;
	if (content.levels && env->json)
		printed = imp_json_line(env, fill, &shown);
	else if (content.levels)
		text_levels(env, &shown);
	return st ? st : printed;
}

static enum imp_status inspect(struct imp_env *env, const struct imp_args *args)
{
	enum imp_status first = IMP_OK, st;
	size_t bad = 0;

	if (imp_flag(args, "reveal-secrets")) {
		st = imp_reveal_check(env);
		if (st)
			return st;
	}
	if (args->rest_n == 1)
		return inspect_one(env, args, args->rest[0], false);
	for (size_t i = 0; i < args->rest_n; i++) {
		st = inspect_one(env, args, args->rest[i], true);
		if (st == IMP_OK)
			continue;
		if (ferror(env->out)) /* no file's fault */
			return st;
		imp_warn(env, "%s", env->diag.text);
		first = first ? first : st;
		bad++;
	}
	if (!first)
		return IMP_OK;
	return imp_diag(&env->diag, first, "%zu of %zu files %s not well-formed", bad, args->rest_n,
		bad == 1 ? "is" : "are");
}

static const struct imp_opt opts[] = {
	{ "lenient", NULL, "overlook what some writers get wrong, and say so", 0 },
	{ "reveal-secrets", NULL, "show keys; only to a terminal or into a file of mode 0600", 0 },
	IMP_OPT_END,
};

const struct imp_cmd imp_inspect_cmds[] = {
	{ "inspect", NULL, "FILE...", "Say what any file is and what it holds", inspect, opts, 1,
		SIZE_MAX, "imprint inspect --json unit-0001.bin" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
