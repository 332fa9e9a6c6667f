import type { Extensions, StringMap } from './service.ts';

/** A top-level network of the canonical project. */
export interface Network extends Extensions {
  /** The name on this machine: `shop_default`. */
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: StringMap;
  readonly ipam: Ipam;
  readonly external?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly enable_ipv4?: boolean;
  readonly enable_ipv6?: boolean;
  readonly labels?: StringMap;
}

export interface Ipam extends Extensions {
  readonly driver?: string;
  readonly config?: readonly IpamPool[];
  readonly options?: StringMap;
}

export interface IpamPool extends Extensions {
  readonly subnet?: string;
  readonly gateway?: string;
  readonly ip_range?: string;
  readonly aux_addresses?: StringMap;
}
