/* SPDX-License-Identifier: Apache-2.0 */
#include "link/pcsc.h"

#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#define NAMES_MAX 4096
#define READER_NAME 128 /* MAX_READERNAME of PCSC-lite */
#define NOTICE_MS 1000
#define PROTOCOLS (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1)

/* ---- errors ---- */

static const struct {
	LONG rv;
	enum imp_status st;
	const char *text, *hint;
} errors[] = {
	{ SCARD_E_NO_SERVICE, IMP_E_ABSENT, "the smart card service is not running",
		"start pcscd, for example: systemctl start pcscd" },
	{ SCARD_E_SERVICE_STOPPED, IMP_E_ABSENT, "the smart card service has stopped",
		"start pcscd, for example: systemctl start pcscd" },
	{ SCARD_E_UNKNOWN_READER, IMP_E_ABSENT, "no such reader",
		"imprint card list shows the readers" },
	{ SCARD_E_READER_UNAVAILABLE, IMP_E_ABSENT, "the reader is gone",
		"plug the reader in again" },
	{ SCARD_E_NO_SMARTCARD, IMP_E_ABSENT, "no card in the reader", "put a card in" },
	{ SCARD_W_REMOVED_CARD, IMP_E_ABSENT, "the card was taken out", "put the card back" },
	{ SCARD_W_UNPOWERED_CARD, IMP_E_IO, "the card has no power",
		"take the card out and put it back" },
	{ SCARD_W_UNRESPONSIVE_CARD, IMP_E_IO, "the card does not answer to reset",
		"check the side and the contacts of the card" },
	{ SCARD_W_UNSUPPORTED_CARD, IMP_E_IO, "the reader cannot speak with this card", "" },
	{ SCARD_E_PROTO_MISMATCH, IMP_E_IO, "the card offers neither T=0 nor T=1", "" },
	{ SCARD_E_SHARING_VIOLATION, IMP_E_DENIED, "another program holds the card",
		"end the other program, then repeat" },
	{ SCARD_W_SECURITY_VIOLATION, IMP_E_DENIED, "this user may not use the reader",
		"ask for access to pcscd" },
};

static enum imp_status failed(LONG rv, const char *name, struct imp_diag *diag)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (errors[i].rv != rv)
			continue;
		imp_diag(diag, errors[i].st, "%s%s%s", name ? name : "", name ? ": " : "",
			errors[i].text);
		imp_diag_hint(diag, "%s", errors[i].hint);
		return errors[i].st;
	}
	return imp_diag(diag, IMP_E_IO, "%s%s%s", name ? name : "", name ? ": " : "",
		pcsc_stringify_error(rv));
}

/* ---- contexts ---- */

struct context {
	SCARDCONTEXT handle;
	bool open;
};

static void context_close(struct context *c)
{
	if (c->open)
		(void)SCardReleaseContext(c->handle);
	c->open = false;
}

static LONG context_open(struct context *c)
{
	LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &c->handle);

	c->open = rv == SCARD_S_SUCCESS;
	return rv;
}

/* ---- listing ---- */

/* What the daemon knows of one reader; a reader that vanished in between has no card. */
static void describe(SCARDCONTEXT handle, const char *name, struct imp_reader_info *info)
{
	SCARD_READERSTATE state = { .szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE };

	memset(info, 0, sizeof *info);
	(void)snprintf(info->name, sizeof info->name, "%.*s", (int)sizeof info->name - 1, name);
	if (SCardGetStatusChange(handle, 0, &state, 1) != SCARD_S_SUCCESS ||
		!(state.dwEventState & SCARD_STATE_PRESENT))
		return;
	info->card_present = true;
	info->atr_n = state.cbAtr <= sizeof info->atr ? state.cbAtr : 0;
	memcpy(info->atr, state.rgbAtr, info->atr_n);
}

static enum imp_status list(
	void *ctx, struct imp_reader_info *out, size_t cap, size_t *n, struct imp_diag *diag)
{
	__attribute__((cleanup(context_close))) struct context c = { .open = false };
	char names[NAMES_MAX];
	DWORD size = sizeof names;
	size_t found = 0;
	LONG rv = context_open(&c);

	(void)ctx;
	if (rv == SCARD_S_SUCCESS)
		rv = SCardListReaders(c.handle, NULL, names, &size);
	if (rv == SCARD_E_NO_READERS_AVAILABLE) {
		*n = 0;
		return IMP_OK;
	}
	if (rv != SCARD_S_SUCCESS)
		return failed(rv, NULL, diag);
	for (const char *name = names; *name; name += strlen(name) + 1) {
		if (found < cap)
			describe(c.handle, name, &out[found]);
		found++;
	}
	*n = found;
	return IMP_OK;
}

/* ---- one card ---- */

struct card {
	struct context context;
	SCARDHANDLE handle;
	DWORD protocol;
	bool connected;
	char reader[READER_NAME];
	LONG failed; /* the first failure since the last success that is not the card's */
};

/* The service or the reader, not the card in it. */
static bool on_the_way(LONG rv)
{
	return rv == SCARD_E_NO_SERVICE || rv == SCARD_E_SERVICE_STOPPED ||
	       rv == SCARD_E_READER_UNAVAILABLE || rv == SCARD_E_UNKNOWN_READER;
}

static LONG note(struct card *c, LONG rv)
{
	if (rv == SCARD_S_SUCCESS || (!on_the_way(c->failed) && on_the_way(rv)))
		c->failed = rv;
	return rv;
}

static bool blame(void *ctx, enum imp_status st, struct imp_diag *diag)
{
	const struct card *c = (const struct card *)ctx;
	struct imp_diag cause = { .status = IMP_OK };

	if (!on_the_way(c->failed))
		return false;
	(void)failed(c->failed, c->reader, &cause);
	(void)imp_diag(diag, st, "%s", cause.text);
	imp_diag_hint(diag, "%s, then repeat the same command", cause.hint);
	return true;
}

/* Anything but a proper answer is a link failure; a removed card shows in more ways than one. */
static enum imp_status link_status(LONG rv)
{
	switch (rv) {
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
		return IMP_E_ABSENT;
	default:
		return IMP_E_IO;
	}
}

/*
 * Is the card still there?  A card torn out during a command may end it without a proper error, and
 * a daemon that polls notices only at its next look: give it the time for one.
 */
static bool present(struct card *c)
{
	SCARD_READERSTATE state = { .szReader = c->reader, .dwCurrentState = SCARD_STATE_UNAWARE };
	LONG rv = SCardGetStatusChange(c->context.handle, 0, &state, 1);

	if (rv != SCARD_S_SUCCESS) {
		(void)note(c, rv);
		return false;
	}
	state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	if (state.dwEventState & SCARD_STATE_PRESENT)
		(void)SCardGetStatusChange(c->context.handle, NOTICE_MS, &state, 1);
	return (state.dwEventState & SCARD_STATE_PRESENT) != 0;
}

static enum imp_status transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct card *c = (struct card *)ctx;
	const SCARD_IO_REQUEST *pci =
		c->protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
	uint8_t answer[MAX_BUFFER_SIZE];
	DWORD n = sizeof answer;
	LONG rv = note(c, SCardTransmit(c->handle, pci, cmd.p, cmd.n, NULL, answer, &n));
	enum imp_status st = IMP_OK;

	if (rv != SCARD_S_SUCCESS)
		st = link_status(rv);
	else if (n < 2)
		st = IMP_E_IO;
	else
		imp_wr_put(rsp, imp_span(answer, n));
	imp_wipe(answer, sizeof answer);
	if (st == IMP_E_IO && !present(c))
		st = IMP_E_ABSENT;
	return st == IMP_OK ? rsp->st : st;
}

static enum imp_status reset(void *ctx)
{
	struct card *c = (struct card *)ctx;
	LONG rv = SCardReconnect(
		c->handle, SCARD_SHARE_EXCLUSIVE, PROTOCOLS, SCARD_RESET_CARD, &c->protocol);

	return note(c, rv) == SCARD_S_SUCCESS ? IMP_OK : link_status(rv);
}

static enum imp_status atr(void *ctx, struct imp_wr *out)
{
	struct card *c = (struct card *)ctx;
	BYTE octets[IMP_ATR_MAX];
	DWORD state, protocol, name_n = 0, n = sizeof octets;
	LONG rv = SCardStatus(c->handle, NULL, &name_n, &state, &protocol, octets, &n);

	if (rv != SCARD_S_SUCCESS)
		return link_status(rv);
	imp_wr_put(out, imp_span(octets, n));
	return out->st;
}

static void card_close(void *ctx)
{
	struct card *c = (struct card *)ctx;

	if (c->connected)
		(void)SCardDisconnect(c->handle, SCARD_RESET_CARD);
	context_close(&c->context);
	free(c);
}

static LONG card_connect(struct card *c, const char *name)
{
	LONG rv = context_open(&c->context);

	(void)snprintf(c->reader, sizeof c->reader, "%s", name);
	if (rv == SCARD_S_SUCCESS)
		rv = SCardConnect(c->context.handle, name, SCARD_SHARE_EXCLUSIVE, PROTOCOLS,
			&c->handle, &c->protocol);
	c->connected = rv == SCARD_S_SUCCESS;
	return rv;
}

static enum imp_status open_card(
	void *ctx, const char *name, struct imp_card *card, struct imp_diag *diag)
{
	struct card *c = (struct card *)calloc(1, sizeof *c);
	LONG rv;

	(void)ctx;
	if (!c)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	rv = card_connect(c, name);
	if (rv != SCARD_S_SUCCESS) {
		card_close(c);
		return failed(rv, name, diag);
	}
	*card = (struct imp_card){ c, transceive, reset, atr, card_close, blame };
	return IMP_OK;
}

void imp_pcsc_readers(struct imp_readers *readers)
{
	*readers = (struct imp_readers){ NULL, list, open_card, "--reader" };
}
