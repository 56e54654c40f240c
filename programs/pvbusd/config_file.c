/* SPDX-License-Identifier: ISC */
/* The configuration file: a word and what it is given, a line each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvbusd/config.h"
#include "programs/pvbusd/log.h"
#include "programs/pvbusd/machine.h"

/* The largest file that a simulated host gives. */
#define FILE_MAX (16u * 1024 * 1024)

static const char *
add_item(struct config *config, int where, const char *name, const void *bytes,
    size_t size)
{
	struct config_item **link = &config->items;
	struct config_item *item = calloc(1, sizeof(*item));

	if (item == NULL)
		return "out of memory";
	item->where = where;
	item->name = name != NULL ? strdup(name) : NULL;
	item->bytes = calloc(1, size + 1);
	item->size = size;
	if (item->bytes == NULL || (name != NULL && item->name == NULL)) {
		free(item->name);
		free(item->bytes);
		free(item);
		return "out of memory";
	}
	memcpy(item->bytes, bytes, size);
	while (*link != NULL)
		link = &(*link)->next;
	*link = item;
	return NULL;
}

static const char *
add_file(struct config *config, const char *name, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *problem = NULL;
	char *bytes;
	size_t size;

	if (file == NULL)
		return strerror(errno);
	bytes = malloc(FILE_MAX);
	size = bytes != NULL ? fread(bytes, 1, FILE_MAX, file) : 0;
	if (bytes == NULL)
		problem = "out of memory";
	else if (ferror(file))
		problem = "cannot be read";
	else if (size == FILE_MAX)
		problem = "16 MiB or more";
	else
		problem = add_item(config, CONFIG_FWCFG, name, bytes, size);
	free(bytes);
	fclose(file);
	return problem;
}

/* The first word of `text`; `text` moves on to what follows the blanks. */
static char *
word(char **text)
{
	char *start = *text + strspn(*text, " \t");
	char *end = start + strcspn(start, " \t");

	*text = end + strspn(end, " \t");
	*end = '\0';
	return start;
}

static const char *
set(char **where, const char *value)
{
	free(*where);
	*where = strdup(value);
	return *where == NULL ? "out of memory" : NULL;
}

static const char *
machine(struct config *config, const char *value)
{
	size_t max = sizeof(config->machines) / sizeof(config->machines[0]);
	const char *problem = machine_check(value);

	if (config->machine_count == max)
		return "too many machines";
	if (problem != NULL)
		return problem;
	return set(&config->machines[config->machine_count++], value);
}

static const char *
clients(struct config *config, const char *value)
{
	char *end;
	unsigned long count = strtoul(value, &end, 10);

	if (*end != '\0' || count < 1 || count > 4096)
		return "a number from 1 to 4096 is wanted";
	config->clients = (unsigned)count;
	return NULL;
}

static const char *
limit(struct config *config, const char *value)
{
	char *end;
	unsigned long seconds = strtoul(value, &end, 10);

	if (*end != '\0' || seconds < 1 || seconds > 3600)
		return "a number from 1 to 3600 is wanted";
	config->limit = (unsigned)seconds;
	return NULL;
}

static const char *
time_word(struct config *config, const char *value)
{
	static const char *const words[] = {
		[LINUX_TIME_OFF] = "off",
		[LINUX_TIME_SLEW] = "slew",
		[LINUX_TIME_SET] = "set",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			config->time = (enum linux_time)i;
			return NULL;
		}
	return "set, slew or off is wanted";
}

static const char *
vmmci(struct config *config, const char *value)
{
	config->vmmci = strcmp(value, "on") == 0;
	return config->vmmci || strcmp(value, "off") == 0
	    ? NULL
	    : "on or off is wanted";
}

/* -1: no word of a command. */
static int
command(const char *name)
{
	static const char *const words[COMMAND_COUNT] = {
		[COMMAND_POWEROFF] = "poweroff",
		[COMMAND_REBOOT] = "reboot",
		[COMMAND_SUSPEND] = "suspend",
		[COMMAND_FREEZE] = "freeze",
		[COMMAND_THAW] = "thaw",
	};

	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(name, words[i]) == 0)
			return i;
	return -1;
}

/* NULL, or what is wrong with the line. */
static const char *
take_line(struct config *config, char *line)
{
	char *name = word(&line), *key;

	if (*name == '\0' || *name == '#')
		return NULL;
	if (*line == '\0')
		return "a value is missing";
	if (strcmp(name, "machine") == 0)
		return machine(config, line);
	if (strcmp(name, "directory") == 0)
		return set(&config->directory, line);
	if (strcmp(name, "group") == 0)
		return set(&config->group, line);
	if (strcmp(name, "interfaces") == 0)
		return set(&config->interfaces, line);
	if (strcmp(name, "clients") == 0)
		return clients(config, line);
	if (strcmp(name, "leave-out") == 0)
		return set(&config->left_out,
		    strcmp(line, "none") == 0 ? "" : line);
	if (strcmp(name, "limit") == 0)
		return limit(config, line);
	if (strcmp(name, "time") == 0)
		return time_word(config, line);
	if (strcmp(name, "vmmci") == 0)
		return vmmci(config, line);
	if (command(name) >= 0)
		return set(&config->commands[command(name)], line);
	if (strcmp(name, "oem") == 0)
		return add_item(config, CONFIG_OEM, NULL, line, strlen(line));
	if (strcmp(name, "item") == 0) {
		key = word(&line);
		return add_item(config, CONFIG_FWCFG, key, line, strlen(line));
	}
	if (strcmp(name, "key") == 0) {
		key = word(&line);
		return add_item(config, CONFIG_XENSTORE, key, line,
		    strlen(line));
	}
	if (strcmp(name, "guestinfo") == 0) {
		key = word(&line);
		return add_item(config, CONFIG_GUESTINFO, key, line,
		    strlen(line));
	}
	if (strcmp(name, "pair") == 0) {
		const char *problem;

		key = word(&line);
		problem = sample_kvp_problem(key, strlen(line));
		return problem != NULL
		    ? problem
		    : add_item(config, CONFIG_KVP, key, line, strlen(line));
	}
	if (strcmp(name, "file") == 0) {
		key = word(&line);
		return add_file(config, key, line);
	}
	return "unknown word";
}

bool
config_read(struct config *config, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *problem = NULL;
	char *line = NULL;
	unsigned number = 0;
	size_t size = 0;
	ssize_t len;

	if (file == NULL) {
		log_line(PV_LOG_ERROR, "%s: %s", path, strerror(errno));
		return false;
	}
	while (problem == NULL && (len = getline(&line, &size, file)) >= 0) {
		number++;
		if (strlen(line) != (size_t)len)
			problem = "a NUL in the line";
		else {
			line[strcspn(line, "\n")] = '\0';
			problem = take_line(config, line);
		}
	}
	if (problem == NULL && ferror(file))
		problem = "cannot be read";
	/* what is frozen for ever is worse than a copy that is not clean */
	if (problem == NULL &&
	    (config->commands[COMMAND_FREEZE] == NULL) !=
		(config->commands[COMMAND_THAW] == NULL))
		problem = "freeze and thaw need each other";
	if (problem != NULL)
		log_line(PV_LOG_ERROR, "%s:%u: %s", path, number, problem);
	free(line);
	fclose(file);
	return problem == NULL;
}
