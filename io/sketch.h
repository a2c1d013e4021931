// SPDX-License-Identifier: Apache-2.0
/* How many distinct account names there are, in 16 KiB that can be merged without the names: a HyperLogLog sketch.
 * Pure.
 *
 * P. Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", AofA 2007, with
 * the estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284 (2017).
 *
 * What it is for: the union of censuses that share no names (--no-user-names, other people's censuses). What it is not:
 * the count of a census, which is exact and stands beside it. Nor is it anonymous: hash and seed are public, so whoever
 * holds the registers can tell of a name that it is certainly not in them, and in a sketch of few accounts, that it
 * most likely is. A name cannot be read from them, or taken out of them: --forget has to make them anew.
 *
 * As stored (census.h5), so that it never changes: SKETCH_NREG bytes, register 0 first, each 0 … SKETCH_TOP. There is
 * no byte order, nothing is packed. Beside them as attributes: precision 14, the hash "XXH3_64bits_withSeed" (stable
 * since xxHash 0.8.0), SKETCH_SEED, "ASCII lower case". Only sketches that agree in all four may be merged.
 *
 * A name of n bytes, A-Z replaced by a-z and all other bytes as they are, has the hash h of 64 bits. Its register is
 * that of number h >> 50, the 14 highest bits; the value is 1 + the number of zero bits that lead the 50 lower ones, so
 * 51 where all of them are zero. A register holds the largest value of its names, 0 if it has none. */
#ifndef IO_SKETCH_H
#define IO_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SKETCH_P = 14,
	SKETCH_NREG = 1 << SKETCH_P,
	SKETCH_TOP = 64 - SKETCH_P + 1, /* the largest value of a register */
};

/* "hubcensu" in ASCII. Not 0, so that the registers have nothing to do with hashes that deal names to ranks or slots.
 */
#define SKETCH_SEED UINT64_C(0x68756263656e7375)

/* Ranks merge theirs by MPI_Allreduce of reg as SKETCH_NREG MPI_UINT8_T under MPI_MAX, which is sketch_merge(). */
struct sketch {
	uint8_t reg[SKETCH_NREG];
};

/* The sketch of no names. */
void sketch_init(struct sketch *s);

/* Add a name of n bytes, of any length and in any letter case, terminated or not; n = 0 is no name and adds nothing.
 * The registers depend on the set of names alone: not on their order, their case, or how often one is added. */
void sketch_add(struct sketch *s, const char *name, size_t n);

/* s becomes the sketch of the union: register by register the larger one. Commutative, associative, idempotent, and the
 * empty sketch is its identity; exactly the registers that one sketch of all the names would have. */
void sketch_merge(struct sketch *s, const struct sketch *other);

/* Whether no register is above SKETCH_TOP, as is to be asked of registers from a file. */
bool sketch_valid(const struct sketch *s);

/* The number of distinct names: 0 for none, never NaN or infinite, at most 2^64. Ertl's improved raw estimator, which
 * needs no table and no switch between ranges. Nearly unbiased; its relative standard error is about
 * 1.04 / sqrt(SKETCH_NREG) = 0.81 %, less below some 30,000 names. So 2.5 % is three standard errors: about one set of
 * names in 500 lies outside. The union of sketches is no better, and a difference of two estimates has the errors of
 * both. A register above SKETCH_TOP counts as SKETCH_TOP. */
double sketch_estimate(const struct sketch *s);

#endif
