/* A qemu-user plugin that counts executed guest instructions and prints the count when the guest ends. With the argument
 * `clock=instructions` it also replaces the monotonic clock of a guest for AArch64: a second is a billion instructions, so
 * that a program that times its parts counts theirs.
 *
 * Debian does not package qemu-plugin.h; the declarations below are the few that are used, as of plugin interface
 * version 1 (qemu 4.2 and later). Build: cc -shared -fPIC insn_plugin.c -o libinsn_plugin.so.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);

typedef void (*qemu_plugin_vcpu_syscall_cb_t)(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, uint64_t a1, uint64_t a2,
                                              uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
typedef void (*qemu_plugin_vcpu_syscall_ret_cb_t)(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, int64_t status);

void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_cb_t callback);
void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_ret_cb_t callback);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *counter,
                                              uint64_t value);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t callback, void *userdata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { kClockGettime = 113 }; /* of AArch64 */

static uint64_t count;
static uint64_t asked; /* where the guest wants the time, or 0 */
static uint64_t replaced;
static bool has_clock;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &count, qemu_plugin_tb_n_insns(tb));
}

static void called(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)vcpu, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  asked = number == kClockGettime && a1 == CLOCK_MONOTONIC ? a2 : 0;
}

/* Plugins of version 1 cannot write to the guest. Its memory is the emulator's own, at the same addresses unless the emulator
 * was told otherwise; the kernel refuses an address that is not mapped, which a plain store would crash at. */
static void returned(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, int64_t status) {
  (void)id, (void)vcpu, (void)number;
  if (!asked || status) return;
  struct timespec time = {(time_t)(count / 1000000000), (long)(count % 1000000000)};
  const struct iovec ours = {&time, sizeof time}, theirs = {(void *)(uintptr_t)asked, sizeof time};
  replaced += process_vm_writev(getpid(), &ours, 1, &theirs, 1, 0) == (ssize_t)sizeof time;
  asked = 0;
}

static void ended(qemu_plugin_id_t id, void *userdata) {
  (void)id, (void)userdata;
  if (has_clock) fprintf(stderr, "times replaced %" PRIu64 "\n", replaced);
  fprintf(stderr, "instructions %" PRIu64 "\n", count);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
                                                               char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strcmp(argv[i], "clock=instructions") != 0) {
      fprintf(stderr, "the plugin has no %s: give clock=instructions\n", argv[i]);
      return 1;
    }
    has_clock = true;
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
