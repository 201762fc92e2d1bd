/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card reader with a softcard in it, as a USB device of this very machine: the reader of
 * tests/fake behind functionfs.  Whatever reads it goes through the kernel's own USB host.
 *
 *	ccid_gadget FFS STATE [OPTION=N]...
 *	packet=512 (64 at full speed) level=4 zlp=1 fault=KIND at=BLOCK value=N (enum ccid_fault)
 *
 * FFS is where functionfs is mounted.  Returns when the descriptors are there, and serves in the
 * background until SIGTERM, or until the fault unplugs it.  Then the card's state is in its file
 * again, and one line on standard error says what was seen.
 */
#include "applet-tools/softcard.h"
#include "host/file.h"
#include "tests/fake/ccid_device.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/functionfs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX (4U << 20)
#define ENDPOINT_IN 0x82
#define ENDPOINT_OUT 0x01
#define FULL_SPEED 64
#define HIGH_SPEED 512
#define ABORT_TYPE 0x21 /* class request to the interface, from the host (5.3.1) */
#define ABORT 1

static struct {
	const char *path;
	struct imp_softcard *softcard;
	struct imp_card card;
	uint8_t atr[IMP_ATR_MAX];
	pthread_mutex_t lock; /* of device */
	struct ccid_device device;
	int control, in, out;
	unsigned whole; /* answers of whole packets */
} gadget = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void die(const char *what)
{
	fprintf(stderr, "ccid_gadget: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- descriptors ---- */

static void put_le16(struct imp_wr *wr, uint16_t v)
{
	imp_wr_u8(wr, (uint8_t)v);
	imp_wr_u8(wr, (uint8_t)(v >> 8));
}

static void endpoint(struct imp_wr *wr, uint8_t address, uint16_t packet)
{
	imp_wr_put(wr, imp_span("\x07\x05", 2));
	imp_wr_u8(wr, address);
	imp_wr_u8(wr, 2); /* bulk */
	put_le16(wr, packet);
	imp_wr_u8(wr, 0);
}

static void interface(struct imp_wr *wr, uint16_t packet)
{
	static const uint8_t smartcard[] = { 9, 4, 0, 0, 2, 0x0B, 0, 0, 1 };
	uint8_t class[54];

	imp_wr_put(wr, imp_span(smartcard, sizeof smartcard));
	imp_wr_put(wr, ccid_device_class(&gadget.device, class));
	endpoint(wr, ENDPOINT_OUT, packet);
	endpoint(wr, ENDPOINT_IN, packet);
}

static void give(int fd, struct imp_span octets)
{
	if (write(fd, octets.p, octets.n) != (ssize_t)octets.n)
		die("descriptors");
}

/* What functionfs wants to know (linux/usb/functionfs.h); lengths are those of the whole. */
static void describe(int control)
{
	uint8_t body[400], octets[440];
	struct imp_wr inner = imp_wr(body, sizeof body), wr = imp_wr(octets, sizeof octets);
	static const char name[] = "card";

	interface(&inner, FULL_SPEED);
	interface(&inner, HIGH_SPEED);
	imp_wr_le32(&wr, FUNCTIONFS_DESCRIPTORS_MAGIC_V2);
	imp_wr_le32(&wr, (uint32_t)(20 + inner.n));
	imp_wr_le32(&wr, FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC);
	imp_wr_le32(&wr, 4); /* descriptors of each speed */
	imp_wr_le32(&wr, 4);
	imp_wr_put(&wr, imp_wr_span(&inner));
	give(control, imp_wr_span(&wr));

	wr = imp_wr(octets, sizeof octets);
	imp_wr_le32(&wr, FUNCTIONFS_STRINGS_MAGIC);
	imp_wr_le32(&wr, 16 + 2 + sizeof name);
	imp_wr_le32(&wr, 1); /* strings of each language */
	imp_wr_le32(&wr, 1);
	put_le16(&wr, 0x0409);
	imp_wr_put(&wr, imp_span(name, sizeof name));
	give(control, imp_wr_span(&wr));
}

/* ---- the end ---- */

static void __attribute__((noreturn)) end(void)
{
	static uint8_t json[STATE_MAX];
	struct imp_wr wr = imp_wr(json, sizeof json);
	struct imp_diag diag = { .status = IMP_OK };
	const struct ccid_device *d = &gadget.device;
	enum imp_status st;

	imp_softcard_save(gadget.softcard, &wr);
	st = wr.st == IMP_OK ? imp_file_write(gadget.path, imp_wr_span(&wr), true, &diag) : wr.st;
	fprintf(stderr, "blocks %u whole %u aborts %u complaints %u %s%s\n", d->blocks,
		gadget.whole, d->aborts, d->complaints, d->complaint ? d->complaint : "-",
		diag.text);
	_exit(st == IMP_OK ? 0 : 1);
}

/* ---- pipes ---- */

/* The answer transfer by transfer; the lock is not held while the host makes us wait. */
static void send_answers(void)
{
	uint8_t octets[CCID_ANSWER_MAX];
	long n;

	for (;;) {
		size_t packet;

		pthread_mutex_lock(&gadget.lock);
		packet = gadget.device.packet;
		n = ccid_device_in(&gadget.device, octets, sizeof octets);
		gadget.whole += n > 0 && (size_t)n % packet == 0;
		pthread_mutex_unlock(&gadget.lock);
		if (n < 0)
			return;
		if (write(gadget.in, octets, (size_t)n) != n)
			return; /* the host gave up */
	}
}

static void *serve(void *unused)
{
	uint8_t octets[HIGH_SPEED];

	for (;;) {
		size_t packet = gadget.device.packet;
		ssize_t n = read(gadget.out, octets, packet);

		if (n < 0) { /* unbound, for now */
			usleep(1000);
			continue;
		}
		pthread_mutex_lock(&gadget.lock);
		ccid_device_out(&gadget.device, imp_span(octets, (size_t)n));
		if (gadget.device.unplugged)
			end();
		pthread_mutex_unlock(&gadget.lock);
		send_answers();
	}
	return unused;
}

/* ABORT is known; a transfer in the wrong direction stalls the rest. */
static void request(const struct usb_ctrlrequest *setup)
{
	uint8_t none[1];
	bool in = setup->bRequestType & USB_DIR_IN, known = false;
	uint16_t value = le16toh(setup->wValue);

	pthread_mutex_lock(&gadget.lock);
	if (setup->bRequestType == ABORT_TYPE && setup->bRequest == ABORT)
		known = ccid_device_abort(&gadget.device, (uint8_t)value, (uint8_t)(value >> 8));
	pthread_mutex_unlock(&gadget.lock);
	if (in == known)
		(void)!write(gadget.control, none, 0);
	else
		(void)!read(gadget.control, none, 0);
}

static void *control(void *unused)
{
	struct usb_functionfs_event event;

	while (read(gadget.control, &event, sizeof event) == (ssize_t)sizeof event)
		if (event.type == FUNCTIONFS_SETUP)
			request(&event.u.setup);
	return unused;
}

/* ---- start ---- */

enum option { PACKET, LEVEL, ZLP, FAULT, AT, VALUE, OPTIONS };

static const char *const names[OPTIONS] = { "packet", "level", "zlp", "fault", "at", "value" };
static unsigned options[OPTIONS] = { HIGH_SPEED, 4, 1, 0, 0, 0 };

static void set(const char *arg)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(arg, names[i], n) == 0 && arg[n] == '=') {
			options[i] = (unsigned)strtoul(arg + n + 1, NULL, 10);
			return;
		}
	}
	errno = EINVAL;
	die(arg);
}

static void insert_card(const char *path)
{
	IMP_BLOB json = { NULL, 0 };
	struct imp_diag diag = { .status = IMP_OK };
	struct imp_wr atr = imp_wr(gadget.atr, sizeof gadget.atr);
	struct ccid_device *d = &gadget.device;

	if (imp_file_read(path, STATE_MAX, &json, &diag) == IMP_OK)
		gadget.softcard = imp_softcard_load(imp_blob_span(&json), path, &diag);
	if (!gadget.softcard) {
		fprintf(stderr, "ccid_gadget: %s\n", diag.text);
		exit(1);
	}
	gadget.path = path;
	imp_softcard_as_card(gadget.softcard, &gadget.card);
	(void)gadget.card.atr(gadget.card.ctx, &atr);
	ccid_device(d, &gadget.card);
	d->atr = imp_wr_span(&atr);
	d->packet = options[PACKET];
	d->features = options[LEVEL] << 16 | CCID_AUTO;
	d->no_zlp = !options[ZLP];
	d->fault = (enum ccid_fault)options[FAULT];
	d->at = options[AT];
	d->value = options[VALUE];
}

static int open_at(const char *folder, const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
	return fd;
}

/* SIGTERM is waited for, in all threads. */
static void block(sigset_t *signals)
{
	(void)sigemptyset(signals);
	(void)sigaddset(signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, signals, NULL);
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	sigset_t signals;
	int got;

	if (argc < 3)
		return 64;
	for (int i = 3; i < argc; i++)
		set(argv[i]);
	insert_card(argv[2]);
	gadget.control = open_at(argv[1], "ep0");
	describe(gadget.control);
	gadget.out = open_at(argv[1], "ep1");
	gadget.in = open_at(argv[1], "ep2");
	if (daemon(1, 1) != 0)
		die("background");
	block(&signals);
	if (pthread_create(&threads[0], NULL, control, NULL) != 0 ||
		pthread_create(&threads[1], NULL, serve, NULL) != 0)
		die("threads");
	(void)sigwait(&signals, &got);
	pthread_mutex_lock(&gadget.lock);
	end();
}
