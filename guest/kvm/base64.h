/* SPDX-License-Identifier: ISC */
#ifndef GUEST_KVM_BASE64_H
#define GUEST_KVM_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decode RFC 4648 base64, with or without its padding.  `to` has room for
 * 3 bytes for each 4 characters begun.  False when it is not base64.
 */
bool base64_decode(const char *from, size_t len, uint8_t *to, size_t *size);

#endif
