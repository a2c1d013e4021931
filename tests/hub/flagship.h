/* SPDX-License-Identifier: Apache-2.0 */
/* Base models that the synthetic population's derivatives name: real names, sizes and release months. */
#ifndef HUB_FLAGSHIP_H
#define HUB_FLAGSHIP_H

#include <stdint.h>

struct flagship {
	const char *id;
	const char *pipeline, *library, *arch;
	double billions; /* parameters */
	int year, month;
	int weight; /* share of the derivatives that name it, while it is out */
};

/* Most downloaded first. */
extern const struct flagship flagships[];
extern const int nflagship;

#endif
