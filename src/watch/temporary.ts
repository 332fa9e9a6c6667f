/** Names that editors and tools give to files which are not there to stay. */
const patterns: readonly RegExp[] = [
  /^\.git$/,
  // JetBrains
  /___jb_(?:tmp|old|bak)___$/,
  /^\.idea$/,
  // Emacs: locks and automatic saves
  /^\.#/,
  /^#.*#$/,
  // vi: the test whether it may write here, backups, swap files
  /^4913$/,
  /~$/,
  /^\..*\.sw[a-z]$/,
  /\.kate-swp$/,
  /^\.goutputstream-/,
  /\.subl[^.]*\.tmp$/,
  /-go-tmp-umask$/,
  // Ours, in a tree that is watched and written to
  /^\.tscompose-new$/,
];

/** Whether any name of a relative path is one of these. */
export function isTemporary(path: string): boolean {
  return path.split('/').some((name) => patterns.some((pattern) => pattern.test(name)));
}
