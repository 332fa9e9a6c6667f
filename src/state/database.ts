import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { ContainerRecord, NetworkRecord, VolumeRecord } from '../model/records.ts';
import { ComposeError } from '../util/errors.ts';
import { isIoError, toldOfDisk } from '../util/sqlite-errors.ts';
import type { Paths } from './paths.ts';

/** A project that was applied: what healing and `ls` need to know of it. */
export interface ProjectRecord {
  readonly name: string;
  readonly origin: ProjectOrigin;
  /** The project as last applied; healing drives towards it. */
  readonly project: Project | null;
  readonly updatedAt: string;
}

/**
 * The records of all projects in one SQLite file. Resources are JSON in a row each, keyed by what must be unique;
 * SQLite's own locking makes name and subnet reservations safe between supervisors.
 */
export interface Database extends Disposable {
  projects(): ProjectRecord[];
  project(name: string): ProjectRecord | null;
  saveProject(record: ProjectRecord): void;
  removeProject(name: string): void;

  /** Containers of one project, or of all; sorted by service, then number. */
  containers(project?: string): ContainerRecord[];
  container(id: string): ContainerRecord | null;
  containerByName(name: string): ContainerRecord | null;
  saveContainer(record: ContainerRecord): void;
  removeContainer(id: string): void;
  /**
   * As `saveContainer`, but a full disk does not stop it: the record is owed, known to this process alone until it is
   * written or the container is removed. What frees space must not need any.
   */
  noteContainer(record: ContainerRecord): void;
  /** Writes what is owed; throws NO_SPACE while it cannot. */
  settle(): void;

  networks(project?: string): NetworkRecord[];
  networkByName(name: string): NetworkRecord | null;
  saveNetwork(record: NetworkRecord): void;
  removeNetwork(id: string): void;

  volumes(project?: string): VolumeRecord[];
  volumeByName(name: string): VolumeRecord | null;
  saveVolume(record: VolumeRecord): void;
  removeVolume(name: string): void;

  /** Runs `action` in one IMMEDIATE transaction: readers see all of it or nothing, other writers wait. */
  transaction<T>(action: () => T): T;
}

const schemaVersion = 1;

/** A writer elsewhere holds the lock for microseconds; this is for a machine under heavy load. */
const patienceMs = 5_000;

const schema = `
  CREATE TABLE projects (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE containers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, project TEXT NOT NULL, service TEXT NOT NULL,
    number INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX containers_by_project ON containers (project, service, number);
  CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, project TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE volumes (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL) STRICT;
`;

/**
 * Opens the records, making them when missing. `read` never creates: with no file there it answers from an empty
 * in-memory database. Throws NO_SPACE or KERNEL when the disk does not take them, SQLite's error when they are damaged.
 */
export function openDatabase(paths: Paths, mode: 'read' | 'write' = 'write'): Database {
  return told(() => {
    if (mode === 'write') return new SqliteDatabase(openToWrite(paths.database));
    const db = openToRead(paths.database);
    if (version(db) !== 0) return new SqliteDatabase(db);
    // The first supervisor of this machine is just making it.
    db.close();
    const empty = new DatabaseSync(':memory:');
    migrate(empty);
    return new SqliteDatabase(empty);
  });
}

function openToWrite(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const db = new DatabaseSync(path, { timeout: patienceMs });
  // NORMAL in WAL mode survives the death of any process; only a power cut may lose the last transactions,
  // and after a reboot no container, link or mount of them is left either.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  migrate(db);
  return db;
}

function openToRead(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: patienceMs });
    try {
      version(db);
      return db;
    } catch (error) {
      db.close();
      // A reader makes the shared memory where nobody has the records open; a full disk has no room for it. Then nobody
      // changes them either, and all of them are in the file.
      const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
      if (!isIoError(error) || (log !== undefined && log.size > 0)) throw error;
      return new DatabaseSync(new URL(`${pathToFileURL(path).href}?immutable=1`), { readOnly: true });
    }
  } catch (error) {
    if (error instanceof Error && /unable to open/.test(error.message)) return new DatabaseSync(':memory:');
    throw error;
  }
}

function told<T>(action: () => T): T {
  return toldOfDisk('the records', action);
}

function migrate(db: DatabaseSync): void {
  if (version(db) === schemaVersion) return;
  db.exec('BEGIN IMMEDIATE');
  // Another process may have been first while this one waited for the lock.
  if (version(db) !== schemaVersion) {
    db.exec(schema);
    db.exec(`PRAGMA user_version = ${schemaVersion}`);
  }
  db.exec('COMMIT');
}

function version(db: DatabaseSync): number {
  const row = db.prepare('PRAGMA user_version').get();
  return Number(row?.user_version ?? 0);
}

/** By project, service, number and name. */
function byPlace(a: ContainerRecord, b: ContainerRecord): number {
  return (
    compare(a.project, b.project) || compare(a.service, b.service) || a.number - b.number || compare(a.name, b.name)
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

class SqliteDatabase implements Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #tables = new Map<string, string>();
  /** Rows as they were parsed last: most are read far more often than they change. */
  readonly #parsed = new Map<string, { readonly body: string; readonly value: unknown }>();
  readonly #owed = new Map<string, ContainerRecord>();
  /** What this connection has read and written; `data_version` tells of other connections (sqlite.org/pragma.html). */
  #containers: Map<string, ContainerRecord> | null = null;
  #dataVersion = 0;
  #depth = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  projects(): ProjectRecord[] {
    return this.#rows<ProjectRecord>('SELECT rowid AS row, body FROM projects ORDER BY name');
  }

  project(name: string): ProjectRecord | null {
    return this.#row<ProjectRecord>('SELECT rowid AS row, body FROM projects WHERE name = ?', name);
  }

  saveProject(record: ProjectRecord): void {
    this.#run('INSERT OR REPLACE INTO projects (name, body) VALUES (?, ?)', record.name, JSON.stringify(record));
  }

  removeProject(name: string): void {
    this.#run('DELETE FROM projects WHERE name = ?', name);
  }

  containers(project?: string): ContainerRecord[] {
    const all = [...this.#currentContainers().values()];
    return all.filter((record) => project === undefined || record.project === project).sort(byPlace);
  }

  container(id: string): ContainerRecord | null {
    return this.#currentContainers().get(id) ?? null;
  }

  containerByName(name: string): ContainerRecord | null {
    for (const record of this.#currentContainers().values()) if (record.name === name) return record;
    return null;
  }

  noteContainer(record: ContainerRecord): void {
    try {
      this.saveContainer(record);
    } catch (error) {
      if (!(error instanceof ComposeError) || error.code !== 'NO_SPACE') throw error;
      this.#owed.set(record.id, record);
      this.#containers?.set(record.id, record);
    }
  }

  settle(): void {
    for (const record of this.#owed.values()) this.saveContainer(record);
  }

  saveContainer(record: ContainerRecord): void {
    this.#run(
      `INSERT INTO containers (id, name, project, service, number, body) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, number = excluded.number, body = excluded.body`,
      record.id,
      record.name,
      record.project,
      record.service,
      record.number,
      JSON.stringify(record),
    );
    this.#owed.delete(record.id);
    this.#containers?.set(record.id, record);
  }

  removeContainer(id: string): void {
    this.#run('DELETE FROM containers WHERE id = ?', id);
    this.#owed.delete(id);
    this.#containers?.delete(id);
  }

  networks(project?: string): NetworkRecord[] {
    return project === undefined
      ? this.#rows<NetworkRecord>('SELECT rowid AS row, body FROM networks ORDER BY name')
      : this.#rows<NetworkRecord>('SELECT rowid AS row, body FROM networks WHERE project = ? ORDER BY name', project);
  }

  networkByName(name: string): NetworkRecord | null {
    return this.#row<NetworkRecord>('SELECT rowid AS row, body FROM networks WHERE name = ?', name);
  }

  saveNetwork(record: NetworkRecord): void {
    this.#run(
      `INSERT INTO networks (id, name, project, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
      record.id,
      record.name,
      record.project,
      JSON.stringify(record),
    );
  }

  removeNetwork(id: string): void {
    this.#run('DELETE FROM networks WHERE id = ?', id);
  }

  volumes(project?: string): VolumeRecord[] {
    return project === undefined
      ? this.#rows<VolumeRecord>('SELECT rowid AS row, body FROM volumes ORDER BY name')
      : this.#rows<VolumeRecord>('SELECT rowid AS row, body FROM volumes WHERE project = ? ORDER BY name', project);
  }

  volumeByName(name: string): VolumeRecord | null {
    return this.#row<VolumeRecord>('SELECT rowid AS row, body FROM volumes WHERE name = ?', name);
  }

  saveVolume(record: VolumeRecord): void {
    this.#run(
      `INSERT INTO volumes (name, project, body) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET body = excluded.body`,
      record.name,
      record.project,
      JSON.stringify(record),
    );
  }

  removeVolume(name: string): void {
    this.#run('DELETE FROM volumes WHERE name = ?', name);
  }

  transaction<T>(action: () => T): T {
    if (this.#depth > 0) return action();
    told(() => this.#db.exec('BEGIN IMMEDIATE'));
    this.#depth++;
    try {
      const result = action();
      told(() => this.#db.exec('COMMIT'));
      return result;
    } catch (error) {
      // A full disk ends a transaction by itself (sqlite.org/lang_transaction.html).
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#containers = null;
      throw error;
    } finally {
      this.#depth--;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** All containers by id, read again when another process has written. */
  #currentContainers(): ReadonlyMap<string, ContainerRecord> {
    const dataVersion = Number(this.#prepare('PRAGMA data_version').get()?.data_version);
    if (this.#containers === null || dataVersion !== this.#dataVersion) {
      const records = this.#rows<ContainerRecord>('SELECT rowid AS row, body FROM containers');
      this.#containers = new Map(records.map((record) => [record.id, this.#owed.get(record.id) ?? record]));
      this.#dataVersion = dataVersion;
    }
    return this.#containers;
  }

  #table(sql: string): string {
    let table = this.#tables.get(sql);
    if (table === undefined) {
      table = /FROM (\w+)/.exec(sql)?.[1] ?? '';
      this.#tables.set(sql, table);
    }
    return table;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: (string | number)[]): void {
    told(() => this.#prepare(sql).run(...values));
  }

  #rows<T>(sql: string, ...values: (string | number)[]): T[] {
    return told(() => this.#prepare(sql).all(...values)).map((row) => this.#parse<T>(sql, row));
  }

  #row<T>(sql: string, ...values: (string | number)[]): T | null {
    const row = told(() => this.#prepare(sql).get(...values));
    return row === undefined ? null : this.#parse<T>(sql, row);
  }

  #parse<T>(sql: string, row: Record<string, unknown>): T {
    const body = String(row.body);
    const key = `${this.#table(sql)} ${row.row}`;
    const known = this.#parsed.get(key);
    if (known !== undefined && known.body === body) return known.value as T;
    const value = JSON.parse(body) as T;
    this.#parsed.set(key, { body, value });
    return value;
  }
}
