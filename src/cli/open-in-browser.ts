import { spawn } from 'node:child_process';
import type { PublishedPort } from '../model/records.ts';
import type { Context } from './context.ts';

/** Where a browser on this machine reaches what is published, each address once. */
export function publishedUrls(published: Iterable<readonly PublishedPort[]>): string[] {
  const urls = new Set<string>();
  for (const ports of published) {
    for (const { hostIp, hostPort, containerPort, protocol } of ports) {
      if (protocol !== 'tcp') continue;
      const scheme = containerPort === 443 || containerPort === 8443 ? 'https' : 'http';
      const isDefault = hostPort === (scheme === 'https' ? 443 : 80);
      urls.add(`${scheme}://${hostOf(hostIp)}${isDefault ? '' : `:${hostPort}`}`);
    }
  }
  return [...urls].sort();
}

function hostOf(hostIp: string): string {
  if (hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::') return 'localhost';
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}

/** Has `$BROWSER` or the desktop open an address; false where there is neither. */
export async function openInBrowser(url: string, { environment }: Context): Promise<boolean> {
  const { BROWSER: browser, DISPLAY: display, WAYLAND_DISPLAY: wayland } = environment;
  const program = browser?.split(':')[0] || (display || wayland ? 'xdg-open' : '');
  if (program === '') return false;
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  return await new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
