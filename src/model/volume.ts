import type { Extensions, StringMap } from './service.ts';

/** A top-level volume of the canonical project. */
export interface Volume extends Extensions {
  /** The name on this machine: `shop_data`. */
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: StringMap;
  readonly external?: boolean;
  readonly labels?: StringMap;
}
