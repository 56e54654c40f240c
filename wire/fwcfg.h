/* SPDX-License-Identifier: ISC */
/*
 * fw_cfg: how QEMU, and OpenBSD's vmd, hand files to their guests.
 * Source: QEMU docs/specs/fw_cfg.
 */
#ifndef WIRE_FWCFG_H
#define WIRE_FWCFG_H

/* x86 ports. */
#define FWCFG_PORT_SELECTOR 0x510 /* 16 bits, little-endian */
#define FWCFG_PORT_DATA 0x511     /* a byte each */
#define FWCFG_PORT_DMA_HIGH 0x514 /* 32 bits, big-endian */
#define FWCFG_PORT_DMA_LOW 0x518  /* the write here starts the transfer */

/* Selector keys. */
#define FWCFG_KEY_SIGNATURE 0x0000
#define FWCFG_KEY_FEATURES 0x0001 /* 32 bits, little-endian */
#define FWCFG_KEY_DIRECTORY 0x0019
#define FWCFG_KEY_FILE_FIRST 0x0020
#define FWCFG_KEY_FILE_LAST 0x3fff

#define FWCFG_SIGNATURE "QEMU"
#define FWCFG_SIGNATURE_SIZE 4
#define FWCFG_FEATURE_TRADITIONAL 0x1u
#define FWCFG_FEATURE_DMA 0x2u

/* The directory: a big-endian count, then that many entries. */
#define FWCFG_DIR_COUNT_SIZE 4
#define FWCFG_ENTRY_SIZE 64
#define FWCFG_ENTRY_LENGTH 0 /* 32 bits, big-endian */
#define FWCFG_ENTRY_KEY 4    /* 16 bits, big-endian */
#define FWCFG_ENTRY_NAME 8
#define FWCFG_NAME_SIZE 56 /* with its NUL */
#define FWCFG_MAX_FILES (FWCFG_KEY_FILE_LAST - FWCFG_KEY_FILE_FIRST + 1)

/* The DMA descriptor, all big-endian. */
#define FWCFG_DMA_SIZE 16
#define FWCFG_DMA_CONTROL 0
#define FWCFG_DMA_LENGTH 4
#define FWCFG_DMA_ADDRESS 8
#define FWCFG_DMA_ERROR 0x01u
#define FWCFG_DMA_READ 0x02u
#define FWCFG_DMA_SKIP 0x04u
#define FWCFG_DMA_SELECT 0x08u /* key in the upper 16 bits */

/* The files that QEMU makes for firmware. */
#define FWCFG_FILE_SMBIOS "etc/smbios/smbios-tables"

#endif
