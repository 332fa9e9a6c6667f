import assert from 'node:assert/strict';
import { ComposeError } from '../../../src/util/errors.ts';
import { load } from './support.ts';

const many = (count: number, each: (i: number) => string) => Array.from({ length: count }, (_, i) => each(i)).join('');

describe('a large project', () => {
  it('of two thousand services is loaded', async () => {
    const text = `x-common: &common {restart: always, environment: {A: 1, B: 2, C: 3}, labels: {a: b, c: d}}\nservices:\n${many(
      2000,
      (i) =>
        `  s${i}:\n    <<: *common\n    image: example/${i}:1\n    ports: ["${10000 + i}:80"]\n${i > 0 ? `    depends_on: [s${i - 1}]\n` : ''}`,
    )}`;
    assert.equal(Object.keys((await load(text)).project.services).length, 2000);
  });

  it('with a map of a hundred thousand keys is loaded', async () => {
    const { project } = await load(
      `services:\n  a:\n    image: x\n    labels:\n${many(100_000, (i) => `      k${i}: v\n`)}`,
    );
    assert.equal(Object.keys(project.services.a?.labels ?? {}).length, 100_000);
  });

  it('that includes a file in a file a hundred times is refused, not followed for ever', async () => {
    const files: Record<string, string> = {};
    for (let i = 0; i < 150; i++)
      files[i === 0 ? 'compose.yaml' : `f${i}.yaml`] = `include: [f${i + 1}.yaml]\nservices: {s${i}: {image: x}}\n`;
    files['f150.yaml'] = 'services: {last: {image: x}}\n';
    await assert.rejects(load(files), (error) => error instanceof ComposeError && error.code === 'LIMIT');
  });

  it('that includes two files that include two files, and so on, is refused', async () => {
    const files: Record<string, string> = { 'f12.yaml': 'services: {last: {image: x}}\n' };
    for (let i = 0; i < 12; i++) {
      files[i === 0 ? 'compose.yaml' : `f${i}.yaml`] =
        `include: [f${i + 1}.yaml, {path: [f${i + 1}.yaml]}]\nservices: {s${i}: {image: x}}\n`;
    }
    await assert.rejects(load(files), (error) => error instanceof ComposeError && error.code === 'LIMIT');
  });

  it('that is larger than a limit is refused', async () => {
    const text = `services: {a: {image: x}}\n#${'x'.repeat(17 * 1024 * 1024)}\n`;
    await assert.rejects(load(text), /compose.yaml is larger than 16 MiB/);
  });
});
