/** Where a project came from: for the labels of its containers and for `ls`. */
export interface ProjectOrigin {
  readonly workingDirectory: string;
  readonly configFiles: readonly string[];
  readonly environmentFiles: readonly string[];
  /** What the files have besides, for profiles that are not active: it is nobody's left-over. */
  readonly declared?: Declared;
}

export interface Declared {
  readonly services: readonly string[];
  /** Names on this machine of all of them. */
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}
