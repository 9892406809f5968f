// Longer than 400 lines: one program that one suite compiles.
/**
 * Runs functions of a final ELF in Unicorn and injects one fault a run.
 *
 *     skip ELF JOB          JOB: lines of `word value …`, see `read_job`
 *
 * The requests of the job before its targets run as they are. One run of the targets then notes where each instruction
 * is executed first and last, and what it writes. A second run stops at each of those places; a copy of the process
 * (fork) applies one fault there and runs to the end. So every fault begins in the state that the real run has at that
 * point.
 *
 * One line a fault on standard output:  kind register address nth outcome result answer
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <unicorn/unicorn.h>

#define REGIONS_MOST  8
#define RANGES_MOST   64
#define REQUESTS_MOST 512
#define TRAPS_MOST    8
#define ANSWER_MOST   256u
/** Where calls return to: an address that nothing else has. */
#define RETURN_TO 0x0ffffff0u
/** A run that takes this many times the processor time of the run without a fault counts as hung: the watchdog ends it.
 */
#define HUNG_FACTOR 3
/** Processor time that every run may take, in us. */
#define HUNG_US 50000

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

/** What a fault ended in: shared with the process that runs it. */
struct result {
  uint32_t outcome;
  int32_t value;
  uint32_t len;
  uint8_t bytes[ANSWER_MOST];
};

/** What the first run noted of an instruction, by its address. */
struct place {
  uint32_t first, last;
  uint16_t first_writes, last_writes;
  /** How far it lies behind the IT that makes it conditional; 0: it is unconditional. */
  uint8_t ahead;
};

struct fault {
  uint32_t at, pc;
  uint8_t kind, reg, ahead, nth;
};

static struct {
  uc_cpu_arm cpu;
  const char *elf;
  struct range region[REGIONS_MOST], apart[RANGES_MOST];
  uint32_t regions, aparts, traps, requests, targets_from;
  uint32_t trap[TRAPS_MOST];
  uint32_t start, where, memory, run, stack_top, buffer;
  bool wants[KINDS];
  uint32_t every, offset, workers;
  struct request request[REQUESTS_MOST];
} job = {.every = 1, .workers = 1};

static uc_engine *uc;

/** The run: instructions outside the ranges so far, and what to do at the next of them. */
static struct {
  enum { PLAIN, NOTE, INJECT, FAULTY } mode;
  uint32_t index;
  bool trapped;
  uint32_t before_pc, before_size, before_index;
  uint32_t before[15];
  int zero;
  /** The register is set to zero within an IT block, which can not be left. */
  bool is_conditional;
} run;

static struct place *places;
static uint32_t places_base, places_count;

/** How many instructions the run without a fault has, and what it took of the processor, in us. */
static struct { uint32_t count, time; } * noted;

static struct fault *faults;
static uint32_t fault_count, next_fault;
static struct result *results;

static _Noreturn void fail(const char *what, ...) {
  va_list more;
  va_start(more, what);
  vfprintf(stderr, what, more);
  va_end(more);
  fputc('\n', stderr);
  exit(2);
}

static void check(uc_err err, const char *what) {
  if (err != UC_ERR_OK)
    fail("%s: %s", what, uc_strerror(err));
}

static void *shared(size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    fail("no memory");
  return at;
}

static const int registers[15] = {
    UC_ARM_REG_R0,  UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3, UC_ARM_REG_R4,
    UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,  UC_ARM_REG_R8, UC_ARM_REG_R9,
    UC_ARM_REG_R10, UC_ARM_REG_R11, UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR,
};

static uint32_t get(int reg) {
  uint32_t value = 0;
  check(uc_reg_read(uc, reg, &value), "reg");
  return value;
}

static void set(int reg, uint32_t value) { check(uc_reg_write(uc, reg, &value), "reg"); }

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

static uc_cpu_arm cpu_of(const char *name) {
  static const struct {
    const char *name;
    uc_cpu_arm cpu;
  } known[] = {{"cortex-m0", UC_CPU_ARM_CORTEX_M0},
               {"cortex-m3", UC_CPU_ARM_CORTEX_M3},
               {"cortex-m4", UC_CPU_ARM_CORTEX_M4},
               {"cortex-m33", UC_CPU_ARM_CORTEX_M33}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(name, known[i].name) == 0)
      return known[i].cpu;
  fail("no such core: %s", name);
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
    else if (strcmp(what, "start") == 0)
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

static uint32_t word_at(const uint8_t *at) {
  return (uint32_t)at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/** Load the ELF's segments to where they run: the state that start-up code makes. */
static void load(void) {
  FILE *file = fopen(job.elf, "rb");
  if (file == NULL)
    fail("no ELF");
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  uint8_t *elf = malloc((size_t)size);
  if (fread(elf, 1, (size_t)size, file) != (size_t)size)
    fail("the ELF can not be read");
  fclose(file);
  const uint32_t headers = word_at(elf + 28);
  const uint32_t count = elf[44] | elf[45] << 8;
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *header = elf + headers + 32 * i;
    if (word_at(header) == 1 && word_at(header + 16) > 0)
      check(uc_mem_write(uc, word_at(header + 8), elf + word_at(header + 4), word_at(header + 16)), "a segment");
  }
  free(elf);
}

static void make_machine(void) {
  check(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc), "Unicorn");
  check(uc_ctl_set_cpu_model(uc, (int)job.cpu), "the core");
  for (uint32_t i = 0; i < job.regions; i++) {
    const uint32_t begin = job.region[i].begin & ~0xfffu;
    const uint32_t end = (job.region[i].end + 0xfffu) & ~0xfffu;
    check(uc_mem_map(uc, begin, end - begin, UC_PROT_ALL), "a region");
  }
  load();
  // As on the boards: nothing writes to flash, and nothing is executed from RAM.
  for (uint32_t i = 0; i < job.regions; i++) {
    const uint32_t begin = job.region[i].begin & ~0xfffu;
    const uint32_t end = (job.region[i].end + 0xfffu) & ~0xfffu;
    const uint32_t protection = i == 0 ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ | UC_PROT_WRITE;
    check(uc_mem_protect(uc, begin, end - begin, protection), "protection");
  }
}

/** Call a function; true if it returned. */
static bool call(uint32_t function, uint32_t r0, uint32_t r1) {
  set(UC_ARM_REG_SP, job.stack_top);
  set(UC_ARM_REG_LR, RETURN_TO | 1);
  set(UC_ARM_REG_R0, r0);
  set(UC_ARM_REG_R1, r1);
  const uc_err err = uc_emu_start(uc, function | 1, RETURN_TO, 0, 0);
  return err == UC_ERR_OK && !run.trapped && (get(UC_ARM_REG_PC) & ~1u) == RETURN_TO;
}

/** Run requests `from` to `to`; the last one's answer goes to `out`. */
static void converse(uint32_t from, uint32_t to, struct result *out) {
  for (uint32_t i = from; i < to; i++) {
    const struct request *request = &job.request[i];
    check(uc_mem_write(uc, job.buffer, request->bytes, request->len), "the buffer");
    if (!call(job.run, request->op, request->len)) {
      out->outcome = run.trapped ? TRAPPED : FAULTED;
      return;
    }
  }
  out->value = (int32_t)get(UC_ARM_REG_R0);
  out->len = out->value > 0 && (uint32_t)out->value <= ANSWER_MOST ? (uint32_t)out->value : 0;
  check(uc_mem_read(uc, job.buffer, out->bytes, out->len), "the buffer");
  out->outcome = RETURNED;
}

/* ------------------------------------------------------------------------------------------------ faults */

static uint32_t half_at(uint32_t pc) {
  uint8_t half[2];
  check(uc_mem_read(uc, pc, half, 2), "code");
  return half[0] | half[1] << 8;
}

/** Whether the flags meet a condition (ARMv7-M A7.3). */
static bool holds(uint32_t condition) {
  const uint32_t flags = get(UC_ARM_REG_XPSR) >> 28;
  const bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1;
  const bool base[8] = {z, c, n, v, c && !z, n == v, !z && n == v, true};
  return base[condition >> 1] != (condition & 1);
}

/** Where the conditional branch at `pc` goes, and whether it does; false if there is none. */
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

/** How many instructions the IT at `pc` makes conditional; 0 if there is none (ARMv7-M A7.7.38). */
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

static uc_hook hooks[RANGES_MOST + 1];
static uint32_t hook_count;

/** Watch no longer, and go on at `to`: what follows runs several times as fast. */
static void unwatch(uint32_t to) {
  for (uint32_t i = 0; i < hook_count; i++)
    check(uc_hook_del(uc, hooks[i]), "a hook");
  check(uc_ctl_remove_cache(uc, job.region[0].begin, (job.region[0].end + 0xfffu) & ~0xfffu), "the cache");
  set(UC_ARM_REG_PC, to | 1);
}

/** Code that is changed for a moment: Unicorn can not leave an IT block, so what is in one is changed before it begins.
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
  unwatch(pc);
}

static uint32_t size_at(uint32_t pc) { return half_at(pc) >> 11 >= 29 ? 4 : 2; }

/** Skip the instruction at hand, or the one `ahead` of it in the IT block that begins here. */
static void skip(uint32_t pc, uint32_t ahead) {
  static const uint8_t nop[2] = {0x00, 0xbf}, wide_nop[4] = {0xaf, 0xf3, 0x00, 0x80};
  if (ahead == 0) {
    unwatch(pc + size_at(pc));
    return;
  }
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
  if (branch_at(pc, &to, &taken)) {
    unwatch(taken ? pc + size_at(pc) : to);
    return;
  }
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

/** Run each fault that is due at this instruction in a copy of the process. */
static void inject(uint32_t pc) {
  for (; next_fault < fault_count && faults[next_fault].at == run.index; next_fault++) {
    const struct fault *fault = &faults[next_fault];
    if (running == job.workers)
      wait_one();
    const pid_t pid = fork();
    if (pid < 0)
      fail("no process");
    if (pid == 0) {
      results += next_fault;
      results->outcome = HUNG;
      const uint32_t us = HUNG_US + HUNG_FACTOR * noted->time;
      const struct itimerval limit = {{0, 0}, {us / 1000000, us % 1000000}};
      setitimer(ITIMER_VIRTUAL, &limit, NULL);
      begin(fault, pc);
      return;
    }
    running++;
  }
}

/** Note which registers the instruction before has written, if it was no branch. */
static void note_writes(uint32_t pc) {
  if (run.before_pc + run.before_size != pc)
    return;
  uint32_t now[15];
  uint16_t writes = 0;
  get_all(now);
  for (int i = 0; i < 15; i++)
    writes |= (uint16_t)((now[i] != run.before[i]) << i);
  struct place *place = &places[(run.before_pc - places_base) / 2];
  if (place->first == run.before_index)
    place->first_writes = writes;
  place->last_writes = writes;
}

/** How many instructions of an IT block are still to come, and how many have passed, in the run that notes. */
static uint32_t it_left, it_passed;

static void note(uint32_t pc, uint32_t size) {
  note_writes(pc);
  struct place *place = &places[(pc - places_base) / 2];
  if (it_left > 0)
    it_left--, it_passed++;
  else
    it_passed = 0;
  if (place->first == 0)
    place->first = run.index, place->ahead = (uint8_t)it_passed;
  place->last = run.index;
  if (conditional_after(pc) > 0)
    it_left = conditional_after(pc), it_passed = 0;
  run.before_pc = pc;
  run.before_size = size;
  run.before_index = run.index;
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
      if (run.is_conditional)
        return;
      unwatch(pc);
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

static void watch_range(uc_hook *hook, void *callback, uint64_t from, uint64_t to) {
  check(uc_hook_add(uc, hook, UC_HOOK_CODE, callback, NULL, from, to - 1), "a hook");
}

/** Watch every instruction outside the ranges that are apart, which are sorted. */
static void watch(void) {
  uint32_t from = job.region[0].begin;
  for (uint32_t i = 0; i <= job.aparts; i++) {
    const uint32_t to = i < job.aparts ? job.apart[i].begin : job.region[0].end;
    if (to > from)
      watch_range(&hooks[hook_count++], (void *)on_code, from, to);
    from = i < job.aparts ? job.apart[i].end : to;
  }
  static uc_hook traps[TRAPS_MOST];
  for (uint32_t i = 0; i < job.traps; i++)
    watch_range(&traps[i], (void *)on_trap, job.trap[i], job.trap[i] + 2);
}

/** Run the targets once, in a copy of the process, and note what is executed. */
static void note_all(struct result *golden) {
  const pid_t pid = fork();
  if (pid == 0) {
    run.mode = NOTE;
    const clock_t before = clock();
    converse(job.targets_from, job.requests, golden);
    noted->time = (uint32_t)((clock() - before) * 1000000 / CLOCKS_PER_SEC);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  if (golden->outcome != RETURNED)
    fail("the run without a fault does not return: %s", outcome_names[golden->outcome]);
}

/** How many faults there are, of which every so many is run. */
static uint32_t listed;

static void add_fault(const struct fault *fault) {
  static uint32_t room;
  if (listed++ % job.every != job.offset)
    return;
  if (fault_count == room)
    faults = realloc(faults, (room = room ? 2 * room : 4096) * sizeof *faults);
  faults[fault_count++] = *fault;
}

static int by_time(const void *a, const void *b) {
  const struct fault *x = a, *y = b;
  return x->at < y->at ? -1 : x->at > y->at;
}

/** List the faults of one execution of one instruction. */
static void add_faults(uint32_t pc, const struct place *place, bool is_last) {
  const uint32_t at = is_last ? place->last : place->first;
  const uint16_t writes = is_last ? place->last_writes : place->first_writes;
  struct fault fault = {.at = at - place->ahead, .pc = pc, .kind = SKIP, .ahead = place->ahead, .nth = is_last};
  uint32_t to;
  bool taken;
  if (job.wants[SKIP])
    add_fault(&fault);
  fault = (struct fault){.at = at, .pc = pc, .kind = INVERT, .nth = is_last};
  if (job.wants[INVERT] && (branch_at(pc, &to, &taken) || conditional_after(pc) > 0))
    add_fault(&fault);
  fault.kind = ZERO;
  fault.ahead = place->ahead;
  for (fault.reg = 0; job.wants[ZERO] && fault.reg < 15; fault.reg++)
    if (writes >> fault.reg & 1)
      add_fault(&fault);
}

static void list_faults(void) {
  for (uint32_t i = 0; i < places_count; i++) {
    if (places[i].first == 0)
      continue;
    add_faults(places_base + 2 * i, &places[i], false);
    if (places[i].last != places[i].first)
      add_faults(places_base + 2 * i, &places[i], true);
  }
  qsort(faults, fault_count, sizeof *faults, by_time);
  results = shared((fault_count + 1) * sizeof *results);
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
  make_machine();
  watch();
  if (!call(job.start, 0, 0) || !call(job.where, 0, 0) || !call(job.memory, get(UC_ARM_REG_R0), 1))
    fail("the guest does not start");
  job.buffer = get(UC_ARM_REG_R0);
  struct result ignored = {0};
  converse(0, job.targets_from, &ignored);
  if (ignored.outcome != RETURNED)
    fail("the requests before the targets do not return");
  places_base = job.region[0].begin;
  places_count = (job.region[0].end - places_base) / 2;
  places = shared(places_count * sizeof *places);
  noted = shared(sizeof *noted);
  struct result *golden = shared(sizeof *golden);
  note_all(golden);
  list_faults();
  print("none", 0, 0, noted->count, golden);
  fflush(stdout);
  run.mode = INJECT;
  struct result last = {0};
  struct result *all = results;
  converse(job.targets_from, job.requests, &last);
  if (run.mode == FAULTY) {
    *results = last;
    _exit(0);
  }
  while (running > 0)
    wait_one();
  for (uint32_t i = 0; i < fault_count; i++)
    print(kind_names[faults[i].kind], faults[i].reg, faults[i].pc, faults[i].nth, &all[i]);
  if (next_fault != fault_count)
    fail("%u of %u faults were not reached", fault_count - next_fault, fault_count);
  return 0;
}
