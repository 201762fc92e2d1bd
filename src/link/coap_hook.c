/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The moment between the making of a DTLS session and its first message: libcoap 4.3.1 has no
 * callback there, but calls this function of GnuTLS once for each session.  The program's own
 * comes first for the dynamic linker; GnuTLS's is called from it.
 */
#include "link/coap_dtls.h"

#include <dlfcn.h>
#include <string.h>

static _Thread_local unsigned inside;

void imp_dtls_enter(void)
{
	inside++;
}

void imp_dtls_leave(void)
{
	inside--;
}

static void (*next(void))(gnutls_session_t, unsigned)
{
	void (*f)(gnutls_session_t, unsigned) = NULL;
	void *p = dlsym(RTLD_NEXT, "gnutls_handshake_set_timeout");

	memcpy(&f, &p, sizeof f);
	return f;
}

void gnutls_handshake_set_timeout(gnutls_session_t session, unsigned int ms)
{
	void (*f)(gnutls_session_t, unsigned) = next();

	if (f)
		f(session, ms);
	if (inside)
		imp_dtls_prepare(session);
}

/* The first of that name for everybody, libcoap included, is ours. */
bool imp_dtls_hooked(void)
{
	void (*ours)(gnutls_session_t, unsigned) = gnutls_handshake_set_timeout;
	void *first = dlsym(RTLD_DEFAULT, "gnutls_handshake_set_timeout");

	return memcmp(&ours, &first, sizeof first) == 0;
}
