import { createServer } from 'node:http';

let count = 0;
const server = createServer((_request, response) => {
  count += 1;
  response.end(`${count}\n`);
});
server.listen(3000, () => console.log('store listens on port 3000'));
process.on('SIGTERM', () => server.close());
