/* SPDX-License-Identifier: Apache-2.0 */
/* Any file through inspect: one JSON document that is well-formed, or one message; no secret. */
#include "cmd/commands.h"
#include "cmd/env.h"
#include "codec/json_dec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct imp_noun nouns[] = {
	{ "inspect", "files", imp_inspect_cmds },
	{ NULL, NULL, NULL },
};

static void demand_json(struct imp_span text)
{
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;

	if (imp_json_next(&j, &token) != IMP_OK || token.kind != IMP_JSON_OBJECT ||
		imp_json_skip(&j, &token) != IMP_OK || imp_json_next(&j, &token) != IMP_OK)
		abort();
}

static int run(const char *path, bool json, bool lenient)
{
	char words[4][32] = { "imprint", "inspect", "", "" };
	char *argv[5] = { words[0], words[1], words[2], words[3], NULL };
	char *out = NULL, *err = NULL;
	size_t out_n = 0, err_n = 0;
	struct imp_env env = { .out = open_memstream(&out, &out_n),
		.err = open_memstream(&err, &err_n),
		.json = json };
	int argc = 3, rc;

	if (!env.out || !env.err)
		abort();
	if (lenient)
		strcpy(words[argc++ - 1], "--lenient");
	strcpy(words[argc - 1], path);
	argv[argc] = NULL;
	rc = imp_cmd_main(&env, nouns, argc, argv);
	(void)fclose(env.out);
	(void)fclose(env.err);
	if ((rc != 0 && rc != 3) || (rc == 0) != (err_n == 0))
		abort();
	if (json)
		demand_json(imp_span(out, out_n));
	free(out);
	free(err);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("input", 0);
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	(void)run(path, true, true);
	if (run(path, true, false) != run(path, false, false))
		abort();
	(void)close(fd);
	return 0;
}
