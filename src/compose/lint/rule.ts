import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import type { Tree, TreePath } from '../tree-path.ts';

/** One piece of advice. */
export interface Finding {
  readonly path: TreePath;
  readonly message: string;
  readonly hint: string;
}

/** What a rule looks at. */
export interface LintSubject {
  readonly project: Project;
  /** The files merged, with their variables as they are written. */
  readonly written: Tree;
}

/** A rule, known to users by its name. */
export interface Rule {
  readonly name: string;
  /** What it finds, one sentence for the list of rules. */
  readonly summary: string;
  check(subject: LintSubject): Finding[];
}

/** A rule that looks at each service by itself. */
export function serviceRule(
  name: string,
  summary: string,
  check: (service: Service, path: TreePath, subject: LintSubject, serviceName: string) => Finding[],
): Rule {
  return {
    name,
    summary,
    check: (subject) =>
      Object.entries(subject.project.services).flatMap(([key, service]) =>
        check(service, ['services', key], subject, key),
      ),
  };
}
