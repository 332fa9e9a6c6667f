import { posix, resolve } from 'node:path';
import { ComposeError } from '../../util/errors.ts';

/** What one of the two words of `cp` means. */
export type CopyPlace =
  | { readonly at: 'container'; readonly service: string; readonly path: string }
  | { readonly at: 'machine'; readonly path: string }
  /** `-`: an archive on standard input or output. */
  | { readonly at: 'stream' };

/** The two words of `cp`: one of them names a service. */
export type CopyRoute =
  | { readonly direction: 'in'; readonly from: Exclude<CopyPlace, { at: 'container' }>; readonly to: ContainerPlace }
  | { readonly direction: 'out'; readonly from: ContainerPlace; readonly to: Exclude<CopyPlace, { at: 'container' }> };

export type ContainerPlace = Extract<CopyPlace, { at: 'container' }>;

/** Reads `SERVICE:PATH` and a path of this machine, in either order. Throws USAGE. */
export function parseRoute(source: string, destination: string): CopyRoute {
  const from = parsePlace(source);
  const to = parsePlace(destination);
  if (from.at === 'container' && to.at === 'container') {
    throw new ComposeError('USAGE', 'copying between services is not supported', {
      hint: 'send an archive: tscompose cp SERVICE:PATH - | tscompose cp - SERVICE:PATH',
    });
  }
  if (from.at === 'container' && to.at !== 'container') return { direction: 'out', from, to };
  if (to.at === 'container' && from.at !== 'container') return { direction: 'in', from, to };
  throw new ComposeError('USAGE', 'unknown copy direction', { hint: 'write one of the two as SERVICE:PATH' });
}

function parsePlace(text: string): CopyPlace {
  if (text === '-') return { at: 'stream' };
  const colon = text.indexOf(':');
  // `./a:b` and `/a:b` are files whose names have a colon.
  if (colon <= 0 || text.startsWith('/') || text.startsWith('.')) return { at: 'machine', path: text };
  return { at: 'container', service: text.slice(0, colon), path: text.slice(colon + 1) || '/' };
}

/** How a path was written says more than where it leads. */
export interface WrittenPath {
  /** Absolute, without `.` and `..` at its end. */
  readonly path: string;
  /** It ends with `/.`: what is in the directory is meant, and not the directory. */
  readonly isContent: boolean;
  /** It ends with `/`, `/.` or `/..`: nothing but a directory will do. */
  readonly isDirectory: boolean;
}

/** A path that is relative to `base`. */
export function writtenPath(text: string, base: string): WrittenPath {
  const isContent = text === '.' || text.endsWith('/.');
  const isDirectory = isContent || text === '..' || text.endsWith('/..') || text.endsWith('/');
  const path = base === '/' ? posix.normalize(posix.join('/', text)) : resolve(base, text);
  return { path: path.length > 1 ? path.replace(/\/$/, '') : path, isContent, isDirectory };
}
