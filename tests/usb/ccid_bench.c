/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB card readers without hardware: usbfs and sysfs by umockdev, readers by tests/fake, a softcard
 * with 600 octets of credentials in each.  Runs a command that sees them.
 *
 *	umockdev-wrapper ccid_bench [OPTION=N]... -- COMMAND...
 *	readers=1 protocol=1 level=4 (1 TPDU, 2 short APDU, 4 APDU) packet=64 max=271 empty=0
 *	fault=KIND at=BLOCK value=N (enum ccid_fault) busy=0
 *
 * Ends with the command's exit code, or 99 when a reader had something to complain about.
 */
#include "tests/fake/ccid_device.h"
#include "tests/fake/ready_card.h"

#include <errno.h>
#include <glib.h>
#include <libusb-1.0/libusb.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <umockdev.h>

#define READERS_MAX 4
#define PAYLOAD 600
#define OUT 0x01
#define IN 0x82

struct reader {
	struct ccid_device device;
	struct imp_card card;
	GList *waiting, *done; /* transfers: in ones without data yet, finished ones */
};

static struct {
	struct reader readers[READERS_MAX];
	UMockdevTestbed *bed;
	GMainLoop *loop;
	int status;
} bench;

enum option { READERS, PROTOCOL, LEVEL, PACKET, MAX, EMPTY, FAULT, AT, VALUE, BUSY, OPTIONS };

static const char *const names[OPTIONS] = { "readers", "protocol", "level", "packet", "max",
	"empty", "fault", "at", "value", "busy" };
static unsigned options[OPTIONS] = { 1, 1, 4, 64, 271, 0, 0, 0, 0, 0 };

static void die(const char *what)
{
	fprintf(stderr, "ccid_bench: %s\n", what);
	exit(98);
}

/* ---- transfers ---- */

static struct usbdevfs_urb *urb_of(UMockdevIoctlData *u)
{
	return (struct usbdevfs_urb *)(void *)u->data;
}

static UMockdevIoctlData *buffer_of(UMockdevIoctlData *u)
{
	struct usbdevfs_urb *urb = urb_of(u);

	if (urb->buffer_length <= 0)
		return NULL;
	return umockdev_ioctl_data_resolve(
		u, offsetof(struct usbdevfs_urb, buffer), (gsize)urb->buffer_length, NULL);
}

static void finish(struct reader *r, UMockdevIoctlData *u, int status, long length)
{
	urb_of(u)->status = status;
	urb_of(u)->actual_length = (int)length;
	r->done = g_list_append(r->done, u);
}

/* Give waiting transfers what there is, or the end of the device. */
static void serve(struct reader *r)
{
	uint8_t octets[CCID_ANSWER_MAX];

	while (r->waiting) {
		UMockdevIoctlData *u = (UMockdevIoctlData *)r->waiting->data;
		int room = urb_of(u)->buffer_length;
		long n = 0;

		if (!r->device.unplugged)
			n = ccid_device_in(&r->device, octets, (size_t)room);
		if (n < 0)
			return;
		if (n > 0) {
			UMockdevIoctlData *buffer = buffer_of(u);

			umockdev_ioctl_data_update(buffer, 0, octets, (gint)n);
			umockdev_ioctl_data_unref(buffer);
		}
		r->waiting = g_list_delete_link(r->waiting, r->waiting);
		finish(r, u, r->device.unplugged ? -ESHUTDOWN : 0, n);
	}
}

static void bulk_out(struct reader *r, UMockdevIoctlData *u)
{
	UMockdevIoctlData *buffer = buffer_of(u);

	ccid_device_out(
		&r->device, buffer ? imp_span(buffer->data, (size_t)urb_of(u)->buffer_length)
				   : imp_span(NULL, 0));
	if (buffer)
		umockdev_ioctl_data_unref(buffer);
	finish(r, u, r->device.unplugged ? -ESHUTDOWN : 0, urb_of(u)->buffer_length);
}

/* String descriptors, and the class request ABORT. */
static void control(struct reader *r, UMockdevIoctlData *u)
{
	static const char *const strings[] = { NULL, "Imprint", "Fake CCID", "0001" };
	UMockdevIoctlData *buffer = buffer_of(u);
	const uint8_t *setup = buffer->data;
	uint8_t d[64] = { 4, 3, 0x09, 0x04 };
	size_t n = 4;

	if (setup[0] == 0x21 && setup[1] == 1) {
		bool ok = ccid_device_abort(&r->device, setup[2], setup[3]);

		finish(r, u, ok ? 0 : -EPIPE, 0);
	} else if (setup[0] == 0x80 && setup[1] == 6 && setup[3] == 3 &&
		   setup[2] < G_N_ELEMENTS(strings)) {
		if (setup[2]) {
			n = 2 + 2 * strlen(strings[setup[2]]);
			d[0] = (uint8_t)n;
			for (size_t i = 2; i < n; i += 2) {
				d[i] = (uint8_t)strings[setup[2]][i / 2 - 1];
				d[i + 1] = 0;
			}
		}
		n = MIN(n, setup[6] | (size_t)setup[7] << 8);
		umockdev_ioctl_data_update(buffer, 8, d, (gint)n);
		finish(r, u, 0, (long)n);
	} else {
		finish(r, u, -EPIPE, 0);
	}
	umockdev_ioctl_data_unref(buffer);
}

static int submit(struct reader *r, UMockdevIoctlData *arg)
{
	UMockdevIoctlData *u =
		umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
	const struct usbdevfs_urb *urb = urb_of(u);

	if (r->device.unplugged)
		return ENODEV;
	if (urb->type == USBDEVFS_URB_TYPE_CONTROL)
		control(r, u);
	else if (urb->type == USBDEVFS_URB_TYPE_BULK && urb->endpoint == OUT)
		bulk_out(r, u);
	else if (urb->type == USBDEVFS_URB_TYPE_BULK && urb->endpoint == IN)
		r->waiting = g_list_append(r->waiting, u);
	else
		finish(r, u, -EPIPE, 0);
	serve(r);
	return 0;
}

/* The node is always ready for poll(): wait a little, or the other side spins. */
static int reap(struct reader *r, UMockdevIoctlData *arg)
{
	UMockdevIoctlData *to;

	if (!r->done) {
		g_usleep(200);
		return EAGAIN;
	}
	to = umockdev_ioctl_data_resolve(arg, 0, sizeof(gpointer), NULL);
	umockdev_ioctl_data_set_ptr(to, 0, (UMockdevIoctlData *)r->done->data);
	r->done = g_list_delete_link(r->done, r->done);
	umockdev_ioctl_data_unref(to);
	return 0;
}

static int discard(struct reader *r, UMockdevIoctlData *arg)
{
	gulong address;

	memcpy(&address, arg->data, sizeof address);
	for (GList *l = r->waiting; l; l = l->next) {
		UMockdevIoctlData *u = (UMockdevIoctlData *)l->data;

		if (u->client_addr != address)
			continue;
		r->waiting = g_list_delete_link(r->waiting, l);
		finish(r, u, -ENOENT, 0);
		return 0;
	}
	return EINVAL;
}

static int capabilities(UMockdevIoctlData *arg)
{
	const uint32_t all = USBDEVFS_CAP_BULK_CONTINUATION | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
			     USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_ZERO_PACKET;
	UMockdevIoctlData *to = umockdev_ioctl_data_resolve(arg, 0, sizeof all, NULL);

	memcpy(to->data, &all, sizeof all);
	umockdev_ioctl_data_unref(to);
	return 0;
}

static int request(struct reader *r, gulong what, UMockdevIoctlData *arg)
{
	switch (what) {
	case USBDEVFS_GET_CAPABILITIES:
		return capabilities(arg);
	case USBDEVFS_CLAIMINTERFACE:
		return options[BUSY] ? EBUSY : 0;
	case USBDEVFS_RELEASEINTERFACE:
	case USBDEVFS_CLEAR_HALT:
		return r->device.unplugged ? ENODEV : 0;
	case USBDEVFS_GETDRIVER:
		return ENODATA;
	case USBDEVFS_SUBMITURB:
		return submit(r, arg);
	case USBDEVFS_REAPURB:
	case USBDEVFS_REAPURBNDELAY:
		return reap(r, arg);
	case USBDEVFS_DISCARDURB:
		return discard(r, arg);
	default:
		fprintf(stderr, "ccid_bench: ioctl %lx\n", what);
		return ENOTTY;
	}
}

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer ctx)
{
	struct reader *r = (struct reader *)ctx;
	int error = request(r, umockdev_ioctl_client_get_request(client),
		umockdev_ioctl_client_get_arg(client));

	(void)base;
	umockdev_ioctl_client_complete(client, error ? -1 : 0, error);
	return TRUE;
}

/* ---- devices ---- */

static void add_hex(GString *s, const struct ccid_device *d)
{
	uint8_t octets[CCID_DESCRIPTORS_MAX];
	size_t n = ccid_device_descriptors(d, octets);

	for (size_t i = 0; i < n; i++)
		g_string_append_printf(s, "%02X", octets[i]);
}

static void plug(struct reader *r, unsigned number)
{
	UMockdevIoctlBase *base = umockdev_ioctl_base_new();
	gchar *node = g_strdup_printf("/dev/bus/usb/001/%03u", number + 1);
	GString *s = g_string_new(NULL);

	(void)g_signal_connect_data(base, "handle-ioctl", (GCallback)(void (*)(void))on_ioctl, r,
		NULL, G_CONNECT_AFTER);
	if (!umockdev_testbed_attach_ioctl(bench.bed, node, base, NULL))
		die("cannot attach");
	g_string_printf(s, "P: /devices/usb1/1-%u\nN: bus/usb/001/%03u=", number, number + 1);
	add_hex(s, &r->device);
	g_string_append_printf(s,
		"\nE: SUBSYSTEM=usb\nE: DRIVER=usb\nE: BUSNUM=001\nE: DEVNUM=%03u\n"
		"E: DEVNAME=%s\nE: DEVTYPE=usb_device\nE: PRODUCT=8e6/4433/100\n"
		"A: bConfigurationValue=1\\n\nA: busnum=1\\n\nA: devnum=%u\\n\nA: speed=12\\n\n"
		"A: idVendor=08e6\\n\nA: idProduct=4433\\n\nA: bNumConfigurations=1\\n\n"
		"H: descriptors=",
		number + 1, node, number + 1);
	add_hex(s, &r->device);
	g_string_append(s, "\n\n");
	if (!umockdev_testbed_add_from_string(bench.bed, s->str, NULL))
		die("cannot add the device");
	g_string_free(s, TRUE);
	g_free(node);
}

static void make(struct reader *r, bool first)
{
	static const uint8_t t0[] = { 0x3B, 0x00 };
	static uint8_t payload[PAYLOAD];
	struct imp_softcard *card =
		ready_card(options[PROTOCOL], ready_payload(payload, sizeof payload));

	if (!card)
		die("no softcard");
	imp_softcard_as_card(card, &r->card);
	ccid_device(&r->device, &r->card);
	r->device.features = options[LEVEL] << 16 | CCID_AUTO;
	r->device.packet = options[PACKET];
	r->device.message_max = options[MAX];
	r->device.present = !options[EMPTY];
	if (options[PROTOCOL] == 0)
		r->device.atr = imp_span(t0, sizeof t0);
	if (first) {
		r->device.fault = (enum ccid_fault)options[FAULT];
		r->device.at = options[AT];
		r->device.value = options[VALUE];
	}
}

/* ---- the command ---- */

static void on_end(GPid pid, gint status, gpointer ctx)
{
	(void)pid;
	(void)ctx;
	bench.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	g_main_loop_quit(bench.loop);
}

static int run(char **command)
{
	GPid pid;

	bench.loop = g_main_loop_new(NULL, FALSE);
	if (!g_spawn_async(NULL, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL))
		die("cannot start the command");
	(void)g_child_watch_add(pid, on_end, NULL);
	g_main_loop_run(bench.loop);
	for (unsigned i = 0; i < options[READERS]; i++)
		if (bench.readers[i].device.complaints) {
			fprintf(stderr, "ccid_bench: reader %u: %s\n", i,
				bench.readers[i].device.complaint);
			return 99;
		}
	return bench.status;
}

static void set(const char *arg)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(arg, names[i], n) == 0 && arg[n] == '=') {
			options[i] = (unsigned)strtoul(arg + n + 1, NULL, 10);
			return;
		}
	}
	die(arg);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		set(argv[i]);
	if (i + 1 >= argc || options[READERS] > READERS_MAX)
		die("which command?");
	bench.bed = umockdev_testbed_new();
	if (!umockdev_in_mock_environment())
		die("run under umockdev-wrapper");
	for (unsigned r = 0; r < options[READERS]; r++) {
		make(&bench.readers[r], r == 0);
		plug(&bench.readers[r], r + 1);
	}
	return run(argv + i + 1);
}
