// SPDX-License-Identifier: Apache-2.0
/* The way to the Hub as the options say: user agent, token, certificates, and the archive of its first replies. Local.
 */
#ifndef CRAWLER_CONTACT_H
#define CRAWLER_CONTACT_H

#include "crawler/archive.h"
#include "crawler/fetch.h"
#include "crawler/options.h"
#include "crawler/token.h"
#include "io/warc.h"

struct contact {
	char user_agent[256];
	struct fetch *fetch;
	struct warc *saved;      /* --save-probe, where it was asked for */
	struct archive *archive; /* likewise --archive */
};

/* *c must be zeroed; contact_release() is fine after an error. The token is wiped, whatever happens.
 *   save  begin the file that --save-probe asks for
 *   keep  where to keep every reply, or NULL; user_agent is filled in here
 * Errors: E_USAGE, E_NOMEM, E_IO. */
int contact_open(struct contact *c, const struct hub *hub, const struct options *o, struct token *token, int save,
		 const struct archive_setup *keep, struct err *e);

/* The file of --save-probe gets its name, if there is a reply in it; a note says so. Errors: E_IO. */
int contact_seal(struct contact *c, const struct options *o, struct err *e);

void contact_release(struct contact *c);

#endif
