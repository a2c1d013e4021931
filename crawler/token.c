// SPDX-License-Identifier: Apache-2.0
#include "crawler/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/log.h"
#include "io/secret.h"

/* Anything but printable ASCII would end up in the middle of a header. The token itself is not shown. */
static int take(struct token *t, const char *s, size_t n, const char *origin, struct err *e)
{
	while (n > 0 && strchr(" \t\r\n", s[n - 1]))
		n--;
	while (n > 0 && strchr(" \t\r\n", *s))
		s++, n--;
	if (n >= sizeof t->text)
		return err_set(e, E_USAGE, "the token in '%s' is longer than %d characters", origin, TOKEN_MAX - 1);
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return err_set(e, E_USAGE,
				       "what is in '%s' is not a token: it holds blanks or unprintable characters",
				       origin);
	memcpy(t->text, s, n);
	t->text[n] = '\0';
	snprintf(t->origin, sizeof t->origin, "%s", origin);
	return E_OK;
}

static int take_file(struct token *t, const char *path, int must, struct err *e)
{
	char text[TOKEN_MAX];
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0 && must)
		return err_set(e, E_USAGE, "cannot read the token file '%s': %s", path, strerror(errno));
	if (fd < 0)
		return E_OK;
	secret_no_core();
	n = read(fd, text, sizeof text);
	if (n < 0 || fstat(fd, &st)) {
		rc = must ? err_set(e, E_USAGE, "cannot read the token file '%s': %s", path, strerror(errno)) : E_OK;
	} else {
		if (st.st_mode & (S_IRGRP | S_IROTH))
			log_warn("others can read the token file '%s': chmod 600 it", path);
		rc = take(t, text, (size_t)n, path, e);
		if (!rc && must && !*t->text)
			rc = err_set(e, E_USAGE, "the token file '%s' is empty", path);
	}
	explicit_bzero(text, sizeof text);
	close(fd);
	return rc;
}

static int is_set(const char *name)
{
	const char *s = getenv(name);

	return s && (!strcmp(s, "1") || !strcasecmp(s, "on") || !strcasecmp(s, "yes") || !strcasecmp(s, "true"));
}

/* Non-empty variable or NULL. */
static const char *variable(const char *name)
{
	const char *s = getenv(name);

	return s && *s ? s : NULL;
}

static int search(struct token *t, const char *file, struct err *e)
{
	const char *path = variable("HF_TOKEN_PATH"), *home = variable("HF_HOME"), *cache = variable("XDG_CACHE_HOME");
	char name[4096], origin[64];
	const char *value;
	int n;

	token_wipe(t);
	if (file)
		return take_file(t, file, 1, e);
	if (is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
		return E_OK;
	for (int i = 0; i < SECRET_NVARIABLES; i++) {
		snprintf(origin, sizeof origin, "$%s", secret_variable[i]);
		value = variable(secret_variable[i]);
		if (value && (take(t, value, strlen(value), origin, e) || *t->text))
			return e->code;
	}
	if (path)
		return take_file(t, path, 0, e);
	if (home)
		n = snprintf(name, sizeof name, "%s/token", home);
	else if (cache)
		n = snprintf(name, sizeof name, "%s/huggingface/token", cache);
	else if (variable("HOME"))
		n = snprintf(name, sizeof name, "%s/.cache/huggingface/token", variable("HOME"));
	else
		return E_OK;
	return n > 0 && (size_t)n < sizeof name ? take_file(t, name, 0, e) : E_OK;
}

int token_find(struct token *t, const char *file, struct err *e)
{
	int rc = search(t, file, e);

	secret_wipe();
	return rc;
}

int token_check_hub(struct token *t, const char *file, const struct hub *meant, const char *url, struct err *e)
{
	if (!*t->text || hub_is_same_origin(meant, url, strlen(url)))
		return E_OK;
	if (file)
		return err_set(e, E_USAGE,
			       "it is the folder alone that names the Hub '%s'; to send it the token in '%s' give "
			       "--hub=%s, too",
			       url, file, url);
	log_warn("it is the folder alone that names the Hub '%s': the token in '%s' is not sent there; --hub=%s would",
		 url, t->origin, url);
	token_wipe(t);
	return E_OK;
}

void token_wipe(struct token *t)
{
	explicit_bzero(t, sizeof *t);
}
