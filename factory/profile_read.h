/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the YAML of a profile and struct imp_profile: values read strictly, each fault with the
 * line of its key.  Private to the profile's own files.
 */
#ifndef FACTORY_PROFILE_READ_H
#define FACTORY_PROFILE_READ_H

#include "factory/profile.h"
#include "factory/profile_schema.h"
#include "host/yaml.h"

struct imp_reading {
	struct imp_profile *profile;
	const struct imp_yaml *yaml;
	const struct imp_raw_profile *raw;
	struct imp_problems *problems;
	bool unknown_kind[IMP_ACCOUNTS_MAX]; /* by index: role or security did not read */
	char at[32]; /* where keys are looked for: "", "accounts[3]", "accounts[3].psk" */
};

/* Enter a part of the file; fmt gives its path. */
void imp_reading_enter(struct imp_reading *r, const char *fmt, ...) IMP_PRINTF(2, 3);

/* Line of key inside the part entered, or of the part when the key is left out. */
unsigned imp_reading_line(const struct imp_reading *r, const char *key);

/* An error at that line. */
void imp_reading_error(struct imp_reading *r, const char *key, const char *rule, const char *fmt,
	...) IMP_PRINTF(4, 5);
void imp_reading_warning(struct imp_reading *r, const char *key, const char *rule, const char *fmt,
	...) IMP_PRINTF(4, 5);

/* ---- one value: text NULL (left out) leaves *out alone; a fault is reported and leaves it too
 * ---- */

void imp_read_number(struct imp_reading *r, const char *key, const char *text, int64_t min,
	int64_t max, int64_t *out);
void imp_read_bool(struct imp_reading *r, const char *key, const char *text, bool *out);
void imp_read_text(struct imp_reading *r, const char *key, const char *text, const char **out);
/* A file name, joined with the profile's folder. */
void imp_read_path(struct imp_reading *r, const char *key, const char *text, const char **out);
void imp_read_template(
	struct imp_reading *r, const char *key, const char *text, struct imp_template *out);

struct imp_word {
	const char *word;
	int64_t value;
};

/* One of the words (the table ends with NULL); false when text is given and is none of them. */
bool imp_read_word(struct imp_reading *r, const char *key, const char *text,
	const struct imp_word *words, int64_t *out);

/* ---- parts ---- */

void imp_read_accounts(struct imp_reading *r);
void imp_read_access(struct imp_reading *r);

/* Every rule that the text alone can break. */
void imp_profile_check_text(struct imp_reading *r);

/* Every rule that the files it names can break. */
void imp_profile_check_files(struct imp_reading *r, const struct imp_profile_options *options);

#endif
