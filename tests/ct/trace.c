/*
 * A plugin for QEMU's translator that hashes what a region of the firmware executes: every instruction's address, and
 * every data address with its direction and size. Nothing of the values is looked at. A region begins where execution
 * reaches `begin` and ends where it reaches `end`; each gives one line `instructions accesses pc-hash data-hash` in
 * `out`, and after them the words moved and the branches taken. With `dump`, the events of each region are appended to
 * that file as well, two 32-bit words each: kind and address.
 *
 *   -plugin trace.so,begin=ADDRESS,end=ADDRESS,out=FILE[,dump=FILE]
 *
 * The declarations are the part of the plugin interface that is used here (QEMU's docs/devel/tcg-plugins). It is the
 * same in version 1 and in version 2, which QEMU demands since release 9: the compiler's command line names one.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS = 0, MEM_RW = 3 };

typedef void (*insn_cb)(unsigned vcpu, void *user);
typedef void (*mem_cb)(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t at, void *user);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, insn_cb cb, int flags, void *user);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb, int flags, int rw, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

static uint32_t begin_at, end_at;
static FILE *out, *dump;
static bool inside;
static uint64_t instructions, accesses, words, branches, pc_hash, data_hash;
/** The address of the next instruction unless the last one branches. */
static uint32_t next_at;

/** Fold one word into a hash: a bijection of the hash for each word, so that one difference is never lost again. */
static uint64_t fold(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

static void note(uint32_t kind, uint32_t at) {
  const uint32_t event[2] = {kind, at};
  if (dump != NULL)
    fwrite(event, sizeof event, 1, dump);
}

static void on_instruction(unsigned vcpu, void *user) {
  (void)vcpu;
  const uint32_t pc = (uint32_t)(uintptr_t)user;
  const uint32_t size = (uint32_t)((uintptr_t)user >> 32);
  if (pc == begin_at) {
    inside = true;
    instructions = accesses = words = branches = 0;
    next_at = pc;
    pc_hash = data_hash = 1;
  }
  if (!inside)
    return;
  if (pc == end_at) {
    inside = false;
    fprintf(out, "%" PRIu64 " %" PRIu64 " %016" PRIx64 " %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", instructions,
            accesses, pc_hash, data_hash, words, branches);
    fflush(out);
    note(0, 0);
    if (dump != NULL)
      fflush(dump);
    return;
  }
  instructions++;
  branches += pc != next_at;
  next_at = pc + size;
  pc_hash = fold(pc_hash, pc);
  note(1, pc);
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t at, void *user) {
  (void)vcpu, (void)user;
  if (!inside)
    return;
  const uint32_t kind = qemu_plugin_mem_size_shift(info) << 1 | qemu_plugin_mem_is_store(info);
  accesses++;
  words += qemu_plugin_mem_size_shift(info) > 2 ? 2 : 1;
  data_hash = fold(data_hash, (uint64_t)kind << 32 | (uint32_t)at);
  note(2 + kind, (uint32_t)at);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    void *const pc = (void *)((uintptr_t)qemu_plugin_insn_size(insn) << 32 | (uint32_t)qemu_plugin_insn_vaddr(insn));
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, CB_NO_REGS, pc);
    qemu_plugin_register_vcpu_mem_cb(insn, on_access, CB_NO_REGS, MEM_RW, NULL);
  }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
  (void)info;
  for (int i = 0; i < argc; i++) {
    char *const value = strchr(argv[i], '=');
    if (value == NULL)
      return -1;
    *value = 0;
    if (strcmp(argv[i], "begin") == 0)
      begin_at = (uint32_t)strtoul(value + 1, NULL, 0);
    if (strcmp(argv[i], "end") == 0)
      end_at = (uint32_t)strtoul(value + 1, NULL, 0);
    if (strcmp(argv[i], "out") == 0)
      out = fopen(value + 1, "w");
    if (strcmp(argv[i], "dump") == 0)
      dump = fopen(value + 1, "w");
  }
  if (out == NULL || begin_at == 0 || end_at == 0)
    return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  return 0;
}
