/** Pulls and loads beside Docker and Podman, from one registry on this machine. */
import { execFileSync } from 'node:child_process';
import { globSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type RegistryServer, startRegistry } from '../test/support/docker-registry.ts';
import { addToLayout } from '../test/support/image-layout.ts';
import { median, type Row } from './table.ts';
import type { Workshop } from './workshop.ts';

const layerCount = 10;
const layerBytes = 50e6;
const smallCount = 20;

/** A large image of real files, twenty small ones, and the large one again as an archive. */
export async function images(workshop: Workshop, { runs }: { readonly runs: number }): Promise<Row[]> {
  await using registry = await startRegistry();
  const layout = join(workshop.directory, 'layout');
  const files = realFiles();
  const tars = Array.from({ length: layerCount }, () => tarOfFiles(files, layerBytes));
  addToLayout(layout, 'large', { layers: tars, config: { Cmd: ['/bin/true'] } });
  await registry.push(layout, 'large', 'large:1');
  const small = files.filter((path) => statSync(path).size < 5e5);
  const names = Array.from({ length: smallCount }, (_value, index) => `small${index}`);
  for (const name of names) {
    const layers = [tarOfFiles(small, 2e6), tarOfFiles(small, 1e5)];
    addToLayout(layout, name, { layers, config: { Cmd: [name] } });
    await registry.push(layout, name, `${name}:1`);
  }
  rmSync(layout, { recursive: true });
  const rows = [
    ...(await pullLarge(workshop, registry, runs)),
    await pullSmall(workshop, registry, names, runs),
    ...(await loadLarge(workshop, registry, runs)),
  ];
  tidy(workshop, registry, names);
  return rows;
}

async function pullLarge(workshop: Workshop, { domain }: RegistryServer, runs: number): Promise<Row[]> {
  const name = `${domain}/large:1`;
  const samples = { ours: [] as number[], docker: [] as number[], podman: [] as number[] };
  for (let run = 0; run < runs; run += 1) {
    rested();
    samples.ours.push(workshop.ours([...tscompose, 'image', 'pull', '-q', name]));
    workshop.ours([...tscompose, 'image', 'rm', name]);
    rested();
    samples.docker.push(workshop.peer(['docker', 'pull', '-q', name]));
    workshop.peer(['docker', 'rmi', name]);
    rested();
    samples.podman.push(workshop.peer(['podman', 'pull', '-q', '--tls-verify=false', name]));
    workshop.peer(['podman', 'rmi', name]);
  }
  const measure = `pull of ${(layerCount * layerBytes) / 1e6} MB in ${layerCount} layers`;
  return [row(measure, 'Docker', samples.ours, samples.docker), row(measure, 'Podman', samples.ours, samples.podman)];
}

async function pullSmall(
  workshop: Workshop,
  { domain }: RegistryServer,
  names: readonly string[],
  runs: number,
): Promise<Row> {
  const file = join(workshop.directory, 'small.yaml');
  const services = Object.fromEntries(names.map((name) => [name, { image: `${domain}/${name}:1` }]));
  writeFileSync(file, stringify({ name: 'tscbench-small', services }));
  const all = names.map((name) => `${domain}/${name}:1`);
  const samples = { ours: [] as number[], docker: [] as number[] };
  for (let run = 0; run < runs; run += 1) {
    rested();
    samples.ours.push(workshop.ours([...tscompose, '-f', file, 'pull', '-q']));
    workshop.ours([...tscompose, 'image', 'rm', ...all]);
    rested();
    samples.docker.push(workshop.peer(['docker', 'compose', '-f', file, 'pull', '-q']));
    workshop.peer(['docker', 'rmi', ...all]);
  }
  return row(`pull of ${smallCount} small images`, 'Docker', samples.ours, samples.docker);
}

async function loadLarge(workshop: Workshop, { domain }: RegistryServer, runs: number): Promise<Row[]> {
  const name = `${domain}/large:1`;
  const archive = join(workshop.directory, 'large.tar');
  workshop.peer(['docker', 'pull', '-q', name]);
  workshop.peer(['docker', 'save', '-o', archive, name]);
  workshop.peer(['docker', 'rmi', name]);
  const samples = { ours: [] as number[], docker: [] as number[], podman: [] as number[] };
  for (let run = 0; run < runs; run += 1) {
    rested();
    samples.ours.push(workshop.ours([...tscompose, 'image', 'load', '-q', '-i', archive]));
    workshop.ours([...tscompose, 'image', 'rm', name]);
    rested();
    samples.docker.push(workshop.peer(['docker', 'load', '-q', '-i', archive]));
    workshop.peer(['docker', 'rmi', name]);
    rested();
    samples.podman.push(workshop.peer(['podman', 'load', '-q', '-i', archive]));
    workshop.peer(['podman', 'rmi', name]);
  }
  rmSync(archive);
  const measure = 'load of that image';
  return [row(measure, 'Docker', samples.ours, samples.docker), row(measure, 'Podman', samples.ours, samples.podman)];
}

const tscompose = [join(import.meta.dirname, '../bin/tscompose')];

/** What one side left to be written is not to fall into the other's time. */
function rested(): void {
  execFileSync('sync');
}

function row(measure: string, peerName: string, ours: number[], peer: number[]): Row {
  return { measure, unit: 'ms', ours: median(ours), peer: median(peer), peerName, samples: { ours, peer } };
}

/** This machine's own libraries and documents: sizes and contents as images have them. */
function realFiles(): string[] {
  return globSync(['/usr/lib/**/*', '/usr/share/**/*'], { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Takes files off the list until they are so many bytes. */
function tarOfFiles(files: string[], sizeBytes: number): Buffer {
  const taken: string[] = [];
  for (let sum = 0; sum < sizeBytes; ) {
    const path = files.shift();
    if (path === undefined) throw new Error('this machine has too few files below /usr');
    sum += statSync(path).size;
    taken.push(path.slice(1));
  }
  return execFileSync('tar', ['-C', '/', '--format=posix', '-cf', '-', '-T', '-'], {
    input: taken.join('\n'),
    maxBuffer: 1 << 30,
  });
}

function tidy(workshop: Workshop, { domain }: RegistryServer, names: readonly string[]): void {
  const all = [...names, 'large'].map((name) => `${domain}/${name}:1`);
  for (const name of all) {
    try {
      workshop.peer(['docker', 'rmi', '-f', name]);
    } catch {
      // It was removed already.
    }
  }
}
