/** Where a project came from: for the labels of its containers and for `ls`. */
export interface ProjectOrigin {
  readonly workingDirectory: string;
  readonly configFiles: readonly string[];
  readonly environmentFiles: readonly string[];
}
