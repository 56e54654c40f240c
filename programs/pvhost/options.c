/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/options.h"
#include "wire/fwcfg.h"

#define MEBIBYTE (1024ull * 1024)
#define MEMORY_DEFAULT 256u
#define MEMORY_LEAST 16u
#define MEMORY_MOST 4096u
#define TIMEOUT_MOST (7u * 24 * 60 * 60)

static const char usage_text[] =
    "usage: pvhost [-v] [--face F[,F]] [-m MIB] [-c VCPUS]\n"
    "              [--disk FILE[,ro][,cdrom][,4k]]... [--nic WORDS]...\n"
    "              [--store FILE]... [--fwcfg NAME=FILE|NAME=text:TEXT]...\n"
    "              [--oem TEXT]... [--serial stdio|none|FILE]...\n"
    "              [--debug stdio|none|FILE] [--initrd FILE]\n"
    "              [--append TEXT] [--control SOCKET] [--timeout S]\n"
    "              [--hypercall-page] IMAGE\n"
    "       pvhost -C SOCKET word...\n"
    "       pvhost -h | -V\n";

/* What --face takes; host_face_name() has these too, and two that no face
 * stands behind. */
static const char *const face_names[] = { "kvm", "hyperv", "vmware", "xen",
	"vmm" };
#define FACE_NAMES "kvm hyperv vmware xen vmm"

enum {
	OPTION_FACE = 256,
	OPTION_DISK,
	OPTION_NIC,
	OPTION_STORE,
	OPTION_FWCFG,
	OPTION_OEM,
	OPTION_SERIAL,
	OPTION_DEBUG,
	OPTION_INITRD,
	OPTION_APPEND,
	OPTION_CONTROL,
	OPTION_TIMEOUT,
	OPTION_HYPERCALL_PAGE
};

static const struct option names[] = {
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "control", required_argument, NULL, OPTION_CONTROL },
	{ "debug", required_argument, NULL, OPTION_DEBUG },
	{ "disk", required_argument, NULL, OPTION_DISK },
	{ "face", required_argument, NULL, OPTION_FACE },
	{ "fwcfg", required_argument, NULL, OPTION_FWCFG },
	{ "help", no_argument, NULL, 'h' },
	{ "hypercall-page", no_argument, NULL, OPTION_HYPERCALL_PAGE },
	{ "initrd", required_argument, NULL, OPTION_INITRD },
	{ "nic", required_argument, NULL, OPTION_NIC },
	{ "oem", required_argument, NULL, OPTION_OEM },
	{ "serial", required_argument, NULL, OPTION_SERIAL },
	{ "store", required_argument, NULL, OPTION_STORE },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct parsing {
	struct options *options;
	unsigned serials; /* so many ports are chosen */
	unsigned problems;
};

static void problem(struct parsing *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
problem(struct parsing *parsing, const char *format, ...)
{
	va_list arguments;
	char line[512];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	say("%s", line);
	parsing->problems++;
}

static uint64_t
number(struct parsing *parsing, const char *option, const char *text,
    unsigned least, unsigned most)
{
	char *end = NULL;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 &&
	    value >= least && value <= most)
		return value;
	problem(parsing, "%s: expected a number from %u to %u, not \"%s\"",
	    option, least, most, text);
	return least;
}

static void
one_more(struct parsing *parsing, const char *option, const char **list,
    unsigned *count, const char *text)
{
	if (*count == OPTIONS_MANY)
		problem(parsing, "%s: there can be %u of them, not more",
		    option, OPTIONS_MANY);
	else if (*text == '\0')
		problem(parsing, "%s: expected a word, not an empty one",
		    option);
	else
		list[(*count)++] = text;
}

/* ---- Faces ------------------------------------------------------------ */

static const char *
face_named(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(face_names) / sizeof(*face_names); i++)
		if (strlen(face_names[i]) == length &&
		    memcmp(face_names[i], text, length) == 0)
			return face_names[i];
	return NULL;
}

static void
one_face(struct parsing *parsing, const char *text, size_t length)
{
	const char *name = face_named(text, length);
	struct options *options = parsing->options;

	if (name == NULL) {
		problem(parsing,
		    "--face: there is no \"%.*s\"; expected one or two "
		    "of " FACE_NAMES,
		    (int)(length < 64 ? length : 64), text);
		return;
	}
	for (unsigned i = 0; i < options->face_count; i++)
		if (options->faces[i] == name) {
			problem(parsing, "--face: %s is there twice", name);
			return;
		}
	if (options->face_count == MACHINE_FACES)
		problem(parsing, "--face: %s is one too many, expected two",
		    name);
	else
		options->faces[options->face_count++] = name;
}

static void
add_faces(struct parsing *parsing, const char *text)
{
	size_t length = strcspn(text, ",");

	one_face(parsing, text, length);
	while (text[length] == ',') {
		text += length + 1;
		length = strcspn(text, ",");
		one_face(parsing, text, length);
	}
}

/* ---- Others ----------------------------------------------------------- */

static void
add_serial(struct parsing *parsing, const char *text)
{
	struct options *options = parsing->options;

	if (parsing->serials == 2)
		problem(parsing, "--serial: there are two ports, not more");
	else if (*text == '\0')
		problem(parsing,
		    "--serial: expected stdio, none or a file's name");
	else
		options->serial[parsing->serials++] = text;
}

static void
add_fwcfg(struct parsing *parsing, const char *text)
{
	size_t length = strcspn(text, "=");

	if (length == 0 || text[length] == '\0')
		problem(parsing,
		    "--fwcfg: expected NAME=FILE or NAME=text:TEXT, not \"%s\"",
		    text);
	else if (length >= FWCFG_NAME_SIZE)
		problem(parsing,
		    "--fwcfg: a name has at most %d bytes, \"%.*s\" has %zu",
		    FWCFG_NAME_SIZE - 1, (int)length, text, length);
	else
		one_more(parsing, "--fwcfg", parsing->options->fwcfg,
		    &parsing->options->fwcfg_count, text);
}

/* "-c" or "--disk", of the option that getopt stopped at. */
static void
complain(struct parsing *parsing, int what, char **argv)
{
	const char *text = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };

	if (text == NULL || strncmp(text, "--", 2) != 0)
		text = letter;
	if (what == ':')
		problem(parsing, "%s: expected something behind it", text);
	else
		problem(parsing,
		    "%s: there is no such option, or it takes "
		    "nothing; see pvhost -h",
		    text);
}

/* Those with a word behind them that have no letter. */
static void
long_option(struct parsing *parsing, int what, char **argv)
{
	struct options *options = parsing->options;

	switch (what) {
	case OPTION_FACE:
		add_faces(parsing, optarg);
		break;
	case OPTION_DISK:
		one_more(parsing, "--disk", options->disks,
		    &options->disk_count, optarg);
		break;
	case OPTION_NIC:
		one_more(parsing, "--nic", options->nics, &options->nic_count,
		    optarg);
		break;
	case OPTION_STORE:
		one_more(parsing, "--store", options->stores,
		    &options->store_count, optarg);
		break;
	case OPTION_FWCFG:
		add_fwcfg(parsing, optarg);
		break;
	case OPTION_OEM:
		one_more(parsing, "--oem", options->oem, &options->oem_count,
		    optarg);
		break;
	case OPTION_SERIAL:
		add_serial(parsing, optarg);
		break;
	case OPTION_DEBUG:
		options->debug = optarg;
		break;
	case OPTION_INITRD:
		options->initrd = optarg;
		break;
	case OPTION_APPEND:
		options->append = optarg;
		break;
	case OPTION_CONTROL:
		options->control = optarg;
		break;
	case OPTION_TIMEOUT:
		options->timeout = (unsigned)number(parsing, "--timeout",
		    optarg, 1, TIMEOUT_MOST);
		break;
	default:
		complain(parsing, what, argv);
	}
}

/* Whether pvhost goes on with the next option. */
static bool
one_option(struct parsing *parsing, int what, char **argv)
{
	struct options *options = parsing->options;

	switch (what) {
	case 'h':
		fputs(usage_text, stdout);
		return false;
	case 'V':
		puts("pvhost " PVBUS_VERSION);
		return false;
	case 'v':
		options->verbose = true;
		break;
	case 'm':
		options->memory = MEBIBYTE *
		    number(parsing, "-m", optarg, MEMORY_LEAST, MEMORY_MOST);
		break;
	case 'c':
		options->vcpus = (unsigned)number(parsing, "-c", optarg, 1,
		    MACHINE_VCPUS);
		break;
	case 'C':
		options->ask = optarg;
		break;
	case OPTION_HYPERCALL_PAGE:
		options->hypercall_page = true;
		break;
	default:
		long_option(parsing, what, argv);
	}
	return true;
}

static void
take_words(struct parsing *parsing, int argc, char **argv)
{
	struct options *options = parsing->options;

	options->words = argv + optind;
	options->word_count = (unsigned)(argc - optind);
	if (options->word_count == 0)
		problem(parsing,
		    "-C: expected words behind the socket; try "
		    "\"status\"");
}

static void
take_image(struct parsing *parsing, int argc, char **argv)
{
	if (optind == argc)
		problem(parsing, "expected an image to run; see pvhost -h");
	else
		parsing->options->image = argv[optind];
	if (optind + 1 < argc)
		problem(parsing,
		    "\"%s\" stands behind the image: expected nothing there, "
		    "options come before it",
		    argv[optind + 1]);
}

static void
fill_in(struct parsing *parsing)
{
	struct options *options = parsing->options;
	bool first, second;

	if (options->face_count == 0)
		options->faces[options->face_count++] = face_names[0];
	first = strcmp(options->serial[0], "stdio") == 0;
	second = strcmp(options->serial[1], "stdio") == 0;
	if (first && second)
		problem(parsing, "--serial: only one port can have stdio");
	/* a guest that finds it says all there too: not twice in one place */
	if (options->debug == NULL)
		options->debug = first || second ? "none" : "stdio";
}

int
options_parse(struct options *options, int argc, char **argv)
{
	struct parsing parsing = { .options = options };
	int what;

	*options = (struct options){
		.memory = MEMORY_DEFAULT * MEBIBYTE,
		.vcpus = 1,
		.serial = { "stdio", "none" },
	};
	optind = 0; /* of glibc: all from the start */
	/* "+": a word of -C may begin with a hyphen, as that of step does */
	while (
	    (what = getopt_long(argc, argv, "+:C:Vc:hm:v", names, NULL)) != -1)
		if (!one_option(&parsing, what, argv))
			return EXIT_OFF;
	if (options->ask != NULL)
		take_words(&parsing, argc, argv);
	else
		take_image(&parsing, argc, argv);
	fill_in(&parsing);
	return parsing.problems > 0 ? EXIT_USAGE : -1;
}
