import { Composer, type Document, Lexer, Parser } from 'yaml';

/** What is bent of the lexer's inside. The version of yaml is pinned, and the tests say when it changes. */
interface LexerState {
  indentNext: number;
  flowLevel: number;
  parseFlowCollection(): Generator<string, string | undefined>;
  parseQuotedScalar(): Generator<string, string | undefined>;
}

/**
 * A lexer that does not mind how far lines within brackets and quotes are indented. YAML does, but the reference's reader does
 * not, and people write
 *
 *     command: ["sh", "-c", "
 *       echo hello
 *     "]
 */
class LenientLexer extends (Lexer as unknown as new () => LexerState) {
  /** What the lines after the brackets need. */
  private indentOutside = 0;

  override *parseFlowCollection(): Generator<string, string | undefined> {
    if (this.indentNext > 0) this.indentOutside = this.indentNext;
    this.indentNext = 0;
    const next = yield* super.parseFlowCollection();
    if (this.flowLevel === 0) this.indentNext = this.indentOutside;
    return next;
  }

  override *parseQuotedScalar(): Generator<string, string | undefined> {
    const { indentNext } = this;
    this.indentNext = 0;
    const next = yield* super.parseQuotedScalar();
    this.indentNext = indentNext;
    return next;
  }
}

/** The documents of a text that the strict reader refuses; they may have errors just the same. */
export function parseLenient(text: string, options: ConstructorParameters<typeof Composer>[0]): Document.Parsed[] {
  const parser = new Parser();
  Object.assign(parser, { lexer: new LenientLexer() });
  return [...new Composer(options).compose(parser.parse(text))] as Document.Parsed[];
}
