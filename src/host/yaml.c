/* SPDX-License-Identifier: Apache-2.0 */
#include "host/yaml.h"

#include "host/text.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NODES_MAX 2048

struct level {
	size_t node;
	size_t items;	 /* of a list, so far */
	const char *key; /* of a map: waits for its value; NULL when the next scalar is a key */
	unsigned key_line;
};

struct pass {
	yaml_parser_t parser;
	struct imp_yaml y;
	size_t cap;
	struct level levels[IMP_YAML_DEPTH_MAX];
	size_t depth;
	size_t documents;
	struct imp_problems *problems;
	size_t errors_before;
	size_t unknown; /* errors among them that libcyaml can pass over: keys it does not know */
};

static void pass_close(struct pass *p)
{
	yaml_parser_delete(&p->parser);
	imp_yaml_free(&p->y);
}

static enum imp_status no_memory(struct pass *p)
{
	imp_problem_status(p->problems, IMP_E_INTERNAL, p->y.file, 0, "out of memory");
	return IMP_E_INTERNAL;
}

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

/* ---- first pass: events to nodes ---- */

/* Path of a child of the innermost level. */
static const char *child_path(struct pass *p, const char *key)
{
	const struct level *in = &p->levels[p->depth - 1];
	const struct imp_yaml_node *parent = &p->y.v[in->node];
	char path[IMP_YAML_DEPTH_MAX * (IMP_YAML_VALUE_MAX + 16)];
	int n;

	if (parent->kind == IMP_YAML_LIST)
		n = snprintf(path, sizeof path, "%s[%zu]", parent->path, in->items);
	else
		n = snprintf(
			path, sizeof path, "%s%s%s", parent->path, parent->path[0] ? "." : "", key);
	return imp_arena_text(&p->y.arena, path, (size_t)n);
}

/* Append a node below the innermost level; its index in *index. */
static enum imp_status add_node(struct pass *p, const yaml_event_t *event, enum imp_yaml_kind kind,
	const char *value, size_t *index)
{
	struct imp_yaml_node node = { "", "", line_of(event), kind, value, 0 };

	if (p->depth) {
		struct level *in = &p->levels[p->depth - 1];

		node.parent = in->node;
		if (in->key) {
			node.key = in->key;
			node.line = in->key_line;
		}
		node.path = child_path(p, node.key);
		in->key = NULL;
		in->items++;
	}
	if (p->y.n == NODES_MAX) {
		imp_problem_error(p->problems, p->y.file, node.line, "",
			"more than %d keys and values", NODES_MAX);
		return IMP_E_FORMAT;
	}
	if (p->y.n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct imp_yaml_node *v = realloc(p->y.v, cap * sizeof *v);

		if (!v)
			return no_memory(p);
		p->y.v = v;
		p->cap = cap;
	}
	if (!node.path)
		return no_memory(p);
	*index = p->y.n;
	p->y.v[p->y.n++] = node;
	return IMP_OK;
}

static enum imp_status open_level(
	struct pass *p, const yaml_event_t *event, enum imp_yaml_kind kind)
{
	size_t node = 0;
	enum imp_status st;

	if (p->depth && p->y.v[p->levels[p->depth - 1].node].kind == IMP_YAML_MAP &&
		!p->levels[p->depth - 1].key) {
		imp_problem_error(p->problems, p->y.file, line_of(event), "",
			"a key is text, not a list or mapping");
		return IMP_E_FORMAT;
	}
	if (p->depth == IMP_YAML_DEPTH_MAX) {
		imp_problem_error(p->problems, p->y.file, line_of(event), "",
			"nested deeper than %d levels", IMP_YAML_DEPTH_MAX);
		return IMP_E_FORMAT;
	}
	st = add_node(p, event, kind, NULL, &node);
	if (st == IMP_OK)
		p->levels[p->depth++] = (struct level){ .node = node };
	return st;
}

/* What YAML takes for null: the key was written, its value forgotten. */
static bool is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
		if (strcmp(text, nulls[i]) == 0)
			return true;
	return false;
}

/* What the next value belongs to. */
static const char *waiting(const struct pass *p)
{
	if (!p->depth)
		return "the file";
	return p->levels[p->depth - 1].key ? p->levels[p->depth - 1].key : "an entry of the list";
}

static void check_scalar(struct pass *p, const yaml_event_t *event, bool key)
{
	struct imp_span s = imp_span(event->data.scalar.value, event->data.scalar.length);
	const char *what = key ? "a key" : "a value", *fault = NULL;

	if (s.n > IMP_YAML_VALUE_MAX)
		fault = "is longer than 1024 octets";
	else if (imp_text_has_control(s))
		fault = "holds a control character or a line break";
	else if (key && (!s.n || is_null(event)))
		fault = "is empty";
	if (fault)
		imp_problem_error(p->problems, p->y.file, line_of(event), "", "%s %s", what, fault);
	else if (!key && (!s.n || is_null(event)))
		imp_problem_error(
			p->problems, p->y.file, line_of(event), "", "%s has no value", waiting(p));
}

static enum imp_status take_scalar(struct pass *p, const yaml_event_t *event)
{
	struct level *in = p->depth ? &p->levels[p->depth - 1] : NULL;
	bool key = in && p->y.v[in->node].kind == IMP_YAML_MAP && !in->key;
	size_t n = event->data.scalar.length, index;
	const char *text;

	check_scalar(p, event, key);
	if (n > IMP_YAML_VALUE_MAX)
		return IMP_E_FORMAT;
	text = imp_arena_text(&p->y.arena, (const char *)event->data.scalar.value, n);
	if (!text)
		return no_memory(p);
	if (!key)
		return add_node(p, event, IMP_YAML_SCALAR, text, &index);
	in->key = text;
	in->key_line = line_of(event);
	return IMP_OK;
}

static void refuse_marks(struct pass *p, const yaml_event_t *event, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (anchor)
		imp_problem_error(p->problems, p->y.file, line_of(event), "",
			"anchor '&%s': write the value out in each place", (const char *)anchor);
	if (tag)
		imp_problem_error(p->problems, p->y.file, line_of(event), "",
			"tag '%s': values have no tags here", (const char *)tag);
}

static enum imp_status take_event(struct pass *p, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (p->documents++ == 0)
			return IMP_OK;
		imp_problem_error(p->problems, p->y.file, line_of(event), "",
			"a second document begins: one file holds one");
		return IMP_E_FORMAT;
	case YAML_ALIAS_EVENT:
		imp_problem_error(p->problems, p->y.file, line_of(event), "",
			"alias '*%s': write the value out in each place",
			(const char *)event->data.alias.anchor);
		return IMP_E_FORMAT;
	case YAML_SCALAR_EVENT:
		refuse_marks(p, event, event->data.scalar.anchor, event->data.scalar.tag);
		return take_scalar(p, event);
	case YAML_SEQUENCE_START_EVENT:
		refuse_marks(p, event, event->data.sequence_start.anchor,
			event->data.sequence_start.tag);
		return open_level(p, event, IMP_YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		refuse_marks(
			p, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		return open_level(p, event, IMP_YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		p->depth--;
		return IMP_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return IMP_OK;
	}
}

static enum imp_status parser_failed(struct pass *p)
{
	const yaml_parser_t *parser = &p->parser;

	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(p);
	imp_problem_error(p->problems, p->y.file, (unsigned)parser->problem_mark.line + 1, "",
		"not YAML: %s%s%s", parser->problem ? parser->problem : "unreadable",
		parser->context ? ", " : "", parser->context ? parser->context : "");
	return IMP_E_FORMAT;
}

static enum imp_status collect(struct pass *p)
{
	enum imp_status st = IMP_OK;
	bool more = true;

	while (st == IMP_OK && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&p->parser, &event))
			return parser_failed(p);
		more = event.type != YAML_STREAM_END_EVENT;
		st = take_event(p, &event);
		yaml_event_delete(&event);
	}
	if (st == IMP_OK && !p->y.n) {
		imp_problem_error(p->problems, p->y.file, 0, "", "empty: nothing but comments");
		st = IMP_E_FORMAT;
	}
	return st;
}

/* ---- nodes against the schema ---- */

static const struct cyaml_schema_field *field_named(
	const struct cyaml_schema_value *schema, const char *key)
{
	for (const struct cyaml_schema_field *f = schema->mapping.fields; f->key; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

/* The first child of node with this key, or NULL. */
static const struct imp_yaml_node *child_named(
	const struct imp_yaml *y, size_t node, const char *key)
{
	for (size_t i = node + 1; i < y->n; i++)
		if (y->v[i].parent == node && strcmp(y->v[i].key, key) == 0)
			return &y->v[i];
	return NULL;
}

static const char *inside(const struct imp_yaml_node *node)
{
	return node->path[0] ? node->path : "the file";
}

static void conform_map(struct pass *p, size_t node, const struct cyaml_schema_value *schema)
{
	const struct imp_yaml *y = &p->y;
	const struct imp_yaml_node *parent = &y->v[node];

	for (size_t i = node + 1; i < y->n; i++) {
		const struct imp_yaml_node *child = &y->v[i];
		const struct imp_yaml_node *first;

		if (child->parent != node)
			continue;
		first = child_named(y, node, child->key);
		if (!field_named(schema, child->key)) {
			p->unknown++;
			imp_problem_error(p->problems, y->file, child->line, "",
				"unknown key '%s' in %s", child->key, inside(parent));
		} else if (first != child)
			imp_problem_error(p->problems, y->file, child->line, "",
				"key '%s' is in line %u already", child->key, first->line);
	}
	for (const struct cyaml_schema_field *f = schema->mapping.fields; f->key; f++)
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && !child_named(y, node, f->key))
			imp_problem_error(p->problems, y->file, parent->line, "",
				"key '%s' is missing in %s", f->key, inside(parent));
}

static void conform_list(struct pass *p, size_t node, const struct cyaml_schema_value *schema)
{
	const struct imp_yaml_node *list = &p->y.v[node];
	size_t n = 0;

	for (size_t i = node + 1; i < p->y.n; i++)
		n += p->y.v[i].parent == node;
	if (n < schema->sequence.min || n > schema->sequence.max)
		imp_problem_error(p->problems, p->y.file, list->line, "",
			"%s has %zu entr%s, it takes %u to %u", inside(list), n,
			n == 1 ? "y" : "ies", schema->sequence.min, schema->sequence.max);
}

/* What a node must be by the schema, found along its parents; NULL below what is unknown anyway. */
static const struct cyaml_schema_value *schema_of(
	const struct pass *p, size_t node, const struct cyaml_schema_value *const *schemas)
{
	const struct imp_yaml_node *n = &p->y.v[node];
	const struct cyaml_schema_value *parent = schemas[n->parent];
	const struct cyaml_schema_field *field;

	if (node == 0)
		return p->y.schema;
	if (!parent)
		return NULL;
	if (parent->type == CYAML_SEQUENCE)
		return parent->sequence.entry;
	field = parent->type == CYAML_MAPPING ? field_named(parent, n->key) : NULL;
	return field ? &field->value : NULL;
}

static bool shape_fits(
	struct pass *p, const struct imp_yaml_node *node, const struct cyaml_schema_value *schema)
{
	static const char *const shapes[] = { "a single value", "a list", "a mapping" };
	enum imp_yaml_kind want = IMP_YAML_SCALAR;

	if (schema->type == CYAML_IGNORE)
		return false;
	if (schema->type == CYAML_MAPPING)
		want = IMP_YAML_MAP;
	else if (schema->type == CYAML_SEQUENCE)
		want = IMP_YAML_LIST;
	if (node->kind == want)
		return true;
	imp_problem_error(p->problems, p->y.file, node->line, "", "%s must be %s, not %s",
		inside(node), shapes[want], shapes[node->kind]);
	return false;
}

/* Every fault of shape at once; libcyaml would stop at the first. */
static enum imp_status conform(struct pass *p)
{
	const struct cyaml_schema_value **schemas = calloc(p->y.n, sizeof(void *));

	if (!schemas)
		return no_memory(p);
	for (size_t i = 0; i < p->y.n; i++) {
		const struct cyaml_schema_value *schema = schema_of(p, i, schemas);

		if (!schema || !shape_fits(p, &p->y.v[i], schema))
			continue;
		schemas[i] = schema;
		if (schema->type == CYAML_MAPPING)
			conform_map(p, i, schema);
		else if (schema->type == CYAML_SEQUENCE)
			conform_list(p, i, schema);
	}
	free(schemas);
	return p->problems->errors == p->errors_before + p->unknown ? IMP_OK : IMP_E_FORMAT;
}

/* ---- second pass: libcyaml ---- */

__attribute__((format(printf, 3, 0))) static void keep_first(
	cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct imp_diag *diag = ctx;

	(void)level;
	if (!diag->text[0])
		(void)vsnprintf(diag->text, sizeof diag->text, fmt, args);
	diag->text[strcspn(diag->text, "\n")] = '\0';
}

static cyaml_config_t config_with(struct imp_diag *log)
{
	return (cyaml_config_t){
		.log_fn = log ? keep_first : NULL,
		.log_ctx = log,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_IGNORE_UNKNOWN_KEYS,
	};
}

static enum imp_status fill(struct pass *p, struct imp_span text)
{
	struct imp_diag log = { .text = "" };
	cyaml_config_t config = config_with(&log);
	cyaml_err_t err = cyaml_load_data(text.p, text.n, &config, p->y.schema, &p->y.data, NULL);

	if (err == CYAML_OK && p->y.data)
		return IMP_OK;
	imp_problem_error(p->problems, p->y.file, 0, "", "%s: %s", cyaml_strerror(err), log.text);
	return IMP_E_FORMAT;
}

enum imp_status imp_yaml_load(struct imp_span text, const char *file,
	const struct cyaml_schema_value *schema, struct imp_yaml *out,
	struct imp_problems *problems)
{
	__attribute__((cleanup(pass_close))) struct pass p = {
		.y = { .file = file, .schema = schema },
		.problems = problems,
		.errors_before = problems->errors,
	};
	unsigned bad = imp_text_bad_line(text);
	enum imp_status st;

	if (bad) {
		imp_problem_error(problems, file, bad, "", "not UTF-8 text");
		return IMP_E_FORMAT;
	}
	if (!yaml_parser_initialize(&p.parser))
		return no_memory(&p);
	yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.parser, text.p, text.n);
	st = collect(&p);
	if (st == IMP_OK)
		st = conform(&p);
	if (st == IMP_OK)
		st = fill(&p, text);
	if (st != IMP_OK)
		return st;
	*out = p.y;
	p.y = (struct imp_yaml){ 0 };
	return IMP_OK;
}

void imp_yaml_free(struct imp_yaml *yaml)
{
	cyaml_config_t config = config_with(NULL);

	if (yaml->data)
		(void)cyaml_free(&config, yaml->schema, yaml->data, 0);
	free(yaml->v);
	imp_arena_free(&yaml->arena);
	*yaml = (struct imp_yaml){ 0 };
}

/* ---- places ---- */

const struct imp_yaml_node *imp_yaml_node(const struct imp_yaml *yaml, const char *path)
{
	for (size_t i = 0; i < yaml->n; i++)
		if (strcmp(yaml->v[i].path, path) == 0)
			return &yaml->v[i];
	return NULL;
}

unsigned imp_yaml_line(const struct imp_yaml *yaml, const char *path)
{
	const struct imp_yaml_node *best = &yaml->v[0];
	size_t best_n = 0;

	for (size_t i = 1; i < yaml->n; i++) {
		size_t n = strlen(yaml->v[i].path);

		if (n > best_n && strncmp(yaml->v[i].path, path, n) == 0 &&
			strchr(".[", path[n])) { /* the end of path counts: strchr finds NUL */
			best = &yaml->v[i];
			best_n = n;
		}
	}
	return best->line;
}
