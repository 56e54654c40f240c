/* SPDX-License-Identifier: ISC */
/*
 * hostctl as vmware-rpctool, for what was written for that: cloud-init and
 * tools of configuration.
 *
 * Facts from open-vm-tools rpctool/rpctool.c: the reply and a newline on
 * standard output and 0, or the host's reason and a newline on standard error
 * and 1; 1 without a command, 255 (a status of -1) where there is no VMware.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpctool.h"

#define NOT_VMWARE 255

static void
say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

static int
refused(const char *why)
{
	say(why);
	say("\n");
	return 1;
}

static int
usage(void)
{
	say("usage: vmware-rpctool 'info-get key'\n"
	    "       vmware-rpctool 'info-set key value'\n");
	return 1;
}

/* What VMware's host says of these. */
static int
failed(int error)
{
	switch (-error) {
	case ENOENT:
		return refused("No value found");
	case EACCES:
	case EPERM:
	case EROFS:
		return refused("Permission denied");
	default:
		return refused(status_text(error));
	}
}

static bool
is_vmware(struct hostctl *h)
{
	char type[64];
	int error;

	limit_start(&h->limit, 0);
	error = pvbus_type(h->bus, type, sizeof(type));
	limit_stop(&h->limit);
	return error == 0 && strcmp(type, "VMware") == 0;
}

/* Other interfaces may stand before it. */
static int
open_vmware(struct hostctl *h, bool writable)
{
	char **paths;
	size_t count;
	int error = pvbus_devices(&paths, &count), worst = -ENODEV;

	if (error != 0)
		return error;
	for (size_t i = 0; i < count && h->bus == NULL; i++) {
		error = hostctl_try(h, paths[i], writable);
		if (error == -EACCES || error == -EPERM)
			worst = -EACCES; /* it may be this one */
		if (error == 0 && !is_vmware(h)) {
			pvbus_close(h->bus);
			h->bus = NULL;
		}
	}
	pvbus_names_free(paths, count);
	return h->bus != NULL ? 0 : worst;
}

static int
get(struct hostctl *h, const char *key)
{
	struct buffer *b = &h->output.buffer;
	void *value = NULL;
	size_t length = 0;
	int error = key_check(key);

	if (error == 0) {
		limit_start(&h->limit, 0);
		error = pvbus_get(h->bus, key, &value, &length);
		limit_stop(&h->limit);
	}
	if (error != 0)
		return failed(error);
	buffer_add(b, value, length);
	buffer_byte(b, '\n');
	free(value);
	return 0;
}

/* The host's reply is empty. */
static int
set(struct hostctl *h, const char *key, const char *value)
{
	int error = key_check(key);

	if (error == 0) {
		limit_start(&h->limit, 0);
		error = pvbus_put(h->bus, key, value, strlen(value));
		limit_stop(&h->limit);
	}
	if (error != 0)
		return failed(error);
	buffer_byte(&h->output.buffer, '\n');
	return 0;
}

static int
run(struct hostctl *h, const struct rpctool_command *command)
{
	int error = open_vmware(h, command->what == RPCTOOL_SET);

	if (error == -EACCES)
		return failed(error);
	if (error != 0) {
		say("vmware-rpctool: no device of VMware here"
		    " (is pvbusd running?)\n");
		return NOT_VMWARE;
	}
	switch (command->what) {
	case RPCTOOL_GET:
		return get(h, command->key);
	case RPCTOOL_SET:
		return set(h, command->key, command->value);
	default:
		return refused("Unknown command");
	}
}

int
rpctool(struct hostctl *h, int argc, char **argv)
{
	struct rpctool_command command;
	int status;

	limit_init(&h->limit);
	if (output_open(&h->output, NULL) != STATUS_DONE ||
	    !rpctool_parse(&command, argc, argv))
		return 1;
	switch (command.what) {
	case RPCTOOL_USAGE:
		return usage();
	case RPCTOOL_HELP:
		(void)usage();
		return 0;
	default:
		break;
	}
	status = run(h, &command);
	free(command.text);
	if (status == 0 && output_commit(&h->output) != STATUS_DONE)
		status = 1;
	if (output_close(&h->output) != STATUS_DONE)
		status = 1;
	pvbus_close(h->bus);
	return status;
}
