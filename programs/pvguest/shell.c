/* SPDX-License-Identifier: ISC */
/* The prompt: one line at a time from any console, with little to edit it. */
#include "programs/pvguest/pvguest.h"

#define CONTROL(c) ((c)&0x1f)
/* A serial port keeps 16 bytes, which at 115200 baud take 1.4 ms: how often to
 * look while somebody types, and when nobody has for a while. */
#define LOOK PV_MILLISECOND
#define LOOK_IDLE (10 * PV_MILLISECOND)
#define IDLE (2 * PV_SECOND)

static int
next_char(void)
{
	static uint64_t last;
	uint64_t now;
	int c;

	while ((c = bare_getchar()) < 0) {
		now = bare_now();
		guest_wait(now + (now - last < IDLE ? LOOK : LOOK_IDLE));
	}
	last = bare_now();
	return c;
}

/* Another kind of end of line may follow. */
static bool
second_half(int c, int before)
{
	return c == '\n' && before == '\r';
}

static void
read_line(char *line, size_t size)
{
	static int before;
	size_t len = 0;

	for (;;) {
		int c = next_char();
		char echo = (char)c;

		if (second_half(c, before)) {
			before = c;
			continue;
		}
		before = c;
		if (c == '\r' || c == '\n')
			break;
		if (c == CONTROL('C') || c == CONTROL('U')) {
			for (; len > 0; len--)
				bare_write("\b \b", 3);
		} else if (c == '\b' || c == 0x7f) {
			if (len > 0) {
				len--;
				bare_write("\b \b", 3);
			}
		} else if (c >= ' ' && c <= '~' && len + 1 < size) {
			line[len++] = echo;
			bare_write(&echo, 1);
		}
	}
	bare_write("\n", 1);
	line[len] = '\0';
}

void
shell(void)
{
	static char line[LINE];
	int status;

	for (;;) {
		bare_write("pvguest> ", 9);
		read_line(line, sizeof(line));
		status = commands_run(line);
		if (status != STATUS_OK)
			bare_printf("pvguest: status %d\n", status);
	}
}
