/* SPDX-License-Identifier: ISC */
/* pvhost: the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/options.h"

#define ARGUMENTS 64

static char said[4096];
static unsigned lines;
static struct options options;

void
say(const char *format, ...)
{
	size_t length = strlen(said);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said + length, sizeof(said) - length, format, arguments);
	va_end(arguments);
	lines++;
}

/* Words with blanks between them; '_' stands for a blank in one. */
static int
parse(const char *line)
{
	static char words[8192];
	static char *argv[ARGUMENTS];
	int argc = 0;

	said[0] = '\0';
	lines = 0;
	snprintf(words, sizeof(words), "pvhost %s", line);
	for (char *word = strtok(words, " "); word != NULL;
	     word = strtok(NULL, " ")) {
		assert_true(argc < ARGUMENTS - 1);
		argv[argc++] = word;
		for (; *word != '\0'; word++)
			if (*word == '_')
				*word = ' ';
	}
	argv[argc] = NULL;
	return options_parse(&options, argc, argv);
}

static void
defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("image"), -1);
	assert_string_equal(options.image, "image");
	assert_int_equal(options.face_count, 1);
	assert_string_equal(options.faces[0], "kvm");
	assert_int_equal(options.memory, 256u << 20);
	assert_int_equal(options.vcpus, 1);
	assert_string_equal(options.serial[0], "stdio");
	assert_string_equal(options.serial[1], "none");
	assert_string_equal(options.debug, "none");
	assert_null(options.control);
	assert_int_equal(options.timeout, 0);
	assert_int_equal(lines, 0);
}

static void
everything(void **state)
{
	(void)state;
	assert_int_equal(parse("-v --face hyperv,kvm -m 4096 -c 8 "
			       "--disk a,ro --disk b,4k --nic user --nic tap:t "
			       "--store s --fwcfg opt/x=text:a_b --oem one_two "
			       "--serial none --serial file --debug stdio "
			       "--initrd i --append a_b=c --control sock "
			       "--timeout 9 --hypercall-page image"),
	    -1);
	assert_true(options.verbose);
	assert_int_equal(options.face_count, 2);
	assert_string_equal(options.faces[0], "hyperv");
	assert_string_equal(options.faces[1], "kvm");
	assert_int_equal(options.memory, 4096ull << 20);
	assert_int_equal(options.vcpus, 8);
	assert_int_equal(options.disk_count, 2);
	assert_string_equal(options.disks[1], "b,4k");
	assert_int_equal(options.nic_count, 2);
	assert_string_equal(options.nics[1], "tap:t");
	assert_string_equal(options.stores[0], "s");
	assert_string_equal(options.fwcfg[0], "opt/x=text:a b");
	assert_string_equal(options.oem[0], "one two");
	assert_string_equal(options.serial[0], "none");
	assert_string_equal(options.serial[1], "file");
	assert_string_equal(options.debug, "stdio");
	assert_string_equal(options.initrd, "i");
	assert_string_equal(options.append, "a b=c");
	assert_string_equal(options.control, "sock");
	assert_int_equal(options.timeout, 9);
	assert_true(options.hypercall_page);
}

static void
faces_in_two_options(void **state)
{
	(void)state;
	assert_int_equal(parse("--face xen --face vmm image"), -1);
	assert_string_equal(options.faces[0], "xen");
	assert_string_equal(options.faces[1], "vmm");
}

/* Where nobody has standard output, the debug port does. */
static void
debug_port_takes_a_free_standard_output(void **state)
{
	(void)state;
	assert_int_equal(parse("--serial none image"), -1);
	assert_string_equal(options.debug, "stdio");
	assert_int_equal(parse("--serial none --serial stdio image"), -1);
	assert_string_equal(options.debug, "none");
}

static void
words_for_another(void **state)
{
	(void)state;
	assert_int_equal(parse("-C sock step -0.5"), -1);
	assert_string_equal(options.ask, "sock");
	assert_int_equal(options.word_count, 2);
	assert_string_equal(options.words[1], "-0.5");
}

struct bad {
	const char *line, *text;
};

static void
bad_use(void **state)
{
	static const struct bad bad[] = {
		{ "", "expected an image" },
		{ "a b", "\"b\" stands behind the image" },
		{ "image -m 64", "\"-m\" stands behind the image" },
		{ "-x image", "-x: there is no such option" },
		{ "--nothing image", "--nothing: there is no such option" },
		{ "--face bhyve image",
		    "no \"bhyve\"; expected one or two of kvm hyperv vmware "
		    "xen vmm" },
		{ "--face kv image", "no \"kv\"" },
		{ "--face kvm, image", "no \"\"" },
		{ "--face kvm,kvm image", "kvm is there twice" },
		{ "--face kvm,xen,vmm image", "vmm is one too many" },
		{ "-m 15 image", "from 16 to 4096, not \"15\"" },
		{ "-m 4097 image", "from 16 to 4096" },
		{ "-m 64M image", "not \"64M\"" },
		{ "-m -64 image", "not \"-64\"" },
		{ "-m 99999999999999999999 image", "from 16 to 4096" },
		{ "-c 0 image", "from 1 to 8" },
		{ "-c 9 image", "from 1 to 8" },
		{ "--timeout 0 image", "--timeout: expected a number" },
		{ "--fwcfg name image", "NAME=FILE or NAME=text:TEXT" },
		{ "--fwcfg =x image", "NAME=FILE or NAME=text:TEXT" },
		{ "--serial none --serial none --serial none image",
		    "two ports" },
		{ "--serial stdio --serial stdio image", "only one port" },
		{ "--disk= image", "--disk: expected a word" },
		{ "-C sock", "-C: expected words" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].line), EXIT_USAGE);
		if (strstr(said, bad[i].text) == NULL)
			fail_msg("\"%s\" said \"%s\", expected \"%s\"",
			    bad[i].line, said, bad[i].text);
		assert_int_equal(lines, 1);
	}
}

static void
an_option_without_its_word(void **state)
{
	(void)state;
	assert_int_equal(parse("--timeout"), EXIT_USAGE);
	assert_non_null(strstr(said, "--timeout: expected something behind"));
	assert_int_equal(parse("-v -m"), EXIT_USAGE);
	assert_non_null(strstr(said, "-m: expected something behind"));
}

static void
a_line_for_each_bad_use(void **state)
{
	(void)state;
	assert_int_equal(parse("--face x -m 1 -c 99"), EXIT_USAGE);
	assert_int_equal(lines, 4);
}

static void
too_many(void **state)
{
	char line[4096] = "";

	(void)state;
	for (unsigned i = 0; i < OPTIONS_MANY; i++)
		strcat(line, "--disk d ");
	strcat(line, "image");
	assert_int_equal(parse(line), -1);
	memcpy(line + strlen(line) - 5, "--disk e image", 15);
	assert_int_equal(parse(line), EXIT_USAGE);
	assert_non_null(strstr(said, "16 of them, not more"));
}

static void
longest_name_of_a_file(void **state)
{
	char line[256];

	(void)state;
	snprintf(line, sizeof(line), "--fwcfg %.*s=text: image", 55,
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
	assert_int_equal(parse(line), -1);
	snprintf(line, sizeof(line), "--fwcfg %.*s=text: image", 56,
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
	assert_int_equal(parse(line), EXIT_USAGE);
	assert_non_null(strstr(said, "has at most 55 bytes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(faces_in_two_options),
		cmocka_unit_test(debug_port_takes_a_free_standard_output),
		cmocka_unit_test(words_for_another),
		cmocka_unit_test(bad_use),
		cmocka_unit_test(an_option_without_its_word),
		cmocka_unit_test(a_line_for_each_bad_use),
		cmocka_unit_test(too_many),
		cmocka_unit_test(longest_name_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
