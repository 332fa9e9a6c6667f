import type { LayerEvent } from './events.ts';

/** What happens while images are built: plain data, drawn by `ui`. */
export type BuildEvent = BuildStepEvent | BuildOutputEvent | BuildWarningEvent | BuiltEvent | LayerEvent;

export interface BuildStepEvent {
  readonly type: 'buildStep';
  /** Of one run of the command. */
  readonly id: number;
  /** `[web build 2/5] RUN npm ci`. */
  readonly title: string;
  readonly status: 'started' | 'cached' | 'done' | 'failed' | 'cancelled';
  readonly durationMs: number;
}

export interface BuildOutputEvent {
  readonly type: 'buildOutput';
  readonly id: number;
  readonly text: string;
}

export interface BuildWarningEvent {
  readonly type: 'buildWarning';
  readonly message: string;
}

/** The image of a service has its names. */
export interface BuiltEvent {
  readonly type: 'built';
  readonly image: string;
}
