/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCG plugin for QEMU: what a guest does between two addresses, and to a part of its memory.
 *
 *	-plugin count.so,begin=ADDR,end=ADDR,from=ADDR,to=ADDR
 *
 * begin, end	instructions are counted from the one executed at begin to the one at end
 * from, to	stores to [from, to) are counted all the time, octets loaded from it while
 *		instructions are counted
 *
 * At the end one line on standard error: "instructions N loaded N stores N".
 */
#include "tcg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv);

EXPORT int qemu_plugin_version = TCG_VERSION;

static uint64_t begin, end, from, to;
static uint64_t instructions, loaded, stores;
static bool counting;

static void on_instruction(unsigned cpu, void *ctx)
{
	uint64_t at = (uintptr_t)ctx;

	(void)cpu;
	if (at == begin)
		counting = true;
	if (at == end)
		counting = false;
	instructions += counting;
}

static void on_access(unsigned cpu, uint32_t how, uint64_t at, void *ctx)
{
	(void)cpu;
	(void)ctx;
	if (at < from || at >= to)
		return;
	if (qemu_plugin_mem_is_store(how))
		stores++;
	else if (counting)
		loaded += (uint64_t)1 << qemu_plugin_mem_size_shift(how);
}

static void on_block(uint64_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uintptr_t at = (uintptr_t)qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, on_instruction, TCG_NO_REGISTERS, (void *)at);
		qemu_plugin_register_vcpu_mem_cb(
			insn, on_access, TCG_NO_REGISTERS, TCG_LOADS | TCG_STORES, NULL);
	}
}

static void on_end(uint64_t id, void *ctx)
{
	(void)id;
	(void)ctx;
	fprintf(stderr, "instructions %" PRIu64 " loaded %" PRIu64 " stores %" PRIu64 "\n",
		instructions, loaded, stores);
}

static bool take(const char *option)
{
	static const struct {
		const char *name;
		uint64_t *value;
	} options[] = { { "begin=", &begin }, { "end=", &end }, { "from=", &from },
		{ "to=", &to } };

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		size_t n = strlen(options[i].name);

		if (strncmp(option, options[i].name, n) == 0) {
			*options[i].value = strtoull(option + n, NULL, 0);
			return true;
		}
	}
	return false;
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!take(argv[i])) {
			fprintf(stderr, "count: no option %s\n", argv[i]);
			return 1;
		}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
