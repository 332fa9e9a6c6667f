import { createServer } from 'node:http';

const server = createServer(async (_request, response) => {
  try {
    const count = await (await fetch('http://store:3000/')).text();
    response.end(`the store counts ${count}`);
  } catch (error) {
    response.writeHead(502).end(`${error.message}\n`);
  }
});
server.listen(3000, () => console.log('api listens on port 3000'));
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
