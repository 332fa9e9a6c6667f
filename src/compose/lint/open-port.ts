import { serviceRule } from './rule.ts';

const STORES: Readonly<Record<number, string>> = {
  1433: 'SQL Server',
  2375: 'Docker',
  3306: 'MySQL',
  5432: 'PostgreSQL',
  6379: 'Redis',
  9200: 'Elasticsearch',
  11211: 'memcached',
  27017: 'MongoDB',
};

/** A published port is open to the network, past the firewall's usual rules. */
export const openPort = serviceRule('open-port', 'a data store published on all addresses', ({ ports }, path) =>
  (ports ?? []).flatMap((port, index) => {
    const store = STORES[port.target];
    const isOpen = port.host_ip === undefined || port.host_ip === '0.0.0.0' || port.host_ip === '::';
    if (store === undefined || port.published === undefined || !isOpen) return [];
    return [
      {
        path: [...path, 'ports', index],
        message: `port ${port.published} opens ${store} to everyone who reaches this machine`,
        hint: `publish it on 127.0.0.1:${port.published}:${port.target}, or not at all: services reach each other without`,
      },
    ];
  }),
);
