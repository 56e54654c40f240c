/* SPDX-License-Identifier: ISC */
/* pvbusd [-1hvV] [-c file] [-H machine]... [-s dir] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "programs/pvbusd/config.h"
#include "programs/pvbusd/log.h"
#include "programs/pvbusd/machine.h"

#define MACHINES_MAX (sizeof(((struct config *)0)->machines) / sizeof(char *))

static void
usage(FILE *to)
{
	fputs("usage: pvbusd [-1hVv] [-c file] [-H machine] ... [-s dir]\n",
	    to);
}

static char *
copy(const char *text)
{
	char *made = strdup(text);

	if (made == NULL)
		exit(EX_OSERR);
	return made;
}

static void
set(char **where, const char *text)
{
	free(*where);
	*where = copy(text);
}

static void
add_machine(struct config *config, const char *name)
{
	const char *problem = machine_check(name);

	if (config->machine_count == MACHINES_MAX) {
		log_line(PV_LOG_ERROR, "-H %s: more than %zu machines", name,
		    MACHINES_MAX);
		exit(EX_USAGE);
	}
	if (problem != NULL) {
		log_line(PV_LOG_ERROR, "-H %s: %s", name, problem);
		exit(EX_USAGE);
	}
	config->machines[config->machine_count++] = copy(name);
}

/* The file first, wherever -c stands, so that options override it. */
static void
read_file(struct config *config, int argc, char **argv, const char *options)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, options)) != -1)
		if (option == 'c' && !config_read(config, optarg))
			exit(EX_CONFIG);
	opterr = 1;
	optind = 1;
}

void
config_parse(struct config *config, int argc, char **argv)
{
	static const char options[] = "1c:hH:s:Vv";
	unsigned from_file;
	int option;

	*config = (struct config){ .clients = 256, .limit = 30 };
	read_file(config, argc, argv, options);
	from_file = config->machine_count;
	while ((option = getopt(argc, argv, options)) != -1)
		switch (option) {
		case '1':
			config->once = true;
			break;
		case 'c':
			break;
		case 'H':
			for (; from_file > 0; from_file--)
				free(config->machines[--config->machine_count]);
			add_machine(config, optarg);
			break;
		case 's':
			set(&config->directory, optarg);
			break;
		case 'v':
			config->verbose = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'V':
			puts("pvbusd " PVBUS_VERSION);
			exit(0);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	if (optind != argc) {
		usage(stderr);
		exit(EX_USAGE);
	}
	if (config->machine_count == 0)
		add_machine(config, "auto");
}

void
config_free(struct config *config)
{
	for (unsigned i = 0; i < config->machine_count; i++)
		free(config->machines[i]);
	while (config->items != NULL) {
		struct config_item *item = config->items;

		config->items = item->next;
		free(item->name);
		free(item->bytes);
		free(item);
	}
	free(config->directory);
	free(config->group);
	free(config->interfaces);
	free(config->left_out);
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		free(config->commands[i]);
}
