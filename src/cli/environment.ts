/** `-e KEY=VALUE` and `-e KEY`, which takes the caller's value and is left out when there is none. */
export function parseVariables(
  assignments: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    const key = equals < 0 ? assignment : assignment.slice(0, equals);
    const value = equals < 0 ? environment[key] : assignment.slice(equals + 1);
    if (value !== undefined) variables[key] = value;
  }
  return variables;
}

/** A COMPOSE_ variable as Compose reads it: 1, t, true, y are yes in any case, everything else is no. */
export function isTruthy(text: string | undefined): boolean {
  return /^\s*(1|t|true|y)\s*$/i.test(text ?? '');
}
