/**
 * Runs functions of a final ELF in Unicorn with shadow registers and shadow memory: each byte that depends on a secret
 * is marked, and each instruction whose time or address depends on a marked byte is reported.
 *
 *     taint ELF JOB
 *
 * The job has one line an instruction, which `taint.ts` makes from the disassembly (see `read_instruction`), and the
 * requests. Each request prints its result, then `kind address` for each finding, then a line `end`. The marks of
 * registers are four bits, one a byte.
 */
#include <stdbool.h>

#include "../lab/machine.h"

#define ALL    0xfu
#define LISTED 16
#define PC     15
#define NONE   16
/** Conditions as in ARMv7-M A7.3; 14 is none, 15 a comparison with zero. */
#define ALWAYS     14
#define COMPARISON 15

enum shape { OTHER, COMBINE, LANES, LOAD, STORE };

/** The kinds of findings. */
enum finding { BRANCH, ADDRESS, TIME, CONDITION, FINDINGS };
static const char *const finding_names[] = {"branch", "address", "time", "condition"};

/** An instruction: `taint.ts` says what each number means. */
struct instruction {
  bool is_known;
  uint8_t shape, condition, is_slow, is_public, is_jump;
  /** Masks of registers that give the value, and that take it. */
  uint32_t reads, writes;
  /** Bytes of the result that can be marked: an AND with a constant clears the others. */
  uint8_t lanes;
  uint8_t reads_carry, sets_sign, sets_carry, reads_lanes, sets_lanes;
  uint8_t base, index, shift, bytes, count;
  int32_t offset;
  uint8_t listed[LISTED];
  /** True for each kind that has been reported of it. */
  bool found[FINDINGS];
};

static struct {
  uint32_t begin, end;
  uint8_t *bytes;
} region[2];
/** The marks of RAM. */
static uint8_t *shadow;

static struct instruction *code;

/** The marks of registers and flags, and where a call returns whose result is public. */
static struct {
  uint8_t of[17];
  bool sign, carry, lanes;
  uint32_t public_at;
} marks;

static struct { uint32_t start, where, memory, capacity, run, stack, buffer; } job;

/* ------------------------------------------------------------------------------------------------ marks */

static uint8_t *marks_at(uint32_t address, uint32_t len) {
  if (address < region[1].begin || address + len > region[1].end)
    return NULL;
  return shadow + (address - region[1].begin);
}

static void report(struct instruction *at, enum finding finding, uint32_t pc) {
  if (!at->found[finding])
    printf("%s %x\n", finding_names[finding], pc);
  at->found[finding] = true;
}

/** True if a condition depends on a marked flag. */
static bool is_marked_condition(uint32_t condition) {
  static const uint8_t flags_of[8] = {1, 2, 1, 2, 3, 3, 3, 0};
  const uint32_t flags = flags_of[condition >> 1];
  return ((flags & 1) && marks.sign) || ((flags & 2) && marks.carry);
}

/** True if the flags meet a condition (ARMv7-M A7.3). */
static bool holds(uint32_t condition) {
  const uint32_t flags = get(UC_ARM_REG_XPSR) >> 28;
  const bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1;
  const bool base[8] = {z, c, n, v, c && !z, n == v, !z && n == v, true};
  return base[condition >> 1] != (condition & 1);
}

/** Move marks between registers and memory. `keeps` adds to the marks that are there. */
static void transfer(const struct instruction *at, uint32_t pc, bool keeps) {
  const uint32_t base = at->base == PC ? (pc + 4) & ~3u : get(registers[at->base]);
  const uint32_t index = at->index == NONE ? 0 : get(registers[at->index]) << at->shift;
  uint32_t address = base + index + (uint32_t)at->offset;
  for (uint32_t i = 0; i < at->count; i++, address += at->bytes) {
    uint8_t *const place = marks_at(address, at->bytes);
    uint8_t *const of = &marks.of[at->listed[i]];
    uint8_t loaded = 0;
    for (uint32_t lane = 0; lane < at->bytes && place != NULL; lane++)
      if (at->shape == LOAD)
        loaded |= (uint8_t)(place[lane] << lane);
      else
        place[lane] = (keeps ? place[lane] : 0) | (*of >> lane & 1);
    if (at->shape == LOAD && at->listed[i] != PC)
      *of = at->is_public ? 0 : (keeps ? *of : 0) | loaded;
  }
}

/** Compute the marks of results and flags. */
static void compute(const struct instruction *at, bool keeps) {
  uint8_t read = at->reads_carry && marks.carry ? ALL : 0;
  if (at->reads_lanes && marks.lanes)
    read = ALL;
  for (uint32_t i = 0; i < 16; i++)
    if (at->reads >> i & 1)
      read |= marks.of[i];
  const bool is_marked = read != 0;
  const uint8_t made = at->shape == LANES ? read & at->lanes : is_marked ? ALL : 0;
  for (uint32_t i = 0; i < PC; i++)
    if (at->writes >> i & 1)
      marks.of[i] = (keeps ? marks.of[i] : 0) | made;
  if (at->sets_sign)
    marks.sign = (keeps && marks.sign) || made != 0 || (at->writes == 0 && is_marked);
  if (at->sets_carry)
    marks.carry = (keeps && marks.carry) || is_marked;
  if (at->sets_lanes)
    marks.lanes = is_marked;
}

static uint32_t half_at(uint32_t pc) {
  const uint8_t *const at = region[0].bytes + (pc - (region[0].begin & ~0xfffu));
  return at[0] | (uint32_t)at[1] << 8;
}

/**
 * Look at the instructions of the IT block at `pc` if a marked flag decides them: those that are not executed are not
 * seen otherwise, and their results depend on the flag too.
 */
static void look_ahead(uint32_t pc) {
  const uint32_t mask = half_at(pc) & 15;
  if ((half_at(pc) & 0xff00) != 0xbf00 || mask == 0)
    return;
  uint32_t next = pc + 2;
  for (int i = 0; i < 4 - __builtin_ctz(mask); i++) {
    struct instruction *const at = &code[(next - region[0].begin) / 2];
    if (at->condition < ALWAYS && is_marked_condition(at->condition)) {
      if (at->is_slow || at->shape >= LOAD)
        report(at, CONDITION, next);
      for (uint32_t k = 0; k < PC; k++)
        marks.of[k] |= at->writes >> k & 1 ? ALL : 0;
      for (uint32_t k = 0; k < at->count && at->shape == LOAD; k++)
        marks.of[at->listed[k]] = ALL;
    }
    next += half_at(next) >> 11 >= 29 ? 4 : 2;
  }
}

static void on_code(uc_engine *engine, uint64_t address, uint32_t size, void *data) {
  (void)engine, (void)data;
  const uint32_t pc = (uint32_t)address;
  if (pc == marks.public_at)
    marks.of[0] = marks.of[1] = 0, marks.public_at = 0;
  struct instruction *const at = &code[(pc - region[0].begin) / 2];
  if (!at->is_known)
    fail("no instruction is known at %x", pc);
  look_ahead(pc);
  bool is_marked = false;
  for (uint32_t i = 0; i < 16; i++)
    is_marked |= (at->reads >> i & 1) && marks.of[i];
  if (at->is_slow && is_marked)
    report(at, TIME, pc);
  if (at->is_jump && is_marked)
    report(at, BRANCH, pc);
  bool keeps = false;
  if (at->condition < ALWAYS) {
    keeps = is_marked_condition(at->condition);
    if (keeps && at->is_jump)
      report(at, BRANCH, pc);
    else if (keeps && (at->is_slow || at->shape >= LOAD))
      report(at, CONDITION, pc);
    if (!keeps && !holds(at->condition))
      return;
  }
  if (at->shape >= LOAD) {
    if (marks.of[at->base] || marks.of[at->index])
      report(at, ADDRESS, pc);
    transfer(at, pc, keeps);
  } else if (at->shape != OTHER) {
    compute(at, keeps);
    if (keeps)
      for (uint32_t i = 0; i < PC; i++)
        marks.of[i] |= at->writes >> i & 1 ? ALL : 0;
  } else {
    for (uint32_t i = 0; i < PC; i++)
      marks.of[i] &= at->writes >> i & 1 ? 0 : ALL;
    if (at->is_public)
      marks.public_at = pc + size;
  }
}

/* ------------------------------------------------------------------------------------------------ the machine */

static uint32_t pages_begin(int i) { return region[i].begin & ~0xfffu; }
static uint32_t pages_len(int i) { return ((region[i].end + 0xfffu) & ~0xfffu) - pages_begin(i); }

/** The memory of a segment; NULL: it is in no region. */
static uint8_t *segment(uint32_t to, uint32_t len) {
  for (int i = 0; i < 2; i++)
    if (to >= pages_begin(i) && to + len <= pages_begin(i) + pages_len(i))
      return region[i].bytes + (to - pages_begin(i));
  return NULL;
}

static void call(uint32_t function, uint32_t r0, uint32_t r1) {
  set(UC_ARM_REG_SP, job.stack);
  set(UC_ARM_REG_LR, RETURN_TO | 1);
  set(UC_ARM_REG_R0, r0);
  set(UC_ARM_REG_R1, r1);
  check(uc_emu_start(uc, function | 1, RETURN_TO, 0, 0), "a call");
}

static void load_image(const char *path) {
  for (int i = 0; i < 2; i++)
    region[i].bytes = aligned_alloc(4096, pages_len(i)), memset(region[i].bytes, 0, pages_len(i));
  load(path, segment);
}

static void make_machine(uc_cpu_arm cpu) {
  check(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc), "Unicorn");
  check(uc_ctl_set_cpu_model(uc, (int)cpu), "the core");
  for (int i = 0; i < 2; i++) {
    const uint32_t protection = i == 0 ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ | UC_PROT_WRITE;
    check(uc_mem_map_ptr(uc, pages_begin(i), pages_len(i), protection, region[i].bytes), "a region");
  }
  // Before the first call: code that was translated without the hook would keep running without it.
  uc_hook hook;
  check(uc_hook_add(uc, &hook, UC_HOOK_CODE, (void *)on_code, NULL, region[0].begin, region[0].end), "a hook");
  if (job.start != 0) {
    call(job.start, 0, 0);
    call(job.where, 0, 0);
    call(job.memory, get(UC_ARM_REG_R0), job.capacity);
    job.buffer = get(UC_ARM_REG_R0);
  }
}

/* ------------------------------------------------------------------------------------------------ the job */

/** Read `i address shape condition slow public jump reads writes lanes rc ss sc rl sl base index shift bytes offset
 * registers…` */
static void read_instruction(char *line) {
  struct instruction one = {.is_known = true};
  uint32_t address;
  int used = 0;
  sscanf(line, "%u %hhu %hhu %hhu %hhu %hhu %u %u %hhu %hhu %hhu %hhu %hhu %hhu %hhu %hhu %hhu %hhu %d%n", &address,
         &one.shape, &one.condition, &one.is_slow, &one.is_public, &one.is_jump, &one.reads, &one.writes, &one.lanes,
         &one.reads_carry, &one.sets_sign, &one.sets_carry, &one.reads_lanes, &one.sets_lanes, &one.base, &one.index,
         &one.shift, &one.bytes, &one.offset, &used);
  if (used == 0)
    fail("not understood: %s", line);
  char *at = line + used;
  for (char *next; one.count < LISTED; at = next) {
    const uint32_t reg = (uint32_t)strtol(at, &next, 0);
    if (next == at)
      break;
    one.listed[one.count++] = (uint8_t)reg;
  }
  if (address >= region[0].begin && address < region[0].end)
    code[(address - region[0].begin) / 2] = one;
}

/** Run `op secret's place, secret's bytes, request in hex`, and print what is found. */
static void request(char *line) {
  uint32_t value[3];
  char *at = line;
  for (int i = 0; i < 3; i++)
    value[i] = (uint32_t)strtol(at, &at, 0);
  at += strspn(at, " ");
  uint32_t len = 0;
  for (unsigned byte; sscanf(at + 2 * len, "%2x", &byte) == 1; len++) {
    const uint8_t one = (uint8_t)byte;
    check(uc_mem_write(uc, job.buffer + len, &one, 1), "the buffer");
  }
  memset(&marks, 0, sizeof marks);
  memset(shadow, 0, region[1].end - region[1].begin);
  for (uint32_t pc = region[0].begin; pc < region[0].end; pc += 2)
    memset(code[(pc - region[0].begin) / 2].found, 0, sizeof code->found);
  uint8_t *const secret = marks_at(job.buffer + value[1], value[2]);
  if (secret == NULL || value[1] + value[2] > len)
    fail("no such secret");
  memset(secret, 1, value[2]);
  call(job.run, value[0], len);
  printf("result %d\nend\n", (int32_t)get(UC_ARM_REG_R0));
}

int main(int count, char **words) {
  FILE *const file = count == 3 ? fopen(words[2], "r") : NULL;
  if (file == NULL)
    fail("taint ELF JOB");
  static const char *const names[] = {"start", "where", "memory", "capacity", "run", "stack", "buffer"};
  uc_cpu_arm cpu = UC_CPU_ARM_CORTEX_M4;
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, file) > 0) {
    char *const rest = line + strcspn(line, " ") + 1;
    line[strcspn(line, "\n")] = 0, rest[-1] = 0;
    if (strcmp(line, "cpu") == 0) {
      cpu = cpu_of(rest);
    } else if (strcmp(line, "regions") == 0) {
      char *at = rest;
      for (int i = 0; i < 2; i++)
        region[i].begin = (uint32_t)strtoul(at, &at, 0), region[i].end = (uint32_t)strtoul(at, &at, 0);
      code = calloc((region[0].end - region[0].begin) / 2 + 1, sizeof *code);
      shadow = calloc(region[1].end - region[1].begin, 1);
    } else if (strcmp(line, "i") == 0) {
      read_instruction(rest);
    } else if (strcmp(line, "request") == 0) {
      if (uc == NULL)
        load_image(words[1]), make_machine(cpu);
      request(rest);
    } else {
      for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(line, names[i]) == 0)
          (&job.start)[i] = (uint32_t)strtoul(rest, NULL, 0);
    }
  }
  return 0;
}
