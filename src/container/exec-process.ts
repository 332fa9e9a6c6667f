/** `exec`: the OCI process object of a further process, made of the container's own. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Hook } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import type { OciProcess, OciSpec } from './oci.ts';

export interface ExecRequest {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `name`, `uid`, `name:group`; null: the container's own. */
  readonly user: string | null;
  readonly workingDir: string | null;
  readonly terminal: boolean;
}

/** The accounts that a container knows: the texts of its /etc/passwd and /etc/group. */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

/** The process for a lifecycle hook, or what a change of files has run, in a container with this configuration. Throws USER_NOT_FOUND. */
export function hookProcess(spec: OciSpec, hook: Hook, accounts: Accounts): OciProcess {
  const request = {
    args: hook.command ?? [],
    environment: Object.fromEntries(
      Object.entries(hook.environment ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
    ),
    user: hook.user ?? null,
    workingDir: hook.working_dir ?? null,
    terminal: false,
  };
  return execProcess(spec, request, accounts);
}

/** The process for `request` in a container with this configuration. Throws USER_NOT_FOUND. */
export function execProcess(spec: OciSpec, request: ExecRequest, accounts: Accounts): OciProcess {
  const own = spec.process;
  const name = request.user ?? spec.annotations['dev.tscompose.user'] ?? '';
  const user = name === '' ? { ...own.user, home: homeOf(own.user.uid, accounts) } : resolveUser(name, accounts);
  const isRoot = user.uid === 0;
  const variables = new Map(own.env.map((entry) => splitVariable(entry)));
  if (request.terminal && !variables.has('TERM')) variables.set('TERM', 'xterm');
  // The container's HOME is that of its own user.
  if (user.home !== null && (request.user !== null || !variables.has('HOME'))) variables.set('HOME', user.home);
  for (const [key, value] of Object.entries(request.environment)) variables.set(key, value);
  return {
    ...own,
    terminal: request.terminal,
    user: {
      uid: user.uid,
      gid: user.gid,
      ...(user.additionalGids?.length ? { additionalGids: user.additionalGids } : {}),
    },
    args: request.args,
    env: [...variables].map(([key, value]) => `${key}=${value}`),
    cwd: request.workingDir ?? own.cwd,
    capabilities: {
      ...own.capabilities,
      effective: isRoot ? own.capabilities.bounding : [],
      permitted: isRoot ? own.capabilities.bounding : [],
    },
  };
}

interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids?: readonly number[];
  readonly home: string | null;
}

/** `name`, `uid`, either with `:group`, as the container's accounts have it; numbers need no account. */
export function resolveUser(text: string, { passwd, group }: Accounts): ResolvedUser {
  const [user = '', groupName] = text.split(':', 2);
  const account = entries(passwd).find(([name, , uid]) => name === user || uid === user);
  const uid = isNumber(user) ? Number(user) : Number(account?.[2]);
  if (!isNumber(user) && account === undefined) {
    throw new ComposeError(
      'USER_NOT_FOUND',
      `unable to find user ${user}: no such entry in the container's /etc/passwd`,
      {
        hint: 'name a user of the image, or a number',
        exitCode: 126,
      },
    );
  }
  const home = account?.[5] ?? null;
  const groups = entries(group);
  if (groupName !== undefined && groupName !== '') {
    const found = groups.find(([name]) => name === groupName);
    if (found === undefined && !isNumber(groupName)) {
      throw new ComposeError('USER_NOT_FOUND', `unable to find group ${groupName} in the container's /etc/group`, {
        exitCode: 126,
      });
    }
    const gid = found === undefined ? Number(groupName) : Number(found[2]);
    return { uid, gid, additionalGids: [gid], home };
  }
  const gid = Number(account?.[3] ?? 0);
  const memberships = groups
    .filter(([, , , members = '']) => account !== undefined && members.split(',').includes(account[0] ?? ''))
    .map(([, , other]) => Number(other));
  // The primary one among them, as in addon/core/launch.cc.
  return { uid, gid, additionalGids: [...new Set([gid, ...memberships])], home };
}

/** Reads the accounts of a running container through its init. */
export async function readAccounts(pid: number): Promise<Accounts> {
  const [passwd, group] = await Promise.all([
    readSmallFile(`/proc/${pid}/root/etc/passwd`),
    readSmallFile(`/proc/${pid}/root/etc/group`),
  ]);
  return { passwd, group };
}

const accountsLimitBytes = 1 << 20;

/** The container may have put anything there: only a regular file is read, and only so much of it. */
async function readSmallFile(path: string): Promise<string> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return '';
    const buffer = Buffer.alloc(accountsLimitBytes);
    const { bytesRead } = await file.read(buffer, 0, accountsLimitBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

function homeOf(uid: number, { passwd }: Accounts): string | null {
  return entries(passwd).find((entry) => entry[2] === String(uid))?.[5] ?? null;
}

function entries(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function splitVariable(entry: string): [string, string] {
  const equals = entry.indexOf('=');
  return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}
