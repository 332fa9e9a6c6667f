import { own } from '../tree-path.ts';
import type { Finding, Rule } from './rule.ts';

/** Others wait for this service, and nobody can tell when it is ready. */
export const healthCheck: Rule = {
  name: 'health-check',
  summary: 'no health check on a service that others wait for',
  check({ project }) {
    const findings: Finding[] = [];
    const reported = new Set<string>();
    for (const [name, service] of Object.entries(project.services)) {
      for (const [other, dependency] of Object.entries(service.depends_on ?? {})) {
        if (dependency.condition === 'service_completed_successfully' || reported.has(other)) continue;
        const target = own(project.services, other);
        if (target === undefined) continue;
        const test = target.healthcheck?.test;
        const isChecked = test !== undefined && test[0] !== 'NONE' && target.healthcheck?.disable !== true;
        if (isChecked) continue;
        reported.add(other);
        findings.push({
          path: ['services', other],
          message: `${name} waits for ${other}, which has no health check`,
          hint: 'add healthcheck: and wait with condition: service_healthy',
        });
      }
    }
    return findings;
  },
};
