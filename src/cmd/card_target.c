/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/card_target.h"

#include "host/yaml.h"

#include <cyaml/cyaml.h>
#include <string.h>

/* Two words are looked up in a text that the whole schema has accepted before; what else it holds
 * is of no interest here, so its problems are not reported again. */
struct nothing {
	char *product;
};

static const cyaml_schema_field_t fields[] = {
	CYAML_FIELD_STRING_PTR(
		"product", CYAML_FLAG_POINTER, struct nothing, product, 0, IMP_YAML_VALUE_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct nothing, fields),
};

static bool says(const struct imp_yaml *yaml, const char *path, const char *word)
{
	const struct imp_yaml_node *node = imp_yaml_node(yaml, path);

	return node && node->value && strcmp(node->value, word) == 0;
}

enum imp_status imp_card_target(
	const struct imp_batch *batch, struct imp_card_target *out, struct imp_diag *diag)
{
	IMP_YAML yaml = { .file = NULL };
	struct imp_problems problems = { .n = 0 };
	enum imp_status st = imp_yaml_load(
		imp_span_str(batch->profile), batch->profile_path, &schema, &yaml, &problems);

	imp_problems_free(&problems);
	if (st != IMP_OK)
		return imp_diag(
			diag, st, "batch %s: its profile cannot be read any more", batch->name);
	out->read_pin = says(&yaml, "targets.card.read-rule", "pin");
	out->opensc = !says(&yaml, "targets.card.opensc-compatible", "false");
	return IMP_OK;
}
