/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "host/kvm/fwcfg.h"
#include "wire/endian.h"
#include "wire/fwcfg.h"

/* QEMU's machines have 16 to 32 slots for files; a test wants more. */
#define FILES_MAX 1024

struct file {
	char name[FWCFG_NAME_SIZE];
	unsigned char *bytes;
	size_t size;
	void (*make)(void *, char *, size_t);
	void *ctx;
};

struct host_fwcfg {
	const struct host_world *world;
	struct host_fwcfg_manners manners;
	struct file *files;
	size_t count;
	unsigned char *directory; /* NULL: to be made */
	size_t directory_size;
	bool directory_is_false;

	uint16_t key;
	size_t at; /* next byte of the selected key */
	uint32_t dma_high;
	uint64_t descriptor; /* of a transfer that ends later */
	uint64_t transfers;
};

struct host_fwcfg *
host_fwcfg_new(const struct host_world *world)
{
	struct host_fwcfg *fwcfg = calloc(1, sizeof(*fwcfg));

	if (fwcfg != NULL)
		fwcfg->world = world;
	return fwcfg;
}

void
host_fwcfg_free(struct host_fwcfg *fwcfg)
{
	if (fwcfg == NULL)
		return;
	for (size_t i = 0; i < fwcfg->count; i++)
		free(fwcfg->files[i].bytes);
	free(fwcfg->files);
	free(fwcfg->directory);
	free(fwcfg);
}

struct host_fwcfg_manners *
host_fwcfg_manners(struct host_fwcfg *fwcfg)
{
	return &fwcfg->manners;
}

/* ---- Files ------------------------------------------------------------ */

static void
forget_directory(struct host_fwcfg *fwcfg)
{
	if (fwcfg->directory_is_false)
		return;
	free(fwcfg->directory);
	fwcfg->directory = NULL;
}

static struct file *
file_named(struct host_fwcfg *fwcfg, const char *name)
{
	for (size_t i = 0; i < fwcfg->count; i++)
		if (strcmp(fwcfg->files[i].name, name) == 0)
			return &fwcfg->files[i];
	return NULL;
}

static struct file *
new_file(struct host_fwcfg *fwcfg, const char *name)
{
	struct file *grown;

	if (fwcfg->count == FILES_MAX || strlen(name) >= FWCFG_NAME_SIZE)
		return NULL;
	grown = realloc(fwcfg->files, (fwcfg->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	fwcfg->files = grown;
	grown += fwcfg->count++;
	memset(grown, 0, sizeof(*grown));
	strcpy(grown->name, name);
	return grown;
}

bool
host_fwcfg_add(struct host_fwcfg *fwcfg, const char *name, const void *bytes,
    size_t size)
{
	unsigned char *copy = malloc(size + 1);
	struct file *file = copy != NULL ? file_named(fwcfg, name) : NULL;

	if (copy != NULL && file == NULL)
		file = new_file(fwcfg, name);
	if (file == NULL) {
		free(copy);
		return false;
	}
	if (size > 0)
		memcpy(copy, bytes, size);
	free(file->bytes);
	file->bytes = copy;
	file->size = size;
	file->make = NULL;
	forget_directory(fwcfg);
	return true;
}

bool
host_fwcfg_add_live(struct host_fwcfg *fwcfg, const char *name, size_t size,
    void (*make)(void *, char *, size_t), void *ctx)
{
	char *blank = calloc(1, size + 1);
	bool added = blank != NULL && host_fwcfg_add(fwcfg, name, blank, size);
	struct file *file = added ? file_named(fwcfg, name) : NULL;

	free(blank);
	if (file == NULL)
		return false;
	file->make = make;
	file->ctx = ctx;
	return true;
}

bool
host_fwcfg_set_directory(struct host_fwcfg *fwcfg, const void *bytes,
    size_t size)
{
	unsigned char *copy = malloc(size + 1);

	if (copy == NULL)
		return false;
	memcpy(copy, bytes, size);
	free(fwcfg->directory);
	fwcfg->directory = copy;
	fwcfg->directory_size = size;
	fwcfg->directory_is_false = true;
	return true;
}

const void *
host_fwcfg_find(const struct host_fwcfg *fwcfg, const char *name, size_t *size)
{
	for (size_t i = 0; fwcfg != NULL && i < fwcfg->count; i++)
		if (strcmp(fwcfg->files[i].name, name) == 0) {
			*size = fwcfg->files[i].size;
			return fwcfg->files[i].bytes;
		}
	return NULL;
}

const char *
host_fwcfg_name(const struct host_fwcfg *fwcfg, unsigned n)
{
	return fwcfg != NULL && n < fwcfg->count ? fwcfg->files[n].name : NULL;
}

/* In the order of adding; QEMU sorts by name, but no guest may rely on it. */
static void
make_directory(struct host_fwcfg *fwcfg)
{
	size_t size = FWCFG_DIR_COUNT_SIZE + fwcfg->count * FWCFG_ENTRY_SIZE;
	unsigned char *entry;

	fwcfg->directory = calloc(1, size);
	fwcfg->directory_size = fwcfg->directory != NULL ? size : 0;
	if (fwcfg->directory == NULL)
		return;
	put_be32(fwcfg->directory, (uint32_t)fwcfg->count);
	for (size_t i = 0; i < fwcfg->count; i++) {
		entry = fwcfg->directory + FWCFG_DIR_COUNT_SIZE +
		    i * FWCFG_ENTRY_SIZE;
		put_be32(entry + FWCFG_ENTRY_LENGTH,
		    (uint32_t)fwcfg->files[i].size);
		put_be16(entry + FWCFG_ENTRY_KEY,
		    (uint16_t)(FWCFG_KEY_FILE_FIRST + i));
		memcpy(entry + FWCFG_ENTRY_NAME, fwcfg->files[i].name,
		    FWCFG_NAME_SIZE);
	}
}

/* ---- The selected bytes ----------------------------------------------- */

static void
select_key(struct host_fwcfg *fwcfg, uint16_t key)
{
	size_t i = (size_t)key - FWCFG_KEY_FILE_FIRST;

	fwcfg->key = key;
	fwcfg->at = 0;
	if (key == FWCFG_KEY_DIRECTORY && fwcfg->directory == NULL)
		make_directory(fwcfg);
	if (key >= FWCFG_KEY_FILE_FIRST && i < fwcfg->count &&
	    fwcfg->files[i].make != NULL)
		fwcfg->files[i].make(fwcfg->files[i].ctx,
		    (char *)fwcfg->files[i].bytes, fwcfg->files[i].size);
}

/* Bytes past the end, and of keys that are not there, read as 0. */
static void
take(struct host_fwcfg *fwcfg, unsigned char *to, size_t size)
{
	size_t i = (size_t)fwcfg->key - FWCFG_KEY_FILE_FIRST;
	const unsigned char *from = NULL;
	unsigned char features[4];
	size_t total = 0, n;

	if (fwcfg->key == FWCFG_KEY_SIGNATURE) {
		from = (const unsigned char *)FWCFG_SIGNATURE;
		total = FWCFG_SIGNATURE_SIZE;
	} else if (fwcfg->key == FWCFG_KEY_FEATURES) {
		put_le32(features,
		    FWCFG_FEATURE_TRADITIONAL |
			(fwcfg->manners.no_dma ? 0 : FWCFG_FEATURE_DMA));
		from = features;
		total = sizeof(features);
	} else if (fwcfg->key == FWCFG_KEY_DIRECTORY) {
		from = fwcfg->directory;
		total = fwcfg->directory_size;
	} else if (fwcfg->key >= FWCFG_KEY_FILE_FIRST && i < fwcfg->count) {
		from = fwcfg->files[i].bytes;
		total = fwcfg->files[i].size;
	}
	n = fwcfg->at < total ? total - fwcfg->at : 0;
	if (n > size)
		n = size;
	if (n > 0)
		memcpy(to, from + fwcfg->at, n);
	memset(to + n, 0, size - n);
	fwcfg->at += size;
}

/* ---- DMA -------------------------------------------------------------- */

static void
end_transfer(struct host_fwcfg *fwcfg, uint64_t descriptor, uint32_t control)
{
	unsigned char word[4];

	put_be32(word, control);
	fwcfg->world->write(fwcfg->world->ctx, descriptor + FWCFG_DMA_CONTROL,
	    word, sizeof(word));
}

static bool
move(struct host_fwcfg *fwcfg, uint64_t to, uint32_t left)
{
	unsigned char piece[4096];

	while (left > 0) {
		uint32_t size = left < sizeof(piece) ? left : sizeof(piece);

		take(fwcfg, piece, size);
		if (!fwcfg->world->write(fwcfg->world->ctx, to, piece, size))
			return false;
		to += size;
		left -= size;
	}
	return true;
}

static void
transfer(struct host_fwcfg *fwcfg, uint64_t at)
{
	unsigned char descriptor[FWCFG_DMA_SIZE];
	uint32_t control, length;
	bool good = true;

	if (!fwcfg->world->read(fwcfg->world->ctx, at, descriptor,
		sizeof(descriptor)))
		return;
	control = get_be32(descriptor + FWCFG_DMA_CONTROL);
	length = get_be32(descriptor + FWCFG_DMA_LENGTH);
	if (control & FWCFG_DMA_SELECT)
		select_key(fwcfg, (uint16_t)(control >> 16));
	if (control & FWCFG_DMA_READ)
		good = move(fwcfg, get_be64(descriptor + FWCFG_DMA_ADDRESS),
		    length);
	else if (control & FWCFG_DMA_SKIP)
		fwcfg->at += length;
	end_transfer(fwcfg, at, good ? 0 : FWCFG_DMA_ERROR);
}

static void
transfer_later(void *argument)
{
	struct host_fwcfg *fwcfg = argument;

	transfer(fwcfg, fwcfg->descriptor);
}

static void
start_transfer(struct host_fwcfg *fwcfg, uint64_t at)
{
	enum host_dma how = fwcfg->manners.dma;

	if (fwcfg->transfers++ < fwcfg->manners.dma_after)
		how = HOST_DMA_AT_ONCE;
	switch (how) {
	case HOST_DMA_AT_ONCE:
		transfer(fwcfg, at);
		break;
	case HOST_DMA_LATER:
		fwcfg->descriptor = at;
		fwcfg->world->later(fwcfg->world->ctx, fwcfg->manners.dma_delay,
		    transfer_later, fwcfg);
		break;
	case HOST_DMA_NEVER:
		break;
	case HOST_DMA_FAILS:
		end_transfer(fwcfg, at, FWCFG_DMA_ERROR);
		break;
	}
}

/* ---- Ports ------------------------------------------------------------ */

bool
host_fwcfg_in(struct host_fwcfg *fwcfg, uint16_t port, unsigned width,
    uint32_t *value)
{
	unsigned char byte;

	if (port != FWCFG_PORT_DATA || width != 1)
		return false;
	*value = 0xff;
	if (fwcfg->manners.absent)
		return true;
	take(fwcfg, &byte, 1);
	*value = byte;
	return true;
}

bool
host_fwcfg_out(struct host_fwcfg *fwcfg, uint16_t port, unsigned width,
    uint32_t value)
{
	unsigned char bytes[4];
	uint64_t at;

	if (fwcfg->manners.absent)
		return port >= FWCFG_PORT_SELECTOR && port <= 0x51b;
	put_le32(bytes, value);
	if (port == FWCFG_PORT_SELECTOR && width == 2) {
		select_key(fwcfg, (uint16_t)value);
		return true;
	}
	if (width != 4 || fwcfg->manners.no_dma)
		return false;
	if (port == FWCFG_PORT_DMA_HIGH) {
		fwcfg->dma_high = get_be32(bytes);
		return true;
	}
	if (port != FWCFG_PORT_DMA_LOW)
		return false;
	at = (uint64_t)fwcfg->dma_high << 32 | get_be32(bytes);
	fwcfg->dma_high = 0;
	start_transfer(fwcfg, at);
	return true;
}
