// SPDX-License-Identifier: Apache-2.0
/* Bytes to the disk. Local. */
#ifndef IO_SYNC_H
#define IO_SYNC_H

#include <stddef.h>
#include <sys/types.h>

/* fsync(2), again where a signal came in between: on NFS it waits for the server and gives up for a handler, and to be
 * asked to stop is no failure of the disk. Returns 0 or an errno. */
int sync_fd(int fd);

/* write(2) and pwrite(2) of all n bytes, again where a signal came in between or only a part was taken. Return 0 or an
 * errno. */
int sync_write(int fd, const void *data, size_t n);
int sync_pwrite(int fd, const void *data, size_t n, off_t at);

#endif
