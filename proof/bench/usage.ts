import { readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import type { ServerProcess } from '../kit/server-process';

/** CPU time that was used so far. Steadier than times on a machine that others use as well. */
export interface Usage {
  readonly serverCpuMs: number;
  /** Of each of PostgreSQL's processes, by its id; NaN where it can't be known, as PostgreSQL is on another machine. */
  readonly postgresCpuMs: ReadonlyMap<number, number>;
}

/** In which /proc counts CPU time on Linux, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

export async function readUsage(server: ServerProcess, dataSource: DataSource): Promise<Usage> {
  const serverCpuMs = (await readMetric(server, 'process_cpu_seconds_total')) * 1_000;
  const processes = await dataSource.query<{ pid: number; is_local: boolean }[]>(
    `SELECT pid, inet_server_addr() IS NULL OR inet_server_addr() << '127.0.0.0/8' AS is_local FROM pg_stat_activity
      WHERE datname = current_database() OR backend_type IN ('checkpointer', 'background writer', 'walwriter', 'io worker')`,
  );
  return {
    serverCpuMs,
    postgresCpuMs: new Map(processes.map(({ pid, is_local }) => [pid, is_local ? cpuMs(pid) : NaN])),
  };
}

/** CPU time between two moments for each of so many operations. Processes that ended meanwhile are left out. */
export function usageEach(
  before: Usage,
  after: Usage,
  operations: number,
): { serverCpuMs: number; postgresCpuMs: number } {
  let postgresCpuMs = 0;
  for (const [pid, ms] of after.postgresCpuMs) postgresCpuMs += ms - (before.postgresCpuMs.get(pid) ?? 0);
  return {
    serverCpuMs: (after.serverCpuMs - before.serverCpuMs) / operations,
    postgresCpuMs: postgresCpuMs / operations,
  };
}

function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is a name in parentheses, which may have anything in it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000;
  } catch {
    return NaN;
  }
}

export async function rssMb(server: ServerProcess): Promise<number> {
  return (await readMetric(server, 'process_resident_memory_bytes')) / 1_048_576;
}

/** A metric without labels. */
async function readMetric(server: ServerProcess, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)![1]);
}
