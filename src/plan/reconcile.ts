/**
 * plan(desired, observed, settings): the one function that decides. Pure and synchronous; everything that changes the
 * world is planned here, whatever command asked for it, self-healing included.
 */
import type { ApplySettings } from '../model/settings.ts';
import { planContainers } from './containers.ts';
import type { Desired } from './desired.ts';
import { planKill, planPause, planRemoveStopped, planRestart, planStart, planStop, planUnpause } from './lifecycle.ts';
import { planNetworks } from './networks.ts';
import type { Observed } from './observed.ts';
import { type Plan, PlanBuilder } from './plan.ts';
import { planRepair } from './repair.ts';
import { planDown } from './teardown.ts';
import { planVolumes } from './volumes.ts';

/** Returns the plan that turns `observed` into what `settings.intent` asks of `desired`. */
export function plan(desired: Desired, observed: Observed, settings: ApplySettings): Plan {
  const builder = new PlanBuilder();
  switch (settings.intent) {
    case 'up':
    case 'create':
    case 'scale': {
      const networks = planNetworks(builder, desired, observed, settings);
      const volumes = planVolumes(builder, desired, observed, settings);
      planContainers(builder, desired, observed, settings, networks, volumes);
      break;
    }
    case 'down':
      planDown(builder, desired, observed, settings);
      break;
    case 'rm':
      planRemoveStopped(builder, desired, observed, settings);
      break;
    case 'stop':
      planStop(builder, desired, observed, settings);
      break;
    case 'start':
      planStart(builder, desired, observed, settings);
      break;
    case 'restart':
      planRestart(builder, desired, observed, settings);
      break;
    case 'kill':
      planKill(builder, desired, observed, settings);
      break;
    case 'pause':
      planPause(builder, desired, observed, settings);
      break;
    case 'unpause':
      planUnpause(builder, desired, observed, settings);
      break;
    case 'repair':
      planRepair(builder, observed);
      break;
  }
  return builder.build();
}
