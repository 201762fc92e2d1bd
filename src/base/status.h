/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status: what every function that can fail returns.
 *
 * Zero is success, negatives are causes; the values never change.  The third column is the exit
 * code of the program and the only source of it.  Outputs of a failed call stay untouched unless
 * its header says otherwise.
 */
#ifndef IMP_BASE_STATUS_H
#define IMP_BASE_STATUS_H

/* X(name, value, exit code, text) */
#define IMP_STATUS_TABLE(X)                                    \
	X(OK, 0, 0, "done")                                    \
	X(E_INTERNAL, -1, 1, "internal error")                 \
	X(E_USAGE, -2, 2, "wrong usage")                       \
	X(E_TRUNC, -3, 3, "input ends too early")              \
	X(E_FORMAT, -4, 3, "malformed input")                  \
	X(E_SPACE, -5, 3, "does not fit")                      \
	X(E_IO, -6, 4, "input/output error")                   \
	X(E_ABSENT, -7, 4, "not there")                        \
	X(E_REFUSED, -8, 5, "refused by card, server or seal") \
	X(E_MISMATCH, -9, 6, "verification failed")            \
	X(E_DENIED, -10, 7, "not allowed in this state")       \
	X(E_PARTIAL, -11, 8, "batch partly done")              \
	X(E_UNSUPPORTED, -12, 3, "form not supported")         \
	X(E_INCONSISTENT, -13, 3, "breaks a consistency rule")

enum imp_status {
#define IMP_STATUS_ENUM(n, v, x, t) IMP_##n = (v),
	IMP_STATUS_TABLE(IMP_STATUS_ENUM)
#undef IMP_STATUS_ENUM
};

#if defined(__GNUC__)
#define IMP_MUST_CHECK __attribute__((warn_unused_result))
#define IMP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define IMP_MUST_CHECK
#define IMP_PRINTF(f, a)
#endif

/* The text of the table; "unknown status" for a value outside it.  Never NULL. */
const char *imp_status_text(enum imp_status st);

/* The exit code of the table; 1 for a value outside it. */
int imp_status_exit(enum imp_status st);

#endif
