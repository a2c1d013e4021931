// SPDX-License-Identifier: Apache-2.0
/* Cut the text of a JSON array into its elements without understanding them: one hostile record makes a parser refuse a
 * whole page, and the other 999 are wanted. Pure. */
#ifndef CRAWLER_SCAN_H
#define CRAWLER_SCAN_H

#include <stddef.h>

struct scan_piece {
	size_t at, n; /* bytes of one element, blanks around it left out */
};

/* Fill at most cap pieces. Returns the number of elements, or -1 if the text is not one complete array: brackets that
 * do not close, a string without end, something behind it, more than cap elements. */
long scan_array(const char *s, size_t n, struct scan_piece *piece, size_t cap);

#endif
