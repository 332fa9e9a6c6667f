import type { PlanNodeData } from './events.ts';

/** What happens while files are watched: plain data for whoever shows it. */
export type WatchEvent =
  /** Files are watched from now on; what changes is noticed. */
  | { readonly type: 'enabled'; readonly services: readonly string[] }
  | { readonly type: 'disabled' }
  /** All that had changed is dealt with. */
  | { readonly type: 'waiting' }
  | {
      readonly type: 'synced';
      readonly service: string;
      /** Names of the containers that have the changes now. */
      readonly containers: readonly string[];
      /** On this machine, absolute. */
      readonly copied: readonly string[];
      readonly removed: readonly string[];
      /** `start`: the comparison when watching began, or with a container that is new. */
      readonly cause: 'change' | 'start';
    }
  | { readonly type: 'rebuilding' | 'rebuilt' | 'restarting' | 'restarted'; readonly services: readonly string[] }
  | { readonly type: 'executed'; readonly service: string; readonly container: string; readonly exitCode: number }
  /** Files that the project is made of changed, absolute; what follows is shown as the progress of any change. */
  | { readonly type: 'reloading'; readonly files: readonly string[] }
  | { readonly type: 'planned'; readonly nodes: readonly PlanNodeData[] }
  | { readonly type: 'reloaded'; readonly changes: 'applied' | 'none' }
  /** Watching goes on: the next change tries again. */
  | {
      readonly type: 'failed';
      readonly doing: 'sync' | 'rebuild' | 'restart' | 'exec' | 'reload' | 'watch';
      readonly services: readonly string[];
      readonly error: unknown;
    }
  | { readonly type: 'warning'; readonly message: string };
