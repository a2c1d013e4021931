// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include "crawler/alone.h"
#include "crawler/crawl.h"
#include "crawler/dryrun.h"
#include "crawler/forget.h"
#include "crawler/options.h"
#include "crawler/replay.h"
#include "crawler/stop.h"
#include "io/agree.h"
#include "io/launch.h"
#include "io/log.h"
#include "io/secret.h"

static void forget(const struct options *o, int rank, struct err *e)
{
	int rc = E_OK;

	alone_begin(MPI_COMM_WORLD, ALONE_HEAD);
	if (rank == 0)
		rc = forget_run(o, alone_is_stopped, e);
	alone_end();
	err_agree(MPI_COMM_WORLD, rc, e);
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct options o;
	int rank, nranks, done = 0, rc, code = 0;

	secret_guard();
	log_init("hubcrawl", 0);
	if (opts_general(&crawl_opts, argc, argv)) {
		if (log_check_output(&e))
			log_error(&e);
		return err_exit_code(e.code);
	}
	if ((code = launch_check("hubcrawl")))
		return code;
	/* At once: the start of a thousand ranks takes a while, and a batch system may not wait for it. */
	stop_catch();
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	rc = options_parse(&o, argc, argv, rank == 0, &done, &e);
	options_share(&o, nranks);
	/* Rank 0 of a crawl reads it, and blanks it then. */
	if (rank != 0 || o.forget || o.from_archive)
		secret_wipe();
	log_init("hubcrawl", o.quiet);
	if (!err_agree(MPI_COMM_WORLD, rc, &e) && !done) {
		stop_ignore_rest();
		if (o.forget)
			forget(&o, rank, &e);
		else if (o.dry_run)
			dryrun_run(MPI_COMM_WORLD, &o, alone_is_stopped, &e);
		else if (o.from_archive)
			replay_run(MPI_COMM_WORLD, &o, &code, &e);
		else
			crawl_run(MPI_COMM_WORLD, &o, &code, &e);
	}
	/* Of a crawl that went well, too: who asked for its summary has not got it. */
	if (!e.code && rank == 0)
		log_check_output(&e);
	err_agree(MPI_COMM_WORLD, e.code, &e);
	if (e.code) {
		code = err_exit_code(e.code);
		/* A clean stop is none. */
		if (rank == 0 && e.code == E_STOPPED)
			log_note("%s", e.text);
		else if (rank == 0)
			log_error(&e);
	}
	MPI_Finalize();
	return code;
}
