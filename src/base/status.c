/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

const char *imp_status_text(enum imp_status st)
{
	switch (st) {
#define TEXT(n, v, x, t) \
	case IMP_##n:    \
		return t;
		IMP_STATUS_TABLE(TEXT)
#undef TEXT
	}
	return "unknown status";
}

int imp_status_exit(enum imp_status st)
{
	switch (st) {
#define EXIT(n, v, x, t) \
	case IMP_##n:    \
		return x;
		IMP_STATUS_TABLE(EXIT)
#undef EXIT
	}
	return 1;
}
