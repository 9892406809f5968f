/* The rows of a table of a comb, for C and assembly; as TEETH in assembly/crypto/_cpu.ts. */
#pragma once
#ifdef CRYPTO_SMALL
#define COMB_TEETH 4
#else
#define COMB_TEETH 5
#endif
#define COMB_ROWS (1 << (COMB_TEETH - 1))
