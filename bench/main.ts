// Side by side with Docker Compose and runc, in one run on one machine. CONTRIBUTING.md says how to read the numbers.
//   npm run bench -- [--runs 5] [--only up,ps,…] [--sizes 1,10,30,100] [--json FILE]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks.ts';
import { formatTable, type Row } from './table.ts';
import { openWorkshop } from './workshop.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: Object.keys(benchmarks).join(',') },
    sizes: { type: 'string', default: '1,10,30,100' },
    json: { type: 'string' },
  },
});
const names = values.only.split(',');
const unknown = names.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error('bench: root is needed, as the peers need it');
  process.exit(2);
}

await using workshop = await openWorkshop();
const rows: Row[] = [];
for (const name of names) {
  console.error(`bench: ${name}`);
  const settings = { runs: Number(values.runs), sizes: values.sizes.split(',').map(Number) };
  rows.push(...(await benchmarks[name]!(workshop, settings)));
}
const machine = {
  kernel: release(),
  processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  memoryBytes: totalmem(),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim(),
  peers: workshop.peerVersions,
};
console.log(formatTable(rows));
console.log(`${machine.processor}, kernel ${machine.kernel}, ${machine.peers}; median of ${values.runs}`);
console.log(`a peer's command is entered in ${workshop.entryMs.toFixed(1)} ms, which is taken off its times`);
if (values.json)
  writeFileSync(values.json, `${JSON.stringify({ machine, runs: Number(values.runs), rows }, null, 2)}\n`);
