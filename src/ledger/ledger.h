/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: batches, units, their unique credentials, sealed payloads and the chain of events,
 * in one SQLite file (WAL, synchronous=FULL, mode 0600).
 *
 * One handle may be used by many threads; each call that changes something is one transaction, and
 * what it did is durable when it returns IMP_OK.  A call that fails has changed nothing.
 *
 * Statuses that any call may give, beside its own: IMP_E_DENIED another process held the file for
 * longer than the bound; IMP_E_IO the file cannot be read or written (a full disk too).  Both with
 * a diagnosis that names the file.
 */
#ifndef IMP_LEDGER_LEDGER_H
#define IMP_LEDGER_LEDGER_H

#include "base/diag.h"
#include "base/seam.h"
#include "base/span.h"
#include "crypto/sha256.h"
#include "host/file.h"
#include "model/set.h"

#define IMP_LEDGER_SCHEMA 1		  /* PRAGMA user_version */
#define IMP_LEDGER_APPLICATION 0x494D504C /* PRAGMA application_id, "IMPL" */
#define IMP_LEDGER_BUSY_MS 10000	  /* how long a call waits for another process */

struct imp_ledger;

/*
 * Open a ledger; create: make it when there is no file.  IMP_E_ABSENT: no file and not create.
 * IMP_E_FORMAT: not a ledger.  IMP_E_UNSUPPORTED: of a newer version.  clock gives the times of
 * events.  The handle must not be carried over fork().  Where nothing can be written, a ledger
 * without a write-ahead log is opened for reading; what would change it is IMP_E_IO then.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_open(const char *path, bool create,
	const struct imp_clock *clock, struct imp_ledger **out, struct imp_diag *diag);
void imp_ledger_close(struct imp_ledger *ledger); /* takes NULL */
void imp_ledger_closep(struct imp_ledger **ledger);
#define IMP_LEDGER __attribute__((cleanup(imp_ledger_closep))) struct imp_ledger

const char *imp_ledger_path(const struct imp_ledger *ledger);

/*
 * Many reads as one look: nothing changes in between, and the file is locked once instead of for
 * each.  The handle is this thread's until look_end(), and only functions that read may be called.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_look(struct imp_ledger *ledger, struct imp_diag *diag);
void imp_ledger_look_end(struct imp_ledger *ledger);

/* ---- units ---------------------------------------------------------------------------------- */

/* A unit is in exactly one state. */
enum imp_unit_state {
	IMP_UNIT_PLANNED,  /* no key exists */
	IMP_UNIT_MADE,	   /* keys sealed here, no target done */
	IMP_UNIT_WRITTEN,  /* on a medium, not verified yet */
	IMP_UNIT_VERIFIED, /* read back and right, other targets still open */
	IMP_UNIT_RELEASED, /* every target written and verified */
	IMP_UNIT_FAILED,   /* reason says why; `batch retry` */
	IMP_UNIT_SCRAPPED, /* for good; keeps its credentials so that nothing is issued twice */
	IMP_UNIT_STATES
};

/* "planned", "made", ...; never NULL. */
const char *imp_unit_state_name(enum imp_unit_state state);

#define IMP_TARGET_FLASH 1U
#define IMP_TARGET_CARD 2U

#define IMP_UNIT_SERIAL_MAX 64
#define IMP_UNIT_ENDPOINT_MAX 128
#define IMP_UNIT_ICCID_MAX 20
#define IMP_UNIT_REASON_MAX 200

struct imp_unit {
	int64_t id, batch;
	char *fields;  /* values of the list's columns, 1F between them; owned */
	uint32_t line; /* of the device list */
	enum imp_unit_state state;
	unsigned done; /* IMP_TARGET_* written and verified */
	uint32_t payload_bytes, generation;
	bool made;	/* a sealed payload exists */
	bool delivered; /* a device has finished a bootstrap with its delivery (ledger/delivery.h)
			 */
	char serial[IMP_UNIT_SERIAL_MAX + 1];
	char endpoint[IMP_UNIT_ENDPOINT_MAX + 1];
	char iccid[IMP_UNIT_ICCID_MAX + 1]; /* of the list or of the card it was bound to; or "" */
	char reason[IMP_UNIT_REASON_MAX + 1];
	/* What batch run left: file name without folder, its octets and SHA-256; 0 octets: none. */
	char file[IMP_UNIT_SERIAL_MAX + 8];
	uint8_t file_sha256[IMP_SHA256];
	uint64_t file_bytes;
};

void imp_unit_free(struct imp_unit *unit); /* leaves it empty */
#define IMP_UNIT __attribute__((cleanup(imp_unit_free))) struct imp_unit

/* IMP_E_ABSENT with a diagnosis when there is none.  By serial: within a batch. */
IMP_MUST_CHECK enum imp_status imp_ledger_unit_by_endpoint(struct imp_ledger *ledger,
	const char *endpoint, struct imp_unit *out, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_unit_by_serial(struct imp_ledger *ledger, int64_t batch,
	const char *serial, struct imp_unit *out, struct imp_diag *diag);

/*
 * The next units of a batch behind unit id after (0 to begin), ascending, whose state is one of
 * the bits (1U << state) of states; up to cap into out (freed or zeroed by the caller), the number
 * in *n.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_units(struct imp_ledger *ledger, int64_t batch,
	unsigned states, int64_t after, struct imp_unit *out, size_t cap, size_t *n,
	struct imp_diag *diag);

/* ---- credentials: what no two units may share ----------------------------------------------- */

enum imp_cred_kind {
	IMP_CRED_ENDPOINT = 1,	   /* text */
	IMP_CRED_SERIAL = 2,	   /* product, 1F, serial */
	IMP_CRED_ICCID = 3,	   /* digits */
	IMP_CRED_PSK_IDENTITY = 4, /* octets */
	IMP_CRED_PSK = 5,	   /* fingerprint of the key */
	IMP_CRED_PUBLIC_KEY = 6,   /* SHA-256 of the SubjectPublicKeyInfo; body: that */
	IMP_CRED_CERTIFICATE = 7,  /* serial number; body: the certificate in DER */
	IMP_CRED_OSCORE = 8,	   /* fingerprint of the master secret */
	IMP_CRED_KINDS
};

const char *imp_cred_kind_name(enum imp_cred_kind kind); /* "psk-identity", ...; never NULL */

struct imp_cred {
	enum imp_cred_kind kind;
	uint64_t accounts; /* bit per account of the profile that uses it; 0: none in particular */
	struct imp_span
		value; /* unique over all units of all batches; equal ones of one unit are one */
	struct imp_span body; /* public; may be empty */
};

/* Call visit for each credential of a unit, by kind and value; stops at a failure of it. */
IMP_MUST_CHECK enum imp_status imp_ledger_credentials(struct imp_ledger *ledger, int64_t unit,
	enum imp_status (*visit)(void *ctx, const struct imp_cred *credential), void *ctx,
	struct imp_diag *diag);

/* Who holds this value: the endpoint and batch name in text form for a message ("meter-7 of batch
 * A", cap octets).  IMP_E_ABSENT without a diagnosis when nobody does. */
IMP_MUST_CHECK enum imp_status imp_ledger_holder(struct imp_ledger *ledger, enum imp_cred_kind kind,
	struct imp_span value, char *text, size_t cap, struct imp_diag *diag);

/* ---- batches -------------------------------------------------------------------------------- */

#define IMP_BATCH_NAME_MAX 64

enum imp_batch_seal { IMP_BATCH_SEAL_CMS = 1, IMP_BATCH_SEAL_STATION = 2 };

struct imp_batch {
	int64_t id;
	char name[IMP_BATCH_NAME_MAX + 1];
	char *product;
	char *profile;	    /* snapshot of the profile's text */
	char *profile_path; /* absolute, when the batch was made; folder of relative paths */
	char *columns;	    /* of the device list, 1F between them */
	uint8_t profile_sha256[IMP_SHA256];
	uint8_t devices_sha256[IMP_SHA256];
	uint8_t inputs_sha256[IMP_SHA256]; /* of what the profile names: layout, CA, server keys */
	enum imp_keys keys;
	unsigned targets; /* IMP_TARGET_* */
	bool test;	  /* keys from the deterministic source of tests */
	int64_t created, not_before;
	enum imp_batch_seal seal;
	char *seal_file;	  /* absolute path of the certificate or station key */
	struct imp_blob data_key; /* sealed: CMS EnvelopedData, or wrapped by the station key */
	struct imp_blob resume;	  /* CMS only: wrapped by the resume key; empty once it is wiped */
};

void imp_batch_free(struct imp_batch *batch); /* leaves it empty */
#define IMP_BATCH __attribute__((cleanup(imp_batch_free))) struct imp_batch

struct imp_batch_counts {
	uint64_t total, state[IMP_UNIT_STATES];
	uint64_t open; /* planned, made, written, verified or failed */
};

/* IMP_E_ABSENT with a diagnosis when there is none of this name. */
IMP_MUST_CHECK enum imp_status imp_ledger_batch(
	struct imp_ledger *ledger, const char *name, struct imp_batch *out, struct imp_diag *diag);
/* The batch behind id after (0 to begin); IMP_E_ABSENT without a diagnosis at the end. */
IMP_MUST_CHECK enum imp_status imp_ledger_batch_next(
	struct imp_ledger *ledger, int64_t after, struct imp_batch *out, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_batch_by_id(
	struct imp_ledger *ledger, int64_t id, struct imp_batch *out, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_batch_counts(struct imp_ledger *ledger, int64_t batch,
	struct imp_batch_counts *out, struct imp_diag *diag);

/*
 * One batch with all its units, all or nothing.  begin() starts the transaction and keeps the
 * handle for this thread; then a unit() per row; then end(), or abort() which forgets all of it.
 * After a failure of unit() only further unit() calls (to find all conflicts) and abort() make
 * sense.
 *
 * begin: batch->id is filled.  IMP_E_DENIED: the name is taken.  unit: serial, endpoint, iccid,
 * fields, line are read, id is filled; credentials known before a key exists are given (endpoint,
 * serial and ICCID are added by the ledger).  IMP_E_DENIED: one of them belongs to another unit;
 * the diagnosis names both.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_plan_begin(
	struct imp_ledger *ledger, struct imp_batch *batch, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_plan_unit(struct imp_ledger *ledger,
	const struct imp_batch *batch, struct imp_unit *unit, const struct imp_cred *credentials,
	size_t n, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_plan_end(
	struct imp_ledger *ledger, struct imp_diag *diag);
void imp_ledger_plan_abort(struct imp_ledger *ledger);

/*
 * Only one run, retry or scrap of a batch at a time on a machine; the lock goes away with the
 * process, however it ends.  IMP_E_DENIED: another one holds it.  *fd is closed to give it back.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_lock(
	struct imp_ledger *ledger, const struct imp_batch *batch, int *fd, struct imp_diag *diag);

/* ---- what happens to units ------------------------------------------------------------------ */

struct imp_unit_made {
	int64_t unit;
	struct imp_span sealed; /* payload sealed under the data key, see imp_unit_aad() */
	uint32_t payload_bytes, generation;
	const struct imp_cred *credentials;
	size_t credentials_n;
	enum imp_status status; /* out: IMP_E_DENIED when a credential belongs to another unit */
};

/*
 * Record keys: planned -> made, one transaction for the group, before any medium is touched.  A
 * unit whose credential collides is marked failed, its sealed payload dropped; the others go on.  A
 * unit that is not planned any more is IMP_E_DENIED and refuses the group.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_made(struct imp_ledger *ledger, int64_t batch,
	struct imp_unit_made *v, size_t n, struct imp_diag *diag);

/* The result of one unit's flash file. */
struct imp_unit_flashed {
	int64_t unit;
	const char *file; /* name without folder */
	uint64_t file_bytes;
	uint8_t file_sha256[IMP_SHA256];
	const char *evidence; /* JSON: what the device's reader said; copied into the event */
	const char *failure;  /* NULL when it was verified; else the reason, unit becomes failed */
};

/* Record verified files: -> released, or verified while the card is open (written stays while a
 * card is in the middle of it).  One transaction.  Call it when the files are durable. */
IMP_MUST_CHECK enum imp_status imp_ledger_flashed(struct imp_ledger *ledger,
	const struct imp_batch *batch, const struct imp_unit_flashed *v, size_t n,
	struct imp_diag *diag);

/* made, written, verified -> failed with a reason. */
IMP_MUST_CHECK enum imp_status imp_ledger_fail(
	struct imp_ledger *ledger, int64_t unit, const char *reason, struct imp_diag *diag);

/* failed -> verified (a target is done), made (same keys) or planned (when none were made).  serial
 * NULL: all failed ones of the batch; their number in *n.  IMP_E_DENIED: the unit named is not
 * failed. */
IMP_MUST_CHECK enum imp_status imp_ledger_retry(struct imp_ledger *ledger,
	const struct imp_batch *batch, const char *serial, uint64_t *n, struct imp_diag *diag);

/* Any state but scrapped -> scrapped.  Its credentials stay taken, its sealed payload is deleted.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_scrap(struct imp_ledger *ledger,
	const struct imp_batch *batch, const char *serial, const char *reason,
	struct imp_diag *diag);

/*
 * Cards.  bind comes before the first octet of the keys goes to the card: unit and ICCID belong to
 * each other from then on.  IMP_E_DENIED: the unit has no open card target, its keys are not made
 * yet, it is released, failed or scrapped, or either side is bound elsewhere already; the diagnosis
 * says which.  Binding again to the same card is IMP_OK (a torn card is resumed).  may_bind says
 * the same without binding, so that a card can be refused before it is asked for a key.  written
 * and verified: the unit must be bound to this ICCID; verified -> released, or verified while the
 * flash target is open.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_card_may_bind(
	struct imp_ledger *ledger, int64_t unit, const char *iccid, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_card_bind(
	struct imp_ledger *ledger, int64_t unit, const char *iccid, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_card_written(
	struct imp_ledger *ledger, int64_t unit, const char *iccid, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_card_verified(struct imp_ledger *ledger, int64_t unit,
	const char *iccid, const char *evidence, struct imp_diag *diag);

/*
 * A unit whose card is finished, and whose card has lost what it held: the same keys again, onto
 * the very same card.  IMP_E_DENIED: its card is not finished, or this is another one.  rewritten
 * leaves an event; the state stays.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_card_may_rewrite(
	struct imp_ledger *ledger, int64_t unit, const char *iccid, struct imp_diag *diag);
IMP_MUST_CHECK enum imp_status imp_ledger_card_rewritten(struct imp_ledger *ledger, int64_t unit,
	const char *iccid, const char *evidence, struct imp_diag *diag);

/* ---- sealed payloads ------------------------------------------------------------------------ */

/* What binds a sealed payload to its unit: additional data of the AES-GCM. */
#define IMP_UNIT_AAD_MAX (24 + IMP_UNIT_ENDPOINT_MAX)
size_t imp_unit_aad(const struct imp_unit *unit, uint8_t out[static IMP_UNIT_AAD_MAX]);

/*
 * Open the data key of a batch.  key_file: the station key or, for CMS, the recipient's private key
 * in PEM; NULL: the station key file that the batch names, or the resume key beside the ledger.
 * IMP_E_ABSENT: that file is not there (for a resume key: IMP_E_DENIED, with what to do);
 * IMP_E_REFUSED: it is not the right key.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_data_key(struct imp_ledger *ledger,
	const struct imp_batch *batch, const char *key_file, struct imp_secret *out,
	struct imp_diag *diag);

/* The payload of a unit, opened.  IMP_E_DENIED: no keys were made yet, or it was scrapped.
 * IMP_E_MISMATCH: sealed bytes do not open under this key (changed, or the wrong key). */
IMP_MUST_CHECK enum imp_status imp_ledger_unseal(struct imp_ledger *ledger,
	const struct imp_unit *unit, const struct imp_secret *data_key, struct imp_blob *out,
	struct imp_diag *diag);

/* The same with a sealer that is open already, for many units. */
struct imp_sealer;
IMP_MUST_CHECK enum imp_status imp_ledger_unseal_with(struct imp_ledger *ledger,
	const struct imp_unit *unit, struct imp_sealer *sealer, struct imp_blob *out,
	struct imp_diag *diag);

/*
 * The same in one step for a command that was given an endpoint: unit, batch and payload; any of
 * unit and batch may be NULL.
 */
IMP_MUST_CHECK enum imp_status imp_ledger_open_unit(struct imp_ledger *ledger, const char *endpoint,
	const char *key_file, struct imp_unit *unit, struct imp_batch *batch,
	struct imp_blob *payload, struct imp_diag *diag);

/*
 * Resume key: CMS seals the data key to somebody else, so an interrupted run could not go on. Until
 * the batch has no open unit, LEDGER.resume/ID.key (0600, folder 0700) holds a random key that
 * wraps the data key; the wrapped copy is in the ledger, so neither opens anything alone.
 */
IMP_MUST_CHECK enum imp_status imp_resume_create(struct imp_ledger *ledger,
	const struct imp_rng *rng, const struct imp_secret *data_key, struct imp_batch *batch,
	struct imp_diag *diag); /* between plan_begin() and plan_end(): the id is known */
/* Wipe it when no unit is open (overwritten, synced, unlinked, wrapped copy cleared).  A batch
 * whose resume key is gone, or was never made, is left alone. */
IMP_MUST_CHECK enum imp_status imp_resume_settle(
	struct imp_ledger *ledger, const struct imp_batch *batch, struct imp_diag *diag);

#endif
