// SPDX-License-Identifier: Apache-2.0
#include "crawler/contact.h"

#include <stdio.h>
#include <string.h>

#include "io/log.h"

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

static int set_user_agent(struct contact *c, const char *contact, struct err *e)
{
	if (contact && (strlen(contact) > 200 || strpbrk(contact, "\r\n()")))
		return err_set(e, E_USAGE, "--contact: at most 200 characters, no line ends and no brackets");
	snprintf(c->user_agent, sizeof c->user_agent, contact ? "hubcensus/%s (+%s)" : "hubcensus/%s",
		 HUBCENSUS_VERSION, contact);
	return E_OK;
}

static int open_archive(struct contact *c, const struct archive_setup *keep, struct err *e)
{
	struct archive_setup a = *keep;

	a.user_agent = c->user_agent;
	c->archive = archive_create(&a);
	return c->archive ? E_OK : err_set(e, E_NOMEM, "no memory for the archive");
}

int contact_open(struct contact *c, const struct hub *hub, const struct options *o, struct token *token, int save,
		 const struct archive_setup *keep, struct err *e)
{
	struct fetch_setup f = { .hub = hub,
				 .token = token->text,
				 .user_agent = c->user_agent,
				 .ca_file = o->ca_file,
				 .nslots = (int)o->in_flight,
				 .timeout_ms = o->timeout };
	struct warc_setup w = { .user_agent = c->user_agent };
	int rc = set_user_agent(c, o->contact, e);

	f.keep_heads = (save && o->save_probe) || keep;
	if (!rc)
		rc = fetch_create(&c->fetch, &f, e);
	if (!rc && keep)
		rc = open_archive(c, keep, e);
	if (!rc && save && o->save_probe)
		rc = warc_create(&c->saved, o->save_probe, &w, e);
	token_wipe(token);
	return rc;
}

int contact_seal(struct contact *c, const struct options *o, struct err *e)
{
	int64_t n = c->saved ? warc_count(c->saved) : 0;
	int rc = n > 0 ? warc_seal(c->saved, e) : E_OK;

	if (n > 0 && !rc)
		log_note("%lld replies are kept in '%s', the token left out", (long long)n, o->save_probe);
	else if (c->saved && n == 0)
		log_warn("nothing came from the Hub: '%s' is not written", o->save_probe);
	warc_free(c->saved);
	c->saved = NULL;
	return rc;
}

void contact_release(struct contact *c)
{
	fetch_free(c->fetch);
	warc_free(c->saved);
	archive_free(c->archive);
	memset(c, 0, sizeof *c);
}
