import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ContainerRecord, NetworkRecord, VolumeRecord } from '../model/records.ts';
import { ComposeError } from '../util/errors.ts';
import { toldOfDisk } from '../util/sqlite-errors.ts';
import type { Database, ProjectRecord } from './database.ts';

/** The records over one open SQLite file that has the schema; closes it when disposed of. */
export class SqliteDatabase implements Database {
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

/** By project, service, number and name. */
function byPlace(a: ContainerRecord, b: ContainerRecord): number {
  return (
    compare(a.project, b.project) || compare(a.service, b.service) || a.number - b.number || compare(a.name, b.name)
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Says of an error of SQLite's that the records could not be read or written. */
export function told<T>(action: () => T): T {
  return toldOfDisk('the records', action);
}
