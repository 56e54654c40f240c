/* SPDX-License-Identifier: ISC */
/*
 * Another vCPU of a guest that writes to its memory all the time, while a model
 * works on it: whoever checks a word and then reads it once more is found out.
 * By a thread, so that no seed brings the same again.
 */
#ifndef TESTS_SUPPORT_SCRIBBLER_H
#define TESTS_SUPPORT_SCRIBBLER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scribbler {
	pthread_t thread;
	uint32_t *words; /* of the guest */
	size_t count;
	uint64_t state;
	/* what makes sense there, and is there half of the time; or NULL */
	const uint32_t *good;
	/* an index, which is always so far behind another; or NULL */
	uint32_t *index;
	const uint32_t *from;
	uint32_t most;
	uint64_t writes; /* so far */
	bool stop;
};

static inline uint64_t
scribbler_next(struct scribbler *scribbler)
{
	scribbler->state = scribbler->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return scribbler->state >> 20;
}

static inline void
scribbler_write(struct scribbler *scribbler)
{
	uint64_t random = scribbler_next(scribbler);
	size_t at = (random >> 8) % scribbler->count;
	uint32_t *word = &scribbler->words[at];
	uint32_t value = __atomic_load_n(word, __ATOMIC_RELAXED);

	switch (random % 8) {
	case 0:
		value = (uint32_t)scribbler_next(scribbler);
		break;
	case 1:
		value ^= 1u << (random >> 40) % 32;
		break;
	case 2:
		value = (uint32_t)(random >> 40) % 16;
		break;
	case 3:
		if (scribbler->index == NULL)
			break;
		word = scribbler->index;
		value = __atomic_load_n(scribbler->from, __ATOMIC_RELAXED) +
		    scribbler->most;
		break;
	default:
		if (scribbler->good != NULL)
			value = scribbler->good[at];
		break;
	}
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void *
scribbler_run(void *argument)
{
	struct scribbler *scribbler = argument;

	while (!__atomic_load_n(&scribbler->stop, __ATOMIC_RELAXED)) {
		scribbler_write(scribbler);
		__atomic_fetch_add(&scribbler->writes, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* False: there is no thread. */
static inline bool
scribbler_start(struct scribbler *scribbler, void *memory, size_t size,
    uint64_t seed)
{
	scribbler->words = memory;
	scribbler->count = size / sizeof(uint32_t);
	scribbler->state = seed;
	scribbler->stop = false;
	return pthread_create(&scribbler->thread, NULL, scribbler_run,
		   scribbler) == 0;
}

/* Whether it was at work for so long: what it is for must last, too. */
static inline bool
scribbler_wrote(const struct scribbler *scribbler, uint64_t writes)
{
	return __atomic_load_n(&scribbler->writes, __ATOMIC_RELAXED) >= writes;
}

static inline void
scribbler_stop(struct scribbler *scribbler)
{
	__atomic_store_n(&scribbler->stop, true, __ATOMIC_RELAXED);
	pthread_join(scribbler->thread, NULL);
}

#endif
