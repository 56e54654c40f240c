/* SPDX-License-Identifier: ISC */
/*
 * hostctl(8): keys of the store that a hypervisor offers its guest.
 *
 * options.c says how a command line is read, docs/json.md what -j prints.
 * Results are gathered in memory and written by output.c; a failure is told on
 * standard error and by the exit status of status.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hostctl.h"
#include "json.h"
#include "rpctool.h"

#ifndef PVBUS_VERSION
#define PVBUS_VERSION "unknown"
#endif

/* A device opened as standard output would get the value written to it.  The
 * file put in its place refuses, as a closed one does. */
static void
fill_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* An interface without a store has a name, too. */
static bool
open_any(struct hostctl *h)
{
	char **paths;
	size_t count;
	int error;

	error = hostctl_try(h, h->options.device, false);
	if (error == -ENXIO && h->options.device == NULL &&
	    pvbus_devices(&paths, &count) == 0) {
		for (size_t i = 0; i < count && error != 0; i++)
			error = hostctl_try(h, paths[i], false);
		pvbus_names_free(paths, count);
	}
	if (error != 0)
		open_failed(h, h->options.device, error);
	return error == 0;
}

void
command_type(struct hostctl *h)
{
	struct buffer *b = &h->output.buffer;
	const char *path = pvbus_path(h->bus);
	char type[64];
	int error;

	limit_start(&h->limit, h->options.timeout);
	error = pvbus_type(h->bus, type, sizeof(type));
	limit_stop(&h->limit);
	if (error != 0) {
		hostctl_status(h, complain_error(path, error));
	} else if (h->options.json) {
		json_begin(h);
		json_string(b, "type", type, strlen(type));
		json_end(h);
	} else {
		buffer_text(b, path);
		buffer_text(b, ": ");
		buffer_text(b, type);
		buffer_byte(b, '\n');
	}
}

static void
run(struct hostctl *h)
{
	const struct options *o = &h->options;

	switch (o->mode) {
	case MODE_HELP:
		buffer_text(&h->output.buffer, options_usage);
		buffer_text(&h->output.buffer, options_help);
		break;
	case MODE_VERSION:
		buffer_text(&h->output.buffer, "hostctl " PVBUS_VERSION "\n");
		break;
	case MODE_TREE:
		command_tree(h);
		break;
	case MODE_TYPE:
		if (open_any(h))
			command_type(h);
		break;
	case MODE_PUT:
		command_put(h);
		break;
	case MODE_REMOVE:
		if (hostctl_open(h, true))
			command_remove(h);
		break;
	case MODE_LIST:
		if (hostctl_open(h, false))
			command_list(h);
		break;
	case MODE_WATCH:
		if (hostctl_open(h, false))
			command_watch(h);
		break;
	case MODE_GET:
		if (hostctl_open(h, false))
			command_get(h);
		break;
	}
}

/*
 * What was gathered is written.  A file of -o is replaced only when all went
 * well; with -q, or by a write, there is nothing to replace it with.  A watch
 * has written its events already.
 */
static void
finish(struct hostctl *h)
{
	const struct options *o = &h->options;
	bool wanted = h->output.buffer.length > 0 || h->output.buffer.failed;

	if (o->mode == MODE_WATCH)
		return;
	if ((o->mode == MODE_GET || o->mode == MODE_LIST) && !o->quiet)
		wanted = true; /* an empty value with -R, an empty list */
	if ((o->mode == MODE_GET || o->mode == MODE_LIST ||
		o->mode == MODE_REMOVE) &&
	    o->quiet)
		wanted = false;
	if (h->output.fd < 0 && h->status != STATUS_DONE)
		wanted = false;
	if (wanted)
		hostctl_status(h, output_commit(&h->output));
}

int
main(int argc, char **argv)
{
	/* The thread of the limit is still there after main has returned, when
	 * the stack is used for what exit(3) does. */
	static struct hostctl h;
	enum status status;

	fill_standard_files();
	if (rpctool_name(argv[0]))
		return rpctool(&h, argc, argv);
	if (!options_parse(&h.options, argc, argv)) {
		complain(NULL, h.options.why);
		(void)!write(STDERR_FILENO, options_usage,
		    strlen(options_usage));
		return STATUS_USAGE;
	}
	limit_init(&h.limit);
	status = output_open(&h.output, h.options.output);
	if (status != STATUS_DONE)
		return status;
	run(&h);
	finish(&h);
	hostctl_status(&h, output_close(&h.output));
	pvbus_close(h.bus);
	return h.status;
}
