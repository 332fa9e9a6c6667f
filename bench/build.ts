import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { median, type Row } from './table.ts';
import { settleMs, settlingRuns, type Workshop } from './workshop.ts';

const stages = 10;

/** The same Dockerfile by both, `DOCKER_BUILDKIT` and buildx as the peers have them. */
export async function build(workshop: Workshop, { runs }: { readonly runs: number }): Promise<Row[]> {
  const context = join(workshop.directory, 'build');
  mkdirSync(join(context, 'files'), { recursive: true });
  for (let index = 0; index < 200; index += 1) writeFileSync(join(context, 'files', String(index)), `${index}\n`);
  writeFileSync(join(workshop.directory, 'Base'), `FROM rootfs:${workshop.rootfs}\n`);
  const ours = [resolve(import.meta.dirname, '../bin/tscompose'), 'image', 'build'];
  workshop.ours([...ours, '-q', '-t', workshop.image, '-f', join(workshop.directory, 'Base'), context]);

  const names = Array.from({ length: stages }, (_, index) => `s${index}`);
  writeFileSync(
    join(context, 'Dockerfile'),
    [
      ...names.map((name) => `FROM ${workshop.image} AS ${name}\nARG VARIANT\nRUN echo $VARIANT ${name} > /tmp/made`),
      `FROM ${workshop.image}\nCOPY files /tmp/files`,
      ...names.map((name) => `COPY --from=${name} /tmp/made /tmp/${name}`),
      '',
    ].join('\n'),
  );
  const samples = {
    anew: { ours: [] as number[], peer: [] as number[] },
    again: { ours: [] as number[], peer: [] as number[] },
  };
  for (let run = 0; run < settlingRuns; run += 1)
    workshop.ours([...ours, '-q', '-t', workshop.image, '-f', join(workshop.directory, 'Base'), context]);
  for (let run = 0; run < runs; run += 1) {
    const variant = `${process.pid}-${run}`;
    const one = [...ours, '-t', 'tscompose-bench-built', '--build-arg', `VARIANT=${variant}`, context];
    const other = ['docker', 'build', '-t', 'tscompose-bench-built', '--build-arg', `VARIANT=${variant}`, context];
    samples.anew.ours.push(workshop.ours(one));
    samples.again.ours.push(workshop.ours(one));
    await delay(settleMs);
    samples.anew.peer.push(workshop.peer(other));
    samples.again.peer.push(workshop.peer(other));
    // Another one of that name would leave this one behind without a name.
    workshop.peer(['docker', 'rmi', '-f', 'tscompose-bench-built']);
    await delay(settleMs);
  }
  const row = (measure: string, { ours: own, peer }: { readonly ours: number[]; readonly peer: number[] }): Row => ({
    measure,
    unit: 'ms',
    ours: median(own),
    peer: median(peer),
    peerName: 'docker build',
    samples: { ours: own, peer },
  });
  return [
    row(`image build, ${stages} independent RUN steps`, samples.anew),
    row('image build, nothing to do', samples.again),
  ];
}
