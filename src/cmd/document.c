/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/document.h"

#include "cmd/json_line.h"
#include "model/set_form.h"

#include <sys/stat.h>
#include <unistd.h>

void imp_document_findings(struct imp_json *j, const struct imp_findings *findings)
{
	char where[32];

	imp_json_array(j, "findings");
	for (size_t i = 0; findings && i < findings->n; i++) {
		const struct imp_finding *f = &findings->v[i];

		imp_json_object(j, NULL);
		imp_json_str(j, "rule", f->rule);
		imp_json_str(j, "severity", imp_severity_name(f->severity));
		imp_json_str(j, "where", imp_path_text(f->where, where));
		imp_json_str(j, "text", f->text);
		imp_json_object_end(j);
	}
	imp_json_array_end(j);
}

void imp_document_members(struct imp_json *j, const struct imp_document *document)
{
	enum imp_keys keys = document->set->keys;

	imp_json_str(j, "format", document->format);
	imp_json_uint(j, "bytes", document->bytes);
	imp_json_uint(j, "padding", document->padding);
	if (keys != IMP_KEYS_UNSTATED)
		imp_json_str(
			j, "keys", keys == IMP_KEYS_PERSISTENT ? "persistent" : "non-persistent");
	imp_json_raw(j, "objects", imp_span(NULL, 0)); /* the value follows from the set itself */
	imp_wr_fail(j->wr, imp_set_to_json_objects(document->set, document->reveal, j->wr));
	imp_document_findings(j, document->findings);
}

static void fill(struct imp_json *j, const void *ctx)
{
	imp_json_object(j, NULL);
	imp_document_members(j, ctx);
	imp_json_object_end(j);
}

enum imp_status imp_document_print(struct imp_env *env, const struct imp_document *document)
{
	if (env->json)
		return imp_json_line(env, fill, document);
	imp_document_table(env, document);
	return IMP_OK;
}

static const struct {
	unsigned quirk;
	const char *rule, *text;
} quirks[] = {
	{ IMP_QUIRK_NO_HEADER, "D17", "no header: read as raw TLV from offset 0" },
	{ IMP_QUIRK_NO_INSTANCE, "D17",
		"resources without an Object Instance: taken as instance 0" },
	{ IMP_QUIRK_SHORT_65535, "T8", "FFFF in two octets: taken as 65535" },
	{ IMP_QUIRK_STRAY_RESOURCE, "T11", "entries repeated or out of place: passed over" },
};

void imp_document_quirks(struct imp_findings *findings, unsigned met)
{
	const struct imp_path nowhere = { IMP_NO_ID, IMP_NO_ID, IMP_NO_ID, IMP_NO_ID };

	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		if (met & quirks[i].quirk)
			imp_findings_add(findings, quirks[i].rule, IMP_WARNING, nowhere, "%s",
				quirks[i].text);
}

bool imp_set_has_secret(const struct imp_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct imp_value *v = &set->v[i];
		const struct imp_resource_def *def =
			imp_resource_def(v->path.object, v->path.resource);

		if (def && def->secret && v->type == IMP_TYPE_OPAQUE && v->u.s.n)
			return true;
	}
	return false;
}

enum imp_status imp_reveal_check(struct imp_env *env)
{
	int fd = fileno(env->out);
	struct stat st;

	if (fd >= 0 && isatty(fd))
		return IMP_OK;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0)
		return IMP_OK;
	imp_diag(&env->diag, IMP_E_DENIED,
		"secrets go only to a terminal or into a file that no one else may read");
	imp_diag_hint(&env->diag, "redirect into a file of mode 0600 (umask 077)");
	return IMP_E_DENIED;
}
