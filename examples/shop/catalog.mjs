// The service that the API calls by its name.
import { hostname } from 'node:os';
import { serve } from './server.mjs';

const items = {
  tea: { name: 'Tea', cents: 450 },
  cup: { name: 'Cup', cents: 900 },
  pot: { name: 'Pot', cents: 2900 },
};

serve('catalog', {
  'GET /items': (id) => (id ? items[id] : { from: hostname(), items }),
});
