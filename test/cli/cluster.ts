// A real Slurm cluster of one node for tests: munged, slurmctld and slurmd in folders and at ports of their own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel"];

/** Why there can be no cluster here; false if there can. */
export function missingCluster(): string | false {
  if (process.platform !== "linux") return "Slurm runs on Linux alone";
  if (process.getuid?.() !== 0) return "slurmd takes root";
  const folders = ["/usr/sbin", ...(process.env.PATH ?? "").split(delimiter)];
  const missing = PROGRAMS.filter(
    (name) => !folders.some((folder) => existsSync(join(folder, name))),
  );
  return missing.length > 0 && `no ${missing.join(", ")}: apt-get install slurm-wlm munge`;
}

export interface Cluster {
  /** With which clients find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a client, and gives what it printed. */
  call(program: string, ...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a cluster whose node has two processors, and waits until it is idle. Nothing outside its folder is touched. */
export async function startCluster(): Promise<Cluster> {
  const root = mkdtempSync(join(tmpdir(), "aro-slurm-"));
  const inRoot = (name: string) => join(root, name);
  const config = inRoot("slurm.conf");
  const env = { SLURM_CONF: config, PATH: `/usr/sbin:${process.env.PATH ?? ""}` };
  const daemons: ChildProcess[] = [];
  const endAtOnce = () => {
    for (const daemon of daemons) daemon.kill("SIGKILL");
  };
  process.once("exit", endAtOnce); // of a test that ends without stopping it
  const begin = (program: string, ...args: string[]) => {
    const daemon = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...env } });
    daemon.on("error", () => {}); // seen by what it does not do
    daemons.push(daemon);
  };
  const call = async (program: string, ...args: string[]) =>
    (await run(program, args, { env: { ...process.env, ...env } })).stdout;
  const stop = async () => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.pid === undefined) continue;
      const ended = new Promise((resolve) => daemon.once("close", resolve));
      daemon.kill("SIGTERM");
      const late = setTimeout(() => daemon.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    }
    process.off("exit", endAtOnce);
    rmSync(root, { recursive: true, force: true });
  };
  try {
    for (const name of ["state", "spool"]) mkdirSync(inRoot(name));
    writeFileSync(inRoot("munge.key"), randomBytes(128), { mode: 0o600 });
    const [controller, node] = await freePorts(2);
    writeFileSync(config, configOf(root, controller, node));
    const places = ["socket", "pid-file", "log-file", "seed-file"].map(
      (name) => `--${name}=${inRoot(`munge.${name}`)}`,
    );
    // By force, because it takes a folder below /tmp for unsafe.
    begin("munged", "--foreground", "--force", `--key-file=${inRoot("munge.key")}`, ...places);
    await until(async () => existsSync(inRoot("munge.socket")), root);
    begin("slurmctld", "-D", "-f", config);
    begin("slurmd", "-D", "-f", config);
    await until(async () => (await call("sinfo", "-h", "-o", "%T")).trim() === "idle", root);
    return { env, call, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configOf(root: string, controller: number, node: number): string {
  const name = hostname().split(".")[0];
  return `ClusterName=aro
SlurmctldHost=${name}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# A task that is put back waits until its old credential has expired.
AuthInfo=socket=${root}/munge.socket,cred_expire=5
StateSaveLocation=${root}/state
SlurmdSpoolDir=${root}/spool
SlurmctldPidFile=${root}/slurmctld.pid
SlurmdPidFile=${root}/slurmd.pid
SlurmctldLogFile=${root}/slurmctld.log
SlurmdLogFile=${root}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=1,sched_interval=2
KillWait=20
MaxArraySize=100
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=${name} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=${name} Default=YES MaxTime=INFINITE State=UP
`;
}

/** @throws Error with the daemons' last lines after twenty seconds. */
async function until(holds: () => Promise<boolean>, root: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await holds().catch(() => false)) return;
    await wait(200);
  }
  const logs = ["munge.log-file", "slurmctld.log", "slurmd.log"].map((name) => join(root, name));
  const last = logs
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8").split("\n").slice(-6).join("\n"));
  throw new Error(`startCluster: expected an idle node, got none\n${last.join("\n")}`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () =>
            resolve((server.address() as { readonly port: number }).port),
          );
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
