/* SPDX-License-Identifier: ISC */
#ifndef GUEST_BUS_FORMAT_H
#define GUEST_BUS_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * A snprintf for report lines: %s %u %x %c %%, no widths.  Always terminates,
 * returns the length of what is there (not of what did not fit).  What is not
 * printable ASCII becomes '?', so that no host can write to a terminal.
 */
size_t pv_format(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t pv_vformat(char *to, size_t size, const char *format, va_list)
    __attribute__((format(printf, 3, 0)));

#endif
