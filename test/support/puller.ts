// A process that pulls an image and says what it downloads: for tests that run several, or kill one.
import { machine } from '../../src/image/platform.ts';
import { pullImage, Slots } from '../../src/image/pull.ts';
import { openRegistryClient } from '../../src/image/registry/client.ts';
import { openImageStore } from '../../src/image/store/store.ts';

const [, , images = '', name = ''] = process.argv;
const { signal } = new AbortController();
const nobody = { of: () => null, isElsewhere: () => false };
using store = openImageStore({ images });
using registry = openRegistryClient({ credentials: nobody as never, signal });
console.log('started');
await pullImage(name, {
  store,
  registry,
  platform: machine(),
  slots: new Slots(4),
  signal,
  onLayer: ({ status, digest }) => console.log(`${status} ${digest}`),
});
