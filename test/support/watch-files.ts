/** A program that watches the tree it is given and prints what changes, and what troubles it. */
import { watchFiles } from '../../src/watch/file-watch.ts';

const root = process.argv[2] ?? '';
await watchFiles({
  roots: [root],
  ignores: () => false,
  links: 'watched',
  onChange: (path) => console.log(`changed ${path.slice(root.length)}`),
  onTrouble: ({ message, hint }) => console.log(`${message}; ${hint}`),
});
console.log('watching');
