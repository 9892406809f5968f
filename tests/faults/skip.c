// Longer than 400 lines: one program that one suite compiles.
/**
 * Runs functions of a final ELF in Unicorn and injects one fault a run.
 *
 *     skip ELF JOB          JOB: lines of `word value …`, see `read_job`
 *
 * The requests of the job before its targets run as they are. One run of the targets then notes where each instruction
 * is executed first and last, and what it writes. A second run stops at each of those places; a copy of the process
 * (fork) applies one fault there and runs to the end, on a machine without hooks. So every fault begins in the state
 * that the real run has at that point.
 *
 * One line a fault on standard output:  kind register address nth outcome result answer
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lab/machine.h"

#define REGIONS_MOST  8
#define RANGES_MOST   128
#define REQUESTS_MOST 512
#define TRAPS_MOST    8
#define ANSWER_MOST   1024u
/** A run that takes this many times the processor time of the run without a fault counts as hung: the watchdog ends it.
 */
#define HUNG_FACTOR 4
/** Processor time that every run may take, in us. */
#define HUNG_US 10000
/** Factor of the time limit once the guest computes the field's operations itself. */
#define HOSTED_FACTOR 5

enum kind { SKIP, INVERT, ZERO, KINDS };
static const char *const kind_names[] = {"skip", "invert", "zero"};

enum outcome { DIED, HUNG, TRAPPED, FAULTED, RETURNED };
static const char *const outcome_names[] = {"died", "hung", "trapped", "faulted", "returned"};

struct range {
  uint32_t begin, end;
};

struct request {
  uint32_t op, len;
  uint8_t *bytes;
};

/** The end of a fault: shared with the process that runs it. */
struct result {
  uint32_t outcome;
  int32_t value;
  uint32_t len;
  uint8_t bytes[ANSWER_MOST];
};

/** One execution of an instruction. */
struct execution {
  uint32_t at;
  /** Registers that it changed, and those that were zero after it. */
  uint16_t changed, zero;
  /** It is a branch that was taken. */
  bool is_taken;
};

/** Notes of the first run about an instruction, by its address. */
struct place {
  struct execution first, last;
  /** Distance from the IT that makes it conditional; 0: it is unconditional. */
  uint8_t ahead;
};

struct fault {
  uint32_t at, pc;
  uint8_t kind, reg, ahead, nth;
  /** Place of its result; several faults with the same effect share one. */
  uint32_t result;
  bool is_deduced;
};

/** The field's operations, which the machine without hooks computes on the host. */
enum operation { MUL, SQUARE, SCALE, SUB, OPERATIONS };
static const char *const operation_names[] = {"mul", "square", "scale", "sub"};

static struct {
  uc_cpu_arm cpu;
  const char *elf;
  struct range region[REGIONS_MOST], apart[RANGES_MOST];
  uint32_t regions, aparts, traps, requests, targets_from;
  uint32_t trap[TRAPS_MOST];
  /** Start of each of the field's operations; 0: the image has none. */
  uint32_t field[OPERATIONS];
  uint32_t start, where, memory, run, stack_top, buffer;
  bool wants[KINDS];
  uint32_t every, offset, workers;
  struct request request[REQUESTS_MOST];
} job = {.every = 1, .workers = 1};

/**
 * Two machines that share their memory. `watched` has hooks at every instruction that may get a fault; `plain` has none
 * and runs what follows a fault, several times as fast. Its translation of the guest is made before the first fault and
 * is inherited by each copy of the process.
 */
static uc_engine *watched, *plain;
static uint8_t *memory_of[REGIONS_MOST];

/** The run: instructions outside the ranges so far, and what to do at the next of them. */
static struct {
  enum { PLAIN, NOTE, INJECT, FAULTY } mode;
  uint32_t index;
  bool trapped;
  uint32_t before_pc, before_size;
  uint32_t before[15];
  int zero;
  /** The register is set to zero within an IT block, which cannot be left. */
  bool is_conditional;
} run;

static struct place *places;
static uint32_t places_base, places_count;

/** Instructions of the run without a fault, and its processor time in us. */
static struct { uint32_t count, time; } * noted;

/** The end of the fault in this copy of the process, and of the run without one. */
static struct result *outcome, *golden;

static struct fault *faults;
static uint32_t fault_count, next_fault;
static struct result *results;

static void *shared(size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    fail("no memory");
  return at;
}

static void get_all(uint32_t *out) {
  for (int i = 0; i < 15; i++)
    out[i] = get(registers[i]);
}

/* ------------------------------------------------------------------------------------------------ the job */

static uint8_t *unhex(const char *text, uint32_t *len) {
  *len = (uint32_t)strlen(text) / 2;
  uint8_t *out = malloc(*len + 1);
  for (uint32_t i = 0; i < *len; i++) {
    unsigned byte;
    sscanf(text + 2 * i, "%2x", &byte);
    out[i] = (uint8_t)byte;
  }
  return out;
}

static uint32_t number(const char *text) {
  if (text == NULL)
    fail("a number is missing");
  return (uint32_t)strtoul(text, NULL, 0);
}

static void read_job(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    fail("no job");
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, file) > 0) {
    char *words[4] = {0};
    int count = 0;
    for (char *word = strtok(line, " \n"); word != NULL && count < 4; word = strtok(NULL, " \n"))
      words[count++] = word;
    if (count == 0)
      continue;
    const char *what = words[0];
    if (strcmp(what, "cpu") == 0)
      job.cpu = cpu_of(words[1]);
    else if (strcmp(what, "region") == 0 && job.regions < REGIONS_MOST)
      job.region[job.regions++] = (struct range){number(words[1]), number(words[1]) + number(words[2])};
    else if (strcmp(what, "apart") == 0 && job.aparts < RANGES_MOST)
      job.apart[job.aparts++] = (struct range){number(words[1]), number(words[1]) + number(words[2])};
    else if (strcmp(what, "trap") == 0 && job.traps < TRAPS_MOST)
      job.trap[job.traps++] = number(words[1]);
    else if (strcmp(what, "field") == 0) {
      for (int i = 0; i < OPERATIONS; i++)
        if (strcmp(words[1], operation_names[i]) == 0)
          job.field[i] = number(words[2]);
    } else if (strcmp(what, "start") == 0)
      job.start = number(words[1]);
    else if (strcmp(what, "run") == 0)
      job.run = number(words[1]);
    else if (strcmp(what, "stack") == 0)
      job.stack_top = number(words[1]);
    else if (strcmp(what, "where") == 0)
      job.where = number(words[1]);
    else if (strcmp(what, "memory") == 0)
      job.memory = number(words[1]);
    else if (strcmp(what, "every") == 0)
      job.every = number(words[1]), job.offset = number(words[2]);
    else if (strcmp(what, "workers") == 0)
      job.workers = number(words[1]);
    else if (strcmp(what, "target") == 0)
      job.targets_from = job.requests;
    else if (strcmp(what, "request") == 0 && job.requests < REQUESTS_MOST) {
      struct request *request = &job.request[job.requests++];
      request->op = number(words[1]);
      request->bytes = unhex(words[2] ? words[2] : "", &request->len);
    } else if (strcmp(what, "fault") == 0) {
      for (int kind = 0; kind < KINDS; kind++)
        job.wants[kind] |= strcmp(words[1], kind_names[kind]) == 0;
    } else
      fail("not understood in the job: %s", what);
  }
  free(line);
  fclose(file);
}

/* ------------------------------------------------------------------------------------------------ the machine */

static uint8_t *host_of(uint32_t address, uint32_t len) {
  for (uint32_t i = 0; i < job.regions; i++)
    if (address >= job.region[i].begin && address + len <= job.region[i].end)
      return memory_of[i] + (address - (job.region[i].begin & ~0xfffu));
  fail("a segment at %x is in no region", address);
}

static uint32_t pages_begin(uint32_t i) { return job.region[i].begin & ~0xfffu; }
static uint32_t pages_len(uint32_t i) { return ((job.region[i].end + 0xfffu) & ~0xfffu) - pages_begin(i); }

static uc_engine *make_machine(void) {
  uc_engine *made;
  check(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &made), "Unicorn");
  check(uc_ctl_set_cpu_model(made, (int)job.cpu), "the core");
  // As on the boards: nothing writes to flash, and nothing is executed from RAM.
  for (uint32_t i = 0; i < job.regions; i++) {
    const uint32_t protection = i == 0 ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ | UC_PROT_WRITE;
    check(uc_mem_map_ptr(made, pages_begin(i), pages_len(i), protection, memory_of[i]), "a region");
  }
  return made;
}

/** Run from `pc`; true if the function returned. */
static bool resume(uint32_t pc) {
  const uc_err err = uc_emu_start(uc, pc | 1, RETURN_TO, 0, 0);
  return err == UC_ERR_OK && !run.trapped && (get(UC_ARM_REG_PC) & ~1u) == RETURN_TO;
}

/** Call a function; true if it returned. */
static bool call(uint32_t function, uint32_t r0, uint32_t r1) {
  set(UC_ARM_REG_SP, job.stack_top);
  set(UC_ARM_REG_LR, RETURN_TO | 1);
  set(UC_ARM_REG_R0, r0);
  set(UC_ARM_REG_R1, r1);
  return resume(function);
}

/** The request that runs. */
static uint32_t request_at;

/** Note how the request that ran ended; true if it returned. */
static bool note_end(bool has_returned, struct result *out) {
  if (!has_returned) {
    out->outcome = run.trapped ? TRAPPED : FAULTED;
    return false;
  }
  out->value = (int32_t)get(UC_ARM_REG_R0);
  out->len = out->value > 0 && (uint32_t)out->value <= ANSWER_MOST ? (uint32_t)out->value : 0;
  check(uc_mem_read(uc, job.buffer, out->bytes, out->len), "the buffer");
  out->outcome = RETURNED;
  return true;
}

/** Run requests `from` to `to`; the last one's answer goes to `out`. */
static void converse(uint32_t from, uint32_t to, struct result *out) {
  for (request_at = from; request_at < to; request_at++) {
    const struct request *request = &job.request[request_at];
    check(uc_mem_write(uc, job.buffer, request->bytes, request->len), "the buffer");
    if (!note_end(call(job.run, request->op, request->len), out))
      return;
  }
}

/* ------------------------------------------------------------------------------------------------ the field */

/**
 * Compute as `assembly/crypto/_fe25519.ts` does, word for word: its results are a function of the numbers, so those of
 * every core's assembly are the same. These functions have no other effect on the guest than on registers that a call
 * may change, and on the stack below its stack pointer.
 */
static void fold(uint32_t *out, const uint32_t *wide) {
  const uint64_t top = 38 * (uint64_t)wide[15] + wide[7];
  uint64_t carry = 19 * (top >> 31);
  for (int i = 0; i < 7; i++) {
    carry += 38 * (uint64_t)wide[8 + i] + wide[i];
    out[i] = (uint32_t)carry;
    carry >>= 32;
  }
  out[7] = (uint32_t)((top & 0x7fffffff) + carry);
}

static void fe_mul(uint32_t *out, const uint32_t *a, const uint32_t *b) {
  uint32_t wide[16] = {0};
  for (int i = 0; i < 8; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 8; j++) {
      carry += (uint64_t)a[i] * b[j] + wide[i + j];
      wide[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
    wide[i + 8] = (uint32_t)carry;
  }
  fold(out, wide);
}

static void fe_scale(uint32_t *out, const uint32_t *a, uint32_t factor, const uint32_t *b) {
  const uint64_t top = (uint64_t)factor * a[7] + b[7];
  uint64_t carry = 19 * (top >> 31);
  for (int i = 0; i < 7; i++) {
    carry += (uint64_t)factor * a[i] + b[i];
    out[i] = (uint32_t)carry;
    carry >>= 32;
  }
  out[7] = (uint32_t)((top & 0x7fffffff) + carry);
}

static void fe_sub(uint32_t *out, const uint32_t *a, const uint32_t *b) {
  const int64_t top = (int64_t)a[7] - b[7];
  const int64_t over = (top >> 31) - 1;
  int64_t carry = 19 * over;
  for (int i = 0; i < 7; i++) {
    carry += (int64_t)a[i] - b[i];
    out[i] = (uint32_t)carry;
    carry >>= 32;
  }
  out[7] = (uint32_t)(top - over * (1ll << 31) + carry);
}

/** The most that a function of the field's has below the stack pointer. */
#define FIELD_STACK 512u
/** The most squarings in a row that an honest run asks for. */
#define SQUARES_MOST 128u
/** Factors are below this. */
#define FACTORS_END (1u << 17)

/** The element at `address`, or NULL where it is none that the host may compute with. */
static uint32_t *element(uint32_t address, uint32_t stack) {
  const struct range *ram = &job.region[1];
  if (address % 4 != 0 || address < ram->begin || address > ram->end - 32)
    return NULL;
  if (address < stack && address + 32 > stack - FIELD_STACK)
    return NULL;
  return (uint32_t *)(void *)(memory_of[1] + (address - (ram->begin & ~0xfffu)));
}

/** True if two elements are the same, or do not overlap. */
static bool are_apart(const uint32_t *a, const uint32_t *b) { return a == b || a + 8 <= b || b + 8 <= a; }

/** Do the operation that is called; false if its operands are not such as the operation is specified for. */
static bool operate(enum operation operation) {
  uint32_t word[4], stack, link;
  for (int i = 0; i < 4; i++)
    word[i] = get(registers[i]);
  stack = get(UC_ARM_REG_SP);
  link = get(UC_ARM_REG_LR);
  const struct range *flash = &job.region[0], *ram = &job.region[1];
  if (stack % 8 != 0 || stack < ram->begin + FIELD_STACK || stack > ram->end)
    return false;
  if (link % 2 == 0 || link < flash->begin || link >= flash->end)
    return false;
  uint32_t *const out = element(word[0], stack), *const a = element(word[1], stack);
  uint32_t *const b = operation == SQUARE ? a : element(word[operation == SCALE ? 3 : 2], stack);
  if (out == NULL || a == NULL || b == NULL || !are_apart(out, a) || !are_apart(out, b) || !are_apart(a, b))
    return false;
  if (operation == SQUARE && (word[2] == 0 || word[2] > SQUARES_MOST))
    return false;
  if (operation == SCALE && word[2] >= FACTORS_END)
    return false;
  if (operation == MUL)
    fe_mul(out, a, b);
  else if (operation == SUB)
    fe_sub(out, a, b);
  else if (operation == SCALE)
    fe_scale(out, a, word[2], b);
  else {
    fe_mul(out, a, a);
    while (--word[2] > 0)
      fe_mul(out, out, out);
  }
  return true;
}

/** True if the host does the field's operations, and what their first instructions are. */
static bool is_hosted;
static uint16_t entry[OPERATIONS];

static uint8_t *code_at(uint32_t pc) { return host_of(pc, 2); }

/** Let each operation return at once, as its hook has done the work; or let it run as it is. */
static void host(bool is_wanted) {
  static const uint16_t return_at_once = 0x4770;
  is_hosted = is_wanted;
  for (int i = 0; i < OPERATIONS; i++) {
    if (job.field[i] == 0)
      continue;
    uint8_t *const code = code_at(job.field[i]);
    if (entry[i] == 0)
      memcpy(&entry[i], code, 2);
    memcpy(code, is_wanted ? &return_at_once : &entry[i], 2);
  }
}

/** Limit the processor time that this copy of the process may take from now on. */
static void limit_time(uint32_t us) {
  const struct itimerval limit = {{0, 0}, {us / 1000000, us % 1000000}};
  setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

static uint32_t time_limit(void) { return HUNG_US + HUNG_FACTOR * noted->time; }

static void on_operation(uc_engine *engine, uint64_t address, uint32_t size, void *data) {
  (void)size;
  if (!is_hosted || operate((enum operation)(intptr_t)data))
    return;
  // The operation itself decides what comes of such operands.
  host(false);
  limit_time(HOSTED_FACTOR * time_limit());
  for (int i = 0; i < OPERATIONS; i++)
    if (job.field[i] != 0)
      check(uc_ctl_remove_cache(engine, job.field[i], job.field[i] + 2), "the cache");
  set(UC_ARM_REG_PC, (uint32_t)address | 1);
}

/* ------------------------------------------------------------------------------------------------ faults */

static uint32_t half_at(uint32_t pc) {
  uint8_t half[2];
  check(uc_mem_read(uc, pc, half, 2), "code");
  return half[0] | half[1] << 8;
}

/** True if the flags meet a condition (ARMv7-M A7.3). */
static bool holds(uint32_t condition) {
  const uint32_t flags = get(UC_ARM_REG_XPSR) >> 28;
  const bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1;
  const bool base[8] = {z, c, n, v, c && !z, n == v, !z && n == v, true};
  return base[condition >> 1] != (condition & 1);
}

/** Find the target of the conditional branch at `pc`, and if it is taken; false if there is none. */
static bool branch_at(uint32_t pc, uint32_t *to, bool *taken) {
  const uint32_t first = half_at(pc);
  if ((first & 0xf000) == 0xd000 && (first >> 8 & 15) < 14) {
    *to = pc + 4 + (uint32_t)((int32_t)(int8_t)first * 2);
    *taken = holds(first >> 8 & 15);
    return true;
  }
  if ((first & 0xf500) == 0xb100) {
    *to = pc + 4 + ((first >> 9 & 1) << 6 | (first >> 3 & 31) << 1);
    *taken = (get(registers[first & 7]) == 0) != ((first >> 11) & 1);
    return true;
  }
  const uint32_t second = first >> 11 == 30 ? half_at(pc + 2) : 0;
  if ((second & 0xd000) == 0x8000 && (first >> 6 & 15) < 14) {
    const uint32_t offset = (first >> 10 & 1) << 20 | (second >> 11 & 1) << 19 | (second >> 13 & 1) << 18 |
                            (first & 63) << 12 | (second & 0x7ff) << 1;
    *to = pc + 4 + (uint32_t)((int32_t)(offset << 11) >> 11);
    *taken = holds(first >> 6 & 15);
    return true;
  }
  return false;
}

/** Return the number of instructions that the IT at `pc` makes conditional; 0 if there is none (ARMv7-M A7.7.38). */
static uint32_t conditional_after(uint32_t pc) {
  const uint32_t half = half_at(pc);
  if ((half & 0xff00) != 0xbf00 || (half & 15) == 0)
    return 0;
  return 4 - (uint32_t)__builtin_ctz(half & 15);
}

/** The same IT with every condition turned round. */
static uint32_t inverted_it(uint32_t half) {
  const uint32_t end = half & -half & 15;
  return half ^ 0x10 ^ (15 & ~(end | (end - 1)));
}

/** Run what is left from `pc` on the machine without hooks, and end this copy of the process. */
static _Noreturn void go_on(uint32_t pc) {
  uc_context *state;
  check(uc_context_alloc(watched, &state), "a context");
  check(uc_context_save(watched, state), "a context");
  check(uc_context_restore(plain, state), "a context");
  uc = plain;
  host(true);
  if (note_end(resume(pc), outcome))
    converse(request_at + 1, job.requests, outcome);
  _exit(0);
}

/** Code that is changed for a moment: Unicorn cannot leave an IT block, so what is in one is changed before it begins.
 */
static struct {
  bool is_due;
  uint32_t pc, len, until;
  uint8_t before[4];
} patch;

static void write_code(uint32_t pc, const uint8_t *code, uint32_t len) {
  check(uc_mem_write(uc, pc, code, len), "code");
  check(uc_ctl_remove_cache(uc, pc & ~0xfffu, (pc & ~0xfffu) + 0x1000u), "the cache");
}

/** Put `code` at `pc` until the instruction at `until` is reached, and go on at `from`. */
static void patch_code(uint32_t from, uint32_t pc, const uint8_t *code, uint32_t len, uint32_t until) {
  check(uc_mem_read(uc, pc, patch.before, len), "code");
  write_code(pc, code, len);
  patch.is_due = true;
  patch.pc = pc;
  patch.len = len;
  patch.until = until;
  set(UC_ARM_REG_PC, from | 1);
}

static void end_patch(uint32_t pc) {
  if (!patch.is_due || pc != patch.until)
    return;
  patch.is_due = false;
  write_code(patch.pc, patch.before, patch.len);
  go_on(pc);
}

static uint32_t size_at(uint32_t pc) { return half_at(pc) >> 11 >= 29 ? 4 : 2; }

/** Skip the instruction at hand, or the one `ahead` of it in the IT block that begins here. */
static void skip(uint32_t pc, uint32_t ahead) {
  static const uint8_t nop[2] = {0x00, 0xbf}, wide_nop[4] = {0xaf, 0xf3, 0x00, 0x80};
  if (ahead == 0)
    go_on(pc + size_at(pc));
  uint32_t at = pc;
  for (uint32_t i = 0; i < ahead; i++)
    at += size_at(at);
  const uint32_t size = size_at(at);
  uint32_t end = at + size;
  for (uint32_t i = ahead; i < conditional_after(pc); i++)
    end += size_at(end);
  patch_code(pc, at, size == 4 ? wide_nop : nop, size, end);
}

/** Let the conditional branch or the IT at hand decide the other way. */
static void invert(uint32_t pc) {
  uint32_t to;
  bool taken;
  if (branch_at(pc, &to, &taken))
    go_on(taken ? pc + size_at(pc) : to);
  const uint32_t other = inverted_it(half_at(pc));
  const uint8_t code[2] = {(uint8_t)other, (uint8_t)(other >> 8)};
  uint32_t end = pc + 2;
  for (uint32_t i = 0; i < conditional_after(pc); i++)
    end += size_at(end);
  patch_code(pc, pc, code, 2, end);
}

/** Begin one fault at `pc`, in a copy of the process. */
static void begin(const struct fault *fault, uint32_t pc) {
  run.mode = FAULTY;
  if (fault->kind == SKIP)
    skip(pc, fault->ahead);
  else if (fault->kind == INVERT)
    invert(pc);
  else
    run.zero = fault->reg, run.is_conditional = fault->ahead > 0 || conditional_after(pc) > 0;
}

static uint32_t running;

static void wait_one(void) {
  int status;
  if (wait(&status) > 0)
    running--;
}

static void on_limit(int signal) {
  (void)signal;
  outcome->outcome = HUNG;
  _exit(0);
}

/** Run each fault that is due at this instruction in a copy of the process. */
static void inject(uint32_t pc) {
  for (; next_fault < fault_count && faults[next_fault].at == run.index; next_fault++) {
    const struct fault *fault = &faults[next_fault];
    if (fault->is_deduced)
      continue;
    if (running == job.workers)
      wait_one();
    const pid_t pid = fork();
    if (pid < 0)
      fail("no process");
    if (pid == 0) {
      outcome = &results[fault->result];
      signal(SIGVTALRM, on_limit);
      limit_time(time_limit());
      begin(fault, pc);
      return;
    }
    running++;
  }
}

/** Note what the instruction before has changed, if it was no branch. */
static void note_changes(uint32_t pc) {
  if (run.before_pc + run.before_size != pc)
    return;
  uint32_t now[15];
  uint16_t changed = 0, zero = 0;
  get_all(now);
  for (int i = 0; i < 15; i++) {
    changed |= (uint16_t)((now[i] != run.before[i]) << i);
    zero |= (uint16_t)((now[i] == 0) << i);
  }
  struct place *place = &places[(run.before_pc - places_base) / 2];
  place->last.changed = changed;
  place->last.zero = zero;
  if (place->first.at == place->last.at)
    place->first = place->last;
}

/** Remaining and past instructions of an IT block, in the run that notes. */
static uint32_t it_left, it_passed;

static void note(uint32_t pc, uint32_t size) {
  note_changes(pc);
  struct place *place = &places[(pc - places_base) / 2];
  if (it_left > 0)
    it_left--, it_passed++;
  else
    it_passed = 0;
  uint32_t to;
  place->last = (struct execution){.at = run.index};
  branch_at(pc, &to, &place->last.is_taken);
  if (place->first.at == 0)
    place->first = place->last, place->ahead = (uint8_t)it_passed;
  if (conditional_after(pc) > 0)
    it_left = conditional_after(pc), it_passed = 0;
  run.before_pc = pc;
  run.before_size = size;
  get_all(run.before);
  noted->count = run.index;
}

static void on_code(uc_engine *engine, uint64_t address, uint32_t size, void *data) {
  (void)engine, (void)data;
  const uint32_t pc = (uint32_t)address;
  if (run.mode == FAULTY) {
    if (run.zero >= 0) {
      set(registers[run.zero], 0);
      run.zero = -1;
      if (!run.is_conditional)
        go_on(pc);
    }
    end_patch(pc);
    return;
  }
  run.index++;
  if (run.mode == NOTE)
    note(pc, size);
  else if (run.mode == INJECT)
    inject(pc);
}

/** A trap of the guest's ends its life. */
static void on_trap(uc_engine *engine, uint64_t address, uint32_t size, void *data) {
  (void)engine, (void)address, (void)size, (void)data;
  run.trapped = true;
  uc_emu_stop(uc);
}

/* ------------------------------------------------------------------------------------------------ the campaign */

static void watch_range(uc_engine *engine, void *callback, uint64_t from, uint64_t to) {
  uc_hook hook;
  check(uc_hook_add(engine, &hook, UC_HOOK_CODE, callback, NULL, from, to - 1), "a hook");
}

static void watch_field(void) {
  for (intptr_t i = 0; i < OPERATIONS; i++) {
    uc_hook hook;
    const uint64_t at = job.field[i];
    if (at != 0)
      check(uc_hook_add(plain, &hook, UC_HOOK_CODE, (void *)on_operation, (void *)i, at, at), "a hook");
  }
}

static void watch_traps(uc_engine *engine) {
  for (uint32_t i = 0; i < job.traps; i++)
    watch_range(engine, (void *)on_trap, job.trap[i], job.trap[i] + 2);
}

/** Watch every instruction outside the ranges that are apart, which are sorted. */
static void watch(void) {
  uint32_t from = job.region[0].begin;
  for (uint32_t i = 0; i <= job.aparts; i++) {
    const uint32_t to = i < job.aparts ? job.apart[i].begin : job.region[0].end;
    if (to > from)
      watch_range(watched, (void *)on_code, from, to);
    from = i < job.aparts ? job.apart[i].end : to;
  }
}

/** Start the guest on a machine, from fresh memory, and run the requests before the targets. */
static void start_on(uc_engine *engine) {
  uc = engine;
  for (uint32_t i = 0; i < job.regions; i++)
    memset(memory_of[i], 0, pages_len(i));
  load(job.elf, host_of);
  host(engine == plain);
  if (!call(job.start, 0, 0) || !call(job.where, 0, 0) || !call(job.memory, get(UC_ARM_REG_R0), 1))
    fail("the guest does not start");
  job.buffer = get(UC_ARM_REG_R0);
  struct result ignored = {0};
  converse(0, job.targets_from, &ignored);
  if (ignored.outcome != RETURNED)
    fail("the requests before the targets do not return");
}

static void demand_return(const struct result *result) {
  if (result->outcome != RETURNED)
    fail("the run without a fault does not return: %s", outcome_names[result->outcome]);
}

/** Run the targets on the machine without hooks: it has translated them then, and what they take is known. */
static struct result warm(void) {
  start_on(plain);
  const clock_t before = clock();
  struct result result = {0};
  converse(job.targets_from, job.requests, &result);
  noted->time = (uint32_t)((clock() - before) * 1000000 / CLOCKS_PER_SEC);
  demand_return(&result);
  return result;
}

/** Run the targets once, in a copy of the process, and note what is executed. */
static void note_all(void) {
  const pid_t pid = fork();
  if (pid == 0) {
    run.mode = NOTE;
    converse(job.targets_from, job.requests, golden);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  demand_return(golden);
}

/** Number of faults; one of every so many is run. */
static uint32_t listed;

/** Add a fault, if it is of the slice: where its result will lie, or 0. */
static uint32_t add_fault(struct fault fault) {
  static uint32_t room, result_count = 1;
  if (listed++ % job.every != job.offset)
    return 0;
  if (fault_count == room)
    faults = realloc(faults, (room = room ? 2 * room : 4096) * sizeof *faults);
  if (!fault.is_deduced)
    fault.result = result_count++;
  faults[fault_count++] = fault;
  return fault.result;
}

static int by_time(const void *a, const void *b) {
  const struct fault *x = a, *y = b;
  return x->at < y->at ? -1 : x->at > y->at;
}

/** Registers that the instruction at `pc` may write, by its encoding; those of 32-bit instructions with some too many.
 */
static uint16_t written_by(uint32_t pc) {
  const uint32_t half = half_at(pc), low = 1u << (half & 7), middle = 1u << (half >> 8 & 7);
  if (size_at(pc) == 4) {
    const uint32_t second = half_at(pc + 2);
    const bool is_branch = (half & 0xf800) == 0xf000 && second & 0x8000;
    const bool is_store = ((half & 0xfe00) == 0xe800 || (half & 0xfe00) == 0xf800) && !(half & 0x10);
    if (is_branch || is_store)
      return 0;
    if ((half & 0xfe40) == 0xe800)
      return second & 0x5fff;
    return (1u << (second >> 8 & 15) | 1u << (second >> 12)) & 0x5fff;
  }
  switch (half >> 11) {
  case 0:
  case 1:
  case 2:
  case 3:
  case 13:
  case 15:
  case 17:
    return (uint16_t)low;
  case 4:
  case 6:
  case 7:
  case 9:
  case 19:
  case 20:
  case 21:
    return (uint16_t)middle;
  case 8:
    if (half < 0x4400)
      return (0x0d00 >> (half >> 6 & 15) & 1) ? 0 : (uint16_t)low;
    return half < 0x4700 && (half & 0xff00) != 0x4500 ? (1u << ((half & 7) | (half >> 4 & 8))) & 0x7fff : 0;
  case 10:
  case 11:
    return (half >> 9 & 7) >= 3 ? (uint16_t)low : 0;
  case 22:
  case 23:
    if ((half & 0xfe00) == 0xbc00)
      return half & 0xff;
    return (half & 0xff00) == 0xb200 || (half & 0xff00) == 0xba00 ? (uint16_t)low : 0;
  case 25:
    return half & 0xff;
  }
  return 0;
}

/**
 * List the faults of one execution of one instruction. Some need no run: to skip a branch that is not taken, or to
 * clear a register that is zero, changes nothing; a branch that is taken goes the other way if it is skipped.
 */
static void add_faults(uint32_t pc, const struct place *place, bool is_last) {
  const struct execution *execution = is_last ? &place->last : &place->first;
  uint32_t to, skipped = 0;
  bool is_taken;
  const bool is_branch = branch_at(pc, &to, &is_taken);
  struct fault fault = {.at = execution->at - place->ahead, .pc = pc, .kind = SKIP, .ahead = place->ahead};
  fault.nth = is_last;
  fault.is_deduced = is_branch && !execution->is_taken;
  if (job.wants[SKIP])
    skipped = add_fault(fault);
  fault = (struct fault){.at = execution->at, .pc = pc, .kind = INVERT, .nth = is_last};
  fault.is_deduced = is_branch && execution->is_taken && skipped != 0;
  fault.result = fault.is_deduced ? skipped : 0;
  if (job.wants[INVERT] && (is_branch || conditional_after(pc) > 0))
    add_fault(fault);
  const uint16_t writes = execution->changed | written_by(pc);
  for (uint8_t reg = 0; job.wants[ZERO] && reg < 15; reg++)
    if (writes >> reg & 1)
      add_fault((struct fault){.at = execution->at,
                               .pc = pc,
                               .kind = ZERO,
                               .reg = reg,
                               .ahead = place->ahead,
                               .nth = is_last,
                               .is_deduced = execution->zero >> reg & 1});
}

static void list_faults(void) {
  for (uint32_t i = 0; i < places_count; i++) {
    const struct place *place = &places[i];
    if (place->first.at == 0)
      continue;
    add_faults(places_base + 2 * i, place, false);
    if (place->last.at != place->first.at)
      add_faults(places_base + 2 * i, place, true);
  }
  qsort(faults, fault_count, sizeof *faults, by_time);
  results = shared((fault_count + 1) * sizeof *results);
  results[0] = *golden;
}

static void print(const char *kind, uint32_t reg, uint32_t pc, uint32_t nth, const struct result *result) {
  printf("%s %u %x %u %s %d ", kind, reg, pc, nth, outcome_names[result->outcome], result->value);
  for (uint32_t i = 0; i < result->len; i++)
    printf("%02x", result->bytes[i]);
  puts(result->len > 0 ? "" : "-");
}

int main(int count, char **words) {
  if (count != 3)
    fail("usage: skip ELF JOB");
  run.zero = -1;
  job.elf = words[1];
  read_job(words[2]);
  noted = shared(sizeof *noted);
  for (uint32_t i = 0; i < job.regions; i++)
    memory_of[i] = mmap(NULL, pages_len(i), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  watched = make_machine();
  plain = make_machine();
  watch();
  watch_traps(watched);
  watch_traps(plain);
  watch_field();
  const struct result hosted = warm();
  start_on(watched);
  places_base = job.region[0].begin;
  places_count = (job.region[0].end - places_base) / 2;
  places = shared(places_count * sizeof *places);
  golden = shared(sizeof *golden);
  note_all();
  if (golden->value != hosted.value || memcmp(golden->bytes, hosted.bytes, golden->len) != 0)
    fail("the two machines differ");
  list_faults();
  print("none", 0, 0, noted->count, golden);
  fflush(stdout);
  run.mode = INJECT;
  struct result last = {0};
  converse(job.targets_from, job.requests, &last);
  if (run.mode == FAULTY) {
    *outcome = last;
    _exit(0);
  }
  while (running > 0)
    wait_one();
  for (uint32_t i = 0; i < fault_count; i++)
    print(kind_names[faults[i].kind], faults[i].reg, faults[i].pc, faults[i].nth, &results[faults[i].result]);
  if (next_fault != fault_count)
    fail("%u of %u faults were not reached", fault_count - next_fault, fault_count);
  return 0;
}
