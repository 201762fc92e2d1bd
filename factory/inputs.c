/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/inputs.h"

#include "cmd/tag_key.h"
#include "host/file.h"

#define INPUT_MAX ((size_t)1 << 20)

static bool uses_x509(const struct imp_profile *p)
{
	for (size_t i = 0; i < p->accounts_n; i++)
		if (p->accounts[i].security == IMP_SECURITY_X509)
			return true;
	return false;
}

enum imp_status imp_profile_ca(
	const struct imp_profile *profile, int64_t now, struct imp_ca **out, struct imp_diag *diag)
{
	const struct imp_profile_x509 *x = &profile->x509;
	IMP_BLOB certificate = { NULL, 0 };
	IMP_BLOB key = { NULL, 0 };
	struct imp_ca_source source = { .certificate_name = x->ca, .key_name = x->ca_key };
	enum imp_status st;

	*out = NULL;
	if (!x->present || !uses_x509(profile))
		return IMP_OK;
	st = imp_file_read(x->ca, INPUT_MAX, &certificate, diag);
	if (st == IMP_OK)
		st = imp_file_read(x->ca_key, INPUT_MAX, &key, diag);
	if (st != IMP_OK)
		return st;
	source.certificate = imp_blob_span(&certificate);
	source.key = imp_blob_span(&key);
	return imp_ca_open(&source, now, out, diag);
}

static enum imp_status add_file(struct imp_sha256 *h, const char *path, struct imp_diag *diag)
{
	IMP_BLOB file = { NULL, 0 };
	uint8_t one[IMP_SHA256];
	enum imp_status st = imp_file_read(path, INPUT_MAX, &file, diag);

	if (st == IMP_OK)
		st = imp_sha256(imp_blob_span(&file), one);
	if (st == IMP_OK)
		imp_sha256_add(h, imp_span(one, sizeof one));
	return st;
}

static void add_layout(struct imp_sha256 *h, const struct imp_layout *l)
{
	uint8_t b[7 * 4];
	struct imp_wr wr = imp_wr(b, sizeof b);

	imp_wr_be32(&wr, l->base);
	imp_wr_be32(&wr, l->size);
	imp_wr_be32(&wr, l->erase);
	imp_wr_be32(&wr, l->program);
	imp_wr_be32(&wr, l->slot[0]);
	imp_wr_be32(&wr, l->slot[1]);
	imp_wr_be32(&wr, l->slot_size);
	imp_sha256_add(h, imp_wr_span(&wr));
}

/* Something that only this key makes, and that tells nothing of it: the tag of a text. */
static enum imp_status add_tag_key(struct imp_sha256 *h, const char *path, struct imp_diag *diag)
{
	IMP_SECRET key = { { 0 }, 0 };
	struct imp_cmac *cmac = NULL;
	uint8_t tag[IMP_CMAC];
	enum imp_status st = imp_tag_key_read(path, &key, NULL, diag);

	if (st != IMP_OK)
		return st;
	st = imp_cmac_open(&key, &cmac);
	if (st == IMP_OK)
		st = imp_cmac(cmac, imp_span_str("imprint tag key v1"), imp_span(NULL, 0), tag);
	imp_cmac_close(cmac);
	if (st != IMP_OK)
		return imp_diag(diag, st, "AES-CMAC failed");
	imp_sha256_add(h, imp_span(tag, sizeof tag));
	return IMP_OK;
}

static enum imp_status add_all(
	struct imp_sha256 *h, const struct imp_profile *p, struct imp_diag *diag)
{
	enum imp_status st = IMP_OK;

	if (p->flash.present)
		add_layout(h, &p->flash.layout);
	if (p->x509.present)
		st = add_file(h, p->x509.ca, diag);
	for (size_t i = 0; i < p->accounts_n && st == IMP_OK; i++)
		if (p->accounts[i].server_key)
			st = add_file(h, p->accounts[i].server_key, diag);
	if (p->flash.tag_key && st == IMP_OK)
		st = add_tag_key(h, p->flash.tag_key, diag);
	return st;
}

enum imp_status imp_profile_inputs(
	const struct imp_profile *profile, uint8_t out[static IMP_SHA256], struct imp_diag *diag)
{
	struct imp_sha256 *h = NULL;
	enum imp_status st = imp_sha256_open(&h);

	if (st != IMP_OK)
		return imp_diag(diag, st, "SHA-256 failed");
	imp_sha256_start(h);
	st = add_all(h, profile, diag);
	if (st == IMP_OK)
		st = imp_sha256_finish(h, out);
	imp_sha256_close(h);
	return st;
}
