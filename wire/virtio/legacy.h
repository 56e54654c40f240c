/* SPDX-License-Identifier: ISC */
/*
 * A virtio device before version 1.0, without MSI-X: the header in its first
 * BAR, of I/O ports.
 * Sources: Virtio 1.2, 4.1.4.10 (legacy interfaces, device layout), 2.1 (status)
 * and 4.1.4.5 (ISR).
 */
#ifndef WIRE_VIRTIO_LEGACY_H
#define WIRE_VIRTIO_LEGACY_H

#define VIRTIO_LEGACY_DEVICE_FEATURES 0 /* 32 bits */
#define VIRTIO_LEGACY_DRIVER_FEATURES 4 /* 32 bits */
#define VIRTIO_LEGACY_QUEUE_ADDRESS 8   /* 32 bits */
#define VIRTIO_LEGACY_QUEUE_SIZE 12     /* 16 bits */
#define VIRTIO_LEGACY_QUEUE_SELECT 14   /* 16 bits */
#define VIRTIO_LEGACY_QUEUE_NOTIFY 16   /* 16 bits */
#define VIRTIO_LEGACY_STATUS 18         /* 8 bits; 0: reset */
#define VIRTIO_LEGACY_ISR 19            /* 8 bits; reading clears it */
#define VIRTIO_LEGACY_CONFIG 20         /* of the device's own kind */

#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER 0x02u
#define VIRTIO_STATUS_DRIVER_OK 0x04u
#define VIRTIO_STATUS_FAILED 0x80u

#define VIRTIO_ISR_QUEUE 0x1u
#define VIRTIO_ISR_CONFIG 0x2u

#endif
