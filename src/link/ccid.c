/* SPDX-License-Identifier: Apache-2.0 */
#include "link/ccid.h"

#include "base/secret.h"
#include "link/ccid_slot.h"

#include <libusb-1.0/libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_MS 1000
#define OUT_MS 5000
#define PORTS_MAX 8
#define READER_NAME 128 /* as in struct imp_reader_info */

/* ---- one interface of one device ---- */

struct usb {
	libusb_device_handle *handle;
	struct imp_ccid_info info;
	uint8_t interface, in, out;
	uint16_t packet;
	bool claimed;
};

static void usb_close(struct usb *u)
{
	if (u->claimed)
		(void)libusb_release_interface(u->handle, u->interface);
	if (u->handle)
		libusb_close(u->handle);
	*u = (struct usb){ .handle = NULL };
}

static void context_close(libusb_context **context)
{
	if (*context)
		libusb_exit(*context);
}

static void config_free(struct libusb_config_descriptor **config)
{
	if (*config)
		libusb_free_config_descriptor(*config);
}

static enum imp_status failed(int rv, const char *name, struct imp_diag *diag)
{
	switch (rv) {
	case LIBUSB_ERROR_NO_DEVICE:
	case LIBUSB_ERROR_NOT_FOUND:
		imp_diag(diag, IMP_E_ABSENT, "%s: the reader is gone", name);
		imp_diag_hint(diag, "plug the reader in again");
		return IMP_E_ABSENT;
	case LIBUSB_ERROR_ACCESS:
		imp_diag(diag, IMP_E_DENIED, "%s: this user may not use the reader", name);
		imp_diag_hint(diag, "give the user access to the device under /dev/bus/usb");
		return IMP_E_DENIED;
	case LIBUSB_ERROR_BUSY:
		imp_diag(diag, IMP_E_DENIED, "%s: another program holds the reader", name);
		imp_diag_hint(diag, "end it; the reader service ends with: "
				    "systemctl stop pcscd.socket pcscd");
		return IMP_E_DENIED;
	default:
		return imp_diag(diag, IMP_E_IO, "%s: %s", name, libusb_strerror(rv));
	}
}

/* ---- descriptors ---- */

/* The bulk pipes of an interface; false when one is missing. */
static bool pipes(const struct libusb_interface_descriptor *d, struct usb *u)
{
	for (unsigned i = 0; i < d->bNumEndpoints; i++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[i];

		if ((e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) != LIBUSB_TRANSFER_TYPE_BULK)
			continue;
		if (e->bEndpointAddress & LIBUSB_ENDPOINT_IN)
			u->in = e->bEndpointAddress;
		else
			u->out = e->bEndpointAddress;
		u->packet = e->wMaxPacketSize & 0x7FF;
	}
	return u->in && u->out && u->packet && u->packet <= IMP_CCID_PACKET_MAX;
}

/* Some readers put the class descriptor behind their last endpoint. */
static struct imp_span class_descriptor(const struct libusb_interface_descriptor *d)
{
	const struct libusb_endpoint_descriptor *last;

	if (d->extra_length > 0 || d->bNumEndpoints == 0)
		return imp_span(d->extra, (size_t)d->extra_length);
	last = &d->endpoint[d->bNumEndpoints - 1];
	return imp_span(last->extra, (size_t)last->extra_length);
}

/* The first smartcard interface.  IMP_E_ABSENT: the device has none. */
static enum imp_status find(
	libusb_device *device, const char *name, struct usb *u, struct imp_diag *diag)
{
	__attribute__((cleanup(config_free))) struct libusb_config_descriptor *config = NULL;

	if (libusb_get_active_config_descriptor(device, &config) != 0)
		return IMP_E_ABSENT;
	for (unsigned i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface_descriptor *d = config->interface[i].altsetting;

		if (config->interface[i].num_altsetting < 1 || d->bInterfaceClass != IMP_CCID_CLASS)
			continue;
		u->interface = d->bInterfaceNumber;
		if (!pipes(d, u))
			return imp_diag(diag, IMP_E_FORMAT, "%s: no pair of bulk pipes", name);
		return imp_ccid_info(&u->info, class_descriptor(d), name, diag);
	}
	return IMP_E_ABSENT;
}

static bool is_reader(libusb_device *device)
{
	struct usb u = { .handle = NULL };

	return find(device, "", &u, NULL) != IMP_E_ABSENT;
}

/* ---- names ---- */

struct name {
	char text[READER_NAME];
};

static struct name name_of(libusb_device *device, libusb_device_handle *handle)
{
	struct libusb_device_descriptor d = { .bLength = 0 };
	uint8_t ports[PORTS_MAX];
	int ports_n = libusb_get_port_numbers(device, ports, PORTS_MAX);
	unsigned char product[64] = "";
	char path[40] = "";
	size_t at = 0;
	struct name name;

	(void)libusb_get_device_descriptor(device, &d);
	for (int i = 0; i < ports_n && at < sizeof path; i++)
		at += (size_t)snprintf(
			path + at, sizeof path - at, "%c%u", i ? '.' : '-', ports[i]);
	if (handle && d.iProduct)
		(void)libusb_get_string_descriptor_ascii(
			handle, d.iProduct, product, sizeof product);
	for (size_t i = 0; product[i]; i++)
		if (product[i] < ' ' || product[i] > '~')
			product[i] = '?';
	(void)snprintf(name.text, sizeof name.text, "%04x:%04x %u%s%s%s", d.idVendor, d.idProduct,
		libusb_get_bus_number(device), path, product[0] ? " " : "", (const char *)product);
	return name;
}

static struct name slot_name(struct name reader, const struct imp_ccid_info *info, unsigned slot)
{
	size_t n = strlen(reader.text);

	if (info->slots > 1)
		(void)snprintf(reader.text + n, sizeof reader.text - n, " slot %u", slot);
	return reader;
}

/* ---- pipes ---- */

static enum imp_status transferred(int rv)
{
	if (rv == 0)
		return IMP_OK;
	return rv == LIBUSB_ERROR_NO_DEVICE || rv == LIBUSB_ERROR_NOT_FOUND ? IMP_E_ABSENT
									    : IMP_E_IO;
}

static enum imp_status pipe_out(void *ctx, struct imp_span octets)
{
	const struct usb *u = (const struct usb *)ctx;
	uint8_t copy[IMP_CCID_MESSAGE_MAX]; /* libusb wants them writable */
	int sent = 0;
	enum imp_status st;

	if (octets.n > sizeof copy)
		return IMP_E_IO;
	if (octets.n)
		memcpy(copy, octets.p, octets.n);
	st = transferred(
		libusb_bulk_transfer(u->handle, u->out, copy, (int)octets.n, &sent, OUT_MS));
	imp_wipe(copy, octets.n);
	return st == IMP_OK && (size_t)sent != octets.n ? IMP_E_IO : st;
}

static enum imp_status pipe_in(void *ctx, uint8_t *to, size_t n, unsigned timeout_ms, size_t *got)
{
	const struct usb *u = (const struct usb *)ctx;
	int received = 0;
	enum imp_status st = transferred(
		libusb_bulk_transfer(u->handle, u->in, to, (int)n, &received, timeout_ms));

	if (st == IMP_OK)
		*got = (size_t)received;
	return st;
}

static enum imp_status pipe_abort(void *ctx, uint8_t slot, uint8_t sequence)
{
	const struct usb *u = (const struct usb *)ctx;
	int rv = libusb_control_transfer(u->handle,
		LIBUSB_ENDPOINT_OUT | LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE, 0x01,
		(uint16_t)(sequence << 8 | slot), u->interface, NULL, 0, CONTROL_MS);

	return transferred(rv < 0 ? rv : 0);
}

static enum imp_status pipe_clear(void *ctx)
{
	const struct usb *u = (const struct usb *)ctx;
	int rv = libusb_clear_halt(u->handle, u->out);

	return transferred(rv ? rv : libusb_clear_halt(u->handle, u->in));
}

static struct imp_ccid_pipe pipe_of(struct usb *u)
{
	return (struct imp_ccid_pipe){ u, pipe_out, pipe_in, pipe_abort, pipe_clear, u->packet, 0 };
}

/* ---- opening ---- */

/* The interface claimed, or nothing held. */
static enum imp_status usb_open(
	libusb_device *device, struct usb *u, struct name *name, struct imp_diag *diag)
{
	enum imp_status st;
	int rv = libusb_open(device, &u->handle);

	*name = name_of(device, u->handle);
	if (rv != 0)
		return failed(rv, name->text, diag);
	st = find(device, name->text, u, diag);
	if (st == IMP_OK) {
		rv = libusb_claim_interface(u->handle, u->interface);
		u->claimed = rv == 0;
		st = rv == 0 ? IMP_OK : failed(rv, name->text, diag);
	}
	return st;
}

/* ---- listing ---- */

struct devices {
	libusb_device **v;
	ssize_t n;
};

static void devices_free(struct devices *d)
{
	if (d->v)
		libusb_free_device_list(d->v, 1);
}

static enum imp_status start(
	libusb_context **context, struct devices *devices, struct imp_diag *diag)
{
	int rv = libusb_init(context);

	if (rv == 0)
		devices->n = libusb_get_device_list(*context, &devices->v);
	if (rv == 0 && devices->n >= 0)
		return IMP_OK;
	*context = rv == 0 ? *context : NULL;
	return imp_diag(
		diag, IMP_E_IO, "no access to USB: %s", libusb_strerror(rv ? rv : (int)devices->n));
}

static bool card_in(struct usb *u, unsigned slot)
{
	const struct imp_ccid_pipe pipe = pipe_of(u);
	struct imp_ccid_slot s;
	bool present = false;

	imp_ccid_slot(&s, &pipe, &u->info, (uint8_t)slot);
	return imp_ccid_present(&s, &present) == IMP_OK && present;
}

/* The slots of one reader; one that cannot be opened has a name and no card. */
static size_t describe(libusb_device *device, struct imp_reader_info *out, size_t cap)
{
	__attribute__((cleanup(usb_close))) struct usb u = { .handle = NULL };
	struct name reader;
	bool open = usb_open(device, &u, &reader, NULL) == IMP_OK;
	unsigned slots = open ? u.info.slots : 1;

	for (unsigned i = 0; i < slots && i < cap; i++) {
		const struct name name = slot_name(reader, &u.info, i);

		memset(&out[i], 0, sizeof out[i]);
		memcpy(out[i].name, name.text, sizeof name.text);
		out[i].card_present = open && card_in(&u, i);
	}
	return slots;
}

/* By ids and place, so that an index means the same reader until one is moved. */
static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct imp_reader_info *)a)->name,
		((const struct imp_reader_info *)b)->name);
}

static enum imp_status list(
	void *ctx, struct imp_reader_info *out, size_t cap, size_t *n, struct imp_diag *diag)
{
	__attribute__((cleanup(context_close))) libusb_context *context = NULL;
	__attribute__((cleanup(devices_free))) struct devices devices = { NULL, 0 };
	enum imp_status st = start(&context, &devices, diag);
	size_t found = 0;

	(void)ctx;
	for (ssize_t i = 0; st == IMP_OK && i < devices.n; i++)
		if (is_reader(devices.v[i]))
			found += describe(devices.v[i], out + (found < cap ? found : cap),
				found < cap ? cap - found : 0);
	if (st != IMP_OK)
		return st;
	qsort(out, found < cap ? found : cap, sizeof *out, by_name);
	*n = found;
	return IMP_OK;
}

/* ---- one card ---- */

struct card {
	libusb_context *context;
	struct usb usb;
	struct imp_ccid_slot slot;
	struct name name;
	bool powered;
};

static enum imp_status transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct card *c = (struct card *)ctx;

	return imp_ccid_transceive(&c->slot, cmd, rsp);
}

static enum imp_status reset(void *ctx)
{
	struct card *c = (struct card *)ctx;

	return imp_ccid_power_on(&c->slot, c->name.text, NULL);
}

static enum imp_status atr(void *ctx, struct imp_wr *out)
{
	const struct card *c = (const struct card *)ctx;

	imp_wr_put(out, imp_span(c->slot.atr, c->slot.atr_n));
	return out->st;
}

static void card_close(void *ctx)
{
	struct card *c = (struct card *)ctx;

	if (c->powered)
		imp_ccid_power_off(&c->slot);
	usb_close(&c->usb);
	context_close(&c->context);
	free(c);
}

/* Is this device the reader of that name, and which slot?  It stays open when it is. */
static enum imp_status match(
	struct card *c, libusb_device *device, const char *name, struct imp_diag *diag)
{
	struct name reader;
	enum imp_status st = usb_open(device, &c->usb, &reader, diag);
	unsigned slots = st == IMP_OK ? c->usb.info.slots : 1;

	for (unsigned i = 0; i < slots; i++) {
		const struct imp_ccid_pipe pipe = pipe_of(&c->usb);

		c->name = slot_name(reader, &c->usb.info, i);
		if (strcmp(c->name.text, name) != 0)
			continue;
		if (st == IMP_OK)
			imp_ccid_slot(&c->slot, &pipe, &c->usb.info, (uint8_t)i);
		return st;
	}
	usb_close(&c->usb);
	return IMP_E_ABSENT;
}

static enum imp_status connect_card(struct card *c, const char *name, struct imp_diag *diag)
{
	__attribute__((cleanup(devices_free))) struct devices devices = { NULL, 0 };
	enum imp_status st = start(&c->context, &devices, diag);

	if (st != IMP_OK)
		return st;
	st = IMP_E_ABSENT;
	for (ssize_t i = 0; i < devices.n && st == IMP_E_ABSENT; i++)
		if (is_reader(devices.v[i]))
			st = match(c, devices.v[i], name, diag);
	if (st == IMP_E_ABSENT)
		return failed(LIBUSB_ERROR_NO_DEVICE, name, diag);
	if (st != IMP_OK)
		return st;
	c->powered = true;
	return imp_ccid_power_on(&c->slot, name, diag);
}

static enum imp_status open_card(
	void *ctx, const char *name, struct imp_card *card, struct imp_diag *diag)
{
	struct card *c = (struct card *)calloc(1, sizeof *c);
	enum imp_status st;

	(void)ctx;
	if (!c)
		return imp_diag(diag, IMP_E_INTERNAL, "out of memory");
	st = connect_card(c, name, diag);
	if (st != IMP_OK) {
		card_close(c);
		return st;
	}
	*card = (struct imp_card){ c, transceive, reset, atr, card_close, NULL };
	return IMP_OK;
}

void imp_ccid_readers(struct imp_readers *readers)
{
	*readers = (struct imp_readers){ NULL, list, open_card, "--ccid" };
}
