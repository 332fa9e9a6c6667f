import assert from 'node:assert/strict';
import { namesFor } from '../../src/network/firewall-sync.ts';
import { openDatabase } from '../../src/state/database.ts';
import { pathsUnder } from '../../src/state/paths.ts';
import type { Scenario } from './scenario.ts';

/** The links of the scenario's first endpoint, from its records. */
export function findOwn(scene: Scenario): { veth: string; bridge: string; table: string } {
  const { stateDirectory } = scene;
  using database = openDatabase(pathsUnder(`${stateDirectory}/lib`, `${stateDirectory}/run`), 'read');
  const endpoint = database.containers()[0]?.endpoints[0];
  const network = database.networks().find(({ id }) => id === endpoint?.networkId);
  assert.ok(endpoint && network);
  return { veth: endpoint.hostInterface, bridge: network.bridge, table: namesFor(`${stateDirectory}/run`).tableName };
}
