import { diagnosticAt, type Findings, type Place } from '../util/diagnostic.ts';
import { findNode } from './locate.ts';
import { type ParsedDocument, placeOfNode } from './parsed-document.ts';
import { type Lookup, substitute, TemplateError } from './template.ts';
import { formatPath, isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

type Cast = 'boolean' | 'integer' | 'number';
interface CastTree {
  readonly [key: string]: Cast | CastTree;
}

const UPDATE: CastTree = { parallelism: 'integer', max_failure_ratio: 'number' };
const RESOURCE: CastTree = {
  external: 'boolean',
  internal: 'boolean',
  attachable: 'boolean',
  enable_ipv4: 'boolean',
  enable_ipv6: 'boolean',
};
const ULIMITS: CastTree = { '*': { soft: 'integer', hard: 'integer' } };
const HOOKS: CastTree = { '*': { privileged: 'boolean', per_replica: 'boolean' } };

/** Where text, after interpolation, stands for something else. A list position is `*`, and so is any key. */
const CASTS: CastTree = {
  services: {
    '*': {
      attach: 'boolean',
      blkio_config: { weight: 'integer', weight_device: { '*': { weight: 'integer' } } },
      build: { no_cache: 'boolean', privileged: 'boolean', pull: 'boolean', ulimits: ULIMITS },
      cpu_count: 'integer',
      cpu_percent: 'number',
      cpu_period: 'integer',
      cpu_quota: 'integer',
      cpu_rt_period: 'integer',
      cpu_rt_runtime: 'integer',
      cpu_shares: 'integer',
      cpus: 'number',
      depends_on: { '*': { restart: 'boolean' } },
      deploy: {
        placement: { max_replicas_per_node: 'integer' },
        replicas: 'integer',
        resources: {
          limits: { cpus: 'number', pids: 'integer' },
          reservations: {
            cpus: 'number',
            generic_resources: { '*': { discrete_resource_spec: { value: 'integer' } } },
          },
        },
        restart_policy: { max_attempts: 'integer' },
        rollback_config: UPDATE,
        update_config: UPDATE,
      },
      develop: { watch: { '*': { initial_sync: 'boolean', exec: { privileged: 'boolean' } } } },
      env_file: { '*': { required: 'boolean' } },
      healthcheck: { disable: 'boolean', retries: 'integer' },
      init: 'boolean',
      oom_kill_disable: 'boolean',
      oom_score_adj: 'integer',
      pids_limit: 'integer',
      ports: { '*': { target: 'integer' } },
      post_start: HOOKS,
      pre_start: HOOKS,
      pre_stop: HOOKS,
      privileged: 'boolean',
      read_only: 'boolean',
      scale: 'integer',
      stdin_open: 'boolean',
      tty: 'boolean',
      ulimits: ULIMITS,
      volumes: { '*': { read_only: 'boolean', bind: { create_host_path: 'boolean' }, volume: { nocopy: 'boolean' } } },
    },
  },
  networks: { '*': RESOURCE },
  volumes: { '*': { external: 'boolean' } },
  secrets: { '*': { external: 'boolean' } },
  configs: { '*': { external: 'boolean' } },
};

/** What text at a path stands for, if for something else. */
export function castAt(path: TreePath): Cast | undefined {
  let casts: Cast | CastTree | undefined = CASTS;
  for (const segment of path) {
    if (typeof casts !== 'object') return undefined;
    casts = Object.hasOwn(casts, segment) ? casts[segment] : casts['*'];
  }
  return typeof casts === 'string' ? casts : undefined;
}

const BOOLEANS: Readonly<Record<string, { readonly value: boolean; readonly isOld: boolean }>> = {
  true: { value: true, isOld: false },
  false: { value: false, isOld: false },
  y: { value: true, isOld: true },
  yes: { value: true, isOld: true },
  on: { value: true, isOld: true },
  n: { value: false, isOld: true },
  no: { value: false, isOld: true },
  off: { value: false, isOld: true },
};

const SIZES = ['ulimits'];

export interface InterpolateOptions {
  /** undefined: leave variables as they are, and cast nothing. */
  readonly lookup: Lookup | undefined;
  readonly findings: Findings;
}

/** Replaces the variables in all values of a document (keys stay), and casts what must be a number or boolean. */
export function interpolateDocument(document: ParsedDocument, options: InterpolateOptions): Value {
  if (options.lookup === undefined) return document.value;
  const walk = new Walk(document, options.lookup, options.findings);
  return walk.visit(document.value, CASTS);
}

const MAX_LENGTH = 64 * 1024 * 1024;

class Walk {
  private readonly document: ParsedDocument;
  private readonly lookup: Lookup;
  private readonly findings: Findings;
  /** Variables that were told to be missing. */
  private readonly unset = new Set<string>();
  private readonly path: (string | number)[] = [];
  private hasFailed = false;
  private length = 0;

  constructor(document: ParsedDocument, lookup: Lookup, findings: Findings) {
    this.document = document;
    this.lookup = lookup;
    this.findings = findings;
  }

  visit(value: Value, casts: Cast | CastTree | undefined): Value {
    if (typeof value === 'string') return this.text(value, casts);
    if (Array.isArray(value)) {
      const inner = typeof casts === 'object' ? casts['*'] : undefined;
      const unread = new Set<number>();
      for (let i = 0; i < value.length; i++) {
        this.path.push(i);
        this.hasFailed = false;
        const item = value[i] as Value;
        value[i] = this.visit(item, inner);
        if (this.hasFailed && typeof item === 'string') unread.add(i);
        this.path.pop();
      }
      return unread.size === 0 ? value : value.filter((_, index) => !unread.has(index));
    }
    if (isTree(value)) this.tree(value, typeof casts === 'object' ? casts : undefined);
    return value;
  }

  private tree(tree: Tree, casts: CastTree | undefined): void {
    for (const key of Object.keys(tree)) {
      this.path.push(key);
      const inner = casts === undefined ? undefined : Object.hasOwn(casts, key) ? casts[key] : casts['*'];
      tree[key] = this.visit(tree[key] as Value, inner);
      this.path.pop();
    }
  }

  private text(text: string, casts: Cast | CastTree | undefined): Value {
    let result = text;
    if (text.includes('$')) {
      const unset = new Set<string>();
      try {
        result = substitute(text, { lookup: this.lookup, onUnset: (name) => unset.add(name) });
        this.length += result.length;
        if (this.length > MAX_LENGTH)
          throw new TemplateError('limit', 'with their variables the values become too long', 0, text.length);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        this.fail(text, error);
        return casts === undefined ? '' : text;
      }
      for (const name of unset) this.warnUnset(text, name);
    }
    const cast = typeof casts === 'string' ? casts : this.isUlimit() ? 'integer' : undefined;
    return cast === undefined ? result : this.cast(result, cast, text);
  }

  /** `ulimits.nofile: "${N}"`: a limit is a number or a map, so the table has no cast for it. */
  private isUlimit(): boolean {
    const { path } = this;
    return SIZES.includes(String(path.at(-2))) && path[0] === 'services' && (path.length === 4 || path[2] === 'build');
  }

  private cast(text: string, cast: Cast, original: string): Value {
    if (cast === 'boolean') {
      const word = text.toLowerCase();
      const boolean = Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined;
      if (boolean === undefined) return this.badCast(text, 'true or false', original);
      if (boolean.isOld) {
        this.findings.add(
          diagnosticAt(this.place(), {
            severity: 'warning',
            code: 'old-boolean',
            path: formatPath(this.path),
            message: `${formatPath(this.path)}: ${JSON.stringify(text)} is an old way to say ${boolean.value}`,
          }),
        );
      }
      return boolean.value;
    }
    if (cast === 'integer') {
      return /^[-+]?\d+$/.test(text) ? Number(text) : this.badCast(text, 'a whole number', original);
    }
    const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(number) ? number : this.badCast(text, 'a number', original);
  }

  private badCast(text: string, expected: string, original: string): Value {
    if (!this.findings.hasRoom('error')) return text;
    const path = formatPath(this.path);
    const origin = original === text ? '' : ` (from ${JSON.stringify(original)})`;
    this.findings.add(
      diagnosticAt(this.place(), {
        severity: 'error',
        code: 'type',
        path,
        message: `${path}: expected ${expected}, got ${text === '' ? 'nothing' : JSON.stringify(text)}${origin}`,
      }),
    );
    return text;
  }

  private fail(text: string, error: TemplateError): void {
    this.hasFailed = true;
    if (!this.findings.hasRoom('error')) return;
    const path = formatPath(this.path);
    // An item of a list is left out.
    if (typeof this.path.at(-1) === 'string') this.findings.addUnread(path);
    const place = this.place(text, error.offset, error.length);
    this.findings.add(
      diagnosticAt(place, {
        severity: 'error',
        code: error.kind === 'limit' ? 'limit' : 'interpolation',
        path,
        message: `${path}: ${error.message}`,
        ...hintOf(error),
      }),
    );
  }

  private warnUnset(text: string, name: string): void {
    if (this.unset.has(name) || !this.findings.hasRoom('warning')) return;
    this.unset.add(name);
    const offset = Math.max(text.indexOf(`$${name}`), text.indexOf(`\${${name}`));
    this.findings.add(
      diagnosticAt(this.place(text, Math.max(0, offset), name.length + 1), {
        severity: 'warning',
        code: 'unset-variable',
        path: formatPath(this.path),
        message: `The "${name}" variable is not set. Defaulting to a blank string.`,
      }),
    );
  }

  /** The place of the current value, or of the part of its text that begins at an offset. */
  private place(text?: string, offset = 0, length = 1): Place | undefined {
    const node = findNode(this.document, this.path);
    const whole = node === undefined ? undefined : placeOfNode(this.document.source, node);
    if (whole === undefined || text === undefined) return whole;
    // Quotes and folding move things: the same piece of text is looked for in the scalar as it is written.
    const piece = text.slice(offset, offset + length);
    let nth = 0;
    for (let i = text.indexOf(piece); i >= 0 && i < offset; i = text.indexOf(piece, i + 1)) nth += 1;
    let at = whole.source.text.indexOf(piece, whole.offset);
    for (; nth > 0 && at >= 0; nth--) at = whole.source.text.indexOf(piece, at + 1);
    if (at < 0 || at >= whole.offset + whole.length) return whole;
    return { source: whole.source, offset: at, length: piece.length };
  }
}

function hintOf({ kind, variable }: TemplateError): { hint?: string } {
  if (kind === 'limit') return {};
  if (kind === 'required') return { hint: `set ${variable} in the environment or in .env` };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the file
  return { hint: 'write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+value}; a literal $ is $$' };
}
