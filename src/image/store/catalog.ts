/** What the image store knows besides its files: names, images, layers and what else is needed, in SQLite. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { toldOfDisk } from '../../util/sqlite-errors.ts';
import type { Descriptor } from '../oci.ts';

/** A name and what it stands for: a manifest, or an index for several platforms. */
export interface StoredReference {
  /** `domain/repository:tag`, or `domain/repository@digest` for what came under that digest. */
  readonly reference: string;
  readonly target: Descriptor;
  readonly updatedAt: string;
}

/** An image of one platform that is whole: manifest, configuration and layers. It stays until it is removed. */
export interface ImageRecord {
  readonly manifest: Descriptor;
  /** Digest of the configuration: the image's id. */
  readonly id: string;
  readonly addedAt: string;
}

/** A layer that was unpacked completely and is on the disk. */
export interface LayerRecord {
  readonly diffId: string;
  /** Of the files in it. */
  readonly sizeBytes: number;
  readonly entries: number;
}

export interface Catalog extends Disposable {
  references(): StoredReference[];
  reference(reference: string): StoredReference | null;
  saveReference(reference: string, target: Descriptor): void;
  removeReference(reference: string): void;

  images(): ImageRecord[];
  saveImage(image: Omit<ImageRecord, 'addedAt'>): void;
  removeImage(manifestDigest: string): void;

  layer(diffId: string): LayerRecord | null;
  layers(): LayerRecord[];
  saveLayer(layer: LayerRecord): void;
  removeLayer(diffId: string): void;

  /** Digests that `owner` needs: collection leaves them and whatever they refer to. */
  pin(owner: string, digests: Iterable<string>): void;
  unpin(owner: string, digest?: string): void;
  pins(): { readonly owner: string; readonly digest: string }[];

  /** Runs `action` in one IMMEDIATE transaction: no other process changes anything meanwhile. */
  transaction<T>(action: () => T): T;
}

const schemaVersion = 1;
const patienceMs = 20_000;

const schema = `
  CREATE TABLE refs (reference TEXT PRIMARY KEY, target TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
  CREATE TABLE images (digest TEXT PRIMARY KEY, id TEXT NOT NULL, manifest TEXT NOT NULL, added_at TEXT NOT NULL) STRICT;
  CREATE TABLE layers (diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL, entries INTEGER NOT NULL) STRICT;
  CREATE TABLE pins (owner TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (owner, digest)) STRICT, WITHOUT ROWID;
`;

/** Opens the catalog, making it when missing. Throws NO_SPACE or KERNEL, and SQLite's error when the file is damaged. */
export function openCatalog(path: string): Catalog {
  return told(() => new SqliteCatalog(open(path)));
}

function told<T>(action: () => T): T {
  return toldOfDisk('the image store', action);
}

function open(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const db = new DatabaseSync(path, { timeout: patienceMs });
  // NORMAL: a power cut may lose the last records, and what they were of is fetched again. It makes none of them wrong:
  // each was written when what it is about was on the disk already.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  if (version(db) !== schemaVersion) {
    db.exec('BEGIN IMMEDIATE');
    if (version(db) !== schemaVersion) db.exec(`${schema} PRAGMA user_version = ${schemaVersion}`);
    db.exec('COMMIT');
  }
  return db;
}

function version(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

class SqliteCatalog implements Catalog {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isInside = false;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  references(): StoredReference[] {
    return this.#all('SELECT * FROM refs ORDER BY reference').map(asReference);
  }

  reference(reference: string): StoredReference | null {
    const [row] = this.#all('SELECT * FROM refs WHERE reference = ?', reference);
    return row === undefined ? null : asReference(row);
  }

  saveReference(reference: string, target: Descriptor): void {
    const now = new Date().toISOString();
    this.#run('INSERT OR REPLACE INTO refs VALUES (?, ?, ?)', reference, JSON.stringify(target), now);
  }

  removeReference(reference: string): void {
    this.#run('DELETE FROM refs WHERE reference = ?', reference);
  }

  images(): ImageRecord[] {
    return this.#all('SELECT * FROM images ORDER BY digest').map((row) => ({
      manifest: JSON.parse(String(row.manifest)) as Descriptor,
      id: String(row.id),
      addedAt: String(row.added_at),
    }));
  }

  saveImage({ manifest, id }: Omit<ImageRecord, 'addedAt'>): void {
    const now = new Date().toISOString();
    const sql = 'INSERT OR IGNORE INTO images VALUES (?, ?, ?, ?)';
    this.#run(sql, manifest.digest, id, JSON.stringify(manifest), now);
  }

  removeImage(manifestDigest: string): void {
    this.#run('DELETE FROM images WHERE digest = ?', manifestDigest);
  }

  layer(diffId: string): LayerRecord | null {
    const [row] = this.#all('SELECT * FROM layers WHERE diff_id = ?', diffId);
    return row === undefined ? null : asLayer(row);
  }

  layers(): LayerRecord[] {
    return this.#all('SELECT * FROM layers ORDER BY diff_id').map(asLayer);
  }

  saveLayer({ diffId, sizeBytes, entries }: LayerRecord): void {
    this.#run('INSERT OR REPLACE INTO layers VALUES (?, ?, ?)', diffId, sizeBytes, entries);
  }

  removeLayer(diffId: string): void {
    this.#run('DELETE FROM layers WHERE diff_id = ?', diffId);
  }

  pin(owner: string, digests: Iterable<string>): void {
    this.transaction(() => {
      for (const digest of digests) this.#run('INSERT OR IGNORE INTO pins VALUES (?, ?)', owner, digest);
    });
  }

  unpin(owner: string, digest?: string): void {
    if (digest === undefined) this.#run('DELETE FROM pins WHERE owner = ?', owner);
    else this.#run('DELETE FROM pins WHERE owner = ? AND digest = ?', owner, digest);
  }

  pins(): { owner: string; digest: string }[] {
    const rows = this.#all('SELECT owner, digest FROM pins');
    return rows.map(({ owner, digest }) => ({ owner: String(owner), digest: String(digest) }));
  }

  transaction<T>(action: () => T): T {
    if (this.#isInside) return action();
    told(() => this.#db.exec('BEGIN IMMEDIATE'));
    this.#isInside = true;
    try {
      const result = action();
      told(() => this.#db.exec('COMMIT'));
      return result;
    } catch (error) {
      // A full disk ends a transaction by itself (sqlite.org/lang_transaction.html).
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    } finally {
      this.#isInside = false;
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return told(() => this.#prepared(sql).all(...values));
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    told(() => this.#prepared(sql).run(...values));
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function asReference(row: Record<string, unknown>): StoredReference {
  return {
    reference: String(row.reference),
    target: JSON.parse(String(row.target)) as Descriptor,
    updatedAt: String(row.updated_at),
  };
}

function asLayer(row: Record<string, unknown>): LayerRecord {
  return { diffId: String(row.diff_id), sizeBytes: Number(row.size), entries: Number(row.entries) };
}
