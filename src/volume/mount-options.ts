/** Words of mount(8) that are flags of mount(2); everything else is data for the file system. */
const flagBits: Readonly<Record<string, readonly ['set' | 'clear', number]>> = {
  ro: ['set', 1],
  rw: ['clear', 1],
  nosuid: ['set', 2],
  suid: ['clear', 2],
  nodev: ['set', 4],
  dev: ['clear', 4],
  noexec: ['set', 8],
  exec: ['clear', 8],
  sync: ['set', 16],
  async: ['clear', 16],
  dirsync: ['set', 128],
  noatime: ['set', 1024],
  nodiratime: ['set', 2048],
  relatime: ['set', 1 << 21],
  strictatime: ['set', 1 << 24],
};

/** `addr=10.0.0.1,ro,nolock` → the flags and what is passed on to the file system as data. */
export function mountFlags(options: string): { readonly flags: number; readonly data: string } {
  let flags = 0;
  const data: string[] = [];
  for (const option of options.split(',').filter(Boolean)) {
    const known = flagBits[option];
    if (known === undefined) data.push(option);
    else if (known[0] === 'set') flags |= known[1];
    else flags &= ~known[1];
  }
  return { flags, data: data.join(',') };
}
