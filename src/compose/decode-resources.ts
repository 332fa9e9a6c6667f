import type { Network } from '../model/network.ts';
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

const NETWORK: Shape = {
  name: text,
  driver: text,
  driver_opts: mapping,
  ipam: shaped({
    driver: text,
    config: listOf(shaped({ subnet: text, gateway: text, ip_range: text, aux_addresses: mapping })),
    options: mapping,
  }),
  external: flag,
  internal: flag,
  attachable: flag,
  enable_ipv4: choice,
  enable_ipv6: choice,
  labels: mapping,
};
const VOLUME: Shape = { name: text, driver: text, driver_opts: mapping, external: flag, labels: mapping };
const SECRET: Shape = {
  name: text,
  file: text,
  environment: text,
  external: flag,
  labels: mapping,
  driver: text,
  driver_opts: mapping,
  template_driver: text,
};
const CONFIG: Shape = { ...SECRET, content: text };
const MODEL: Shape = { name: text, model: anyText, context_size: whole, runtime_flags: words };

export function decodeNetwork(value: Tree, key: string, report: ReportAt): Network {
  return decodeShape(value, NETWORK, ['networks', key], report, { ipam: {} }) as unknown as Network;
}

export function decodeVolume(value: Tree, key: string, report: ReportAt): Volume {
  return decodeShape(value, VOLUME, ['volumes', key], report) as unknown as Volume;
}

export function decodeSecret(value: Tree, key: string, report: ReportAt): Secret {
  return decodeShape(value, SECRET, ['secrets', key], report) as unknown as Secret;
}

export function decodeConfig(value: Tree, key: string, report: ReportAt): Config {
  return decodeShape(value, CONFIG, ['configs', key], report) as unknown as Config;
}

export function decodeModel(value: Tree, key: string, report: ReportAt): Model {
  return decodeShape(value, MODEL, ['models', key], report) as unknown as Model;
}
