/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reader found, as text: one fact a line.  For tests on hosts and emulated devices, which
 * compare it; needs no C library.
 */
#ifndef SHOW_H
#define SHOW_H

struct imr_report;
struct imr_resource;

struct show {
	void (*put)(const char *text);
};

/* "object/instance/resource[:res_instance] value in hex"; an imr_visit, ctx: struct show. */
int show_resource(void *ctx, const struct imr_resource *resource);

/* source, status of both slots; and of a source generation, keys, length. */
void show_report(const struct show *show, const struct imr_report *report);

#endif
