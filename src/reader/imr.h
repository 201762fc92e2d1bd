/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint reader: loads LwM2M Bootstrap Information when a device boots.
 *
 * Freestanding C99: no heap, no static data, no I/O of its own.  The device hands in two callbacks
 * (flash, card), a buffer and a visitor; the reader finds the credentials, checks all of them, and
 * only then hands over each resource.  The buffer is wiped before imr_load() returns.
 *
 * Order: card first, then flash (Core TS 6.1.4).  A source that is absent, empty or damaged is
 * passed over; struct imr_report says why.
 */
#ifndef IMR_H
#define IMR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Success is a pattern of many bits, so that no single upset turns a failure into it. */
enum imr_status {
	IMR_OK = 0x3CA5,
	IMR_E_NONE = 1,	     /* nothing there: blank flash, no card, no application, empty file */
	IMR_E_DAMAGED = 2,   /* something is there, but it is cut, corrupt or malformed */
	IMR_E_NEWER = 3,     /* written in a format that this reader does not know */
	IMR_E_IO = 4,	     /* a callback failed, or the card's memory (64xx, 65xx, 6Fxx) */
	IMR_E_SPACE = 5,     /* the buffer is smaller than the payload */
	IMR_E_REFUSED = 6,   /* the card refused: PIN needed, security status */
	IMR_E_STOPPED = 7,   /* the visitor returned non-zero */
	IMR_E_LIMIT = 8,     /* more APDUs than a sane card needs */
	IMR_E_OLDER = 9,     /* slot: the other one is newer, and good */
	IMR_E_LEFT = 10,     /* store: done, but superseded keys could not be erased yet */
	IMR_E_RULE = 11,     /* store: two bootstrap accounts, or an instance of unknown origin */
	IMR_E_LAST = 12,     /* store: nothing would be left to bootstrap with */
	IMR_E_FORGED = 13,   /* slot: its authentication tag is absent or wrong (authentic.h) */
	IMR_E_ROLLBACK = 14, /* slot: genuine, but of a generation below the device's minimum */
};

#define IMR_NO_ID 0xFFFFU

/* One resource, or one instance of a multiple resource.  value is as in LwM2M TLV: numbers
 * big-endian of 1, 2, 4 or 8 octets, Objlnk two times two octets; valid during the call only. */
struct imr_resource {
	uint16_t object, instance, resource;
	uint16_t res_instance; /* IMR_NO_ID for a single resource */
	const uint8_t *value;
	size_t length;
};

struct imr_flash {
	void *ctx;
	/* Copy n octets from addr.  0, or non-zero when they could not be read. */
	int (*read)(void *ctx, uint32_t addr, void *to, size_t n);
	uint32_t slot[2]; /* addresses of slots A and B; equal when there is only one */
	uint32_t size;	  /* octets of one slot */
};

struct imr_session; /* the reader's own */

struct imr_card {
	void *ctx;
	/*
	 * Send one short command APDU of n octets; put the answer, SW1 SW2 included, into rsp
	 * (room for IMR_CARD_ROOM) and its length into *got.  0, or non-zero when the card is gone
	 * or the link failed.  No retries, no GET RESPONSE: the reader does that.  The command has
	 * its Le also behind data; on T=0 the link leaves that octet out (ISO 7816-3, 12.2.4).
	 */
	int (*transceive)(void *ctx, const uint8_t *cmd, size_t n, uint8_t *rsp, size_t *got);
	/*
	 * The card application's PIN, asked for only when a file cannot be read without it: write
	 * up to 8 octets, return their number, 0 for none.  Called at most once, and only when more
	 * than one try is left.
	 */
	size_t (*pin)(void *ctx, uint8_t reference, uint8_t pin[8]);
	/* imr_pin of pin.h to present it; NULL to do without, and without its code: a file that
	 * wants a PIN is refused then. */
	bool (*guard)(struct imr_session *session);
};

/* Return 0 to go on, non-zero to stop. */
typedef int imr_visit(void *ctx, const struct imr_resource *resource);

struct imr_config {
	const struct imr_card *card;   /* NULL: no card */
	const struct imr_flash *flash; /* NULL: no flash */
	uint8_t *buffer;  /* for one payload, up to 32768 octets; and IMR_CARD_ROOM with a card */
	size_t size;	  /* at least IMR_BUFFER_MIN; and IMR_CARD_ROOM with a card */
	imr_visit *visit; /* NULL: check only */
	void *ctx;
	uint32_t options; /* IMR_OPT_BASIC_CHANNEL */
	/* imr_headerless to take a card file without header too (a deviation from Appendix G); NULL
	 * to refuse it, and to do without its code. */
	enum imr_status (*headerless)(const uint8_t *file, size_t n, imr_visit *visit, void *ctx);
};

#define IMR_BUFFER_MIN 64U
#define IMR_CARD_ROOM 258U /* an answer of the card: 256 octets and SW1 SW2 */

#define IMR_OPT_LENIENT 1U	 /* imr_payload(): as headerless of struct imr_config */
#define IMR_OPT_BASIC_CHANNEL 2U /* no free logical channel: fall back to channel 0 */

enum imr_source { IMR_FROM_NOTHING, IMR_FROM_CARD, IMR_FROM_SLOT_A, IMR_FROM_SLOT_B };

struct imr_report {
	enum imr_source source;
	enum imr_status card;	 /* why the card was not used; IMR_OK when it was */
	enum imr_status slot[2]; /* the same for each slot; IMR_E_NONE when not looked at */
	uint16_t card_sw;	 /* last status word that mattered, 0 if none */
	uint8_t keys;		 /* from a slot: 0x5A persistent, 0xA5 non-persistent */
	uint32_t generation;	 /* from a slot */
	size_t length;		 /* octets of the payload, when there is a source */
	uint32_t quirks;	 /* IMR_QUIRK_* met on the way */
	unsigned apdus;		 /* sent */
};

#define IMR_QUIRK_OID_TWICE 1U	    /* OID wrapped twice in the DODF */
#define IMR_QUIRK_NO_HEADER 2U	    /* raw TLV from offset 0 */
#define IMR_QUIRK_DIR_NO_PATH 4U    /* EF(DIR) record without tag 51 */
#define IMR_QUIRK_DIR_BINARY 8U	    /* transparent EF(DIR) */
#define IMR_QUIRK_FCP_FID 16U	    /* FCP names another file */
#define IMR_QUIRK_BASIC_CHANNEL 32U /* read on channel 0 */

/* Load from the first good source.  Whatever the result, *report says what was found, the buffer is
 * wiped and, if a channel was opened on the card, it is closed. */
enum imr_status imr_load(const struct imr_config *config, struct imr_report *report);

/* The same from flash alone, which must be there: what a boot loader without a card links.  Only
 * the members for slots are set; zero the report before. */
enum imr_status imr_load_flash(const struct imr_config *config, struct imr_report *report);

/*
 * The same from one payload in memory: check everything, then visit.  Nothing is wiped.  Octets
 * behind the payload (filling of a card file) are ignored.  IMR_E_NONE: it holds no resource.
 */
enum imr_status imr_payload(
	const uint8_t *payload, size_t n, uint32_t options, imr_visit *visit, void *ctx);

/* Resources of /0/0 from the first octet to the filling: check everything, then visit.  The first
 * of each id counts. */
enum imr_status imr_headerless(const uint8_t *file, size_t n, imr_visit *visit, void *ctx);

/* A number with a sign from a resource's value (Integer, Time, Boolean); 0 on an illegal width. */
int64_t imr_integer(const struct imr_resource *resource);

/* One without (Unsigned; an id or a Boolean as well): C8 is 200.  What does not fit is UINT32_MAX.
 */
uint32_t imr_unsigned(const struct imr_resource *resource);

/* "nothing there", "damaged", ...; never NULL. */
const char *imr_status_text(enum imr_status status);

#endif
