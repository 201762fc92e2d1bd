/* SPDX-License-Identifier: Apache-2.0 */
/* Device lists: strict and with bad rows left out; the second takes all that the first takes. */
#include "factory/devices.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t parse(struct imp_span text, bool skip_bad)
{
	IMP_DEVICES list = { .path = NULL };
	IMP_PROBLEMS problems = { .n = 0 };
	enum imp_status st = imp_devices_parse(text, "d.csv", skip_bad, &list, &problems);

	if ((st == IMP_OK) != (problems.errors == 0) || (st == IMP_OK) != (list.n != 0))
		abort();
	for (size_t i = 0; i < list.n; i++) {
		const char *serial = imp_device_serial(&list, &list.v[i]);

		if (!serial[0] || serial[0] == '.' || strchr(serial, '/') ||
			strlen(serial) > IMP_SERIAL_MAX)
			abort();
	}
	return list.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t strict = parse(imp_span(data, size), false);
	size_t lenient = parse(imp_span(data, size), true);

	if (strict && strict != lenient)
		abort();
	return 0;
}
