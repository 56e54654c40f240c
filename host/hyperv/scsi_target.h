/* SPDX-License-Identifier: ISC */
/*
 * A SCSI target: a command and its data in, data, status and sense out.  It
 * knows its disk and no channel.
 */
#ifndef HOST_HYPERV_SCSI_TARGET_H
#define HOST_HYPERV_SCSI_TARGET_H

#include "host/hyperv/devices.h"
#include "wire/hyperv/scsi.h"

/* Descriptors of one UNMAP, as is said in the page of limits. */
#define SCSI_TARGET_UNMAPS 256u

struct scsi_lun {
	struct host_lun_config config; /* without zeros that mean something */
	uint8_t *bytes, *own;          /* own: ours to free */
	uint64_t size;
	uint8_t identity[16];
	uint16_t attention; /* SCSI_ASC_…, to be told once; 0: none */
};

struct scsi_command {
	const uint8_t *cdb; /* HV_STOR_CDB bytes */
	uint32_t length;    /* of the data */
	bool in;            /* to the guest */
	bool out;
	/* The guest's data; false: it is not the guest's memory. */
	bool (*get)(void *ctx, uint64_t offset, void *to, size_t size);
	bool (*put)(void *ctx, uint64_t offset, const void *from, size_t size);
	void *ctx;
	struct host_storvsp_counts *counts;
	const struct host_storvsp_manners *manners;

	/* the answer */
	uint8_t status; /* SCSI_STATUS_… */
	uint8_t srb;    /* HV_SRB_… without its upper bits */
	uint32_t done;  /* bytes of the data */
	bool has_sense;
	uint8_t sense[SCSI_FIXED_SIZE];
};

/* ---- scsi_target.c ---------------------------------------------------- */

/* Zeros of the configuration become what they mean; false: out of memory. */
bool scsi_lun_init(struct scsi_lun *, const struct host_lun_config *);
void scsi_lun_clear(struct scsi_lun *);
bool scsi_lun_resize(struct scsi_lun *, uint64_t size);
void scsi_execute(struct scsi_lun *, struct scsi_command *);

void scsi_good(struct scsi_command *);
void scsi_fail(struct scsi_command *, uint8_t key, uint16_t asc);
/* Without sense: what is addressed is not there. */
void scsi_absent(struct scsi_command *);
/* As much of an answer as both the command's room and the data take. */
void scsi_reply(struct scsi_command *, const void *bytes, uint32_t length,
    uint32_t room);
/* Fixed format; SCSI_FIXED_SIZE bytes. */
void scsi_sense(uint8_t *to, uint8_t key, uint16_t asc);

/* ---- scsi_inquiry.c --------------------------------------------------- */

/* lun NULL: of one that is not there, number `number` of its target. */
void scsi_inquiry(struct scsi_lun *, unsigned number, struct scsi_command *);

/* ---- scsi_block.c: what moves blocks ---------------------------------- */

/* False: it is none of these. */
bool scsi_block(struct scsi_lun *, struct scsi_command *);

/* ---- scsi_mode.c: MODE SENSE, READ CAPACITY --------------------------- */

void scsi_mode_sense(struct scsi_lun *, struct scsi_command *);
void scsi_capacity(struct scsi_lun *, struct scsi_command *);

#endif
