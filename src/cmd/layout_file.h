/* SPDX-License-Identifier: Apache-2.0 */
/* Layout files: YAML in flash-images/layouts, or wherever the user keeps his own. */
#ifndef IMP_CMD_LAYOUT_FILE_H
#define IMP_CMD_LAYOUT_FILE_H

#include "base/span.h"
#include "flash/layout.h"
#include "host/problems.h"

/*
 * Find and load a layout.  A name with '/' or ending in .yaml is a path, relative to base_dir
 * (NULL: the working folder); any other is NAME.yaml among the installed layouts or those of the
 * source tree that the program lies in.  Every fault is an error in problems: of the layout file
 * itself with its line, or, when there is no such layout, at file and line (of the place that named
 * it).  The layout has passed imp_layout_check().
 */
IMP_MUST_CHECK enum imp_status imp_layout_load(const char *name, const char *base_dir,
	const char *file, unsigned line, struct imp_layout *out, struct imp_problems *problems);

/* The same from text in memory; path is only named and gives the layout its name. */
IMP_MUST_CHECK enum imp_status imp_layout_parse(struct imp_span text, const char *path,
	struct imp_layout *out, struct imp_problems *problems);

#endif
