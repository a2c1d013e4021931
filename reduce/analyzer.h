// SPDX-License-Identifier: Apache-2.0
/* What clang's analyzer, which sees one file at a time, has to know of functions in others: an error that goes in comes
 * out. Nothing of this is compiled. */
#ifndef REDUCE_ANALYZER_H
#define REDUCE_ANALYZER_H

#include "io/agree.h"
#include "io/err.h"
#include "reduce/ask.h"
#include "reduce/labels.h"
#include "reduce/locate.h"
#include "reduce/reach.h"
#include "reduce/wire.h"

#ifdef __clang_analyzer__
#define err_set(e, code, ...)          ((void)err_set(e, code, __VA_ARGS__), (code))
#define err_agree(comm, rc, e)         analyzer_worse(rc, err_agree(comm, rc, e))
#define labels_sum(l, comm, rc, ...)   analyzer_worse(rc, labels_sum(l, comm, rc, __VA_ARGS__))
#define wire_gather(comm, rc, ...)     analyzer_worse(rc, wire_gather(comm, rc, __VA_ARGS__))
#define wire_exchange(comm, rc, ...)   analyzer_worse(rc, wire_exchange(comm, rc, __VA_ARGS__))
#define labels_build(l, comm, rc, ...) analyzer_worse(rc, labels_build(l, comm, rc, __VA_ARGS__))
#define ask_first(out, comm, rc, ...)  analyzer_worse(rc, ask_first(out, comm, rc, __VA_ARGS__))
#define ask_begin(a, comm, rc, ...)    analyzer_worse(rc, ask_begin(a, comm, rc, __VA_ARGS__))
#define ask_values(a, rc, ...)         analyzer_worse(rc, ask_values(a, rc, __VA_ARGS__))
#define ask_sets(a, rc, ...)           analyzer_worse(rc, ask_sets(a, rc, __VA_ARGS__))
#define locate_rows(comm, rc, ...)     analyzer_worse(rc, locate_rows(comm, rc, __VA_ARGS__))
#define reach_find(r, g, rc, ...)      analyzer_worse(rc, reach_find(r, g, rc, __VA_ARGS__))
#define reach_passes(g, rc, ...)       analyzer_worse(rc, reach_passes(g, rc, __VA_ARGS__))

static inline int analyzer_worse(int before, int after)
{
	return before ? before : after;
}
#endif

#endif
