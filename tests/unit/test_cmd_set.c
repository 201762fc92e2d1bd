/* SPDX-License-Identifier: Apache-2.0 */
/* The commands set and inspect, called as a whole, in a folder with one file of each kind. */
#include "cmd/commands.h"

#include "cmd/detect.h"
#include "cmd/env.h"
#include "flash/ihex.h"
#include "host/file.h"
#include "model/set_form.h"
#include "tests/fake/vec.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* The bootstrap account's key in tests/golden/senml/psk, as hex and in base64url. */
#define KEY_HEX "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
#define KEY_TEXT "@ABCDEFGHIJKLMNO"

static const struct imp_noun nouns[] = {
	{ "set", "sets", imp_set_cmds },
	{ "inspect", "files", imp_inspect_cmds },
	{ NULL, NULL, NULL },
};

static char folder[] = "/tmp/imprint-test-XXXXXX", home[4096];

static void put(const char *name, struct imp_span s)
{
	struct imp_diag diag;

	assert_int_equal(imp_file_write(name, s, true, &diag), IMP_OK);
}

/* A slot with the payload at an offset of an area of FF. */
static void put_area(const char *name, size_t size, size_t at, struct imp_span payload, bool good)
{
	const struct imp_slot slot = { IMP_SLOT_KEYS_NON_PERSISTENT, IMP_SLOT_FORM_EF,
		IMP_SLOT_TAG_NONE, 7, (uint32_t)payload.n, 0 };
	uint8_t *area = malloc(size), *hex = malloc(4 * size + 64);
	struct imp_wr wr = imp_wr(hex, 4 * size + 64);
	char hex_name[64];

	assert_non_null(area);
	assert_non_null(hex);
	memset(area, 0xFF, size);
	memcpy(area + at + IMP_SLOT_PAYLOAD_AT, payload.p, payload.n);
	imp_slot_put_header(&slot, payload, area + at);
	memcpy(area + at + IMP_SLOT_COMMIT_AT, imp_slot_commit, IMP_SLOT_COMMIT);
	if (!good)
		area[at + IMP_SLOT_PAYLOAD_AT] ^= 0x80;
	put(name, imp_span(area, size));
	imp_ihex_encode(&wr, 0x0803E000, imp_span(area, size));
	(void)snprintf(hex_name, sizeof hex_name, "%s.hex", name);
	put(hex_name, imp_wr_span(&wr));
	free(area);
	free(hex);
}

static void put_golden(const char *name, const char *hex)
{
	char path[4200];
	struct imp_span s;

	(void)snprintf(path, sizeof path, "%s/tests/golden/senml/%s", home, hex);
	s = vec_hex(path);
	put(name, s);
	vec_free(s);
}

/* psk with one octet more behind it. */
static void put_variants(void)
{
	char path[4200];
	struct imp_span ef;
	uint8_t buf[1024];

	(void)snprintf(path, sizeof path, "%s/tests/golden/senml/psk.ef.hex", home);
	ef = vec_hex(path);
	memset(buf, 0xFF, sizeof buf);
	memcpy(buf, ef.p, ef.n);
	put("padded.ef", imp_span(buf, ef.n + 32));
	buf[ef.n + 3] = 0x55;
	put("garbage.ef", imp_span(buf, ef.n + 32));
	put("cut.ef", imp_span(buf, ef.n - 1));
	put_area("area.bin", 4096, 2048, ef, true);
	put_area("slot.bin", imp_slot_extent((uint32_t)ef.n, 0), 0, ef, true);
	put_area("bad.bin", 4096, 0, ef, false);
	vec_free(ef);
	memset(buf, 0xFF, sizeof buf);
	put("blank.bin", imp_span(buf, sizeof buf));
}

/* CN=unit, P-256. */
static void put_certificate(void)
{
	char path[4200];
	struct imp_blob blob = { NULL, 0 };
	struct imp_diag diag;

	(void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus/inspect/certificate", home);
	assert_int_equal(imp_file_read(path, 4096, &blob, &diag), IMP_OK);
	put("unit.der", imp_blob_span(&blob));
	blob.p[5] ^= 0x10;
	put("not.der", imp_blob_span(&blob));
	imp_blob_free(&blob);
}

static int setup(void **state)
{
	static const char broken[] =
		"\0\1\0\5\0\0\0\0\1"; /* object of one octet that is not there */

	(void)state;
	assert_non_null(getcwd(home, sizeof home));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	put_golden("psk.ef", "psk.ef.hex");
	put_golden("psk.cbor", "psk.cbor.hex");
	put_golden("psk.senml", "psk.json.hex");
	put_golden("hollow.ef", "hollow.ef.hex");
	put_golden("empty.ef", "empty.ef.hex");
	put_variants();
	put_certificate();
	put("broken.ef", imp_span(broken, sizeof broken - 1));
	put("empty", imp_span(NULL, 0));
	put("text", imp_span_str("hello\n"));
	put("pem", imp_span_str("-----BEGIN CERTIFICATE-----\n"));
	put("bad.json", imp_span_str("{\"objects\":[1]}"));
	put("bad.hex", imp_span_str(":0000000100\n"));
	put("bad.senml", imp_span_str("[{\"n\":\"1/0/0\",\"v\":1}]"));
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	assert_int_equal(chdir(home), 0);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static char out[1 << 16], err[1 << 14];

static void slurp(FILE *f, char *buf, size_t cap)
{
	rewind(f);
	buf[fread(buf, 1, cap - 1, f)] = 0;
	(void)fclose(f);
}

/* Run one line; mode: that of the file standard output goes to. */
static int run(const char *line, mode_t mode)
{
	struct imp_env env = { .out = tmpfile(), .err = tmpfile() };
	static char program[] = "imprint";
	char words[256], *argv[24] = { program };
	int argc = 1, rc;

	assert_non_null(env.out);
	assert_non_null(env.err);
	assert_int_equal(fchmod(fileno(env.out), mode), 0);
	(void)snprintf(words, sizeof words, "%s", line);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	rc = imp_cmd_main(&env, nouns, argc, argv);
	slurp(env.out, out, sizeof out);
	slurp(env.err, err, sizeof err);
	return rc;
}

static const struct {
	const char *line;
	int exit;
	const char *out, *err; /* must occur in it; NULL: must be empty */
} rows[] = {
	{ "set show psk.ef", 0, "/0/0/5", NULL },
	{ "set show psk.ef", 0, "(secret, 32 octets)", NULL },
	{ "set show psk.ef", 0, "86400", NULL },
	{ "--json set show psk.ef", 0, "{\"format\":\"ef-lwm2m-bootstrap\",\"bytes\":", NULL },
	{ "--json set show psk.ef", 0, "\"length\":32,\"secret\":true}", NULL },
	{ "--json set show psk.cbor", 0, "{\"format\":\"senml-cbor\",", NULL },
	{ "--json set show psk.senml", 0, "{\"format\":\"senml-json\",", NULL },
	{ "--json set show hollow.ef", 0, "\"version\":\"2.5\",\"instances\":[]", NULL },
	{ "set show empty.ef", 0, "not configured", NULL },
	{ "--json set show area.bin", 0, "\"keys\":\"non-persistent\"", NULL },
	{ "--json set show area.bin.hex", 0, "\"padding\":0,\"keys\":\"non-persistent\"", NULL },
	{ "--json set show slot.bin --keys persistent", 0, "\"keys\":\"persistent\"", NULL },
	{ "set show padded.ef", 0, "32 of padding", NULL },
	{ "set show psk.ef --keys always", 2, NULL, "--keys always" },
	{ "set show psk.ef --from yaml", 2, NULL, "--from yaml" },
	{ "set show psk.ef --from ledger", 2, NULL, "no form of a set" },
	{ "set show psk.cbor --from ef", 3, NULL,
		"psk.cbor: not a well-formed ef-lwm2m-bootstrap" },
	{ "set show nowhere", 4, NULL, "nowhere" },
	{ "set show cut.ef", 3, NULL, "its header says" },
	{ "set show broken.ef", 3, NULL, "broken.ef: not a well-formed" },
	{ "set show garbage.ef", 3, NULL, "32 octets behind the payload are not padding" },
	{ "set show garbage.ef --lenient", 0, "/0/0/5", NULL },
	{ "set show bad.bin", 3, NULL, "no good slot; the one at offset 0: checksum wrong" },
	{ "set show blank.bin", 3, NULL, "holds no credential set" },
	{ "set show empty", 3, NULL, "empty: empty file" },
	{ "set show text", 3, NULL, "text: of no known format" },
	{ "set show pem", 3, NULL, "openssl x509" },
	{ "set show bad.json", 3, NULL, "bad.json: not a well-formed json" },
	{ "set show bad.senml", 3, NULL, "bad.senml: not a well-formed senml-json" },
	{ "set show bad.hex", 3, NULL, "bad.hex:1: Intel HEX" },

	{ "set check psk.ef", 3, "error ", "error" },
	{ "--json set check psk.ef", 3, "\"findings\":[{\"rule\":", "psk.ef: " },
	{ "set check empty.ef", 0, NULL, "consistent" },
	{ "set check broken.ef", 3, NULL, "not a well-formed" },

	{ "set convert psk.ef --to json", 0, "\"secret\":true}", "keys are left out" },
	{ "set convert psk.ef --to json --reveal-secrets", 0, KEY_HEX, NULL },
	{ "set convert hollow.ef --to yaml", 2, NULL, "--to yaml" },
	{ "set convert hollow.ef --to slot", 2, NULL, "no form to convert to" },
	{ "set convert hollow.ef", 2, NULL, "--to" },
	{ "set convert psk.ef --to senml-json", 7, NULL, "do not go to standard output" },
	{ "set convert psk.ef --to ef", 7, NULL, "do not go to standard output" },
	{ "set convert psk.ef --to senml-cbor", 7, NULL, "do not go to standard output" },
	{ "set convert psk.ef --to senml-json --reveal-secrets", 0, "\"vd\":\"QEFC", NULL },
	{ "set convert empty.ef --to senml-json", 0, "[]", NULL },
	{ "set convert psk.ef --to ef --out psk.cbor", 7, NULL,
		"imprint: psk.cbor: exists already\n         --force replaces it\n" },
	{ "set convert psk.ef --to ef --out no/such/file", 4, NULL, "no/such" },

	{ "--json inspect psk.ef", 0, "{\"format\":\"ef-lwm2m-bootstrap\",\"bytes\":", NULL },
	{ "--json inspect area.bin", 0,
		"{\"format\":\"bin\",\"bytes\":4096,\"slots\":[{\"offset\":2048,\"state\":\"good\","
		"\"generation\":7,"
		"\"keys\":\"non-persistent\",\"payload\":",
		NULL },
	{ "--json inspect area.bin", 0, ",\"contains\":{\"format\":\"slot\",", NULL },
	{ "--json inspect area.bin", 0, ",\"contains\":{\"format\":\"ef-lwm2m-bootstrap\",", NULL },
	{ "--json inspect slot.bin", 0, "{\"format\":\"slot\",\"bytes\":", NULL },
	{ "--json inspect area.bin.hex", 0, "\"base\":134471680,\"image\":4096,", NULL },
	{ "--json inspect area.bin.hex", 0, "\"contains\":{\"format\":\"slot\",", NULL },
	{ "inspect area.bin.hex", 0, "from address 0x0803E000", NULL },
	{ "inspect area.bin", 0, "slot at 2048: good, generation 7, keys non-persistent", NULL },
	{ "--json inspect blank.bin", 0, "{\"format\":\"bin\",\"bytes\":1024,\"slots\":[]}", NULL },
	{ "inspect blank.bin", 0, "blank", NULL },
	{ "--json inspect garbage.ef", 0, "\"rule\":\"D17\"", NULL },
	{ "--json inspect bad.bin", 3, "\"state\":\"checksum wrong\"", "no good slot" },
	{ "--json inspect text", 3,
		"{\"format\":\"unknown\",\"bytes\":6,\"error\":", "no known format" },
	{ "--json inspect cut.ef", 3, "\"error\":\"cut.ef: not", "its header says" },
	{ "--json inspect psk.ef text", 3, "{\"file\":\"text\",\"format\":\"unknown\"",
		"1 of 2 files" },
	{ "--json inspect psk.ef psk.cbor", 0, "{\"file\":\"psk.cbor\",\"format\":\"senml-cbor\"",
		NULL },
	{ "inspect psk.ef --reveal-secrets", 0, KEY_HEX, NULL },
	{ "--json inspect unit.der", 0,
		"\"subject\":\"CN=unit\",\"issuer\":\"CN=unit\",\"serial\":", NULL },
	{ "--json inspect unit.der", 0, "\"bits\":256},", NULL },
	{ "inspect unit.der", 0, "CN=unit", NULL },
	{ "inspect not.der", 3, "unknown", "not a certificate" },
	{ "set show unit.der", 3, NULL, "which holds no credential set" },
	{ "inspect nowhere", 4, NULL, "nowhere" },
	{ "inspect", 2, NULL, "FILE" },
};

static void expect(const char *line, const char *what, const char *got, const char *want)
{
	if (!want && got[0])
		fail_msg("%s: %s is not empty: %s", line, what, got);
	if (want && !strstr(got, want))
		fail_msg("%s: %s lacks '%s': %s", line, what, want, got);
}

static bool reveals(const char *line)
{
	return strstr(line, "--reveal-secrets") != NULL;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = run(rows[i].line, 0600);

		if (rc != rows[i].exit)
			fail_msg("%s: exit %d: %s", rows[i].line, rc, err);
		expect(rows[i].line, "stdout", out, rows[i].out);
		expect(rows[i].line, "stderr", err, rows[i].err);
		assert_null(strstr(err, KEY_HEX));
		assert_null(strstr(err, KEY_TEXT));
		if (!reveals(rows[i].line))
			assert_true(!strstr(out, KEY_HEX) && !strstr(out, KEY_TEXT));
	}
}

/* Into a file that others may read nothing secret goes, whatever is asked. */
static void test_reveal(void **state)
{
	size_t asked = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!reveals(rows[i].line))
			continue;
		assert_int_equal(run(rows[i].line, 0640), 7);
		assert_string_equal(out, "");
		assert_non_null(strstr(err, "0600"));
		asked++;
	}
	assert_true(asked >= 3);
}

static struct imp_blob whole(const char *name)
{
	struct imp_blob blob = { NULL, 0 };
	struct imp_diag diag;

	assert_int_equal(imp_file_read(name, 1 << 20, &blob, &diag), IMP_OK);
	return blob;
}

/* ef -> form -> form ... -> ef is the same file, mode 0600; a form made twice is the same. */
static void test_convert(void **state)
{
	static const char *const steps[] = {
		"set convert psk.ef --to json --out 1.json",
		"set convert 1.json --to senml-cbor --out 2.cbor",
		"set convert 2.cbor --to senml-json --out 3.json",
		"set convert 3.json --to ef --out 4.ef",
		"set convert area.bin.hex --to ef --out 5.ef",
	};
	static const char *const same[][2] = { { "psk.ef", "4.ef" }, { "psk.ef", "5.ef" },
		{ "psk.cbor", "2.cbor" }, { "psk.senml", "3.json" } };
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (run(steps[i], 0600) != 0)
			fail_msg("%s: %s", steps[i], err);
		assert_string_equal(out, "");
	}
	assert_int_equal(stat("1.json", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct imp_blob a = whole(same[i][0]), b = whole(same[i][1]);

		assert_true(imp_span_eq(imp_blob_span(&a), imp_blob_span(&b)));
		imp_blob_free(&a);
		imp_blob_free(&b);
	}
	assert_int_equal(run("--yes set convert hollow.ef --to ef --out 4.ef", 0600), 0);
	assert_int_equal(run("set convert hollow.ef --to ef --out 4.ef --force", 0600), 0);
	assert_int_equal(run("--dry-run set convert hollow.ef --to ef --out 6.ef", 0600), 0);
	assert_int_equal(access("6.ef", F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_reveal),
		cmocka_unit_test(test_convert),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
