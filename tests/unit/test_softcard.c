/* SPDX-License-Identifier: Apache-2.0 */
/* The softcard answers as ETSI TS 102 221 and ISO 7816-4 say: dialogues written down octet by octet
 * from the texts, without the product's own APDU builder, and its state file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "applet-tools/softcard.h"
#include "base/hex.h"

#define AID "A000000063504B43532D3135"
#define PIN1 "31323334FFFFFFFF"
#define ADM1 "3132333435363738"
#define SELECT_ADF "00A4040C0C" AID
#define VERIFY_PIN "0020000108" PIN1
#define VERIFY_ADM "0020000A08" ADM1
#define WRONG "FFFFFFFFFFFFFFFF"
/* EF 6432 of 1 KiB filled with FF, ref B.1 */
#define CREATE_6432 "00E000001D621B8202412183026432 8A01058B036F0601800204008800A503C201FF"

struct row {
	const char *cmd;    /* "reset" is one too */
	const char *answer; /* data and SW; spaces are for the reader */
};

static size_t octets(const char *text, uint8_t *out, size_t cap)
{
	char packed[2 * 2048];
	struct imp_wr wr = imp_wr(out, cap);
	size_t n = 0;

	for (; *text; text++)
		if (*text != ' ')
			packed[n++] = *text;
	assert_int_equal(imp_hex_get(&wr, imp_span(packed, n)), IMP_OK);
	return wr.n;
}

static bool answers(struct imp_softcard *card, const struct row *row)
{
	struct imp_card seam;
	uint8_t cmd[300], want[IMP_RESPONSE_MAX], got[IMP_RESPONSE_MAX];
	struct imp_wr rsp = imp_wr(got, sizeof got);
	char text[2 * IMP_RESPONSE_MAX + 1] = "";
	struct imp_wr shown = imp_wr(text, sizeof text - 1);
	size_t n;

	imp_softcard_as_card(card, &seam);
	if (strcmp(row->cmd, "reset") == 0)
		return seam.reset(seam.ctx) == IMP_OK;
	n = octets(row->cmd, cmd, sizeof cmd);
	assert_int_equal(seam.transceive(seam.ctx, imp_span(cmd, n), &rsp), IMP_OK);
	n = octets(row->answer, want, sizeof want);
	if (imp_span_eq(imp_wr_span(&rsp), imp_span(want, n)))
		return true;
	imp_hex_put(&shown, imp_wr_span(&rsp));
	print_message("%s: wanted %s, got %s\n", row->cmd, row->answer, text);
	return false;
}

/* Rows end with a NULL command. */
static void talk(struct imp_softcard *card, const struct row *rows)
{
	for (; rows->cmd; rows++)
		assert_true(answers(card, rows));
}

static struct imp_softcard *new_card(unsigned protocol, unsigned flags)
{
	struct imp_softcard_config config = { .protocol = protocol, .flags = flags };
	struct imp_diag diag;
	struct imp_softcard *card = imp_softcard_new(&config, &diag);

	assert_non_null(card);
	return card;
}

struct dialogue {
	const char *name;
	unsigned protocol, flags;
	struct row rows[32];
};

#define ADF IMP_SOFTCARD_ADF
#define DIR IMP_SOFTCARD_DIR
#define EFS IMP_SOFTCARD_EFS
#define FREE38 "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

static const struct dialogue dialogues[] = {
	{ "EF.DIR by SFI", 1, ADF | DIR,
		{
			{ "00B201F400", "61144F0C" AID "51043F007F50"
					"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000" },
			{ "00B202F400", FREE38 "9000" },
			{ "00B204F426", FREE38 "9000" },
			{ "00B205F400", "6A83" },
			{ "00B201F420", "6700" },
			{ "00B201F430", "61144F0C" AID "51043F007F50"
					"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 6282" },
			{ "00B201F4", "6700" },
			{ "00B201F500", "6A86" },
			{ "00B2016C00", "6A82" },
		} },
	{ "EF.DIR by SFI on T=0", 0, ADF | DIR,
		{
			{ "00B201F400", "6C26" },
			{ "00B201F426", "61144F0C" AID "51043F007F50"
					"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000" },
			{ "00B201F4", "6C26" },
			{ "00B205F400", "6A83" },
		} },
	{ "records: next, previous, current", 1, ADF,
		{
			{ "00A4000C022F00", "9000" },
			{ "00B2000400", "6A83" },
			{ "0020000A08" ADM1, "9000" },
			{ "00DC020426"
			  "11"
			  "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
			  "FF",
				"9000" },
			{ "00B2000200", FREE38 "9000" },
			{ "00B2000200", "11FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
					"FFFFFFFFFFFFFFFFFF9000" },
			{ "00B2000400", "11FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
					"FFFFFFFFFFFFFFFFFF9000" },
			{ "00B2000300", FREE38 "9000" },
			{ "00B2000300", "6A83" },
			{ "00B2010200", "6A86" },
			{ "00DC020425"
			  "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
			  "FF",
				"6700" },
			{ "00DC0904", "6700" },
			{ "00B0000000", "6981" },
		} },
	{ "ICCID", 1, 0,
		{
			{ "00A4080C022FE2", "9000" },
			{ "00B000000A", "988812010000000010F1 9000" },
			{ "00B0000000", "988812010000000010F1 9000" },
			{ "00B000000B", "988812010000000010F1 6282" },
			{ "00B0000901", "F1 9000" },
			{ "00B0000A01", "6B00" },
			{ "00B08000", "6700" },
			{ "00B082000A", "988812010000000010F1 9000" },
			{ VERIFY_ADM, "9000" },
			{ "00D6000001AA", "6982" },
			{ "00B201040A", "6981" },
		} },
	{ "ICCID on T=0", 0, 0,
		{
			{ "00A40804022FE2", "6119" },
			{ "00C0000019",
				"6217 82024121 83022FE2 8A0105 8B032F0604 8002000A 880110 9000" },
			{ "00B0000000", "6C0A" },
			{ "00B000000A", "988812010000000010F1 9000" },
			{ "00B000000B", "6C0A" },
			{ "00B00008", "6C02" },
		} },
	{ "MF has no EF current", 1, 0,
		{
			{ "00B000000A", "6986" },
			{ "00D6000001AA", "6986" },
			{ "00B2010400", "6986" },
		} },
	{ "selection", 1, ADF | EFS,
		{
			{ "00A40004027FFF", "6A82" },
			{ "00A40804047FFF643200", "6A82" },
			{ "00A40004026432", "6A82" },
			{ SELECT_ADF, "9000" },
			{ "00A4000C027FFF", "9000" },
			{ "00A4000402643200",
				"6217 82024121 83026432 8A0105 8B036F0601 80020400 880190 9000" },
			{ "00A4000002643200",
				"6217 82024121 83026432 8A0105 8B036F0601 80020400 880190 9000" },
			{ "00A4000C022F00", "6A82" },
			{ "00A4080C047FFF6430", "9000" },
			{ "00A4080C047F505031", "9000" },
			{ "00A4080C047FFF7FFF", "6A82" },
			{ "00A4080C023F00", "6A82" },
			{ "00A4090C026430", "9000" },
			{ "00A4000C023F00", "9000" },
			{ "00A4080C047FFF6430", "9000" },
			{ "00A4000C", "9000" },
			{ "00A4090C047F506432", "9000" },
			{ "00A4090C0464327F50", "6A82" },
			{ "00A4000C027F50", "9000" },
			{ "00A4030C", "9000" },
			{ "00A4010C027F50", "9000" },
			{ "00A4010C026432", "6A82" },
			{ "00A4000C016432", "6700" },
			{ "00A4080C03643201", "6700" },
			{ "00A4020C026432", "6A86" },
			{ "00A4000D026432", "6A86" },
			{ "00A4040C05A000000063", "9000" },
			{ "00A4040C05A000000087", "6A82" },
			{ "00A4040C04A0000000", "6700" },
			{ "00A4040C0D" AID "00", "6A82" },
		} },
	{ "FCP of ADF and STATUS", 1, ADF,
		{
			{ "00A404040C" AID "00",
				"622C 82027821 83027F50 840C" AID
				" 8A0105 8B032F0603 81040000FCDE C606900180830101 9000" },
			{ "00A404040C" AID, "9000" },
			{ "80F2000000", "622C 82027821 83027F50 840C" AID
					" 8A0105 8B032F0603 81040000FCDE C606900180830101 9000" },
			{ "80F200010E", "840C" AID "9000" },
			{ "80F200010D", "6C0E" },
			{ "80F2000C", "9000" },
			{ "80F2000200", "6A86" },
			{ "80F2030000", "6A86" },
			{ "00F2000000", "6E00" },
			{ "reset", "" },
			{ "80F2000100", "6A88" },
		} },
	{ "T=0 answers wait for GET RESPONSE on their channel", 0, ADF,
		{
			{ "00C0000001", "6985" },
			{ "00A404040C" AID, "612E" },
			{ "00C0000000", "6C2E" },
			{ "00C000002F", "6C2E" },
			{ "00C0000004", "622C8202612A" },
			{ "00C0010001", "6A86" },
			{ "00C000002A", "7821 83027F50 840C" AID
					" 8A0105 8B032F0603 81040000FCDE C606900180830101 9000" },
			{ "00C0000001", "6985" },
			{ "00A404040C" AID, "612E" },
			{ "00200001", "63C3" },
			{ "00C000002E", "6985" },
			{ "0070000001", "019000" },
			{ "01A404040C" AID "00", "612E" },
			{ "00C000002E", "6985" },
			{ "01C0000004", "622C8202612A" },
			{ "80F2000000", "6C2E" },
			{ "80F2000E00", "6A86" },
		} },
	{ "channels", 1, ADF,
		{
			{ "01A4000C023F00", "6881" },
			{ "0070000001", "01 9000" },
			{ "0070000000", "02 9000" },
			{ "0070000001", "03 9000" },
			{ "0070000001", "6A81" },
			{ "0070000101", "6A86" },
			{ "00700000", "6700" },
			{ "0070400001", "6A86" },
			{ "02A4040C0C" AID, "9000" },
			{ "02A4000C027FFF", "9000" },
			{ "03A4000C027FFF", "6A82" },
			{ "00708003", "9000" },
			{ "00708003", "6200" },
			{ "0270000001", "03 9000" },
			{ "03A4000C027FFF", "9000" },
			{ "02708003", "6A86" },
			{ "03708003", "9000" },
			{ "00708000", "6A86" },
			{ "00708004", "6A86" },
			{ "0170800100", "9000" },
			{ "01B0000001", "6881" },
			{ "40A4000C023F00", "6881" },
			{ "60A4000C023F00", "6882" },
			{ "04A4000C023F00", "6882" },
			{ "10A4000C023F00", "6884" },
			{ "FFA4000C023F00", "6E00" },
			{ "80A4000C023F00", "6E00" },
			{ "00FE0000", "6D00" },
			{ "reset", "" },
			{ "02A4000C023F00", "6881" },
		} },
	{ "channel on T=0", 0, 0,
		{
			{ "0070000000", "6C01" },
			{ "0070000001", "019000" },
			{ "00708001", "9000" },
		} },
	{ "card without channels", 1, IMP_SOFTCARD_NO_CHANNELS,
		{ { "0070000001", "6881" }, { "01A4000C023F00", "6881" } } },
	{ "PIN", 1, 0,
		{
			{ "00200001", "63C3" },
			{ "0020000100", "63C3" },
			{ "0020000A", "63CA" },
			{ "00200002", "6A88" },
			{ "00200101", "6A86" },
			{ "0020000104"
			  "31323334",
				"6700" },
			{ "0020000108" WRONG, "63C2" },
			{ "00200001", "63C2" },
			{ VERIFY_PIN, "9000" },
			{ "00200001", "9000" },
			{ "0020000108" WRONG, "63C2" },
			{ "00200001", "63C2" },
			{ "reset", "" },
			{ "0020000108" WRONG, "63C1" },
			{ "0020000108" WRONG, "63C0" },
			{ "00200001", "6983" },
			{ VERIFY_PIN, "6983" },
			{ "reset", "" },
			{ VERIFY_PIN, "6983" },
			{ VERIFY_ADM, "9000" },
			{ "0020000A", "9000" },
			{ "reset", "" },
			{ "0020000A", "63CA" },
		} },
	{ "a PIN counts on all channels", 1, ADF | EFS,
		{
			{ "0070000001", "019000" },
			{ "01A4040C0C" AID, "9000" },
			{ "01A4000C026432", "9000" },
			{ "01D600000101", "6982" },
			{ VERIFY_ADM, "9000" },
			{ "01D600000101", "9000" },
			{ "01B0000002", "01FF9000" },
			{ "01D604000101", "6B00" },
			{ "01D603FF020101", "6700" },
			{ "01D60000", "6700" },
			{ "01B003FE03", "FFFF6282" },
			{ "01B003FF03", "FF6282" },
			{ "01B0040001", "6B00" },
			{ "01B0920002", "01FF9000" },
			{ "01B0B20002", "6A86" },
			{ "01B0800002", "6A86" },
			{ "01B09F0002", "6A86" },
			{ "01B0950002", "6A82" },
			{ "01D6910001A7", "9000" },
			{ "01B0000001", "A79000" },
		} },
	{ "CREATE, fill, DELETE", 1, ADF,
		{
			{ SELECT_ADF, "9000" },
			{ CREATE_6432, "6982" },
			{ VERIFY_ADM, "9000" },
			{ CREATE_6432, "9000" },
			{ "00D600000400000000", "9000" },
			{ "00B0000006", "00000000FFFF9000" },
			{ CREATE_6432, "6A89" },
			/* the three other worked commands of B.1 */
			{ "00E00000196217820241218302503 18A01058B036F06018002002088 0188",
				"9000" },
			{ "00E0000018621682024121830264308A01058B036F0601800200808800", "9000" },
			{ "00B091000001", "6700" },
			{ "00B0910001", "FF9000" },
			{ "00B08A0001", "6A82" },
			{ "00E000001B621982044221002883026F078A01058B032F06038002005088 01B0",
				"9000" },
			{ "00A40004026F0700", "621A 8205422100280 2 83026F07 8A0105 8B032F0603 "
					      "80020050 8801B0 9000" },
			{ "00E4000002 6432", "9000" },
			{ "00A4000C026432", "6A82" },
			{ "00E40000026432", "6A82" },
			{ "00E400000164", "6700" },
			{ CREATE_6432, "9000" },
			{ "00B0000002", "FFFF9000" },
			{ "reset", "" },
			{ SELECT_ADF, "9000" },
			{ "00E40000026432", "6982" },
		} },
	{ "CREATE of the application, and in it", 1, 0,
		{
			{ VERIFY_ADM, "9000" },
			{ "00E0000037 6235 82027821 83027F50 840C" AID
			  " 8A0105 AB0B800103A40683010A950108 81021000 C609900180830101 83010A",
				"9000" },
			{ SELECT_ADF, "9000" },
			{ "00E0000034 6232 82027821 83027F51 840C" AID
			  " 8A0105 AB0B800103A40683010A950108 81021000 C606900180830101",
				"6982" },
			{ "00A4000C023F00", "9000" },
			{ "00E0000034 6232 82027821 83027F51 840C" AID
			  " 8A0105 AB0B800103A40683010A950108 81021000 C606900180830101",
				"6A8A" },
			{ "00E0000034 6232 82027821 83027F50 840C" AID
			  " 8A0105 AB0B800103A40683010A950108 81021000 C606900180830101",
				"6A89" },
			{ "00E0000026 6224 82027821 83027F51 8A0105 AB0B800103A40683010A950108"
			  " 81021000 C606900180830101",
				"9000" },
			{ "00A4000C023F00", "9000" },
			{ "00E40000027F50", "9000" },
			{ SELECT_ADF, "6A82" },
		} },
	{ "card that makes no DF", 1, IMP_SOFTCARD_NO_CREATE_DF,
		{
			{ VERIFY_ADM, "9000" },
			{ "00E0000026 6224 82027821 83027F51 8A0105 AB0B800103A40683010A950108"
			  " 81021000 C606900180830101",
				"6A81" },
		} },
	{ "CREATE with wrong parameters", 1, ADF,
		{
			{ SELECT_ADF, "9000" },
			{ VERIFY_ADM, "9000" },
			{ "00E00000", "6700" },
			{ "00E000010100", "6A86" },
			{ "00E0000003620100", "6A80" },
			{ "00E0000018621682024121830264308A01058B036F06018002008088", "6700" },
			/* no rule; unknown tag; size twice; size 0; no identifier; descriptor */
			{ "00E00000116 20F820241218302643 08A010580020080", "6A80" },
			{ "00E0000019621782024121830264308A01058B036F0601800200809F00 00", "6A80" },
			{ "00E000001A621882024121830264308A01058B036F06018002008080020080",
				"6A80" },
			{ "00E0000016621482024121830264308A01058B036F060180020000", "6A80" },
			{ "00E00000126210820241218A01058B036F060180020080", "6A80" },
			{ "00E0000016621482024921830264308A01058B036F060180020080", "6A80" },
			/* rule without condition; life cycle 02; reserved identifier; SFI 31 */
			{ "00E0000016621482024121830264308A0105AB0380010180020080", "6A80" },
			{ "00E0000016621482024121830264308A01028B036F060180020080", "6A80" },
			{ "00E0000016621482024121833F00008A01058B036F060180020080", "6A80" },
			{ "00E0000019621782024121830264308A01058B036F0601800200808801F8", "6A80" },
			/* records that do not divide the size; no memory; SFI of EF.ARR */
			{ "00E0000018621682044221002883 0264308A01058B036F060180020051", "6A80" },
			{ "00E0000018621682024121830264308A01058B036F06018002FFFF8800", "6A84" },
			{ "00E0000019621782024121830264308A01058B036F0601800200808801B8", "6A80" },
		} },
	{ "rules of PIN, OR, never, compact", 1, ADF,
		{
			{ SELECT_ADF, "9000" },
			{ VERIFY_ADM, "9000" },
			/* READ PIN1 or universal PIN, UPDATE ADM1 */
			{ "00E0000035 6233 82024121 83020001 8A0105 AB20800101A010A406830101950108"
			  "A406830111950108800102A40683010A950108 80020004 8800",
				"9000" },
			{ "00B0000001", "6982" },
			{ "00D600000101", "9000" },
			{ VERIFY_PIN, "9000" },
			{ "00B0000001", "019000" },
			/* READ never, UPDATE always */
			{ "00E000001F 621D 82024121 83020002 8A0105 AB0A80010197008001029000 "
			  "80020004 8800",
				"9000" },
			{ "00B0000001", "6982" },
			{ "00D600000101", "9000" },
			/* compact: UPDATE never, READ always */
			{ "00E0000018 6216 82024121 83020003 8A0105 8C0303FF00 80020004 8800",
				"9000" },
			{ "00B0000001", "FF9000" },
			{ "00D600000101", "6982" },
			/* rule record by security environment: 01 counts */
			{ "00E000001B 6219 82024121 83020004 8A0105 8B066F0600010102 80020004 8800",
				"9000" },
			{ "00B0000001", "FF9000" },
			{ "reset", "" },
			{ SELECT_ADF, "9000" },
			{ "00A4000C020004", "9000" },
			{ "00B0000001", "6982" },
			{ VERIFY_PIN, "9000" },
			{ "00B0000001", "FF9000" },
			/* a free record, and a missing EF.ARR, refuse */
			{ VERIFY_ADM, "9000" },
			{ "00E0000018 6216 82024121 83020005 8A0105 8B036F0608 80020004 8800",
				"9000" },
			{ "00B0000001", "6982" },
			{ "00E0000018 6216 82024121 83020006 8A0105 8B036F1101 80020004 8800",
				"9000" },
			{ "00B0000001", "6982" },
		} },
	{ "deactivated files", 1, ADF | EFS,
		{
			{ SELECT_ADF, "9000" },
			{ "00040000026432", "6982" },
			{ VERIFY_ADM, "9000" },
			{ "00040000026432", "9000" },
			{ "00B0000001", "6984" },
			{ "00D600000101", "6984" },
			{ "00A4000C026432", "6283" },
			{ "00A4000402643200",
				"6217 82024121 83026432 8A0104 8B036F0601 80020400 880190 6283" },
			{ "00440000", "9000" },
			{ "00B0000001", "FF9000" },
			{ "00A4000C027F50", "9000" },
			{ "00040000", "9000" },
			{ "00A4040C0C" AID, "6283" },
			{ "00B0920001", "6984" },
			{ CREATE_6432, "6985" },
			{ "00440800027F50", "9000" },
			{ "00B0920001", "FF9000" },
			{ "00440000029999", "6A82" },
			{ "00440001", "6A86" },
			{ "00A4000C023F00", "9000" },
			{ "00040000", "6985" },
		} },
	{ "T=0 keeps the warning for GET RESPONSE", 0, ADF | EFS,
		{
			{ SELECT_ADF, "9000" },
			{ VERIFY_ADM, "9000" },
			{ "00040000026432", "9000" },
			{ "00A40004026432", "6119" },
			{ "00C0000019",
				"6217 82024121 83026432 8A0104 8B036F0601 80020400 880190 6283" },
		} },
	{ "habit: no data for P2 00", 1, IMP_SOFTCARD_NO_FCP_P2_00,
		{
			{ "00A40000022FE200", "9000" },
			{ "00A40004022FE200",
				"6217 82024121 83022FE2 8A0105 8B032F0604 8002000A 880110 9000" },
		} },
	{ "habit: no SFI", 1, IMP_SOFTCARD_NO_SFI, { { "00B201F400", "6A82" } } },
	{ "habit: at most 128", 1, ADF | EFS | IMP_SOFTCARD_LE_MAX_128,
		{
			{ SELECT_ADF, "9000" },
			{ "00B0920000", "6700" },
			{ "00B0920081", "6700" },
			{ "00B092FF01", "FF9000" },
		} },
	{ "broken commands", 1, 0,
		{
			{ "", "6700" },
			{ "00A404", "6700" },
			{ "00A4000C00", "9000" },
			{ "00A4000C022F", "6700" },
			{ "00A4000C022F000000", "6700" },
			{ "00B000000000FF", "6700" },
		} },
};

static void test_dialogues(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof dialogues / sizeof *dialogues; i++) {
		struct imp_softcard *card = new_card(dialogues[i].protocol, dialogues[i].flags);
		size_t rows = 0;

		while (rows < 32 && dialogues[i].rows[rows].cmd)
			rows++;
		assert_in_range(rows, 1, 31);
		for (size_t r = 0; r < rows; r++)
			if (!answers(card, &dialogues[i].rows[r]))
				fail_msg("%s, row %u", dialogues[i].name, (unsigned)r + 1);
		imp_softcard_free(card);
	}
}

/* ---- the answer to reset */

/* Read as ISO 7816-3 8.2: interface octets follow the indicator bits, TCK closes the sum. */
static void test_atr(void **state)
{
	(void)state;
	for (unsigned protocol = 0; protocol < 2; protocol++) {
		struct imp_softcard *card = new_card(protocol, 0);
		struct imp_card seam;
		uint8_t b[IMP_ATR_MAX], sum = 0;
		struct imp_wr wr = imp_wr(b, sizeof b);
		size_t at = 2;
		int first = -1;

		imp_softcard_as_card(card, &seam);
		assert_int_equal(seam.atr(seam.ctx, &wr), IMP_OK);
		assert_int_equal(b[0], 0x3B);
		for (unsigned y = b[1] >> 4; y;) {
			at += (y & 1) + (y >> 1 & 1) + (y >> 2 & 1);
			if (!(y & 8))
				break;
			if (first < 0)
				first = b[at] & 15;
			y = b[at++] >> 4;
		}
		assert_int_equal(first, (int)protocol);
		assert_int_equal(at + (b[1] & 15U) + 1, wr.n);
		for (size_t i = 1; i < wr.n; i++)
			sum ^= b[i];
		assert_int_equal(sum, 0);
		imp_softcard_free(card);
	}
}

/* ---- faults */

static enum imp_status send(struct imp_softcard *card, const char *cmd, unsigned *sw)
{
	struct imp_card seam;
	uint8_t c[300], b[IMP_RESPONSE_MAX];
	struct imp_wr rsp = imp_wr(b, sizeof b);
	size_t n = octets(cmd, c, sizeof c);
	enum imp_status st;

	imp_softcard_as_card(card, &seam);
	st = seam.transceive(seam.ctx, imp_span(c, n), &rsp);
	*sw = 0;
	if (st == IMP_OK)
		*sw = (unsigned)(b[rsp.n - 2] << 8 | b[rsp.n - 1]);
	else
		assert_int_equal(rsp.n, 0);
	return st;
}

static void test_faults(void **state)
{
	static const struct {
		struct imp_softcard_fault fault;
		enum imp_status st;
		unsigned sw;
		const char *content; /* of the EF afterwards, before: FF FF FF FF */
		bool gone;
	} rows[] = {
		{ { 4, 0, IMP_SOFTCARD_GONE, 0 }, IMP_E_ABSENT, 0, "FFFFFFFF", true },
		{ { 4, 0, IMP_SOFTCARD_GONE_AFTER, 0 }, IMP_E_ABSENT, 0, "01020304", true },
		{ { 4, 0, IMP_SOFTCARD_TORN, 3 }, IMP_E_ABSENT, 0, "010203FF", true },
		{ { 0, 0xD6, IMP_SOFTCARD_TORN, 0 }, IMP_E_ABSENT, 0, "FFFFFFFF", true },
		{ { 4, 0, IMP_SOFTCARD_SW, 0x6581 }, IMP_OK, 0x6581, "FFFFFFFF", false },
		{ { 0, 0xD6, IMP_SOFTCARD_SW_AFTER, 0x6500 }, IMP_OK, 0x6500, "01020304", false },
		{ { 4, 0, IMP_SOFTCARD_LE, 0x20 }, IMP_OK, 0x6C20, "FFFFFFFF", false },
		{ { 4, 0, IMP_SOFTCARD_SLOW, 1 }, IMP_OK, 0x9000, "01020304", false },
		{ { 4, 0, IMP_SOFTCARD_MUTE, 0 }, IMP_E_IO, 0, "01020304", false },
		{ { 5, 0, IMP_SOFTCARD_GONE, 0 }, IMP_OK, 0x9000, "01020304", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_softcard *card = new_card(1, ADF | EFS);
		struct imp_card seam;
		struct imp_span content;
		uint8_t want[4];
		unsigned sw;

		imp_softcard_as_card(card, &seam);
		assert_int_equal(imp_softcard_add_fault(card, &rows[i].fault), IMP_OK);
		assert_int_equal(send(card, VERIFY_ADM, &sw), IMP_OK);
		assert_int_equal(send(card, SELECT_ADF, &sw), IMP_OK);
		assert_int_equal(send(card, "00A4000C026432", &sw), IMP_OK);
		assert_int_equal(send(card, "00D600000401020304", &sw), rows[i].st);
		assert_int_equal(sw, rows[i].sw);
		octets(rows[i].content, want, 4);
		assert_int_equal(imp_softcard_file(card, 0x7F50, 0x6432, &content), IMP_OK);
		assert_memory_equal(content.p, want, 4);
		assert_int_equal(imp_softcard_gone(card), rows[i].gone);
		assert_int_equal(imp_softcard_counts(card)->apdus, 4);
		if (rows[i].st == IMP_OK) {
			imp_softcard_free(card);
			continue;
		}
		/* stays away, or mute, until it is put back, or reset; then nothing is verified */
		assert_int_equal(send(card, SELECT_ADF, &sw), rows[i].st);
		assert_int_equal(seam.reset(seam.ctx), rows[i].gone ? IMP_E_ABSENT : IMP_OK);
		if (rows[i].gone)
			imp_softcard_insert(card);
		assert_int_equal(send(card, "0020000A", &sw), IMP_OK);
		assert_int_equal(sw, 0x63CA);
		imp_softcard_free(card);
	}
}

static void test_faults_are_bounded(void **state)
{
	struct imp_softcard *card = new_card(1, 0);
	struct imp_softcard_fault fault = { 1, 0, IMP_SOFTCARD_SW, 0x6F00 };
	unsigned sw;

	(void)state;
	for (int i = 0; i < IMP_SOFTCARD_FAULTS_MAX; i++)
		assert_int_equal(imp_softcard_add_fault(card, &fault), IMP_OK);
	assert_int_equal(imp_softcard_add_fault(card, &fault), IMP_E_SPACE);
	imp_softcard_clear_faults(card);
	assert_int_equal(send(card, "00A4000C023F00", &sw), IMP_OK);
	assert_int_equal(sw, 0x9000);
	imp_softcard_free(card);
}

/* ---- around the core */

static void test_config(void **state)
{
	static const struct {
		struct imp_softcard_config config;
		const char *says;
	} rows[] = {
		{ { .iccid = "123" }, "ICCID" },
		{ { .iccid = "89882110000000000a8" }, "ICCID" },
		{ { .iccid = "898821100000000000180"
			     "1" },
			"ICCID" },
		{ { .protocol = 2 }, "T=2" },
		{ { .memory = 100 }, "memory" },
		{ { .memory = IMP_SOFTCARD_MEMORY_MAX + 1 }, "memory" },
		{ { .ef_size = 32769 }, "32768" },
		{ { .pin = { (const uint8_t *)"123", 3 } }, "PIN" },
		{ { .adm = { (const uint8_t *)"123456789", 9 } }, "ADM" },
	};
	struct imp_diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_null(imp_softcard_new(&rows[i].config, &diag));
		assert_int_equal(diag.status, IMP_E_USAGE);
		assert_non_null(strstr(diag.text, rows[i].says));
	}
}

/* Nobody is warned of the standard card: its check digit is right (ITU-T E.118). */
static void test_standard_iccid(void **state)
{
	static const char digits[] = IMP_SOFTCARD_ICCID;
	unsigned sum = 0;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof digits; i++) {
		unsigned d = (unsigned)(digits[sizeof digits - 2 - i] - '0') << i % 2;

		sum += d / 10 + d % 10;
	}
	assert_int_equal(sum % 10, 0);
}

static void test_clone(void **state)
{
	struct imp_softcard *card = new_card(1, ADF | EFS), *copy;
	static const struct row change[] = {
		{ VERIFY_ADM, "9000" },
		{ SELECT_ADF, "9000" },
		{ "00D692000101", "9000" },
		{ "00E40000026432", "9000" },
		{ NULL, NULL },
	};
	struct imp_span content;

	(void)state;
	copy = imp_softcard_clone(card);
	assert_non_null(copy);
	talk(copy, change);
	assert_int_equal(imp_softcard_file(copy, 0x7F50, 0x6432, &content), IMP_E_ABSENT);
	assert_int_equal(imp_softcard_file(card, 0x7F50, 0x6432, &content), IMP_OK);
	assert_int_equal(content.p[0], 0xFF);
	assert_int_equal(imp_softcard_counts(card)->apdus, 0);
	assert_int_equal(imp_softcard_counts(copy)->apdus, 4);
	assert_int_equal(imp_softcard_counts(copy)->ins[0xE4], 1);
	assert_int_equal(imp_softcard_counts(copy)->octets_out, 8);
	imp_softcard_count_from_zero(copy);
	assert_int_equal(imp_softcard_counts(copy)->apdus, 0);
	imp_softcard_free(copy);
	imp_softcard_free(card);
}

static void test_poke(void **state)
{
	struct imp_softcard *card = new_card(1, ADF | EFS);
	struct imp_span content;
	uint64_t before = imp_softcard_generation(card);

	(void)state;
	assert_int_equal(imp_softcard_poke(card, 0x7F50, 0x5031, 30, imp_span("ab", 2)), IMP_OK);
	assert_true(imp_softcard_generation(card) > before);
	assert_int_equal(
		imp_softcard_poke(card, 0x7F50, 0x5031, 31, imp_span("ab", 2)), IMP_E_SPACE);
	assert_int_equal(
		imp_softcard_poke(card, 0x7F50, 0x7F50, 0, imp_span("a", 1)), IMP_E_ABSENT);
	assert_int_equal(imp_softcard_file(card, 0x7F50, 0x5031, &content), IMP_OK);
	assert_memory_equal(content.p + 30, "ab", 2);
	assert_int_equal(imp_softcard_tries(card, 0x01), 3);
	assert_int_equal(imp_softcard_tries(card, 0x0A), 10);
	assert_int_equal(imp_softcard_tries(card, 0x02), 0);
	imp_softcard_free(card);
}

/* A file of 32768 octets is written to its last octet through offsets and read again. */
static void test_large_file(void **state)
{
	static const struct row make[] = {
		{ VERIFY_ADM, "9000" },
		{ SELECT_ADF, "9000" },
		{ "00E0000018621682024121830264328A01058B036F0601800280008800", "9000" },
		{ NULL, NULL },
	};
	static const struct row ends[] = {
		{ "00D67FFF0101", "9000" },
		{ "00D67FFF020101", "6700" },
		{ "00B07FFE02", "FF019000" },
		{ "00B07FFF00", "019000" },
		{ NULL, NULL },
	};
	struct imp_softcard *card = new_card(1, ADF);

	(void)state;
	talk(card, make);
	talk(card, ends);
	/* a second one does not fit into 64 KiB, a smaller one does; deleting gives back */
	assert_true(answers(
		card, &(struct row){ "00E0000018621682024121830264338A01058B036F0601800280008800",
			      "6A84" }));
	assert_true(answers(card, &(struct row){ "00E40000026432", "9000" }));
	assert_true(answers(
		card, &(struct row){ "00E0000018621682024121830264338A01058B036F0601800280008800",
			      "9000" }));
	imp_softcard_free(card);
}

static void test_file_table_is_bounded(void **state)
{
	struct imp_softcard *card = new_card(1, ADF);
	unsigned sw = 0, made = 0;

	(void)state;
	assert_int_equal(send(card, VERIFY_ADM, &sw), IMP_OK);
	assert_int_equal(send(card, SELECT_ADF, &sw), IMP_OK);
	for (; made < 100; made++) {
		char cmd[80];

		(void)snprintf(cmd, sizeof cmd,
			"00E00000186216820241218302%04X8A01058B036F0601800200018800",
			0x1100 + made);
		assert_int_equal(send(card, cmd, &sw), IMP_OK);
		if (sw != 0x9000)
			break;
	}
	assert_int_equal(sw, 0x6A84);
	assert_in_range(made, 50, 63);
	imp_softcard_free(card);
}

/* ---- state file */

static size_t save(const struct imp_softcard *card, char *out, size_t cap)
{
	struct imp_wr wr = imp_wr(out, cap);

	imp_softcard_save(card, &wr);
	assert_int_equal(wr.st, IMP_OK);
	return wr.n;
}

static void test_state_round_trip(void **state)
{
	static const struct row change[] = {
		{ "0020000108" WRONG, "63C2" },
		{ VERIFY_ADM, "9000" },
		{ SELECT_ADF, "9000" },
		{ "00D692000201FF", "9000" },
		{ "00E40000025032", "9000" },
		{ "00E000002B 6229 82027821 83027F60 8A0105 AB10800103A40683010A950108 80015C9000"
		  " 81021000 C606900180830101",
			"9000" },
		{ "00E0000018 6216 82024121 83020003 8A0105 8C0303FF00 80020004 8800", "9000" },
		{ "00A4000C027F50", "9000" },
		{ "00040000026430", "9000" },
		{ NULL, NULL },
	};
	static const struct row later[] = {
		{ "0020000A", "63CA" },
		{ "00200001", "63C2" },
		{ SELECT_ADF, "9000" },
		{ "00A4000C026430", "6283" },
		{ "00A4000C025032", "6A82" },
		{ "00B0920003", "01FFFF9000" },
		{ "00A4080C067F507F600003", "9000" },
		{ "00B0000000", "FFFFFFFF9000" },
		{ "00D600000101", "6982" },
		{ NULL, NULL },
	};
	static const struct imp_softcard_fault faults[] = {
		{ 900, 0, IMP_SOFTCARD_GONE, 0 },
		{ 901, 0, IMP_SOFTCARD_SW, 0x6581 },
		{ 0, 0xE8, IMP_SOFTCARD_SW_AFTER, 0x0640 },
		{ 902, 0, IMP_SOFTCARD_SLOW, 1500 },
		{ 0, 0x00, IMP_SOFTCARD_LE, 0x07 },
		{ 903, 0, IMP_SOFTCARD_TORN, 3 },
		{ 904, 0, IMP_SOFTCARD_MUTE, 0 },
		{ 905, 0, IMP_SOFTCARD_GONE_AFTER, 0 },
	};
	static char first[16384], second[16384];
	struct imp_softcard *card = new_card(1, ADF | DIR | EFS);
	struct imp_softcard *again;
	struct imp_diag diag;
	size_t n, m;

	(void)state;
	talk(card, change);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		assert_int_equal(imp_softcard_add_fault(card, &faults[i]), IMP_OK);
	n = save(card, first, sizeof first);
	again = imp_softcard_load(imp_span(first, n), "card.json", &diag);
	if (!again)
		fail_msg("%s", diag.text);
	m = save(again, second, sizeof second);
	assert_int_equal(n, m);
	assert_memory_equal(first, second, n);
	assert_int_equal(imp_softcard_generation(again), 0);
	talk(again, later);
	imp_softcard_free(again);
	imp_softcard_free(card);
}

static void test_state_keeps_habits(void **state)
{
	static char text[16384];
	struct imp_softcard *card = new_card(
		0, IMP_SOFTCARD_LE_MAX_128 | IMP_SOFTCARD_NO_CREATE_DF | IMP_SOFTCARD_NO_CHANNELS |
			   IMP_SOFTCARD_NO_FCP_P2_00 | IMP_SOFTCARD_NO_SFI);
	struct imp_softcard *again;
	struct imp_diag diag;
	size_t n = save(card, text, sizeof text);

	(void)state;
	assert_non_null(strstr(text, "\"iccid\":\"8988211000000000011\""));
	assert_non_null(strstr(text, "\"no-channels\",\"no-create-df\",\"no-fcp-p2-00\",\"no-sfi\","
				     "\"le-max-128\""));
	again = imp_softcard_load(imp_span(text, n), "card.json", &diag);
	assert_non_null(again);
	assert_true(answers(again, &(struct row){ "0070000001", "6881" }));
	assert_true(answers(again, &(struct row){ "00B201F426", "6A82" }));
	imp_softcard_free(again);
	imp_softcard_free(card);
}

#define HEAD "{\"format\":\"imprint-softcard\",\"version\":1,\"protocol\":1,\"memory\":4096,"
#define PINS                                                                               \
	"\"pins\":[{\"ref\":\"01\",\"value\":\"3132333435363738\",\"tries\":3,\"max\":3}," \
	"{\"ref\":\"0a\",\"value\":\"3132333435363738\",\"tries\":3,\"max\":3}]"
#define MF "{\"path\":\"3F00\",\"kind\":\"df\",\"lcs\":5,\"rule\":\"8B032F0603\"}"
#define EF(rest) "{\"path\":\"3F00/2F01\",\"kind\":\"transparent\",\"lcs\":5," rest "}"
#define WITH(files) HEAD PINS ",\"files\":[" files "]}"
#define RULE "\"rule\":\"8B032F0603\""
#define FAULT(text) HEAD PINS ",\"files\":[" MF "],\"faults\":[" text "]}"

static void test_state_refusals(void **state)
{
	static const struct {
		const char *text, *says; /* says NULL: it is right */
	} rows[] = {
		{ WITH(MF), NULL },
		{ WITH(MF "," EF(RULE ",\"size\":3,\"content\":\"01\",\"sfi\":1")), NULL },
		{ FAULT("{\"at\":1,\"do\":\"gone\"},{\"ins\":\"B0\",\"do\":\"slow\",\"value\":5}"),
			NULL },
		{ "", "JSON" },
		{ "[]", "JSON" },
		{ "{", "JSON" },
		{ WITH(MF) "x", "JSON" },
		{ "{}", "format: is missing" },
		{ "{\"format\":1}", "format: has the wrong type" },
		{ "{\"colour\":1}", "unknown member 'colour'" },
		{ "{\"format\":\"x\",\"format\":\"y\"}", "twice" },
		{ "{\"format\":\"imprint-softcard\",\"version\":2,\"protocol\":1,\"memory\":9,"
		  "\"pins\":[],\"files\":[]}",
			"version 2" },
		{ "{\"format\":\"other\",\"version\":1,\"protocol\":1,\"memory\":9,"
		  "\"pins\":[],\"files\":[]}",
			"format" },
		{ "{\"format\":\"imprint-softcard\",\"version\":1,\"protocol\":2,\"memory\":9,"
		  "\"pins\":[],\"files\":[]}",
			"protocol: not a number from 0 to 1" },
		{ "{\"format\":\"imprint-softcard\",\"version\":1,\"protocol\":1,\"memory\":"
		  "9999999,"
		  "\"pins\":[],\"files\":[]}",
			"memory" },
		{ HEAD "\"pins\":[],\"files\":[" MF "]}", "pins" },
		{ HEAD "\"pins\":[1],\"files\":[" MF "]}", "pins[0]" },
		{ HEAD "\"pins\":[{\"ref\":\"02\",\"value\":\"3132333435363738\",\"tries\":3,"
		       "\"max\":3}],"
		       "\"files\":[]}",
			"pins[0].ref" },
		{ HEAD "\"pins\":[{\"ref\":\"01\",\"value\":\"31323334353637\",\"tries\":3,\"max\":"
		       "3}],"
		       "\"files\":[]}",
			"pins[0].value" },
		{ HEAD "\"pins\":[{\"ref\":\"01\",\"value\":\"3132333435363738\",\"tries\":4,"
		       "\"max\":3}],"
		       "\"files\":[]}",
			"pins[0].tries" },
		{ HEAD "\"pins\":[{\"ref\":\"01\",\"value\":\"3132333435363738\",\"tries\":0,"
		       "\"max\":0}],"
		       "\"files\":[]}",
			"pins[0].max" },
		{ HEAD PINS ",\"habits\":[\"shy\"],\"files\":[" MF "]}", "habits" },
		{ HEAD PINS ",\"habits\":[1],\"files\":[" MF "]}", "habits" },
		{ HEAD PINS ",\"iccid\":\"8988211000000000011\",\"files\":[" MF "]}", "iccid" },
		{ WITH(""), "files" },
		{ WITH(EF(RULE ",\"size\":3")), "files[0].path" },
		{ WITH(MF "," MF), "files[1].path" },
		{ WITH(MF ",{\"path\":\"3F00/2F0\",\"kind\":\"df\",\"lcs\":5," RULE "}"),
			"files[1].path" },
		{ WITH(MF ",{\"path\":\"3F01/2F00\",\"kind\":\"df\",\"lcs\":5," RULE "}"),
			"files[1].path" },
		{ WITH(MF ",{\"path\":\"3F00/7F10/2F00\",\"kind\":\"df\",\"lcs\":5," RULE "}"),
			"files[1].path" },
		{ WITH(MF ",{\"path\":\"3F00/2F00\",\"kind\":\"cyclic\",\"lcs\":5," RULE "}"),
			"files[1].kind" },
		{ WITH(MF ",{\"path\":\"3F00/2F00\",\"kind\":\"df\",\"lcs\":2," RULE "}"),
			"files[1].lcs" },
		{ WITH(MF ",{\"path\":\"3F00/"
			  "2F00\",\"kind\":\"df\",\"lcs\":5,\"rule\":\"8B022F06\"}"),
			"files[1].rule" },
		{ WITH(MF ",{\"path\":\"3F00/2F00\",\"kind\":\"df\",\"lcs\":5,\"size\":5," RULE
			  "}"),
			"files[1].kind" },
		{ WITH(MF "," EF(RULE)), "files[1].size" },
		{ WITH(MF "," EF(RULE ",\"size\":4097")), "files[1].size" },
		{ WITH(MF "," EF(RULE ",\"size\":3,\"content\":\"01020304\"")),
			"files[1].content" },
		{ WITH(MF "," EF(RULE ",\"size\":3,\"content\":\"0x\"")), "files[1].content" },
		{ WITH(MF "," EF(RULE ",\"size\":3,\"sfi\":31")), "files[1].sfi" },
		{ WITH(MF "," EF(RULE ",\"size\":3,\"record\":3")), "files[1].record" },
		{ WITH(MF "," EF(RULE ",\"size\":3,\"name\":\"A000000063\"")), "files[1].name" },
		{ WITH(MF "," EF(RULE ",\"size\":3") "," EF(RULE ",\"size\":3")), "files[2].path" },
		{ WITH(MF ",{\"path\":\"3F00/"
			  "2F00\",\"kind\":\"linear\",\"lcs\":5,\"size\":5,\"record\":2," RULE "}"),
			"files[1].record" },
		{ FAULT("{\"at\":1,\"do\":\"explode\"}"), "faults[0].do" },
		{ FAULT("{\"do\":\"gone\"}"), "faults[0].at" },
		{ FAULT("{\"at\":1,\"ins\":\"B0\",\"do\":\"gone\"}"), "faults[0].at" },
		{ FAULT("{\"at\":1,\"do\":\"sw\"}"), "faults[0].value" },
		{ FAULT("{\"at\":1,\"do\":\"sw\",\"value\":1}"), "faults[0].value" },
		{ FAULT("{\"at\":1,\"do\":\"sw\",\"value\":\"90\"}"), "faults[0].value" },
		{ FAULT("{\"at\":1,\"do\":\"gone\",\"value\":1}"), "faults[0].value" },
		{ FAULT("{\"at\":1,\"do\":\"slow\",\"value\":\"5\"}"), "faults[0].value" },
		{ FAULT("{\"at\":1,\"do\":\"6c\",\"value\":\"0102\"}"), "faults[0].value" },
		{ FAULT("7"), "faults[0]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_diag diag = { 0 };
		struct imp_softcard *card =
			imp_softcard_load(imp_span_str(rows[i].text), "card.json", &diag);

		if (!rows[i].says != (card != NULL))
			fail_msg("row %u: %s", (unsigned)i, card ? "taken" : diag.text);
		if (rows[i].says && !strstr(diag.text, rows[i].says))
			fail_msg("row %u: '%s' does not say '%s'", (unsigned)i, diag.text,
				rows[i].says);
		if (rows[i].says)
			assert_memory_equal(diag.text, "card.json: ", 11);
		imp_softcard_free(card);
	}
}

/* A text that was cut or changed in one bit is refused or gives a card that can be saved again.
 * The texts lie in blocks of exactly their size for the sanitizers; one that is whole must load. */
static void test_state_damage(void **state)
{
	static char text[16384], again[16384];
	struct imp_softcard *card = new_card(1, ADF);
	size_t n = save(card, text, sizeof text), taken = 0, refused = 0;

	(void)state;
	imp_softcard_free(card);
	for (size_t i = 0; i < n + n * 8; i++) {
		size_t size = i < n ? i : n;
		uint8_t *block = malloc(size ? size : 1);

		assert_non_null(block);
		memcpy(block, text, size);
		if (i >= n)
			block[(i - n) / 8] ^= (uint8_t)(1U << (i - n) % 8);
		card = imp_softcard_load(imp_span(block, size), "x", NULL);
		free(block);
		refused += !card;
		if (card) {
			taken++;
			assert_true(save(card, again, sizeof again) > 0);
			/* a prefix is whole only without its last newline */
			assert_true(i >= n || i == n - 1);
		}
		imp_softcard_free(card);
	}
	assert_true(taken > 100 && refused > n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_atr),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_faults_are_bounded),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_standard_iccid),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_poke),
		cmocka_unit_test(test_large_file),
		cmocka_unit_test(test_file_table_is_bounded),
		cmocka_unit_test(test_state_round_trip),
		cmocka_unit_test(test_state_keeps_habits),
		cmocka_unit_test(test_state_refusals),
		cmocka_unit_test(test_state_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
