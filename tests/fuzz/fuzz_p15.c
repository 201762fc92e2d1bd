/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as EF(DIR), EF(ODF) and EF(DODF): what is found lies inside, finders and walks agree.
 */
#include <stdlib.h>

#include "codec/p15.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct imp_span s, struct imp_span in)
{
	if (s.n && (s.p < in.p || s.p + s.n > in.p + in.n))
		abort();
}

static void dir(struct imp_span in)
{
	struct imp_p15_app app;
	struct imp_rd rd = imp_rd(in);
	bool ours = false, path = false, has_path;

	while (imp_p15_dir_next(&rd, &app) == IMP_OK) {
		inside(app.aid, in);
		inside(app.label, in);
		inside(app.path, in);
		if (!ours && imp_p15_app_matches(&app)) {
			path = app.path.p != NULL;
			ours = true;
		}
	}
	if ((imp_p15_find_app(in, &has_path) == IMP_OK) != ours)
		abort();
	if (ours && has_path != path)
		abort();
}

static void odf(struct imp_span in)
{
	struct imp_p15_odf found;
	struct imp_rd rd = imp_rd(in);

	while (imp_p15_odf_next(&rd, &found) == IMP_OK) {
		inside(found.path.fids, in);
		inside(found.objects, in);
		if (found.path.fids.n % 2)
			abort();
	}
}

static void dodf(struct imp_span in)
{
	struct imp_p15_object o;
	struct imp_p15_path path = { .part = false }, found;
	struct imp_rd rd = imp_rd(in);
	bool ours = false, twice;

	while (imp_p15_dodf_next(&rd, &o) == IMP_OK) {
		inside(o.label, in);
		inside(o.auth_id, in);
		inside(o.application, in);
		inside(o.path.fids, in);
		if (!ours && imp_p15_is_bootstrap(&o) && o.path.fids.n) {
			path = o.path;
			ours = true;
		}
	}
	if ((imp_p15_find_bootstrap(in, &found, &twice) == IMP_OK) != ours)
		abort();
	if (ours && (found.fids.p != path.fids.p || found.fids.n != path.fids.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imp_span in = imp_span(data, size);

	dir(in);
	odf(in);
	dodf(in);
	return 0;
}
