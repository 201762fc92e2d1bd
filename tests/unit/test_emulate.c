/* SPDX-License-Identifier: Apache-2.0 */
/* card emulate as a command: what it makes, loads, keeps and refuses; a fake takes the reader's
 * place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "applet-tools/emulate.h"
#include "applet-tools/softcard.h"
#include "base/hex.h"
#include "card/card.h"
#include "cmd/env.h"

static char folder[] = "/tmp/imprint-emulate-XXXXXX";

/* The reader: sends these commands, as hex, and keeps the last status word. */
static struct {
	const char *const *cmds;
	char host[32];
	unsigned port, served, sw;
	enum imp_status card, result; /* last status of the card; what serving returns */
	const char *remove; /* folder of the state file, to be away before the first command */
	size_t atr_n;
} reader;

static enum imp_status serve(void *ctx, const char *host, unsigned port,
	const struct imp_card *card, struct imp_diag *diag)
{
	uint8_t b[IMP_RESPONSE_MAX], c[IMP_APDU_MAX];
	struct imp_wr atr = imp_wr(b, sizeof b);

	(void)ctx;
	(void)snprintf(reader.host, sizeof reader.host, "%s", host);
	reader.port = port;
	reader.served++;
	assert_int_equal(card->reset(card->ctx), IMP_OK);
	assert_int_equal(card->atr(card->ctx, &atr), IMP_OK);
	reader.atr_n = atr.n;
	if (reader.remove)
		assert_int_equal(rename(reader.remove, "elsewhere"), 0);
	for (const char *const *cmd = reader.cmds; cmd && *cmd; cmd++) {
		struct imp_wr wr = imp_wr(c, sizeof c), rsp = imp_wr(b, sizeof b);

		assert_int_equal(imp_hex_get(&wr, imp_span_str(*cmd)), IMP_OK);
		reader.card = card->transceive(card->ctx, imp_wr_span(&wr), &rsp);
		if (reader.card != IMP_OK) {
			assert_int_equal(rsp.n, 0);
			break;
		}
		reader.sw = (unsigned)(b[rsp.n - 2] << 8 | b[rsp.n - 1]);
	}
	if (reader.result != IMP_OK)
		return imp_diag(diag, reader.result, "no reader");
	return reader.card == IMP_OK || reader.card == IMP_E_ABSENT
		       ? IMP_OK
		       : imp_diag(diag, reader.card, "the card failed");
}

static char said[4096]; /* what went to env.err */

static bool dry_run;

static enum imp_status emulate(const char *const *opts, struct imp_diag *diag)
{
	const char *values[16] = { NULL };
	struct imp_args args = { .opts = imp_card_emulate_opts, .values = values };
	struct imp_env env = { .out = stdout, .serve_card = serve, .dry_run = dry_run };
	enum imp_status st;

	for (; *opts; opts += 2) {
		size_t i = 0;

		while (strcmp(imp_card_emulate_opts[i].name, opts[0]) != 0)
			i++;
		values[i] = opts[1];
	}
	memset(said, 0, sizeof said);
	env.err = fmemopen(said, sizeof said - 1, "w");
	assert_non_null(env.err);
	st = imp_card_emulate(&env, &args);
	(void)fclose(env.err);
	*diag = env.diag;
	return st;
}

static void start(const char *const *cmds)
{
	memset(&reader, 0, sizeof reader);
	reader.cmds = cmds;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static bool file_holds(const char *name, const char *words)
{
	char text[16384];
	FILE *f = fopen(name, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	return strstr(text, words) != NULL;
}

static const char *const verify[] = { "0020000A083132333435363738", NULL };
static const char *const wrong_pin[] = { "0020000108FFFFFFFFFFFFFFFF", NULL };

static void test_new_card(void **state)
{
	const char *const opts[] = { "state", "new.json", NULL };
	struct imp_diag diag;
	struct stat sb;

	(void)state;
	start(verify);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(reader.sw, 0x9000);
	assert_string_equal(reader.host, "127.0.0.1");
	assert_int_equal(reader.port, 35963);
	assert_in_range(reader.atr_n, 2, IMP_ATR_MAX);
	assert_int_equal(stat("new.json", &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_true(file_holds("new.json", "\"iccid\":\"" IMP_SOFTCARD_ICCID "\",\"protocol\":1"));
	assert_true(file_holds("new.json", "3F00/7F50"));
	assert_true(file_holds("new.json", "61144f0ca000000063"));
}

static void test_create_only(void **state)
{
	const char *const opts[] = { "state", "made.json", "create-only", "", NULL };
	struct imp_diag diag;

	(void)state;
	start(verify);
	dry_run = true;
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	dry_run = false;
	assert_int_not_equal(access("made.json", F_OK), 0);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(access("made.json", F_OK), 0);
	assert_int_equal(emulate(opts, &diag), IMP_E_USAGE);
	assert_int_equal(reader.served, 0);
}

static void test_chosen_card(void **state)
{
	static const char *const cmds[] = { "0020000A080102030405060708",
		"00200001083938373635FFFFFF", NULL };
	const char *const opts[] = { "state", "chosen.json", "iccid", "89012345678901234567",
		"protocol", "0", "adm-file", "adm", "pin-file", "pin", "blank", "", "host", "::1",
		"port", "35964", NULL };
	struct imp_diag diag;

	(void)state;
	write_file("adm", "hex:0102030405060708\n", 0600);
	write_file("pin", "98765\n", 0644);
	start(cmds);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(reader.sw, 0x9000);
	assert_string_equal(reader.host, "::1");
	assert_int_equal(reader.port, 35964);
	assert_non_null(strstr(said, "pin"));
	assert_null(strstr(said, "98765"));
	assert_true(file_holds("chosen.json", "\"iccid\":\"89012345678901234567\",\"protocol\":0"));
	assert_false(file_holds("chosen.json", "7F50"));
}

static void test_state_is_kept(void **state)
{
	const char *const opts[] = { "state", "kept.json", NULL };
	struct imp_diag diag;

	(void)state;
	start(wrong_pin);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(reader.sw, 0x63C2);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(reader.sw, 0x63C1);
	assert_true(file_holds("kept.json", "\"tries\":1"));
}

/* The answer is held back when the state cannot be written, and the cause is told: the reader
 * removes the folder before it asks. */
static void test_unwritable_state(void **state)
{
	const char *const opts[] = { "state", "gone/card.json", NULL };
	struct imp_diag diag;

	(void)state;
	assert_int_equal(mkdir("gone", 0700), 0);
	start(wrong_pin);
	reader.remove = "gone";
	assert_int_not_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(reader.card, IMP_E_INTERNAL);
	assert_int_equal(reader.sw, 0);
	assert_non_null(strstr(diag.text, "gone"));
}

static void test_torn_card(void **state)
{
	const char *const opts[] = { "state", "torn.json", NULL };
	static const char *const none[] = { NULL };
	struct imp_softcard_config config = { .protocol = 1 };
	struct imp_softcard_fault fault = { 1, 0, IMP_SOFTCARD_GONE_AFTER, 0 };
	static char text[16384];
	struct imp_wr wr = imp_wr(text, sizeof text - 1);
	struct imp_diag diag;
	struct imp_softcard *card = imp_softcard_new(&config, &diag);

	(void)state;
	assert_non_null(card);
	assert_int_equal(imp_softcard_add_fault(card, &fault), IMP_OK);
	imp_softcard_save(card, &wr);
	imp_softcard_free(card);
	write_file("torn.json", text, 0600);
	start(wrong_pin);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
	assert_int_equal(reader.card, IMP_E_ABSENT);
	assert_non_null(strstr(said, "torn out at command 1"));
	/* what was carried out lasts, the fault does not come again */
	assert_true(file_holds("torn.json", "\"tries\":2"));
	assert_true(file_holds("torn.json", "\"faults\":[]"));
	start(none);
	assert_int_equal(emulate(opts, &diag), IMP_OK);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *opts[8];
		enum imp_status st;
		const char *says;
	} rows[] = {
		{ { "state", "bad.json" }, IMP_E_FORMAT, "bad.json: not well-formed JSON" },
		{ { "state", "old.json", "iccid", "8988211000000000011" }, IMP_E_USAGE,
			"--iccid is for a new card" },
		{ { "state", "old.json", "blank", "" }, IMP_E_USAGE, "--blank is for a new card" },
		{ { "state", "x.json", "iccid", "12" }, IMP_E_USAGE, "18 to 20 digits" },
		{ { "state", "x.json", "protocol", "2" }, IMP_E_USAGE, "protocol" },
		{ { "state", "x.json", "port", "0" }, IMP_E_USAGE, "port" },
		{ { "state", "x.json", "blank", "", "with-adf", "" }, IMP_E_USAGE, "exclude" },
		{ { "state", "x.json", "adm-file", "long" }, IMP_E_FORMAT, "4 to 8 octets" },
		{ { "state", "x.json", "pin-file", "short" }, IMP_E_FORMAT, "4 to 8 octets" },
		{ { "state", "x.json", "pin-file", "none" }, IMP_E_ABSENT, "none" },
	};
	const char *const old[] = { "state", "old.json", NULL };
	struct imp_diag diag;

	(void)state;
	write_file("bad.json", "{", 0600);
	write_file("long", "123456789", 0600);
	write_file("short", "123", 0600);
	start(NULL);
	assert_int_equal(emulate(old, &diag), IMP_OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		start(NULL);
		assert_int_equal(emulate(rows[i].opts, &diag), rows[i].st);
		if (!strstr(diag.text, rows[i].says))
			fail_msg("row %u: '%s'", (unsigned)i, diag.text);
		assert_int_equal(reader.served, 0);
		assert_int_not_equal(access("x.json", F_OK), 0);
	}
	start(NULL);
	reader.result = IMP_E_ABSENT;
	assert_int_equal(emulate(old, &diag), IMP_E_ABSENT);
	assert_string_equal(diag.text, "no reader");
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	(void)snprintf(command, sizeof command, "cd / && rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_card),
		cmocka_unit_test(test_create_only),
		cmocka_unit_test(test_chosen_card),
		cmocka_unit_test(test_state_is_kept),
		cmocka_unit_test(test_unwritable_state),
		cmocka_unit_test(test_torn_card),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
