import type { Ipam, IpamPool, Network } from '../model/network.ts';
import type { Config, Model, Secret } from '../model/project.ts';
import type { Volume } from '../model/volume.ts';
import {
  anyText,
  choice,
  decodeShape,
  flag,
  listOf,
  mapping,
  type Shape,
  shaped,
  text,
  whole,
  words,
} from './decoders.ts';
import type { ReportAt } from './report.ts';
import type { Tree } from './tree-path.ts';

const NETWORK: Shape<Network> = {
  name: text,
  driver: text,
  driver_opts: mapping,
  ipam: shaped<Ipam>({
    driver: text,
    config: listOf(shaped<IpamPool>({ subnet: text, gateway: text, ip_range: text, aux_addresses: mapping })),
    options: mapping,
  }),
  external: flag,
  internal: flag,
  attachable: flag,
  enable_ipv4: choice,
  enable_ipv6: choice,
  labels: mapping,
};
const VOLUME: Shape<Volume> = { name: text, driver: text, driver_opts: mapping, external: flag, labels: mapping };
const SECRET: Shape<Secret> = {
  name: text,
  file: text,
  environment: text,
  external: flag,
  labels: mapping,
  driver: text,
  driver_opts: mapping,
  template_driver: text,
};
const CONFIG: Shape<Config> = { ...SECRET, content: text };
const MODEL: Shape<Model> = { name: text, model: anyText, context_size: whole, runtime_flags: words };

/** A top-level network as the canonical project has it; so are the others below. */
export function decodeNetwork(value: Tree, key: string, report: ReportAt): Network {
  return decodeShape(value, NETWORK, ['networks', key], report, { ipam: {} });
}

export function decodeVolume(value: Tree, key: string, report: ReportAt): Volume {
  return decodeShape(value, VOLUME, ['volumes', key], report);
}

export function decodeSecret(value: Tree, key: string, report: ReportAt): Secret {
  return decodeShape(value, SECRET, ['secrets', key], report);
}

export function decodeConfig(value: Tree, key: string, report: ReportAt): Config {
  return decodeShape(value, CONFIG, ['configs', key], report);
}

export function decodeModel(value: Tree, key: string, report: ReportAt): Model {
  return decodeShape(value, MODEL, ['models', key], report);
}
