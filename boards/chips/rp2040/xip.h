/**
 * How flash is made to look like memory, for the boot code in assembly and the flash driver in C: the plainest way that
 * every serial flash knows, command 03h with a 24-bit address, 32 bits a frame (§4.10.8). No fast-read command, no mode
 * that the flash would have to be brought out of again.
 */
#ifndef XIP_H_
#define XIP_H_

#define SSI_BASE       0x18000000
#define SSI_CTRLR0     0x00
#define SSI_CTRLR1     0x04
#define SSI_SSIENR     0x08
#define SSI_BAUDR      0x14
#define SSI_SPI_CTRLR0 0xf4

/** clk_sys / 4: 31 MHz from 125 MHz; command 03h is good for 50 MHz on the Pico's W25Q16JV. An even number. */
#define XIP_BAUDR 4
/** DFS_32 (bits 20:16): 32 bits a frame; TMOD (bits 9:8): 3, a command is sent and then data received. */
#define XIP_CTRLR0 ((31 << 16) | (3 << 8))
/** XIP_CMD (bits 31:24): 03h; INST_L (9:8): 2, eight bits; ADDR_L (5:2): 6, six times four bits; all on one wire. */
#define XIP_SPI_CTRLR0 ((0x03 << 24) | (2 << 8) | (6 << 2))

#endif
