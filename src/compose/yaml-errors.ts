import { type Document, isNode, isScalar, type Node, visit } from 'yaml';
import { type Diagnostic, diagnosticAt, type SourceText } from '../util/diagnostic.ts';

type YamlError = Document.Parsed['errors'][number];

interface Explanation {
  readonly message: string;
  readonly hint?: string;
  /** Where it begins, when that is not where the reader gave up. */
  readonly offset?: number;
  readonly length?: number;
  /** Nothing behind it can be trusted. */
  readonly isLast?: boolean;
}

const MOST_ERRORS = 10;

/** What the YAML reader found wrong with a document, in words for people who did not mean to write YAML: one a line. */
export function explainYamlErrors(source: SourceText, syntax: Document.Parsed): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const error of syntax.errors) {
    const [from, to] = error.pos;
    const { offset = from, length = to - from, isLast, ...words } = explain(error, source.text, syntax);
    const place = { source, offset, length: Math.max(1, length) };
    const diagnostic = diagnosticAt(place, { severity: 'error', code: 'yaml', ...words });
    if (!found.some(({ line }) => line === diagnostic.line)) found.push(diagnostic);
    if (isLast || found.length === MOST_ERRORS) break;
  }
  return found;
}

function explain({ code, message, pos: [from] }: YamlError, text: string, syntax: Document.Parsed): Explanation {
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const indent = /^ */.exec(text.slice(lineStart))?.[0].length ?? 0;
  if (/^Missing closing/.test(message)) {
    const quoted = openAt(syntax, from, (node) => isScalar(node) && node.type?.startsWith('QUOTE') === true);
    return { message: 'this quote is not closed', offset: quoted ?? from, length: 1, isLast: true };
  }
  const end = /end with an? ([\]}])/.exec(message)?.[1];
  if (end !== undefined) {
    const begin = end === ']' ? '[' : '{';
    const opened = openAt(syntax, from, (node) => text[node.range?.[0] ?? 0] === begin);
    return { message: `this ${begin} is not closed with ${end}`, offset: opened ?? from, length: 1, isLast: true };
  }
  if (/^Missing , or : between/.test(message)) return { message: 'a comma is missing before this' };
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab cannot indent', hint: 'use spaces', length: 1 };
    case 'BAD_INDENT':
      return {
        message: `this line is indented by ${indent}, which fits none of the lines above`,
        hint: 'items of one list and keys of one map begin in the same column',
        offset: lineStart + indent,
        length: 1,
      };
    case 'BAD_SCALAR_START':
      return { message: `text cannot begin with ${text[from]}`, hint: 'quote it' };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { message: 'there is a second key on this line', hint: 'quote text that has a colon and a blank in it' };
    case 'BAD_DQ_ESCAPE':
      return {
        message: `${text.slice(from, from + 2)} means nothing within double quotes`,
        hint: `write \\${text.slice(from, from + 2)}, or use single quotes`,
      };
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR': {
      if (!/^Implicit (?:map )?keys need/.test(message)) break;
      const line = text.slice(lineStart).split('\n', 1)[0] ?? '';
      const hint = /^\s*[\w.-]+:\S/.test(line) ? 'put a blank behind the colon' : 'a key has a colon behind it';
      return {
        message: 'this is neither a key nor a value',
        hint,
        offset: lineStart + indent,
        length: line.trim().length,
      };
    }
    case 'UNEXPECTED_TOKEN':
      return { message: 'this does not fit what is before it', isLast: true };
  }
  const sentence = message.replace(/\s+/g, ' ').trim();
  return { message: /call stack/i.test(message) ? 'values are nested too deeply' : lowerFirst(sentence) };
}

function lowerFirst(text: string): string {
  return (text[0]?.toLowerCase() ?? '') + text.slice(1);
}

/** Where the innermost node of a kind begins that is not yet closed at an offset. */
function openAt(syntax: Document.Parsed, offset: number, isMeant: (node: Node) => boolean): number | undefined {
  let begin: number | undefined;
  visit(syntax, (_key, node) => {
    if (!isNode(node) || node.range === undefined || node.range === null) return;
    const [from, end] = node.range;
    if (from <= offset && end >= offset && isMeant(node)) begin = from;
  });
  return begin;
}
