import { type Diagnostic, diagnosticAt } from '../../util/diagnostic.ts';
import { ComposeError } from '../../util/errors.ts';
import { nearest } from '../../util/nearest.ts';
import type { Locator } from '../locate.ts';
import { formatPath, isTree, own, type Tree, type TreePath, type Value } from '../tree-path.ts';
import { anonymousVolume } from './anonymous-volume.ts';
import { bakedSetting } from './baked-setting.ts';
import { dockerSocket } from './docker-socket.ts';
import { healthCheck } from './health-check.ts';
import { imageTag } from './image-tag.ts';
import { memoryLimit } from './memory-limit.ts';
import { openPort } from './open-port.ts';
import { privileged } from './privileged.ts';
import { restartPolicy } from './restart-policy.ts';
import type { LintSubject, Rule } from './rule.ts';
import { secretInEnvironment } from './secret-in-environment.ts';
import { severalProcesses } from './several-processes.ts';

/** All rules, by name. */
export const rules: readonly Rule[] = [
  anonymousVolume,
  bakedSetting,
  dockerSocket,
  healthCheck,
  imageTag,
  memoryLimit,
  openPort,
  privileged,
  restartPolicy,
  secretInEnvironment,
  severalProcesses,
];

/**
 * Advice on a project. Rules are switched off by name for all of it (`disabled`, or `x-lint: {disable: [RULE]}` at the top of
 * a file), and for one service by the same in the service.
 */
export function lint(subject: LintSubject, locator: Locator, disabled: readonly string[]): Diagnostic[] {
  const off = new Set([...disabled, ...switchedOff(subject.written)]);
  const findings: Diagnostic[] = [];
  for (const rule of rules) {
    if (off.has(rule.name)) continue;
    for (const { path, message, hint } of rule.check(subject)) {
      const services = isTree(subject.written.services) ? subject.written.services : {};
      const service = path[0] === 'services' ? own(services, String(path[1])) : undefined;
      if (isTree(service) && switchedOff(service).includes(rule.name)) continue;
      const place = locator.place(path, { isKey: path.length === 2 });
      findings.push(
        diagnosticAt(place, {
          severity: 'warning',
          code: rule.name,
          path: formatPath(path),
          message: `${message} (${rule.name})`,
          hint,
        }),
      );
    }
  }
  return [...findings, ...misspelt(subject.written, locator)].sort((a, b) => order(a, b));
}

/** Throws USAGE for a name that is no rule. */
export function checkRuleNames(names: readonly string[]): void {
  const known = rules.map((rule) => rule.name);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new ComposeError('USAGE', `there is no rule ${JSON.stringify(name)}`, { hint: hintFor(name, known) });
  }
}

/** Names in `x-lint` that are no rule, and so switch nothing off. */
function misspelt(written: Tree, locator: Locator): Diagnostic[] {
  const known = rules.map((rule) => rule.name);
  const services = Object.entries(isTree(written.services) ? written.services : {});
  const holders: [TreePath, Value][] = [
    [[], written],
    ...services.map(([name, value]): [TreePath, Value] => [['services', name], value]),
  ];
  return holders.flatMap(([path, holder]) =>
    (isTree(holder) ? switchedOff(holder) : [])
      .filter((name) => !known.includes(name))
      .map((name) => {
        const at = [...path, 'x-lint'];
        return diagnosticAt(locator.place(at), {
          severity: 'warning',
          code: 'unknown-rule',
          path: formatPath(at),
          message: `there is no rule ${JSON.stringify(name)}`,
          hint: hintFor(name, known),
        });
      }),
  );
}

function hintFor(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? `the rules are ${known.join(', ')}` : `did you mean ${near}?`;
}

function switchedOff(tree: Tree): string[] {
  const settings = tree['x-lint'];
  const list = isTree(settings) ? settings.disable : settings;
  if (typeof list === 'string') return [list];
  return Array.isArray(list) ? list.map(String) : [];
}

function order(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return (a.file ?? '') < (b.file ?? '') ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
