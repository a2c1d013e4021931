// SPDX-License-Identifier: Apache-2.0
#include "io/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void metrics_begin(struct metrics *m)
{
	m->text = NULL;
	m->n = 0;
	m->to = open_memstream(&m->text, &m->n);
}

void metrics_family(struct metrics *m, const char *name, enum metrics_type type, const char *help)
{
	if (m->to)
		fprintf(m->to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
			type == METRICS_COUNTER ? "counter" : "gauge");
}

void metrics_sample(struct metrics *m, const char *name, const char *label, const char *value, double x)
{
	if (!m->to)
		return;
	fputs(name, m->to);
	if (label) {
		fprintf(m->to, "{%s=\"", label);
		for (; *value; value++)
			if (*value == '\n')
				fputs("\\n", m->to);
			else
				fprintf(m->to, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
		fputs("\"}", m->to);
	}
	fprintf(m->to, " %.15g\n", x);
}

void metrics_value(struct metrics *m, const char *name, enum metrics_type type, const char *help, double x)
{
	metrics_family(m, name, type, help);
	metrics_sample(m, name, NULL, NULL, x);
}

static int write_file(const char *path, const char *text, size_t n, struct err *e)
{
	char tmp[4096];
	FILE *f;
	int bad;

	if (snprintf(tmp, sizeof tmp, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof tmp)
		return err_set(e, E_USAGE, "--metrics-file: the name is too long");
	f = fopen(tmp, "w");
	if (!f)
		return err_sys(e, errno, "--metrics-file: cannot write '%s'", tmp);
	bad = fwrite(text, 1, n, f) != n;
	bad |= fclose(f) != 0;
	if (!bad && !rename(tmp, path))
		return E_OK;
	err_sys(e, errno, "--metrics-file: cannot write '%s'", path);
	unlink(tmp);
	return e->code;
}

int metrics_write(struct metrics *m, const char *path, struct err *e)
{
	int rc = !m->to || fclose(m->to) ? err_set(e, E_NOMEM, "no memory for the metrics")
					 : write_file(path, m->text, m->n, e);

	free(m->text);
	m->to = NULL;
	m->text = NULL;
	return rc;
}
