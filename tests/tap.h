// SPDX-License-Identifier: Apache-2.0
/* The Test Anything Protocol, for prove(1). Nothing jumps: a rank that fails a test goes on and stays in step with the
 * others. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_count, tap_failed;

/* One test. One that fails is told on stderr, too, for prove(1) shows nothing else. Returns whether it held. */
__attribute__((format(printf, 2, 3), unused)) static int ok(int cond, const char *fmt, ...)
{
	char name[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	printf("%sok %d - %s\n", cond ? "" : "not ", ++tap_count, name);
	fflush(stdout);
	if (!cond) {
		tap_failed++;
		fprintf(stderr, "# not ok %d - %s\n", tap_count, name);
	}
	return cond;
}

/* A line of explanation. */
__attribute__((format(printf, 1, 2), unused)) static void diag(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

__attribute__((unused)) static void skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, why);
}

/* Print the plan; returns the exit code of the test program. */
__attribute__((unused)) static int plan_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
