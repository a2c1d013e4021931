// SPDX-License-Identifier: Apache-2.0
#include "crawler/watch.h"

#include <stdio.h>

#include "io/log.h"

int watch_trouble(struct watch *w, int code, const struct err *e, struct msg *m)
{
	if (w->told_trouble)
		return 0;
	w->told_trouble = 1;
	*m = (struct msg){ .type = MSG_TROUBLE };
	m->u.trouble.code = code;
	snprintf(m->u.trouble.text, sizeof m->u.trouble.text, "%.*s", (int)sizeof m->u.trouble.text - 1, e->text);
	return 1;
}

void watch_quiet(struct watch *w, int64_t quiet_ms)
{
	if ((quiet_ms > 0) == w->told_quiet)
		return;
	w->told_quiet = !w->told_quiet;
	if (w->told_quiet)
		log_warn("no page from the Hub for %lld s: asking again with growing pauses, until --max-outage",
			 (long long)(quiet_ms + 999) / 1000);
	else
		log_note("the Hub answers again");
}

void watch_lost(struct watch *w, struct coordinator *c, struct transport *t, int is_over, int64_t now)
{
	struct err e = ERR_INIT;

	if (!coordinator_look(c)->stopping)
		return;
	if (w->stopping_since == 0)
		w->stopping_since = now;
	if (now - w->stopping_since < WATCH_LINGER_MS || !is_over)
		return;
	err_set(&e, E_IO, "rank %d does not answer any more: what was sealed is kept, run again to go on",
		coordinator_absent(c));
	log_error(&e);
	transport_abort(t, err_exit_code(E_IO));
}

void watch_mute(struct transport *t)
{
	struct err e = ERR_INIT;

	err_set(&e, E_NOMEM, "no memory for messages: what was sealed is kept, run again to go on");
	log_error(&e);
	transport_abort(t, err_exit_code(E_NOMEM));
}
