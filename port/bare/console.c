/* SPDX-License-Identifier: ISC */
/* All consoles at once: what is said goes to each, what is typed on any is
 * read. */
#include "port/bare/bare_private.h"
#include "port/bare/options.h"

#define CONSOLES 4u
#define LOG_SIZE 16384u

static struct console consoles[CONSOLES];
static unsigned count;
static struct bare_lock lock;
static char kept[LOG_SIZE];
static size_t kept_len;

/* console=serial,xen,debug,screen: only these, and the debug port without a test.
 * Not given: all that are found. */
static bool
wanted(const char *name, bool *forced)
{
	char list[64];
	const char *at = list;
	size_t len = strlen(name);

	*forced = false;
	if (bare_option("console", list, sizeof(list)) == NULL)
		return true;
	while (*at != '\0') {
		size_t word = 0;

		while (at[word] != '\0' && at[word] != ',')
			word++;
		if (word == len && memcmp(at, name, len) == 0)
			return *forced = true;
		at += word + (at[word] == ',');
	}
	return false;
}

void
console_init_early(const struct boot_info *info)
{
	bool forced;

	if (wanted("serial", &forced) && serial_find(&consoles[count]))
		count++;
	if (wanted("debug", &forced) &&
	    debugport_find(&consoles[count], forced))
		count++;
	if (wanted("screen", &forced) && screen_find(&consoles[count], info))
		count++;
	if (wanted("xen", &forced) && xen_console_find(&consoles[count]))
		count++;
}

/* A terminal wants a carriage return before each newline. */
static void
write_all(const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n')
			continue;
		for (unsigned c = 0; c < count; c++) {
			consoles[c].write(text + from, i - from);
			if (i < len)
				consoles[c].write("\r\n", 2);
		}
		from = i + 1;
	}
}

void
bare_write(const char *text, size_t len)
{
	bool on = lock_take(&lock);

	write_all(text, len);
	lock_drop(&lock, on);
}

/* For a fault while the lock is held. */
void
console_lock_break(void)
{
	lock.held = false;
}

void
bare_printf(const char *format, ...)
{
	char line[512];
	va_list args;
	size_t len;

	va_start(args, format);
	len = bare_vformat(line, sizeof(line), format, args);
	va_end(args);
	bare_write(line, len);
}

void
bare_log_line(const char *line)
{
	size_t len = strlen(line);
	bool on;

	bare_printf("%s\n", line);
	on = lock_take(&lock);
	if (len < LOG_SIZE - kept_len) {
		memcpy(kept + kept_len, line, len);
		kept[kept_len + len] = '\n';
		kept_len += len + 1;
	}
	lock_drop(&lock, on);
}

const char *
bare_log(size_t *len)
{
	*len = kept_len;
	return kept;
}

int
bare_getchar(void)
{
	int c;

	for (unsigned i = 0; i < count; i++)
		if (consoles[i].read != NULL && (c = consoles[i].read()) >= 0)
			return c;
	return -1;
}

const char *
bare_console_name(unsigned index)
{
	return index < count ? consoles[index].name : NULL;
}
