/**
 * Run by a test in a network namespace of its own, which it may fill with rules as another program would. Prints one
 * JSON object: what a container was answered before, with, and after a foreign `policy drop`.
 */
import { execFileSync } from 'node:child_process';
import { native } from '../../src/native/binding.ts';
import { openNetworkDriver } from '../../src/network/network-driver.ts';
import { pathsUnder } from '../../src/state/paths.ts';
import { ask, containerRecord, endpointRecord, idOf, networkRecord, serve } from './network-world.ts';

const root = process.argv[2] as string;
const paths = pathsUnder(`${root}/lib`, `${root}/run`);
const driver = openNetworkDriver({ paths, native: native() });
const inner = networkRecord('inner', ['10.213.41.0/24']);
const outer = networkRecord('outer', ['10.213.42.0/24']);
const asker = containerRecord('asker', [endpointRecord('asker', inner, ['10.213.41.2'])]);
const stranger = containerRecord('stranger', [endpointRecord('stranger', outer, ['10.213.42.2'])]);
const netns = (name: string) => paths.networkNamespace(idOf(name));
const world = { networks: [inner], containers: [asker] };
const foreign = 'table ip filter {\nchain FORWARD {\ntype filter hook forward priority filter; policy drop;\n}\n}\n';

execFileSync('ip', ['link', 'set', 'lo', 'up']);
const byId = new Map([inner, outer].map((network) => [network.id, network]));
for (const network of [inner, outer]) await driver.ensureNetwork(network);
for (const { id, endpoints } of [asker, stranger]) {
  await driver.plug({ netnsPath: paths.networkNamespace(id), endpoints, networks: byId, sysctls: {} });
}
await driver.syncFirewall(world);
const server = await serve(netns('stranger'), 'tcp', '0.0.0.0', 80, 'stranger');
process.on('exit', () => server.kill('SIGKILL'));
const controller = new AbortController();
const changes = driver.watch(controller.signal)[Symbol.asyncIterator]();
const probe = (expected: 'answer' | 'silence') => ask(netns('asker'), 'tcp', '10.213.42.2', 80, expected);
const rules = () => execFileSync('nft', ['list', 'table', 'ip', 'filter']).toString();

const before = await probe('answer');
const told = changes.next();
execFileSync('nft', [foreign]);
const change = (await told).value;
const rulesBefore = rules();
const cutOff = await probe('silence');
await driver.syncFirewall(world);
const beside = await probe('answer');
const isUntouched = rules() === rulesBefore;
execFileSync('nft', ['delete', 'table', 'ip', 'filter']);
await driver.syncFirewall(world);
const after = await probe('answer');

controller.abort();
server.kill('SIGKILL');
for (const { id, endpoints } of [asker, stranger]) await driver.unplug(paths.networkNamespace(id), endpoints);
console.log(JSON.stringify({ before, change, cutOff, beside, isUntouched, after }));
process.exit(0);
