/* SPDX-License-Identifier: ISC */
#ifndef PORT_BARE_OPTIONS_H
#define PORT_BARE_OPTIONS_H

#include <stddef.h>

/* Take one word off a command line, without its quotes, cut to size.  Returns
 * where to go on, or NULL when there is no word. */
const char *option_word(const char *line, char *to, size_t size);

#endif
