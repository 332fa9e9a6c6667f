import { type ImageStore, openImageStore } from '../image/store/store.ts';
import type { Context } from './context.ts';
import { withRecords } from './observation.ts';

/** Runs `action` with the image store of this user. */
export async function withImageStore<T>(context: Context, action: (store: ImageStore) => Promise<T> | T): Promise<T> {
  using store = openImageStore(context.paths);
  return await action(store);
}

/** Ids of the images that containers are made of, with the names of those containers. */
export function imagesInUse(context: Context): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { imageDigest, name } of withRecords(context, (database) => database.containers())) {
    users.set(imageDigest, [...(users.get(imageDigest) ?? []), name]);
  }
  return users;
}
