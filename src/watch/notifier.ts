/** What tells of files that change, whatever its means. */
export interface NotifierOptions {
  readonly roots: readonly string[];
  /** `isDirectory` is undefined where that is not known yet. */
  readonly ignores: (path: string, isDirectory: boolean | undefined) => boolean;
  readonly links: 'followed' | 'watched';
  /**
   * Look at this path; before `ready` each that is there, with the time of its last change where that is known. Some paths are
   * told more than once, and some that did not change.
   */
  readonly onPath: (path: string, changedMs: number) => void;
  readonly onError: (error: Error) => void;
}

export interface Notifier {
  /** Everything is watched. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}
