import { type Document, Lexer } from 'yaml';
import { type Diagnostic, diagnosticAt, type SourceText } from '../util/diagnostic.ts';
import { Converter } from './convert.ts';
import { parseLenient, parseStrict } from './lenient-yaml.ts';
import { LIMITS } from './limits.ts';
import type { ParsedDocument } from './parsed-document.ts';
import { explainYamlErrors } from './yaml-errors.ts';

const YAML_OPTIONS = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' } as const;
/** What YAML does not allow in a file. */
const UNPRINTABLE = /[^\t\n\r -~\x85\xa0-\ufffd]/;

/** Reads the documents of a file. What is wrong with it goes to `report`, and then the result is not complete. */
export function parseYaml(source: SourceText, report: (diagnostic: Diagnostic) => void): ParsedDocument[] {
  if (source.text.length > LIMITS.fileBytes) {
    report({
      severity: 'error',
      file: source.name,
      message: `file is larger than ${LIMITS.fileBytes / 1024 / 1024} MiB`,
      code: 'limit',
    });
    return [];
  }
  const invalid = source.text.indexOf('\ufffd');
  if (invalid >= 0 && !isValidUtf8(source)) {
    const place = { source, offset: invalid, length: 1 };
    report(diagnosticAt(place, { severity: 'error', message: 'file is not UTF-8' }));
    return [];
  }
  const unprintable = UNPRINTABLE.exec(source.text);
  if (unprintable !== null) {
    const code = unprintable[0].charCodeAt(0).toString(16).padStart(2, '0');
    const message = `character 0x${code} is not text`;
    report(
      diagnosticAt({ source, offset: unprintable.index, length: 1 }, { severity: 'error', message, code: 'yaml' }),
    );
    return [];
  }
  if (hasTooManyValues(source.text)) {
    const message = `file has more than ${LIMITS.values} values`;
    report({ severity: 'error', file: source.name, message, code: 'limit' });
    return [];
  }
  if (isNestedTooDeeply(source.text)) {
    report({ severity: 'error', file: source.name, message: 'values are nested too deeply', code: 'limit' });
    return [];
  }
  let documents: Document.Parsed[];
  try {
    documents = parseStrict(source.text, YAML_OPTIONS);
    if (documents.some(({ errors }) => errors.length > 0)) {
      const lenient = parseLenient(source.text, YAML_OPTIONS);
      if (lenient.every(({ errors }) => errors.length === 0)) documents = lenient;
    }
  } catch (error) {
    // The parser recurses: a file of a hundred thousand brackets ends its stack.
    if (!(error instanceof RangeError)) throw error;
    report({ severity: 'error', file: source.name, message: 'values are nested too deeply', code: 'limit' });
    return [];
  }
  if (documents.length > LIMITS.documents) {
    const message = `file has more than ${LIMITS.documents} documents`;
    report({ severity: 'error', file: source.name, message, code: 'limit' });
    return [];
  }
  const parsed: ParsedDocument[] = [];
  for (const syntax of documents) {
    if (syntax.errors.length > 0) {
      for (const diagnostic of explainYamlErrors(source, syntax)) report(diagnostic);
      continue;
    }
    const converter = new Converter(source, report);
    const value = converter.convertRoot(syntax.contents);
    if (!converter.isOverLimit) parsed.push({ source, value, resets: converter.resets, syntax });
  }
  return parsed;
}

/** Counts them only in a file that is large enough, and has as many marks between values. */
function hasTooManyValues(text: string): boolean {
  if (text.length < 2 * LIMITS.values) return false;
  let marks = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 44 || code === 58 || code === 10) marks += 1;
  }
  if (marks < LIMITS.values) return false;
  let values = 0;
  // A plain or block scalar has a mark of its own before it (yaml's Lexer).
  for (const token of new Lexer().lex(text)) if (token === '\x1f' || token[0] === '"' || token[0] === "'") values += 1;
  return values > LIMITS.values;
}

/** Whether a long line goes deeper than any value may: the parser would go all the way before anyone could say so. */
function isNestedTooDeeply(text: string): boolean {
  if (text.length < 100_000 || !/[^\n]{50000}/.test(text)) return false;
  let brackets = 0;
  let marks = 0;
  let pairs = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    if (token === '-' || token === '?') marks += 1;
    else if (token === '\n' || token === '\x1f') marks = 0;
    // Outside of brackets a line has one pair; the parser takes each further one for a map in a map.
    if (token === '\n') pairs = 0;
    else if (token === ':' && brackets === 0) pairs += 1;
    if (Math.max(brackets, marks, pairs) > LIMITS.depth) return true;
  }
  return false;
}

/** Sources decoded from bytes remember whether they were valid; text that came as text is. */
function isValidUtf8(source: SourceText & { readonly isUtf8?: boolean }): boolean {
  return source.isUtf8 !== false;
}
