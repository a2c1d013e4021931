// SPDX-License-Identifier: Apache-2.0
#include "io/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const char *const secret_variable[SECRET_NVARIABLES] = { "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" };

void secret_guard(void)
{
	for (int i = 0; i < SECRET_NVARIABLES; i++) {
		const char *value = getenv(secret_variable[i]);

		if (value && *value)
			secret_no_core();
	}
}

void secret_no_core(void)
{
	struct rlimit core;

	/* One byte: less than any file needs, and the value for which no program that takes cores from a pipe is
	 * started either, as it is for none (core(5), RLIMIT_CORE). Not prctl(PR_SET_DUMPABLE): it would keep the ranks
	 * of a machine out of each other's memory, which MPI uses. */
	if (!getrlimit(RLIMIT_CORE, &core)) {
		core.rlim_cur = core.rlim_max < 1 ? core.rlim_max : 1;
		setrlimit(RLIMIT_CORE, &core);
	}
}

void secret_wipe(void)
{
	/* getenv() would show the first of several of one name. */
	for (char **v = environ; v && *v; v++) {
		for (int i = 0; i < SECRET_NVARIABLES; i++) {
			size_t n = strlen(secret_variable[i]);

			if (!strncmp(*v, secret_variable[i], n) && (*v)[n] == '=')
				explicit_bzero(*v + n + 1, strlen(*v + n + 1));
		}
	}
}
