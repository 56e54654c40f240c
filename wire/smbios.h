/* SPDX-License-Identifier: ISC */
/* SMBIOS structures.  Source: DMTF DSP0134 (6.1.2, 6.1.3, 7.12). */
#ifndef WIRE_SMBIOS_H
#define WIRE_SMBIOS_H

/* Header of each structure. */
#define SMBIOS_TYPE 0
#define SMBIOS_LENGTH 1 /* of the formatted part, header included */
#define SMBIOS_HANDLE 2 /* 16 bits, little-endian */
#define SMBIOS_HEADER_SIZE 4

#define SMBIOS_TYPE_OEM_STRINGS 11
#define SMBIOS_OEM_COUNT 4 /* byte: how many strings follow */
#define SMBIOS_TYPE_END 127

/* What systemd takes from OEM strings: systemd.system-credentials(7). */
#define SMBIOS_CREDENTIAL "io.systemd.credential:"
#define SMBIOS_CREDENTIAL_BINARY "io.systemd.credential.binary:"

#endif
