/* SPDX-License-Identifier: ISC */
/* Numbers and their digits; arithmetic that compilers for 32 bits would call a
 * library for. */
#ifndef GUEST_BUS_NUMBER_H
#define GUEST_BUS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* value / by, with the remainder where `rest` is not NULL. */
uint64_t pv_divide(uint64_t value, uint16_t by, unsigned *rest);
/* Digits, without a NUL; `to` has room for 20. */
size_t pv_decimal(uint64_t value, char *to);
/* The value of a hexadecimal digit, -1: it is none. */
int pv_hex_digit(char c);

#endif
