/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/bs_host.h"

#include "factory/peer_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imp_bs_host {
	struct imp_env *env;
	struct imp_provider *provider;
	struct imp_bs_log *log;
	struct imp_bs_server *server;
	struct imp_net *net;
	const struct imp_peer *peer; /* of the request at hand, else NULL */
	char who[200];
	bool asked; /* the provider was asked about it */
	bool draining;
	char last[256]; /* failure */
};

/* ---- seams ------------------------------------------------------------------------------------
 */

static enum imp_status configure(void *ctx, struct imp_span endpoint, const struct imp_peer *peer,
	struct imp_set *set, struct imp_bs_policy *policy)
{
	struct imp_bs_host *h = ctx;

	h->asked = true;
	return imp_provider_configure(h->provider, endpoint, peer, set, policy);
}

static void note_failure(struct imp_bs_host *h, const struct imp_bs_event *event)
{
	char code[5] = "";

	if (event->code)
		(void)imp_coap_text(event->code, code);
	(void)snprintf(h->last, sizeof h->last, "%s%s%s", code,
		code[0] && event->text[0] ? " " : "", event->text);
}

/* Whoever has proved an identity leaves a trace on the unit that it belongs to. */
static void tell_refusal(struct imp_bs_host *h, const struct imp_bs_event *event)
{
	struct imp_bs_note note = { .unit = 0 };
	struct imp_bs_event noted = *event;

	if (h->peer && imp_provider_owner(h->provider, h->peer, &note.batch, &note.unit) == IMP_OK)
		noted.note = &note;
	imp_bs_log_event(h->log, &noted, h->who, h->asked ? imp_provider_why(h->provider) : "");
}

static void on_event(void *ctx, const struct imp_bs_event *event)
{
	struct imp_bs_host *h = ctx;

	if (event->kind == IMP_BS_FAILED)
		note_failure(h, event);
	if (event->kind == IMP_BS_REFUSED)
		tell_refusal(h, event);
	else
		imp_bs_log_event(h->log, event, h->who, "");
	/* Nothing more is to come; what stays open costs each of the others. */
	if (event->kind == IMP_BS_FINISHED)
		h->env->net->end(h->net, event->session);
}

static void on_request(void *ctx, const struct imp_peer *peer, const struct imp_request *in,
	struct imp_response *out)
{
	struct imp_bs_host *h = ctx;

	if (h->draining) {
		out->code = IMP_COAP_UNAVAILABLE;
		return;
	}
	h->asked = false;
	(void)imp_peer_text(peer, h->who, sizeof h->who);
	h->peer = peer;
	imp_bs_server_request(h->server, peer, in, out);
	h->peer = NULL;
}

static void on_response(
	void *ctx, uint64_t session, uint64_t request, const struct imp_response *in)
{
	struct imp_bs_host *h = ctx;

	(void)request;
	imp_bs_server_answer(h->server, session, in, IMP_NET_CLOSED);
}

static void on_failed(void *ctx, uint64_t session, uint64_t request, enum imp_net_failure why)
{
	struct imp_bs_host *h = ctx;

	(void)request;
	imp_bs_server_answer(h->server, session, NULL, why);
}

static void on_closed(void *ctx, uint64_t session)
{
	struct imp_bs_host *h = ctx;

	imp_bs_server_closed(h->server, session);
}

static enum imp_status on_psk(
	void *ctx, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	struct imp_bs_host *h = ctx;

	return imp_provider_psk(h->provider, identity, key, n);
}

static bool on_judge(void *ctx, enum imp_peer_kind kind, struct imp_span identity)
{
	struct imp_bs_host *h = ctx;

	return imp_provider_judge(h->provider, kind, identity);
}

/* ---- open and close ---------------------------------------------------------------------------
 */

static enum imp_status open_parts(struct imp_bs_host *h, struct imp_ledger *ledger,
	const struct imp_provider_options *options)
{
	const struct imp_bs_server_seam seam = { h, configure, on_event };
	const struct imp_net_events events = { .ctx = h,
		.request = on_request,
		.response = on_response,
		.failed = on_failed,
		.closed = on_closed,
		.psk = on_psk,
		.judge = on_judge };
	const struct imp_net_options limits = { .body_max = 65536 };
	enum imp_status st = imp_provider_open(h->env, ledger, options, &h->provider);

	if (st == IMP_OK)
		st = imp_bs_log_open(h->env, ledger, &h->log);
	if (st == IMP_OK && imp_bs_server_open(&seam, &h->server) != IMP_OK)
		st = imp_diag(&h->env->diag, IMP_E_INTERNAL, "out of memory");
	if (st == IMP_OK)
		st = h->env->net->open(h->env->net->ctx, &events, &limits, &h->net, &h->env->diag);
	return st;
}

enum imp_status imp_bs_host_open(struct imp_env *env, struct imp_ledger *ledger,
	const struct imp_provider_options *options, struct imp_bs_host **out)
{
	struct imp_bs_host *h = calloc(1, sizeof *h);
	enum imp_status st;

	if (!h)
		return imp_diag(&env->diag, IMP_E_INTERNAL, "out of memory");
	h->env = env;
	st = open_parts(h, ledger, options);
	if (st != IMP_OK) {
		imp_bs_host_close(h);
		return st;
	}
	*out = h;
	return IMP_OK;
}

void imp_bs_host_close(struct imp_bs_host *h)
{
	if (!h)
		return;
	if (h->net)
		h->env->net->close(h->net);
	imp_bs_server_close(h->server);
	imp_bs_log_close(h->log);
	imp_provider_close(h->provider);
	free(h);
}

/* ---- work -------------------------------------------------------------------------------------
 */

enum imp_status imp_bs_host_listen(struct imp_bs_host *h, const char *uri,
	const struct imp_credentials *own, unsigned *port, struct imp_diag *diag)
{
	return h->env->net->listen(h->net, uri, strncmp(uri, "coaps:", 6) == 0, own, port, diag);
}

enum imp_status imp_bs_host_push(
	struct imp_bs_host *h, const char *uri, const char *endpoint, struct imp_diag *diag)
{
	struct imp_credentials own;
	struct imp_peer peer = { .address = uri };
	enum imp_status st =
		imp_provider_credentials(h->provider, imp_span_str(endpoint), &own, diag);

	if (st == IMP_OK)
		st = h->env->net->connect(
			h->net, uri, own.kind == IMP_PEER_NONE ? NULL : &own, &peer.session, diag);
	if (st != IMP_OK)
		return st;
	peer.kind = own.kind;
	peer.identity = own.identity;
	st = imp_bs_server_begin(h->server, &peer, imp_span_str(endpoint));
	if (st != IMP_OK)
		return imp_diag(diag, st, "'%s': %s", endpoint, imp_provider_why(h->provider));
	return IMP_OK;
}

enum imp_status imp_bs_host_pump(struct imp_bs_host *h, unsigned ms, struct imp_diag *diag)
{
	struct imp_request out;
	uint64_t session, request;

	while (imp_bs_server_next(h->server, &session, &out))
		if (h->env->net->send(h->net, session, &out, &request) != IMP_OK)
			imp_bs_server_answer(h->server, session, NULL, IMP_NET_CLOSED);
	h->env->net->poll(h->net, ms);
	return imp_bs_log_flush(h->log, false, diag);
}

void imp_bs_host_drain(struct imp_bs_host *h)
{
	h->draining = true;
}

size_t imp_bs_host_sessions(const struct imp_bs_host *h)
{
	return imp_bs_server_sessions(h->server);
}

const struct imp_bs_counts *imp_bs_host_counts(const struct imp_bs_host *h)
{
	return imp_bs_log_counts(h->log);
}

const char *imp_bs_host_last(const struct imp_bs_host *h)
{
	return h->last;
}

struct imp_provider *imp_bs_host_provider(struct imp_bs_host *h)
{
	return h->provider;
}
