/* SPDX-License-Identifier: ISC */
/* Small things that commands need. */
#include "programs/pvguest/pvguest.h"

static unsigned quiet;

void
fail_quiet(void)
{
	quiet++;
}

void
fail_loud(void)
{
	quiet--;
}

int
fail(int status, const char *format, ...)
{
	char line[384];
	va_list args;

	va_start(args, format);
	bare_vformat(line, sizeof(line), format, args);
	va_end(args);
	if (quiet == 0)
		bare_printf("pvguest: failed: %s\n", line);
	return status;
}

bool
same(const char *a, const char *b)
{
	size_t len = strlen(a);

	return strlen(b) == len && memcmp(a, b, len) == 0;
}

static unsigned
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 99;
}

bool
number(const char *text, uint64_t *value)
{
	unsigned base = 10, shift = 0;
	uint64_t sum = 0;
	const char *first;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	for (first = text; digit_of(*text) < base; text++) {
		if (sum > (UINT64_MAX - digit_of(*text)) / base)
			return false;
		sum = sum * base + digit_of(*text);
	}
	if (text == first)
		return false;
	if (*text == 'k')
		shift = 10;
	else if (*text == 'M')
		shift = 20;
	else if (*text == 'G')
		shift = 30;
	if (shift != 0)
		text++;
	if (*text != '\0' || sum > UINT64_MAX >> shift)
		return false;
	*value = sum << shift;
	return true;
}

bool
number_at(int argc, char **argv, int index, uint64_t otherwise, uint64_t *value)
{
	*value = otherwise;
	return index >= argc || number(argv[index], value);
}

void
print_bytes(const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	char out[256];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = from[i];

		if (used + 5 > sizeof(out)) {
			bare_write(out, used);
			used = 0;
		}
		if (c == '\n' || c == '\t' || c == '\\')
			used += bare_format(out + used, sizeof(out) - used,
			    "\\%c",
			    c == '\n'       ? 'n'
				: c == '\t' ? 't'
					    : '\\');
		else if (c >= ' ' && c <= '~')
			out[used++] = (char)c;
		else
			used += bare_format(out + used, sizeof(out) - used,
			    "\\x%02x", c);
	}
	bare_write(out, used);
}
