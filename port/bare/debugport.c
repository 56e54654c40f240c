/* SPDX-License-Identifier: ISC */
/* Port 0xe9 of Bochs: QEMU's isa-debugcon reads back 0xe9 and Xen prints lines
 * from it into its own log, which cannot be seen from here. */
#include "port/bare/bare_private.h"

#define DEBUG_PORT 0xe9u

static void
debugport_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r')
			cpu_out8(DEBUG_PORT, (uint8_t)text[i]);
}

bool
debugport_find(struct console *console, bool forced)
{
	if (!forced && cpu_in8(DEBUG_PORT) != DEBUG_PORT)
		return false;
	bare_format(console->name, sizeof(console->name), "debug port 0x%x",
	    DEBUG_PORT);
	console->write = debugport_write;
	console->read = NULL;
	return true;
}
