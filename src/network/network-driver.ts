import type { Binding } from '../native/binding.ts';
import type { Paths } from '../state/paths.ts';
import type { NetworkDriver } from './contract.ts';

export type * from './contract.ts';

export declare function openNetworkDriver(options: { paths: Paths; native: Binding }): NetworkDriver;
