/* SPDX-License-Identifier: ISC */
/* hostctl -a: every interface, with what its bus has found. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "hostctl.h"
#include "info.h"
#include "json.h"

/* Lines of an interface that have nothing to do with its bus. */
static const char *const interface_lines[] = { "machine", "version", "base",
	"features", "store", "operations" };

static void
print_line(struct buffer *b, const char *before, const struct info_line *line)
{
	buffer_text(b, before);
	escape(b, line->value, line->value_len, false);
	buffer_byte(b, '\n');
}

/* Two daemons may each have a "pvbus0 at mainbus0"; a machine has one. */
static bool
same_bus(const char *left, const char *right)
{
	struct info_line a;

	if (info_find(left, "machine", &a) && !info_has(right, "machine", &a))
		return false;
	return info_find(left, "bus", &a) && info_has(right, "bus", &a);
}

/*
 * The interfaces of one machine share a bus: it and each of its devices are
 * printed once, below the first interface that tells of them.
 */
static void
print_bus(struct buffer *b, char *const *texts, size_t index)
{
	const char *text = texts[index], *cursor = text;
	struct info_line line;
	bool known = false;

	for (size_t i = 0; i < index; i++)
		known |= texts[i] != NULL && same_bus(text, texts[i]);
	if (!known && info_find(text, "bus", &line))
		print_line(b, "\t", &line);
	while (info_next(&cursor, &line)) {
		bool printed = false;

		if (line.name_len != 6 || memcmp(line.name, "device", 6) != 0)
			continue;
		for (size_t i = 0; i < index && !printed; i++)
			printed = texts[i] != NULL &&
			    same_bus(text, texts[i]) &&
			    info_has(texts[i], "device", &line);
		if (!printed)
			print_line(b, "\t\t", &line);
	}
}

static void
print_interface(struct buffer *b, const char *path, char *const *texts,
    size_t index)
{
	struct info_line line;

	escape(b, path, strlen(path), false);
	buffer_text(b, ": ");
	if (info_find(texts[index], "interface", &line))
		escape(b, line.value, line.value_len, false);
	buffer_byte(b, '\n');
	for (size_t i = 0;
	     i < sizeof(interface_lines) / sizeof(interface_lines[0]); i++) {
		const char *name = interface_lines[i];

		if (!info_find(texts[index], name, &line))
			continue;
		buffer_byte(b, '\t');
		buffer_text(b, name);
		print_line(b, " ", &line);
	}
	print_bus(b, texts, index);
}

static void
json_field(struct buffer *b, const char *text, const char *name)
{
	struct info_line line;

	if (info_find(text, name, &line))
		json_string(b, name, line.value, line.value_len);
}

static void
json_operations(struct buffer *b, const char *text)
{
	struct info_line line;
	const char *p, *end;

	if (!info_find(text, "operations", &line))
		return;
	json_open(b, "operations", '[');
	end = line.value + line.value_len;
	for (p = line.value; p < end;) {
		const char *space = memchr(p, ' ', (size_t)(end - p));
		size_t n = (size_t)((space != NULL ? space : end) - p);

		if (n > 0)
			json_string(b, NULL, p, n);
		p += n + (space != NULL);
	}
	json_close(b, ']');
}

static void
json_interface(struct buffer *b, const char *text)
{
	struct info_line line;

	json_field(b, text, "interface");
	json_field(b, text, "machine");
	json_field(b, text, "version");
	json_field(b, text, "base");
	json_field(b, text, "features");
	json_field(b, text, "store");
	json_operations(b, text);
	json_field(b, text, "bus");
	json_open(b, "devices", '[');
	while (info_next(&text, &line))
		if (line.name_len == 6 && memcmp(line.name, "device", 6) == 0)
			json_string(b, NULL, line.value, line.value_len);
	json_close(b, ']');
}

static void
show(struct hostctl *h, const char *path, int error, char *const *texts,
    size_t index)
{
	struct buffer *b = &h->output.buffer;

	if (!h->options.json) {
		if (error == 0)
			print_interface(b, path, texts, index);
		return;
	}
	json_open(b, NULL, '{');
	json_string(b, "path", path, strlen(path));
	if (error != 0)
		json_error(h, error);
	else
		json_interface(b, texts[index]);
	json_close(b, '}');
}

static int
read_info(struct hostctl *h, const char *path, char **text)
{
	int error;

	error = hostctl_try(h, path, false);
	if (error != 0) {
		open_failed(h, path, error);
		return error;
	}
	limit_start(&h->limit, h->options.timeout);
	error = pvbus_info(h->bus, text);
	limit_stop(&h->limit);
	if (error != 0)
		hostctl_status(h, complain_error(path, error));
	pvbus_close(h->bus);
	h->bus = NULL;
	return error;
}

static void
show_all(struct hostctl *h, char *const *paths, size_t count)
{
	struct buffer *b = &h->output.buffer;
	char **texts;

	texts = calloc(count + 1, sizeof(*texts));
	if (texts == NULL) {
		hostctl_status(h, complain_error(NULL, -ENOMEM));
		return;
	}
	if (h->options.json) {
		json_open(b, NULL, '{');
		json_number(b, "schema", JSON_SCHEMA);
		json_open(b, "devices", '[');
	}
	for (size_t i = 0; i < count; i++)
		show(h, paths[i], read_info(h, paths[i], &texts[i]), texts, i);
	if (h->options.json) {
		json_close(b, ']');
		json_end(h);
	}
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void
command_tree(struct hostctl *h)
{
	char *path = NULL;
	char **paths;
	size_t count;
	int error;

	if (h->options.device != NULL) {
		/* a copy, for it is const */
		path = strdup(h->options.device);
		if (path == NULL)
			hostctl_status(h, complain_error(NULL, -ENOMEM));
		else
			show_all(h, &path, 1);
		free(path);
		return;
	}
	error = pvbus_devices(&paths, &count);
	if (error != 0) {
		hostctl_status(h, complain_error(NULL, error));
		return;
	}
	if (count == 0) {
		complain(NULL, "no pvbus device found (is pvbusd running?)");
		hostctl_status(h, STATUS_NO_DEVICE);
	}
	show_all(h, paths, count);
	pvbus_names_free(paths, count);
}
