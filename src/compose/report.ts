import { type Diagnostic, diagnosticAt, type Findings, SourceError } from '../util/diagnostic.ts';
import type { ComposeError } from '../util/errors.ts';
import type { LocateOptions } from './locate.ts';
import type { ModelContext } from './model-context.ts';
import type { Lookup } from './template.ts';
import { formatPath, own, type TreePath } from './tree-path.ts';

/** Says what is wrong with the value at a path of the merged tree. */
export type ReportAt = (path: TreePath, message: string, extra?: Pick<Diagnostic, 'hint' | 'code'>) => void;

/** Codes of reports that do not stop the loading. */
const WARNINGS: ReadonlySet<string> = new Set([
  'deprecated',
  'command-cut',
  'obsolete',
  'unsupported',
  'refused',
  'ignored',
]);
/** Told at once; who mends these sees the next. */
const MOST_TOLD = 100;

/** Whether a report with this code leaves the project usable. */
export function isWarning(code: string | undefined): boolean {
  return code !== undefined && WARNINGS.has(code);
}

/** The code of a report about a file that cannot be read. */
export function fileProblem(error: ComposeError): { readonly code?: string } {
  return error.code === 'FILE_NOT_FOUND' ? { code: 'missing-file' } : {};
}

/** A reporter that finds the place of a path in the files. */
export function reporter(
  context: Pick<ModelContext, 'locator' | 'findings'> & { readonly lookup?: Lookup | undefined },
  options: Pick<LocateOptions, 'isKey' | 'tree'> = {},
): ReportAt {
  return (path, message, extra = {}) => {
    const severity = isWarning(extra.code) ? 'warning' : 'error';
    if (!context.findings.hasRoom(severity)) return;
    if (path.some((_, depth) => context.findings.isUnread(formatPath(path.slice(0, depth + 1))))) return;
    const place = context.locator.place(path, { lookup: context.lookup, ...options });
    context.findings.add(diagnosticAt(place, { severity, message, path: formatPath(path), ...extra }));
  };
}

/** Throws SourceError with all errors there are, each once. */
export function failOnErrors(findings: Findings): void {
  if (!findings.hasErrors) return;
  const seen = new Set<string>();
  const errors = findings.all.filter((diagnostic) => {
    const key = `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}:${diagnostic.message}`;
    if (diagnostic.severity !== 'error' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const [first] = errors;
  const codes = {
    yaml: 'SYNTAX',
    interpolation: 'INTERPOLATION',
    cycle: 'CYCLE',
    limit: 'LIMIT',
    'missing-file': 'FILE_NOT_FOUND',
    remote: 'UNSUPPORTED',
  } as const;
  const code = own(codes as Record<string, (typeof codes)[keyof typeof codes]>, first?.code ?? '') ?? 'INVALID';
  const files = [...new Set(errors.map(({ file }) => file))];
  // As someone who goes through the files meets them.
  errors.sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
  const told = errors.slice(0, MOST_TOLD);
  if (told.length < errors.length) told.push({ severity: 'error', message: 'there are more errors than these' });
  throw new SourceError(code, told);
}

/** The warnings there are, each once. */
export function warningsOf(findings: Findings): Diagnostic[] {
  const seen = new Set<string>();
  const warnings = findings.all.filter((diagnostic) => {
    const key = `${diagnostic.code === 'unset-variable' ? '' : `${diagnostic.file}:${diagnostic.line}`}${diagnostic.message}`;
    if (diagnostic.severity !== 'warning' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const told = warnings.slice(0, MOST_TOLD);
  if (told.length < warnings.length) told.push({ severity: 'warning', message: 'there are more warnings than these' });
  return told;
}
