/* SPDX-License-Identifier: Apache-2.0 */
#include "model/check.h"

#include "model/check_rules.h"

#include <stdarg.h>
#include <stdio.h>

void imp_findings_add(struct imp_findings *findings, const char *rule, enum imp_severity severity,
	struct imp_path where, const char *fmt, ...)
{
	struct imp_finding *f;
	va_list ap;

	if (severity == IMP_ERROR)
		findings->errors++;
	if (severity == IMP_WARNING)
		findings->warnings++;
	if (findings->n == IMP_FINDINGS_MAX)
		return;
	f = &findings->v[findings->n++];
	f->rule = rule;
	f->severity = severity;
	f->where = where;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

const char *imp_path_text(struct imp_path path, char buf[static 32])
{
	const uint16_t id[] = { path.object, path.instance, path.resource, path.res_instance };
	size_t n = 0;

	for (int i = 0; i < 4 && id[i] != IMP_NO_ID; i++)
		n += (size_t)snprintf(buf + n, 32 - n, "/%u", (unsigned)id[i]);
	if (n == 0)
		snprintf(buf, 32, "/");
	return buf;
}

const char *imp_severity_name(enum imp_severity severity)
{
	switch (severity) {
	case IMP_NOTE:
		return "note";
	case IMP_WARNING:
		return "warning";
	case IMP_ERROR:
		return "error";
	}
	return "unknown";
}

void imp_check(const struct imp_set *set, const struct imp_check_options *options,
	struct imp_findings *findings)
{
	static const struct imp_check_options none = { 0 };
	size_t errors = findings->errors;
	struct check c = {
		.set = set,
		.options = options ? options : &none,
		.findings = findings,
	};

	check_table(&c);
	check_accounts(&c);
	check_keys(&c);
	/* Who may do what is a question for accounts that stand: no advice on top of errors. */
	if (findings->errors == errors)
		check_access_control_needed(&c);
}
