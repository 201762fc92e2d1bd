/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few functions of QEMU's TCG plugin interface, version 1, that count.c calls, declared here
 * because Debian ships no header for them.
 */
#ifndef TCG_H
#define TCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCG_VERSION 1

struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { TCG_NO_REGISTERS = 0 };
enum { TCG_LOADS = 1, TCG_STORES = 2 };

void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*translated)(uint64_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_atexit_cb(uint64_t id, void (*end)(uint64_t id, void *ctx), void *ctx);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*executed)(unsigned cpu, void *ctx), int registers, void *ctx);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
	void (*accessed)(unsigned cpu, uint32_t how, uint64_t at, void *ctx), int registers,
	int which, void *ctx);
bool qemu_plugin_mem_is_store(uint32_t how);
unsigned qemu_plugin_mem_size_shift(uint32_t how);

#endif
