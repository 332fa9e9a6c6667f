import assert from 'node:assert/strict';
import { SourceError } from '../../../src/util/diagnostic.ts';
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

  it('with more values than there is room for is refused before they are read', async () => {
    const text = `services: {a: {image: x, command: [${'a,'.repeat(1_300_000)}]}}\n`;
    await assert.rejects(load(text), /compose.yaml: file has more than 1200000 values/);
    const prose = 'one, two: three\n    '.repeat(500_000);
    assert.ok((await load(`services: {a: {image: x}}\nx-prose: |\n    ${prose}\n`)).project.services.a);
  });

  it('with a list of fifty thousand pairs is loaded', async () => {
    const { project } = await load(
      `services:\n  a:\n    image: x\n    labels:\n${many(50_000, (i) => `      - k${i}=v\n`)}`,
    );
    assert.equal(Object.keys(project.services.a?.labels ?? {}).length, 50_000);
  });

  it('with a million mistakes in its YAML, or one in each of many services, is told the first hundred', async () => {
    for (const text of ['&a '.repeat(20_000), 'a: '.repeat(500_000)])
      await assert.rejects(load(text), (error) => error instanceof SourceError && error.diagnostics.length <= 101);
    const services = many(1500, (i) => `  s${i}: {imag: x, port: 1}\n`);
    await assert.rejects(load(`services:\n${services}`), /there are more errors than these/);
    const lost = many(300, (i) => `  s${i}: {image: x, depends_on: [t${i}]}\n`);
    await assert.rejects(load(`services:\n${lost}`), /there are more errors than these/);
  });

  it('nested a million deep on one line is refused before it is parsed', async () => {
    for (const text of ['- ', '? ', '['])
      await assert.rejects(load(text.repeat(1_000_000)), /values are nested too deeply/);
  });

  it('of a thousand documents is loaded, and of more is refused', async () => {
    const documents = (count: number) =>
      `services: {a: {image: x}}\n${many(count, (i) => `---\nservices: {a: {labels: [l${i}=1]}}\n`)}`;
    const { project } = await load(documents(999));
    assert.equal(Object.keys(project.services.a?.labels ?? {}).length, 999);
    await assert.rejects(load(documents(1000)), /compose.yaml: file has more than 1000 documents/);
  });

  it('whose variables repeat each other without end is refused', async () => {
    const lines = many(30, (i) => `A${i + 1}=$A${i}$A${i}$A${i}$A${i}\n`);
    const files = { 'compose.yaml': 'services: {a: {image: x, env_file: x.env}}', 'x.env': `A0=xxxxxxxxxx\n${lines}` };
    await assert.rejects(load(files), /x.env:\d+:1: with its variables this becomes too long/);
    const long = { A: 'a'.repeat(100_000) };
    const labels = many(1000, (i) => `      l${i}: $A\n`);
    await assert.rejects(
      load(`services:\n  a:\n    image: x\n    labels:\n${labels}`, { environment: long }),
      (error) => error instanceof SourceError && error.code === 'LIMIT',
    );
  });

  it('with very many mistakes is told the first hundred, whatever it is warned of before', async () => {
    const warnings = many(3000, (i) => `      V${i}: $UNSET${i}\n`);
    const mistakes = many(5000, (i) => `    wrong${i}: 1\n`);
    const text = `services:\n  a:\n    image: x\n    environment:\n${warnings}${mistakes}`;
    const error = await load(text).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof SourceError);
    assert.equal(error.diagnostics.length, 101);
    assert.equal(error.diagnostics.at(-1)?.message, 'there are more errors than these');
    const { warnings: told } = await load(text.slice(0, -mistakes.length));
    assert.equal(told.length, 101);
  });
});
