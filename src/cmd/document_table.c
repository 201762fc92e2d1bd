/* SPDX-License-Identifier: Apache-2.0 */
/* A credential set for people: one line per resource. */
#include "base/plural.h"
#include "cmd/document.h"

#include <inttypes.h>

/* Text of unknown origin goes to a terminal without its control characters. */
static void print_text(struct imp_env *env, struct imp_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool c1 = s.p[i] == 0xC2 && i + 1 < s.n && s.p[i + 1] < 0xA0; /* U+0080..009F */

		if (s.p[i] < 0x20 || s.p[i] == 0x7F || c1)
			imp_out(env, "\\x%02x", s.p[i]);
		else
			imp_out(env, "%c", s.p[i]);
	}
}

#define SHOWN_OCTETS 48 /* of a certificate or key; JSON has all of them */

static bool printable(struct imp_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7E)
			return false;
	return s.n > 0;
}

static void print_octets(struct imp_env *env, struct imp_span s, bool hidden, bool whole)
{
	if (hidden) {
		imp_out(env, "(secret, %zu octet%s)", s.n, imp_s(s.n));
		return;
	}
	for (size_t i = 0; i < s.n && (whole || i < SHOWN_OCTETS); i++)
		imp_out(env, "%02x", s.p[i]);
	if (s.n == 0)
		imp_out(env, "(empty)");
	else if (printable(s))
		imp_out(env, " \"%.*s\"", (int)s.n, (const char *)s.p);
	else if (s.n > SHOWN_OCTETS && !whole)
		imp_out(env, "... (%zu octets)", s.n);
}

static void print_value(struct imp_env *env, const struct imp_value *v, bool hidden, bool whole)
{
	switch (v->type) {
	case IMP_TYPE_STRING:
		print_text(env, v->u.s);
		break;
	case IMP_TYPE_INTEGER:
	case IMP_TYPE_TIME:
		imp_out(env, "%" PRId64, v->u.i);
		break;
	case IMP_TYPE_UNSIGNED:
		imp_out(env, "%" PRIu64, v->u.u);
		break;
	case IMP_TYPE_FLOAT:
		imp_out(env, "%.17g", v->u.f);
		break;
	case IMP_TYPE_BOOLEAN:
		imp_out(env, "%s", v->u.b ? "true" : "false");
		break;
	case IMP_TYPE_OPAQUE:
		print_octets(env, v->u.s, hidden, whole);
		break;
	case IMP_TYPE_OBJLNK:
		imp_out(env, "%u:%u", v->u.link.object, v->u.link.instance);
		break;
	case IMP_TYPE_NONE:
		imp_out(env, "(nothing in it)");
		break;
	}
}

static void print_object(struct imp_env *env, const struct imp_set *set, uint16_t object)
{
	const struct imp_object_def *def = imp_object_def(object);
	const struct imp_object_version *version = imp_set_version(set, object);

	imp_out(env, "/%u %s", object, def ? def->name : "(unknown object)");
	if (version)
		imp_out(env, ", version %u.%u", version->major, version->minor);
	imp_out(env, "\n");
}

static void print_line(struct imp_env *env, const struct imp_value *v, bool reveal)
{
	const struct imp_resource_def *def = imp_resource_def(v->path.object, v->path.resource);
	char path[32];

	imp_out(env, "  %-12s ", imp_path_text(v->path, path));
	if (v->path.resource != IMP_NO_ID)
		imp_out(env, "%-36s ", def ? def->name : "(unknown resource)");
	print_value(env, v, def && def->secret && !reveal, def && def->secret);
	imp_out(env, "\n");
}

void imp_document_findings_table(struct imp_env *env, const struct imp_findings *findings)
{
	char where[32];

	for (size_t i = 0; findings && i < findings->n; i++) {
		const struct imp_finding *f = &findings->v[i];

		imp_out(env, "%s %s %s: ", imp_severity_name(f->severity), f->rule,
			imp_path_text(f->where, where));
		print_text(env, imp_span_str(f->text));
		imp_out(env, "\n");
	}
}

void imp_document_table(struct imp_env *env, const struct imp_document *document)
{
	const struct imp_set *set = document->set;

	imp_out(env, "%s, %zu octet%s", document->format, document->bytes, imp_s(document->bytes));
	if (document->padding)
		imp_out(env, ", %zu of padding", document->padding);
	if (set->keys != IMP_KEYS_UNSTATED)
		imp_out(env, ", keys %s",
			set->keys == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent");
	imp_out(env, "\n");
	if (set->n == 0)
		imp_out(env, "not configured: no objects\n");
	for (size_t i = 0; i < set->n; i++) {
		const struct imp_value *v = &set->v[i];

		if (i == 0 || v[-1].path.object != v->path.object)
			print_object(env, set, v->path.object);
		print_line(env, v, document->reveal);
	}
	imp_document_findings_table(env, document->findings);
}
