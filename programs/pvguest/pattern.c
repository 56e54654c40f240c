/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/pattern.h"

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * 2014: the mixing function with Stafford's constants, and the golden gamma. */
#define GAMMA 0x9e3779b97f4a7c15ull

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint64_t
pattern_word(uint64_t seed, uint64_t sector, unsigned word)
{
	return mix((seed ^ (sector * PATTERN_WORDS + word)) + GAMMA);
}

uint64_t
pattern_random(uint64_t *state)
{
	*state += GAMMA;
	return mix(*state);
}

void
pattern_fill(uint64_t seed, uint64_t sector, void *to, size_t sectors)
{
	uint64_t *words = to;

	for (size_t s = 0; s < sectors; s++)
		for (unsigned i = 0; i < PATTERN_WORDS; i++)
			*words++ = pattern_word(seed, sector + s, i);
}

bool
pattern_check(uint64_t seed, uint64_t *sector, const void *from, size_t sectors,
    unsigned *word)
{
	const uint64_t *words = from;

	for (size_t s = 0; s < sectors; s++)
		for (unsigned i = 0; i < PATTERN_WORDS; i++)
			if (words[s * PATTERN_WORDS + i] !=
			    pattern_word(seed, *sector + s, i)) {
				*sector += s;
				*word = i;
				return false;
			}
	return true;
}
