// SPDX-License-Identifier: Apache-2.0
/* A guard around the HDF5 library while it reads a file that somebody else may have made. Of files whose metadata was
 * changed under a stamp that was made good, release 1.10.8 has read past the end of a name, and did not come back from
 * one. What it can be spared io/h5safe.h refuses before; where it fails all the same, one line names the file and the
 * process ends with exit code 4, instead of a crash, a stack, or a job that hangs. Nothing sealed is lost by that. It
 * is no sandbox, and no cover for our own code: a crash there is a bug, and goes to whoever handled the signal before.
 * Whose it is, the stack tells: the innermost function of the two. (A library linked statically cannot be told from
 * us.) Local. Included by io/h5*.c and tests alone. */
#ifndef IO_H5GUARD_H
#define IO_H5GUARD_H

#include <stdint.h>

/* Processor time that a file may take: so much, and as much again for every so many bytes of it. An honest one takes a
 * hundredth (142 MB/s of inflating, own measurement). Time spent waiting for a disk does not count. */
#define H5GUARD_S         30
#define H5GUARD_S_PER_MIB 1

/* Until h5guard_end(): SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT within the library, and too much time, are the file's
 * fault. May be nested;
 * the outermost counts. Nothing collective may happen in between: others would wait for this process, which may wait
 * for them in a loop that costs time. */
void h5guard_begin(const char *path);
void h5guard_end(void);

#endif
