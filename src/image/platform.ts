/** Which of an image's variants runs on which machine. */

import { ComposeError } from '../util/errors.ts';
import { platform as machinePlatform } from '../util/machine.ts';
import type { Descriptor, Index, Platform } from './oci.ts';

const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
};

/** Reads `os/architecture[/variant]`, or an architecture alone. Throws INVALID. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new ComposeError('INVALID', `platform ${JSON.stringify(text)} cannot be read`, {
      hint: 'write it as OS/ARCHITECTURE[/VARIANT], such as linux/arm64',
    });
  }
  const [first = '', second, variant] = parts;
  if (second === undefined) return first === 'linux' ? machine() : withoutDefaults('linux', first);
  return withoutDefaults(first, second, variant);
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}`;
}

/** This machine's. */
export function machine(): Platform {
  return parsePlatform(machinePlatform());
}

/** Whether what is made for `image` runs where `wanted` is asked for. */
export function suits(image: Platform, wanted: Platform): boolean {
  const have = withoutDefaults(image.os, image.architecture, image.variant);
  const want = withoutDefaults(wanted.os, wanted.architecture, wanted.variant);
  if (have.os !== want.os || have.architecture !== want.architecture) return false;
  // A version that is not higher: v6 runs on v7.
  return rank(have) <= rank(want);
}

/** The best of an index for a platform; null when none will do. Attestations, whose platform is unknown, are none. */
export function selectManifest({ manifests }: Index, wanted: Platform): Descriptor | null {
  let best: Descriptor | null = null;
  for (const manifest of manifests) {
    const { platform } = manifest;
    if (platform === undefined || !suits(platform, wanted)) continue;
    if (best?.platform === undefined || rank(platform) > rank(best.platform)) best = manifest;
  }
  // An index of one image that does not say for what: its configuration will.
  const [only, ...others] = manifests;
  return best ?? (only !== undefined && others.length === 0 && only.platform === undefined ? only : null);
}

/** Platforms of an index, as messages name them. */
export function platformsOf({ manifests }: Index): string[] {
  const named = manifests.flatMap(({ platform }) => platform ?? []).filter(({ os }) => os !== 'unknown');
  return [...new Set(named.map(formatPlatform))];
}

function rank({ architecture, variant }: Platform): number {
  const version = Number(/^v([0-9]+)/.exec(variant ?? '')?.[1] ?? 0);
  return version === 0 && architecture === 'arm' ? 7 : version;
}

/** arm64/v8 and amd64/v1 are what arm64 and amd64 mean. */
function withoutDefaults(os: string, architecture: string, variant?: string): Platform {
  const name = architectures[architecture] ?? architecture;
  const isDefault = (name === 'arm64' && variant === 'v8') || (name === 'amd64' && variant === 'v1');
  return { os, architecture: name, ...(variant === undefined || variant === '' || isDefault ? {} : { variant }) };
}
