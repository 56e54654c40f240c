/* SPDX-License-Identifier: ISC */
/* Arithmetic that compilers for 32 bits would call a library for. */
#ifndef GUEST_BUS_NUMBER_H
#define GUEST_BUS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* value / by, with the remainder where `rest` is not NULL. */
uint64_t pv_divide(uint64_t value, uint16_t by, unsigned *rest);
/* Digits, without a NUL; `to` has room for 20. */
size_t pv_decimal(uint64_t value, char *to);

#endif
