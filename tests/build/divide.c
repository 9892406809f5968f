/**
 * The functions of boards/common/divide.S in Unicorn, against the host's division: each pair of numbers near a power of
 * two, and pairs at random. Prints how many calls were compared.
 *
 *   divide ELF JOB      JOB: the addresses of the division without and with signs
 */
#include "../lab/machine.h"

#define CODE  0x00010000u
#define BYTES 0x1000u
#define STACK 0x20000000u

enum { RANDOM_PAIRS = 20000, NEAR = 3 * 32 };

static uint8_t code[BYTES];
static unsigned long compared;

static uint8_t *place(uint32_t address, uint32_t len) {
  return address >= CODE && len <= BYTES && address - CODE <= BYTES - len ? code + (address - CODE) : NULL;
}

static void call(uint32_t function, uint32_t dividend, uint32_t divisor) {
  set(UC_ARM_REG_R0, dividend), set(UC_ARM_REG_R1, divisor);
  set(UC_ARM_REG_SP, STACK + BYTES), set(UC_ARM_REG_LR, RETURN_TO | 1);
  check(uc_emu_start(uc, function | 1, RETURN_TO, 0, 0), "a call");
}

/** The one quotient that does not fit is cut to 32 bits, as in the ABI. */
static void compare(uint32_t plain, uint32_t with_signs, uint32_t dividend, uint32_t divisor) {
  if (divisor == 0)
    return;
  const int64_t n = (int32_t)dividend, d = (int32_t)divisor;
  const uint32_t expected[2][2] = {{dividend / divisor, dividend % divisor}, {(uint32_t)(n / d), (uint32_t)(n % d)}};
  for (int i = 0; i < 2; i++) {
    call(i ? with_signs : plain, dividend, divisor);
    if (get(UC_ARM_REG_R0) != expected[i][0] || get(UC_ARM_REG_R1) != expected[i][1])
      fail("%s division of %u by %u is wrong", i ? "signed" : "plain", dividend, divisor);
    compared++;
  }
}

static uint32_t near(uint32_t i) { return (1u << i / 3) + i % 3 - 1; }

static uint32_t random32(void) {
  static uint32_t state = 1;
  state ^= state << 13, state ^= state >> 17, state ^= state << 5;
  return state >> (state & 31 & state >> 8);
}

int main(int count, char **arguments) {
  uint32_t plain, with_signs;
  FILE *const job = count == 3 ? fopen(arguments[2], "r") : NULL;
  if (job == NULL || fscanf(job, "%u %u", &plain, &with_signs) != 2)
    fail("no job");
  load(arguments[1], place);
  check(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc), "a machine");
  check(uc_ctl_set_cpu_model(uc, cpu_of("cortex-m0")), "the core");
  check(uc_mem_map_ptr(uc, CODE, BYTES, UC_PROT_READ | UC_PROT_EXEC, code), "code");
  check(uc_mem_map(uc, STACK, BYTES, UC_PROT_READ | UC_PROT_WRITE), "a stack");
  check(uc_mem_map(uc, RETURN_TO & ~(BYTES - 1), BYTES, UC_PROT_READ | UC_PROT_EXEC), "the end of a call");
  for (uint32_t i = 0; i < NEAR; i++)
    for (uint32_t j = 0; j < NEAR; j++)
      compare(plain, with_signs, near(i), near(j)), compare(plain, with_signs, -near(i), near(j));
  for (int i = 0; i < RANDOM_PAIRS; i++) {
    const uint32_t dividend = random32();
    compare(plain, with_signs, dividend, random32());
  }
  printf("%lu calls\n", compared);
  return 0;
}
