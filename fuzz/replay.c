/* SPDX-License-Identifier: ISC */
/* Run a fuzzer over its seeds, and over changes of them.  TAP. */
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

/* Changed inputs for each seed, enough to reach each branch, and quick; fewer where
 * an input is a whole machine's life. */
#define CHANGES 300
#define INPUT_MAX 65536

static uint64_t state;
static unsigned changes = CHANGES;
static char current[512];

static uint64_t
next_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void
change(uint8_t *data, size_t *size)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, '\n', '/' };
	unsigned count = 1 + (unsigned)(next_random() % 4);

	if (*size == 0)
		return;
	while (count-- > 0) {
		size_t at = next_random() % *size;

		switch (next_random() % 4) {
		case 0:
			data[at] = (uint8_t)next_random();
			break;
		case 1:
			data[at] = edges[next_random() % sizeof(edges)];
			break;
		case 2:
			data[at] ^= (uint8_t)(1u << next_random() % 8);
			break;
		case 3:
			*size = at + 1;
			break;
		}
	}
}

/* Say which input it was; the signal's own way follows. */
static void
died(int number)
{
	static const char text[] = "# died at the input above: ";

	(void)!write(2, text, sizeof(text) - 1);
	(void)!write(2, current, strlen(current));
	(void)!write(2, "\n", 1);
	signal(number, SIG_DFL);
	raise(number);
}

static size_t
load(const char *path, uint8_t *to)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;

	if (file == NULL)
		return 0;
	size = fread(to, 1, INPUT_MAX, file);
	fclose(file);
	return size;
}

static void
run_seed(const char *directory, const char *name)
{
	static uint8_t seed[INPUT_MAX];
	char path[512];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	size = load(path, seed);
	snprintf(current, sizeof(current), "%.400s", name);
	LLVMFuzzerTestOneInput(seed, size);
	state = size;
	for (unsigned i = 0; i < changes; i++) {
		/* of its own size, so that a sanitizer sees each overrun */
		uint8_t *copy = malloc(size + 1);
		size_t changed = size;

		if (copy == NULL)
			return;
		memcpy(copy, seed, size);
		change(copy, &changed);
		snprintf(current, sizeof(current), "%.400s, change %u", name,
		    i);
		copy = realloc(copy, changed + (changed == 0));
		LLVMFuzzerTestOneInput(copy, changed);
		free(copy);
	}
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **entries;
	int count = argc >= 2 ? scandir(argv[1], &entries, visible, alphasort)
			      : -1;

	if (count <= 0) {
		printf("1..1\nnot ok 1 - no seeds in %s\n",
		    argc >= 2 ? argv[1] : "(a directory is wanted)");
		return 1;
	}
	if (argc == 3)
		changes = (unsigned)strtoul(argv[2], NULL, 10);
	signal(SIGABRT, died);
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		run_seed(argv[1], entries[i]->d_name);
		printf("ok %d - %s and %d changes of it\n", i + 1,
		    entries[i]->d_name, changes);
		fflush(stdout);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
