/* SPDX-License-Identifier: ISC */
/* What a disk is filled with: a function of a seed and of the place, so that
 * both sides can compute it and a sector in a wrong place shows. */
#ifndef PVGUEST_PATTERN_H
#define PVGUEST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_SECTOR 512u
#define PATTERN_WORDS (PATTERN_SECTOR / 8)

/* Word i, little-endian, of sector s is splitmix64(seed ^ (s * 64 + i)). */
uint64_t pattern_word(uint64_t seed, uint64_t sector, unsigned word);
void pattern_fill(uint64_t seed, uint64_t sector, void *to, size_t sectors);
/* False: *sector and *word say where the first difference is. */
bool pattern_check(uint64_t seed, uint64_t *sector, const void *from,
    size_t sectors, unsigned *word);
/* The next of a series of numbers that look random. */
uint64_t pattern_random(uint64_t *state);

#endif
