/* SPDX-License-Identifier: ISC */
#include "port/bare/bare.h"

struct out {
	char *at;
	size_t len, size;
};

struct spec {
	bool left, zero, minus;
	unsigned width;
	unsigned precision; /* UINT32_MAX: none */
	unsigned longs;
};

static void
put(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->at[out->len++] = c;
}

static void
pad(struct out *out, unsigned width, size_t len, char with)
{
	for (size_t i = len; i < width; i++)
		put(out, with);
}

static void
put_text(struct out *out, const struct spec *spec, const char *text)
{
	size_t len = 0;

	if (text == NULL)
		text = "(null)";
	while (len < spec->precision && text[len] != '\0')
		len++;
	if (!spec->left)
		pad(out, spec->width, len, ' ');
	for (size_t i = 0; i < len; i++)
		put(out, text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
	if (spec->left)
		pad(out, spec->width, len, ' ');
}

static void
put_number(struct out *out, const struct spec *spec, uint64_t value,
    unsigned base)
{
	char digits[24];
	unsigned len = 0, total;

	do
		digits[len++] = "0123456789abcdef"[value % base];
	while ((value /= base) != 0);
	total = len + spec->minus;
	if (spec->minus && spec->zero)
		put(out, '-');
	if (!spec->left)
		pad(out, spec->width, total, spec->zero ? '0' : ' ');
	if (spec->minus && !spec->zero)
		put(out, '-');
	while (len > 0)
		put(out, digits[--len]);
	if (spec->left)
		pad(out, spec->width, total, ' ');
}

static const char *
parse(const char *format, struct spec *spec, va_list *args)
{
	*spec = (struct spec){ .precision = UINT32_MAX };
	for (;; format++) {
		if (*format == '-')
			spec->left = true;
		else if (*format == '0')
			spec->zero = true;
		else
			break;
	}
	if (*format == '*') {
		spec->width = va_arg(*args, unsigned);
		format++;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		spec->width = spec->width * 10 + (unsigned)(*format - '0');
	if (format[0] == '.' && format[1] == '*') {
		spec->precision = va_arg(*args, unsigned);
		format += 2;
	}
	for (; *format == 'l' || *format == 'z'; format++)
		spec->longs++;
	return format;
}

static uint64_t
number(const struct spec *spec, va_list *args)
{
	return spec->longs > 0 ? va_arg(*args, unsigned long)
			       : va_arg(*args, unsigned);
}

static void
put_signed(struct out *out, struct spec *spec, va_list *args)
{
	int64_t value = spec->longs > 0 ? va_arg(*args, long)
					: va_arg(*args, int);

	spec->minus = value < 0;
	put_number(out, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
	    10);
}

size_t
bare_vformat(char *to, size_t size, const char *format, va_list list)
{
	struct out out = { to, 0, size };
	struct spec spec;
	va_list args;

	va_copy(args, list);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(&out, *format);
			continue;
		}
		format = parse(format + 1, &spec, &args);
		switch (*format) {
		case 's':
			put_text(&out, &spec, va_arg(args, const char *));
			break;
		case 'c':
			put(&out, (char)va_arg(args, int));
			break;
		case 'u':
			put_number(&out, &spec, number(&spec, &args), 10);
			break;
		case 'x':
			put_number(&out, &spec, number(&spec, &args), 16);
			break;
		case 'd':
			put_signed(&out, &spec, &args);
			break;
		case 'p':
			put_number(&out, &spec, (uintptr_t)va_arg(args, void *),
			    16);
			break;
		case '\0':
			format--;
			break;
		default:
			put(&out, *format);
		}
	}
	va_end(args);
	if (size > 0)
		to[out.len] = '\0';
	return out.len;
}

size_t
bare_format(char *to, size_t size, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = bare_vformat(to, size, format, args);
	va_end(args);
	return len;
}
