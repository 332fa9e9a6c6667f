/**
 * Run by a test in a network namespace of its own, which it may fill with rules as another program would. Prints one
 * JSON object: what a container was answered before, with, and after the rules of the program that the test names.
 */
import { execFileSync } from 'node:child_process';
import { native } from '../../src/native/binding.ts';
import { openNetworkDriver } from '../../src/network/network-driver.ts';
import { pathsUnder } from '../../src/state/paths.ts';
import { ask, containerRecord, endpointRecord, idOf, networkRecord, serve } from './network-world.ts';

const [root = '', program = ''] = process.argv.slice(2);
const paths = pathsUnder(`${root}/lib`, `${root}/run`);
const driver = openNetworkDriver({ paths, native: native() });
const inner = networkRecord('inner', ['10.213.41.0/24']);
const outer = networkRecord('outer', ['10.213.42.0/24']);
const asker = containerRecord('asker', [endpointRecord('asker', inner, ['10.213.41.2'])]);
const stranger = containerRecord('stranger', [endpointRecord('stranger', outer, ['10.213.42.2'])]);
const netns = (name: string) => paths.networkNamespace(idOf(name));
const world = { networks: [inner], containers: [asker] };
/** What cuts others off, what an administrator forbids in the place that is meant for it, and where our rules may be. */
const programs: Readonly<Record<string, { readonly table: string; readonly rules: string; readonly forbid: string }>> =
  {
    docker: {
      table: 'ip filter',
      rules: `
      table ip filter {
        chain DOCKER-USER { }
        chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; }
      }`,
      forbid: 'add rule ip filter DOCKER-USER ip daddr 10.213.42.2 drop',
    },
    firewalld: {
      table: 'inet firewalld',
      rules: `
      table inet firewalld {
        chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; reject; }
      }`,
      forbid:
        'add table ip admin; add chain ip admin f { type filter hook forward priority 0; }; add rule ip admin f drop',
    },
  };
const { table, rules: foreign, forbid } = programs[program] as (typeof programs)[string];

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
const rules = () => execFileSync('nft', ['-s', 'list', 'table', ...table.split(' ')]).toString();
const without = (text: string) => text.replace(/.*comment "tscompose.*\n/g, '');

const before = await probe('answer');
const told = changes.next();
execFileSync('nft', [foreign]);
const change = (await told).value;
const rulesBefore = rules();
const cutOff = await probe('silence');
await driver.syncFirewall(world);
const beside = await probe('answer');
const isUntouched = without(rules()) === rulesBefore;
const guests = rules().split('\n').length - rulesBefore.split('\n').length;
// Rules that come behind ours put them out of their place, as a program that starts after us does.
if (program === 'docker') execFileSync('nft', ['add rule ip filter FORWARD ip daddr 10.213.42.99 drop']);
await driver.syncFirewall(world);
const isLast = guests === 0 || /comment "tscompose[^\n]*\n\t}\n}\n$/.test(rules());
execFileSync('nft', [forbid]);
const forbidden = await probe('silence');
await driver.syncFirewall({ networks: [], containers: [] });
const left = rules().match(/tscompose/g)?.length ?? 0;
for (const name of [table, ...(program === 'firewalld' ? ['ip admin'] : [])])
  execFileSync('nft', ['delete', 'table', ...name.split(' ')]);
await driver.syncFirewall(world);
const after = await probe('answer');

controller.abort();
server.kill('SIGKILL');
for (const { id, endpoints } of [asker, stranger]) await driver.unplug(paths.networkNamespace(id), endpoints);
const outcome = { before, change, cutOff, beside, isUntouched, guests, isLast, forbidden, left, after };
console.log(JSON.stringify(outcome));
process.exit(0);
