/* SPDX-License-Identifier: Apache-2.0 */
/* A device that bootstraps: its client machine, the session of it, and what follows. */
#include "cmd/device_parts.h"

#include "base/secret.h"

#include <stdio.h>
#include <string.h>

#define HANDSHAKES 3 /* one lost message may cost a whole handshake */
#define MODE_PSK 0
#define MODE_NOSEC 3

bool imp_device_bootstrapping(const struct imp_device *d)
{
	enum imr_client_state state = d->client.state;

	return state == IMR_CLIENT_PACK || state == IMR_CLIENT_ASKED ||
	       state == IMR_CLIENT_ACTIVE || d->bs_end;
}

/* What the machine says; ends are seen to when the answer is out. */
static void follow(struct imp_device *d, enum imr_client_next next)
{
	if (next == IMR_CLIENT_SEND &&
		(!d->bs_session || d->options.net->send(d->net, d->bs_session, &d->client.send,
					   &d->bs_request) != IMP_OK))
		next = imr_client_end(&d->client);
	if (next == IMR_CLIENT_FINISHED || next == IMR_CLIENT_FAILED)
		d->bs_end = next;
}

/* ---- client-initiated -------------------------------------------------------------------------
 */

static void ask(struct imp_device *d)
{
	struct imp_diag diag = { .status = IMP_OK };
	char uri[IMP_DEVICE_URI] = "";
	enum imr_client_next next;

	d->bs_again = false;
	d->bs_unasked = false;
	d->bs_why = NULL;
	imp_device_end(d, &d->bs_session);
	next = imr_client_begin(&d->client, imp_device_now(d));
	if (next == IMR_CLIENT_SEND) {
		d->bs_session = imp_device_connect(d, d->client.account, uri, &diag);
		imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_BOOTSTRAPPING,
					   .uri = uri,
					   .text = d->bs_session ? NULL : diag.text });
	}
	follow(d, next);
}

/* A configuration that nobody registers would be fetched again and again. */
void imp_device_bootstrap(struct imp_device *d)
{
	unsigned doublings = d->bs_vain < 12 ? d->bs_vain : 12;
	uint32_t seconds = (IMR_RETRY << doublings) / 2;

	d->bs_tries = 0;
	if (!d->bs_vain) {
		ask(d);
		return;
	}
	if (seconds > IMR_RETRY_MAX)
		seconds = IMR_RETRY_MAX;
	d->bs_again = true;
	d->bs_at = imp_device_now(d) + seconds;
	imp_device_tell(
		d, (struct imp_device_event){ .kind = IMP_DEVICE_WAITING, .seconds = seconds });
}

void imp_device_bootstrap_answer(
	struct imp_device *d, const struct imp_response *in, enum imp_net_failure why)
{
	d->bs_request = 0;
	if (in) {
		follow(d, imr_client_response(&d->client, in, imp_device_now(d)));
		return;
	}
	d->bs_why = imp_device_failure(why);
	if (why == IMP_NET_HANDSHAKE && !d->distrust && ++d->bs_tries < HANDSHAKES) {
		(void)imr_client_end(&d->client);
		d->bs_again = true;
		d->bs_at = imp_device_now(d) + (1U << d->bs_tries);
		return;
	}
	follow(d, imr_client_end(&d->client));
}

/* ---- the server's requests --------------------------------------------------------------------
 */

/* The bootstrap account in the set in memory. */
static bool account_at(struct imp_device *d, struct imr_at *at)
{
	imr_set_start(at);
	return imr_store_read(&d->store) == IMR_OK && imr_set_account(&d->store.set, at);
}

static bool has_mode(const struct imr_at *at, uint8_t mode)
{
	struct imp_span value = imr_at_resource(at, 2);

	return value.n == 1 && value.p[0] == mode;
}

enum imp_status imp_device_bootstrap_psk(
	struct imp_device *d, struct imp_span identity, uint8_t key[static 64], size_t *n)
{
	enum imp_status st = IMP_E_ABSENT;
	struct imr_at at;

	if (imp_device_bootstrapping(d))
		return st;
	if (account_at(d, &at) && has_mode(&at, MODE_PSK) &&
		imp_span_eq(imr_at_resource(&at, 3), identity)) {
		struct imp_span secret = imr_at_resource(&at, 5);

		if (secret.n && secret.n <= 64) {
			memcpy(key, secret.p, secret.n);
			*n = secret.n;
			st = IMP_OK;
		}
	}
	imr_store_wipe(&d->store);
	return st;
}

/* May this peer begin on its own (M13)?  A PSK has proved itself already. */
static bool may_begin(struct imp_device *d, const struct imp_peer *peer)
{
	bool nosec;
	struct imr_at at;

	if (!d->options.listen || d->client.state != IMR_CLIENT_OPEN ||
		!d->life.sequence.sources_tried)
		return false;
	if (peer->kind == IMP_PEER_PSK)
		return true;
	nosec = account_at(d, &at) && has_mode(&at, MODE_NOSEC);
	imr_store_wipe(&d->store);
	return peer->kind == IMP_PEER_NONE && nosec;
}

static void tell_request(
	const struct imp_device *d, const struct imp_request *in, const struct imp_response *out)
{
	char path[64], text[512] = "";

	if (!imp_coap_success(out->code) && out->payload.n)
		(void)snprintf(text, sizeof text, "%.*s", (int)out->payload.n,
			(const char *)out->payload.p);
	imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_WRITTEN,
				   .method = in->method,
				   .path = imp_device_path(in->path, path),
				   .code = out->code,
				   .text = text[0] ? text : NULL });
}

void imp_device_bootstrap_request(struct imp_device *d, const struct imp_peer *peer,
	const struct imp_request *in, struct imp_response *out)
{
	bool begun = d->client.state == IMR_CLIENT_OPEN;
	enum imr_client_next next;

	if (!d->bs_session || peer->session != d->bs_session) {
		bool repeats = peer->session == d->bs_last && d->client.state == IMR_CLIENT_SUCCESS;

		if (!repeats && !may_begin(d, peer)) {
			out->code = imp_device_bootstrapping(d) ? IMP_COAP_UNAVAILABLE
								: IMP_COAP_NOT_ALLOWED;
			return;
		}
	}
	next = imr_client_request(&d->client, in, out, imp_device_now(d));
	if (begun && d->client.state != IMR_CLIENT_OPEN) {
		d->bs_session = peer->session;
		d->bs_unasked = true;
		d->bs_why = NULL;
		imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_BOOTSTRAPPING });
	}
	tell_request(d, in, out);
	follow(d, next);
}

/* ---- ends -------------------------------------------------------------------------------------
 */

static const char *reason(const struct imp_device *d)
{
	switch (d->client.why) {
	case IMR_CLIENT_NO_ACCOUNT:
		return "there is no bootstrap account";
	case IMR_CLIENT_REFUSED:
		return "the server refused";
	case IMR_CLIENT_TIMEOUT:
		return "no Finish within 247 seconds";
	case IMR_CLIENT_STORE:
		return "the account store failed";
	case IMR_CLIENT_SPACE:
		return "the configuration does not fit";
	case IMR_CLIENT_LOST:
	default:
		return d->bs_why ? d->bs_why : "no connection";
	}
}

/* The answer to Finish may get lost, and then it is asked for again. */
static void linger(struct imp_device *d)
{
	imp_device_end(d, &d->bs_last);
	d->bs_last = d->bs_session;
	d->bs_last_until = imp_device_now(d) + IMP_MAX_TRANSMIT_WAIT;
	d->bs_session = 0;
}

static void finished(struct imp_device *d)
{
	linger(d);
	d->bootstraps++;
	d->bs_vain++;
	imp_device_life_changed(&d->life);
	imp_device_links_prune(d, true);
	imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_BOOTSTRAPPED,
				   .result = d->client.result,
				   .seconds = d->store.remaining });
	if (d->bs_unasked)
		imp_device_reboot(d);
	else
		imp_device_push(d, (struct imr_event){ .kind = IMR_DONE });
}

static void failed(struct imp_device *d)
{
	imp_device_end(d, &d->bs_session);
	imp_device_tell(d, (struct imp_device_event){ .kind = IMP_DEVICE_FAILED,
				   .code = d->client.why == IMR_CLIENT_REFUSED ? d->client.code : 0,
				   .text = reason(d) });
	if (!d->bs_unasked)
		imp_device_push(d, (struct imr_event){ .kind = IMR_FAILED });
}

void imp_device_bootstrap_round(struct imp_device *d)
{
	enum imr_client_next end;

	if (d->bs_again && (int32_t)(imp_device_now(d) - d->bs_at) >= 0)
		ask(d);
	if (!d->bs_end && imr_client_tick(&d->client, imp_device_now(d)) == IMR_CLIENT_FAILED)
		d->bs_end = IMR_CLIENT_FAILED;
	end = d->bs_end;
	d->bs_end = (enum imr_client_next)0;
	if (end == IMR_CLIENT_FINISHED)
		finished(d);
	else if (end == IMR_CLIENT_FAILED)
		failed(d);
	if (end)
		d->bs_tries = 0;
	if (d->bs_last && (int32_t)(imp_device_now(d) - d->bs_last_until) >= 0)
		imp_device_end(d, &d->bs_last);
	/* At rest the door is open to a server that is allowed to begin. */
	if (d->options.listen && !d->bs_again && d->life.sequence.state != IMR_SEQ_BOOTSTRAP &&
		d->client.state != IMR_CLIENT_OPEN && !imp_device_bootstrapping(d))
		imr_client_open(&d->client);
}
