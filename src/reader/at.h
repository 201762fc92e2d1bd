/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A modem's card for the reader, by AT commands (3GPP TS 27.007): text out, text in, no I/O of its
 * own, no heap.  The device sends the line and collects what the modem says.
 *
 *	IMR_AT_CSIM  AT+CSIM for everything; the reader opens its own logical channel.
 *	IMR_AT_CCHO  The modem opens the channel: MANAGE CHANNEL becomes AT+CCHO with the AID, what
 *		     goes to that channel AT+CGLA, its end AT+CCHC.  EF(DIR), on the basic channel,
 *		     is still read by AT+CSIM.
 *
 * A modem that refuses to open a channel is a card without channels to the reader (6881), which
 * then stops or, with IMR_OPT_BASIC_CHANNEL, goes on without.
 */
#ifndef IMR_AT_H
#define IMR_AT_H

#include "reader/imr.h"

#include <stdbool.h>

/* The longest line, AT+CGLA with ten digits of session and a command of 261 octets; and room for
 * the answer: its echo, 258 octets as digits, what else the modem has to say. */
#define IMR_AT_LINE 560U
#ifndef IMR_AT_ANSWER
#define IMR_AT_ANSWER 1536U
#endif

enum imr_at_mode { IMR_AT_CSIM, IMR_AT_CCHO };

struct imr_modem {
	void *ctx;
	/*
	 * Send line (text ended by NUL; add CR), then collect all that comes until imr_at_final()
	 * says so, or until nothing comes any more, into answer (cap characters, no NUL needed).
	 * How many characters there are, or negative when the modem is gone.
	 */
	int (*exchange)(void *ctx, const char *line, char *answer, size_t cap);
	enum imr_at_mode mode;
	bool with_le; /* T=1 card: Le stays behind data; else it is left out, as TS 51.011 has it */

	/* The rest is the adapter's; zero it. */
	uint32_t session; /* what AT+CCHO gave */
	uint8_t channel;  /* as which the reader knows it; 0: none is open */
	uint16_t cme;	  /* last +CME ERROR, 0 when it had no number, for the device's log */
	char line[IMR_AT_LINE];
	char answer[IMR_AT_ANSWER];
};

/*
 * Make *card of it; its pin and guard become NULL.  *at must stay where it is.  Line and answer are
 * wiped behind every command: they hold keys, and the PIN.
 */
void imr_at_card(struct imr_modem *at, struct imr_card *card);

/* Does the text hold a whole final result code: OK, ERROR, +CME ERROR or +CMS ERROR? */
bool imr_at_final(const char *text, size_t n);

/*
 * The octets of the one information response "NAME: LENGTH,HEX" (HEX in quotes or not, LENGTH the
 * number of its digits) in front of OK, for a name such as "+CSIM".  Echo, empty lines, CR and LF
 * in any order, and unsolicited lines are passed over.  IMR_E_REFUSED: ERROR, *cme is set;
 * IMR_E_DAMAGED: no such response, two of them, malformed, or longer than cap; IMR_E_IO: no final
 * result.  *got only on IMR_OK; to may hold rubbish otherwise.
 */
enum imr_status imr_at_octets(const char *text, size_t n, const char *name, uint8_t *to, size_t cap,
	size_t *got, uint16_t *cme);

#endif
