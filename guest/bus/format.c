/* SPDX-License-Identifier: ISC */
#include "guest/bus/format.h"

struct line {
	char *to;
	size_t size, len;
};

static void
put_char(struct line *line, char c)
{
	if (line->len + 1 < line->size)
		line->to[line->len++] = c >= 0x20 && c <= 0x7e ? c : '?';
}

static void
put_number(struct line *line, unsigned value, unsigned base)
{
	char digits[10];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (count > 0)
		put_char(line, digits[--count]);
}

size_t
pv_vformat(char *to, size_t size, const char *format, va_list args)
{
	struct line line = { .to = to, .size = size };
	const char *s;

	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put_char(&line, *format);
			continue;
		}
		switch (*++format) {
		case 's':
			for (s = va_arg(args, const char *); *s != '\0'; s++)
				put_char(&line, *s);
			break;
		case 'u':
			put_number(&line, va_arg(args, unsigned), 10);
			break;
		case 'x':
			put_number(&line, va_arg(args, unsigned), 16);
			break;
		case 'c':
			put_char(&line, (char)va_arg(args, int));
			break;
		default:
			put_char(&line, *format);
			break;
		}
	}
	if (size > 0)
		to[line.len] = '\0';
	return line.len;
}

size_t
pv_format(char *to, size_t size, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = pv_vformat(to, size, format, args);
	va_end(args);
	return len;
}
