import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { ContainerRecord, NetworkRecord, VolumeRecord } from '../model/records.ts';
import { isIoError } from '../util/sqlite-errors.ts';
import type { Paths } from './paths.ts';
import { SqliteDatabase, told } from './sqlite-database.ts';

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
