import { once } from 'node:events';

/** Writes and waits for a slow reader, so that what is not read yet does not pile up in memory. */
export async function writeAll(stream: NodeJS.WritableStream, text: string, signal?: AbortSignal): Promise<void> {
  if (text === '' || stream.write(text)) return;
  await once(stream, 'drain', signal === undefined ? {} : { signal });
}
