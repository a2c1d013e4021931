# SPDX-License-Identifier: Apache-2.0
"""A real Slurm of one node for tests: munged, slurmctld and slurmd as plain processes in a folder of their own, on ports of their own, on loopback.

Nothing of the machine's own Slurm is touched, and what is started is ended by its process id.
"""

import os
import shutil
import signal
import socket
import subprocess
import time

from tap import Run, free_port

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={slurmd_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1
MpiDefault=none
KillWait=20
ReturnToService=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 State=UNKNOWN
PartitionName=census Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=0
PartitionName=urgent Nodes={host} MaxTime=INFINITE State=UP PriorityTier=9
"""

STATES_OVER = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY")


def missing():
    """The first program that is not there, or None."""
    for name in ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue"):
        if not shutil.which(name, path=path_of_daemons()):
            return name
    return None


def path_of_daemons():
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Slurm:
    """`with Slurm(folder, env) as slurm: slurm.run("sinfo")`."""

    def __init__(self, place, env):
        self.place = os.path.abspath(place)
        self.host = socket.gethostname().split(".")[0]
        self.env = {k: v for k, v in env.items() if not k.startswith(("SLURM", "PMI"))}
        # Slurm is told of four processors, whatever there are: MPI's ranks have to be told that they may be more than those.
        self.env.update(OMPI_MCA_mpi_yield_when_idle="1", SLURM_CONF=f"{self.place}/slurm.conf", PATH=path_of_daemons())
        self.daemons = []

    def start(self, *args):
        with open(f"{self.place}/daemons.log", "a", encoding="utf-8") as log:
            self.daemons.append(subprocess.Popen(args, env=self.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.place))

    def __enter__(self):
        for name in ("state", "spool"):
            os.mkdir(f"{self.place}/{name}")
        os.chmod(self.place, 0o755)
        with open(f"{self.place}/munge.key", "wb") as f:
            f.write(os.urandom(1024))
        os.chmod(f"{self.place}/munge.key", 0o400)
        ports = {"port": free_port(), "slurmd_port": free_port()}
        with open(f"{self.place}/slurm.conf", "w", encoding="utf-8") as f:
            f.write(CONF.format(host=self.host, place=self.place, **ports))
        files = [f"--{name}-file={self.place}/munge.{name}" for name in ("key", "log", "pid", "seed")]
        self.start("munged", "--foreground", "--force", f"--socket={self.place}/munge.socket", *files)
        self.wait(lambda: os.path.exists(f"{self.place}/munge.socket"), 20, "munged")
        self.start("slurmctld", "-D", "-i")
        self.start("slurmd", "-D", "-N", self.host)
        self.wait(lambda: self.run("sinfo", "-h", "-o", "%T").out.split()[:1] == ["idle"], 60, "the node")
        return self

    def wait(self, condition, seconds, what):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                self.__exit__()
                raise RuntimeError(f"{what} did not come up: {self.log()}")
            time.sleep(0.2)

    def log(self):
        text = ""
        for name in ("daemons.log", "munge.log", "slurmctld.log", "slurmd.log"):
            if os.path.exists(f"{self.place}/{name}"):
                with open(f"{self.place}/{name}", encoding="utf-8", errors="replace") as f:
                    text += f"--- {name}\n" + "".join(f.readlines()[-25:])
        return text

    def __exit__(self, *exc):
        if len(self.daemons) > 2:
            self.run("scancel", *self.run("squeue", "-h", "-o", "%A").out.split())
            until = time.monotonic() + 30
            while self.run("squeue", "-h", "-o", "%A").out.split() and time.monotonic() < until:
                time.sleep(0.2)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons = []
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)

    def left(self):
        """Processes of our jobs and their shepherds that outlived slurmd: they alone have this slurm.conf in their environment."""
        mine = f"SLURM_CONF={self.place}/slurm.conf".encode()
        pids = []
        for pid in os.listdir("/proc"):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mine in f.read().split(b"\0"):
                        pids.append(int(pid))
            except OSError:  # no process, or gone
                pass
        return pids

    def run(self, *args, more=None, **kw):
        return Run(args, env={**self.env, **(more or {})}, **kw)

    def submit(self, *args, **kw):
        """The job's number."""
        r = self.run("sbatch", "--parsable", *args, **kw)
        if r.code:
            raise RuntimeError(str(r))
        return r.out.strip().split(";")[0]

    def show(self, job):
        r = self.run("scontrol", "-o", "show", "job", job)
        return dict(word.split("=", 1) for word in r.out.split() if "=" in word)

    def state(self, job):
        return self.show(job).get("JobState", "gone")

    def until(self, job, seconds, *states):
        """Wait for one of these states, or for the end. The state."""
        end = time.monotonic() + seconds
        while (state := self.state(job)) not in (states or STATES_OVER) and time.monotonic() < end:
            if states and state in STATES_OVER:
                break
            time.sleep(0.5)
        return state
