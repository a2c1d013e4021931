// SPDX-License-Identifier: Apache-2.0
/* The list of an archive's segments: of a folder that cannot be read to its end there is none. */
#include "crawler/archive.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

static int ending;    /* what the folder ends with: an errno, or 0 */
static int left = -1; /* entries to come */

/* Instead of the library's, in this program: two segments and something else, last first. */
struct dirent *readdir(DIR *d)
{
	static const char *const name[] = { "snapshot.json", "20261122221501123-r0000-000000.warc.gz",
					    "20261122221501123-r0001-000000.warc.gz" };
	static struct dirent x;

	(void)d;
	if (left == 0) {
		if (ending)
			errno = ending;
		return NULL;
	}
	snprintf(x.d_name, sizeof x.d_name, "%s", name[--left]);
	return &x;
}

int main(void)
{
	struct archive_list l;
	struct err e = ERR_INIT;

	left = 3;
	errno = EINTR; /* of anything before */
	ok(!archive_list(&l, "/", &e) && l.n == 2 && strstr(l.names, "r0000"), "a folder is listed, by name");
	archive_list_release(&l);
	left = 2;
	ending = EIO;
	ok(archive_list(&l, "/", &e) == E_IO && !l.names && l.n == 0, "one that breaks off is not");
	ok(strstr(e.text, "'/'") != NULL, "and is named: %s", e.text);
	archive_list_release(&l);
	return plan_done();
}
