/* SPDX-License-Identifier: ISC */
/*
 * The frame of every fuzzer: LLVMFuzzerTestOneInput() as libFuzzer has it.
 * replay.c gives it a main() that runs the seeds of a directory and a number of
 * changed ones, so that any compiler can run them as tests.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define MUST(condition)                                                     \
	do {                                                                \
		if (!(condition)) {                                         \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, \
			    __LINE__, #condition);                          \
			abort();                                            \
		}                                                           \
	} while (0)

/* Bytes from the front of the input; zeroes when it has no more. */
static inline void
take(const uint8_t **data, size_t *size, void *to, size_t want)
{
	size_t have = *size < want ? *size : want;

	memset(to, 0, want);
	if (have > 0)
		memcpy(to, *data, have);
	*data += have;
	*size -= have;
}

#endif
