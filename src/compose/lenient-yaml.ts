import { Composer, Document, Lexer, Parser, type YAMLParseError } from 'yaml';

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

type Options = ConstructorParameters<typeof Composer>[0];

/** The documents of a text. */
export function parseStrict(text: string, options: Options): Document.Parsed[] {
  return compose(new Parser(), text, options);
}

/** The documents of a text that the strict reader refuses; they may have errors just the same. */
export function parseLenient(text: string, options: Options): Document.Parsed[] {
  const parser = new Parser();
  Object.assign(parser, { lexer: new LenientLexer() });
  return compose(parser, text, options);
}

/** Nobody reads more, and a million of them fill the memory. */
const MOST_ERRORS = 1000;
class TooManyErrors extends Error {}

interface ComposerState {
  errors: YAMLParseError[];
  onError: (...what: unknown[]) => void;
}

function compose(parser: Parser, text: string, options: Options): Document.Parsed[] {
  const composer = new Composer(options);
  const state = composer as unknown as ComposerState;
  const { onError } = state;
  let errors = 0;
  state.onError = (...what) => {
    errors += 1;
    if (errors > MOST_ERRORS) throw new TooManyErrors();
    onError(...what);
  };
  const documents: Document.Parsed[] = [];
  try {
    for (const document of composer.compose(parser.parse(text))) documents.push(document as Document.Parsed);
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error;
    const document = new Document();
    document.errors = state.errors;
    documents.push(document as Document.Parsed);
  }
  return documents;
}
