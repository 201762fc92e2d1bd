/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations of Leshan's bootstrap server: there and back, its examples, every prefix, every
 * flipped bit, and what is refused with which words. */
#include "factory/leshan.h"

#include "host/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACCOUNT                                                                          \
	"\"1\":{\"bootstrapServer\":false,\"uri\":\"coaps://dm.example.com:5684\","      \
	"\"securityMode\":\"PSK\",\"publicKeyOrId\":[100,109],\"serverPublicKey\":[],"   \
	"\"secretKey\":[0,1,-2,253,4,5,6,7,8,9,10,11,12,13,14,15],\"serverId\":101,"     \
	"\"clientOldOffTime\":1,\"smsSecurityMode\":\"NO_SEC\",\"serverSmsNumber\":\"\"" \
	"}"
#define SERVER "\"0\":{\"shortId\":101,\"lifetime\":86400,\"binding\":\"U\"}"

static struct imp_set set, again;
static struct imp_leshan_fault fault;

static enum imp_status read_into(struct imp_set *to, struct imp_span text)
{
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;

	imp_set_wipe(to);
	if (imp_json_next(&j, &token) != IMP_OK || token.kind != IMP_JSON_OBJECT)
		return IMP_E_FORMAT;
	return imp_leshan_get(&j, to, &fault);
}

static enum imp_status read_text(const char *text)
{
	return read_into(&set, imp_span_str(text));
}

/* What was read comes out, and comes in again as the same set. */
static void goes_round(void)
{
	uint8_t out[65536];
	struct imp_wr wr = imp_wr(out, sizeof out);
	struct imp_json j = imp_json(&wr);

	imp_leshan_put(&j, NULL, &set, IMP_CLEAR_ACCOUNTS, true);
	assert_int_equal(wr.st, IMP_OK);
	assert_int_equal(read_into(&again, imp_wr_span(&wr)), IMP_OK);
	assert_true(imp_set_equal(&set, &again));
	assert_true(imp_leshan_equal(&set, &again));
}

static void reads_an_account(void **state)
{
	static const uint8_t key[] = { 0, 1, 254, 253, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

	(void)state;
	assert_int_equal(
		read_text("{\"security\":{" ACCOUNT "},\"servers\":{" SERVER "}}"), IMP_OK);
	assert_true(imp_span_eq(imp_set_octets(&set, 0, 1, 5), imp_span(key, sizeof key)));
	assert_true(imp_span_eq(imp_set_octets(&set, 0, 1, 3), imp_span_str("dm")));
	assert_int_equal(imp_set_int(&set, 0, 1, 2, -1), 0);
	assert_int_equal(imp_set_int(&set, 0, 1, 10, -1), 101);
	assert_int_equal(imp_set_int(&set, 0, 1, 11, -1), 1);
	assert_int_equal(imp_set_int(&set, 1, 0, 1, -1), 86400);
	assert_non_null(imp_set_get(&set, 0, 1, 4)); /* there, and empty */
	assert_null(imp_set_get(&set, 0, 1, 6));     /* the default is no resource */
	assert_null(imp_set_get(&set, 0, 1, 9));
	goes_round();
	assert_int_equal(imp_set_put_int(&again, 1, 0, 3, 60), IMP_OK);
	assert_false(imp_leshan_equal(&set, &again));
}

static void every_member_goes_round(void **state)
{
	(void)state;
	assert_int_equal(
		read_text("{\"security\":{\"0\":{\"uri\":\"coap://h\",\"bootstrapServer\":true,"
			  "\"securityMode\":\"NO_SEC\",\"smsSecurityMode\":\"SPS_DEVICE\","
			  "\"publicKeyOrId\":[],\"serverPublicKey\":[],\"secretKey\":\"\","
			  "\"smsBindingKeyParam\":[1],\"smsBindingKeySecret\":\"AgM=\","
			  "\"serverSmsNumber\":\"+49\",\"bootstrapServerAccountTimeout\":7,"
			  "\"matchingType\":\"SHA512\",\"sni\":\"h\","
			  "\"certificateUsage\":\"TRUST_ANCHOR_ASSERTION\","
			  "\"oscoreSecurityMode\":3}},"
			  "\"servers\":{\"2\":{\"shortId\":5,\"lifetime\":1,"
			  "\"defaultMinPeriod\":2,\"defaultMaxPeriod\":3,\"disableTimeout\":4,"
			  "\"notifIfDisabled\":true,\"binding\":\"UT\","
			  "\"registrationPriority\":\"9007199254740993\",\"initialDelay\":6,"
			  "\"registrationFailure\":true,"
			  "\"bootstrapOnRegistrationFailure\":false,"
			  "\"communicationRetryCount\":7,\"CommunicationRetryTimer\":8,"
			  "\"SequenceDelayTimer\":9,\"SequenceRetryCount\":10,"
			  "\"trigger\":true,\"preferredTransport\":\"U\","
			  "\"muteSend\":true}},"
			  "\"acls\":{\"0\":{\"objectId\":1,\"objectInstanceId\":0,"
			  "\"acls\":{\"101\":7,\"102\":1},\"AccessControlOwner\":101}},"
			  "\"oscore\":{\"3\":{\"oscoreMasterSecret\":[9],"
			  "\"oscoreSenderId\":[1],\"oscoreRecipientId\":[2],"
			  "\"oscoreAeadAlgorithm\":10,\"oscoreHmacAlgorithm\":5,"
			  "\"oscoreMasterSalt\":[3]}},\"toDelete\":[\"/0\"],"
			  "\"contentFormat\":null,\"autoIdForSecurityObject\":true}"),
		IMP_OK);
	assert_int_equal(set.n, 15 + 18 + 5 + 6);
	assert_int_equal(imp_set_int(&set, 1, 2, 13, 0), 9007199254740993);
	goes_round();
}

struct refusal {
	const char *text, *says;
};

static const struct refusal refusals[] = {
	{ "{\"securities\":{}}", "'securities': no member" },
	{ "{\"security\":[]}", "'security': not an object" },
	{ "{\"security\":{\"x\":{}}}", "'x': not an instance" },
	{ "{\"security\":{\"65535\":{}}}", "'65535': not an instance" },
	{ "{\"security\":{\"0\":7}}", "'0': not an instance" },
	{ "{\"security\":{\"0\":{\"url\":\"x\"}}}", "'url': no member" },
	{ "{\"security\":{\"0\":{\"uri\":7}}}", "'uri': not a text" },
	{ "{\"security\":{\"0\":{\"bootstrapServer\":1}}}", "neither true nor false" },
	{ "{\"security\":{\"0\":{\"securityMode\":\"EST\"}}}", "'securityMode': no word" },
	{ "{\"security\":{\"0\":{\"securityMode\":0}}}", "'securityMode': no word" },
	{ "{\"security\":{\"0\":{\"secretKey\":[256]}}}", "'secretKey': not an octet" },
	{ "{\"security\":{\"0\":{\"secretKey\":[-129]}}}", "'secretKey': not an octet" },
	{ "{\"security\":{\"0\":{\"secretKey\":[1.5]}}}", "'secretKey': not an octet" },
	{ "{\"security\":{\"0\":{\"secretKey\":\"*\"}}}", "nor base64" },
	{ "{\"security\":{\"0\":{\"serverId\":\"x\"}}}", "'serverId': not a whole number" },
	{ "{\"security\":{\"0\":{\"oscoreSecurityMode\":65535}}}", "not an instance" },
	{ "{\"security\":{\"0\":{\"sni\":\"a\",\"sni\":\"b\"}}}", "'sni': named twice" },
	{ "{\"acls\":{\"0\":{\"acls\":{\"x\":1}}}}", "'x': not a short server id" },
	{ "{\"acls\":{\"0\":{\"acls\":[1]}}}", "'acls': not an object" },
	{ "{\"servers\":{\"0\":{\"lifetime\":1e99}}}", "'lifetime': not a whole number" },
	{ "{\"servers\":", "ends in the middle" },
	{ "{\"servers\" 1}", "not JSON" },
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		assert_int_not_equal(read_text(refusals[i].text), IMP_OK);
		if (!strstr(fault.text, refusals[i].says))
			fail_msg("%s: said '%s'", refusals[i].text, fault.text);
		assert_int_equal(set.n, 0);
	}
}

static void every_prefix_and_bit(void **state)
{
	static const char text[] = "{\"security\":{" ACCOUNT "},\"servers\":{" SERVER "}}";
	const size_t n = sizeof text - 1;
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		uint8_t *copy = malloc(i ? i : 1);

		memcpy(copy, text, i);
		assert_int_not_equal(read_into(&set, imp_span(copy, i)), IMP_OK);
		free(copy);
	}
	for (size_t i = 0; i < 8 * n; i++) {
		uint8_t *copy = malloc(n);

		memcpy(copy, text, n);
		copy[i / 8] ^= (uint8_t)(1U << i % 8);
		if (read_into(&set, imp_span(copy, n)) == IMP_OK) {
			taken++;
			goes_round();
		} else {
			assert_int_equal(set.n, 0);
		}
		free(copy);
	}
	assert_true(taken > 0); /* letters of a URI may be others */
	assert_int_equal(read_into(&set, imp_span(text, n)), IMP_OK);
}

static void names_what_is_lost(void **state)
{
	size_t i = 0;
	const struct imp_value *v;

	(void)state;
	assert_int_equal(read_text("{\"servers\":{" SERVER "}}"), IMP_OK);
	assert_null(imp_leshan_lacks(&set, &i));
	assert_int_equal(imp_set_put_int(&set, 1, 0, 26, 1), IMP_OK);
	assert_int_equal(imp_set_put_int_at(&set, 0, 1, 16, 0, 0xC0A8), IMP_OK);
	i = 0;
	v = imp_leshan_lacks(&set, &i);
	assert_non_null(v);
	assert_int_equal(v->path.resource, 16);
	v = imp_leshan_lacks(&set, &i);
	assert_non_null(v);
	assert_int_equal(v->path.resource, 26);
	assert_null(imp_leshan_lacks(&set, &i));
}

static void tells_what_the_device_proves(void **state)
{
	char out[512];
	struct imp_wr wr = imp_wr(out, sizeof out - 1);
	struct imp_json j = imp_json(&wr);

	(void)state;
	assert_int_equal(
		read_text("{\"security\":{\"0\":{\"uri\":\"coap://h\",\"securityMode\":\"PSK\","
			  "\"publicKeyOrId\":[97],\"secretKey\":[0,255]},"
			  "\"1\":{\"uri\":\"coap://h\",\"securityMode\":\"RPK\","
			  "\"publicKeyOrId\":[48]},"
			  "\"2\":{\"uri\":\"coap://h\",\"securityMode\":\"X509\"},"
			  "\"3\":{\"uri\":\"coap://h\",\"securityMode\":\"NO_SEC\"},"
			  "\"4\":{\"uri\":\"coap://h\",\"securityMode\":\"NO_SEC\","
			  "\"oscoreSecurityMode\":0}},"
			  "\"oscore\":{\"0\":{\"oscoreMasterSecret\":[9],"
			  "\"oscoreSenderId\":[1],\"oscoreRecipientId\":[2]}}}"),
		IMP_OK);
	imp_json_array(&j, NULL);
	for (uint16_t i = 0; i < 5; i++)
		imp_leshan_put_security(&j, NULL, "ep", &set, i);
	imp_json_array_end(&j);
	out[wr.n] = '\0';
	assert_string_equal(out,
		"[{\"endpoint\":\"ep\",\"tls\":{\"mode\":\"psk\",\"details\":{\"identity\":\"a\","
		"\"key\":\"00ff\"}}},"
		"{\"endpoint\":\"ep\",\"tls\":{\"mode\":\"rpk\",\"details\":{\"key\":\"30\"}}},"
		"{\"endpoint\":\"ep\",\"tls\":{\"mode\":\"x509\"}},null,"
		"{\"endpoint\":\"ep\",\"oscore\":{\"sid\":\"02\",\"rid\":\"01\",\"msec\":\"09\"}}"
		"]");
}

/* ---- examples of the shape, made elsewhere ----------------------------------------------------
 */

#define EXAMPLES "../shared/vectors/peers/leshan_bootstrap_examples.json"

/* Call read for each member of the member name of the example file. */
static void each_example(
	struct imp_span text, const char *name, void (*read)(struct imp_json_rd *j, size_t i))
{
	struct imp_json_rd j = imp_json_rd(text);
	struct imp_json_token token;
	size_t i = 0;

	assert_int_equal(imp_json_next(&j, &token), IMP_OK);
	while (imp_json_next(&j, &token) == IMP_OK && token.kind != IMP_JSON_END) {
		if (!imp_json_is(token.key, name)) {
			assert_int_equal(imp_json_skip(&j, &token), IMP_OK);
			continue;
		}
		while (imp_json_next(&j, &token) == IMP_OK && token.kind == IMP_JSON_OBJECT)
			read(&j, i++);
	}
	assert_true(i > 0);
}

static void good(struct imp_json_rd *j, size_t i)
{
	(void)i;
	imp_set_wipe(&set);
	assert_int_equal(imp_leshan_get(j, &set, &fault), IMP_OK);
	assert_true(set.n > 10);
	goes_round();
}

static void reads_examples(void **state)
{
	IMP_BLOB file = { NULL, 0 };
	struct imp_diag diag;

	(void)state;
	if (imp_file_read(EXAMPLES, 1 << 20, &file, &diag) != IMP_OK) {
		print_message("skipped: %s\n", diag.text);
		skip();
	}
	each_example(imp_blob_span(&file), "valid", good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_account),
		cmocka_unit_test(every_member_goes_round),
		cmocka_unit_test(refuses),
		cmocka_unit_test(every_prefix_and_bit),
		cmocka_unit_test(names_what_is_lost),
		cmocka_unit_test(tells_what_the_device_proves),
		cmocka_unit_test(reads_examples),
	};

	imp_set_init(&set);
	imp_set_init(&again);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
