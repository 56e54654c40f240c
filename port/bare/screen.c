/* SPDX-License-Identifier: ISC */
/* A VGA's screen of text, where a boot loader says that there is one: for
 * machines without a serial port.  Two bytes a character, the second of them
 * its colours. */
#include "port/bare/bare_private.h"

#define COLOURS 0x0700u

static volatile uint16_t *const cells =
    (volatile uint16_t *)(uintptr_t)BOOT_SCREEN;
static unsigned columns, rows, column;

/* Lines move up, and the last one is empty. */
static void
scroll(void)
{
	for (unsigned i = 0; i < columns * (rows - 1); i++)
		cells[i] = cells[i + columns];
	for (unsigned i = 0; i < columns; i++)
		cells[columns * (rows - 1) + i] = COLOURS | ' ';
	column = 0;
}

static void
screen_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			scroll();
		else if (text[i] == '\r')
			column = 0;
		else if (text[i] == '\b')
			column -= column > 0;
		else {
			if (column == columns)
				scroll();
			cells[columns * (rows - 1) + column++] =
			    (uint16_t)(COLOURS | (unsigned char)text[i]);
		}
	}
}

bool
screen_find(struct console *console, const struct boot_info *info)
{
	if (info->columns == 0)
		return false;
	columns = info->columns;
	rows = info->rows;
	bare_format(console->name, sizeof(console->name), "screen, %u by %u",
	    columns, rows);
	console->write = screen_write;
	console->read = NULL;
	scroll();
	return true;
}
