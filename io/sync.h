// SPDX-License-Identifier: Apache-2.0
/* Bytes to the disk. Local. */
#ifndef IO_SYNC_H
#define IO_SYNC_H

/* fsync(2), again where a signal came in between: on NFS it waits for the server and gives up for a handler, and to be
 * asked to stop is no failure of the disk. Returns 0 or an errno. */
int sync_fd(int fd);

#endif
