// SPDX-License-Identifier: Apache-2.0
#include "io/opts.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

#define OPTS_MAX 80

struct unit {
	const char *name;
	double factor;
};

/* A decimal number with one of the units behind it, in the unit of factor 1. Returns 0 or -1. */
static int parse_number(const char *s, const struct unit *unit, double *x)
{
	char *end;

	if (!isdigit((unsigned char)*s) && *s != '.')
		return -1; /* strtod would take signs, blanks, hexadecimals, nan */
	errno = 0;
	*x = strtod(s, &end);
	if (errno || !isfinite(*x) || strpbrk(s, "xXpP"))
		return -1;
	for (; unit->name; unit++)
		if (!strcmp(end, unit->name)) {
			*x *= unit->factor;
			return 0;
		}
	return -1;
}

static const struct unit time_unit[] = { { "", 1e3 },    { "ms", 1 },     { "s", 1e3 }, { "m", 6e4 },
					 { "h", 3.6e6 }, { "d", 8.64e7 }, { NULL, 0 } };

static int parse_integer(const struct opt *o, const char *s, int64_t *x)
{
	static const struct unit count[] = { { "", 1 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 } };
	double v;

	if (parse_number(s, o->type == OPT_COUNT ? count : time_unit, &v) || v > 9e15 || v != floor(v))
		return -1;
	*x = (int64_t)v;
	return *x < o->lo || (o->hi && *x > o->hi) ? -1 : 0;
}

/* A time in the largest unit in which it is whole. */
static void describe_bound(const struct opt *o, int64_t x, char *dst, size_t n)
{
	const struct unit *best = time_unit + 1;

	for (const struct unit *u = best; u->name && o->type == OPT_DURATION; u++)
		if (x % (int64_t)u->factor == 0)
			best = u;
	snprintf(dst, n, "%" PRId64 "%s", x / (int64_t)best->factor, o->type == OPT_DURATION ? best->name : "");
}

static void describe_bounds(const struct opt *o, char *dst, size_t n)
{
	const char *what = o->type == OPT_COUNT ? "a whole number (12, 12k, 3M)" : "a time (500ms, 30s, 10m, 2h, 7d)";
	char lo[32], hi[32];

	describe_bound(o, o->lo, lo, sizeof lo);
	describe_bound(o, o->hi, hi, sizeof hi);
	if (o->hi)
		snprintf(dst, n, "%s from %s to %s", what, lo, hi);
	else
		snprintf(dst, n, "%s, at least %s", what, lo);
}

static int set_value(const struct opts *os, const struct opt *o, const char *value, void *to, struct err *e)
{
	static const struct unit share[] = { { "", 1 }, { "%", 0.01 }, { NULL, 0 } };
	void *at = (char *)to + o->offset;
	char takes[128];
	double x;

	switch (o->type) {
	case OPT_FLAG:
		*(int *)at = 1;
		return E_OK;
	case OPT_TEXT:
		*(const char **)at = value;
		return E_OK;
	case OPT_TEXTS: {
		struct opt_texts *t = at;

		if (t->n == (int)(sizeof t->at / sizeof *t->at))
			return err_set(e, E_USAGE, "--%s is given more than %d times", o->name, t->n);
		t->at[t->n++] = value;
		return E_OK;
	}
	case OPT_COUNT:
	case OPT_DURATION:
		if (!parse_integer(o, value, at))
			return E_OK;
		describe_bounds(o, takes, sizeof takes);
		break;
	case OPT_SHARE:
		if (!parse_number(value, share, &x) && x >= 0 && x <= 1) {
			*(double *)at = x;
			return E_OK;
		}
		snprintf(takes, sizeof takes, "a share from 0 to 1 (0.1 or 10%%)");
		break;
	case OPT_GROUP:
		break;
	}
	return err_set(e, E_USAGE, "--%s '%s': takes %s; see '%s --help'", o->name, value, takes, os->program);
}

/* Levenshtein's distance, capped lengths: to guess what was meant. */
static int distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	int n = (int)strnlen(a, MAX), m = (int)strnlen(b, MAX), row[MAX + 1];

	for (int j = 0; j <= m; j++)
		row[j] = j;
	for (int i = 1; i <= n; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= m; j++) {
			int d = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = row[j] + 1 < d ? row[j] + 1 : d;
			row[j] = row[j - 1] + 1 < row[j] ? row[j - 1] + 1 : row[j];
		}
	}
	return row[m];
}

static int unknown(const struct opts *os, const char *arg, struct err *e)
{
	const char *best = NULL;
	char name[64];
	int least = 4;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
	for (const struct opt *o = os->opt; o->name || o->type == OPT_GROUP; o++) {
		int d = o->name && !strncmp(name, "--", 2) ? distance(name + 2, o->name) : 9;

		if (d < least) {
			least = d;
			best = o->name;
		}
	}
	if (best)
		return err_set(e, E_USAGE, "unknown option '%s'; did you mean '--%s'? See '%s --help'", name, best,
			       os->program);
	return err_set(e, E_USAGE, "unknown option '%s'; see '%s --help'", name, os->program);
}

static const char *type_arg(const struct opt *o)
{
	static const char *const arg[] = {
		[OPT_TEXT] = "TEXT",     [OPT_TEXTS] = "TEXT",  [OPT_COUNT] = "N",
		[OPT_DURATION] = "TIME", [OPT_SHARE] = "SHARE",
	};

	return o->arg ? o->arg : arg[o->type];
}

static void print_wrapped(FILE *f, const char *text, int indent, int column)
{
	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column > indent && column + 1 + n > 100) {
			fprintf(f, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', f);
			column++;
		}
		fprintf(f, "%.*s", n, text);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

static void print_help(const struct opts *os, FILE *f)
{
	fprintf(f, "Usage: %s %s\n\n%s\n", os->program, os->synopsis, os->purpose);
	for (const struct opt *o = os->opt; o->name || o->type == OPT_GROUP; o++) {
		char left[64];

		if (o->type == OPT_GROUP) {
			fprintf(f, "\n%s:\n", o->help);
			continue;
		}
		snprintf(left, sizeof left, "--%s%s%s", o->name, o->type == OPT_FLAG ? "" : "=",
			 o->type == OPT_FLAG ? "" : type_arg(o));
		fprintf(f, "  %-26s ", left);
		if (strlen(left) > 26)
			fprintf(f, "\n%29s", "");
		char text[1024];
		snprintf(text, sizeof text, "%s%s%s%s", o->help, o->preset ? " [" : "", o->preset ? o->preset : "",
			 o->preset ? "]" : "");
		print_wrapped(f, text, 29, 29);
	}
	fprintf(f, "\nGeneral:\n  %-26s print this and exit\n  %-26s print the version and exit\n", "--help",
		"--version");
	fprintf(f, "  %-26s print the manual page (roff) and exit\n\n", "--man");
	for (const char *s = os->epilogue; *s;) {
		int n = (int)strcspn(s, "\n"), indent = (int)strspn(s, " ");
		char text[1024];

		snprintf(text, sizeof text, "%.*s", n - indent, s + indent);
		fprintf(f, "%*s", indent, "");
		print_wrapped(f, text, indent, indent);
		s += n + (s[n] == '\n');
	}
}

/* Text for roff: a leading dot or quote would be a request, a backslash an escape, a plain minus a hyphen. */
static void print_roff(FILE *f, const char *s)
{
	for (int bol = 1; *s; bol = *s++ == '\n') {
		if (bol && (*s == '.' || *s == '\''))
			fputs("\\&", f);
		if (*s == '\\')
			fputs("\\e", f);
		else if (*s == '-')
			fputs("\\-", f);
		else
			fputc(*s, f);
	}
}

static void print_epilogue(FILE *f, const char *s)
{
	while (*s) {
		int n = (int)strcspn(s, "\n");
		char part[512];

		snprintf(part, sizeof part, "%.*s", n, s);
		if (n > 0 && part[n < 511 ? n - 1 : 510] == ':' && !isspace((unsigned char)part[0])) {
			part[n - 1] = '\0';
			for (char *p = part; *p; p++)
				*p = (char)toupper((unsigned char)*p);
			fprintf(f, ".SH %s\n", part);
		} else if (n == 0) {
			fputs(".PP\n", f);
		} else {
			print_roff(f, part + strspn(part, " "));
			fputs("\n.br\n", f);
		}
		s += n + (s[n] == '\n');
	}
}

static void print_man(const struct opts *os, FILE *f)
{
	fprintf(f, ".TH %s 1 \"\" \"hubcensus %s\" \"User Commands\"\n.SH NAME\n%s \\- ", os->program,
		HUBCENSUS_VERSION, os->program);
	print_roff(f, os->purpose);
	fprintf(f, "\n.SH SYNOPSIS\n.B %s\n", os->program);
	print_roff(f, os->synopsis);
	fputs("\n.SH OPTIONS\n", f);
	for (const struct opt *o = os->opt; o->name || o->type == OPT_GROUP; o++) {
		if (o->type == OPT_GROUP) {
			fprintf(f, ".SS %s\n", o->help);
			continue;
		}
		fputs(".TP\n.B ", f);
		print_roff(f, "--");
		print_roff(f, o->name);
		if (o->type != OPT_FLAG)
			fprintf(f, "=\\fI%s\\fR", type_arg(o));
		fputc('\n', f);
		print_roff(f, o->help);
		if (o->preset) {
			fputs("\nDefault: ", f);
			print_roff(f, o->preset);
			fputc('.', f);
		}
		fputc('\n', f);
	}
	/* Its first paragraph is not the last option's. */
	fputs(".SH NOTES\n", f);
	print_epilogue(f, os->epilogue);
}

static int apply_presets(const struct opts *os, void *to, struct err *e)
{
	for (const struct opt *o = os->opt; o->name || o->type == OPT_GROUP; o++)
		if (o->type != OPT_GROUP && o->preset &&
		    (o->type == OPT_COUNT || o->type == OPT_DURATION || o->type == OPT_SHARE) &&
		    set_value(os, o, o->preset, to, e))
			return e->code;
	return E_OK;
}

enum { CODE_HELP = 1000, CODE_VERSION, CODE_MAN };

static int fill_long(const struct opts *os, struct option *lo)
{
	int n = 0, i = 0;

	for (const struct opt *o = os->opt; o->name || o->type == OPT_GROUP; o++, i++)
		if (o->type != OPT_GROUP && n < OPTS_MAX)
			lo[n++] = (struct option){ o->name, o->type == OPT_FLAG ? no_argument : required_argument, NULL,
						   2000 + i };
	lo[n++] = (struct option){ "help", no_argument, NULL, CODE_HELP };
	lo[n++] = (struct option){ "version", no_argument, NULL, CODE_VERSION };
	lo[n++] = (struct option){ "man", no_argument, NULL, CODE_MAN };
	lo[n] = (struct option){ NULL, 0, NULL, 0 };
	return n;
}

static void print_general(const struct opts *os, int c, int print)
{
	if (print && c == CODE_HELP)
		print_help(os, stdout);
	else if (print && c == CODE_VERSION)
		printf("%s (hubcensus) %s\n", os->program, HUBCENSUS_VERSION);
	else if (print)
		print_man(os, stdout);
}

static int one(const struct opts *os, int c, const char *arg, void *to, int print, int *done, struct err *e)
{
	if (c >= 2000) {
		if (os->given)
			*(uint64_t *)(void *)((char *)to + os->given) |= (uint64_t)1 << (c - 2000);
		return set_value(os, &os->opt[c - 2000], optarg, to, e);
	}
	if (c == ':')
		return err_set(e, E_USAGE, "option '%s' takes a value; see '%s --help'", arg, os->program);
	/* Of an option that is not unknown, getopt says which. */
	if (c == '?' && optopt >= CODE_HELP)
		return err_set(e, E_USAGE, "option '%.*s' takes no value; see '%s --help'", (int)strcspn(arg, "="), arg,
			       os->program);
	if (c == '?')
		return unknown(os, arg, e);
	*done = 1;
	print_general(os, c, print);
	return E_OK;
}

int opts_parse(const struct opts *os, int argc, char **argv, void *to, int print, char ***args, int *nargs, int *done,
	       struct err *e)
{
	struct option lo[OPTS_MAX + 4];
	int c;

	*done = 0;
	fill_long(os, lo);
	if (apply_presets(os, to, e))
		return e->code;
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", lo, NULL)) != -1) {
		if (one(os, c, argv[optind > 0 ? optind - 1 : 0], to, print, done, e))
			return e->code;
		if (*done)
			return E_OK;
	}
	*args = argv + optind;
	*nargs = argc - optind;
	if (*nargs < os->nargs_min)
		return err_set(e, E_USAGE, "an argument is missing: %s %s", os->program, os->synopsis);
	if (*nargs > os->nargs_max)
		return err_set(e, E_USAGE, "'%s' is one argument too many: %s %s", (*args)[os->nargs_max], os->program,
			       os->synopsis);
	return E_OK;
}

const char *opts_beside(const struct opts *os, const void *from, const char *const *names)
{
	uint64_t given = *(const uint64_t *)(const void *)((const char *)from + os->given);

	for (int i = 0; given >> i; i++) {
		const char *const *n = names;

		while (given >> i & 1 && *n && strcmp(*n, os->opt[i].name) != 0)
			n++;
		if (given >> i & 1 && !*n)
			return os->opt[i].name;
	}
	return NULL;
}

/* Is this process one of many, and not the first? By the variables of Open MPI, PMI and Slurm. */
static int is_later_rank(void)
{
	static const char *const names[] = { "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *s = getenv(names[i]);

		if (s)
			return strcmp(s, "0") != 0;
	}
	return 0;
}

int opts_general(const struct opts *os, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		int code = !strcmp(argv[i], "--help")    ? CODE_HELP
			 : !strcmp(argv[i], "--version") ? CODE_VERSION
			 : !strcmp(argv[i], "--man")     ? CODE_MAN
							 : 0;

		if (code) {
			print_general(os, code, !is_later_rank());
			return 1;
		}
	}
	return 0;
}

/* A path need not be UTF-8, but JSON must be: '?' for a byte that is not. NULL when memory is short. */
static json_t *echo_text(const char *s)
{
	char printable[4200];
	json_error_t why;
	json_t *x = json_pack_ex(&why, 0, "s", s);

	if (x || json_error_code(&why) != json_error_invalid_utf8)
		return x;
	return json_string(err_printable(printable, sizeof printable, s, strlen(s)));
}

static json_t *echo_one(const struct opt *o, const void *at)
{
	const struct opt_texts *t;
	const char *s;
	json_t *a;

	switch (o->type) {
	case OPT_FLAG:
		return json_boolean(*(const int *)at);
	case OPT_TEXT:
		s = *(const char *const *)at;
		return s ? echo_text(s) : json_null();
	case OPT_TEXTS:
		t = at;
		a = json_array();
		for (int i = 0; i < t->n && a; i++)
			if (json_array_append_new(a, echo_text(t->at[i]))) {
				json_decref(a);
				a = NULL;
			}
		return a;
	case OPT_SHARE:
		return json_real(*(const double *)at);
	default:
		return json_integer(*(const int64_t *)at);
	}
}

char *opts_echo(const struct opts *os, const void *from)
{
	json_t *j = json_object();
	char *s = NULL;
	int rc = j ? 0 : -1;

	for (const struct opt *o = os->opt; !rc && (o->name || o->type == OPT_GROUP); o++) {
		char key[64];

		if (o->type == OPT_GROUP || o->secret)
			continue;
		snprintf(key, sizeof key, "%s%s", o->name, o->type == OPT_DURATION ? "_ms" : "");
		rc = json_object_set_new(j, key, echo_one(o, (const char *)from + o->offset));
	}
	/* Without one of them it would tell of another run. */
	if (!rc)
		s = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return s;
}
