/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/schema.h"

/*
 * Identifiers of batches, units and events are 1, 2, 3, ... without a gap: nothing is ever deleted,
 * so a gap is a deletion.
 */
const struct imp_schema_part imp_schema[] = {
	{ "table", "batch",
		"CREATE TABLE batch (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
		" product TEXT NOT NULL, profile TEXT NOT NULL, profile_path TEXT NOT NULL,"
		" columns TEXT NOT NULL, profile_sha256 BLOB NOT NULL,"
		" devices_sha256 BLOB NOT NULL, inputs_sha256 BLOB NOT NULL, keys INTEGER NOT "
		"NULL, targets INTEGER NOT NULL,"
		" test INTEGER NOT NULL, created INTEGER NOT NULL, not_before INTEGER NOT NULL,"
		" seal INTEGER NOT NULL, seal_file TEXT NOT NULL, data_key BLOB NOT NULL,"
		" resume BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT" },
	{ "table", "unit",
		"CREATE TABLE unit (id INTEGER PRIMARY KEY,"
		" batch INTEGER NOT NULL REFERENCES batch (id), line INTEGER NOT NULL,"
		" serial TEXT NOT NULL, endpoint TEXT NOT NULL, iccid TEXT NOT NULL,"
		" fields TEXT NOT NULL, state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),"
		" done INTEGER NOT NULL DEFAULT 0, sealed_sha256 BLOB, payload_bytes INTEGER,"
		" generation INTEGER, file TEXT, file_bytes INTEGER, file_sha256 BLOB,"
		" reason TEXT, delivery_sha256 BLOB, delivered INTEGER) STRICT" },
	/* Apart from unit, so that a change of state does not rewrite it. */
	{ "table", "sealed",
		"CREATE TABLE sealed (unit INTEGER PRIMARY KEY REFERENCES unit (id),"
		" payload BLOB NOT NULL) STRICT" },
	/* Payloads that a bootstrap server gives, sealed likewise. */
	{ "table", "delivery",
		"CREATE TABLE delivery (unit INTEGER PRIMARY KEY REFERENCES unit (id),"
		" payload BLOB NOT NULL) STRICT" },
	{ "table", "credential",
		"CREATE TABLE credential (unit INTEGER NOT NULL REFERENCES unit (id),"
		" kind INTEGER NOT NULL, value BLOB NOT NULL, accounts INTEGER NOT NULL,"
		" body BLOB NOT NULL, PRIMARY KEY (unit, kind, value), UNIQUE (kind, value))"
		" STRICT, WITHOUT ROWID" },
	{ "table", "event",
		"CREATE TABLE event (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
		" kind INTEGER NOT NULL, batch INTEGER NOT NULL, unit INTEGER NOT NULL,"
		" state INTEGER NOT NULL, digest BLOB NOT NULL, detail TEXT NOT NULL,"
		" prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT" },
	{ "trigger", "event_stays",
		"CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN"
		" SELECT RAISE (ABORT, 'events are never deleted'); END" },
	{ "trigger", "event_keeps",
		"CREATE TRIGGER event_keeps BEFORE UPDATE ON event BEGIN"
		" SELECT RAISE (ABORT, 'events are never changed'); END" },
	{ "trigger", "unit_stays",
		"CREATE TRIGGER unit_stays BEFORE DELETE ON unit BEGIN"
		" SELECT RAISE (ABORT, 'units are scrapped, not deleted'); END" },
	{ "trigger", "batch_stays",
		"CREATE TRIGGER batch_stays BEFORE DELETE ON batch BEGIN"
		" SELECT RAISE (ABORT, 'batches are never deleted'); END" },
};
const size_t imp_schema_n = sizeof imp_schema / sizeof imp_schema[0];
