/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts in a configuration: who belongs to whom. */
#ifndef IMR_BOOTSTRAP_CLIENT_ACCOUNT_H
#define IMR_BOOTSTRAP_CLIENT_ACCOUNT_H

#include "reader/ef_edit.h"

/* A number that is never negative, what does not fit as the largest; 0 for an empty span. */
uint32_t imr_natural(struct imp_span value);

/* Is the instance at the cursor one that is in use?  Disabled ones are not (S5). */
bool imr_live(const struct imr_set *set, const struct imr_at *at);

/* Is it a bootstrap account (K4)? */
bool imr_bootstraps(const struct imr_at *at);

/* 0/x/10 or 1/x/0, by the object at the cursor; 0 when it is absent or not legal (K2). */
uint16_t imr_ssid(const struct imr_at *at);

/* The next live server account, a Security instance with the SSID; 0: with any. */
bool imr_server_next(const struct imr_set *set, struct imr_at *at, uint16_t ssid);

/*
 * The bootstrap account that is not to be touched: of several the one that this sequence has not
 * written, else the first.  IMR_NO_ID: there is none.
 */
uint16_t imr_account(const struct imr_set *set);

/* Is it Security instance `security`, or of /21, /23, /24 and linked from it (K4)? */
bool imr_belongs(const struct imr_set *set, uint16_t security, const struct imr_at *what);

/*
 * Keys that lose their account in a sequence go with it (K4, F7).  When it begins, mark what
 * accounts link to of /21, /23, /24: in its origin, which an edit keeps and a Write of the instance
 * does away with.  At its end marks become origins again, and what is marked and not linked any
 * more is taken out.  Keys that were never linked, and disabled ones, are left alone.
 */
void imr_mark_linked(struct imr_set *set);
void imr_drop_orphans(struct imr_set *set);

/*
 * An account is gone (U1-U4): its Server instance, what nobody else may access, its entries in
 * access control; a new owner where it was the owner.  spare: not what this sequence has written.
 * IMR_OK; IMR_E_SPACE: no room to work in, and half of it may be done.
 */
enum imr_status imr_unbootstrap(struct imr_set *set, uint16_t ssid, bool spare);

/*
 * K1-K6, and that each account has a URI, a flag and a mode.  superseded: account that does not
 * count, or IMR_NO_ID.  IMR_OK, or IMR_E_RULE and *why.
 */
enum imr_status imr_consistent(const struct imr_set *set, uint16_t superseded, const char **why);

#endif
